"""Is this contact known, and whom to ask: yes or no, and nothing else about the customer."""

from __future__ import annotations

import pytest

from app.errors import DomainError
from app.services import known_contact
from app.services.known_contact import Answer
from tests.support.databases import on_both_databases

pytestmark = on_both_databases

MOBILE = "13812345678"


@pytest.fixture
def ask(session, clock):
    """`ask("138 1234 5678")` gives the answer and the names of those to ask."""
    def look_up(contact: str) -> tuple[bool, list[str]]:
        answer: Answer = known_contact.look_up(session, contact, today=clock.today())
        return answer.known, [name for _id, name in answer.ask]

    return look_up


class TestKnown:
    @pytest.mark.parametrize("field", ["qq", "mobile", "wechat"])
    @pytest.mark.parametrize("written", [MOBILE, "+86 138-1234-5678", "１３８ １２３４ ５６７８", "008613812345678"])
    def test_in_whichever_field_and_however_written(self, make_customer, ask, school, field, written):
        make_customer(holder=school.sanjiang, **{field: MOBILE})
        assert ask(written) == (True, ["三江"])

    @pytest.mark.parametrize("part", ["1381234567", "3812345678", "12345678", "138123456789", "%12345678", "138_____",
                                      "13812345678 13812345678"])
    def test_a_part_of_one_is_not_known(self, make_customer, ask, school, part):
        make_customer(holder=school.sanjiang, mobile=MOBILE)
        assert ask(part) == (False, [])

    def test_nobodys_is_not_known(self, ask, school):
        assert ask(MOBILE) == (False, [])

    @pytest.mark.parametrize("punctuation", ["-----", ".....·", "(((())))"])
    def test_mere_punctuation_is_not_known_for_all_those_without_a_mobile(self, make_customer, ask, punctuation):
        make_customer(qq="8866123")
        assert ask(punctuation) == (False, [])

    @pytest.mark.parametrize("contact", ["", "  ", "1234", "\u3000\u200b1 2 3 4", "1" * 65])
    def test_what_cannot_be_a_contact_is_refused(self, ask, school, contact):
        with pytest.raises(DomainError) as refused:
            ask(contact)
        assert refused.value.field == "contact"


class TestWhomToAsk:
    LEADS = ["主管", "管理员"]

    def test_the_consultant_who_holds_him(self, make_customer, ask, school):
        make_customer(holder=school.baoyu, mobile=MOBILE)
        assert ask(MOBILE) == (True, ["暴雨"])

    def test_the_consultant_he_enrolled_with(self, make_customer, ask, floor, school, clock):
        floor.enrol(make_customer(holder=school.baoyu, mobile=MOBILE))
        clock.advance(days=400)
        assert ask(MOBILE) == (True, ["暴雨"])

    def test_those_who_assign_once_he_is_public_whoever_had_him(self, make_customer, ask, school, clock):
        make_customer(holder=school.baoyu, mobile=MOBILE)
        clock.advance(days=4)
        assert ask(MOBILE) == (True, sorted(self.LEADS))

    def test_those_who_assign_if_nobody_had_him(self, make_customer, ask, school):
        make_customer(mobile=MOBILE)
        assert ask(MOBILE) == (True, sorted(self.LEADS))

    def test_those_who_assign_if_his_consultant_has_left(self, session, make_customer, ask, floor, school):
        floor.enrol(make_customer(holder=school.baoyu, mobile=MOBILE))
        school.baoyu.active = False
        session.commit()
        assert ask(MOBILE) == (True, sorted(self.LEADS))

    def test_of_those_who_assign_nobody_who_has_left(self, session, make_customer, ask, school):
        make_customer(mobile=MOBILE)
        school.manager.active = False
        session.commit()
        assert ask(MOBILE) == (True, ["管理员"])


def test_costs_the_same_queries_whatever_the_answer(make_customer, ask, school, count_queries, clock):
    make_customer(holder=school.sanjiang, mobile=MOBILE)
    make_customer(qq="8866123")
    costs = []
    for contact in (MOBILE, "8866123", "13900000000"):
        with count_queries() as queries:
            ask(contact)
        costs.append(queries.count)
    assert costs == [2, 2, 2]
