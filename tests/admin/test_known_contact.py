"""The look-up of contacts and the refusal of known ones, through HTTP."""

from __future__ import annotations

import html

import pytest

from app.admin import known_contact
from app.models import AuditAction, AuditEntry, Customer

PATH, JSON = "/admin/knowncontact/", {"Accept": "application/json"}
MOBILE = "13812345678"


@pytest.fixture
def known(make_customer, school):
    """大傻's customer, whom nobody else sees."""
    return make_customer("秘密客户", holder=school.dasha, mobile=MOBILE, company="秘密公司")


def lead(**contacts: str) -> dict[str, object]:
    return {"name": "新客户", "source": 1, "work_status": 1, **contacts}


class TestTheScreen:
    def test_answers_in_words_whom_to_ask_and_nothing_of_the_customer(self, login, known):
        page = login("baoyu").submit(PATH, {"contact": "+86 138 1234 5678"})
        assert page.status_code == 200
        assert 'data-known="yes"' in page.text
        assert "大傻" in page.text
        assert "秘密" not in page.text
        assert f"id={known.id}" not in page.text

    def test_says_no_to_what_is_nobodys_and_to_a_part(self, login, known):
        browser = login("baoyu")
        for contact in ("13900000000", MOBILE[:-1], MOBILE[1:]):
            page = browser.submit(PATH, {"contact": contact}).text
            assert 'data-known="no"' in page
            assert "大傻" not in page

    def test_answers_programs_with_json(self, login, known):
        browser = login("baoyu")
        assert browser.submit(PATH, {"contact": MOBILE}, headers=JSON).json == {"known": True, "ask": ["大傻"]}
        assert browser.submit(PATH, {"contact": "13900000000"}, headers=JSON).json == {"known": False, "ask": []}

    def test_answers_alike_whichever_of_the_three_it_is(self, login, make_customer, school):
        make_customer(holder=school.dasha, qq="10000001", mobile="13811112222", wechat="wx_canary")
        browser = login("baoyu")
        answers = {browser.submit(PATH, {"contact": contact}, headers=JSON).get_data()
                   for contact in ("10000001", "13811112222", "wx_canary")}
        assert len(answers) == 1

    @pytest.mark.parametrize("contact", ["", "   ", "1234", "9" * 65])
    def test_refuses_what_cannot_be_a_contact(self, login, contact):
        browser = login("baoyu")
        page = browser.submit(PATH, {"contact": contact})
        assert page.status_code == 422
        assert 'id="contact-errors"' in page.text
        assert browser.submit(PATH, {"contact": contact}, headers=JSON).json["error"]

    def test_tells_nothing_to_an_address(self, login, known):
        page = login("baoyu").get(PATH, query_string={"contact": MOBILE})
        assert page.status_code == 200
        assert "data-known" not in page.text
        assert f'value="{MOBILE}"' not in page.text

    def test_takes_no_question_without_a_token(self, login, known):
        assert login("baoyu").post(PATH, data={"contact": MOBILE}).status_code == 400

    @pytest.mark.parametrize(("who", "status"), [("sanjiang", 200), ("manager", 200), ("auditor", 200),
                                                 ("tutor", 403), ("teacher", 403), ("finance", 403)])
    def test_is_for_those_who_may(self, login, known, who, status):
        browser = login(who)
        assert browser.get(PATH).status_code == status
        assert browser.submit(PATH, {"contact": MOBILE}).status_code == status
        assert (f'href="{PATH}"' in browser.get("/admin/").text) is (status == 200)

    def test_costs_the_same_queries_whatever_the_answer(self, login, known, count_queries):
        browser = login("baoyu")
        browser.submit(PATH, {"contact": MOBILE}, headers=JSON)
        costs = set()
        for contact in (MOBILE, "13900000000"):
            with count_queries() as queries:
                browser.submit(PATH, {"contact": contact}, headers=JSON)
            costs.add(queries.count)
        assert len(costs) == 1


class TestTheLimit:
    def test_is_thirty_an_hour_for_each_person(self, login, known):
        browser = login("baoyu")
        answers = [browser.submit(PATH, {"contact": MOBILE}, headers=JSON) for _ in range(31)]
        assert [answer.status_code for answer in answers] == [200] * 30 + [429]
        assert int(answers[-1].headers["Retry-After"]) > 0
        assert answers[-1].json["error"]
        assert login("sanjiang").submit(PATH, {"contact": MOBILE}, headers=JSON).status_code == 200

    def test_does_not_count_what_was_not_looked_up(self, login, known):
        browser = login("baoyu")
        assert {browser.submit(PATH, {"contact": "123"}).status_code for _ in range(31)} == {422}
        assert browser.submit(PATH, {"contact": MOBILE}).status_code == 200

    def test_counts_leads_refused_as_known_too(self, login, known, session):
        browser = login("baoyu")
        answers = [browser.submit("/admin/customer/new/", lead(mobile=MOBILE)) for _ in range(31)]
        assert {answer.status_code for answer in answers} == {422}
        assert 'id="mobile-errors"' in answers[29].text
        assert 'id="mobile-errors"' not in answers[30].text
        assert session.query(Customer).count() == 1
        assert browser.submit(PATH, {"contact": MOBILE}).status_code == 429


