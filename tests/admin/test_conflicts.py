"""Two people save the same: the second loses nothing, and neither does the first."""

from __future__ import annotations

import pytest

from app.models import CourseClass, Customer
from app.permissions import Permission
from app.services import customers, school_settings
from tests.support.client import shown_in
from tests.support.databases import on_both_databases


@pytest.fixture
def longtai(make_customer, school):
    return make_customer("龙泰", holder=school.sanjiang, qq="309914417", company="三江公司", courses=[school.python],
                         campus=school.beijing)


def path(row) -> str:
    return f"/admin/customer/edit/?id={row.id}"


def entries(school, **changed) -> dict:
    """The form of 龙泰 as it stands, with some entries of one's own."""
    return {"name": "龙泰", "qq": "309914417", "source": 1, "work_status": 1, "company": "三江公司",
            "courses": [school.python.id], "campus": school.beijing.id, **changed}


@pytest.fixture
def sanjiang(login):
    return login("sanjiang")


@pytest.fixture
def manager(login):
    return login("manager")


class TestWhatIsSavedMeanwhile:
    @on_both_databases
    def test_is_not_overwritten(self, sanjiang, manager, longtai, school, session):
        opened = sanjiang.shown(path(longtai))
        assert manager.submit(path(longtai), entries(school, company="主管的公司")).status_code == 302
        refused = sanjiang.submit(path(longtai), entries(school, company="我的公司", shown=opened))
        assert refused.status_code == 409
        session.refresh(longtai)
        assert longtai.company == "主管的公司"

    def test_comes_back_with_my_entries_and_theirs_beside_them(self, sanjiang, manager, longtai, school):
        opened = sanjiang.shown(path(longtai))
        manager.submit(path(longtai), entries(school, company="主管的公司"))
        page = sanjiang.submit(path(longtai), entries(school, company="我的公司", major="物理", shown=opened)).text
        assert 'value="我的公司"' in page
        assert 'value="物理"' in page
        assert "<b>主管的公司</b>" in page
        assert page.count('data-take="') == 1

    def test_in_a_field_i_left_alone_is_taken_over(self, sanjiang, manager, longtai, school, session):
        """Saving again must not put back what I never changed."""
        opened = sanjiang.shown(path(longtai))
        manager.submit(path(longtai), entries(school, major="数学", courses=[school.linux.id]))
        refused = sanjiang.submit(path(longtai), entries(school, company="我的公司", shown=opened))
        assert refused.status_code == 409
        assert 'value="数学"' in refused.text
        assert 'data-take="' not in refused.text
        again = entries(school, company="我的公司", major="数学", courses=[school.linux.id],
                        shown=shown_in(refused.text))
        assert sanjiang.submit(path(longtai), again).status_code == 302
        session.refresh(longtai)
        assert (longtai.company, longtai.major, longtai.courses) == ("我的公司", "数学", [school.linux])

    def test_is_overwritten_when_i_say_so(self, sanjiang, manager, longtai, school, session):
        opened = sanjiang.shown(path(longtai))
        manager.submit(path(longtai), entries(school, company="主管的公司"))
        refused = sanjiang.submit(path(longtai), entries(school, company="我的公司", shown=opened))
        sanjiang.submit(path(longtai), entries(school, company="我的公司", shown=shown_in(refused.text)))
        session.refresh(longtai)
        assert longtai.company == "我的公司"

    def test_by_a_third_while_i_look_at_it_is_a_conflict_again(self, sanjiang, manager, login, longtai, school):
        opened = sanjiang.shown(path(longtai))
        manager.submit(path(longtai), entries(school, company="主管的公司"))
        refused = sanjiang.submit(path(longtai), entries(school, company="我的公司", shown=opened))
        login("admin").submit(path(longtai), entries(school, company="管理员的公司"))
        again = sanjiang.submit(path(longtai), entries(school, company="我的公司", shown=shown_in(refused.text)))
        assert again.status_code == 409
        assert "管理员的公司" in again.text

    def test_is_found_in_links_to_other_rows_too(self, sanjiang, longtai, school, session, clock):
        opened = sanjiang.shown(path(longtai))
        customers.cancel_course(session, longtai.id, school.python.id, by=school.sanjiang, today=clock.today())
        assert sanjiang.submit(path(longtai), entries(school, shown=opened, company="我的")).status_code == 409
        session.refresh(longtai)
        assert longtai.courses == []

    def test_is_no_matter_where_both_wrote_the_same_or_nothing_was_written(self, sanjiang, manager, longtai, school,
                                                                           session):
        opened = sanjiang.shown(path(longtai))
        manager.submit(path(longtai), entries(school))
        assert sanjiang.submit(path(longtai), entries(school, company="我的", shown=opened)).status_code == 302


