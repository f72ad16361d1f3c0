"""How often something may be tried: counted in Redis, for all processes together.

The `limits` library counts, in sliding windows. While Redis does not answer each process counts for itself, so that
people can still log in.

Who tries takes one from each bucket beforehand and gives it back if it was no failure: so a hundred attempts at the
same moment get no further than a hundred in a row.
"""

from __future__ import annotations

import hmac
import logging
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TypeVar, cast

import redis
from flask import current_app
from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from app import current, queue
from app.errors import TooManyRequestsError
from config import Settings

log = logging.getLogger(__name__)

Result = TypeVar("Result")

PATIENCE = 0.5
"""Seconds to wait for an answer of Redis."""

PAUSE = 30.0
"""Seconds before Redis is asked again after it did not answer."""


@dataclass(frozen=True)
class Bucket:
    """What is counted together.

    Args:
        name: what is tried.
        rates: how often, in words the library knows: "30 per 15 minutes; 100 per hour". Each of them counts.
        key: by whom, or on what. It goes to Redis as a keyed digest only, for it may be personal.
    """

    name: str
    rates: str
    key: str


def spend(*buckets: Bucket) -> None:
    """Take one from each bucket, or none if any is used up.

    Raises:
        TooManyRequestsError: with the time until all of them have one again.
    """
    wait = _counters().ask(lambda counter: _take(counter, list(_counted(buckets))))
    if wait is not None:
        raise TooManyRequestsError(wait)


def give_back(*buckets: Bucket) -> None:
    """What was spent does not count after all."""
    _counters().ask(lambda counter: _put_back(counter, list(_counted(buckets))))


def clear(bucket: Bucket) -> None:
    """Forget all that was spent from a bucket."""
    def work(counter: SlidingWindowCounterRateLimiter) -> None:
        for rate, key in _counted([bucket]):
            counter.clear(rate, key)

    _counters().ask(work)


def network_of(address: str | None) -> str:
    """What counts as one address: an IPv4 address, or the /64 of an IPv6 one, which is what one household gets."""
    try:
        known = ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(known, IPv6Address):
        return str(known.ipv4_mapped or ip_network((known.packed, 64), strict=False))
    return str(known)


class Counters:
    """The counters in Redis, and this process's own for when it does not answer."""

    def __init__(self, settings: Settings) -> None:
        pool = queue.connect(settings, timeout=PATIENCE).connection_pool
        self._shared = SlidingWindowCounterRateLimiter(RedisStorage("redis://", connection_pool=pool))
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._ask_again = 0.0

    def ask(self, work: Callable[[SlidingWindowCounterRateLimiter], Result]) -> Result:
        """Do something with the counters in Redis, or with our own."""
        if time.monotonic() >= self._ask_again:
            try:
                return work(self._shared)
            except redis.RedisError as error:
                self._ask_again = time.monotonic() + PAUSE
                log.warning("attempts are counted by each process for itself, Redis does not: %s", error)
        return work(self._own)


def _counters() -> Counters:
    found = current_app.extensions.get("limits")
    if found is None:
        found = current_app.extensions["limits"] = Counters(current.settings())
    return cast(Counters, found)


def _counted(buckets: list[Bucket] | tuple[Bucket, ...]) -> Iterator[tuple[RateLimitItem, str]]:
    """Each rate of each bucket, with the name under which it is counted."""
    secret = str(current_app.secret_key).encode()
    for bucket in buckets:
        key = hmac.digest(secret, f"limits {bucket.name} {bucket.key}".encode(), "sha256").hex()
        for rate in parse_many(bucket.rates):
            yield rate, f"{bucket.name}:{key}"


def _take(counter: SlidingWindowCounterRateLimiter, counted: list[tuple[RateLimitItem, str]]) -> float | None:
    """Take one of each; the seconds to wait if that cannot be, None if it is done."""
    for number, (rate, key) in enumerate(counted):
        if not counter.hit(rate, key):
            _put_back(counter, counted[:number])
            return max(_wait(counter, rate, key) for rate, key in counted)
    return None


def _put_back(counter: SlidingWindowCounterRateLimiter, counted: list[tuple[RateLimitItem, str]]) -> None:
    for rate, key in counted:
        counter.hit(rate, key, cost=-1)


def _wait(counter: SlidingWindowCounterRateLimiter, rate: RateLimitItem, key: str) -> float:
    """Seconds until there is one to take.

    The library weighs the former window by what is left of it, and does not say itself when that makes room.
    """
    if counter.test(rate, key):
        return 0
    window = rate.get_expiry()
    storage = cast(MemoryStorage, counter.storage)  # both kinds know sliding windows
    former, former_left, present, present_left = storage.get_sliding_window(rate.key_for(key), window)
    wait = present_left - window  # until the present window is the former one
    if former and present < rate.amount:
        wait = min(wait, former_left % (window / former))
    return math.ceil(wait) + 1  # then there is one for certain, whatever was rounded
