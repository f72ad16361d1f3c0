"""Attempts to log in: how many may fail, and how nobody is shut out by them.

Failures count for the account and for the address they come from. A stranger could use up the account's to keep its
owner out. Therefore a browser in which the owner has logged in before carries a signed *device cookie* (as OWASP
describes them): attempts with it count for this device only, and what others fail elsewhere does not touch it.

The account is the name that was typed, whether there is one or not, so that the answers tell nothing.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass

from flask import current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from app import limits, trail
from app.errors import TooManyRequestsError
from app.extensions import db
from app.limits import Bucket
from app.models import AuditAction, Employee, LoginSession, PersonKind
from app.services import audit, employees

ACCOUNT_RATE = "10 per 15 minutes"
ADDRESS_RATES = "30 per 15 minutes; 100 per hour"
DEVICE_RATE = "10 per 15 minutes"
CODE_RATE = "5 per 15 minutes"
CODE_ACCOUNT_RATES = "10 per 15 minutes; 50 per day"
NOTED_RATE = "1 per minute"
PROOF_RATE = "10 per 15 minutes"
DEVICE_COOKIE_SECONDS = 400 * 24 * 3600
"""As long as browsers keep a cookie at most; each login begins it anew."""


@dataclass(frozen=True)
class Attempt:
    """An attempt that may go on to look at the password or the code.

    Args:
        device: the known device it is made from, if it is one.
        buckets: what has been spent on it.
    """

    device: str | None
    buckets: tuple[Bucket, ...]

    def succeeded(self) -> None:
        """It was no failure: it does not count, and this device begins with a clean sheet."""
        if self.device:
            for bucket in self.buckets:
                limits.clear(bucket)
        else:
            limits.give_back(*self.buckets)


def begin(username: str) -> Attempt:
    """Count an attempt to log in, before anything else is done.

    Raises:
        TooManyRequestsError: the account, the address or the device has had too many.
    """
    device = _known_device(username)
    buckets: tuple[Bucket, ...]
    if device:
        buckets = (Bucket("login-device", DEVICE_RATE, f"{device} {username}"),)
    else:
        buckets = (Bucket("login-address", ADDRESS_RATES, limits.network_of(request.remote_addr)),
                   Bucket("login-account", ACCOUNT_RATE, username))
    limits.spend(*buckets)
    return Attempt(device, buckets)


def begin_code(login: LoginSession) -> Attempt:
    """Count an attempt to give the code after a right password.

    Whoever knows the password can begin any number of sessions, so the account counts as well as the session.

    Raises:
        TooManyRequestsError: the session, the account or the device has had too many.
    """
    username = login.employee.username
    device = _known_device(username)
    buckets: tuple[Bucket, ...]
    if device:
        buckets = (Bucket("code-device", CODE_RATE, f"{device} {username}"),)
    else:
        buckets = (Bucket("code-session", CODE_RATE, str(login.id)),
                   Bucket("code-account", CODE_ACCOUNT_RATES, username))
    limits.spend(*buckets)
    return Attempt(device, buckets)


def proof(employee: Employee) -> Bucket:
    """What someone signed in spends when he has to type his password once more; given back if it was right."""
    return Bucket("proof", PROOF_RATE, str(employee.id))


def note_limited(username: str) -> None:
    """Record that someone was refused: once a minute for each address, so that the log cannot be flooded."""
    try:
        limits.spend(Bucket("login-limited", NOTED_RATE, limits.network_of(request.remote_addr)))
    except TooManyRequestsError:
        return
    with trail.apart() as session:
        employee = employees.by_username(session, username)
        audit.event(session, AuditAction.LOGIN_LIMITED,
                    person=(PersonKind.EMPLOYEE, employee.id) if employee else None)


def remember_device(response: Response, employee: Employee) -> None:
    """Make the browser one the account knows: someone has logged in here, with everything that is asked for."""
    name = _known_device(employee.username) or secrets.token_urlsafe(16)
    response.set_cookie(_cookie_name(employee.username), _signer(employee).dumps(name),
                        max_age=DEVICE_COOKIE_SECONDS,
                        secure=current_app.session_interface.get_cookie_secure(current_app), httponly=True,
                        samesite="Strict")


def _known_device(username: str) -> str | None:
    cookie = request.cookies.get(_cookie_name(username))
    employee = employees.by_username(db.session, username) if cookie else None
    if cookie is None or employee is None:
        return None
    try:
        return str(_signer(employee).loads(cookie, max_age=DEVICE_COOKIE_SECONDS))
    except BadSignature:
        return None


def _signer(employee: Employee) -> URLSafeTimedSerializer:
    """Signs for one account, its password and its second factor: once any of them is another, the device is unknown."""
    factor = employee.second_factor.confirmed_at if employee.second_factor is not None else None
    return URLSafeTimedSerializer(str(current_app.secret_key),
                                  salt=f"device of {employee.username}, {employee.password_hash}, {factor}")


def _cookie_name(username: str) -> str:
    """One of its own for each account, for desks that are shared; it does not give the name away."""
    digest = hmac.digest(str(current_app.secret_key).encode(), f"device cookie {username}".encode(), "sha256")
    return f"{'__Host-' if request.is_secure else ''}device-{digest.hex()[:16]}"
