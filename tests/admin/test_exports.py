"""Exports: no text runs as a formula in a spreadsheet, and nobody exports what he may not read."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile

import pytest
from sqlalchemy import String, inspect, update

from app import spreadsheets
from app.admin.base import TableView
from app.models import AuditEntry, CalendarDay, CourseClass, Leave, NoticeDelivery, SalesRank
from app.models.choices import DeliveryChannel, DeliveryState
from app.models.contacts import CONTACT_FIELDS
from tests.support.reading import table_of

NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)

ATTACKS = ("=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1+1", "\r=1+1", "\n=1+1", "＝1+1", "＋1+1", "－1+1", "＠SUM(1)",
           "﹢1", "−1+1", " =1+1", "   \u3000=1+1", '"=1+1', '""=1', "\u200b=1+1", "\ufeff=1+1", "\u202e=1+1",
           "=cmd|'/C calc'!A0", "a;=1+1", "a\t=1+1", "a\r\n=1+1", "a\n+1", 'a"\n=1', "1;\t @SUM(1)", "\u2066;＝1",
           '=HYPERLINK("//x","y")', "=DDE(1;2)", "-2+3+cmd|' /C calc'!A0")

BEGINS_A_FORMULA = re.compile(r"[\s\"\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*[=+\-@＝﹦＋﹢－﹣−＠﹫]")


def runs(cell: str) -> bool:
    """Whether any program could take a part of a cell for a formula: at its beginning or after what ends a cell."""
    parts = re.split(r"[;\t\r\n]", cell)
    return any(BEGINS_A_FORMULA.match(part) for part in parts) or cell.startswith(("\t", "\r", "\n"))


@pytest.fixture
def rows_everywhere(session, school, make_customer, make_follow_up):
    """A row or more in every table there is to export."""
    customer = make_customer(holder=school.sanjiang, courses=[school.python], campus=school.beijing)
    customer.referral_from = make_customer(mobile="1")
    make_follow_up(customer)
    session.add_all([
        SalesRank(consultant=school.sanjiang, num=3, weight=1),
        CalendarDay(day=dt.date(2026, 5, 9), name="校庆"),
        Leave(employee=school.sanjiang, first_on=dt.date(2026, 5, 11), last_on=dt.date(2026, 5, 12), reason="探亲"),
        NoticeDelivery(employee=school.sanjiang, channel=DeliveryChannel.WECOM, state=DeliveryState.GIVEN_UP,
                       created_at=NOON, due_at=NOON, answer="500"),
        CourseClass(campus=school.beijing, course=school.python, semester=3, price=19800, capacity=30,
                    start_date=dt.date(2026, 4, 1), teachers=[school.teacher], tutor=school.tutor)])
    session.commit()


def texts_of(model) -> list:
    """The free text columns of a table."""
    return [column for column in inspect(model).local_table.columns
            if isinstance(column.type, String) and column.name not in FIXED]


FIXED = {"code", "username", "password_hash", "session_token", "locale"}
"""Texts that are not free: codes, and what somebody logs in by."""


def tables(app) -> list[TableView]:
    return [view for view in app.extensions["admin"][0]._views if isinstance(view, TableView)
            and view.model is not AuditEntry]  # whose texts nobody writes; it keeps its own tests


def attack(session, app, text: str) -> None:
    """Write a text into every text column of every exported table, made unique where it must be."""
    for view in tables(app):
        for column in texts_of(view.model):
            for number, (identity,) in enumerate(session.query(view.model.id).order_by(view.model.id).all()):
                one_persons = column.unique or column.name == "other_contacts"
                value = text + ("x" * number if one_persons else "")
                session.execute(update(view.model).where(view.model.id == identity).values({column.key: value}))
    session.commit()


def formulas_in(login, app, kind: str) -> list[tuple[str, str]]:
    """The cells of all exports of a kind, as an admin gets them, that could run."""
    admin, found = login("admin"), []
    for view in tables(app):
        if view.access.export is None:
            continue
        answer = admin.get(f"/admin/{view.endpoint}/export/{kind}/")
        assert answer.status_code == 200, view.endpoint
        rows = table_of(answer)
        assert len(rows) > 1, f"{view.endpoint} exports nothing"
        found += [(view.endpoint, cell) for row in rows for cell in row if isinstance(cell, str) and runs(cell)]
        if kind == "xlsx":
            found += [(view.endpoint, part) for part in formula_cells(answer.get_data())]
    return found


def formula_cells(book: bytes) -> list[str]:
    """What a workbook holds besides values: formulas, links, anything that reaches outside."""
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        sheets = [archive.read(name).decode() for name in archive.namelist() if "worksheets/sheet" in name]
        extra = [name for name in archive.namelist() if "externalLink" in name or "vbaProject" in name]
    return [found for sheet in sheets for found in re.findall(r"<f[ >][^<]*|<hyperlink[^>]*", sheet)] + extra


class TestFormulas:
    @pytest.mark.parametrize("text", ATTACKS)
    def test_of_every_kind_are_texts(self, text):
        assert runs(text)
        assert not runs(spreadsheets.safe(text))

    @pytest.mark.parametrize("text", ["龙泰", "a=b", "3-5天", "a@b.cn", "1;2", "第一行\n第二行", "", "周末 -10%"])
    def test_are_not_seen_where_there_are_none(self, text):
        assert spreadsheets.safe(text) == text

    @pytest.mark.parametrize("kind", ["csv", "xlsx"])
    @pytest.mark.parametrize("text", ["=1+1", "＝1+1", "\t@SUM(1)", "a;=1|'/C'!A0", ' "+1'])
    def test_run_from_no_column_of_no_table(self, app, login, session, rows_everywhere, kind, text):
        attack(session, app, text)
        assert formulas_in(login, app, kind) == []

    def test_are_written_into_every_text_column_there_is(self, app, session, rows_everywhere):
        assert sum(len(texts_of(view.model)) for view in tables(app)) >= 15
        attack(session, app, "=1+1")

    def test_are_numbers_and_dates_left_as_they_are(self):
        file = io.BytesIO()
        spreadsheets.write("csv", file, ["数"], [[-5, -1.5, dt.date(2026, 3, 2), "-5"]])
        assert file.getvalue().decode("utf-8-sig").splitlines()[1] == '''"-5","-1.5","2026-03-02","'-5"'''


class TestRights:
    def test_nobody_exports_a_table_he_may_not_export(self, app, login, school, rows_everywhere):
        for person in school.everyone:
            browser = login(person.username)
            for view in tables(app):
                for kind in view.export_types:
                    answer = browser.get(f"/admin/{view.endpoint}/export/{kind}/")
                    granted = {code for role in person.roles for code in role.permission_codes}
                    may = view.access.export is not None and view.access.export.value in granted
                    assert answer.status_code == (200 if may else 403), (person.username, view.endpoint)

    def test_an_export_has_the_rows_of_the_list_and_no_others(self, login, session, school, make_customer):
        school.roles["consultant"].permission_codes = [*school.roles["consultant"].permission_codes, "customer.export"]
        make_customer("三江的", holder=school.sanjiang)
        make_customer("暴雨的", holder=school.baoyu)
        make_customer("公海的")
        session.commit()
        for kind in ("csv", "xlsx"):
            for query in ("", "?search=的", "?sort=1", "?flt0_4=" + str(school.baoyu.id)):
                text = str(table_of(login("sanjiang").get(f"/admin/customer/export/{kind}/{query}")))
                assert "暴雨的" not in text
                assert "公海的" not in text
            assert "三江的" in str(table_of(login("sanjiang").get(f"/admin/customer/export/{kind}/")))

    def test_an_export_hides_the_contacts_the_list_hides(self, login, session, school, make_customer, clock):
        school.roles["auditor"].permission_codes = [*school.roles["auditor"].permission_codes, "customer.export"]
        for number, holder in enumerate((school.sanjiang, None)):
            make_customer(holder=holder, qq=f"88661{number}", mobile=f"1391111000{number}", wechat=f"wxid_ab{number}",
                          company=f"电话1391111000{number}")
        session.commit()
        for kind in ("csv", "xlsx"):
            rows = table_of(login("auditor").get(f"/admin/customer/export/{kind}/"))
            assert len(rows) == 3
            text = str(rows)
            assert not [piece for piece in ("88661", "1391111", "wxid") if piece in text]
            assert str(table_of(login("manager").get(f"/admin/customer/export/{kind}/"))).count("1391111") == 4
        assert len(CONTACT_FIELDS) == 3
