"""With the keyboard alone: wherever Tab leads, one sees where one is, and nothing lies over it (WCAG 2.4.7, 2.4.11)."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

STOPS = 40

HERE = """() => {
    const here = document.activeElement;
    if (!here || here === document.body) return null;
    const place = here.getBoundingClientRect();
    const points = [[.5, .5], [.1, .5], [.9, .5], [.5, .15], [.5, .85]].map(([x, y]) =>
        document.elementFromPoint(place.left + place.width * x, place.top + place.height * y));
    const faults = [];
    if (!points.some(each => each && (here.contains(each) || each.contains(here) && each.closest("label"))))
        faults.push("is covered or out of sight");
    const outlined = [here, here.parentElement].map(each => getComputedStyle(each))
        .some(style => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1);
    if (!outlined)
        faults.push("does not show that it has the focus");
    here.dataset.visited = (Number(here.dataset.visited) || 0) + 1;
    return {faults, what: here.outerHTML.slice(0, 120), again: here.dataset.visited > 1};
}"""


def walk(page) -> tuple[int, list[str]]:
    """Tab through the page; how many stops there were, and what was wrong at them."""
    wrong = []
    for stop in range(STOPS):
        page.keyboard.press("Tab")
        here = page.evaluate(HERE)
        if here is None or here["again"]:
            return stop, wrong
        wrong += [f"{page.url.partition('/admin')[2]} {here['what']} {fault}" for fault in here["faults"]]
    return STOPS, wrong


@pytest.mark.parametrize("size", [{"width": 1280, "height": 720}, {"width": 390, "height": 700}], ids=["desk", "phone"])
def test_the_focus_is_always_seen(demo, visit, size):
    page = visit("sanjiang", viewport=size, reduced_motion="reduce").page
    wrong, stops = [], 0
    for address in ("/admin/", "/admin/publicpool/", "/admin/mycustomers/", "/admin/customer/", "/admin/followup/new/",
                    next(each for each in demo.screens("sanjiang") if "/customer/details/" in each)):
        page.goto(address)
        found, faults = walk(page)
        stops += found
        wrong += faults
    assert stops > 100
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("fault", ["covered", "show"])
def test_a_focus_that_is_not_seen_would_be_found(visit, fault):
    page = visit("sanjiang").page
    page.goto("/admin/campus/")
    page.evaluate("""fault => {
        const made = document.createElement(fault === "covered" ? "div" : "a");
        made.style.cssText = fault === "covered" ? "position: fixed; inset: 0" : "outline: none";
        if (fault === "show") made.href = "#here";
        made.textContent = "here";
        document.body.prepend(made);
    }""", fault)
    assert fault in " ".join(walk(page)[1])
