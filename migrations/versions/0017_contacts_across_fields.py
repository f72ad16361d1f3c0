"""A contact is one customer's, in whichever of the fields it stands; and further contacts of a customer.

Triggers keep the table of contacts, so that no way of writing a customer can forget it. Whoever makes the table
`customer` anew on SQLite makes its triggers anew too. Where two customers share a contact already, the older one has
it; the other keeps his as it is, and it is only not taken a third time.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BY_CODE_POINT = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
OTHERS = sa.String(512).with_variant(sa.String(512, collation="C"), "postgresql")
NUMBERED = {"sqlite_autoincrement": True}

_SQLITE_CONTACTS = """
    SELECT contact FROM (
        SELECT {row}.qq AS contact UNION SELECT {row}.mobile UNION SELECT {row}.wechat UNION
        SELECT value FROM json_each('[' || replace(json_quote({row}.other_contacts), ' ', '","') || ']'))
    WHERE contact <> ''"""
_POSTGRESQL_CONTACTS = """
    SELECT contact FROM (
        VALUES ({row}.qq), ({row}.mobile), ({row}.wechat) UNION
        SELECT unnest(string_to_array({row}.other_contacts, ' '))) AS given (contact)
    WHERE contact <> ''"""


def _sqlite(row):
    return _SQLITE_CONTACTS.format(row=row)


def _postgresql(row):
    return _POSTGRESQL_CONTACTS.format(row=row)


TRIGGERS = {
    "sqlite": (
        f"""CREATE TRIGGER customer_contacts_are_entered AFTER INSERT ON customer BEGIN
            INSERT INTO customer_contact (value, customer_id) SELECT contact, new.id FROM ({_sqlite("new")});
        END""",
        f"""CREATE TRIGGER customer_contacts_are_changed
            AFTER UPDATE OF qq, mobile, wechat, other_contacts ON customer BEGIN
            DELETE FROM customer_contact WHERE customer_id = new.id AND value NOT IN ({_sqlite("new")});
            INSERT INTO customer_contact (value, customer_id) SELECT contact, new.id FROM ({_sqlite("new")})
                WHERE contact NOT IN ({_sqlite("old")});
        END""",
    ),
    "postgresql": (
        f"""CREATE FUNCTION customer_contacts_are_entered() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO customer_contact (value, customer_id) SELECT contact, id
                FROM entered, LATERAL ({_postgresql("entered")}) AS given ORDER BY contact;
            RETURN NULL;
        END $$""",
        """CREATE TRIGGER customer_contacts_are_entered AFTER INSERT ON customer REFERENCING NEW TABLE AS entered
            FOR EACH STATEMENT EXECUTE FUNCTION customer_contacts_are_entered()""",
        f"""CREATE FUNCTION customer_contacts_are_changed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            DELETE FROM customer_contact WHERE customer_id = NEW.id AND value NOT IN ({_postgresql("NEW")});
            INSERT INTO customer_contact (value, customer_id) SELECT contact, NEW.id
                FROM ({_postgresql("NEW")}) AS given WHERE contact NOT IN ({_postgresql("OLD")}) ORDER BY contact;
            RETURN NULL;
        END $$""",
        """CREATE TRIGGER customer_contacts_are_changed AFTER UPDATE OF qq, mobile, wechat, other_contacts ON customer
            FOR EACH ROW WHEN ((OLD.qq, OLD.mobile, OLD.wechat, OLD.other_contacts) IS DISTINCT FROM
                               (NEW.qq, NEW.mobile, NEW.wechat, NEW.other_contacts))
            EXECUTE FUNCTION customer_contacts_are_changed()""",
    ),
}
"""In the order of their values, so that two who enter several contacts cannot wait for each other in a circle."""


def upgrade():
    op.add_column("customer", sa.Column("other_contacts", OTHERS, nullable=True))
    op.create_table(
        "customer_contact",
        sa.Column("value", BY_CODE_POINT, nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_customer_contact_customer_id_customer"),
                                ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("value", name=op.f("pk_customer_contact")),
    )
    op.create_index("ix_customer_contact_customer_id", "customer_contact", ["customer_id"])
    op.execute("""
        INSERT INTO customer_contact (value, customer_id) SELECT contact, min(id) FROM (
            SELECT qq AS contact, id FROM customer UNION SELECT mobile, id FROM customer
            UNION SELECT wechat, id FROM customer) AS given
        WHERE contact IS NOT NULL GROUP BY contact""")
    for statement in TRIGGERS[op.get_bind().dialect.name]:
        op.execute(sa.text(statement.replace(":", "\\:")))


def downgrade():
    if op.get_bind().dialect.name == "postgresql":
        for name in ("customer_contacts_are_entered", "customer_contacts_are_changed"):
            op.execute(f"DROP TRIGGER {name} ON customer")
            op.execute(f"DROP FUNCTION {name}()")
    else:
        op.execute("DROP TRIGGER customer_contacts_are_entered")
        op.execute("DROP TRIGGER customer_contacts_are_changed")
    op.drop_table("customer_contact")
    with op.batch_alter_table("customer", table_kwargs=NUMBERED) as table:
        table.drop_column("other_contacts")
