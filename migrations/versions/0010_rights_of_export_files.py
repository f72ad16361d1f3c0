"""Files of exports know with which rights they were made; those there are already fit nobody's.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("export_file", sa.Column("rights", sa.String(length=32), server_default="", nullable=False))


def downgrade():
    with op.batch_alter_table("export_file") as batch_op:
        batch_op.drop_column("rights")
