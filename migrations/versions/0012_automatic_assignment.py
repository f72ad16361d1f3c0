"""Automatic assignment: rounds, the ledger of who got which lead and why, and consultants who are paused.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "assignment_round",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("slots", sa.JSON(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("position >= 0", name=op.f("ck_assignment_round_position_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment_round")),
    )
    op.create_table(
        "assignment_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("consultant_id", sa.Integer(), nullable=True),
        sa.Column("distribution_id", sa.Integer(), nullable=True),
        sa.Column("strategy", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=True),
        sa.Column("slot", sa.Integer(), nullable=True),
        sa.Column("open_customers", sa.Integer(), nullable=True),
        sa.Column("passed_over", sa.JSON(), nullable=False),
        sa.CheckConstraint("strategy IN (1, 2)", name=op.f("ck_assignment_entry_strategy_known")),
        sa.CheckConstraint("(consultant_id IS NULL) = (distribution_id IS NULL)",
                           name=op.f("ck_assignment_entry_a_holding_for_a_consultant")),
        sa.CheckConstraint("(round_id IS NULL) = (slot IS NULL)",
                           name=op.f("ck_assignment_entry_a_slot_of_a_round")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], ondelete="CASCADE",
                                name=op.f("fk_assignment_entry_customer_id_customer")),
        sa.ForeignKeyConstraint(["consultant_id"], ["employee.id"], ondelete="RESTRICT",
                                name=op.f("fk_assignment_entry_consultant_id_employee")),
        sa.ForeignKeyConstraint(["distribution_id"], ["distribution.id"], ondelete="RESTRICT",
                                name=op.f("fk_assignment_entry_distribution_id_distribution")),
        sa.ForeignKeyConstraint(["round_id"], ["assignment_round.id"], ondelete="RESTRICT",
                                name=op.f("fk_assignment_entry_round_id_assignment_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment_entry")),
        sa.UniqueConstraint("distribution_id", name=op.f("uq_assignment_entry_distribution_id")),
    )
    op.create_index("uq_assignment_entry_slot", "assignment_entry", ["round_id", "slot"], unique=True)
    op.create_index("ix_assignment_entry_at", "assignment_entry", ["at", "consultant_id"])
    op.create_index("ix_assignment_entry_consultant_id", "assignment_entry", ["consultant_id", "id"])
    op.create_index("ix_assignment_entry_customer_id", "assignment_entry", ["customer_id", "id"])
    op.add_column("sales_rank", sa.Column("paused", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade():
    op.drop_column("sales_rank", "paused")
    op.drop_table("assignment_entry")
    op.drop_table("assignment_round")
