"""Light or dark, as each person likes it.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade():
    known = sa.CheckConstraint("theme IN ('system', 'light', 'dark')", name=op.f("ck_employee_theme_known"))
    op.add_column("employee", sa.Column("theme", sa.String(length=16), known, nullable=True))


def downgrade():
    op.drop_column("employee", "theme")
