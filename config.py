"""Configuration from the environment and one `.env` file; nothing else reads the environment."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from click import ClickException
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

ROOT = Path(__file__).resolve().parent
INSTANCE = Path(os.environ.get("INSTANCE_DIR") or ROOT / "instance").resolve()
"""Where the default database, the embedded server and the demo's key live."""
EMBEDDED_REDIS_URL = f"unix://{quote(str(INSTANCE / 'redis.sock'))}"
SHORTEST_SECRET_KEY = 32
FEWEST_DIFFERENT_CHARACTERS = 8
PLACEHOLDERS = ("changeme", "replaceme", "secretkey", "yoursecret", "mysecret", "example", "default", "password")
"""What stands in keys that people have copied out of a manual. No random key of hexadecimal digits can hold one."""
LOOPBACK = ("localhost", "127.0.0.1")
CHANNELS = ("mail", "wechat", "wecom", "dingtalk", "feishu")
"""The ways out of the panel that notices can take."""

SMTP_SCHEMES = ("smtp", "smtp+starttls", "smtps")


class ConfigurationError(ClickException):
    """A value in the environment cannot be used; the message is one sentence for the operator.

    `flask` shows such an exception as that sentence, without a traceback.
    """


class Settings(BaseSettings):
    """The environment, checked. Field names are the variables' names in lower case."""

    model_config = SettingsConfigDict(env_file=ROOT / ".env", extra="ignore", env_ignore_empty=True)

    app_env: Literal["demo", "production"] | None = None
    database_url: str = f"sqlite:///{INSTANCE / 'gonghai.db'}"
    redis_url: str = EMBEDDED_REDIS_URL
    secret_key: str = ""
    business_timezone: str = "Asia/Shanghai"
    default_locale: Literal["en", "zh_Hans_CN", "zh_Hant_TW"] = "zh_Hans_CN"
    host: str = "127.0.0.1"
    port: int = Field(default=5000, ge=1, le=65535)
    log_format: Literal["console", "json"] = "console"
    web_processes: int = Field(default=2, ge=1, le=64)
    web_threads: int = Field(default=4, ge=1, le=64)
    rq_workers: int = Field(default=1, ge=1, le=64)
    trusted_proxies: int = Field(default=0, ge=0, le=8)
    """How many reverse proxies in front set X-Forwarded-For and X-Forwarded-Proto."""
    trusted_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """The names this site goes by, or any if none is given; one that begins with a dot stands for all that end so."""
    notice_channels: Annotated[tuple[str, ...], NoDecode] = CHANNELS
    """By which channels people may be told something outside of the panel; "none" for none. See `offered_channels`."""
    smtp_url: str = ""
    """smtp://, smtp+starttls:// or smtps://user:password@host:port; without it no mail is sent."""
    mail_from: str = ""
    wechat_app_id: str = ""
    wechat_app_secret: str = ""
    wechat_template_id: str = ""
    wechat_title_field: str = "thing1"
    wechat_text_field: str = "thing2"
    wechat_url: str = "https://api.weixin.qq.com"
    wecom_url: str = "https://qyapi.weixin.qq.com"
    dingtalk_url: str = "https://oapi.dingtalk.com"
    feishu_url: str = "https://open.feishu.cn"
    """Lark, the same outside of China, is at https://open.larksuite.com."""
    clock_file: Path | None = None
    """Tests only: a file that holds the present instant (ISO 8601); refused in production."""

    @field_validator("business_timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (OSError, ValueError, KeyError):  # it is a KeyError if there is none of that name
            raise ValueError(f"{value!r} is not a time zone of the IANA database, such as Asia/Shanghai") from None
        return value

    @field_validator("trusted_hosts", mode="before")
    @classmethod
    def _names_only(cls, value: str | tuple[str, ...]) -> tuple[str, ...]:
        names = value if isinstance(value, tuple) else tuple(part.strip().lower() for part in value.split(","))
        for name in names:
            if not re.fullmatch(r"\.?[a-z0-9]([a-z0-9.-]*[a-z0-9])?", name):
                raise ValueError(f"{name!r} is no host name such as crm.example.com (several are separated by commas, "
                                 "without https:// and port)")
        return names

    @field_validator("notice_channels", mode="before")
    @classmethod
    def _known_channels(cls, value: str | tuple[str, ...]) -> tuple[str, ...]:
        names = value if isinstance(value, tuple) else tuple(part.strip().lower() for part in value.split(","))
        for name in names:
            if name not in (*CHANNELS, "none"):
                raise ValueError(f"{name!r} is none of {', '.join(CHANNELS)}")
        return tuple(name for name in CHANNELS if name in names)

    @field_validator("smtp_url")
    @classmethod
    def _known_mail_server(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            usable = not value or (parts.scheme in SMTP_SCHEMES and parts.hostname and parts.port != 0)
        except ValueError:
            usable = False
        if not usable:
            raise ValueError("it is no address such as smtps://user:password@smtp.example.com:465 "
                             f"({', '.join(f'{scheme}://' for scheme in SMTP_SCHEMES)})")
        return value

    @field_validator("mail_from")
    @classmethod
    def _one_mail_address(cls, value: str) -> str:
        if value and not re.fullmatch(r"[^@\s<>,;:\"]+@[^@\s<>,;:\"]+", value):
            raise ValueError("it is no mail address such as crm@example.com")
        return value

    @field_validator("wechat_title_field", "wechat_text_field")
    @classmethod
    def _name_of_a_field(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z_]+[0-9]*", value):
            raise ValueError("it is no name of a field such as thing1")
        return value

    @field_validator("wechat_url", "wecom_url", "dingtalk_url", "feishu_url")
    @classmethod
    def _known_server(cls, value: str) -> str:
        parts = urlsplit(value)
        private = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        if not private or not parts.hostname or parts.query or parts.fragment or "{" in value or "}" in value:
            raise ValueError("it is no address such as https://open.feishu.cn")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("it must begin with sqlite:/// or postgresql+psycopg://")
        try:
            make_url(value)
        except (ArgumentError, ValueError):
            raise ValueError("it is no address such as postgresql+psycopg://user:password@host:5432/name") from None
        return value

    @field_validator("redis_url")
    @classmethod
    def _known_redis(cls, value: str) -> str:
        if not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("it must begin with redis://, rediss:// or unix://")
        try:
            _ = urlsplit(value).port
        except ValueError:
            raise ValueError("it is no address such as redis://host:6379/0") from None
        return value

    @model_validator(mode="after")
    def _channels_whole(self) -> Settings:
        if bool(self.smtp_url) != bool(self.mail_from):
            raise ValueError("SMTP_URL and MAIL_FROM belong together: set both or none")
        known = (self.wechat_app_id, self.wechat_app_secret, self.wechat_template_id)
        if any(known) and not all(known):
            raise ValueError("WECHAT_APP_ID, WECHAT_APP_SECRET and WECHAT_TEMPLATE_ID belong together: set all or none")
        return self

    @model_validator(mode="after")
    def _safe_outside_the_demo(self) -> Settings:
        if self.is_demo:
            return self
        problem = weakness_of(self.secret_key)
        if problem is not None:
            raise ValueError(f"SECRET_KEY {problem}: outside the demo set a long random one "
                             "(python -c 'import secrets; print(secrets.token_hex(32))')")
        if self.clock_file:
            raise ValueError("CLOCK_FILE sets the clock for tests and is refused in production")
        return self

    @property
    def is_demo(self) -> bool:
        """Whether this is the demo: said by APP_ENV, else whatever runs on the default database."""
        if self.app_env is not None:
            return self.app_env == "demo"
        return "database_url" not in self.model_fields_set

    @property
    def offered_channels(self) -> tuple[str, ...]:
        """The channels people may choose: those allowed of which all is known that is needed."""
        needed = {"mail": self.smtp_url, "wechat": self.wechat_app_id}
        return tuple(name for name in self.notice_channels if needed.get(name, "nothing"))

    @property
    def uses_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite:")

    @property
    def uses_embedded_redis(self) -> bool:
        return self.redis_url == EMBEDDED_REDIS_URL

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.business_timezone)

    def flask_config(self) -> dict[str, Any]:
        """What Flask and its extensions are configured with."""
        return {
            "SETTINGS": self,
            "SECRET_KEY": self.secret_key or kept_secret_key(),
            "SQLALCHEMY_DATABASE_URI": self.database_url,
            "SQLALCHEMY_ENGINE_OPTIONS": self._engine_options(),
            "BABEL_DEFAULT_LOCALE": self.default_locale,
            "BABEL_DEFAULT_TIMEZONE": self.business_timezone,
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            # Nobody is remembered beyond his session; were that ever offered, the cookie would be as safe as this one.
            "REMEMBER_COOKIE_HTTPONLY": True,
            "REMEMBER_COOKIE_SAMESITE": "Lax",
            "REMEMBER_COOKIE_SECURE": not self.is_demo,
            "TRUSTED_HOSTS": [*self.trusted_hosts, *LOOPBACK] if self.trusted_hosts else None,
            "WTF_CSRF_TIME_LIMIT": None,  # the token lives as long as the session it is bound to
            "MAX_CONTENT_LENGTH": 16 * 1024 * 1024,
        }

    def _engine_options(self) -> dict[str, Any]:
        if self.uses_sqlite:
            return {"hide_parameters": True, "connect_args": {"timeout": 30}}
        return {"hide_parameters": True, "pool_pre_ping": True, "connect_args": {"connect_timeout": 5},
                "pool_size": self.web_threads, "max_overflow": self.web_threads}


def weakness_of(key: str) -> str | None:
    """What is wrong with a secret key, to go on from its name; None if nothing can be seen to be."""
    if not key:
        return "is not set"
    letters = re.sub(r"[^a-z0-9]", "", key.lower())
    if any(placeholder in letters for placeholder in PLACEHOLDERS):
        return "is a default"
    if len(key) < SHORTEST_SECRET_KEY:
        return f"is shorter than {SHORTEST_SECRET_KEY} characters"
    if len(set(key)) < FEWEST_DIFFERENT_CHARACTERS or key in (key + key)[1:-1]:  # one piece again and again
        return "repeats itself and can be guessed"
    return None


def kept_secret_key() -> str:
    """The demo's own key: random, made once, kept readable by its owner only under instance/.

    Raises:
        ConfigurationError: the folder cannot be made, written or read.
    """
    path = INSTANCE / "secret_key"
    try:
        if not path.exists():
            INSTANCE.mkdir(mode=0o700, exist_ok=True)
            draft = INSTANCE / f"secret_key.{os.getpid()}"
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(secrets.token_hex(32))
            with suppress(FileExistsError):  # another process was first: its key counts
                os.link(draft, path)
            draft.unlink()
        return path.read_text().strip()
    except OSError as error:
        raise ConfigurationError(f"INSTANCE_DIR: {path} cannot be made or read ({error.strerror}).") from error


def load_settings(**overrides: Any) -> Settings:
    """Read the environment.

    Raises:
        ConfigurationError: with one sentence that names the variable and what is wrong with it.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors()[0]
        reason = str(first["msg"]).removeprefix("Value error, ")
        name = str(first["loc"][0]).upper() if first["loc"] else ""
        raise ConfigurationError(f"{name}: {reason}." if name else f"{reason}.") from None


def settings_for_make_run() -> Settings:
    """What `make run` runs with: the demo, unless APP_ENV says otherwise or a SECRET_KEY shows that it is meant.

    The processes it starts are told the same.

    Raises:
        ConfigurationError: as `load_settings`.
    """
    stated = _Stated()
    os.environ["APP_ENV"] = stated.app_env or ("production" if stated.secret_key else "demo")
    return load_settings()


class _Stated(BaseSettings):
    """What was said of the two, before anything is checked."""

    model_config = Settings.model_config

    app_env: str = ""
    secret_key: str = ""
