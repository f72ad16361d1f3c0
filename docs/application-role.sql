-- PostgreSQL: a role for the application that is not the owner of the tables. It works with the data, but can neither
-- change the tables nor lift the protection of the audit log. Run this as the owner, after `flask db upgrade`, with the
-- role made before (CREATE ROLE gonghai_app LOGIN PASSWORD '…'), and again after an upgrade that adds tables.
GRANT USAGE ON SCHEMA public TO gonghai_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO gonghai_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO gonghai_app;
REVOKE UPDATE, DELETE ON audit_entry FROM gonghai_app;
REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM gonghai_app;
