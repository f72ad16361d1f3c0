"""Second factors: codes and recovery codes count once, secrets are sealed."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.errors import ConflictError, DomainError
from app.models import Employee, RecoveryCode, SecondFactor
from app.services import second_factor
from app.services.second_factor import Used
from tests.support import phone as phones
from tests.support.databases import SECRET_KEY, on_both_databases

pytestmark = on_both_databases


@pytest.fixture
def phone(session, school, clock):
    return phones.set_up(session, school.sanjiang, clock)


@pytest.fixture
def accept(session, school, clock):
    def give(code, employee=None, secret_key=SECRET_KEY):
        return second_factor.accept(session, employee or school.sanjiang, code, now=clock.now(), secret_key=secret_key)

    return give


class TestCodes:
    def test_a_code_is_that_of_rfc_6238(self, session, school, clock):
        """The first vector of its appendix B, cut to six digits."""
        clock.set(dt.datetime(1970, 1, 1, 0, 0, 59, tzinfo=dt.UTC))
        rfc = SecondFactor(employee_id=school.sanjiang.id, sealed_secret=second_factor._seal(
            "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", school.sanjiang.id, SECRET_KEY))
        assert second_factor._step_of(rfc, "287082", now=clock.now(), secret_key=SECRET_KEY) == 1

    def test_the_code_now_and_those_of_the_neighbouring_steps_count(self, phone, accept, clock):
        for steps in (0, 1):
            assert accept(phone.code(steps)) is Used.CODE
        clock.advance(minutes=5)
        assert accept(phone.code(-1)) is Used.CODE

    def test_older_later_and_other_codes_do_not(self, phone, accept, clock):
        clock.advance(minutes=5)
        for code in (phone.code(-2), phone.code(2), phone.wrong_code(), "", "12345", "１２３４５６７", "abcdef", "é"):
            assert accept(code) is None, code

    def test_it_may_be_typed_with_spaces(self, phone, accept):
        code = phone.code()
        assert accept(f" {code[:3]} {code[3:]} ") is Used.CODE

    def test_each_counts_once(self, phone, accept, clock):
        code = phone.code()
        assert accept(code) is Used.CODE
        assert accept(code) is None
        clock.advance(seconds=30)
        assert accept(code) is None

    def test_after_a_later_one_an_earlier_one_counts_no_more(self, phone, accept, clock):
        clock.advance(minutes=5)
        assert accept(phone.code(1)) is Used.CODE
        assert accept(phone.code(0)) is None

    def test_the_first_one_is_used_up_by_switching_on(self, phone, accept):
        assert accept(phone.code(-1)) is None

    def test_anothers_is_no_good(self, phone, accept, session, school, clock):
        phones.set_up(session, school.baoyu, clock)
        assert accept(phone.code(), school.baoyu) is None
        assert accept(phone.recovery_codes[0], school.baoyu) is None
        assert accept(phone.code(), school.dasha) is None

    @pytest.mark.race
    @pytest.mark.parametrize("kind", ["code", "recovery code"])
    def test_of_twenty_requests_with_one_code_one_is_let_in(self, phone, engine, school, session, clock, kind):
        code = phone.code() if kind == "code" else phone.recovery_codes[0]
        who = school.sanjiang.id
        session.commit()

        def give(_number: int) -> Used | None:
            with Session(engine) as own:
                used = second_factor.accept(own, own.get_one(Employee, who), code, now=clock.now(),
                                            secret_key=SECRET_KEY)
                own.commit()
                return used

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(give, range(20)))
        assert sum(answer is not None for answer in answers) == 1


class TestSwitchingOn:
    def test_it_counts_only_after_a_right_code(self, session, school, clock):
        second_factor.start(session, school.sanjiang, secret_key=SECRET_KEY)
        waiting = second_factor.pending(school.sanjiang, secret_key=SECRET_KEY)
        with pytest.raises(DomainError):
            second_factor.confirm(session, school.sanjiang, "000000", now=clock.now(), secret_key=SECRET_KEY)
        assert not school.sanjiang.has_second_factor
        second_factor.confirm(session, school.sanjiang, pyotp.TOTP(waiting.secret).at(clock.now()), now=clock.now(),
                              secret_key=SECRET_KEY)
        assert school.sanjiang.has_second_factor

    def test_beginning_again_makes_another_secret(self, session, school):
        second_factor.start(session, school.sanjiang, secret_key=SECRET_KEY)
        first = second_factor.pending(school.sanjiang, secret_key=SECRET_KEY)
        second_factor.start(session, school.sanjiang, secret_key=SECRET_KEY)
        assert second_factor.pending(school.sanjiang, secret_key=SECRET_KEY) != first

    def test_one_that_counts_is_neither_shown_nor_replaced(self, session, school, phone):
        assert second_factor.pending(school.sanjiang, secret_key=SECRET_KEY) is None
        with pytest.raises(ConflictError):
            second_factor.start(session, school.sanjiang, secret_key=SECRET_KEY)
        with pytest.raises(ConflictError):
            second_factor.confirm(session, school.sanjiang, phone.code(), now=phone.clock.now(), secret_key=SECRET_KEY)


class TestRecoveryCodes:
    def test_there_are_ten_and_each_counts_once(self, phone, accept):
        assert len(set(phone.recovery_codes)) == 10
        for code in phone.recovery_codes:
            assert accept(code) is Used.RECOVERY_CODE
            assert accept(code) is None

    def test_they_may_be_typed_as_people_do(self, phone, accept):
        assert accept(phone.recovery_codes[0].upper().replace("-", " ")) is Used.RECOVERY_CODE
        assert accept(phone.recovery_codes[1].replace("-", "")) is Used.RECOVERY_CODE

    def test_new_ones_void_the_old(self, phone, accept, session, school):
        new = second_factor.new_recovery_codes(session, school.sanjiang)
        assert second_factor.number_of_recovery_codes(session, school.sanjiang) == 10
        assert accept(phone.recovery_codes[0]) is None
        assert accept(new[0]) is Used.RECOVERY_CODE
        assert second_factor.number_of_recovery_codes(session, school.sanjiang) == 9

    def test_they_have_more_random_bits_than_anyone_guesses_and_are_stored_as_hashes(self, phone, session):
        assert all(len(code.replace("-", "")) == 24 for code in phone.recovery_codes)
        stored = session.scalars(select(RecoveryCode.code_hash)).all()
        assert all(len(each) == 64 for each in stored)

    def test_they_still_count_when_the_secret_cannot_be_read(self, phone, accept):
        with pytest.raises(ConflictError):
            accept(phone.code(), secret_key="another")
        assert accept(phone.recovery_codes[0], secret_key="another") is Used.RECOVERY_CODE


class TestTheSecret:
    def test_it_is_sealed(self, phone, session):
        sealed = session.scalar(text("SELECT sealed_secret FROM second_factor"))
        assert phone.secret.encode() not in bytes(sealed)

    def test_moved_to_another_employee_it_cannot_be_opened(self, phone, accept, session, school, clock):
        other = phones.set_up(session, school.baoyu, clock)
        school.baoyu.second_factor.sealed_secret = school.sanjiang.second_factor.sealed_secret
        session.commit()
        for code in (phone.code(), other.code()):
            with pytest.raises(ConflictError):
                accept(code, school.baoyu)


    def test_one_that_waits_and_cannot_be_read_gives_way_to_another(self, session, school):
        second_factor.start(session, school.sanjiang, secret_key="the key of before")
        assert second_factor.pending(school.sanjiang, secret_key=SECRET_KEY) is None
        second_factor.start(session, school.sanjiang, secret_key=SECRET_KEY)
        assert second_factor.pending(school.sanjiang, secret_key=SECRET_KEY) is not None


class TestTakingItAway:
    def test_one_who_needs_none_may_switch_it_off(self, phone, session, school):
        second_factor.remove(session, school.sanjiang)
        session.commit()
        assert not school.sanjiang.has_second_factor
        assert second_factor.number_of_recovery_codes(session, school.sanjiang) == 0

    def test_one_whose_role_asks_for_it_may_not(self, phone, session, school):
        school.roles["consultant"].requires_second_factor = True
        with pytest.raises(ConflictError):
            second_factor.remove(session, school.sanjiang)

    def test_a_reset_takes_it_away_whatever_his_role_asks(self, phone, session, school, accept):
        school.roles["consultant"].requires_second_factor = True
        second_factor.reset(session, school.sanjiang)
        session.commit()
        assert accept(phone.code()) is None
        assert accept(phone.recovery_codes[0]) is None
