"""The working screens while others work: what is gone leaves, what has come is announced, all of it by keys too."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

SECONDS = 1_000


@pytest.fixture
def desk(browse, server):
    """`desk("sanjiang")` gives the page of a person who has just logged in, in a browser of his own."""
    return lambda username, **options: browse(server, username, **options).page


@pytest.fixture
def fallen(make_customer, school, clock, session):
    """Three of 大傻's customers, in the pool since today; the first of the list first."""
    made = [make_customer(name, holder=school.dasha, on=clock.today() - dt.timedelta(days=4), courses=[school.python])
            for name in ("周婷", "孙浩", "龙泰")]
    session.commit()
    return made[::-1]


def row(page, customer):
    return page.locator(f'tr[data-customer-id="{customer}"]')


def claim_button(page, customer):
    return row(page, customer).get_by_role("button", name="Claim")


def test_a_claim_in_one_browser_leaves_the_list_of_the_other(desk, fallen, session):
    first, second = fallen[0].id, fallen[1].id
    session.commit()
    sanjiang, baoyu = desk("sanjiang"), desk("baoyu")
    for page in (sanjiang, baoyu):
        page.goto("/admin/publicpool/")
        expect(page.locator('[data-count="reason-"]')).to_have_text("3")
    claim_button(sanjiang, first).click()
    expect(row(sanjiang, first)).to_contain_text("Claimed: you are following up now!")
    expect(row(baoyu, first)).to_contain_text("Just claimed by someone else", timeout=10 * SECONDS)
    assert "三江" not in row(baoyu, first).inner_text()
    for page in (sanjiang, baoyu):
        expect(page.locator('[data-count="reason-"]')).to_have_text("2", timeout=10 * SECONDS)
        expect(page.locator('[data-count="menu-publicpool"]')).to_have_text("2")
    expect(sanjiang.locator('[data-count="menu-mycustomers"]')).to_have_text("1")
    expect(row(baoyu, first)).to_have_count(0, timeout=15 * SECONDS)
    expect(row(baoyu, second)).to_be_visible()
    expect(row(sanjiang, first)).to_be_visible()  # who won him has him before his eyes


def test_a_button_that_is_pressed_while_the_list_is_made_anew_is_not_taken_away(desk, fallen, session):
    customer = fallen[0].id
    session.commit()
    page = desk("baoyu")
    page.goto("/admin/publicpool/")
    page.evaluate("document.addEventListener('refreshed', () => { window.anew = true; })")
    claim_button(page, customer).hover()
    page.mouse.down()
    with page.expect_response("**/admin/publicpool/"):
        page.evaluate("document.querySelector('[data-refresh]').click()")
    page.wait_for_timeout(200)
    assert page.evaluate("window.anew") is None
    page.mouse.up()
    expect(row(page, customer)).to_contain_text("Claimed: you are following up now!")
    page.wait_for_timeout(SECONDS)
    expect(row(page, customer)).to_be_visible()  # the new list, which is without him, waits until this could be read
    expect(row(page, customer)).to_have_count(0, timeout=15 * SECONDS)


def test_several_at_once_have_a_result_each_and_one_in_all(desk, fallen, floor, school, session):
    ids = [each.id for each in fallen]
    session.commit()
    page = desk("sanjiang")
    page.goto("/admin/publicpool/")
    page.route("**/changes/**", lambda route: route.abort())  # it has not heard yet that one is gone
    floor.claim(ids[1], by=school.baoyu)
    session.commit()
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name="Claim selected").click()
    for won in (ids[0], ids[2]):
        expect(row(page, won)).to_contain_text("Claimed: you are following up now!")
    expect(row(page, ids[1])).to_contain_text("Already being followed up")
    expect(page.locator("#said")).to_contain_text("Claimed 2 customers")
    expect(page.locator(".bulk")).to_be_hidden()


