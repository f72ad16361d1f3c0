"""Leave and locks are permitted to the built-in roles of schools that run already.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

PERMITTED = {"leave.read": ("admin", "manager", "consultant", "auditor"),
             "leave.request": ("admin", "manager", "consultant"),
             "leave.approve": ("admin", "manager"),
             "customer.lock": ("admin", "manager", "consultant")}


def upgrade():
    for code, roles in PERMITTED.items():
        op.execute(sa.text(
            "INSERT INTO role_permission (role_id, code) SELECT id, :code FROM role WHERE role.code IN :roles "
            "AND NOT EXISTS (SELECT 1 FROM role_permission WHERE role_id = role.id AND role_permission.code = :code)"
        ).bindparams(sa.bindparam("roles", value=roles, expanding=True), code=code))


def downgrade():
    for code in PERMITTED:
        op.execute(sa.text("DELETE FROM role_permission WHERE code = :code").bindparams(code=code))
