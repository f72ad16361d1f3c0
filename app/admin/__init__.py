"""Everything Flask-Admin: the tables' screens and the screens on top of them."""

from __future__ import annotations

from typing import Any

from flask import Flask, request
from flask_admin import Admin
from flask_admin.theme import Bootstrap4Theme

from app import exports, models, security_headers
from app.admin import export, forms, menu, notices, personal_data, recomputing, seen, tasks
from app.admin.assignment import AssignmentView
from app.admin.audit import AuditView
from app.admin.base import TableView
from app.admin.calendar_days import CalendarDayView
from app.admin.campuses import CampusView
from app.admin.claim import ClaimView
from app.admin.course_classes import CourseClassView
from app.admin.courses import CourseView
from app.admin.customers import CustomerView
from app.admin.deliveries import DeliveryView
from app.admin.departments import DepartmentView
from app.admin.distributions import DistributionView
from app.admin.employees import EmployeeView
from app.admin.follow_ups import FollowUpView
from app.admin.guard import allowed
from app.admin.home import HomeView
from app.admin.jobs import JobsView
from app.admin.known_contact import KnownContactView
from app.admin.leaves import LeaveView
from app.admin.matrix import MatrixView
from app.admin.merges import MergesView
from app.admin.my_customers import MyCustomersView
from app.admin.notices import NoticesView
from app.admin.palette import PaletteView
from app.admin.personal_data import PersonalDataView
from app.admin.pool_rules import PoolRulesView
from app.admin.public_pool import PublicPoolView
from app.admin.record_actions import RecordView
from app.admin.roles import RoleView
from app.admin.sales_ranks import SalesRankView
from app.admin.saved_views import SavedViewsView
from app.admin.second_factor import SecondFactorView
from app.admin.sessions import SessionView
from app.admin.settings import SettingsView
from app.admin.tasks import TasksView
from app.admin.transfers import TransfersView
from app.models.audit import PersonKind
from app.permissions import Permission


def init_app(app: Flask) -> None:
    """Hang every screen in; the endpoints are the addresses promised to others."""
    admin = Admin(name="Gonghai", theme=Bootstrap4Theme(base_template="admin/base.html"),
                  index_view=HomeView(name=HomeView.menu_title), csp_nonce_generator=security_headers.nonce)
    for screen, endpoint in ((PublicPoolView, "publicpool"), (MyCustomersView, "mycustomers"), (ClaimView, "claim"),
                             (RecordView, "record"), (TransfersView, "transfer"), (MergesView, "merge"),
                             (KnownContactView, "knowncontact"),
                             (SavedViewsView, "savedview"), (SecondFactorView, "secondfactor")):
        admin.add_view(screen(name=screen.menu_title or endpoint, endpoint=endpoint))
    for view, model, endpoint in (
            (CustomerView, models.Customer, "customer"), (FollowUpView, models.FollowUp, "followup"),
            (DistributionView, models.Distribution, "distribution"), (SalesRankView, models.SalesRank, "salesrank"),
            (CourseClassView, models.CourseClass, "courseclass"), (CourseView, models.Course, "course"),
            (CampusView, models.Campus, "campus"), (DepartmentView, models.Department, "department"),
            (EmployeeView, models.Employee, "employee"), (RoleView, models.Role, "role"),
            (LeaveView, models.Leave, "leave"), (CalendarDayView, models.CalendarDay, "calendarday"),
            (SessionView, models.LoginSession, "session"), (AuditView, models.AuditEntry, "audit"),
            (DeliveryView, models.NoticeDelivery, "noticedelivery")):
        admin.add_view(view(model, endpoint=endpoint))
    tables = {view.endpoint: view for view in admin._views}
    admin.add_view(PaletteView(tables, endpoint="palette"))
    people = {PersonKind(view.endpoint): view for view in admin._views if view.endpoint in set(PersonKind)}
    admin.add_view(PersonalDataView(people, name=PersonalDataView.menu_title, endpoint="personaldata"))
    admin.add_view(AssignmentView(name=AssignmentView.menu_title, endpoint="assignment"))
    admin.add_view(SettingsView(name=SettingsView.menu_title, endpoint="settings"))
    admin.add_view(PoolRulesView(name=PoolRulesView.menu_title, endpoint=recomputing.SUBJECT))
    admin.add_view(MatrixView(name=MatrixView.menu_title, endpoint="matrix"))
    admin.add_view(JobsView(name=JobsView.menu_title, endpoint="jobs"))
    tables = {view.endpoint: view for view in admin._views if isinstance(view, TableView)}
    titles = {**{name: view.menu_title for name, view in tables.items()}, recomputing.SUBJECT: PoolRulesView.menu_title}
    admin.add_view(TasksView(titles, name=TasksView.menu_title, endpoint="tasks"))
    admin.add_view(NoticesView(name=NoticesView.menu_title, endpoint="notice"))
    exports.register(app, export.Opener(tables))
    admin.init_app(app)
    seen.init_app(app)
    app.jinja_env.globals.update(grouped=forms.grouped)

    def page_variables() -> dict[str, Any]:
        """What the layout needs of the admin."""
        return {"menu": menu.groups(admin, request.blueprint), "allowed": lambda code: allowed(Permission(code)),
                "personal_data_url": personal_data.page_of, "tasks_in_top_bar": tasks.in_top_bar,
                "notices_in_top_bar": notices.in_top_bar}

    app.context_processor(page_variables)