def test_who_has_come_is_announced_and_shown_when_asked_for(desk, fallen, make_customer, session):
    session.commit()
    page = desk("sanjiang")
    page.goto("/admin/publicpool/")
    page.get_by_label("Select 孙浩").check()
    make_customer("新来的")
    session.commit()
    page.get_by_role("button", name="1 new – show").click(timeout=10 * SECONDS)
    expect(page.locator("tbody")).to_contain_text("新来的")
    expect(page.get_by_label("Select 孙浩")).to_be_checked()  # what was ticked stays so
    expect(page.get_by_text("Claim selected")).to_be_visible()
    expect(page.get_by_text("1 new – show")).to_be_hidden()


@pytest.mark.parametrize("stays", [True, False], ids=["all", "following up"])
def test_a_customer_who_is_given_away_leaves_those_i_follow_up(desk, make_customer, floor, school, session, stays):
    given = make_customer("周婷", holder=school.sanjiang)
    mine = given.id
    make_customer("孙浩", holder=school.sanjiang)
    page = desk("sanjiang")
    page.goto("/admin/mycustomers/" if stays else "/admin/mycustomers/?status=1")
    floor.assign(given, to=school.baoyu)
    session.commit()
    expect(row(page, mine)).to_contain_text("Transferred to someone else", timeout=10 * SECONDS)
    expect(page.locator("[data-part=today]")).not_to_contain_text("周婷")
    if stays:
        expect(row(page, mine).locator(".badge")).to_have_text("Transferred", timeout=15 * SECONDS)
        assert row(page, mine).inner_html() == shown_after_a_reload(page, mine)
    else:
        expect(row(page, mine)).to_have_count(0, timeout=15 * SECONDS)


@pytest.mark.parametrize("stays", [True, False], ids=["all", "following up"])
def test_a_customer_i_release_is_a_past_one_at_once(desk, make_customer, school, session, stays):
    mine = make_customer("周婷", holder=school.sanjiang).id
    make_customer("孙浩", holder=school.sanjiang)
    page = desk("sanjiang")
    page.goto("/admin/mycustomers/" if stays else "/admin/mycustomers/?status=1")
    page.once("dialog", lambda question: question.accept())
    row(page, mine).get_by_role("button", name="Release").click()
    if stays:
        expect(row(page, mine).locator(".badge")).to_have_text("Released", timeout=3 * SECONDS)
        expect(row(page, mine).get_by_role("button")).to_have_count(0)
        assert row(page, mine).inner_html() == shown_after_a_reload(page, mine)
    else:
        expect(row(page, mine)).to_contain_text("周婷 is back in the Public Pool.")
        expect(row(page, mine)).to_have_count(0, timeout=15 * SECONDS)


def shown_after_a_reload(page, customer) -> str:
    page.reload()
    return row(page, customer).inner_html()


def test_the_next_contact_is_a_click_in_the_dialog_of_a_follow_up(desk, make_customer, school, session, clock):
    late = make_customer("周婷", holder=school.sanjiang)
    mine = late.id
    session.commit()
    page = desk("sanjiang")
    page.goto("/admin/mycustomers/")
    row(page, mine).get_by_role("link", name="Log follow-up").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What was said").fill("周末来试听")
    dialog.get_by_role("button", name="In 3 days").click()
    in_three_days = (clock.today() + dt.timedelta(days=3)).isoformat()
    expect(dialog.get_by_label("Next contact")).to_have_value(in_three_days)
    dialog.get_by_role("button", name="Save").click()
    expect(row(page, mine).locator("time")).to_have_attribute("datetime", in_three_days)


def test_it_says_so_when_the_server_is_gone_and_recovers_by_itself(desk, fallen, session):
    session.commit()
    page = desk("sanjiang")
    page.goto("/admin/publicpool/")
    state = page.locator("[data-live-state]")
    expect(state).to_have_text("Live")
    page.context.set_offline(True)
    expect(state).to_have_text("The server cannot be reached. Trying again…", timeout=10 * SECONDS)
    page.context.set_offline(False)
    expect(state).to_have_text("Live", timeout=30 * SECONDS)


