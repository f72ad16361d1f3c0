"""Customers in the order of any of their dates, and found by how a name or a contact begins.

The index by day of the fall now holds every customer who has one, which a list in that order can use too; who has none
is enrolled or erased, so it is the same rows. On PostgreSQL names and contacts are compared by code point, as SQLite
does: the beginnings of a text are then a stretch of its index, whatever the language of the database.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

DATES = ("date", "recv_date", "last_consult_date")
TEXTS = {"name": 16, "qq": 64, "mobile": 64, "wechat": 64}


def _index_of_falls(condition):
    op.drop_index("ix_customer_public_on", "customer")
    op.create_index("ix_customer_public_on", "customer", ["public_on", "id"],
                    postgresql_where=sa.text(condition), sqlite_where=sa.text(condition))


def _compare_by(collation):
    if op.get_bind().dialect.name == "postgresql":
        for column, length in TEXTS.items():
            op.execute(f'ALTER TABLE customer ALTER COLUMN {column} TYPE VARCHAR({length}) COLLATE "{collation}"')


def upgrade():
    for column in DATES:
        op.create_index(f"ix_customer_{column}", "customer", [column, "id"])
    _index_of_falls("public_on IS NOT NULL")
    _compare_by("C")


def downgrade():
    _compare_by("default")
    _index_of_falls("status = 2")
    for column in reversed(DATES):
        op.drop_index(f"ix_customer_{column}", "customer")
