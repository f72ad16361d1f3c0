"""The doors taken off one by one: without each of them a check that the real tests make fails.

A check is a plain function that gives what is wrong; `test_nothing_is_wrong` runs them on the application as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask_admin.contrib.sqla import ModelView
from sqlalchemy import select, true

from app import spreadsheets, web
from app.admin import forms, lists
from app.admin.base import TableView
from app.admin.guard import Guarded
from app.extensions import db
from app.models import Customer, FollowUp
from app.services import search, sessions
from tests.admin import test_exports, test_hidden_contacts
from tests.admin.test_hidden_contacts import ONE, OTHER
from tests.support.databases import on_both_databases
from tests.support.pages import Page

pytestmark = pytest.mark.fuzz


@dataclass
class Scene:
    """What the checks look at: a customer of 暴雨's, of whom 三江 is to know nothing, and whoever logs in."""

    app: Any
    session: Any
    login: Callable[[str], Any]
    school: Any
    theirs: Customer
    record: FollowUp


@pytest.fixture
def scene(app, session, login, school, make_customer, make_follow_up):
    theirs = make_customer("暴雨的", holder=school.baoyu, qq=ONE[0].qq, mobile=ONE[0].mobile)
    record = make_follow_up(theirs)
    return Scene(app, session, login, school, theirs, record)


# --- the checks -----------------------------------------------------------------------------------------------------


def foreign_rows_opened(scene: Scene) -> list[str]:
    """Somebody else's rows that open to a consultant by their number."""
    browser = scene.login("sanjiang")
    addresses = [f"/admin/customer/details/?id={scene.theirs.id}", f"/admin/customer/edit/?id={scene.theirs.id}",
                 f"/admin/followup/details/?id={scene.record.id}"]
    return [address for address in addresses if browser.get(address).status_code != 404]


def foreign_rows_listed(scene: Scene) -> list[str]:
    """Lists and exports of a consultant's that show somebody else's customer."""
    role = scene.school.roles["consultant"]
    role.permission_codes = [*role.permission_codes, "customer.export"]
    scene.session.commit()
    browser = scene.login("sanjiang")
    addresses = ["/admin/customer/", "/admin/followup/", "/admin/customer/export/csv/"]
    return [address for address in addresses if "暴雨的" in browser.get(address).get_data(as_text=True)]


def foreign_rows_counted(scene: Scene) -> list[str]:
    """Lists whose number counts somebody else's customer."""
    found = re.search(r'data-said="[^"]*?(\d+)', scene.login("sanjiang").get("/admin/customer/").text)
    return [] if found and found.group(1) == "0" else ["/admin/customer/"]


def foreign_rows_looked_up(scene: Scene) -> list[str]:
    """Look-ups that offer somebody else's customer."""
    found = scene.login("sanjiang").get("/admin/followup/ajax/lookup/?name=customer&query=暴雨").json
    return [str(row) for row in found]


def contacts_found_out(scene: Scene) -> list[str]:
    """What an auditor's searches tell of contacts hidden from him."""
    found: dict[tuple[str, str], set[str]] = {}
    for own in (ONE[0], OTHER[0]):
        customer = scene.session.get_one(Customer, scene.theirs.id)
        customer.qq, customer.mobile, customer.wechat = own.qq, own.mobile, own.wechat
        scene.session.commit()
        browser = scene.login("auditor")
        for piece in ONE[0].pieces:
            page = browser.get("/admin/customer/", query_string={"search": piece})
            found.setdefault(("search", piece), set()).add(test_hidden_contacts.text_of(page))
    return [piece for (_what, piece), answers in found.items() if len(answers) > 1]


def posts_without_token(scene: Scene) -> list[str]:
    """Routes that take a change without a token."""
    browser = scene.login("admin")
    rules = [str(rule) for rule in scene.app.url_map.iter_rules() if "POST" in rule.methods and "<" not in str(rule)]
    return [rule for rule in rules if rule != "/logout" and browser.post(rule, data={"id": "999"}).status_code != 400]


def sessions_that_outlive_logout(scene: Scene) -> list[str]:
    """Whose cookie, copied before, still opens the home page after logging out."""
    found = []
    for who in ("admin", "sanjiang"):
        browser = scene.login(who)
        copied = browser.get_cookie("session").value
        browser.submit("/logout")
        browser.set_cookie("session", copied)
        if browser.get("/admin/").status_code == 200:
            found.append(who)
    return found


def sessions_that_outlive_a_change_of_roles(scene: Scene) -> list[str]:
    """Whose session still opens the home page after an admin has given him another role."""
    browser, tutor = scene.login("tutor"), scene.school.tutor
    answer = scene.login("admin").submit(f"/admin/employee/edit/?id={tutor.id}", {
        "name": tutor.name, "username": "tutor", "department": scene.school.departments[1002].id, "active": "y",
        "roles": scene.school.roles["teacher"].id})
    assert answer.status_code == 302, answer.text[:3000]
    return ["tutor"] if browser.get("/admin/").status_code == 200 else []


