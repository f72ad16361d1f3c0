"""The bell: a warning arrives while a page is open, is said, and is read by being looked at."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from app.models import Notice
from app.services import warnings

pytestmark = pytest.mark.browser

SECONDS = 1_000


def test_a_warning_arrives_while_the_page_is_open(sit_down, session, school, make_customer, clock):
    make_customer("龙泰", holder=school.sanjiang)
    session.query(Notice).delete()
    clock.advance(days=3)
    clock.write()
    session.commit()
    page = sit_down("sanjiang").page
    page.goto("/admin/mycustomers/")
    bell = page.get_by_role("link", name="Notices", exact=False).and_(page.locator("[data-bell]"))
    expect(bell).to_have_accessible_name("Notices")

    warnings.run(session, today=clock.today(), now=clock.now(), is_open=True, on_batch=lambda *_: session.commit())
    sentence = "龙泰 falls into the Public Pool on Mar 6, 2026 at 00:00 unless followed up before."
    expect(page.locator("#said")).to_contain_text(sentence, timeout=10 * SECONDS)
    expect(bell).to_have_accessible_name("Notices: 1 unread")

    page.keyboard.press("n")
    page.wait_for_url("**/admin/notice/")
    expect(page.locator(".notices tr.new")).to_contain_text(sentence)
    expect(bell).to_have_accessible_name("Notices")  # shown is read
    assert session.scalars(select(Notice.read_at).where(Notice.employee_id == school.sanjiang.id)).one() is not None
    session.rollback()

    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/customer/details/**")
