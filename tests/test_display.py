"""How dates, instants and amounts are shown."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

import pytest
from flask_babel import force_locale

from app import display

NOW = "2018-05-19 12:00"
HANS, HANT = "zh_Hans_CN", "zh_Hant_TW"


@pytest.fixture(autouse=True)
def noon(app, clock):
    clock.set(NOW)
    with app.test_request_context(), force_locale("en"):
        yield


def at(text: str) -> dt.datetime:
    """An instant, written as the local time of the school."""
    from app import current

    local = dt.datetime.fromisoformat(text)
    return current.clock().instant(local.date()) + dt.timedelta(
        hours=local.hour, minutes=local.minute, seconds=local.second, microseconds=local.microsecond)


def words(shown: str) -> str:
    return re.sub("<[^>]*>", "", shown.partition("<span")[0])


class TestAgo:
    @pytest.mark.parametrize(("day", "said"), [
        ("2018-05-19", "today"), ("2018-05-20", "tomorrow"), ("2018-05-18", "yesterday"), ("2018-05-16", "3 days ago"),
        ("2018-05-24", "in 5 days"), ("2018-04-19", "30 days ago"), ("2018-04-18", "Apr 18, 2018"),
        ("2018-06-19", "Jun 19, 2018")])
    def test_a_day_near_today_is_counted_and_any_other_is_a_date(self, day, said):
        assert words(display.ago(dt.date.fromisoformat(day))) == said

    @pytest.mark.parametrize(("instant", "said"), [
        ("2018-05-19 11:59:30", "just now"), ("2018-05-19 11:59", "1 minute ago"),
        ("2018-05-19 11:01", "59 minutes ago"),
        ("2018-05-19 10:59", "today 10:59"), ("2018-05-19 00:00", "today 00:00"),
        ("2018-05-18 23:59", "yesterday 23:59"),
        ("2018-05-17 23:59", "2 days ago"), ("2018-05-19 12:01", "today 12:01"), ("2018-05-20 09:30", "tomorrow 09:30"),
        ("2018-05-25 09:30", "in 6 days"), ("2017-05-19 12:00", "May 19, 2017")])
    def test_an_instant_is_told_the_more_exactly_the_nearer_it_is(self, instant, said):
        assert words(display.ago(at(instant))) == said

    def test_the_exact_one_is_there_to_point_at_to_hear_and_for_programs(self):
        assert display.ago(dt.date(2018, 5, 18)) == (
            '<time class="nowrap" datetime="2018-05-18" title="May 18, 2018">'
            'yesterday<span class="sr-only"> (May 18, 2018)</span></time>')
        assert display.ago(at("2018-05-18 23:59:59.123456")) == (
            '<time class="nowrap" datetime="2018-05-18T23:59:59+08:00" title="May 18, 2018 23:59">'
            'yesterday 23:59<span class="sr-only"> (May 18, 2018 23:59)</span></time>')

    def test_a_minute_after_midnight_the_evening_before_was_yesterday_but_minutes_ago(self, clock):
        clock.set("2018-05-19 00:05")
        assert words(display.ago(at("2018-05-18 23:55"))) == "10 minutes ago"

    @pytest.mark.parametrize(("locale", "said"), [
        (HANS, ("2018年5月18日", "2018年5月18日 23:59")), (HANT, ("2018年5月18日", "2018年5月18日 23:59"))])
    def test_the_exact_one_is_in_the_form_of_the_language(self, locale, said):
        with force_locale(locale):
            assert (display.day(dt.date(2018, 5, 18)), display.moment(at("2018-05-18 23:59"))) == said
            assert f'title="{said[0]}"' in display.ago(dt.date(2018, 5, 18))


def test_of_nothing_there_is_a_dash():
    shown = (display.day, display.moment, display.relative_day, display.money, display.exactly, display.ago)
    assert {str(show(None)) for show in shown} == {"—"}


def test_what_is_exact_says_the_minute_and_no_less():
    assert display.exactly(at("2018-05-19 08:07:06.543210")) == (
        '<time class="nowrap" datetime="2018-05-19T08:07:06+08:00">May 19, 2018 08:07</time>')
    assert display.exactly(dt.date(1, 1, 1)) == '<time class="nowrap" datetime="0001-01-01">Jan 1, 1</time>'


@pytest.mark.parametrize("locale", ["en", HANS, HANT])
def test_an_amount_is_grouped_and_has_its_cents(locale):
    with force_locale(locale):
        assert display.money(Decimal("1234567.5")) == "1,234,567.50"
        assert display.money(Decimal("-0.005")) in ("-0.00", "0.00")