def test_a_hidden_page_does_not_ask(desk, fallen, session):
    session.commit()
    page = desk("sanjiang")
    page.add_init_script("Object.defineProperty(document, 'hidden', {get: () => window.away === true})")
    page.goto("/admin/publicpool/")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/changes/" in request.url else None)
    page.evaluate("window.away = true")
    page.wait_for_timeout(5 * SECONDS)
    assert asked == []
    page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(1 * SECONDS)
    assert len(asked) == 1


def test_a_page_at_which_nothing_happens_asks_half_as_often_until_somebody_moves(desk, fallen, session):
    session.commit()
    page = desk("sanjiang")
    page.clock.install()
    page.goto("/admin/publicpool/")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/changes/" in request.url else None)

    def asked_in(seconds: int) -> int:
        asked.clear()
        for _ in range(seconds):
            page.clock.run_for(1 * SECONDS)
            page.wait_for_timeout(60)
        return len(asked)

    lively = asked_in(36)
    asked_in(30)
    calm = asked_in(36)
    assert 3 < calm < lively
    page.mouse.move(200, 200)
    page.mouse.move(300, 300)
    page.wait_for_timeout(SECONDS)
    assert len(asked) == calm + 1
    assert asked_in(36) > calm


def test_from_the_pool_to_the_first_follow_up_by_keys_alone(
        desk, fallen, make_customer, floor, school, session, clock):
    late = make_customer("周静", holder=school.sanjiang, on=clock.today() - dt.timedelta(days=2)).id
    given = make_customer("张嘉", holder=school.baoyu)
    first, identity = fallen[0].id, fallen[1].id
    session.commit()
    page = desk("sanjiang")
    keys = page.keyboard
    page.goto("/admin/publicpool/")
    keys.press("c")  # nobody is chosen: shows who would be, and claims nobody
    expect(row(page, first)).to_have_attribute("aria-current", "true")
    keys.press("j")
    expect(row(page, identity)).to_have_attribute("aria-current", "true")
    assert page.evaluate("document.activeElement.textContent") == "孙浩"  # screen readers follow
    keys.press("x")
    expect(page.get_by_label("Select 孙浩")).to_be_checked()
    keys.press("c")
    expect(row(page, identity)).to_contain_text("Claimed: you are following up now!")
    keys.press("f")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("孙浩")
    keys.type("jk xcf? / 下周来试听")  # letters are letters while one writes
    keys.press("Control+Enter")
    expect(row(page, identity)).to_contain_text("Follow-up logged.")
    keys.press("Enter")
    page.wait_for_url("**/customer/details/**")
    expect(page.locator("main")).to_contain_text("下周来试听")

    page.goto("/admin/mycustomers/")
    floor.assign(given, to=school.sanjiang)
    keys.press("r")
    expect(row(page, late)).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(3)
    bar = row(page, late).locator("progress")
    expect(bar).to_have_attribute("value", "2")
    for _ in range(3):
        keys.press("j")
    keys.press("f")
    keys.type("又聊了")
    keys.press("Control+Enter")
    expect(bar).to_have_attribute("value", "0")
    expect(page.locator("#said")).to_contain_text("Follow-up logged.")
    assert page.evaluate("document.activeElement.closest('tr').dataset.customerId") == str(late)
    keys.press("/")
    keys.type("没有这个人")
    expect(page.get_by_text("None of your customers fits.")).to_be_visible()


