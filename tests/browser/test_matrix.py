"""An admin before the matrix of permissions, at a desk and on a phone: ticks, reads whom it concerns, confirms."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.models import Role, RolePermission

pytestmark = pytest.mark.browser

DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@pytest.fixture
def admin(sit_down, school):
    """`admin(DESK)` gives the page of the admin, logged in, in a window of that size."""
    return lambda size: sit_down("admin", viewport=size).page


def box(page, role_id: int, code: str):
    return page.locator(f'input[name="grant"][value="{role_id}:{code}"]')


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_ticks_reviews_and_confirms(admin, school, session, size):
    consultant, tutor = school.roles["consultant"].id, school.roles["tutor"].id
    session.commit()
    page = admin(size)
    page.goto("/admin/matrix/")
    if size is PHONE:
        page.get_by_label("Role", exact=True).select_option(value=str(consultant))
        assert not box(page, tutor, "course.read").is_visible(), "one role at a time"
    box(page, consultant, "customer.export").check()
    box(page, consultant, "publicpool.claim").uncheck()
    page.locator(f'[name="scope-{consultant}"]').select_option("department")
    assert page.locator("[data-changes]").inner_text() == "3 changes"
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"], "only the table scrolls sideways"

    page.get_by_role("button", name="Review…").click()
    page.wait_for_url("**/review/")
    review = page.inner_text("main")
    for said in ("Own rows → Rows of the department", "Export customers", "Claim customers from the Public Pool",
                 "三江", "暴雨", "大傻", "Nothing has been saved yet."):
        assert said in review
    page.get_by_role("button", name="Back to the matrix").click()
    page.wait_for_load_state()
    assert page.locator("[data-changes]").inner_text() == "3 changes"
    assert not box(page, consultant, "publicpool.claim").is_checked()

    page.get_by_role("button", name="Review…").click()
    page.get_by_role("button", name="Save the changes").click()
    page.wait_for_url("**/admin/matrix/")
    assert "Saved." in page.inner_text("main")
    codes = set(session.scalars(select(RolePermission.code).where(RolePermission.role_id == consultant)))
    assert ("customer.export" in codes, "publicpool.claim" in codes) == (True, False)
    assert session.get_one(Role, consultant, populate_existing=True).scope == "department"


def test_looks_as_a_role_and_stops(admin, school, session):
    finance = school.roles["finance"].id
    session.commit()
    page = admin(DESK)
    page.goto("/admin/matrix/")
    page.locator(f'thead [data-role-id="{finance}"] summary').click()
    page.locator(f'[name="role_id"][value="{finance}"]').click()
    page.wait_for_url("**/admin/")
    assert "what the role Finance sees" in page.inner_text(".acting")
    assert page.get_by_role("link", name="Employees").count() == 0
    page.get_by_role("button", name="Stop").click()
    page.wait_for_load_state()
    assert page.locator(".acting").count() == 0
    assert page.get_by_role("link", name="Employees").count() == 1
