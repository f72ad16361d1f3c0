"""The school's switch for the contacts of public customers: what each position shows, on every screen."""

from __future__ import annotations

import datetime as dt
import html
import re

import pytest

from app.models import Distribution, FollowUp
from app.permissions import Permission
from app.services import school_settings
from app.services.school_settings import SchoolSettings

QQ, MOBILE, WECHAT = "309914417", "13900001234", "longtai_2018"
SECRETS = (QQ, MOBILE, WECHAT, "139 0000 1234")
NOTE = f"QQ{QQ},加了微信 {WECHAT},电话139 0000 1234"


@pytest.fixture
def masking(session):
    """`masking(False)` lets everyone who sees the pool see the contacts of those in it."""
    def switch(on: bool) -> None:
        school_settings.save(session, SchoolSettings(mask_contacts=on))
        session.commit()

    return switch


@pytest.fixture
def fallen(make_customer, make_follow_up, session, school, clock):
    """三江's customer, fallen today, with contacts wherever they can stand."""
    start = clock.today() - dt.timedelta(days=4)
    customer = make_customer("龙泰", holder=school.sanjiang, on=start, qq=QQ, mobile=MOBILE, wechat=WECHAT,
                             company=NOTE)
    make_follow_up(customer, NOTE, on=start)
    holding(session, customer).memo = NOTE
    session.commit()
    return customer


@pytest.fixture
def held(make_customer, make_follow_up, session, school):
    """大傻's customer, held."""
    customer = make_customer("在跟", holder=school.dasha, qq="8866123", mobile="13811112222", wechat="zaigen_88",
                             company="电话13811112222")
    make_follow_up(customer, "电话13811112222")
    holding(session, customer).memo = "电话13811112222"
    session.commit()
    return customer


def holding(session, customer):
    return session.query(Distribution).filter_by(customer_id=customer.id).one()


def pages_of(customer, session) -> dict[str, list[str]]:
    """Where a fallen customer's contacts could stand, by who gets there."""
    row = holding(session, customer)
    records = f"/admin/followup/?customer={customer.id}"
    return {
        "baoyu": ["/admin/publicpool/", f"/admin/publicpool/details/?id={customer.id}",
                  f"/admin/publicpool/tries/?id={customer.id}", records],
        "sanjiang": [f"/admin/mycustomers/details/?id={row.id}", f"/admin/distribution/details/?id={row.id}", records],
        "auditor": ["/admin/publicpool/", f"/admin/publicpool/details/?id={customer.id}",
                    f"/admin/publicpool/tries/?id={customer.id}", records, "/admin/customer/",
                    f"/admin/customer/details/?id={customer.id}", "/admin/distribution/",
                    f"/admin/distribution/details/?id={row.id}"],
    }


def leaks(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in html.unescape(text)]


class TestOn:
    def test_nothing_shows_anywhere(self, login, fallen, masking, session):
        masking(True)
        for who, paths in pages_of(fallen, session).items():
            browser = login(who)
            for path in paths:
                page = browser.get(path)
                assert page.status_code == 200, (who, path)
                assert "龙泰" in page.text, (who, path)
                assert leaks(page.text) == [], (who, path)

    @pytest.mark.parametrize("part", ["3099", QQ, MOBILE, "longtai", "龙泰 3099"])
    def test_no_search_learns_anything(self, login, fallen, part):
        assert "data-customer-id" not in login("baoyu").get("/admin/publicpool/", query_string={"q": part}).text
        assert "customer/details" not in login("auditor").get("/admin/customer/", query_string={"search": part}).text


class TestNoOracle:
    """Whoever sees a customer but not his contacts learns nothing of them, whatever he asks."""

    @pytest.mark.parametrize("who", ["baoyu", "sanjiang", "auditor"])
    def test_no_page_there_is_shows_a_digit_of_them(self, app, login, fallen, make_follow_up, session, school, who):
        school.roles["auditor"].permission_codes = [permission.value for permission in Permission if permission not in (
            Permission.CUSTOMER_CONTACTS, Permission.JOBS_READ)]
        session.commit()
        ids = {fallen.id, holding(session, fallen).id, session.query(FollowUp).one().id}
        browser, reached = login(who), 0
        for rule in app.url_map.iter_rules():
            if "GET" not in rule.methods or not rule.rule.startswith("/admin/") or "static" in rule.rule:
                continue
            path = rule.rule.replace("<export_type>", "csv")
            for each in ids if "/details/" in path or "/edit/" in path or "/tries/" in path else {fallen.id}:
                page = browser.get(path, query_string={"id": each, "url": "/admin/"})
                reached += page.status_code == 200
                assert leaks(page.text) == [], (path, each)
                assert not any(part in page.text for part in (QQ[:4], QQ[-4:], MOBILE[-4:], "longtai")), (path, each)
        assert reached >= 10

    @pytest.mark.fuzz
    def test_two_hundred_searches_learn_nothing(self, login, fallen, make_customer, school, clock):
        make_customer("李四", holder=school.sanjiang, on=clock.today() - dt.timedelta(days=4), wechat="someone_else")
        parts = [secret[start:end] for secret in (QQ, MOBILE, WECHAT)
                 for start in range(len(secret)) for end in range(start + 1, len(secret) + 1)
                 if secret[start:end] != "_"]  # which stands for any sign
        parts = [*parts, *(f"^{part}" for part in parts[:9]), *(f"={part}" for part in (QQ, MOBILE, WECHAT)),
                 "%1%", "\\", "' OR 1=1 --"]
        asked = [(login("baoyu"), "/admin/publicpool/", "q"), (login("auditor"), "/admin/customer/", "search"),
                 (login("auditor"), "/admin/followup/", "search"), (login("auditor"), "/admin/distribution/", "search")]
        assert len(parts) >= 200
        for number, part in enumerate(parts):
            browser, path, name = asked[number % len(asked)]
            page = browser.get(path, query_string={name: part})
            assert page.status_code == 200, (path, part)
            assert "龙泰" not in page.text, (path, part)
            assert "李四" not in page.text, (path, part)

    @pytest.mark.parametrize("sort", range(9))
    def test_no_order_tells_whose_number_is_smaller(self, login, make_customer, sort):
        for digit in (3, 1, 2):
            make_customer("同名", qq=f"{digit}0000000", mobile=f"1381234567{digit}")
        browser = login("auditor")
        orders = []
        for desc in ({}, {"desc": 1}):
            page = browser.get("/admin/customer/", query_string={"sort": sort, **desc}).text
            orders.append([int(found) for found in re.findall(r'<tr data-href="[^"]*id=(\d+)', page)])
        assert len(orders[0]) == 3
        assert all(order in (sorted(order), sorted(order, reverse=True)) for order in orders)


