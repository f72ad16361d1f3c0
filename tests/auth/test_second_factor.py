"""The second factor on the way in: what a session that waits for it opens, which is nothing."""

from __future__ import annotations

import re

import pytest
from flask import url_for
from sqlalchemy import select

from app.models import AuditAction, AuditEntry, LoginSession
from app.models.choices import RowScope, SessionEnd
from tests.support import phone as phones
from tests.support.client import Client, token_in

PAGE = "/account/second-factor/"
JSON = {"Accept": "application/json"}


@pytest.fixture
def phone(session, school, clock):
    return phones.set_up(session, school.sanjiang, clock)


@pytest.fixture
def required(session, school):
    """The consultants' role asks for a second factor."""
    school.roles["consultant"].requires_second_factor = True
    session.commit()


@pytest.fixture
def browser(app, session, school):
    def make() -> Client:
        made = app.test_client()
        made.test_session = session
        return made

    return make


@pytest.fixture
def half_in(browser):
    """`half_in("sanjiang")`: the password was right, and that is all."""
    def log_in(username: str = "sanjiang") -> Client:
        made = browser()
        assert made.login(username).status_code == 302
        return made

    return log_in


def give(browser: Client, code: str, path: str = "code", **form):
    """Send a form of the page."""
    headers = form.pop("headers", None)
    page = browser.get(PAGE)
    return browser.post(PAGE + path, data={"code": code, "csrf_token": token_in(page.text), **form}, headers=headers)


def is_in(browser: Client) -> bool:
    return browser.get("/admin/").status_code == 200


def every_door(app):
    """Each address of the application with each method, but those of logging in and out themselves."""
    own = {"auth.login", "auth.log_in", "auth.logout"}
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if rule.endpoint in own or rule.endpoint.startswith("second_factor."):
                continue
            values = {name: 1 if type(converter).__name__ == "IntegerConverter" else "gonghai.css"
                      for name, converter in rule._converters.items()}
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
                yield url_for(rule.endpoint, **values), method


class TestTheCode:
    def test_after_the_password_it_is_asked_for_and_then_one_is_where_one_was_going(self, browser, phone):
        visitor = browser()
        page = visitor.get("/login?next=/admin/mycustomers/")
        sent = visitor.post("/login?next=/admin/mycustomers/", data={
            "username": "sanjiang", "password": "demo-pass-2026", "csrf_token": token_in(page.text)})
        asked = visitor.get(sent.location)
        assert asked.status_code == 302
        assert asked.location == f"{PAGE}?next=/admin/mycustomers/"
        page = visitor.get(asked.location)
        let_in = visitor.post(PAGE + "code", data={"code": phone.code(), "csrf_token": token_in(page.text),
                                                   "next": "/admin/mycustomers/"})
        assert let_in.location == "/admin/mycustomers/"
        assert is_in(visitor)

    def test_a_wrong_one_is_said_so_and_opens_nothing(self, half_in, phone):
        visitor = half_in()
        answer = give(visitor, phone.wrong_code())
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text
        assert not is_in(visitor)

    def test_one_that_was_used_elsewhere_opens_nothing(self, half_in, phone):
        code = phone.code()
        first, second = half_in(), half_in()
        assert give(first, code).status_code == 302
        assert give(second, code).status_code == 422
        assert is_in(first)
        assert not is_in(second)

    def test_a_recovery_code_does_as_well_once_and_is_told_to_be_used_up(self, half_in, phone):
        first, second = half_in(), half_in()
        assert give(first, phone.recovery_codes[0]).status_code == 302
        assert is_in(first)
        assert give(second, phone.recovery_codes[0]).status_code == 422

    def test_the_cookie_of_before_is_worth_nothing_after(self, half_in, phone, browser):
        visitor = half_in()
        before = visitor.get_cookie("session").value
        give(visitor, phone.code())
        copy = browser()
        copy.set_cookie("session", before)
        assert not is_in(copy)
        assert copy.get("/admin/").location.startswith("/login")

    def test_it_is_asked_for_in_each_new_session(self, half_in, phone):
        give(half_in(), phone.code())
        assert not is_in(half_in())

    def test_a_session_begun_before_it_was_switched_on_waits_for_it_too(self, login, session, school, clock):
        before = login("sanjiang")
        phones.set_up(session, school.sanjiang, clock)
        assert not is_in(before)

    def test_a_program_is_told_in_json(self, half_in, phone):
        visitor = half_in()
        asked = visitor.get("/admin/publicpool/", headers={**JSON, "Accept-Language": "en"})
        assert asked.status_code == 401
        assert asked.json["error"] == "Give your second factor first."
        wrong = give(visitor, phone.wrong_code(), headers=JSON)
        assert wrong.status_code == 422
        assert wrong.json["error"]

    def test_without_a_session_there_is_no_such_page(self, client, school):
        assert client.get(PAGE).location.startswith("/login")
        assert client.get(PAGE, headers=JSON).status_code == 401

    def test_logging_out_ends_the_session_that_waits(self, half_in, phone, session, school, browser):
        visitor = half_in()
        copied = visitor.get_cookie("session").value
        page = visitor.get(PAGE)
        visitor.post("/logout", data={"csrf_token": token_in(page.text)})
        assert session.scalars(select(LoginSession.ended_as)).all() == [SessionEnd.LOGGED_OUT]
        assert session.scalars(select(AuditEntry.actor_id).where(
            AuditEntry.action == AuditAction.LOGGED_OUT)).all() == [school.sanjiang.id]
        copy = browser()
        copy.set_cookie("session", copied)
        assert give_denied(copy)

    def test_it_can_be_read_in_another_language(self, half_in, phone):
        visitor = half_in()
        page = visitor.get(PAGE)
        visitor.post("/locale", data={"locale": "zh_Hant_TW", "csrf_token": token_in(page.text)})
        assert '<html lang="zh-Hant"' in visitor.get(PAGE).text


