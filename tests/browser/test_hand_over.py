"""A leaver is handed over, from the employee's form to who got whom; and so are all customers that a list finds."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from app.models import Customer, Employee, TransferLine
from app.models.choices import LineState
from app.services import transfers

pytestmark = pytest.mark.browser

DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@pytest.fixture
def customers(make_customer, school, floor):
    """三江 holds three and has enrolled one."""
    made = [make_customer(name, holder=school.sanjiang) for name in ("甲客", "乙客", "丙客", "学员")]
    floor.enrol(made[-1])
    return made


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_leaver_from_the_form_to_the_end(sit_down, session, school, customers, clock, size):
    leaver, ids = school.sanjiang.id, [each.id for each in customers]
    session.commit()
    visitor = sit_down("admin", viewport=size)
    page = visitor.page
    page.goto(f"/admin/employee/edit/?id={leaver}")
    page.get_by_label("Active").uncheck()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("heading", name="What happens to the customers of 三江?").wait_for()
    page.get_by_role("link", name="Hand over or release…").click()
    page.get_by_role("heading", name="Hand over the customers of 三江").wait_for()
    said = page.inner_text("main")
    for tile in ("3\nFollowing up", "1\nEnrolled"):
        assert tile in said
    assert page.get_by_label("Deactivate the login of 三江 afterwards").is_checked()
    page.get_by_label("暴雨").check()
    page.get_by_label("大傻").check()
    page.get_by_role("button", name="Hand over 4 customers").click()
    page.get_by_role("heading", name="Who got whom").wait_for()
    assert "The login was deactivated." in page.inner_text("main")
    assert page.locator(".received").inner_text().split() == ["Who", "got", "how", "many", "暴雨", "2", "大傻", "2"]
    page.get_by_role("link", name="甲客").click()
    page.get_by_role("heading", name="甲客").wait_for()
    assert not session.get_one(Employee, leaver, populate_existing=True).active
    states = session.scalars(select(TransferLine.state)).all()
    assert states == [LineState.MOVED] * len(ids)
    assert not session.scalar(select(func.count()).select_from(Customer).where(
        transfers.with_employee(leaver, clock.today())))
    assert visitor.complaints == []


def test_all_that_the_list_finds(sit_down, session, school, make_customer):
    for number in range(25):
        make_customer(f"客{number}", holder=school.sanjiang)
    baoyu = school.baoyu.id
    session.commit()
    page = sit_down("manager").page
    page.goto("/admin/customer/?page_size=20&flt_standing=following")
    page.get_by_label("Select all records").check()
    page.get_by_label("all 25 in this list").check()
    page.locator("#action").select_option("assign")
    page.get_by_role("button", name="Apply").last.click()
    page.get_by_role("heading", name="Assign customers").wait_for()
    page.get_by_label("暴雨").check()
    page.get_by_role("button", name="Assign 25 customers").click()
    page.get_by_role("heading", name="Who got whom").wait_for()
    assert session.scalar(select(func.count()).select_from(Customer).where(Customer.consultant_id == baoyu)) == 25
    page.get_by_role("link", name="← Back").click()
    page.get_by_role("heading", name="Customers").wait_for()
    assert "page_size=20" in page.url
