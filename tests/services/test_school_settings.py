"""The school's settings: what holds until it decides, what may be decided, and when it counts."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from app.errors import DomainError
from app.models import Setting
from app.models.choices import AssignmentStrategy
from app.services import school_settings
from app.services.school_settings import BOUNDS, SchoolSettings
from tests.support.databases import on_both_databases

pytestmark = on_both_databases

NUMBERS = sorted(BOUNDS)


class TestTheSettings:
    def test_are_the_defaults_until_the_school_decides(self, session):
        assert school_settings.load(session) == SchoolSettings()

    def test_come_back_as_they_were_saved(self, session):
        decided = SchoolSettings(mask_contacts=False, session_idle_minutes=5, session_hours=168, shortest_password=15,
                                 lead_retention_months=24, leaver_retention_months=240, session_retention_days=1,
                                 assignment_strategy=AssignmentStrategy.FEWEST_OPEN)
        school_settings.save(session, decided)
        session.commit()
        assert school_settings.load(session) == decided
        assert school_settings.load(session).mask_contacts is False
        assert school_settings.load(session).assignment_strategy is AssignmentStrategy.FEWEST_OPEN

    def test_saved_again_replace_the_old(self, session):
        for minutes in (30, 60):
            school_settings.save(session, SchoolSettings(session_idle_minutes=minutes))
            session.commit()
        assert school_settings.load(session).session_idle_minutes == 60

    def test_leave_other_facts_of_the_installation_alone(self, session):
        session.add_all([Setting(key="demo_as_of", value="2026-03-02"), Setting(key="school.of_old", value="7")])
        school_settings.save(session, SchoolSettings())
        session.commit()
        assert session.get(Setting, "demo_as_of").value == "2026-03-02"
        assert school_settings.load(session) == SchoolSettings()

    def test_are_read_by_one_query(self, session, count_queries):
        school_settings.save(session, SchoolSettings())
        session.commit()
        with count_queries() as queries:
            school_settings.load(session)
        assert queries.count == 1


class TestTheBounds:
    def test_stand_for_every_number_and_hold_for_the_defaults(self):
        numbers = {field.name for field in fields(SchoolSettings) if type(field.default) is int}
        assert numbers == set(BOUNDS)
        for name in NUMBERS:
            school_settings.check(name, getattr(SchoolSettings(), name))

    @pytest.mark.parametrize("name", NUMBERS)
    def test_are_themselves_allowed(self, session, name):
        for number in BOUNDS[name]:
            school_settings.save(session, replace(SchoolSettings(), **{name: number}))

    @pytest.mark.parametrize("name", NUMBERS)
    def test_refuse_what_is_beyond_with_the_field_and_save_nothing(self, session, name):
        least, most = BOUNDS[name]
        for number in (least - 1, most + 1, -(10**9), 10**9):
            with pytest.raises(DomainError) as refused:
                school_settings.save(session, replace(SchoolSettings(), **{name: number}))
            assert refused.value.field == name
        assert session.query(Setting).count() == 0
