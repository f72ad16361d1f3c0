"""Channels people are told by, their quiet hours, and the delivery log.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

CHANNELS = "channel IN ('mail', 'wechat', 'wecom', 'dingtalk', 'feishu')"
PERMITTED = {"noticedelivery.read": ("admin", "auditor"), "noticedelivery.run": ("admin",)}


def upgrade():
    op.create_table(
        "notice_channel",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("sealed_key", sa.LargeBinary(length=512), nullable=True),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("digest_at", sa.Time(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(CHANNELS, name=op.f("ck_notice_channel_channel_known")),
        sa.ForeignKeyConstraint(["employee_id"], ["employee.id"], name=op.f("fk_notice_channel_employee_id_employee"),
                                ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_channel")),
        sa.UniqueConstraint("employee_id", "channel", name=op.f("uq_notice_channel_employee_id_channel")),
    )
    op.create_table(
        "quiet_hours",
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.Column("begins", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.CheckConstraint("begins <> ends", name=op.f("ck_quiet_hours_lasts")),
        sa.ForeignKeyConstraint(["employee_id"], ["employee.id"], name=op.f("fk_quiet_hours_employee_id_employee"),
                                ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("employee_id", name=op.f("pk_quiet_hours")),
    )
    op.create_table(
        "notice_delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.String(length=16), nullable=True),
        sa.Column("answer", sa.String(length=16), nullable=True),
        sa.CheckConstraint(CHANNELS, name=op.f("ck_notice_delivery_channel_known")),
        sa.CheckConstraint("state IN ('waiting', 'sending', 'retrying', 'sent', 'read', 'cancelled', 'given_up')",
                           name=op.f("ck_notice_delivery_state_known")),
        sa.CheckConstraint("problem IN ('no_answer', 'refused', 'no_address', 'interrupted', 'error')",
                           name=op.f("ck_notice_delivery_problem_known")),
        sa.ForeignKeyConstraint(["employee_id"], ["employee.id"], name=op.f("fk_notice_delivery_employee_id_employee"),
                                ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_delivery")),
    )
    op.create_index("ix_notice_delivery_next_attempt_at", "notice_delivery", ["next_attempt_at", "id"])
    op.create_index("ix_notice_delivery_employee_id", "notice_delivery", ["employee_id", "channel", "state"])
    op.create_index("ix_notice_delivery_created_at", "notice_delivery", ["created_at"])
    op.create_table(
        "delivered_notice",
        sa.Column("notice_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(CHANNELS, name=op.f("ck_delivered_notice_channel_known")),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_delivered_notice_notice_id_notice"),
                                ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["delivery_id"], ["notice_delivery.id"],
                                name=op.f("fk_delivered_notice_delivery_id_notice_delivery"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("notice_id", "channel", name=op.f("pk_delivered_notice")),
    )
    op.create_index(op.f("ix_delivered_notice_delivery_id"), "delivered_notice", ["delivery_id"])
    for code, roles in PERMITTED.items():
        op.execute(sa.text(
            "INSERT INTO role_permission (role_id, code) SELECT id, :code FROM role WHERE role.code IN :roles "
            "AND NOT EXISTS (SELECT 1 FROM role_permission WHERE role_id = role.id AND role_permission.code = :code)"
        ).bindparams(sa.bindparam("roles", value=roles, expanding=True), code=code))


def downgrade():
    for code in PERMITTED:
        op.execute(sa.text("DELETE FROM role_permission WHERE code = :code").bindparams(code=code))
    op.drop_table("delivered_notice")
    op.drop_table("notice_delivery")
    op.drop_table("quiet_hours")
    op.drop_table("notice_channel")