def _now(scene: Scene) -> Any:
    return scene.app.extensions["clock"].now()


def actions_without_permission(scene: Scene) -> list[str]:
    """Actions on customers that an auditor, who only reads, can run."""
    browser = scene.login("auditor")
    form = {"rowid": scene.theirs.id}
    return [name for name in ("release", "assign")
            if "暴雨的" in browser.submit("/admin/customer/action/", {**form, "action": name}).text or
            not scene.session.get_one(Customer, scene.theirs.id, populate_existing=True).is_held(_now(scene).date())]


def screens_without_permission(scene: Scene) -> list[str]:
    """Screens that open to a tutor."""
    browser = scene.login("tutor")
    return [path for path in ("/admin/employee/", "/admin/role/", "/admin/publicpool/", "/admin/customer/")
            if browser.get(path).status_code != 403]


def formulas_exported(scene: Scene) -> list[str]:
    """Cells of an export that a spreadsheet would run."""
    scene.session.get_one(Customer, scene.theirs.id).name = "=1+1"
    scene.session.commit()
    rows = test_exports.table_of(scene.login("manager").get("/admin/customer/export/csv/"))
    return [cell for row in rows for cell in row if test_exports.runs(cell)]


def redirects_elsewhere(scene: Scene) -> list[str]:
    """Where a form sends one that is not on this site."""
    browser = scene.login("sanjiang")
    answers = [browser.submit("/locale", {"locale": "en", "next": next_}) for next_ in ("//evil.example", "https://evil.example/")]
    return [answer.location for answer in answers if "evil" in answer.headers.get("Location", "")]


def texts_that_became_elements(scene: Scene) -> list[str]:
    """Names that are taken for a part of the page."""
    scene.session.get_one(Customer, scene.theirs.id).name = "<x-i>"
    scene.session.commit()
    page = Page(scene.login("baoyu").get("/admin/customer/").text, "/admin/customer/")
    return [tag for tag, _attributes in page.tags if tag == "x-i"]


# --- the doors, taken off -------------------------------------------------------------------------------------------



def row_scope_off_single_rows(scene: Scene, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(TableView, "get_one", lambda self, id: db.session.get(self.model, int(id)))


def row_scope_off_lists(scene: Scene, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(TableView, "get_query", ModelView.get_query)


def row_scope_off_counts(scene: Scene, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(lists.Lists, "_count", staticmethod(lambda _numbers, _most: db.session.query(Customer).count()))


def row_scope_off_look_ups(scene: Scene, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(forms.Loader, "_query", lambda self: select(self.model))


def masking_off_search(scene: Scene, patch: pytest.MonkeyPatch) -> None:
    real = search.customers
    patch.setattr(search, "customers", lambda part, *, visible: real(part, visible=true()))


def csrf_off(scene: Scene, patch: pytest.MonkeyPatch) -> None:
    patch.setitem(scene.app.config, "WTF_CSRF_ENABLED", False)


def sessions_not_ended_at_logout(scene: Scene, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sessions, "end", lambda *_args, **_kwargs: None)


def sessions_not_ended_with_the_account(scene: Scene, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sessions, "end_all", lambda *_args, **_kwargs: 0)


def permission_off_actions(scene: Scene, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(TableView, "is_action_allowed", lambda _self, _name: True)
    patch.setattr(TableView, "_pass_with", lambda *_args: None)  # the second lock: rows are reached by the permission


def permission_off_screens(scene: Scene, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Guarded, "_may", lambda _self, _function: True)


def escaping_off_exports(scene: Scene, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(spreadsheets, "safe", lambda text: text)


def redirect_check_off(scene: Scene, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(web, "is_safe_address", lambda _address: True)


def autoescape_off(scene: Scene, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(scene.app.jinja_env, "autoescape", False)
    patch.setattr(scene.app.jinja_env, "cache", None)  # what was compiled with it stays aside


MUTANTS = (
    (row_scope_off_single_rows, foreign_rows_opened),
    (row_scope_off_lists, foreign_rows_listed),
    (row_scope_off_counts, foreign_rows_counted),
    (row_scope_off_look_ups, foreign_rows_looked_up),
    (masking_off_search, contacts_found_out),
    (csrf_off, posts_without_token),
    (sessions_not_ended_at_logout, sessions_that_outlive_logout),
    (sessions_not_ended_with_the_account, sessions_that_outlive_a_change_of_roles),
    (permission_off_actions, actions_without_permission),
    (permission_off_screens, screens_without_permission),
    (escaping_off_exports, formulas_exported),
    (redirect_check_off, redirects_elsewhere),
    (autoescape_off, texts_that_became_elements),
)


@on_both_databases
@pytest.mark.parametrize("check", [check for _door, check in MUTANTS], ids=lambda check: check.__name__)
def test_nothing_is_wrong(scene, check):
    assert check(scene) == []


@pytest.mark.parametrize(("door", "check"), MUTANTS, ids=lambda each: each.__name__)
def test_without_the_door_the_check_fails(scene, monkeypatch, door, check):
    door(scene, monkeypatch)
    assert check(scene) != []
