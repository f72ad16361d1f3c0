"""The screen of the school's settings."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from app.admin.settings import SECTIONS
from app.models import Setting
from app.services import school_settings
from app.services.school_settings import BOUNDS, SchoolSettings
from tests.conftest import make_app
from tests.support.client import Client

PATH = "/admin/settings/"


def form(**changed: object) -> dict[str, object]:
    """The form as a browser sends it: a box that is not ticked is left out."""
    sent = {**asdict(SchoolSettings()), **changed}
    return {name: "y" if value is True else value for name, value in sent.items() if value is not False}


class TestWhoSeesIt:
    @pytest.mark.parametrize(("who", "sees", "saves"), [
        ("admin", 200, 302), ("auditor", 200, 403), ("manager", 403, 403), ("sanjiang", 403, 403),
        ("tutor", 403, 403), ("finance", 403, 403)])
    def test_by_permission(self, login, session, who, sees, saves):
        browser = login(who)
        assert browser.get(PATH).status_code == sees
        assert browser.submit(PATH, form(session_hours=24)).status_code == saves
        assert (school_settings.load(session).session_hours == 24) is (saves == 302)

    def test_who_only_sees_it_has_nothing_to_fill_in_or_press(self, login):
        text = login("auditor").get(PATH).text.split('id="main"')[1]
        assert text.count("disabled") == sum(len(names) for _code, _title, names in SECTIONS)
        assert 'class="btn primary"' not in text


class TestSaving:
    def test_shows_what_holds_and_confirms_what_is_decided(self, login, session):
        admin = login("admin")
        assert 'value="120"' in admin.get(PATH).text
        page = admin.submit(PATH, form(mask_contacts=False, session_idle_minutes=35), follow_redirects=True)
        assert 'class="flash success"' in page.text
        assert 'value="35"' in page.text
        assert school_settings.load(session) == SchoolSettings(mask_contacts=False, session_idle_minutes=35)

    @pytest.mark.parametrize("name", sorted(BOUNDS))
    @pytest.mark.parametrize("wrong", ["least - 1", "most + 1", "", "viele", "1.5", "9" * 5000, "-0x1"])
    def test_refuses_what_is_out_of_bounds_at_its_field(self, login, session, name, wrong):
        least, most = BOUNDS[name]
        value = {"least - 1": least - 1, "most + 1": most + 1}.get(wrong, wrong)
        page = login("admin").submit(PATH, form(**{name: value}))
        assert page.status_code == 422
        assert f'id="{name}-errors"' in page.text
        assert session.query(Setting).count() == 0

    def test_names_every_field_that_is_wrong(self, login, session):
        page = login("admin").submit(PATH, form(session_hours=0, shortest_password=7))
        assert 'id="session_hours-errors"' in page.text
        assert 'id="shortest_password-errors"' in page.text

    def test_takes_no_setting_that_is_not_offered(self, login, session):
        login("admin").submit(PATH, form(follow_up_days=99, demo_as_of="2000-01-01"))
        assert {key for (key,) in session.query(Setting.key)} == {f"school.{name}" for name in asdict(SchoolSettings())}

    def test_takes_nothing_from_an_address(self, login, session):
        assert login("admin").get(PATH, query_string=form(session_hours=24)).status_code == 200
        assert session.query(Setting).count() == 0


def test_counts_from_the_next_request_in_every_process(login, database_url, clock, make_customer, session):
    make_customer("龙泰", qq="309914417")
    there = make_app(database_url, clock).test_client()
    assert isinstance(there, Client)
    there.test_session = session
    there.login("baoyu")
    admin, pool = login("admin"), "/admin/publicpool/"
    assert "309914417" not in there.get(pool).text
    admin.submit(PATH, form(mask_contacts=False))
    assert "309914417" in there.get(pool).text
    admin.submit(PATH, form(mask_contacts=True))
    assert "309914417" not in there.get(pool).text
