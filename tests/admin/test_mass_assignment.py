"""Whatever is posted besides a form's own fields changes nothing: every form, every column, every role.

Each form is sent twice to the same school, as it stands on the page and with every column and relationship of every
table added; both must leave the same rows behind.
"""

from __future__ import annotations

from collections import defaultdict
from urllib.parse import urlsplit

import pytest
from sqlalchemy import inspect

from app.extensions import Base
from app.models import CourseClass, Customer, SalesRank
from tests.support import snapshot
from tests.support.pages import Form, endpoint_of, walk
from tests.support.sizes import FULL_SIZE

pytestmark = pytest.mark.fuzz

ASIDE = {"audit_entry", "person_key", "login_session", "recovery_code"}
"""Tables that note what was done and when, with random keys."""
RANDOM = {"password_hash", "sealed_secret"}
ELSEWHERE = {"/logout", "/login", "/admin/jobs/run/", "/admin/matrix/view-as/"}
"""Forms that change a session or the queue, not rows."""

REFUSED = {"/admin/savedview/": {"shared"}, "/admin/notice/read": {"customer_id"}}
"""Fields only some people's form has: what others send with them is refused whole. And one that a script sends."""


@pytest.fixture
def furnished(session, school, make_customer, make_follow_up, floor, clock):
    """A row of each kind, so that each form is on some page."""
    held = make_customer("龙泰", holder=school.sanjiang, courses=[school.python], campus=school.beijing)
    make_follow_up(held, next_contact_on=clock.today())
    make_customer("公海的")
    floor.enrol(make_customer("王林", holder=school.sanjiang))
    session.add_all([SalesRank(consultant=school.sanjiang, num=3, weight=1),
                     CourseClass(campus=school.beijing, course=school.python, semester=3, price=1, capacity=1,
                                 start_date=clock.today(), teachers=[school.teacher], tutor=school.tutor)])
    session.commit()


def attributes() -> dict[str, str]:
    """Every name under which a mapped attribute could be posted, with a value of another row."""
    found = {}
    for mapper in Base.registry.mappers:
        for column in mapper.column_attrs:
            found[column.key] = "2"
        for relation in mapper.relationships:
            found |= dict.fromkeys((relation.key, *(f"{relation.key}{end}" for end in ("_id", "-id", "-0-id"))), "2")
    return found


def forms_of(app, browser) -> dict[tuple, Form]:
    """The forms this person finds that change something, one of each kind."""
    found = {}
    for visit in walk(app, browser, each=1):
        for form in visit.page.forms:
            rule = endpoint_of(app, form.action, "POST") if form.method == "POST" else None
            if rule and rule not in ELSEWHERE:
                found.setdefault((rule, frozenset(form.fields)), form)
    return found


def filled(form: Form) -> dict[str, object]:
    """The form with its last offers, and something new where nothing stands but in dates."""
    return {name: values[-1] if values and values[-1] else "" if "date" in name or name.endswith("_on") else "3"
            for name, values in form.fields.items() if name != "csrf_token" and not name.startswith("_")}


def consequences(engine, session, browser, rows, form: Form, extra: dict[str, object]) -> tuple[int, dict]:
    """What a form, with something added, leaves behind in the school as it was."""
    snapshot.restore(engine, rows)
    parts = urlsplit(form.action)
    data = {**extra, **filled(form)}
    answer = browser.submit(f"{parts.path}?{parts.query}", data)
    left = {table: [{k: v for k, v in row.items() if k not in RANDOM} for row in found]
            for table, found in snapshot.take(session).items() if table not in ASIDE}
    return answer.status_code, left


def assigned(app, engine, session, browser) -> tuple[list[str], int]:
    """The forms through which something came in that is not theirs, and the number of names tried."""
    found, tried = [], 0
    forms = forms_of(app, browser)
    rows = snapshot.take(session)
    # An address may have several forms, of which one says which row it means and one makes a new one.
    known = defaultdict(set, {rule: set(names) for rule, names in REFUSED.items()})
    for rule, fields in forms:
        known[rule] |= fields
    for (rule, _fields), form in forms.items():
        extra = {name: value for name, value in attributes().items() if name not in known[rule]}
        plain = consequences(engine, session, browser, rows, form, {})
        loaded = consequences(engine, session, browser, rows, form, extra)
        tried += len(extra)
        if plain != loaded:
            found.append(f"{rule}: {difference(plain, loaded)}")
    return found, tried


def difference(plain, loaded) -> str:
    if plain[0] != loaded[0]:
        return f"answers {plain[0]} and {loaded[0]}"
    return str([(table, [row for row in plain[1][table] if row not in loaded[1][table]],
                 [row for row in loaded[1][table] if row not in plain[1][table]])
                for table in plain[1] if plain[1][table] != loaded[1][table]])


@pytest.mark.parametrize("who", ["admin", "sanjiang", *(["manager", "auditor"] if FULL_SIZE else [])])
def test_nothing_but_a_forms_own_fields_is_taken_from_it(app, engine, session, login, furnished, who):
    found, tried = assigned(app, engine, session, login(who))
    print(f"{who}: {tried} names posted to forms that do not have them")
    assert not found, '\n'.join(found)
    assert tried > {"admin": 1000, "manager": 500, "sanjiang": 300, "auditor": 20}[who]


def test_fields_taken_off_a_form_are_taken_from_nobody(app, engine, session, login, school, furnished):
    """A consultant posts what only a manager's form has: another's row, the own row's owner and dates."""
    browser = login("sanjiang")
    rows = snapshot.take(session)
    mine = rows["customer"][0]["id"]
    every = {column.key: "2" for column in inspect(Customer).column_attrs}
    snapshot.restore(engine, rows)
    browser.submit(f"/admin/customer/edit/?id={mine}", {**every, "name": "新名", "qq": "100000001", "source": "1",
                                                        "public_on": "2030-01-01", "courses": str(school.python.id)})
    before, after = rows["customer"][0], snapshot.take(session)["customer"][0]
    assert after["name"] == "新名"
    governed = ("id", "consultant_id", "status", "date", "recv_date", "last_consult_date", "public_on", "public_as",
                "locked_until")
    assert {name: after[name] for name in governed} == {name: before[name] for name in governed}