def give_denied(browser: Client) -> bool:
    """Whether not even the page of the code is open."""
    return browser.get(PAGE).location.startswith("/login")


class TestWhatIsOpenMeanwhile:
    @pytest.mark.parametrize("why", ["a code is awaited", "enrolment is awaited"])
    def test_nothing_that_is_not_open_to_a_visitor(self, app, why, request, half_in, browser):
        request.getfixturevalue("phone" if why == "a code is awaited" else "required")
        visitor, waiting = browser(), half_in()
        tokens = {person: token_in(person.get("/login").text) for person in (visitor, waiting)}

        def answer(person, path, method, headers):
            form = {"csrf_token": tokens[person], "locale": "en", "id": "1", "rowid": "1", "action": "delete"}
            with person.open(path, method=method, headers=headers, data=None if method == "GET" else form) as said:
                return said.status_code, (said.location or "").replace(PAGE, "/login")

        checks = 0
        for path, method in every_door(app):
            for headers in (JSON, {}):
                assert answer(waiting, path, method, headers) == answer(visitor, path, method, headers), (path, method)
                checks += 1
        assert checks > 100

    def test_someone_who_only_awaits_a_code_can_neither_enrol_nor_switch_off(self, half_in, phone, session):
        visitor = half_in()
        for path in ("start", "confirm", "recovery-codes", "off"):
            assert give(visitor, phone.code(), path, password="demo-pass-2026").status_code == 403, path
        session.expire_all()
        assert give(visitor, phone.code()).status_code == 302

    def test_a_role_that_asks_for_it_opens_only_the_way_to_get_one(self, half_in, required, clock):
        visitor = half_in()
        assert visitor.get("/admin/").location.startswith(PAGE)
        for path in ("code", "recovery-codes", "off"):
            assert give(visitor, "123456", path, password="demo-pass-2026").status_code == 403, path
        _phone, page = enrol(visitor, clock)
        assert page.status_code == 200
        assert len(set(re.findall(r"<code>([a-z2-7-]{29})</code>", page.text))) == 10
        assert is_in(visitor)
        assert not is_in(half_in())

    def test_an_admin_lets_a_role_ask_for_it_and_sees_so_in_the_matrix(self, login, half_in, school, session):
        admin, role = login("admin"), school.roles["consultant"]
        admin.submit(f"/admin/role/edit/?id={role.id}", {"name": role.name, "scope": "own",
                                                        "requires_second_factor": "y"})
        session.refresh(role)
        assert role.requires_second_factor
        assert not is_in(half_in())
        assert "badge info" in admin.get("/admin/matrix/").text

    def test_a_role_that_begins_to_ask_for_it_counts_at_the_next_request(self, login, session, school):
        inside = login("sanjiang")
        assert is_in(inside)
        school.roles["consultant"].requires_second_factor = True
        session.commit()
        assert not is_in(inside)
        assert is_in(login("manager"))


def is_switched_on(session, school) -> bool:
    session.expire_all()
    return school.sanjiang.has_second_factor


def enrol(browser: Client, clock, password="demo-pass-2026"):
    """Set a second factor up as a person does; the phone and the page with the recovery codes."""
    give(browser, "", "start")
    page = browser.get(PAGE)
    secret = re.search(r'<code class="key">([A-Z2-7 ]+)</code>', page.text).group(1).replace(" ", "")
    phone = phones.Phone(secret, clock, [])
    return phone, give(browser, phone.code(-1), "confirm", password=password)


