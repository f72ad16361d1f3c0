"""Notices: each thing is told once, to one person, and what he has read he has read."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Notice
from app.models.choices import NoticeKind
from app.services import notices
from app.services.notices import News
from tests.support.databases import on_both_databases


@pytest.fixture
def told(session, clock):
    """Tells people something and commits; how many notices are new."""
    def tell(*news: News) -> int:
        number = notices.give(session, news, now=clock())
        session.commit()
        return number
    return tell


def keys(session, employee_id):
    return list(session.scalars(select(Notice.key).where(Notice.employee_id == employee_id).order_by(Notice.id)))


class TestANotice:
    def test_is_given_once_whatever_is_told_again(self, session, school, told):
        first, second = (News(school.sanjiang.id, NoticeKind.LOST, key) for key in ("lost/1", "lost/2"))
        assert told(first) == 1
        assert told(second, first, first) == 1
        assert keys(session, school.sanjiang.id) == ["lost/1", "lost/2"]

    def test_keeps_the_facts_to_make_a_sentence_of(self, session, school, told, make_customer, clock):
        customer = make_customer(holder=school.sanjiang)
        told(News(school.sanjiang.id, NoticeKind.WARNING, "warning/1", customer.id, {"public_on": "2026-03-06"}))
        (notice,) = session.scalars(select(Notice).where(Notice.kind == NoticeKind.WARNING))
        assert (notice.kind, notice.customer_id, notice.details) == (
            NoticeKind.WARNING, customer.id, {"public_on": "2026-03-06"})
        assert (notice.created_at, notice.is_read) == (clock(), False)

    def test_of_nothing_is_none(self, session, told):
        assert told() == 0

    def test_is_read_by_whom_it_was_for(self, session, school, told, clock):
        told(News(school.sanjiang.id, NoticeKind.LOST, "a"), News(school.baoyu.id, NoticeKind.LOST, "b"))
        assert notices.mark_read(session, school.sanjiang.id, now=clock()) == 1
        assert notices.mark_read(session, school.sanjiang.id, now=clock()) == 0
        assert notices.unread(session, school.sanjiang.id) == 0
        assert notices.unread(session, school.baoyu.id) == 1

    def test_that_came_meanwhile_stays_unread(self, session, school, told, clock):
        told(News(school.sanjiang.id, NoticeKind.LOST, "a"))
        seen = session.scalars(select(Notice.id)).one()
        told(News(school.sanjiang.id, NoticeKind.LOST, "b"))
        notices.mark_read(session, school.sanjiang.id, now=clock(), up_to_id=seen)
        assert notices.unread(session, school.sanjiang.id) == 1

    def test_about_a_customer_is_read_with_him(self, session, school, told, make_customer, clock):
        one, other = make_customer(holder=school.sanjiang), make_customer(holder=school.sanjiang)
        told(*(News(school.sanjiang.id, NoticeKind.WARNING, str(each.id), each.id) for each in (one, other)))
        notices.mark_read(session, school.sanjiang.id, now=clock(), customer_id=one.id)
        assert session.scalars(select(Notice.customer_id).where(
            Notice.read_at.is_(None), Notice.kind == NoticeKind.WARNING)).all() == [other.id]


@pytest.mark.race
@on_both_databases
def test_many_who_tell_the_same_at_once_leave_one_notice_each(engine, session, school, clock):
    """Each begins at another place of the list, so that whoever took it as it comes would wait in a circle."""
    news = [News(school.sanjiang.id, NoticeKind.LOST, f"lost/{number:03}") for number in range(200)]
    session.commit()
    new, together = [], threading.Barrier(6)

    def tell(offset: int) -> None:
        with Session(engine) as own:
            together.wait()
            new.append(notices.give(own, news[offset:] + news[:offset], now=clock()))
            own.commit()

    threads = [threading.Thread(target=tell, args=(number * 30,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(new) == [0, 0, 0, 0, 0, 200]
    assert keys(session, school.sanjiang.id) == [each.key for each in news]
