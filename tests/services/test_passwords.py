"""Passwords: which may be had, and how they are verified."""

from __future__ import annotations

import unicodedata

import pytest
from argon2 import PasswordHasher

from app.models import Employee
from app.services import passwords

SANJIANG = Employee(name="三江", username="sanjiang", email="s.jiang@school.example")


def refused(password: str, shortest: int = 12, employee: Employee = SANJIANG) -> list[str]:
    """What is objected to, as message ids."""
    return [objection._args[0].split(":")[0].split(" is ")[0] for objection in passwords.objections(
        password, employee, shortest=shortest)]


TOO_SHORT, TOO_LONG = ["The password"], ["The password"]
COMMON, ABOUT = ["Too many people have this password"], ["Too much of this password"]


class TestWhichMayBeHad:
    @pytest.mark.parametrize("password", [
        "correct horse battery staple", "            ! seven spaces", "龙泰欠我三顿火锅和一碗小面还有两瓶酒",
        "🐼🐼🎋🐼🐼🎋🎋🐼🎋🐼🎋🎋",
        "thequickbrownfox", "lowercase only here", "0138 4471 9920 6 apples", "x1" + "y" * 126 + "z",
        "sanjiang likes noodles in the rain"])
    def test_any_signs_and_no_composition(self, password):
        assert refused(password) == []

    def test_at_least_as_long_as_the_school_says(self):
        assert refused("tulip-xgkqw", shortest=12) == TOO_SHORT
        assert refused("tulip-xgkqwz", shortest=12) == []
        assert refused("tulip-xgkqwz", shortest=16) == TOO_SHORT

    def test_length_is_counted_in_signs(self):
        assert refused("龙泰欠我三顿火锅一碗面", shortest=12) == TOO_SHORT
        assert refused("龙泰欠我三顿火锅一碗面呢", shortest=12) == []

    def test_long_ones_are_taken_and_endless_ones_not(self):
        phrase = "".join(f"word{number} " for number in range(200))
        assert refused(phrase[:passwords.LONGEST]) == []
        assert refused(phrase[:passwords.LONGEST] + "!") == TOO_LONG

    @pytest.mark.parametrize("password", [
        "password1234", "PassWord1234", "iloveyou2026!!", "!!qwertyuiop!!", "１２３４５６７８９０１２",
        "passwordpassword", "123456789012", "987654321098", "abcdefghijklm", "zyxwvutsrqpo", "asdfghjklzxcvb",
        "aaaaaaaaaaaa", "abcabcabcabcabc", "administrator"])
    def test_not_what_everyone_tries_first(self, password):
        assert refused(password) == COMMON

    @pytest.mark.parametrize("password", [
        "sanjiang2026", "Sanjiang-2026!", "三江-三江-三江2026", "gonghai-gonghai", "公海公海公海公海公海公海!",
        "GongHai 2026!!", "s.jiang-12345", "sanjiang-password1", "ｓａｎｊｉａｎｇ２０２６！！"])
    def test_not_what_anyone_would_guess_of_him(self, password):
        assert refused(password) == ABOUT

    def test_a_name_of_one_letter_takes_nothing_away(self):
        assert refused("a long password", employee=Employee(name="a", username="boss")) == []

    def test_all_reasons_are_given_at_once(self):
        assert refused("password") == TOO_SHORT + COMMON

    def test_the_list_is_the_common_ones_of_at_least_eight(self):
        common = passwords._common_passwords()
        assert len(common) > 8_000
        assert min(map(len, common)) == 8
        assert {"password", "iloveyou", "1qaz2wsx"} <= common


class TestOneTimePasswords:
    def test_are_random_readable_and_allowed(self):
        made = {passwords.one_time_password() for _ in range(200)}
        assert len(made) == 200
        for password in made:
            assert len(password) == 17
            assert not set(password) & set("0o1il")
            assert refused(password, shortest=12) == []


class TestHashes:
    def test_are_argon2id_and_salted(self):
        one, other = passwords.hash_password("a long password"), passwords.hash_password("a long password")
        assert one.startswith("$argon2id$")
        assert one != other

    def test_are_the_same_however_the_keyboard_composes_a_sign(self):
        composed, decomposed = (unicodedata.normalize(form, "Ünïversität 12") for form in ("NFC", "NFD"))
        assert composed != decomposed
        employee = Employee(password_hash=passwords.hash_password(composed), active=True)
        assert passwords.verify(employee, decomposed)
        assert passwords.verify(employee, "Ünïversität １２")
        assert not passwords.verify(employee, "ünïversität 12")

    def test_are_renewed_when_the_parameters_have_changed(self):
        weak = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)
        employee = Employee(password_hash=weak.hash("a long password"), active=True)
        before = employee.password_hash
        employee.password_hash = passwords.renewed_hash(employee, "a long password")
        assert employee.password_hash != before
        assert passwords.verify(employee, "a long password")
        assert passwords.renewed_hash(employee, "a long password") == employee.password_hash


class TestVerifying:
    def test_are_right_or_wrong(self, school):
        assert passwords.verify(school.sanjiang, "demo-pass-2026")
        assert not passwords.verify(school.sanjiang, "demo-pass-2027")
        assert not passwords.verify(school.sanjiang, "")

    def test_of_the_deactivated_are_wrong(self, school):
        school.sanjiang.active = False
        assert not passwords.verify(school.sanjiang, "demo-pass-2026")

    def test_of_one_without_are_wrong(self, school):
        school.sanjiang.password_hash = None
        assert not passwords.verify(school.sanjiang, "")
        school.sanjiang.password_hash = "not a hash"
        assert not passwords.verify(school.sanjiang, "not a hash")

    def test_of_an_unknown_user_cost_a_hash_too(self, monkeypatch, school):
        verified = []
        real = passwords._hasher

        class Watched:
            def verify(self, known, password):
                verified.append(known)
                return real.verify(known, password)

            def hash(self, password):
                return real.hash(password)

        monkeypatch.setattr(passwords, "_hasher", Watched())
        assert not passwords.verify(None, "demo-pass-2026")
        assert len(verified) == 1
        assert verified[0].startswith("$argon2id$")

    def test_of_nobody_cannot_be_had_by_its_text(self, school):
        assert not passwords.verify(None, "nobody's password, which no one knows")
