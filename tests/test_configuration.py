"""What refuses to start outside the demo, and that each refusal is one sentence."""

from __future__ import annotations

import secrets

import pytest

from app import create_app
from config import ROOT, ConfigurationError, Settings, load_settings
from tests.support.backstage import Backstage
from tests.support.databases import settings_for

RANDOM = "3f1c9a5be2d84706b1e0c7d2a98f6453"


@pytest.fixture
def production(tmp_path, monkeypatch):
    """`production(SECRET_KEY=…)` gives the settings of a school; nothing comes from a file."""
    for variable in ("APP_ENV", "DATABASE_URL", "SECRET_KEY", "CLOCK_FILE", "TRUSTED_HOSTS"):
        monkeypatch.delenv(variable, raising=False)

    def load(**variables: str) -> Settings:
        for name, value in {"APP_ENV": "production", "DATABASE_URL": f"sqlite:///{tmp_path / 'school.db'}",
                            **variables}.items():
            monkeypatch.setenv(name, value)
        return load_settings(_env_file=None)

    return load


class TestTheSecretKey:
    @pytest.mark.parametrize(("key", "reason"), [
        ("", "is not set"),
        ("   ", "is shorter"),
        ("dev", "is shorter"),
        (RANDOM[:31], "is shorter"),
        ("changeme", "is a default"),
        ("please-change-me-please-change-me-now", "is a default"),
        ("CHANGE_ME_CHANGE_ME_CHANGE_ME_CHANGE_ME", "is a default"),
        ("your-secret-key-goes-here-0123456789", "is a default"),
        ("django-insecure-my-secret-7$x!q9#k2&w", "is a default"),
        ("example-0f8e7d6c5b4a39281706f5e4d3c2b1", "is a default"),
        ("a" * 64, "repeats itself"),
        ("ab" * 40, "repeats itself"),
        ("0123456789" * 4, "repeats itself"),
        ("0" * 31 + "1", "repeats itself"),
    ])
    def test_that_can_be_guessed_is_refused(self, production, key, reason):
        with pytest.raises(ConfigurationError, match=f"^SECRET_KEY {reason}.*: outside the demo set a long random one"):
            production(SECRET_KEY=key)

    def test_that_is_random_is_taken(self, production):
        for make in (secrets.token_hex, secrets.token_urlsafe):
            for _ in range(200):
                assert production(SECRET_KEY=make(32)).secret_key
        assert production(SECRET_KEY=RANDOM).flask_config()["SECRET_KEY"] == RANDOM

    def test_of_the_example_file_is_refused(self, production):
        values = dict(line.split("=", 1) for line in (ROOT / ".env.example").read_text().splitlines()
                      if "=" in line and not line.startswith("#"))
        assert values["APP_ENV"] == "production"
        with pytest.raises(ConfigurationError, match="SECRET_KEY"):
            production(SECRET_KEY=values["SECRET_KEY"])

    def test_is_wanted_wherever_a_database_is_named(self, production, monkeypatch):
        monkeypatch.delenv("APP_ENV", raising=False)
        with pytest.raises(ConfigurationError, match="SECRET_KEY is not set"):
            production(APP_ENV="")

    def test_is_made_by_the_demo_itself(self, tmp_path):
        backstage = Backstage(tmp_path, database_url=f"sqlite:///{tmp_path / 'x.db'}", redis_url="unix:///nowhere.sock")
        del backstage.environment["SECRET_KEY"]
        backstage.flask("check")
        made = tmp_path / "instance/secret_key"
        assert len(made.read_text()) == 64
        assert made.stat().st_mode & 0o777 == 0o600
        assert made.parent.stat().st_mode & 0o777 == 0o700


class TestDebugging:
    def test_is_refused_outside_the_demo(self, tmp_path, monkeypatch):
        monkeypatch.setenv("FLASK_DEBUG", "1")
        with pytest.raises(ConfigurationError, match=r"^FLASK_DEBUG: "):
            create_app(settings_for(f"sqlite:///{tmp_path / 'x.db'}", app_env="production", secret_key=RANDOM))
        assert create_app(settings_for(f"sqlite:///{tmp_path / 'x.db'}")).debug

    @pytest.mark.parametrize(("arguments", "variables"), [
        (["--debug", "run", "--port", "0"], {}), (["check"], {"FLASK_DEBUG": "true"})])
    def test_is_one_sentence_to_the_operator(self, tmp_path, arguments, variables):
        backstage = Backstage(tmp_path, database_url=f"sqlite:///{tmp_path / 'x.db'}", redis_url="unix:///nowhere.sock")
        answer = backstage.flask(*arguments, APP_ENV="production", SECRET_KEY=RANDOM, **variables)
        assert answer.returncode == 1
        assert answer.stderr == ("Error: FLASK_DEBUG: whoever meets an error could run any code here: outside the demo "
                                 "leave it unset, and start without --debug.\n")

    def test_and_testing_are_off_unless_asked_for(self, tmp_path):
        app = create_app(settings_for(f"sqlite:///{tmp_path / 'x.db'}", app_env="production", secret_key=RANDOM))
        assert not app.debug
        assert not app.testing
        assert app.config["PROPAGATE_EXCEPTIONS"] is None
        assert app.config["WTF_CSRF_ENABLED"]


