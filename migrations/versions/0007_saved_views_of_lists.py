"""Saved views of lists, what each person chose for a list, and an index for the follow-up records in their order.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

PERMISSION = "savedview.share"


def upgrade():
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.Column("screen", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("filters", sa.JSON(), nullable=False),
        sa.Column("search", sa.String(length=64), nullable=True),
        sa.Column("sort", sa.String(length=32), nullable=True),
        sa.Column("descending", sa.Boolean(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["employee_id"], ["employee.id"], name=op.f("fk_saved_view_employee_id_employee"),
                                ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
    )
    op.create_index("uq_saved_view_employee_id_screen_name", "saved_view", ["employee_id", "screen", "name"],
                    unique=True)
    op.create_index("ix_saved_view_screen", "saved_view", ["screen", "shared"])
    op.create_table(
        "list_choice",
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.Column("screen", sa.String(length=32), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=True),
        sa.Column("saved_view_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["employee_id"], ["employee.id"], name=op.f("fk_list_choice_employee_id_employee"),
                                ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["saved_view_id"], ["saved_view.id"],
                                name=op.f("fk_list_choice_saved_view_id_saved_view"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("employee_id", "screen", name=op.f("pk_list_choice")),
    )
    op.create_index("ix_list_choice_saved_view_id", "list_choice", ["saved_view_id"])
    op.create_index("ix_follow_up_at", "follow_up", ["at", "id"])
    op.execute(sa.text(
        "INSERT INTO role_permission (role_id, code) SELECT id, :code FROM role WHERE role.code IN ('admin', 'manager') "
        "AND NOT EXISTS (SELECT 1 FROM role_permission WHERE role_id = role.id AND role_permission.code = :code)"
    ).bindparams(code=PERMISSION))


def downgrade():
    op.execute(sa.text("DELETE FROM role_permission WHERE code = :code").bindparams(code=PERMISSION))
    op.drop_index("ix_follow_up_at", "follow_up")
    op.drop_table("list_choice")
    op.drop_table("saved_view")
