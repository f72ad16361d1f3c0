"""Who tried what with a customer."""

from __future__ import annotations

import datetime as dt

import pytest

from app.models.choices import DistributionStatus
from app.services import tries
from app.services.text import gist

_, WON, NO_FOLLOW_UP, NO_DEAL, RELEASED, TRANSFERRED, _MERGED = DistributionStatus


@pytest.fixture
def told(session, clock):
    """Each hand of a customer, newest first: whose, how many days, how it ended, how much was tried, the last words."""
    def tell(customer, most: int = 5):
        found = tries.of(session, customer, today=clock.today(), most=most)
        return [(each.holding.consultant.name, each.days(clock.today()), each.ended_as, each.follow_ups,
                 each.last.note if each.last else None) for each in found.shown], found.earlier

    return tell


@pytest.fixture
def passed_on(make_customer, make_follow_up, floor, school, clock):
    """From 三江, who called twice, to 暴雨, who never did, to 大傻, who gave him up the same day."""
    customer = make_customer("龙泰", holder=school.sanjiang)
    make_follow_up(customer, "没人接")
    make_follow_up(customer, "下周再打")
    clock.advance(days=4)
    floor.claim(customer, by=school.baoyu)
    clock.advance(days=4)
    floor.claim(customer, by=school.dasha)
    make_follow_up(customer, "太贵了")
    floor.release(customer)
    return customer


def test_every_hand_is_told_of_with_what_was_said_last(told, passed_on):
    assert told(passed_on) == ([("大傻", 0, RELEASED, 1, "太贵了"), ("暴雨", 4, NO_FOLLOW_UP, 0, None),
                                ("三江", 4, NO_FOLLOW_UP, 2, "下周再打")], 0)


def test_of_many_hands_the_last_are_told_of_and_the_others_counted(told, passed_on):
    shown, earlier = told(passed_on, most=2)
    assert [name for name, *_rest in shown] == ["大傻", "暴雨"]
    assert earlier == 1


def test_before_the_night_has_run_the_last_hand_is_shown_as_it_will_close_it(told, make_customer, school, clock):
    customer = make_customer(holder=school.sanjiang, on=clock.today() - dt.timedelta(days=9))
    assert told(customer) == ([("三江", 4, NO_FOLLOW_UP, 0, None)], 0)


def test_on_a_day_with_two_hands_a_follow_up_is_its_authors(told, make_customer, make_follow_up, floor, school):
    customer = make_customer(holder=school.sanjiang)
    make_follow_up(customer, "三江说的")
    floor.assign(customer, to=school.baoyu)
    make_follow_up(customer, "暴雨说的")
    floor.follow_up(customer, by=school.manager, note="主管说的", for_any_consultant=True)
    floor.release(customer)
    assert told(customer) == ([("暴雨", 0, RELEASED, 2, "主管说的"), ("三江", 0, TRANSFERRED, 1, "三江说的")], 0)


def test_of_a_lead_nobody_has_held_there_is_nothing_to_tell(told, make_customer):
    assert told(make_customer()) == ([], 0)


def test_the_last_words_of_many_are_one_query(session, passed_on, make_customer, make_follow_up, school, count_queries):
    others = [make_customer(holder=school.sanjiang) for _ in range(5)]
    for each in others:
        make_follow_up(each, "先加微信")
    ids = [passed_on.id, *(each.id for each in others)]
    session.expire_all()
    with count_queries() as queries:
        found = tries.last_words(session, ids)
        said = {number: (record.note, record.consultant.name) for number, record in found.items()}
    assert queries.count == 1
    assert said[passed_on.id] == ("太贵了", "大傻")
    assert len(said) == 6


@pytest.mark.parametrize(("text", "line"), [
    ("没人接", "没人接"), ("一行\n  二行", "一行 二行"), ("一二三四五六", "一二三四…"), ("", "")])
def test_a_gist_is_one_line_of_a_length(text, line):
    assert gist(text, 5) == line
