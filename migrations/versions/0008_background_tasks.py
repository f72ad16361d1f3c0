"""Background tasks with their progress, and the files that exports make.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "background_task",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=32), nullable=False),
        sa.Column("arguments", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("problem", sa.String(length=16), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("runs", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('export')", name=op.f("ck_background_task_kind_known")),
        sa.CheckConstraint("state IN ('waiting', 'running', 'finished', 'cancelled', 'failed')",
                           name=op.f("ck_background_task_state_known")),
        sa.CheckConstraint("problem IN ('not_allowed', 'too_much', 'erased', 'error')",
                           name=op.f("ck_background_task_problem_known")),
        sa.ForeignKeyConstraint(["employee_id"], ["employee.id"], name=op.f("fk_background_task_employee_id_employee"),
                                ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_background_task")),
    )
    op.create_index("ix_background_task_employee_id", "background_task", ["employee_id", "created_at"])
    op.create_index("ix_background_task_created_at", "background_task", ["created_at"])
    op.create_table(
        "export_file",
        sa.Column("task_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("content_type", sa.String(length=128), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("chunks", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["background_task.id"],
                                name=op.f("fk_export_file_task_id_background_task"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_export_file")),
    )
    op.create_index("ix_export_file_expires_at", "export_file", ["expires_at"])
    op.create_table(
        "export_chunk",
        sa.Column("task_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["export_file.task_id"],
                                name=op.f("fk_export_chunk_task_id_export_file"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("task_id", "number", name=op.f("pk_export_chunk")),
    )


def downgrade():
    op.drop_table("export_chunk")
    op.drop_table("export_file")
    op.drop_table("background_task")
