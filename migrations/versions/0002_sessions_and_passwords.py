"""Sessions and passwords: a row per login session, one-time passwords, and ids that are never used twice on SQLite.

Revision ID: 0002
Revises: 0001
"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    with _recreated_on_sqlite("employee", numbered_for_good=True) as batch_op:
        batch_op.add_column(sa.Column("one_time_until", sa.DateTime(timezone=True), nullable=True))
        batch_op.drop_constraint("uq_employee_session_token", type_="unique")
        batch_op.drop_column("session_token")
    if _is_sqlite():
        with _recreated_on_sqlite("customer", numbered_for_good=True):
            pass
    op.create_table(
        "login_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=True),
        sa.Column("user_agent", sa.String(length=64), nullable=True),
        sa.Column("second_factor_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_as", sa.String(length=16), nullable=True),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_as IS NULL)", name=op.f("ck_login_session_ended_somehow")),
        sa.CheckConstraint("ended_as IN ('logged_out', 'revoked', 'password_changed', 'roles_changed', 'deactivated', "
                           "'idle', 'expired')", name=op.f("ck_login_session_ended_as_known")),
        sa.ForeignKeyConstraint(["employee_id"], ["employee.id"], name=op.f("fk_login_session_employee_id_employee"),
                                ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_login_session_token_hash")),
    )
    op.create_index("ix_login_session_employee_id", "login_session", ["employee_id", "ended_at"])
    op.create_index("ix_login_session_last_seen_at", "login_session", ["last_seen_at"])


def downgrade():
    op.drop_table("login_session")
    if _is_sqlite():
        with _recreated_on_sqlite("customer", numbered_for_good=False):
            pass
    with op.batch_alter_table("employee") as batch_op:
        batch_op.add_column(sa.Column("session_token", sa.String(length=64), nullable=True))
    employee = sa.table("employee", sa.column("id", sa.Integer), sa.column("session_token", sa.String))
    connection = op.get_bind()
    for identity in connection.scalars(sa.select(employee.c.id)).all():
        connection.execute(employee.update().where(employee.c.id == identity)
                           .values(session_token=secrets.token_urlsafe(24)))
    with _recreated_on_sqlite("employee", numbered_for_good=False) as batch_op:
        batch_op.alter_column("session_token", existing_type=sa.String(length=64), nullable=False)
        batch_op.create_unique_constraint("uq_employee_session_token", ["session_token"])
        batch_op.drop_column("one_time_until")


def _is_sqlite():
    return op.get_bind().dialect.name == "sqlite"


def _recreated_on_sqlite(table, *, numbered_for_good):
    """A batch that makes the table anew on SQLite, with or without AUTOINCREMENT, and alters it elsewhere."""
    return op.batch_alter_table(table, recreate="always" if _is_sqlite() else "never",
                                table_kwargs={"sqlite_autoincrement": numbered_for_good})
