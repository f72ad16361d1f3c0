"""A manager at the screen of assignment: pauses somebody, has a lead assigned, and reads why he went where he did."""

from __future__ import annotations

import pytest

from app.models import SalesRank

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("size", [{"width": 1280, "height": 800}, {"width": 390, "height": 844}], ids=["desk", "phone"])
def test_pauses_assigns_and_reads_why(sit_down, school, session, size):
    session.add_all([SalesRank(consultant=school.baoyu, num=1, weight=2),
                     SalesRank(consultant=school.dasha, num=2, weight=1)])
    session.commit()
    page = sit_down("manager", viewport=size).page
    page.goto("/admin/assignment/")
    assert page.locator(".next-leads li").first.inner_text().startswith("暴雨")
    page.locator(".ranked tr", has_text="暴雨").get_by_role("button", name="Pause").click()
    page.get_by_text("暴雨 is passed over from now on.").wait_for()
    assert page.locator(".next-leads li").first.inner_text().startswith("大傻")

    page.goto("/admin/customer/new/")
    page.fill("#name", "龙泰")
    page.fill("#qq", "309914410")
    page.select_option("#goes_to", label="By assignment")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("龙泰 went to 大傻.").wait_for()

    page.goto("/admin/assignment/")
    assert [said.split() for said in page.locator(".slots .spent").all_inner_texts()] == [
        ["暴雨", "(spent)"], ["大傻", "(spent)"]]
    row = page.locator(".ledger tbody tr").inner_text()
    assert "Slot 2 of 3 in round 1 · Passed over: 暴雨 (paused)" in " ".join(row.split())
    page.locator("#chart-fairness canvas").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
    page.locator(".ledger tbody a").click()
    page.wait_for_url("**/customer/details/**")
    assert "Passed over: 暴雨 (paused)" in page.inner_text(".timeline")
