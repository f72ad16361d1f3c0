"""Every text of the school speaks English, Simplified and Traditional Chinese."""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import flask_admin
import pytest
import wtforms
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Flask
from flask_babel import force_locale
from werkzeug.datastructures import MultiDict

from app import current
from app.admin.campuses import CampusForm
from app.admin.customers import CustomerForm
from app.admin.labels import LABELS
from app.auth.login import LoginForm
from app.library_texts import TRANSLATIONS
from app.models import choices
from app.models.types import Choice, Kind
from app.permissions import BUILT_IN_ROLES, Permission
from config import ROOT

HANS, HANT = "zh_Hans_CN", "zh_Hant_TW"
DOMAINS = ("messages", "admin", "wtforms")
every_catalogue = pytest.mark.parametrize(("locale", "domain"), [(locale, domain) for locale in (HANS, HANT)
                                                                 for domain in DOMAINS])
both = pytest.mark.parametrize("locale", [HANS, HANT])

KEYWORDS = {**DEFAULT_KEYWORDS, **parse_keywords(["_l", "lazy_gettext", "lazy_ngettext:1,2", "lazy_pgettext:1c,2"])}
HAN = re.compile(r"[\u4e00-\u9fff]")
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sd]")
NAMES_OF_THINGS = {"QQ", "DSP", "SEO", "51CTO", "51cto"}
"""Labels that are the same in every language."""

MAINLAND_WORDS = (
    "登錄", "賬號", "賬戶", "信息", "數據", "搜索", "保存", "默認", "網絡", "用戶", "菜單", "打印", "郵箱", "導出",
    "導入", "界面", "字段", "支持", "創建", "查看", "刷新", "後台", "添加", "質量", "視頻")
"""What readers of Traditional call otherwise."""

Id = tuple[str | None, str]


def folder(locale: str) -> Path:
    return Path(TRANSLATIONS) / locale / "LC_MESSAGES"


@cache
def catalogue(locale: str, domain: str) -> Catalog:
    with (folder(locale) / f"{domain}.po").open("rb") as file:
        return read_po(file, locale=locale, domain=domain)


def messages_in(locale: str, domain: str) -> list[Message]:
    return [message for message in catalogue(locale, domain) if message.id]


def id_of(message: Message) -> Id:
    return message.context, message.id if isinstance(message.id, str) else message.id[0]


def texts_of(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)


def extracted(top: Path, mapping: list[tuple[str, str]], options: dict[str, Any],
              keywords: dict[str, Any] = KEYWORDS) -> Iterator[tuple[str, Id, tuple[str, ...]]]:
    """File, id and forms of every message in the source."""
    for file, _line, found, _comments, context in extract_from_dir(top, mapping, options, keywords=keywords):
        forms = (found,) if isinstance(found, str) else tuple(found)
        yield file, (context, forms[0]), forms


@cache
def messages_of_the_code() -> dict[Id, tuple[str, ...]]:
    with (ROOT / "babel.cfg").open() as file:
        mapping, options = parse_mapping_cfg(file)
    return {found: forms for _file, found, forms in extracted(ROOT, mapping, options)}


def spoken(locale: str, text: str) -> str:
    """What the application says."""
    return Translations.load(TRANSLATIONS, [locale]).ugettext(text)


def is_chinese(text: str) -> bool:
    return bool(HAN.search(text)) or text in NAMES_OF_THINGS


