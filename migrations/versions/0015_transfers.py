"""Orders to move customers, with a line for each of them.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("background_task") as table:
        table.drop_constraint(op.f("ck_background_task_kind_known"), type_="check")
        table.create_check_constraint(op.f("ck_background_task_kind_known"), "kind IN ('export', 'recomputation', 'transfer')")
    op.create_table(
        "transfer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("leaver_id", sa.Integer(), nullable=True),
        sa.Column("login", sa.String(length=16), nullable=False),
        sa.Column("releases", sa.Boolean(), nullable=False),
        sa.Column("recipients", sa.JSON(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('transfer', 'release', 'hand_over')", name=op.f("ck_transfer_kind_known")),
        sa.CheckConstraint("login IN ('stays', 'ends', 'ended', 'holds', 'refused')",
                           name=op.f("ck_transfer_login_known")),
        sa.ForeignKeyConstraint(["employee_id"], ["employee.id"], name=op.f("fk_transfer_employee_id_employee"),
                                ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["leaver_id"], ["employee.id"], name=op.f("fk_transfer_leaver_id_employee"),
                                ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["task_id"], ["background_task.id"], name=op.f("fk_transfer_task_id_background_task"),
                                ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
        sa.UniqueConstraint("task_id", name=op.f("uq_transfer_task_id")),
    )
    op.create_index("ix_transfer_employee_id", "transfer", ["employee_id", "id"])
    op.create_index("ix_transfer_leaver_id", "transfer", ["leaver_id"])
    op.create_table(
        "transfer_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("transfer_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("former_id", sa.Integer(), nullable=True),
        sa.Column("recipient_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=256), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'moved', 'refused')", name=op.f("ck_transfer_line_state_known")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_transfer_line_transfer_id_transfer"),
                                ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_transfer_line_customer_id_customer"),
                                ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["former_id"], ["employee.id"], name=op.f("fk_transfer_line_former_id_employee"),
                                ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["recipient_id"], ["employee.id"],
                                name=op.f("fk_transfer_line_recipient_id_employee"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_line")),
        sa.UniqueConstraint("transfer_id", "customer_id", name=op.f("uq_transfer_line_transfer_id_customer_id")),
    )
    op.create_index("ix_transfer_line_state", "transfer_line", ["transfer_id", "state", "customer_id"])
    op.create_index("ix_transfer_line_customer_id", "transfer_line", ["customer_id"])
    op.create_index("ix_transfer_line_former_id", "transfer_line", ["former_id"])
    op.create_index("ix_transfer_line_recipient_id", "transfer_line", ["recipient_id"])


def downgrade():
    op.drop_table("transfer_line")
    op.drop_table("transfer")
    op.execute("DELETE FROM background_task WHERE kind = 'transfer'")
    with op.batch_alter_table("background_task") as table:
        table.drop_constraint(op.f("ck_background_task_kind_known"), type_="check")
        table.create_check_constraint(op.f("ck_background_task_kind_known"), "kind IN ('export', 'recomputation')")