class TestEnteringContacts:
    """A contact that is taken in was not known: that is an answer too."""

    def tried(self, browser, number: int, make, address: str = "/admin/customer/new/") -> list[int]:
        return [browser.submit(address, make(each)).status_code for each in range(number)]

    def test_is_for_a_hundred_and_twenty_an_hour_whether_known_or_not(self, login, session):
        browser = login("baoyu")
        assert self.tried(browser, 61, lambda n: lead(qq=f"{10_000_000 + n}", mobile=f"{13_900_000_000 + n}")) == [
            *[302] * 60, 422]
        assert session.query(Customer).count() == 60
        assert "分钟后" in browser.submit("/admin/customer/new/", lead(qq="88888888")).text
        assert browser.submit(PATH, {"contact": MOBILE}).status_code == 200
        assert login("sanjiang").submit("/admin/customer/new/", lead(qq="88888888")).status_code == 302

    @pytest.fixture
    def only_four(self, monkeypatch):
        monkeypatch.setattr(known_contact, "ENTRY_RATE", "4 per hour")

    def test_counts_where_another_field_is_refused_too(self, login, known, only_four):
        browser = login("baoyu")
        refused = self.tried(browser, 4, lambda n: lead(qq=f"{10_000_000 + n}") | {"name": "电话13900001111"})
        assert set(refused) == {422}
        assert 'id="name-errors"' not in browser.submit(
            "/admin/customer/new/", lead(qq="88888888") | {"name": "电话13900001111"}).text

    def test_counts_when_a_customer_is_edited_what_changes_and_not_what_stays(
            self, login, make_customer, school, only_four):
        mine = make_customer("我的", holder=school.baoyu, qq="10000001")
        browser, address = login("baoyu"), f"/admin/customer/edit/?id={mine.id}"
        assert set(self.tried(browser, 5, lambda n: lead(qq="1000 0001", company=f"第{n}家"), address)) == {302}
        assert self.tried(browser, 5, lambda n: lead(qq="10000001", mobile=f"{13_900_000_000 + n}"), address) == [
            *[302] * 4, 422]


class TestTheAuditLog:
    def test_holds_who_asked_and_whether_it_was_known_but_not_the_contact(self, login, known, session, school):
        browser = login("baoyu")
        browser.submit(PATH, {"contact": MOBILE})
        browser.submit(PATH, {"contact": "13900000000"})
        browser.submit("/admin/customer/new/", lead(wechat=MOBILE))
        entries = session.query(AuditEntry).filter_by(action=AuditAction.LOOKED_UP).order_by(AuditEntry.id).all()
        assert [(entry.actor_id, entry.facts) for entry in entries] == [
            (school.baoyu.id, {"known": True}), (school.baoyu.id, {"known": False}),
            (school.baoyu.id, {"known": True, "what": "entry"})]
        assert {(entry.row_id, entry.person_id, entry.changes, entry.sealed) for entry in entries} == {
            (None, None, None, None)}


class TestALeadWhoIsKnown:
    @pytest.mark.parametrize("field", ["qq", "mobile", "wechat"])
    def test_is_refused_in_whichever_field_and_told_where_to_ask(self, login, known, session, field):
        page = login("baoyu").submit("/admin/customer/new/", lead(**{field: "+86 138-1234-5678"}))
        assert page.status_code == 422
        assert f'id="{field}-errors"' in page.text
        assert f'href="{PATH}"' in page.text
        assert "秘密" not in page.text
        assert session.query(Customer).count() == 1

    def test_is_refused_to_those_who_may_not_ask_without_pointing_there(self, login, known, session, school):
        codes = school.roles["consultant"].permission_codes
        school.roles["consultant"].permission_codes = [code for code in codes if code != "knowncontact.read"]
        session.commit()
        page = login("baoyu").submit("/admin/customer/new/", lead(mobile=MOBILE))
        assert page.status_code == 422
        assert PATH not in html.unescape(page.text)

    def test_is_refused_when_another_is_changed_into_him(self, login, known, make_customer, school, session):
        mine = make_customer("我的", holder=school.baoyu, qq="10000001")
        page = login("baoyu").submit(f"/admin/customer/edit/?id={mine.id}", lead(qq="10000001", wechat=MOBILE))
        assert page.status_code == 422
        assert 'id="wechat-errors"' in page.text
        session.refresh(mine)
        assert mine.wechat is None
