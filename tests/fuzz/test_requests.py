"""Nothing a client sends makes a 500: requests made by Hypothesis to every route, as everyone.

GONGHAI_TEST_SIZE=full sends 10,000 of them.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import traceback

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from sqlalchemy.orm import Session

from app.extensions import db
from app.models import CourseClass, Customer, SalesRank
from app.services import customers
from tests.conftest import make_app
from tests.fuzz.siege import Siege, shut, targets
from tests.fuzz.strategies import Request, requests
from tests.support import people
from tests.support.databases import on_both_databases
from tests.support.floor import Floor
from tests.support.sizes import FULL_SIZE

pytestmark = pytest.mark.fuzz
NUMBER = {"postgresql": 10_000 if FULL_SIZE else 1_500, "sqlite": 2_000 if FULL_SIZE else 300}
SETTINGS = settings(derandomize=not FULL_SIZE, database=None, deadline=None, phases=[Phase.generate],
                    suppress_health_check=list(HealthCheck))

UNREACHED = {("/account/second-factor/code", "POST")}
"""Only for who has just given his password and owes a second factor, which nobody under siege does."""

INNARDS = re.compile(r"Traceback \(most|sqlalchemy|psycopg|sqlite3|jinja2|werkzeug\.|File \"/|SELECT .{1,400} FROM |"
                     r"INSERT INTO |unexpected keyword| object at 0x", re.DOTALL)


@pytest.fixture
def siege(all_databases, backend, clock, valkey_server, monkeypatch):
    """A school with a little of everything, on a database of its own so that its rows have the first numbers."""
    app = make_app(all_databases.make(backend), clock, redis_url=valkey_server.url)
    app.config["TESTING"] = False  # errors as people would see them
    with app.app_context():
        engine = db.engine
    with Session(engine) as session:
        _furnish(session, clock)
        siege = Siege(app, session)
        siege.begin()
        siege.count_handlers(monkeypatch)
        yield siege
    engine.dispose()


def _furnish(session, clock):
    """Held, public and enrolled customers, one nobody has held, follow-ups, a rank and a class."""
    school, floor = people.open_school(session), Floor(session, clock)
    for number, (holder, days) in enumerate([(school.sanjiang, 0), (school.baoyu, 9), (None, 0), (school.sanjiang, 30),
                                             (school.sanjiang, 1)], start=1):
        entered = clock.now() - dt.timedelta(days=days)
        customer = Customer(name=f"客户{number}", qq=f"8866{number}", mobile=f"1381234000{number}",
                            courses=[school.python])
        customers.enter(session, customer, holder_id=holder.id if holder else None, today=entered.date(), now=entered)
        session.commit()
        if customer.is_held(clock.today()):
            floor.follow_up(customer, school.sanjiang, next_contact_on=clock.today())
    floor.enrol(customer)
    session.add(SalesRank(consultant=school.sanjiang, num=1, weight=1))
    session.add(CourseClass(campus=school.beijing, course=school.python, semester=1, price=1, capacity=1,
                            start_date=clock.today(), teachers=[school.teacher], tutor=school.tutor))
    session.commit()


def is_in_words(response) -> bool:
    """Whether a refusal is a page with a sentence, or the same as JSON, and tells nothing of the innards."""
    text = response.get_data(as_text=True)
    if INNARDS.search(text):
        return False
    if response.mimetype == "application/json":
        said = json.loads(text)
        return said.get("status") == response.status_code and len(said["error"]) > 3
    return response.mimetype == "text/html" and "<title>" in text and 'class="' in text


def _last_lines(record) -> str:
    return "".join(traceback.format_exception(*record.exc_info)[-4:])


@on_both_databases
def test_whatever_is_sent_is_answered_and_refused_in_words(siege, backend, caplog):
    everything = targets(siege.app, [siege.browsers["admin"], siege.browsers["sanjiang"]])
    everything.sort(key=lambda target: target.method != "GET")  # what changes nothing first
    siege.reached.clear()
    each = NUMBER[backend] // len(everything) + 1
    failures: list[str] = []

    def attempt(request: Request) -> None:
        caplog.clear()
        response = siege.send(request)
        if response.status_code >= 500:
            errors = [record for record in caplog.records if record.exc_info]
            failures.append(f"{response.status_code} {request}\n" + "".join(map(_last_lines, errors)))
        elif response.status_code >= 400 and request.method != "HEAD" and not is_in_words(response):
            failures.append(f"{response.status_code} {request}\nnot in words: {response.get_data(as_text=True)[:1500]}")

    for target in everything:
        siege.restore()
        settings(SETTINGS, max_examples=each)(given(requests(target))(attempt))()

    missed = {(t.rule, t.method) for t in everything} - set(siege.reached)
    reached = sum(siege.reached.values())
    print(f"{backend}: {siege.sent} requests to {len(everything)} routes and methods, {reached} reached their handler, "
          f"answers {dict(sorted(siege.statuses.items()))}")
    assert not failures, f"{len(failures)} failures, such as:\n" + "\n\n".join(failures[:8])
    assert reached > siege.sent / 2
    assert {route for route in missed if not shut(siege.app, *route)} <= UNREACHED


@pytest.mark.parametrize("body", ['["_"]', '"true"', "1", "null", "{", '{"username": "a\\u0000", "password": "b"}',
                                  '{"username": ["a"], "password": {"b": 1}}'])
@pytest.mark.parametrize("path", ["/login", "/account/password", "/account/second-factor/code"])
def test_json_where_a_form_belongs_is_refused_in_words(login, path, body):
    browser = login("sanjiang")
    answer = browser.post(path, data=body, headers={"X-CSRFToken": browser.csrf_token()},
                          content_type="application/json")
    assert 400 <= answer.status_code < 500
    assert "Traceback" not in answer.text
