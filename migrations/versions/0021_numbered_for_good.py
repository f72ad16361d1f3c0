"""On SQLite, numbers of whatever refers to a customer are never used twice: a merge remembers rows by them.

Revision ID: 0021
Revises: 0020
"""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TABLES = ("distribution", "follow_up", "transfer_line", "notice", "assignment_entry", "merge")


def upgrade():
    _make_anew(numbered_for_good=True)


def downgrade():
    _make_anew(numbered_for_good=False)


def _make_anew(*, numbered_for_good):
    """With or without AUTOINCREMENT, where tables are numbered otherwise than by a sequence of their own."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for table in TABLES:
        with op.batch_alter_table(table, recreate="always", table_kwargs={"sqlite_autoincrement": numbered_for_good}):
            pass
