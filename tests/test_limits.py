"""Counting attempts: in Redis for all processes together, in the process itself while Redis does not answer."""

from __future__ import annotations

import time

import pytest
import time_machine

from app import limits
from app.errors import TooManyRequestsError
from app.limits import Bucket
from tests.conftest import make_app


def bucket(key: str = "三江", rates: str = "3 per 3 seconds") -> Bucket:
    return Bucket("greeting", rates, key)


@pytest.fixture
def here(app):
    with app.test_request_context(headers={"Accept-Language": "en"}):
        yield app


@pytest.fixture
def on_redis(database_url, clock, redis_server):
    app = make_app(database_url, clock, redis_url=redis_server.url)
    with app.test_request_context():
        yield redis_server


def spend_until_refused(*buckets: Bucket) -> tuple[int, float]:
    """How many were had, and how long to wait for the next."""
    for number in range(1000):
        try:
            limits.spend(*buckets)
        except TooManyRequestsError as refusal:
            return number, refusal.retry_after
    raise AssertionError("never refused")


class TestWithoutRedis:
    def test_so_many_are_had_and_no_more(self, here):
        assert spend_until_refused(bucket(rates="5 per hour"))[0] == 5

    def test_each_key_and_each_name_has_a_bucket_of_its_own(self, here):
        spend_until_refused(bucket())
        limits.spend(bucket("暴雨"))
        limits.spend(Bucket("farewell", "3 per 3 seconds", "三江"))

    def test_every_rate_counts(self, here):
        with time_machine.travel(1_800_000_000, tick=False) as now:
            had = []
            for _time in range(3):
                had.append(spend_until_refused(bucket(rates="5 per minute; 8 per hour"))[0])
                now.shift(121)
            assert had == [5, 3, 0]

    def test_the_time_told_is_when_there_is_one_again(self, here):
        with time_machine.travel(1_800_000_123, tick=False) as now:
            for _attempt in range(40):
                _had, wait = spend_until_refused(bucket(rates="10 per 15 minutes"))
                assert wait <= 15 * 60 + 2
                now.shift(wait)
                limits.spend(bucket(rates="10 per 15 minutes"))

    def test_the_window_slides_instead_of_opening_all_at_once(self, here):
        with time_machine.travel(1_800_000_000, tick=False) as now:
            spend_until_refused(bucket(rates="10 per 15 minutes"))
            had = []
            for _minute in range(30):
                now.shift(60)
                had.append(spend_until_refused(bucket(rates="10 per 15 minutes"))[0])
            assert max(had) <= 1
            assert sum(had) >= 10

    def test_none_is_taken_from_any_if_one_is_used_up(self, here):
        spend_until_refused(bucket())
        for _attempt in range(5):
            with pytest.raises(TooManyRequestsError):
                limits.spend(bucket("暴雨"), bucket())
        assert spend_until_refused(bucket("暴雨"))[0] == 3

    def test_what_is_given_back_can_be_had_again(self, here):
        spend_until_refused(bucket(rates="5 per hour"))
        limits.give_back(bucket(rates="5 per hour"))
        assert spend_until_refused(bucket(rates="5 per hour"))[0] == 1

    def test_a_cleared_bucket_is_full(self, here):
        spend_until_refused(bucket(rates="5 per hour"))
        limits.clear(bucket(rates="5 per hour"))
        assert spend_until_refused(bucket(rates="5 per hour"))[0] == 5

    def test_a_server_that_is_not_there_is_not_asked_each_time(self, here, monkeypatch):
        asked = []
        monkeypatch.setattr("redis.connection.UnixDomainSocketConnection._connect",
                            lambda self: asked.append(1) or (_ for _ in ()).throw(OSError("nobody there")))
        for _attempt in range(3):
            limits.spend(bucket())
        assert len(asked) == 1

    def test_the_refusal_is_a_sentence(self, here):
        assert str(TooManyRequestsError(61)) == "Too many attempts. Please try again in 2 minutes."


@pytest.mark.queue
class TestOnRedis:
    def test_so_many_are_had_and_the_next_when_told_but_not_all_at_once(self, on_redis):
        had, wait = spend_until_refused(bucket())
        assert had == 3
        time.sleep(wait)
        assert spend_until_refused(bucket())[0] in {1, 2}

    def test_what_is_given_back_can_be_had_again(self, on_redis):
        spend_until_refused(bucket(rates="5 per hour"))
        limits.give_back(bucket(rates="5 per hour"))
        assert spend_until_refused(bucket(rates="5 per hour"))[0] == 1
        limits.clear(bucket(rates="5 per hour"))
        assert spend_until_refused(bucket(rates="5 per hour"))[0] == 5

    def test_nothing_personal_lies_in_redis(self, on_redis):
        limits.spend(bucket("sanjiang"), Bucket("login-address", "3 per hour", "203.0.113.77"))
        with on_redis.connection() as connection:
            keys = b" ".join(connection.keys())
        assert keys.count(b"LIMITS:") == 2
        assert b"sanjiang" not in keys
        assert b"203.0.113.77" not in keys

    def test_what_is_tried_while_it_is_down_counts_too(self, on_redis):
        spend_until_refused(bucket(rates="5 per hour"))
        on_redis.kill()
        assert spend_until_refused(bucket(rates="5 per hour"))[0] == 5

    def test_a_server_that_came_back_is_asked_again(self, on_redis, monkeypatch):
        monkeypatch.setattr(limits, "PAUSE", 0)
        assert spend_until_refused(bucket(rates="5 per hour"))[0] == 5
        on_redis.kill()
        assert spend_until_refused(bucket(rates="5 per hour"))[0] == 5
        on_redis.start()
        assert spend_until_refused(bucket(rates="5 per hour"))[0] == 0


class TestNetworks:
    @pytest.mark.parametrize(("address", "network"), [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"), (None, "unknown"), ("unix:", "unknown")])
    def test_an_ipv6_address_counts_with_its_neighbours(self, address, network):
        assert limits.network_of(address) == network
