"""An index by which the contacts of a day are found.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

PLANNED = sa.text("next_contact_on IS NOT NULL")


def upgrade():
    op.create_index("ix_follow_up_next_contact_on", "follow_up", ["next_contact_on", "customer_id"],
                    postgresql_where=PLANNED, sqlite_where=PLANNED)


def downgrade():
    op.drop_index("ix_follow_up_next_contact_on", "follow_up")
