"""An index by which the customers in the Public Pool are found and counted by the reason they fell for.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NOT_ENROLLED = sa.text("status = 2")


def upgrade():
    op.create_index("ix_customer_public_as", "customer", ["public_as", "public_on", "id"],
                    postgresql_where=NOT_ENROLLED, sqlite_where=NOT_ENROLLED)


def downgrade():
    op.drop_index("ix_customer_public_as", "customer", postgresql_where=NOT_ENROLLED, sqlite_where=NOT_ENROLLED)