class TestCatalogues:
    @both
    def test_have_every_message_of_the_code_and_no_other(self, locale):
        here = {id_of(message) for message in messages_in(locale, "messages")}
        code = messages_of_the_code().keys()
        assert sorted(map(str, code - here)) == [], "not translated; babel.cfg says how to bring them in"
        assert sorted(map(str, here - code)) == [], "no longer in the code"

    @both
    def test_have_the_plural_where_the_code_has_one(self, locale):
        for message in messages_in(locale, "messages"):
            forms = message.id if isinstance(message.id, tuple) else (message.id,)
            assert tuple(forms) == messages_of_the_code()[id_of(message)]

    @every_catalogue
    def test_leave_nothing_empty_fuzzy_or_obsolete(self, locale, domain):
        assert [id_of(message) for message in messages_in(locale, domain) if not all(texts_of(message))] == []
        assert [id_of(message) for message in messages_in(locale, domain) if message.fuzzy] == []
        assert list(catalogue(locale, domain).obsolete) == []

    @every_catalogue
    def test_keep_the_placeholders(self, locale, domain):
        for message in messages_in(locale, domain):
            source = message.id if isinstance(message.id, str) else message.id[-1]
            for text in texts_of(message):
                assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(source)), message.id

    @every_catalogue
    def test_are_compiled(self, locale, domain):
        with (folder(locale) / f"{domain}.mo").open("rb") as file:
            compiled = dict(gettext.GNUTranslations(file)._catalog)
        compiled.pop("", None)
        expected: dict[Any, str] = {}
        for message in messages_in(locale, domain):
            key = id_of(message)[1] if message.context is None else f"{message.context}\x04{id_of(message)[1]}"
            if isinstance(message.id, str):
                expected[key] = texts_of(message)[0]
            else:
                expected |= {(key, number): text for number, text in enumerate(texts_of(message))}
        assert compiled == expected, "compile them: babel.cfg says how"

    @every_catalogue
    def test_write_the_characters_of_their_readers(self, locale, domain):
        encoding = {HANS: "gb2312", HANT: "big5"}[locale]
        for message in messages_in(locale, domain):
            for text in texts_of(message):
                signs = "".join(HAN.findall(text))
                assert signs == signs.encode(encoding, "replace").decode(encoding), message.id

    @pytest.mark.parametrize("domain", DOMAINS)
    def test_speak_to_readers_of_traditional_in_their_words(self, domain):
        for message in messages_in(HANT, domain):
            for text in texts_of(message):
                assert [word for word in MAINLAND_WORDS if word in text] == [], message.id

    @every_catalogue
    def test_end_sentences_as_chinese_does(self, locale, domain):
        promised = {"Claimed: you are following up now!",
                    "If an enrolled student of ours referred this customer, choose the student here."}
        for message in messages_in(locale, domain):
            for text in texts_of(message):
                if not (locale == HANS and message.id in promised):
                    assert not re.search(r"[\u4e00-\u9fff][,.;:!?]", text), text


class TestPromisedTexts:
    @pytest.mark.parametrize(("text", "simplified"), [
        ("Public Pool", "公共客户"), ("My Customers", "我的客户"), ("Claim", "抢单"), ("Distribution", "客户分配记录"),
        ("Sales ranks", "销售权重"), ("Follow-up records", "跟进记录"), ("Consultant", "课程顾问"), ("Tutor", "班主任"),
        ("Teacher", "讲师"), ("Campus", "校区"), ("Class", "班级"), ("Semester", "期"), ("Name", "姓名"),
        ("Log in", "登录"), ("Assign", "分配"), ("Release to the Public Pool", "释放回公海"),
        ("Claimed: you are following up now!", "跟进成功!"), ("Already being followed up", "已经被跟进了"),
        ("Login name or password is wrong.", "登录名或密码错误。"),
        ("If an enrolled student of ours referred this customer, choose the student here.",
         "若此客户是转介绍自内部学员,请在此处选择内部学员姓名")])
    def test_are_exact_in_simplified(self, text, simplified):
        assert spoken(HANS, text) == simplified

    def test_contain_the_promised_words(self):
        assert "已被占用" in spoken(HANS, "This is taken already.")
        assert "保留" in spoken(HANS, "Other records refer to this one, so it is kept.")

    @pytest.mark.parametrize(("text", "traditional"), [
        ("Log in", "登入"), ("Log out", "登出"), ("Login name", "帳號"), ("Search", "搜尋"), ("Save", "儲存"),
        ("Settings", "設定"), ("Public Pool", "公共客戶"), ("My Customers", "我的客戶"), ("Claim", "搶單"),
        ("Distribution", "客戶分配紀錄"), ("Sales ranks", "銷售權重"), ("Consultant", "課程顧問"), ("Campus", "校區")])
    def test_are_of_taiwan_and_hong_kong_in_traditional(self, text, traditional):
        assert spoken(HANT, text) == traditional
        assert spoken(HANS, text) != traditional

    def test_call_things_and_people_differently(self, app):
        for locale, person, thing in ((HANS, "姓名", "名称"), (HANT, "姓名", "名稱"), ("en", "Name", "Name")):
            with app.test_request_context(), force_locale(locale):
                assert (str(LABELS["name"]), str(LABELS["title"])) == (person, thing)