class TestOtherValues:
    def test_a_clock_for_tests_is_refused_outside_the_demo(self, production, tmp_path):
        with pytest.raises(ConfigurationError, match=r"^CLOCK_FILE "):
            production(SECRET_KEY=RANDOM, CLOCK_FILE=str(tmp_path / "now"))

    @pytest.mark.parametrize("names", ["https://crm.example.com", "crm.example.com:8000", "crm.example.com, ,", "*",
                                       "crm.example.com/x", "-crm.example.com"])
    def test_what_is_no_host_name_is_refused(self, production, names):
        with pytest.raises(ConfigurationError, match=r"^TRUSTED_HOSTS: .*is no host name"):
            production(SECRET_KEY=RANDOM, TRUSTED_HOSTS=names)

    def test_host_names_are_read_as_they_are_meant(self, production):
        found = production(SECRET_KEY=RANDOM, TRUSTED_HOSTS="CRM.example.com, .branch.example.com").trusted_hosts
        assert found == ("crm.example.com", ".branch.example.com")
        assert production(SECRET_KEY=RANDOM, TRUSTED_HOSTS="").flask_config()["TRUSTED_HOSTS"] is None

    @pytest.mark.parametrize("folder", ["/proc/nope", "/dev/null/instance"])
    def test_an_instance_folder_that_cannot_be_made_is_one_sentence(self, tmp_path, folder):
        backstage = Backstage(tmp_path, database_url="", redis_url="unix:///nowhere.sock")
        answer = backstage.flask("check", INSTANCE_DIR=folder, SECRET_KEY="")
        assert answer.returncode == 1
        assert answer.stderr.startswith(f"Error: INSTANCE_DIR: {folder}/secret_key cannot be made or read (")
        assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31"])
def test_the_night_is_not_run_for_a_date_before_all_schools(app, day):
    answer = app.test_cli_runner().invoke(args=["expire", "--as-of", day])
    assert answer.exit_code == 2
    assert answer.stderr == (f"Error: {day} is before any school's first day: the earliest date is 2000-01-01.\n")
    assert answer.stdout == ""


class TestTheChannelsOfNotices:
    @pytest.mark.parametrize(("variables", "offered"), [
        ({}, ("wecom", "dingtalk", "feishu")),
        ({"NOTICE_CHANNELS": "none"}, ()),
        ({"NOTICE_CHANNELS": "Feishu, mail"}, ("feishu",)),
        ({"SMTP_URL": "smtps://me:p%40ss@smtp.example.com", "MAIL_FROM": "crm@example.com",
          "NOTICE_CHANNELS": "mail"}, ("mail",)),
        ({"WECHAT_APP_ID": "wx1", "WECHAT_APP_SECRET": "s", "WECHAT_TEMPLATE_ID": "t",
          "NOTICE_CHANNELS": "wechat"}, ("wechat",)),
    ])
    def test_are_offered_if_all_is_known_that_they_need(self, production, variables, offered):
        assert production(SECRET_KEY=RANDOM, **variables).offered_channels == offered

    @pytest.mark.parametrize(("variable", "value"), [
        ("NOTICE_CHANNELS", "mail,pigeon"), ("SMTP_URL", "smtp.example.com"), ("SMTP_URL", "https://smtp.example.com"),
        ("SMTP_URL", "smtps://smtp.example.com:99999"), ("MAIL_FROM", "crm"), ("MAIL_FROM", "CRM <crm@example.com>"),
        ("WECOM_URL", "http://wecom.example.com"), ("FEISHU_URL", "open.feishu.cn"),
        ("DINGTALK_URL", "https://oapi.dingtalk.com?x=1"), ("WECHAT_TITLE_FIELD", "thing1.DATA"),
        ("FEISHU_URL", "https://open.feishu.cn/{0.token}"),
    ])
    def test_with_a_value_that_cannot_be_used_are_refused(self, production, variable, value):
        with pytest.raises(ConfigurationError, match=f"^{variable}: "):
            production(SECRET_KEY=RANDOM, **{variable: value})

    @pytest.mark.parametrize("variables", [
        {"SMTP_URL": "smtp://localhost"}, {"MAIL_FROM": "crm@example.com"}, {"WECHAT_APP_ID": "wx1"}])
    def test_that_are_half_known_are_refused(self, production, variables):
        with pytest.raises(ConfigurationError, match="belong together"):
            production(SECRET_KEY=RANDOM, **variables)
