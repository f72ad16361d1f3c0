"""By which channels one is told outside of the panel, of what, when, and when not; on the pages of the own account."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Any

from flask import abort, current_app, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectField, SelectMultipleField, TimeField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from app import current, limits, web
from app.auth.account import blueprint
from app.channels import Channels, Message, SendError
from app.errors import ConflictError, DomainError
from app.extensions import db
from app.limits import Bucket
from app.models import Employee, NoticeChannel
from app.models.choices import DeliveryChannel, NoticeKind
from app.services import notice_preferences
from app.services.notice_preferences import BOTS, SIGNED, Choice

TEST_RATE = "5 per 10 minutes"
_HOURS = tuple(f"{hour:02}:00" for hour in range(24))


class ChannelForm(FlaskForm):
    """What somebody wants of a channel. A key is only ever taken, never given."""

    key = PasswordField(_l("Key of the bot"), [Length(max=512)])
    secret = PasswordField(_l("Secret it signs with"), [Length(max=128)])
    kinds = SelectMultipleField(_l("Told of"), choices=lambda: [
        SelectChoice(kind.value, kind.label) for kind in notice_preferences.kinds_for(_me())])
    digest_at = SelectField(_l("When"), choices=lambda: [
        SelectChoice("", _("At once")),
        *(SelectChoice(time, _("Once a day at %(time)s", time=time)) for time in _HOURS)])

    def __init__(self, channel: DeliveryChannel, row: NoticeChannel | None = None, **kwargs: Any) -> None:
        shown = {"kinds": row.kinds if row else list(NoticeKind),
                 "digest_at": f"{row.digest_at:%H:%M}" if row and row.digest_at else ""}
        super().__init__(prefix=channel.value, data=shown, **kwargs)
        if channel not in BOTS:
            del self.key
        if channel is not SIGNED:
            del self.secret

    def choice(self) -> Choice:
        """What was filled in."""
        at = self.digest_at.data
        return Choice([NoticeKind(code) for code in self.kinds.data], dt.time.fromisoformat(at) if at else None,
                      self.key.data or "" if self.key else "", self.secret.data or "" if self.secret else "")


class QuietForm(FlaskForm):
    """When nothing is to be sent."""

    begins = TimeField(lazy_pgettext("time of day", "From"), [Optional()])
    ends = TimeField(lazy_pgettext("time of day", "Until"), [Optional()])


@dataclass(frozen=True)
class Card:
    """A channel as the page shows it.

    Args:
        address: where it leads, as far as that may be seen; None if nobody knows.
    """

    channel: DeliveryChannel
    row: NoticeChannel | None
    address: str | None
    form: ChannelForm

    @property
    def needs_key(self) -> bool:
        return self.channel in BOTS

    @property
    def in_use(self) -> bool:
        """Whether anything can come by it."""
        return self.row is not None and notice_preferences.brings_any(self.row, _me())


@blueprint.get("/notices")
def notices() -> str:
    """The channels there are, and quiet hours."""
    return _page()


@blueprint.post("/notices/<channel>")
def choose_channel(channel: str) -> ResponseReturnValue:
    """Use a channel, or use it otherwise."""
    which = _offered(channel)
    form = ChannelForm(which)
    if not form.validate():
        return _page(form), 422
    try:
        notice_preferences.choose(db.session, _me(), which, form.choice(), now=current.now(), secret_key=_secret_key())
        db.session.commit()
    except DomainError as error:
        db.session.rollback()
        field = form._fields.get(error.field or "")
        if field is None:
            return web.refused(error, url_for("account.notices"))
        field.errors = [*field.errors, str(error)]
        return _page(form), 422
    return web.done(_("Saved: %(channel)s.", channel=which.label), url_for("account.notices"))


@blueprint.post("/notices/<channel>/stop")
def stop_channel(channel: str) -> ResponseReturnValue:
    """Use a channel no more."""
    which = _offered(channel)
    try:
        notice_preferences.stop(db.session, _me().id, which)
        db.session.commit()
    except DomainError as error:
        return web.refused(error, url_for("account.notices"))
    return web.done(_("Nothing is sent by this any more: %(channel)s.", channel=which.label),
                    url_for("account.notices"))


@blueprint.post("/notices/<channel>/test")
def test_channel(channel: str) -> ResponseReturnValue:
    """Send oneself a message, now, and say what came of it."""
    which = _offered(channel)
    try:
        limits.spend(Bucket("notice-test", TEST_RATE, str(_me().id)))
        _send_test(which)
    except DomainError as error:
        return web.refused(error, url_for("account.notices"))
    return web.done(_("Sent. Look whether it has come: %(channel)s.", channel=which.label), url_for("account.notices"))


@blueprint.post("/quiet-hours")
def quiet_hours() -> ResponseReturnValue:
    """Choose when nothing is sent; both times left empty, always something may be."""
    form = QuietForm()
    if not form.validate():
        return _page(quiet=form), 422
    try:
        notice_preferences.keep_quiet(db.session, _me().id, form.begins.data, form.ends.data)
        db.session.commit()
    except DomainError as error:
        db.session.rollback()
        field = form[error.field or "begins"]
        field.errors = [*field.errors, str(error)]
        return _page(quiet=form), 422
    return web.done(_("Your quiet hours are saved."), url_for("account.notices"))


def _send_test(channel: DeliveryChannel) -> None:
    """Send it.

    Raises:
        ConflictError: the channel is not used, leads nowhere, or did not take it.
    """
    row = notice_preferences.channels_of(db.session, _me().id).get(channel)
    target = row and notice_preferences.target(_me(), channel, row, secret_key=_secret_key())
    if not target:
        raise ConflictError(_l("Choose first what this channel is for, and save it."))
    message = Message(f"test-{secrets.token_hex(8)}", _("A test"), (_("This is how notices reach you."),))
    db.session.rollback()  # on SQLite nobody could write while the network is waited for
    try:
        Channels(current.settings()).send(channel, target, message)
    except SendError as error:
        said = f"{error.problem.label} ({error.answer})" if error.answer else str(error.problem.label)
        raise ConflictError(_("It was not sent: %(why)s.", why=said)) from None


def _page(refused: ChannelForm | None = None, quiet: QuietForm | None = None) -> str:
    """The page, with the form that says why it was not saved, if one was refused."""
    rows = notice_preferences.channels_of(db.session, _me().id)
    hours = notice_preferences.quiet_hours_of(db.session, _me().id)
    shown = {"begins": hours.begins, "ends": hours.ends} if hours else {}
    return render_template("account/notices.html", quiet=quiet or QuietForm(formdata=None, data=shown), hours=hours,
                           cards=[_card(DeliveryChannel(name), rows, refused)
                                  for name in current.settings().offered_channels])


def _card(channel: DeliveryChannel, rows: dict[DeliveryChannel, NoticeChannel], refused: ChannelForm | None) -> Card:
    row = rows.get(channel)
    address = notice_preferences.target(_me(), channel, row, secret_key=_secret_key())
    mine = refused if refused is not None and refused._prefix == f"{channel.value}-" else None
    shown = address if channel is DeliveryChannel.MAIL or address is None else ""
    return Card(channel, row, shown, mine or ChannelForm(channel, row, formdata=None))


def _offered(channel: str) -> DeliveryChannel:
    """A channel the school has; any other does not exist."""
    if channel not in current.settings().offered_channels:
        abort(404)
    return DeliveryChannel(channel)


def _me() -> Employee:
    employee: Employee = current_user._get_current_object()
    return employee


def _secret_key() -> str:
    return str(current_app.secret_key)
