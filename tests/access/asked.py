"""What is sent to a door: forms filled in properly, and what names the row they are about."""

from __future__ import annotations

from typing import Any

from tests.access.doors import Asked, Case, Row, World
from tests.access.people import Person
from tests.access.world import ENROLLED, HELD, PUBLIC, CustomerRow, OwnedRow


def customer_form(_world: World, _row: Row | None) -> dict[str, Any]:
    return {"name": "新名字", "qq": "987654321", "source": "1", "work_status": "1"}


def follow_up_form(_world: World, _row: Row | None) -> dict[str, Any]:
    return {"note": "改了", "intent": "2"}


def class_form(world: World, _row: Row | None) -> dict[str, Any]:
    return {"campus": world.beijing, "course": world.python, "semester": "7", "price": "19800", "capacity": "30",
            "start_date": "2026-04-01", "teachers": [world.teacher]}


def rank_form(world: World, row: Row | None) -> dict[str, Any]:
    return {"consultant": world.ranked if row else world.employees["dasha"], "num": "3", "weight": "5"}


def department_form(_world: World, row: Row | None) -> dict[str, Any]:
    return {"code": "4000" if row else "4001", "title": "新部门", "function": "other"}


def employee_form(world: World, row: Row | None) -> dict[str, Any]:
    return {"name": "新人", "username": "spare" if row else "newcomer",
            "department": world.other_department, "active": "y"}


def role_form(_world: World, _row: Row | None) -> dict[str, Any]:
    return {"name": "新角色", "scope": "own", "permission_codes": ["course.read"]}


def day_form(_world: World, _row: Row | None) -> dict[str, Any]:
    return {"day": "2026-05-10", "name": "校庆"}


def leave_form(_world: World, _row: Row | None) -> dict[str, Any]:
    return {"first_on": "2026-12-01", "last_on": "2026-12-03", "reason": "回家"}


def title_form(_world: World, _row: Row | None) -> dict[str, Any]:
    return {"title": "新校区"}


def name_form(_world: World, _row: Row | None) -> dict[str, Any]:
    return {"name": "新课程"}


def assigned(world: World, _person: Person, case: Case) -> Asked:
    return Asked({}, {"customer_id": case.id, "consultant_id": world.employees["dasha"]})


def moved(world: World, _person: Person, case: Case) -> Asked:
    """With what the form showed: whose the customer is, and where he stands."""
    shown = _shares(world, [case.row]) if isinstance(case.row, CustomerRow) else ""
    return Asked({}, {"customer_id": case.id, "consultant_id": world.employees["dasha"], "shown": shown})


def merged(_world: World, _person: Person, case: Case) -> Asked:
    return Asked({}, {"customer_id": case.id, "merged_id": case.id})


def handed_over(world: World, _person: Person, case: Case) -> Asked:
    leaver = case.row.owner if isinstance(case.row, OwnedRow) else ""
    his = [row for row in world.rows["customer"]
           if isinstance(row, CustomerRow) and row.consultant == leaver and row.state != PUBLIC]
    return Asked({}, {"employee": case.id, "way": "give", "shown": _shares(world, his),
                      "consultant_id": world.employees["baoyu" if leaver == "dasha" else "dasha"]})


def _shares(world: World, rows: list[CustomerRow]) -> str:
    """What a form shows of customers who are all one consultant's."""
    numbers = [sum(row.state == state for row in rows) for state in (HELD, PUBLIC, ENROLLED)]
    consultant = rows[0].consultant if rows else None
    return ".".join(map(str, (world.employees[consultant] if consultant else 0, *numbers)))


def course_off(world: World, _person: Person, case: Case) -> Asked:
    return Asked({}, {"customer_id": case.id, "course_id": world.python})


def another_course(world: World, _person: Person, case: Case) -> Asked:
    return Asked({}, {"customer_id": case.id, "course_id": world.rows["course"][0].id})


def logged(_world: World, _person: Person, case: Case) -> Asked:
    return Asked({}, {"customer": case.id, "note": "聊了", "intent": "1"})


def personal_data_of(kind: str) -> Any:
    return lambda _world, _person, case: Asked({"kind": kind, "id": case.id})


def erasure_of(kind: str) -> Any:
    return lambda _world, _person, case: Asked({}, {"kind": kind, "id": case.id, "number": case.id,
                                                    "reason": "requested"})


def searched(_world: World, _person: Person, case: Case) -> Asked:
    return Asked({"search": case.row.marker if case.row else case.id})


def looked_up(name: str) -> Any:
    return lambda _world, _person, case: Asked({"name": name, "query": case.row.marker if case.row else case.id})


def typed(_world: World, _person: Person, case: Case) -> Asked:
    return Asked({"q": case.row.marker if case.row else case.id})


def opened_last(kind: str) -> Any:
    return lambda _world, _person, case: Asked({"recent": f"{kind}-{case.id}"})


def chinese(_world: World, _person: Person, _case: Case) -> Asked:
    return Asked({}, {"locale": "zh_Hant_TW"})


def dark(_world: World, _person: Person, _case: Case) -> Asked:
    return Asked({}, {"theme": "dark"})


def view_saved(_world: World, _person: Person, _case: Case) -> Asked:
    return Asked({}, {"list": "course", "query": "search=python&sort=name", "name": "我的视图"})


def view_named(_world: World, _person: Person, case: Case) -> Asked:
    return Asked({}, {"list": "course", "query": "", "id": case.id, "name": "新名", "on": "1"})


def columns_chosen(_world: World, _person: Person, _case: Case) -> Asked:
    return Asked({}, {"list": "course", "query": "", "order": ["name", "id"], "column": ["id"]})


def assigned_in_turn(_world: World, _person: Person, _case: Case) -> Asked:
    return Asked({}, {"name": "新名字", "qq": "987654321", "source": "1", "work_status": "1", "goes_to": "assignment"})


def settings(_world: World, _person: Person, _case: Case) -> Asked:
    return Asked({}, {"session_idle_minutes": "31", "session_hours": "12", "shortest_password": "15",
                      "lead_retention_months": "0", "leaver_retention_months": "0", "session_retention_days": "90",
                      "opening_hour": "9"})


def rules(_world: World, _person: Person, _case: Case) -> Asked:
    return Asked({"scope": "source-2"}, {"step": "save", "follow_up_days": "5"})


def this_task(_world: World, _person: Person, case: Case) -> Asked:
    return Asked(placeholder=("<task_id>", case.id))


def this_notice(_world: World, _person: Person, case: Case) -> Asked:
    return Asked(placeholder=("<int:notice_id>", case.id))


def notices_read(world: World, _person: Person, _case: Case) -> Asked:
    return Asked({}, {"up_to": max(row.id for row in world.rows["notice"])})
