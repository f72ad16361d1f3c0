"""Which classes a home shows: of more than it has room for, those that begin nearest to today."""

from __future__ import annotations

import datetime as dt

import pytest

from app.models import CourseClass
from app.services import class_dates
from tests.support.databases import on_both_databases

pytestmark = on_both_databases


@pytest.fixture
def classes(session, school, clock):
    """A class each week from forty weeks ago to forty weeks ahead; each graduates after twenty."""
    today = clock.today()
    session.add_all([
        CourseClass(campus=school.beijing, course=school.python, semester=week + 41, price=1, capacity=30,
                    start_date=today + dt.timedelta(weeks=week), graduate_date=today + dt.timedelta(weeks=week + 20),
                    teachers=[school.teacher], tutor=school.tutor)
        for week in range(-40, 41)])
    session.commit()


def weeks(found: list[CourseClass], today: dt.date) -> list[int]:
    return [(each.start_date - today).days // 7 for each in found]


def test_those_that_run_and_those_to_come_are_both_there(session, classes, clock):
    found = weeks(class_dates.running_or_coming(session, today=clock.today()), clock.today())
    assert len(found) == class_dates.MOST
    assert found == sorted(found, reverse=True)
    assert set(range(-9, 10)) <= set(found)


@pytest.mark.parametrize("person", ["tutor", "teacher"])
def test_ones_own_are_not_all_there_ever_were(session, school, classes, clock, person):
    found = class_dates.of_employee(session, getattr(school, person).id, today=clock.today())
    assert len(found) == class_dates.MOST
    assert {0, 1, -1} <= set(weeks(found, clock.today()))


def test_what_is_over_is_shown_where_nothing_runs(session, school, classes, clock):
    later = clock.today() + dt.timedelta(weeks=100)
    assert class_dates.running_or_coming(session, today=later) == []
    assert weeks(class_dates.of_employee(session, school.tutor.id, today=later), clock.today())[0] == 40
