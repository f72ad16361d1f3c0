"""Merges of two customers, the status of a holding that ends with one, and who may merge.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

NAME = sa.String(16).with_variant(sa.String(16, collation="C"), "postgresql")


def _statuses(codes):
    with op.batch_alter_table("distribution") as table:
        table.drop_constraint(op.f("ck_distribution_status_known"), type_="check")
        table.create_check_constraint(op.f("ck_distribution_status_known"), f"status IN ({codes})")


def upgrade():
    _statuses("1, 2, 3, 4, 5, 6, 7")
    op.create_table(
        "merge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survivor_id", sa.Integer(), nullable=False),
        sa.Column("merged_id", sa.Integer(), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_by_id", sa.Integer(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("name", NAME, nullable=True),
        sa.Column("moved", sa.JSON(), nullable=False),
        sa.Column("kept", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["survivor_id"], ["customer.id"], name=op.f("fk_merge_survivor_id_customer"),
                                ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["employee_id"], ["employee.id"], name=op.f("fk_merge_employee_id_employee"),
                                ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["undone_by_id"], ["employee.id"], name=op.f("fk_merge_undone_by_id_employee"),
                                ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merge")),
    )
    op.create_index("ix_merge_survivor_id", "merge", ["survivor_id", "id"])
    op.create_index("ix_merge_employee_id", "merge", ["employee_id"])
    op.create_index("ix_merge_undone_by_id", "merge", ["undone_by_id"])
    op.create_index("uq_merge_merged_id", "merge", ["merged_id"], unique=True,
                    sqlite_where=sa.text("undone_at IS NULL"), postgresql_where=sa.text("undone_at IS NULL"))
    op.execute("INSERT INTO role_permission (role_id, code) SELECT id, 'customer.merge' FROM role "
               "WHERE role.code IN ('admin', 'manager') AND NOT EXISTS (SELECT 1 FROM role_permission "
               "WHERE role_id = role.id AND role_permission.code = 'customer.merge')")


def downgrade():
    """Who was merged away is not there any more; a holding that ended with it reads as transferred."""
    op.execute("DELETE FROM role_permission WHERE code = 'customer.merge'")
    op.drop_table("merge")
    op.execute("UPDATE distribution SET status = 6 WHERE status = 7")
    _statuses("1, 2, 3, 4, 5, 6")
