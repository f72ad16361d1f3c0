"""How one likes the screens: the language, and light or dark."""

from __future__ import annotations

import re

import pytest

from app.models.choices import Theme
from tests.support.client import token_in

SYSTEM, DARK, LIGHT = "(prefers-color-scheme: dark)", "screen", None


def looks(page: str) -> tuple[str, str | None]:
    """What the page says of itself, and when its dark colours count."""
    (theme,) = re.findall(r'<html lang="[^"]+" data-theme="([a-z]+)">', page)
    link = re.search(r'tokens-dark\.css[^"]*" media="([^"]+)"', page)
    return theme, link and link[1].removeprefix("screen and ")


def send(browser, path: str, **fields: str):
    """A form with the token of the page this browser is on; logging in and out gives it another."""
    page = browser.get("/admin/", follow_redirects=True).text
    return browser.post(path, data={**fields, "csrf_token": token_in(page)})


class TestLightOrDark:
    def test_is_as_the_device_has_it_until_someone_chooses(self, client, login):
        assert looks(client.get("/login").text) == ("system", SYSTEM)
        assert looks(login("sanjiang").get("/admin/").text) == ("system", SYSTEM)

    @pytest.mark.parametrize(("chosen", "dark"), [("dark", DARK), ("light", LIGHT), ("system", SYSTEM)])
    def test_is_remembered_of_a_person_wherever_he_logs_in(self, login, school, session, chosen, dark):
        school.sanjiang.theme = Theme.DARK if chosen != "dark" else None
        session.commit()
        assert login("sanjiang").submit("/theme", {"theme": chosen, "next": "/account/"}).location == "/account/"
        for path in ("/admin/", "/account/", "/nothing"):
            assert looks(login("sanjiang").get(path).text) == (chosen, dark)
        assert looks(login("baoyu").get("/admin/").text) == ("system", SYSTEM)

    def test_is_remembered_of_a_browser_before_and_after_a_login(self, client, school):
        send(client, "/theme", theme="dark")
        assert looks(client.get("/login").text) == ("dark", DARK)
        client.login("sanjiang")
        assert looks(client.get("/admin/").text) == ("dark", DARK)
        send(client, "/logout")
        assert looks(client.get("/login").text) == ("dark", DARK)

    @pytest.mark.parametrize("wrong", ["", "pink", "Dark", "dark;", "\0"])
    def test_is_one_of_three(self, login, wrong):
        assert login("sanjiang").submit("/theme", {"theme": wrong}).status_code == 400

    def test_can_be_chosen_while_looking_as_a_role(self, login, school):
        admin = login("admin")
        admin.submit("/admin/matrix/view-as/", {"role_id": school.roles["tutor"].id})
        assert admin.submit("/theme", {"theme": "dark"}).status_code == 302
        assert looks(admin.get("/admin/").text) == ("dark", DARK)


class TestTwoPeopleAtOneBrowser:
    @pytest.mark.parametrize(("name", "hers", "his", "sign"), [
        ("locale", "zh_Hant_TW", "en", '<html lang="zh-Hant"'), ("theme", "light", "dark", 'data-theme="light"')])
    def test_each_find_what_they_chose(self, client, school, name, hers, his, sign):
        client.login("baoyu")
        send(client, f"/{name}", **{name: hers})
        send(client, "/logout")
        client.login("sanjiang")
        send(client, f"/{name}", **{name: his})
        assert sign not in client.get("/admin/").text
        send(client, "/logout")
        client.login("baoyu")
        assert sign in client.get("/admin/").text
