"""The pool rules, the school's own days, leave; recomputations among the background tasks.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

RULES = ("follow_up_days", "deal_days", "warn_days", "holding_limit", "daily_claim_limit", "cool_down_days",
         "lock_limit", "lock_days", "enrol_hold_days")
SCHOOL = sa.text("level = 'school'")


def upgrade():
    op.create_table(
        "pool_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("department_code", sa.Integer(), nullable=True),
        sa.Column("source", sa.Integer(), nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in RULES),
        sa.Column("calendar", sa.String(length=16), nullable=True),
        sa.CheckConstraint("source IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)",
                           name=op.f("ck_pool_rule_source_known")),
        sa.CheckConstraint("calendar IN ('every_day', 'cn', 'tw', 'hk')", name=op.f("ck_pool_rule_calendar_known")),
        sa.CheckConstraint("level IN ('school', 'department', 'source')", name=op.f("ck_pool_rule_level_known")),
        sa.CheckConstraint("(level = 'department') = (department_code IS NOT NULL)",
                           name=op.f("ck_pool_rule_department_of_its_level")),
        sa.CheckConstraint("(level = 'source') = (source IS NOT NULL)",
                           name=op.f("ck_pool_rule_source_of_its_level")),
        sa.CheckConstraint("source IS NULL OR (warn_days IS NULL AND holding_limit IS NULL AND daily_claim_limit IS NULL "
                           "AND cool_down_days IS NULL AND lock_limit IS NULL AND lock_days IS NULL "
                           "AND enrol_hold_days IS NULL AND calendar IS NULL)",
                           name=op.f("ck_pool_rule_sources_have_terms")),
        sa.ForeignKeyConstraint(["department_code"], ["department.code"],
                                name=op.f("fk_pool_rule_department_code_department"),
                                ondelete="CASCADE", onupdate="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pool_rule")),
        sa.UniqueConstraint("department_code", name=op.f("uq_pool_rule_department_code")),
        sa.UniqueConstraint("source", name=op.f("uq_pool_rule_source")),
    )
    op.create_index("uq_pool_rule_school", "pool_rule", ["level"], unique=True,
                    postgresql_where=SCHOOL, sqlite_where=SCHOOL)
    op.create_table(
        "calendar_day",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("works", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_day")),
        sa.UniqueConstraint("day", name=op.f("uq_calendar_day_day")),
    )
    op.create_table(
        "leave",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("state IN ('requested', 'approved', 'declined')", name=op.f("ck_leave_state_known")),
        sa.CheckConstraint("last_on >= first_on", name=op.f("ck_leave_ends_after_it_begins")),
        sa.ForeignKeyConstraint(["employee_id"], ["employee.id"], name=op.f("fk_leave_employee_id_employee"),
                                ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["decided_by_id"], ["employee.id"], name=op.f("fk_leave_decided_by_id_employee"),
                                ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leave")),
    )
    op.create_index("ix_leave_employee_id", "leave", ["employee_id", "last_on"])
    op.create_index("ix_leave_decided_by_id", "leave", ["decided_by_id"])
    _let_tasks_be("'export', 'recomputation'")


def downgrade():
    op.execute("DELETE FROM background_task WHERE kind = 'recomputation'")
    _let_tasks_be("'export'")
    op.drop_table("leave")
    op.drop_table("calendar_day")
    op.drop_table("pool_rule")


def _let_tasks_be(kinds):
    with op.batch_alter_table("background_task") as batch_op:
        batch_op.drop_constraint(op.f("ck_background_task_kind_known"), type_="check")
        batch_op.create_check_constraint(op.f("ck_background_task_kind_known"), f"kind IN ({kinds})")
