"""Forms: their groups, what they say before they are sent, and what they say when they come back."""

from __future__ import annotations

import re

import pytest
from wtforms.validators import DataRequired, InputRequired

from app.admin import forms
from app.admin.base import TableView
from app.form_rules import rules_of


def views(app) -> list[TableView]:
    return [view for view in app.extensions["admin"][0]._views if isinstance(view, TableView) and view.form]


def new_form(app, view: TableView):
    with app.test_request_context():
        return view._create_form_class()


class TestGroups:
    def test_each_field_stands_under_one_heading_or_the_form_has_none(self, app):
        for view in views(app):
            named = [name for _title, names in view.form_groups for name in names]
            assert len(named) == len(set(named)), view.endpoint
            if view.form_groups:
                assert set(named) == set(new_form(app, view)._fields), view.endpoint

    def test_long_forms_have_headings(self, app):
        for view in views(app):
            assert view.form_groups or len(new_form(app, view)._fields) <= 3, view.endpoint

    def test_a_heading_without_fields_is_left_out(self, app):
        view = next(view for view in views(app) if view.endpoint == "customer")
        form = new_form(app, view)
        for name in ("work_status", "company", "salary"):
            del form[name]
        titles = [title for title, _fields in forms.grouped(form, view.form_groups)]
        assert titles == [title for title, _names in view.form_groups[:-1]]

    def test_what_stands_under_none_comes_last(self, app):
        view = next(view for view in views(app) if view.endpoint == "department")
        (title, fields), = forms.grouped(new_form(app, view), view.form_groups)
        assert title is None
        assert [field.short_name for field in fields] == ["code", "title", "function"]


def test_a_form_for_a_new_row_says_what_for(app, login, school):
    admin, in_english = login("admin"), {"Accept-Language": "en"}
    creating = [view for view in views(app) if view.access.create]
    assert len(creating) > 5
    assert len({str(view.new_title) for view in creating} - {""}) == len(creating)
    for view in creating:
        path = f"/admin/{view.endpoint}/"
        assert f"<h1>{view.new_title}</h1>" in admin.get(f"{path}new/", headers=in_english).text
        assert f">{view.new_title}</a>" in admin.get(path, headers=in_english).text


class TestWhatIsSaidBeforehand:
    def test_required_fields_say_so_in_the_servers_sentence(self, app):
        for view in views(app):
            form = new_form(app, view)
            with app.test_request_context():
                for field in form:
                    required = any(isinstance(each, (DataRequired, InputRequired)) for each in field.validators)
                    assert ("data-missing" in rules_of(field)) is required, f"{view.endpoint} {field.name}"

    @pytest.mark.parametrize(("name", "wrong", "said"), [
        ("semester", "viele", "data-unreadable"), ("semester", "0", "data-out-of-range"),
        ("price", "-1", "data-out-of-range"), ("price", "viel", "data-unreadable"),
        ("start_date", "morgen", "data-unreadable"), ("start_date", "", "data-missing"),
        ("memo", "字" * 257, "data-too-long")])
    def test_is_what_the_server_says(self, login, school, name, wrong, said):
        """The sentence on the page is the one the refused form comes back with."""
        admin, path = login("admin"), "/admin/courseclass/new/"
        sent = {"course": school.python.id, "campus": school.beijing.id, "semester": 1, "price": 1, "capacity": 1,
                "start_date": "2026-03-02", name: wrong}
        refused = admin.submit(path, sent)
        assert refused.status_code == 422
        at_field = re.search(rf'id="{name}-errors"><li>([^<]*)</li>', refused.text).group(1)
        tag = re.search(rf'<(?:input|textarea)[^>]*id="{name}"[^>]*>', refused.text).group(0)
        assert re.search(rf'{said}="([^"]*)"', tag).group(1) == at_field

    def test_in_the_readers_language(self, login, school):
        page = login("admin").get("/admin/courseclass/new/", headers={"Accept-Language": "zh-CN"}).text
        assert "This field is required" not in page
        assert 'data-missing="' in page

    def test_bounds_of_settings_in_the_services_words(self, login):
        page = login("admin").get("/admin/settings/", headers={"Accept-Language": "en"}).text
        assert 'data-out-of-range="Enter a whole number from 1 to 168."' in page


class TestComingBack:
    def test_a_refused_form_lists_what_is_wrong_with_links_to_it(self, login, school):
        page = login("admin").submit("/admin/courseclass/new/", {"semester": "0"}).text
        summary = page.split("data-error-summary")[1].split("<form")[0]
        for name in ("course", "campus", "price", "start_date"):
            assert f'href="#{name}"' in summary
        assert "data-unsaved" in page

    def test_a_form_that_opens_has_nothing_unsaved(self, login, school):
        page = login("admin").get("/admin/courseclass/new/").text
        assert "data-guard" in page
        assert "data-unsaved>" not in page
        assert "data-error-summary" not in page

    def test_saving_leads_back_to_where_one_came_from_with_a_word(self, login, school):
        admin = login("admin")
        details = f"/admin/campus/details/?id={school.beijing.id}"
        edit = re.search(r'href="(/admin/campus/edit/[^"]*)"', admin.get(details).text).group(1).replace("&amp;", "&")
        answer = admin.submit(edit, {"title": "新校区"})
        assert answer.location == details
        assert 'class="flash success"' in admin.get(answer.location).text

    def test_search_and_filter_forms_are_not_guarded(self, login, school):
        assert "data-guard" not in login("admin").get("/admin/courseclass/").text


def test_the_next_contact_can_be_chosen_at_a_click(login, school):
    assert login("sanjiang").get("/admin/followup/new/").text.count('data-for="next_contact_on"') == 3