def test_the_sheet_lists_the_keys_and_switches_them_off_for_good(desk, fallen, session):
    session.commit()
    page = desk("sanjiang")
    page.goto("/admin/publicpool/")
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet).to_contain_text("Claim the customer")
    expect(sheet.get_by_text("Log follow-up")).to_be_hidden()  # nothing here to log one on
    page.keyboard.press("j")
    expect(page.locator("[aria-current=true]").and_(page.locator("tr"))).to_have_count(0)  # not while it is open
    sheet.get_by_label("Keys without Ctrl are on").uncheck()
    page.keyboard.press("Escape")
    for _ in range(2):
        page.keyboard.press("j")
        page.keyboard.press("?")
        expect(sheet).to_be_hidden()
        expect(page.locator("tr[aria-current]")).to_have_count(0)
        page.reload()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    sheet.get_by_label("Keys without Ctrl are on").check()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("tr[aria-current]")).to_have_count(1)


def test_typing_searches_and_composing_waits(desk, fallen, session):
    session.commit()
    page = desk("sanjiang")
    page.goto("/admin/publicpool/")
    box = page.get_by_role("searchbox")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/publicpool/?" in request.url else None)
    box.evaluate("""box => {
        box.focus();
        box.dispatchEvent(new CompositionEvent('compositionstart'));
        box.value = 'zhou';
        box.dispatchEvent(new InputEvent('input', {bubbles: true, isComposing: true}));
    }""")
    page.wait_for_timeout(SECONDS)
    assert asked == []
    box.evaluate("""box => {
        box.value = '周婷';
        box.dispatchEvent(new CompositionEvent('compositionend', {bubbles: true}));
    }""")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator(".chosen")).to_contain_text("周婷")
    assert "q=" in page.url
    expect(box).to_be_focused()
    box.press_sequentially("x")
    expect(page.get_by_text("Nobody in the pool fits these filters.")).to_be_visible()


def test_nothing_scrolls_sideways_on_a_phone(desk, fallen, make_customer, school, session):
    make_customer("周婷", holder=school.sanjiang, courses=[school.python, school.linux])
    identity = fallen[0].id
    session.commit()
    page = desk("sanjiang", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    for path in ("/admin/publicpool/", "/admin/mycustomers/"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.goto("/admin/publicpool/")
    button = claim_button(page, identity)
    assert button.bounding_box()["height"] >= 44
    button.tap()
    expect(page.get_by_text("Claimed: you are following up now!", exact=True)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.locator(".tabbar").is_visible()


LONG_TASKS = """window.tasks = [];
new PerformanceObserver(list => tasks.push(...list.getEntries().map(task => task.duration)))
    .observe({type: 'longtask', buffered: true});"""


def test_claiming_and_following_up_keep_the_browser_no_longer_than_an_empty_page(desk, fallen, session, capsys):
    identity = fallen[0].id
    session.commit()
    page = desk("sanjiang")
    page.add_init_script(LONG_TASKS)

    def longest() -> float:
        return max(page.evaluate("tasks"), default=0)

    page.goto("/account/password")
    page.wait_for_timeout(SECONDS)
    empty = max(longest(), 50)  # shorter ones the browser does not report
    page.goto("/admin/publicpool/")
    page.wait_for_timeout(SECONDS)
    shown, told = longest(), {}
    page.evaluate("window.tasks.length = 0; performance.mark('claim')")
    claim_button(page, identity).click()
    page.get_by_text("Claimed: you are following up now!", exact=True).wait_for()
    told["claim"] = page.evaluate("performance.now() - performance.getEntriesByName('claim')[0].startTime")
    page.get_by_role("link", name="Log follow-up").click()
    page.get_by_role("dialog").get_by_label("What was said").fill("下周来试听")
    page.evaluate("performance.mark('follow-up')")
    page.keyboard.press("Control+Enter")
    page.get_by_text("Follow-up logged.").first.wait_for()
    told["follow-up"] = page.evaluate("performance.now() - performance.getEntriesByName('follow-up')[0].startTime")
    page.wait_for_timeout(SECONDS)
    worked = longest()
    with capsys.disabled():
        tasks = {"empty page": empty, "pool shown": shown, "claim and follow-up": worked}
        print("\nlong tasks, ms:", json.dumps(tasks), "from the key to the word, ms:", json.dumps(told))
    assert worked <= 4 * empty