class TestWhoIsTold:
    IN_ENGLISH = {"headers": {"Accept-Language": "en"}}

    def test_who_may_see_histories_reads_who_it_was(self, login, longtai, school):
        admin = login("admin")
        opened = admin.shown(path(longtai))
        login("manager").submit(path(longtai), entries(school, company="别的公司"))
        page = admin.submit(path(longtai), entries(school, company="我的公司", shown=opened), **self.IN_ENGLISH).text
        assert f"{school.manager.name} #{school.manager.id} saved this meanwhile" in page

    def test_everyone_else_that_it_was_somebody(self, sanjiang, manager, longtai, school):
        assert Permission.HISTORY_READ.value not in school.roles["consultant"].permission_codes
        opened = sanjiang.shown(path(longtai))
        manager.submit(path(longtai), entries(school, company="别的公司"))
        page = sanjiang.submit(path(longtai), entries(school, company="我的公司", shown=opened),
                               **self.IN_ENGLISH).text
        assert "Somebody saved this meanwhile." in page
        assert school.manager.name not in page

    def test_whoever_did_it_in_another_window_is_called_you(self, login, longtai, school):
        admin = login("admin")
        opened = admin.shown(path(longtai))
        admin.submit(path(longtai), entries(school, company="别的公司"))
        page = admin.submit(path(longtai), entries(school, company="我的公司", shown=opened), **self.IN_ENGLISH).text
        assert "You saved this meanwhile" in page


class TestWhatAFormSays:
    @pytest.mark.parametrize("said", ["", "name:000000000000000000000000", "nonsense", "name:" + "字" * 24, ": : :"])
    def test_made_up_or_missing_counts_as_changed(self, sanjiang, longtai, school, session, said):
        assert sanjiang.submit(path(longtai), entries(school, company="我的", shown=said)).status_code == 409
        session.refresh(longtai)
        assert longtai.company == "三江公司"

    def test_holds_for_one_person_and_one_row(self, sanjiang, login, longtai, make_customer, school):
        of_another = login("admin").shown(path(longtai))
        assert sanjiang.submit(path(longtai), entries(school, shown=of_another)).status_code == 409
        twin = make_customer("龙泰", holder=school.sanjiang, qq="309914418", company="三江公司",
                             courses=[school.python], campus=school.beijing)
        of_twin = sanjiang.shown(path(twin))
        assert sanjiang.submit(path(longtai), entries(school, shown=of_twin)).status_code == 409

    def test_tells_nothing_of_what_is_hidden(self, login, make_customer, session, school):
        """It speaks of no field that this person is not shown, so nothing can be tried against it."""
        fallen = make_customer("公海的", qq="10000001", company="甲公司")
        school.roles["auditor"].permission_codes = [*school.roles["auditor"].permission_codes, "customer.edit"]
        session.commit()
        said = login("auditor").shown(path(fallen))
        named = {each.partition(":")[0] for each in said.split()}
        assert "name" in named
        assert not named & {"qq", "mobile", "wechat", "company", "salary", "major", "graduation_school"}

    def test_stays_as_it_was_when_a_field_is_wrong(self, sanjiang, manager, longtai, school):
        opened = sanjiang.shown(path(longtai))
        manager.submit(path(longtai), entries(school, company="主管的公司"))
        wrong = sanjiang.submit(path(longtai), entries(school, name="", shown=opened))
        assert wrong.status_code == 422
        assert shown_in(wrong.text) == opened


def test_every_table_that_is_edited_is_guarded(login, school, session, clock):
    """A field that only the page has, and no row, would go unguarded."""
    row = CourseClass(campus=school.beijing, course=school.python, semester=3, price=1, capacity=1,
                      start_date=clock.today(), teachers=[school.teacher], tutor=school.tutor)
    session.add(row)
    session.commit()
    admin = login("admin")
    for table, number, fields in (("courseclass", row.id, 10), ("employee", school.tutor.id, 7),
                                  ("department", school.departments[1001].id, 3), ("role", school.roles["tutor"].id, 3),
                                  ("campus", school.beijing.id, 1), ("course", school.python.id, 1)):
        assert len(admin.shown(f"/admin/{table}/edit/?id={number}").split()) == fields, table


class TestSettings:
    def test_of_two_who_decide_the_second_is_asked(self, login, session):
        admin, other = login("admin"), login("admin")
        page = "/admin/settings/"
        decided = {"mask_contacts": "y", "session_idle_minutes": 120, "session_hours": 12, "shortest_password": 12,
                   "lead_retention_months": 0, "leaver_retention_months": 0, "session_retention_days": 90,
                   "opening_hour": 9}
        opened = admin.shown(page)
        assert other.submit(page, {**decided, "session_hours": 24}).status_code == 302
        refused = admin.submit(page, {**decided, "shortest_password": 15, "shown": opened})
        assert refused.status_code == 409
        assert 'value="24"' in refused.text
        assert school_settings.load(session).shortest_password == 12
        admin.submit(page, {**decided, "session_hours": 24, "shortest_password": 15,
                            "shown": shown_in(refused.text)})
        found = school_settings.load(session)
        assert (found.session_hours, found.shortest_password) == (24, 15)


def test_a_row_that_is_gone_answers_404(login, school, session, make_customer):
    admin, row = login("admin"), make_customer("甲")
    opened, address = admin.shown(path(row)), path(row)
    session.delete(session.get(Customer, row.id))
    session.commit()
    assert admin.submit(address, {"name": "乙", "shown": opened}).status_code == 404
