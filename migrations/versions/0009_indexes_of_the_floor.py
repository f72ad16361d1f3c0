"""Indexes by day: the numbers of the home page are read from them alone.

Revision ID: 0009
Revises: 0008
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index("ix_distribution_started_on", "distribution", ["started_on", "origin", "consultant_id"])
    op.create_index("ix_distribution_ended_on", "distribution", ["ended_on", "status", "consultant_id"])
    op.create_index("ix_follow_up_saved_on", "follow_up", ["saved_on", "consultant_id"])


def downgrade():
    op.drop_index("ix_follow_up_saved_on", "follow_up")
    op.drop_index("ix_distribution_ended_on", "distribution")
    op.drop_index("ix_distribution_started_on", "distribution")