class TestOff:
    def test_whoever_sees_the_pool_sees_them_on_every_screen(self, login, fallen, masking, session):
        masking(False)
        for who, paths in pages_of(fallen, session).items():
            browser = login(who)
            for path in paths:
                page = browser.get(path)
                assert page.status_code == 200, (who, path)
                assert leaks(page.text) != [], (who, path)

    @pytest.mark.parametrize("part", ["3099", QQ, MOBILE, "longtai"])
    def test_they_can_be_searched(self, login, fallen, masking, part):
        masking(False)
        assert "data-customer-id" in login("baoyu").get("/admin/publicpool/", query_string={"q": part}).text
        assert "customer/details" in login("auditor").get("/admin/customer/", query_string={"search": part}).text

    def test_those_of_others_customers_stay_hidden_and_unsearchable(self, login, held, fallen, masking):
        masking(False)
        auditor = login("auditor")
        for path in ("/admin/customer/", f"/admin/customer/details/?id={held.id}", "/admin/distribution/",
                     "/admin/followup/"):
            text = auditor.get(path).text
            assert "在跟" in text, path
            assert not [secret for secret in ("8866123", "13811112222", "zaigen") if secret in text], path
        for part in ("8866", "13811112222", "zaigen"):
            assert "customer/details" not in auditor.get("/admin/customer/", query_string={"search": part}).text
        assert login("baoyu").get(f"/admin/customer/details/?id={held.id}").status_code == 404

    def test_a_past_customer_whom_someone_else_holds_stays_masked(self, login, fallen, masking, floor, school,
                                                                  session):
        row = holding(session, fallen)
        floor.claim(fallen, by=school.baoyu)
        masking(False)
        text = login("sanjiang").get(f"/admin/mycustomers/details/?id={row.id}").text
        assert "龙泰" in text
        assert leaks(text) == []

    def test_an_export_shows_those_in_the_pool_and_no_others(self, login, session, school, held, fallen, masking):
        school.roles["auditor"].permission_codes = [*school.roles["auditor"].permission_codes, "customer.export",
                                                    "followup.export", "distribution.export"]
        session.commit()
        auditor, paths = login("auditor"), [f"/admin/{table}/export/csv/"
                                            for table in ("customer", "followup", "distribution")]
        for path in paths:
            assert leaks(auditor.get(path).get_data(as_text=True)) == [], path
        masking(False)
        for path in paths:
            text = auditor.get(path).get_data(as_text=True)
            assert leaks(text) != [], path
            assert not [secret for secret in ("8866123", "13811112222", "zaigen") if secret in text], path

    def test_the_form_shows_and_takes_them_only_while_they_are_seen(self, login, session, school, fallen, masking):
        school.roles["auditor"].permission_codes = [*school.roles["auditor"].permission_codes, "customer.edit"]
        session.commit()
        auditor, path = login("auditor"), f"/admin/customer/edit/?id={fallen.id}"
        assert 'name="mobile"' not in auditor.get(path).text
        masking(False)
        assert f'value="{MOBILE}"' in auditor.get(path).text

    def test_whoever_has_no_pool_sees_no_more(self, login, session, school, fallen, masking):
        school.roles["tutor"].permission_codes = [*school.roles["tutor"].permission_codes, "followup.read"]
        session.commit()
        masking(False)
        assert leaks(login("tutor").get(f"/admin/followup/?customer={fallen.id}").text) == []

    def test_and_on_again_it_hides_them_at_once(self, login, fallen, masking):
        browser = login("baoyu")
        masking(False)
        assert QQ in browser.get("/admin/publicpool/").text
        masking(True)
        assert QQ not in browser.get("/admin/publicpool/").text
