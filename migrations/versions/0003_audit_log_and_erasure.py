"""Audit log, keys of persons, erasure

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-22 04:30:00

"""
from alembic import op
import sqlalchemy as sa


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

REFUSAL = '''
CREATE FUNCTION refuse_to_change_the_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END $$'''
TRIGGERS = {
    'sqlite': (
        "CREATE TRIGGER audit_entry_keeps_updates_out BEFORE UPDATE ON audit_entry "
        "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        "CREATE TRIGGER audit_entry_keeps_deletes_out BEFORE DELETE ON audit_entry "
        "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
    ),
    'postgresql': (
        REFUSAL,
        "CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_audit_log()",
    ),
}

NUMBERED = {'sqlite_autoincrement': True}

NEW = ('knowncontact.read', 'audit.read', 'history.read', 'session.read', 'session.revoke', 'personaldata.export',
       'personaldata.erase', 'settings.read', 'settings.write')
GRANTED = {
    'admin': NEW,
    'manager': ('knowncontact.read', 'history.read'),
    'consultant': ('knowncontact.read',),
    'auditor': ('knowncontact.read', 'audit.read', 'history.read', 'session.read', 'settings.read'),
}
"""What the built-in roles of a school that is already there get of the permissions that are new."""


def upgrade():
    op.create_table('person_key',
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('person_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('key', sa.LargeBinary(length=32), nullable=False),
    sa.PrimaryKeyConstraint('kind', 'person_id', name=op.f('pk_person_key'))
    )
    op.create_table('audit_entry',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('action', sa.String(length=16), nullable=False),
    sa.Column('actor_id', sa.Integer(), nullable=True),
    sa.Column('origin', sa.String(length=64), nullable=False),
    sa.Column('address', sa.String(length=64), nullable=True),
    sa.Column('table_name', sa.String(length=32), nullable=True),
    sa.Column('row_id', sa.Integer(), nullable=True),
    sa.Column('person_kind', sa.String(length=16), nullable=True),
    sa.Column('person_id', sa.Integer(), nullable=True),
    sa.Column('changes', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('facts', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('sealed', sa.LargeBinary(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_entry'))
    )
    op.create_index('ix_audit_entry_row', 'audit_entry', ['table_name', 'row_id', 'id'])
    op.create_index('ix_audit_entry_person', 'audit_entry', ['person_kind', 'person_id', 'id'])
    op.create_index('ix_audit_entry_actor', 'audit_entry', ['actor_id', 'action', 'at'])
    op.create_index('ix_audit_entry_at', 'audit_entry', ['at'])
    for statement in TRIGGERS[op.get_bind().dialect.name]:
        op.execute(statement)

    with op.batch_alter_table('employee', table_kwargs=NUMBERED) as batch_op:
        batch_op.add_column(sa.Column('erased_on', sa.Date(), nullable=True))
    with op.batch_alter_table('customer', table_kwargs=NUMBERED) as batch_op:
        batch_op.add_column(sa.Column('erased_on', sa.Date(), nullable=True))
        batch_op.drop_constraint(op.f('ck_customer_has_a_contact'), type_='check')
        batch_op.drop_constraint(op.f('ck_customer_enrolled_is_outside_the_clock'), type_='check')
        batch_op.create_check_constraint(op.f('ck_customer_has_a_contact_until_erased'),
            '(qq IS NULL AND mobile IS NULL AND wechat IS NULL) = (erased_on IS NOT NULL)')
        batch_op.create_check_constraint(op.f('ck_customer_enrolled_or_erased_is_outside_the_clock'),
            '(status = 1 OR erased_on IS NOT NULL) = (public_on IS NULL)')
    for role, codes in GRANTED.items():
        for code in codes:
            op.execute(sa.text(
                "INSERT INTO role_permission (role_id, code) SELECT id, :code FROM role WHERE role.code = :role "
                "AND NOT EXISTS (SELECT 1 FROM role_permission WHERE role_id = role.id "
                "AND role_permission.code = :code)").bindparams(code=code, role=role))


def downgrade():
    op.execute(sa.text("DELETE FROM role_permission WHERE code IN :codes").bindparams(
        sa.bindparam('codes', NEW, expanding=True)))
    op.execute("UPDATE customer SET wechat = 'erased-' || id, public_on = CASE WHEN status = 1 THEN NULL "
               "ELSE erased_on END WHERE erased_on IS NOT NULL")
    with op.batch_alter_table('customer', table_kwargs=NUMBERED) as batch_op:
        batch_op.drop_constraint(op.f('ck_customer_enrolled_or_erased_is_outside_the_clock'), type_='check')
        batch_op.drop_constraint(op.f('ck_customer_has_a_contact_until_erased'), type_='check')
        batch_op.create_check_constraint(op.f('ck_customer_has_a_contact'),
            'qq IS NOT NULL OR mobile IS NOT NULL OR wechat IS NOT NULL')
        batch_op.create_check_constraint(op.f('ck_customer_enrolled_is_outside_the_clock'),
            '(status = 1) = (public_on IS NULL)')
        batch_op.drop_column('erased_on')
    with op.batch_alter_table('employee', table_kwargs=NUMBERED) as batch_op:
        batch_op.drop_column('erased_on')
    op.drop_table('audit_entry')
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('DROP FUNCTION refuse_to_change_the_audit_log()')
    op.drop_table('person_key')
