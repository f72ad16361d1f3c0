"""Entering, referring, courses and deleting customers."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from app.errors import ConflictError, DomainError, NotFoundError
from app.models import Customer
from app.services import customers
from tests.support.databases import on_both_databases

pytestmark = on_both_databases


class TestAReferrer:
    def test_has_enrolled(self, make_customer, floor, school):
        referrer = make_customer(holder=school.sanjiang)
        customer = make_customer()
        with pytest.raises(DomainError) as refused:
            customers.check_referrer(customer, referrer)
        assert refused.value.field == "referral_from"
        floor.enrol(referrer)
        customers.check_referrer(customer, referrer)

    def test_is_never_the_customer_himself(self, make_customer, floor, school):
        customer = make_customer(holder=school.sanjiang)
        floor.enrol(customer)
        with pytest.raises(DomainError):
            customers.check_referrer(customer, customer)

    def test_stays_when_his_own_enrolment_was_undone_later(self, session, make_customer, floor, school):
        referrer = make_customer(holder=school.sanjiang)
        floor.enrol(referrer)
        customer = make_customer(referral_from=referrer)
        floor.undo(referrer)
        customers.check_referrer(customer, referrer)

    def test_may_be_nobody(self, make_customer):
        customers.check_referrer(make_customer(), None)


class TestAConsultedCourse:
    @pytest.fixture
    def cancel(self, session, clock):
        def one_click(customer_id, course, by):
            removed = customers.cancel_course(session, customer_id, course.id, by=by, today=clock.today())
            session.commit()
            return removed

        return one_click

    def test_is_removed_with_one_click(self, cancel, make_customer, school):
        customer = make_customer(holder=school.sanjiang, courses=[school.python, school.linux])
        assert cancel(customer.id, school.python, by=school.sanjiang) is school.python
        assert customer.courses == [school.linux]

    def test_is_not_removed_twice(self, cancel, make_customer, school):
        customer = make_customer(holder=school.sanjiang, courses=[school.linux])
        with pytest.raises(ConflictError):
            cancel(customer.id, school.python, by=school.sanjiang)

    def test_is_removed_by_his_consultant_only(self, session, cancel, make_customer, school, clock):
        customer = make_customer(holder=school.sanjiang, courses=[school.python])
        with pytest.raises(ConflictError):
            cancel(customer.id, school.python, by=school.baoyu)
        session.rollback()
        clock.advance(days=4)
        with pytest.raises(ConflictError):
            cancel(customer.id, school.python, by=school.sanjiang)
        session.rollback()
        assert customer.courses == [school.python]

    def test_of_nobody_is_not_found(self, cancel, school):
        with pytest.raises(NotFoundError):
            cancel(10**9, school.python, by=school.sanjiang)


class TestDeletion:
    def test_of_a_lead_entered_by_mistake(self, session, make_customer, school):
        lead = make_customer(courses=[school.python])
        customers.delete(session, lead.id)
        session.commit()
        assert session.scalar(select(func.count()).select_from(Customer)) == 0

    def test_is_refused_if_someone_held_him(self, session, make_customer, floor, school):
        held = make_customer(holder=school.sanjiang)
        floor.release(held)
        with pytest.raises(ConflictError):
            customers.delete(session, held.id)

    def test_is_refused_if_he_referred_others(self, session, make_customer, school):
        lead = make_customer()
        make_customer(referral_from=lead)
        with pytest.raises(ConflictError):
            customers.delete(session, lead.id)

    def test_of_nobody_is_not_found(self, session):
        with pytest.raises(NotFoundError):
            customers.delete(session, 10**9)
