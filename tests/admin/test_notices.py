"""Notices in the panel: one's own, in one's language, with a way to what they are about; and what comes meanwhile."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app.models import Notice
from app.models.choices import NoticeKind
from app.services import notices
from app.services.notices import News


@pytest.fixture(autouse=True)
def english(session, school):
    for each in (school.sanjiang, school.baoyu):
        each.locale = "en"
    session.commit()


@pytest.fixture
def tell(session, clock):
    """Tells somebody something under a new key; the notice."""
    def give(employee, kind, customer=None, **details):
        key = f"{kind}/{clock.now().timestamp()}/{len(session.scalars(select(Notice.id)).all())}"
        notices.give(session, [News(employee.id, kind, key, customer.id if customer else None, details)], now=clock())
        session.commit()
        return session.scalars(select(Notice).where(Notice.key == key)).one()
    return give


@pytest.fixture
def warned(session, school, make_customer, tell):
    """三江 is told that 龙泰 is about to fall."""
    customer = make_customer("龙泰", holder=school.sanjiang)
    session.query(Notice).delete()
    return tell(school.sanjiang, NoticeKind.WARNING, customer, public_on="2026-03-06", public_as=3, grade=2)


def unread(session, employee):
    session.rollback()
    found = notices.unread(session, employee.id)
    session.rollback()
    return found


class TestTheList:
    def test_says_what_happened_and_leads_there(self, login, warned):
        sanjiang = login("sanjiang")
        page = sanjiang.get("/admin/notice/").text
        assert "龙泰 falls into the Public Pool on Mar 6, 2026 at 00:00 unless followed up before." in page
        assert f'href="/admin/notice/{warned.id}/"' in page
        opened = sanjiang.get(f"/admin/notice/{warned.id}/")
        assert opened.location == f"/admin/customer/details/?id={warned.customer_id}"

    def test_of_a_customer_lost_leads_to_what_may_still_be_seen(self, login, warned, floor, school):
        floor.assign(warned.customer, to=school.baoyu)
        assert "/admin/mycustomers/details/" in login("sanjiang").get(f"/admin/notice/{warned.id}/").location

    def test_is_ones_own(self, login, warned):
        baoyu = login("baoyu")
        assert "龙泰" not in baoyu.get("/admin/notice/").text
        assert baoyu.get(f"/admin/notice/{warned.id}/").status_code == 404
        assert baoyu.get("/admin/notice/999999/").status_code == 404

    def test_has_filters_and_pages(self, login, warned, school, tell, monkeypatch):
        monkeypatch.setattr("app.admin.notices.PAGE_SIZE", 2)
        for number in (6, 7, 8):
            tell(school.sanjiang, NoticeKind.REMINDER, number=number, next_contact_on="2026-03-02")
        sanjiang = login("sanjiang")
        page = sanjiang.get("/admin/notice/?show=reminder").text
        assert page.index("8 contacts are") < page.index("7 contacts are")
        assert "6 contacts" not in page
        assert "龙泰" not in page
        following = re.search(r'rel="next" href="([^"]+)"', page).group(1).replace("&amp;", "&")
        assert "6 contacts are planned for Mar 2, 2026." in sanjiang.get(following).text
        assert sanjiang.get("/admin/notice/?show=nonsense").status_code == 400

    def test_is_read_as_a_whole_by_a_button_and_by_ids_by_the_page(self, login, session, warned, school, tell):
        other = tell(school.sanjiang, NoticeKind.REMINDER, number=6, next_contact_on="2026-03-02")
        sanjiang, baoyu = login("sanjiang"), login("baoyu")
        assert f'data-reads="{other.id},{warned.id}"' in sanjiang.get("/admin/notice/").text
        assert unread(session, school.sanjiang) == 2
        baoyu.submit("/admin/notice/read", {"ids": f"{other.id},{warned.id}"})
        assert unread(session, school.sanjiang) == 2
        sanjiang.submit("/admin/notice/read", {"ids": str(warned.id)})
        assert unread(session, school.sanjiang) == 1
        assert sanjiang.submit("/admin/notice/read", {"up_to": other.id}).status_code == 302
        assert unread(session, school.sanjiang) == 0
        assert sanjiang.submit("/admin/notice/read", {}).status_code == 404

    def test_asks_no_more_for_many_than_for_one(self, login, session, warned, school, make_customer, tell,
                                                count_queries):
        sanjiang = login("sanjiang")
        sanjiang.get("/admin/notice/")
        with count_queries() as few:
            sanjiang.get("/admin/notice/")
        for _ in range(8):
            tell(school.sanjiang, NoticeKind.LOST, make_customer(), **{"as": 6}, by_id=school.manager.id,
                 to_id=school.baoyu.id)
        with count_queries() as many:
            sanjiang.get("/admin/notice/")
        assert many.count <= few.count + 1  # the names of people

    @pytest.mark.parametrize(("kind", "details", "leads_to"), [
        (NoticeKind.WARNING, {"number": 8, "public_on": "2026-03-06", "grade": 2}, "/admin/mycustomers/?show=falling"),
        (NoticeKind.REMINDER, {"number": 8, "next_contact_on": "2026-03-06"}, "/admin/mycustomers/?show=due"),
        (NoticeKind.GAINED, {"number": 300, "origin": "transfer"}, "/admin/mycustomers/?show=new"),
        (NoticeKind.LOST, {"number": 8, "no_follow_up_number": 8}, "/admin/mycustomers/?show=lost"),
        (NoticeKind.LOST, {"number": 8, "as": 6}, "/admin/mycustomers/?status=6"),
        (NoticeKind.TEAM_WARNING, {"number": 8, "public_on": "2026-03-06"}, "/admin/?by=falling#desks")])
    def test_of_many_leads_to_the_screen_that_shows_them(self, login, school, tell, kind, details, leads_to):
        if kind is NoticeKind.TEAM_WARNING:
            details = {**details, "consultant_id": school.baoyu.id}
        notice = tell(school.sanjiang, kind, **details)
        sanjiang = login("sanjiang")
        assert str(details["number"]) in sanjiang.get("/admin/notice/").text
        opened = sanjiang.get(f"/admin/notice/{notice.id}/")
        assert opened.location == leads_to
        assert sanjiang.get(leads_to).status_code == 200


class TestTheBell:
    def test_counts_what_is_unread_on_every_page(self, login, warned):
        sanjiang = login("sanjiang")
        for path in ("/admin/", "/admin/course/", "/account/"):
            assert "Notices: 1 unread" in sanjiang.get(path, follow_redirects=True).text
        assert "data-bell-label>Notices<" in login("baoyu").get("/admin/").text

    def test_is_told_what_came_and_only_that(self, login, warned, school, tell):
        sanjiang = login("sanjiang")
        assert sanjiang.get(f"/admin/notice/news?told={warned.id}").json["said"] == []
        new = tell(school.sanjiang, NoticeKind.REMINDER, number=6, next_contact_on="2026-03-02")
        said = sanjiang.get(f"/admin/notice/news?told={warned.id}").json
        assert said == {"unread": "2", "newest": new.id, "label": "Notices: 2 unread",
                        "said": ["6 contacts are planned for Mar 2, 2026."]}

    def test_drowns_nobody(self, login, warned, school, tell):
        for number in range(6, 10):
            tell(school.sanjiang, NoticeKind.REMINDER, number=number, next_contact_on="2026-03-02")
        said = login("sanjiang").get(f"/admin/notice/news?told={warned.id}").json["said"]
        assert said == ["There are new notices."]

    def test_is_told_with_what_pages_ask_for_anyway(self, login, warned):
        sanjiang = login("sanjiang")
        state = f"/admin/record/state/?id={warned.customer_id}&shown=1.x&"
        for path in ("/admin/publicpool/changes/?", "/admin/mycustomers/changes/?", state):
            assert sanjiang.get(f"{path}told=0").json["notices"]["unread"] == "1", path
            assert "notices" not in sanjiang.get(path).json

    def test_of_a_customer_is_read_with_his_page(self, login, warned):
        page = login("sanjiang").get(f"/admin/customer/details/?id={warned.customer_id}").text
        assert f'data-reads="{warned.id}"' in page
