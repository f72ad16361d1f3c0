"""`make screenshots`: a picture of every main screen, on the demo school, into docs/screenshots/.

The data, the date and the clock are always the same, so a picture changes only when its screen does. Names of screens
as arguments (`make screenshots ONLY="pool palette"`) take those alone.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support import browser, databases, demo_school  # noqa: E402
from tests.support.live_server import LiveServer  # noqa: E402
from tests.support.pictures import small  # noqa: E402
from tests.support.visitor import Visitor  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FOLDER = ROOT / "docs" / "screenshots"
SIZES = {1280: 800, 390: 844}
LANGUAGES = {"en": "en-US", "zh": "zh-CN"}


@dataclass(frozen=True)
class Shot:
    """A picture: its name, whose screen, where, and what is done there first."""

    name: str
    username: str | None
    address: str
    prepare: Callable[[Page], None] = lambda _page: None
    dark: bool = False


def open_customer(page: Page) -> None:
    """The record of a customer who has been followed up for a while."""
    page.goto(str(page.locator("tr[data-watch] a[href*='details']").nth(2).get_attribute("href")))


def open_follow_up(page: Page) -> None:
    page.locator("[data-follow-up]").first.click()


def open_hand_over(page: Page) -> None:
    """What there is to hand over of the consultant with the most customers."""
    page.goto(str(page.locator("a[href*='hand-over']").first.get_attribute("href")))


def unfold_tries(page: Page) -> None:
    """Who tried what on the customer at the top of the pool."""
    page.locator("[data-tries]").first.click()
    page.locator("tr.told").wait_for()


def open_merge(page: Page) -> None:
    """The two customers at the top of the list, side by side."""
    ticks = page.locator("tbody [data-tick]")
    one, other = (ticks.nth(number).get_attribute("value") for number in (0, 1))
    page.goto(f"/admin/merge/?customer={one}&other={other}")


def open_palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.locator("dialog[open]").wait_for()


SHOTS = (
    Shot("login", None, "/login"),
    Shot("home-consultant", "sanjiang", "/admin/"),
    Shot("home-manager", "manager", "/admin/", dark=True),
    Shot("pool", "dasha", "/admin/publicpool/", dark=True),
    Shot("tries", "dasha", "/admin/publicpool/", unfold_tries),
    Shot("my-customers", "sanjiang", "/admin/mycustomers/"),
    Shot("follow-up", "sanjiang", "/admin/mycustomers/", open_follow_up),
    Shot("customer", "sanjiang", "/admin/mycustomers/", open_customer, dark=True),
    Shot("palette", "sanjiang", "/admin/mycustomers/", open_palette),
    Shot("customers", "manager", "/admin/customer/"),
    Shot("merge", "manager", "/admin/customer/", open_merge),
    Shot("customer-form", "manager", "/admin/customer/new/"),
    Shot("assignment", "manager", "/admin/assignment/"),
    Shot("hand-over", "manager", "/admin/transfer/", open_hand_over),
    Shot("notices", "sanjiang", "/admin/notice/"),
    Shot("channels", "sanjiang", "/account/notices"),
    Shot("classes", "manager", "/admin/courseclass/"),
    Shot("jobs", "admin", "/admin/jobs/"),
    Shot("pool-rules", "admin", "/admin/poolrules/"),
    Shot("matrix", "admin", "/admin/matrix/"),
    Shot("audit", "admin", "/admin/audit/"),
)


def names() -> set[str]:
    """The files there are after a run."""
    return {_file(shot, language, width, dark) for shot in SHOTS for language in LANGUAGES for width in SIZES
            for dark in _schemes(shot, language)}


def _schemes(shot: Shot, language: str) -> tuple[bool, ...]:
    return (False, True) if shot.dark and language == "en" else (False,)


def _file(shot: Shot, language: str, width: int, dark: bool) -> str:
    return f"{shot.name}-{language}-{width}{'-dark' if dark else ''}.png"


def take(shots: Iterable[Shot], running: Browser, url: str, blank: Page) -> None:
    """Take pictures; who looks logs in once for each language."""
    seats: dict[tuple[str | None, str], Page] = {}
    for shot in shots:
        for language, locale in LANGUAGES.items():
            if (shot.username, language) not in seats:
                context = running.new_context(base_url=url, locale=locale, reduced_motion="reduce")
                seats[shot.username, language] = Visitor(context, shot.username).page
            page = seats[shot.username, language]
            for width, height in SIZES.items():
                for dark in _schemes(shot, language):
                    page.set_viewport_size({"width": width, "height": height})
                    page.emulate_media(color_scheme="dark" if dark else "light")
                    page.goto(shot.address)
                    shot.prepare(page)
                    page.wait_for_load_state("networkidle")
                    page.evaluate("document.fonts.ready")
                    photo = page.screenshot(animations="disabled", caret="hide")
                    (FOLDER / _file(shot, language, width, dark)).write_bytes(small(photo, blank))


def main(only: list[str]) -> None:
    shots = [shot for shot in SHOTS if not only or shot.name in only]
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.png"):
        if old.name not in names():
            old.unlink()
    with tempfile.TemporaryDirectory(prefix="gonghai-screenshots-") as name:
        folder = Path(name)
        clock_file = folder / "now"
        clock_file.write_text(demo_school.START.isoformat())
        url = databases.Databases(folder, folder, "alone").make("sqlite")
        with (LiveServer(demo_school.built(url, folder), processes=1, clock_file=clock_file) as server,
              browser.launched() as running):
            take(shots, running, server.url, running.new_context().new_page())
    print(f"{len(names())} pictures, {sum(each.stat().st_size for each in FOLDER.glob('*.png')) // 1024} KiB")


if __name__ == "__main__":
    main(sys.argv[1:])