class TestLabels:
    @pytest.mark.parametrize(("kind", "labels"), [
        (choices.DistributionStatus, "正在跟进 已成单 三天未跟进 十五天未成单 已释放 已转移 已合并"),
        (choices.CustomerStatus, "已报名 未报名"),
        (choices.Gender, "男 女"),
        (choices.WorkStatus, "在职 无业"),
        (choices.Education, "重点大学 普通本科 独立院校 民办本科 大专 民办专科 高中 其他"),
        (choices.Experience, "在校生 应届毕业 半年以内 半年至一年 一年至三年 三年至五年 五年以上"),
        (choices.Source, "qq群 内部转介绍 官方网站 百度推广 360推广 搜狗推广 腾讯课堂 广点通 高校宣讲 渠道代理 "
                         "51cto 智汇推 网盟 DSP SEO 其它")])
    def test_are_those_of_the_write_ups_in_their_order(self, app, kind, labels):
        with app.test_request_context(), force_locale(HANS):
            assert [str(each.label) for each in kind] == labels.split()

    @both
    def test_of_choices_are_chinese(self, app, locale):
        kinds = [each for each in vars(choices).values() if isinstance(each, type) and issubclass(each, (Choice, Kind))
                 and each not in (Choice, Kind)]
        assert len(kinds) >= 10
        with app.test_request_context(), force_locale(locale):
            assert [str(each.label) for kind in kinds for each in kind if not is_chinese(str(each.label))] == []

    @both
    def test_of_permissions_roles_and_columns_are_chinese(self, app, locale):
        with app.test_request_context(), force_locale(locale):
            said = [str(each.sentence) for each in Permission] + [str(role.name) for role in BUILT_IN_ROLES]
            said += [str(label) for label in LABELS.values()]
        assert [text for text in said if not is_chinese(text)] == []

    @both
    def test_of_different_choices_differ(self, app, locale):
        kinds = [each for each in vars(choices).values() if isinstance(each, type) and issubclass(each, (Choice, Kind))]
        with app.test_request_context(), force_locale(locale):
            for kind in kinds:
                labels = [str(each.label) for each in kind]
                assert len(set(labels)) == len(labels), kind


class TestTextsOfLibraries:
    """Flask-Admin's and WTForms' own catalogues lack some of what people see here, and mix the two scripts."""

    def test_of_flask_admin_are_all_ours(self):
        keywords = {**DEFAULT_KEYWORDS, "_gettext": None, "_ngettext": (1, 2), "lazy_gettext": None}
        mapping, options = [("**.py", "python"), ("**.html", "jinja2")], {"**.html": {"encoding": "utf-8"}}
        not_in_use = ("mongo", "peewee", "fileadmin", "redis", "tests", "/file/", "geoa", "bootstrap2", "bootstrap3")
        used = {found for file, found, _forms in extracted(Path(flask_admin.__path__[0]), mapping, options, keywords)
                if not any(part in file for part in not_in_use)}
        in_templates = {"_gettext": None, "_ngettext": (1, 2)}
        used |= {found for _file, found, _forms in extracted(ROOT / "app/templates", mapping, options, in_templates)}
        used -= {(None, text) for _context, text in used if text.startswith(("%(placeholder)s", "Not a valid ISO",
                                                                             "Not a valid color"))}
        for locale in (HANS, HANT):
            assert sorted(map(str, used - {id_of(message) for message in messages_in(locale, "admin")})) == []

    def test_of_wtforms_are_all_ours(self):
        top, mapping = Path(wtforms.__path__[0]), [("**.py", "python")]
        used = {found for _file, found, _forms in extracted(top, mapping, {})}
        assert len(used) > 30
        for locale in (HANS, HANT):
            assert sorted(map(str, used - {id_of(message) for message in messages_in(locale, "wtforms")})) == []

    @pytest.mark.parametrize(("language", "required", "too_long", "label"), [
        ("zh-CN", "此项为必填项。", "不能超过32个字符。", "名称"),
        ("zh-TW", "此欄位為必填。", "不能超過32個字元。", "名稱"),
        ("zh-HK", "此欄位為必填。", "不能超過32個字元。", "名稱"),
        ("en", "This field is required.", "Field cannot be longer than 32 characters.", "Name")])
    def test_in_forms_are_in_the_language_of_the_page(self, app, language, required, too_long, label):
        with self._request(app, language):
            login = LoginForm(MultiDict({"username": "x" * 33}), meta={"csrf": False})
            login.validate()
            assert login.errors == {"username": [too_long], "password": [required]}
            campus = CampusForm(MultiDict({"title": "x" * 33}))
            campus.validate()
            assert (campus.errors, str(campus.title.label.text)) == ({"title": [too_long]}, label)

    @both
    def test_in_the_largest_form_are_chinese(self, app, session, school, locale):
        session.commit()
        with self._request(app, current.LANGUAGE_TAGS[locale]):
            form = CustomerForm(MultiDict({"name": "", "salary": "x", "date": "x", "gender": "9", "source": "99"}))
            assert not form.validate()
            assert [text for errors in form.errors.values() for text in errors if not is_chinese(str(text))] == []

    @staticmethod
    def _request(app: Flask, language: str) -> Any:
        return app.test_request_context("/login", method="POST", headers={"Accept-Language": language})
