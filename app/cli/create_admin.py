"""`flask create-admin`: the first login."""

from __future__ import annotations

import click
from flask.cli import with_appcontext
from flask_babel import force_locale
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import current
from app.cli.errors import Refusal, speaking
from app.extensions import db
from app.models import Department, Employee
from app.models.choices import DepartmentFunction
from app.services import employees, passwords, roles

LONGEST_USERNAME = 32
FIRST_DEPARTMENT = 1


@click.command("create-admin")
@click.argument("username")
@click.option("--password", envvar="ADMIN_PASSWORD", prompt="Password", hide_input=True, confirmation_prompt=True,
              hidden=True)
@with_appcontext
@speaking
def create_admin(username: str, password: str) -> None:
    """Make a login that may do everything, and give the role of admins all permissions back.

    This is the way in when nobody can change roles and employees any more. The password is asked for, or taken from
    ADMIN_PASSWORD.
    """
    username = username.strip()
    if not 0 < len(username) <= LONGEST_USERNAME:
        raise Refusal(f"A user name has 1 to {LONGEST_USERNAME} characters.")
    session = db.session
    if employees.by_username(session, username) is not None:
        raise Refusal(f"There is a login named {username} already.")
    employees.ensure_built_in_roles(session)
    employee = Employee(name=username[:16], username=username, department=_department(session),
                        roles=[roles.restore_admin(session)])
    with force_locale("en"):
        refused = [str(each) for each in passwords.objections(
            password, employee, shortest=current.school().shortest_password)]
    if refused:
        raise Refusal(" ".join(refused))
    passwords.set_password(employee, password)
    session.add(employee)
    try:
        session.commit()
    except IntegrityError as error:
        raise Refusal(f"There is a login named {username} already.") from error
    click.echo(f"{username} can log in now.")


def _department(session: Session) -> Department:
    """Where the admin belongs: a department with no function of its own if there is one; else one is made."""
    found = session.scalar(select(Department).where(Department.function == DepartmentFunction.OTHER)
                           .order_by(Department.code).limit(1))
    if found is not None:
        return found
    taken = set(session.scalars(select(Department.code)))
    code = next(code for code in range(FIRST_DEPARTMENT, len(taken) + FIRST_DEPARTMENT + 1) if code not in taken)
    made = Department(code=code, title="Administration", function=DepartmentFunction.OTHER)
    session.add(made)
    session.flush()
    return made