class TestTheOwnPage:
    def test_one_sets_it_up_by_scanning_and_typing_a_first_code(self, login, clock):
        inside = login("sanjiang")
        assert '<img class="qr"' not in inside.get(PAGE).text
        give(inside, "", "start")
        page = inside.get(PAGE)
        assert 'src="data:image/svg+xml' in page.text
        assert give(inside, "000000", "confirm", password="demo-pass-2026").status_code == 422
        phone, done = enrol(inside, clock)
        assert done.status_code == 200
        assert is_in(inside)
        assert phone.secret not in inside.get(PAGE).text

    def test_a_session_alone_without_the_password_switches_nothing_on(self, login, clock, session, school):
        inside = login("sanjiang")
        phone, _done = enrol(inside, clock, password="a guess")
        assert 'name="password"' in inside.get(PAGE).text
        assert give(inside, phone.code(-1), "confirm").status_code == 400
        assert not is_switched_on(session, school)
        guesses = [give(inside, phone.code(-1), "confirm", password=f"guess {n}").status_code for n in range(10)]
        assert guesses == [422] * 9 + [429]
        assert give(inside, phone.code(-1), "confirm", password="demo-pass-2026").status_code == 429
        assert not is_switched_on(session, school)

    def test_who_has_just_typed_it_on_the_way_in_is_not_asked_again(self, half_in, required, clock):
        visitor = half_in()
        assert 'name="password"' not in visitor.get(PAGE).text
        enrol(visitor, clock, password="")
        assert is_in(visitor)

    def test_the_recovery_codes_are_shown_once(self, login, clock):
        inside = login("sanjiang")
        _phone, page = enrol(inside, clock)
        code = re.search(r"<code>([a-z2-7-]{29})</code>", page.text).group(1)
        assert code not in inside.get(PAGE).text
        assert page.headers["Cache-Control"] == "no-store"

    def test_new_recovery_codes_and_switching_off_need_password_and_code(self, login, half_in, phone, clock):
        inside = half_in()
        give(inside, phone.code())
        clock.advance(minutes=1)
        for path in ("recovery-codes", "off"):
            assert give(inside, phone.code(), path, password="wrong").status_code == 422
            assert give(inside, phone.wrong_code(), path, password="demo-pass-2026").status_code == 422
            assert give(inside, phone.code(), path).status_code == 400
        assert give(inside, phone.code(), "recovery-codes", password="demo-pass-2026").status_code == 200
        clock.advance(minutes=1)
        assert give(inside, phone.code(), "off", password="demo-pass-2026").status_code == 302
        assert is_in(inside)
        assert is_in(half_in())

    def test_it_cannot_be_switched_off_while_a_role_asks_for_it(self, half_in, phone, required):
        inside = half_in()
        give(inside, phone.code())
        refused = give(inside, phone.code(1), "off", password="demo-pass-2026")
        assert refused.status_code == 409
        assert not is_in(half_in())

    def test_once_switched_off_a_role_can_ask_for_a_new_one_at_once(self, half_in, phone, session, school, clock):
        inside = half_in()
        give(inside, phone.code())
        clock.advance(minutes=1)
        give(inside, phone.code(), "off", password="demo-pass-2026")
        school.roles["consultant"].requires_second_factor = True
        session.commit()
        assert not is_in(inside)


class TestLimits:
    def test_five_wrong_codes_and_even_the_right_one_is_refused(self, half_in, phone):
        visitor = half_in()
        assert [give(visitor, phone.wrong_code()).status_code for _ in range(6)] == [422] * 5 + [429]
        refused = give(visitor, phone.code())
        assert refused.status_code == 429
        assert refused.headers["Retry-After"]
        assert not is_in(visitor)

    def test_whoever_knows_the_password_gets_no_more_by_logging_in_again_and_again(self, half_in, phone):
        answers = [give(half_in(), phone.wrong_code()).status_code for _ in range(12)]
        assert answers == [422] * 10 + [429] * 2

    def test_he_keeps_nobody_out_of_a_device_that_is_known(self, half_in, phone):
        known = half_in()
        give(known, phone.code())
        known.submit("/logout")
        known._token = None
        for _attempt in range(12):
            give(half_in(), phone.wrong_code())
        known.login("sanjiang")
        assert give(known, phone.code(1)).status_code == 302

    def test_a_right_password_alone_makes_no_device_known(self, half_in, phone):
        visitor = half_in()
        assert not [cookie for cookie in visitor._cookies.values() if "device" in cookie.key]
        give(visitor, phone.code())
        assert [cookie for cookie in visitor._cookies.values() if "device" in cookie.key]

    def test_guessing_the_password_on_the_own_page_is_limited(self, half_in, phone):
        inside = half_in()
        give(inside, phone.code())
        answers = [give(inside, phone.code(1), "off", password=f"guess {n}").status_code for n in range(11)]
        assert answers == [422] * 10 + [429]


class TestTheLog:
    @pytest.fixture
    def happened(self, session):
        def of(employee):
            found = session.execute(select(AuditEntry.action, AuditEntry.actor_id).where(
                AuditEntry.person_id == employee.id, AuditEntry.action.in_([
                    AuditAction.FACTOR_ENABLED, AuditAction.FACTOR_DISABLED, AuditAction.FACTOR_FAILED,
                    AuditAction.FACTOR_RESET, AuditAction.RECOVERY_USED])).order_by(AuditEntry.id)).all()
            assert {actor for _action, actor in found} <= {employee.id}
            return [action for action, _actor in found]

        return of

    def test_has_what_became_of_a_second_factor(self, login, half_in, school, clock, happened):
        inside = login("sanjiang")
        phone, page = enrol(inside, clock)
        code = re.search(r"<code>([a-z2-7-]{29})</code>", page.text).group(1)
        again = half_in()
        give(again, phone.wrong_code())
        give(again, code)
        clock.advance(minutes=1)
        give(again, phone.code(), "off", password="demo-pass-2026")
        assert happened(school.sanjiang) == [AuditAction.FACTOR_ENABLED, AuditAction.FACTOR_FAILED,
                                             AuditAction.RECOVERY_USED, AuditAction.FACTOR_DISABLED]

    def test_holds_neither_a_secret_nor_a_code(self, login, clock, session):
        phone, page = enrol(login("sanjiang"), clock)
        codes = re.findall(r"<code>([a-z2-7-]{29})</code>", page.text)
        written = "".join(str((entry.changes, entry.facts)) for entry in session.scalars(select(AuditEntry)))
        assert not any(each in written for each in (phone.secret, phone.code(-1), *codes))


class TestResetByAnAdmin:
    def test_takes_it_away_and_ends_his_sessions(self, login, half_in, phone, school, session):
        inside = half_in()
        give(inside, phone.code())
        admin = login("admin")
        page = f"/admin/employee/details/?id={school.sanjiang.id}"
        assert 'action="/admin/secondfactor/"' in admin.get(page).text
        assert admin.submit("/admin/secondfactor/", {"id": school.sanjiang.id}).status_code == 302
        assert 'action="/admin/secondfactor/"' not in admin.get(page).text
        assert not is_in(inside)
        assert is_in(half_in())
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == AuditAction.FACTOR_RESET))
        assert (entry.actor_id, entry.person_id) == (school.admin.id, school.sanjiang.id)

    def test_leads_to_setting_up_another_where_a_role_asks_for_it(self, login, half_in, phone, school, required, clock):
        login("admin").submit("/admin/secondfactor/", {"id": school.sanjiang.id})
        visitor = half_in()
        assert not is_in(visitor)
        new, _page = enrol(visitor, clock)
        assert new.secret != phone.secret
        assert is_in(visitor)

    def test_is_for_those_who_may_end_others_sessions(self, login, phone, school, session):
        for username in ("manager", "baoyu", "auditor"):
            assert login(username).submit("/admin/secondfactor/", {"id": school.sanjiang.id}).status_code == 403
        session.expire_all()
        assert school.sanjiang.has_second_factor

    def test_reaches_as_far_as_the_permission_does(self, login, phone, school, session):
        role = school.roles["manager"]
        role.permission_codes = [*role.permission_codes, "session.revoke"]
        for scope, department, answer in ((RowScope.DEPARTMENT, 1007, 404), (RowScope.OWN, 1001, 404),
                                          (RowScope.DEPARTMENT, 1001, 302)):
            role.scope, school.manager.department_code = scope, department
            session.commit()
            asked = login("manager").submit("/admin/secondfactor/", {"id": school.sanjiang.id})
            assert asked.status_code == answer, scope
        session.expire_all()
        assert not school.sanjiang.has_second_factor

    def test_is_not_for_someone_who_may_less_than_he_does(self, login, session, school, clock):
        phones.set_up(session, school.admin, clock)
        role = school.roles["manager"]
        role.permission_codes = [*role.permission_codes, "session.revoke"]
        assert login("manager").submit("/admin/secondfactor/", {"id": school.admin.id}).status_code == 403
        session.expire_all()
        assert school.admin.has_second_factor

    def test_is_no_way_around_the_own_page(self, login, session, school, clock, half_in):
        phone = phones.set_up(session, school.admin, clock)
        admin = half_in("admin")
        give(admin, phone.code())
        refused = admin.submit("/admin/secondfactor/", {"id": school.admin.id}, headers=JSON)
        assert refused.status_code == 409
        assert not is_in(half_in("admin"))

    def test_of_someone_who_has_none_or_is_not_there_changes_nothing(self, login, school):
        admin = login("admin")
        assert admin.submit("/admin/secondfactor/", {"id": school.baoyu.id}, headers=JSON).status_code == 409
        assert admin.submit("/admin/secondfactor/", {"id": 999_999}).status_code == 404
        assert admin.submit("/admin/secondfactor/", {"id": "x"}).status_code == 400
