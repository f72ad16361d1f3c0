"""The access table: every route and method, what opens it, and what each kind of row answers.

**A route that is not declared here fails the build, and so does a declared one that is gone.** To declare one:

- A screen: `Door("GET", "/admin/jobs/", P.JOBS_READ)`. Address and method as in `app.url_map`; the permission by the
  domain (section 6), not by a look at the view. `Opens.TO_STAFF` for whoever is logged in, `Opens.TO_EVERYONE` for
  visitors too, `Opens.TO_NOBODY` for what is shut. Visitors are expected to be sent to the login page, those without
  the permission to get 403; that needs no word.
- A POST: `Door("POST", "/admin/jobs/run/", P.JOBS_RUN, opens=302, asks=lambda world, person, case: Asked({}, {…form…}),
  changes=frozenset({"job_run"}))`. The form must be one that succeeds. When it opens it must change one of those tables
  and no other; refused, it must change nothing. What it changed is undone after each check.
- One that names a row: add `table="customer"` (see `World.rows`), `asks=by_query("id")` or `by_form("customer_id")`,
  and `reached=`, which says for a person and a row whether it is there for him. Everything else must answer 404.
  A rule of the school that refuses a row that is there goes into `rule=`.
- A table's screens: a `Table`, which brings its eleven doors; actions and look-ups of its own go into DOORS.
- A list: `lists=(table, predicate)`: exactly those rows must be in the answer.

A new permission goes into grants.py. A new table with rows of its own goes into world.py.
"""

from __future__ import annotations

from tests.access.asked import (
    another_course,
    assigned,
    assigned_in_turn,
    chinese,
    class_form,
    columns_chosen,
    course_off,
    customer_form,
    dark,
    day_form,
    department_form,
    employee_form,
    erasure_of,
    follow_up_form,
    handed_over,
    leave_form,
    logged,
    looked_up,
    merged,
    moved,
    name_form,
    notices_read,
    opened_last,
    personal_data_of,
    rank_form,
    role_form,
    rules,
    searched,
    settings,
    this_notice,
    this_task,
    title_form,
    typed,
    view_named,
    view_saved,
)
from tests.access.doors import Answer, Asked, Door, Opens, Table, by_form, by_query
from tests.access.grants import P
from tests.access.reach import (
    REFUSED,
    as_he_is_now,
    assigned_from_his_page,
    at_home,
    changed_by_its_author_today,
    changed_by_whom_it_is_for,
    claimed_once,
    customer_reached,
    deleted_by_its_author_today,
    follow_up_reached,
    followed_up_here,
    found_somewhere,
    goes_on_with_his_own,
    had,
    hands_over,
    held,
    holding_reached,
    in_pool,
    live_or_past,
    may_be_followed_up,
    memo_that_is_shown,
    merges,
    not_enrolled,
    opens_views,
    others,
    others_asked_for,
    own,
    own_and_asked_for,
    own_and_held,
    owns,
    public,
    sees_order,
    sees_view,
    signed_in_already,
    within,
    within_reach,
    without_history,
)
from tests.access.world import (
    ENROLLED,
    HELD,
)

APPEND_ONLY = frozenset({"audit_entry"})
"""The audit log: any request may add to it, and nothing takes it back."""

BOOKKEEPING = frozenset({"person_key"})
"""What else any request may write to: the keys with which the audit log seals what it says of people."""

# --- the tables ------------------------------------------------------------------------------------------------------

NOBODY = Opens.TO_NOBODY
HOLDING = frozenset({"customer", "distribution", "notice"})
"""Whoever gets or loses a customer by another's hand is told."""

DEALT_OUT = HOLDING | {"assignment_entry", "assignment_round"}
MOVING = HOLDING | {"transfer", "transfer_line"}
STORED_EXPORTS = frozenset({"background_task", "export_file", "export_chunk"})
"""Go whole when anybody is erased."""

TABLES = (
    Table("customer", "customer", P.CUSTOMER_READ, P.CUSTOMER_CREATE, P.CUSTOMER_EDIT, P.CUSTOMER_DELETE,
          P.CUSTOMER_EXPORT, customer_form, customer_reached, deletable=without_history,
          writes=frozenset({"distribution", "customer_course", "notice"})),
    Table("followup", "follow_up", P.FOLLOW_UP_READ, P.FOLLOW_UP_CREATE, P.FOLLOW_UP_CREATE, P.FOLLOW_UP_CREATE,
          P.FOLLOW_UP_EXPORT, follow_up_form, follow_up_reached, editable=changed_by_its_author_today,
          deletable=deleted_by_its_author_today, created_alone=False),
    Table("distribution", "distribution", P.DISTRIBUTION_READ, NOBODY, P.DISTRIBUTION_MEMO, NOBODY,
          P.DISTRIBUTION_EXPORT, lambda _world, _row: {"memo": "好客户"}, holding_reached, editable=memo_that_is_shown),
    Table("salesrank", "sales_rank", P.SALES_RANK_READ, *[P.SALES_RANK_WRITE] * 3, P.SALES_RANK_READ, rank_form),
    Table("courseclass", "course_class", P.COURSE_CLASS_READ, *[P.COURSE_CLASS_WRITE] * 3, P.COURSE_CLASS_READ,
          class_form, writes=frozenset({"course_class_teacher"})),
    Table("course", "course", P.COURSE_READ, *[P.COURSE_WRITE] * 3, P.COURSE_READ, name_form),
    Table("campus", "campus", P.CAMPUS_READ, *[P.CAMPUS_WRITE] * 3, P.CAMPUS_READ, title_form),
    Table("department", "department", P.DEPARTMENT_READ, *[P.DEPARTMENT_WRITE] * 3, P.DEPARTMENT_READ,
          department_form),
    Table("employee", "employee", P.EMPLOYEE_READ, *[P.EMPLOYEE_WRITE] * 3, P.EMPLOYEE_READ, employee_form,
          writes=frozenset({"employee_role", "second_factor"}), created=200),  # the page with his one-time password
    Table("role", "role", P.ROLE_READ, *[P.ROLE_WRITE] * 3, P.ROLE_READ, role_form,
          writes=frozenset({"role_permission"})),
    Table("calendarday", "calendar_day", P.SETTINGS_READ, *[P.SETTINGS_WRITE] * 3, P.SETTINGS_READ, day_form,
          writes=frozenset({"setting"})),
    Table("leave", "leave", P.LEAVE_READ, P.LEAVE_REQUEST, NOBODY, P.LEAVE_REQUEST, P.LEAVE_READ, leave_form,
          lambda scope, person, leave: within(scope, person, leave.owner), deletable=own_and_asked_for),
    Table("audit", "audit_entry", P.AUDIT_READ, NOBODY, NOBODY, NOBODY, P.AUDIT_READ, lambda _world, _row: {},
          lambda scope, person, entry: within(scope, person, entry.actor), listed=False),
    Table("noticedelivery", "notice_delivery", P.DELIVERY_READ, NOBODY, NOBODY, NOBODY, P.DELIVERY_READ,
          lambda _world, _row: {}, lambda scope, person, delivery: within(scope, person, delivery.owner)),
    Table("session", "login_session", P.SESSION_READ, NOBODY, NOBODY, NOBODY, NOBODY, lambda _world, _row: {},
          lambda scope, person, login: within(scope, person, login.owner), details=False),
)
CUSTOMERS, FOLLOW_UPS = TABLES[0], TABLES[1]
DELIVERIES = next(table for table in TABLES if table.name == "noticedelivery")
LEAVES = next(table for table in TABLES if table.name == "leave")
EMPLOYEES = next(table for table in TABLES if table.name == "employee")

DOORS = [
    *(door for table in TABLES for door in table.doors()),

    # Customers: what goes beyond a table's usual ways in.
    Door("POST", "/admin/customer/action/", P.CUSTOMER_RELEASE, table="customer", called="release",
         reached=CUSTOMERS.reached_for(P.CUSTOMER_RELEASE), asks=by_form("rowid", action="release")),
    Door("POST", "/admin/customer/action/", P.CUSTOMER_ASSIGN, table="customer", called="assign",
         reached=CUSTOMERS.reached_for(P.CUSTOMER_ASSIGN), asks=by_form("rowid", action="assign")),
    Door("POST", "/admin/customer/action/", P.CUSTOMER_ASSIGN, opens=302, table="customer", called="deal",
         reached=CUSTOMERS.reached_for(P.CUSTOMER_ASSIGN), rule=public, changes=DEALT_OUT,
         asks=by_form("rowid", action="deal")),
    Door("POST", "/admin/customer/new/", P.CUSTOMER_CREATE, opens=302, called="assigned in turn",
         asks=assigned_in_turn, changes=DEALT_OUT),
    Door("POST", "/admin/customer/assign/", P.CUSTOMER_ASSIGN, opens=302, table="customer", asks=moved,
         reached=CUSTOMERS.reached_for(P.CUSTOMER_ASSIGN), rule=not_enrolled, changes=MOVING),
    Door("POST", "/admin/customer/release/", P.CUSTOMER_RELEASE, opens=302, table="customer", asks=moved,
         reached=CUSTOMERS.reached_for(P.CUSTOMER_RELEASE), rule=held, changes=MOVING),
    Door("GET", "/admin/customer/", P.CUSTOMER_READ, table="customer", called="search", asks=searched, tells=True,
         reached=CUSTOMERS.reached_for(P.CUSTOMER_READ)),
    Door("GET", "/admin/customer/export/<export_type>/", P.CUSTOMER_EXPORT, table="customer", called="search",
         path=(("<export_type>", "csv"),), asks=searched, tells=True,
         reached=CUSTOMERS.reached_for(P.CUSTOMER_EXPORT)),
    Door("GET", "/admin/customer/ajax/lookup/", P.CUSTOMER_READ, table="customer", called="who referred him",
         only=CUSTOMERS.writer, tells=True,
         asks=looked_up("referral_from"), reached=lambda _person, customer: customer.state == ENROLLED),

    # Merging two of them; the one that is asked for cannot be merged with himself, and nobody has been merged yet.
    Door("POST", "/admin/customer/action/", P.CUSTOMER_MERGE, opens=302, table="customer", called="merge",
         reached=CUSTOMERS.reached_for(P.CUSTOMER_MERGE), asks=by_form("rowid", action="merge")),
    *(Door("GET", f"/admin/merge/{step}", P.CUSTOMER_MERGE, table="customer", asks=by_query("customer"), reached=merges)
      for step in ("", "details/")),
    Door("POST", "/admin/merge/merge/", P.CUSTOMER_MERGE, opens=302, table="customer", asks=merged, reached=merges),
    Door("POST", "/admin/merge/undo/", P.CUSTOMER_MERGE, opens=302, table="customer", asks=by_form("customer_id"),
         reached=merges),

    # Moving many of them, and what became of it.
    Door("GET", "/admin/transfer/", P.CUSTOMER_ASSIGN),
    Door("GET", "/admin/transfer/hand-over/", P.CUSTOMER_ASSIGN, table="leaver", asks=by_query("employee"),
         reached=hands_over),
    Door("POST", "/admin/transfer/hand-over/", P.CUSTOMER_ASSIGN, opens=302, table="leaver", asks=handed_over,
         reached=hands_over, changes=MOVING),
    *(Door("GET", f"/admin/transfer/{step}/", Opens.TO_STAFF, table="transfer", asks=by_query(), reached=sees_order)
      for step in ("result", "state")),
    Door("POST", "/admin/transfer/resume/", Opens.TO_STAFF, opens=302, table="transfer", asks=by_form(),
         reached=sees_order, rule=goes_on_with_his_own, changes=frozenset({"transfer"})),

    # Follow-up records.
    Door("POST", "/admin/followup/new/", P.FOLLOW_UP_CREATE, opens=302, table="customer", called="about a customer",
         asks=logged, reached=may_be_followed_up, absent=422, malformed=422,
         changes=frozenset({"follow_up", "customer"})),
    Door("GET", "/admin/followup/ajax/lookup/", P.FOLLOW_UP_READ, table="customer", called="about whom",
         only=FOLLOW_UPS.writer, asks=looked_up("customer"), reached=may_be_followed_up, tells=True),
    Door("GET", "/admin/followup/", P.FOLLOW_UP_READ, table="customer", called="of a customer", absent=200,
         asks=by_query("customer"), reached=lambda _person, _customer: True,
         lists=("followup", lambda person, record, case: record.customer == case.row and follow_up_reached(
             person.scope(P.FOLLOW_UP_READ), person, record))),
    Door("GET", "/admin/followup/", P.FOLLOW_UP_READ, table="customer", called="search", asks=searched,
         reached=lambda _person, _customer: True,
         lists=("followup", lambda person, record, case: record.customer == case.row and follow_up_reached(
             person.scope(P.FOLLOW_UP_READ), person, record)), absent=200, malformed=200),

    # The Public Pool and the claim.
    Door("GET", "/admin/publicpool/", P.POOL_READ,
         lists=("customer", lambda person, customer, _case: in_pool(person, customer))),
    Door("GET", "/admin/publicpool/changes/", P.POOL_READ, table="customer", asks=by_query("shown"), absent=200,
         reached=lambda _person, _customer: True, malformed=200),  # several ids are what it takes
    Door("GET", "/admin/publicpool/details/", P.POOL_READ, table="customer", asks=by_query(), reached=in_pool),
    Door("GET", "/admin/publicpool/tries/", P.POOL_READ, table="customer", asks=by_query(), reached=in_pool),
    Door("POST", "/admin/claim/", P.POOL_CLAIM, table="customer", asks=by_form("customer_id"),
         only=lambda person: person.in_sales, rule=claimed_once, changes=HOLDING, absent=409, malformed=400,
         accept="application/json"),

    # My Customers.
    Door("GET", "/admin/mycustomers/", P.MY_CUSTOMERS_READ,
         lists=("customer", lambda person, customer, _case: had(person, customer))),
    Door("GET", "/admin/mycustomers/changes/", P.MY_CUSTOMERS_READ, table="distribution", asks=by_query("shown"),
         reached=lambda _person, _holding: True, absent=200, malformed=200),
    Door("GET", "/admin/mycustomers/details/", P.MY_CUSTOMERS_READ, table="distribution", asks=by_query(),
         reached=lambda person, holding: holding.consultant == person.username, rule=live_or_past),
    Door("POST", "/admin/mycustomers/follow-up/", P.FOLLOW_UP_CREATE, opens=302, table="customer", reached=had,
         rule=own, asks=by_form("customer_id", note="聊了"), changes=frozenset({"follow_up", "customer"})),
    Door("POST", "/admin/mycustomers/release/", P.CUSTOMER_RELEASE, opens=302, table="customer", reached=had,
         rule=own_and_held, asks=by_form("customer_id"), changes=HOLDING),
    Door("POST", "/admin/mycustomers/cancel-course/", P.CUSTOMER_EDIT, opens=302, table="customer", reached=had,
         rule=own, asks=course_off, changes=frozenset({"customer_course"})),

    # The record page of a customer.
    Door("GET", "/admin/record/", Opens.TO_STAFF, opens=302, table="customer", asks=by_query(),
         reached=found_somewhere),
    Door("GET", "/admin/record/state/", Opens.TO_STAFF, table="customer", asks=by_query(), reached=as_he_is_now),
    Door("POST", "/admin/record/follow-up/", P.FOLLOW_UP_CREATE, opens=302, table="customer", reached=found_somewhere,
         rule=followed_up_here, asks=by_form("customer_id", note="聊了"), changes=frozenset({"follow_up", "customer"})),
    Door("POST", "/admin/record/next-contact/", P.FOLLOW_UP_CREATE, opens=302, table="customer",
         reached=found_somewhere, rule=followed_up_here, changes=frozenset({"follow_up"}),
         asks=by_form("customer_id", next_contact_on="2036-01-01")),
    Door("POST", "/admin/record/release/", P.CUSTOMER_RELEASE, opens=302, table="customer", reached=found_somewhere,
         rule=within_reach(P.CUSTOMER_RELEASE, lambda customer: customer.state == HELD),
         asks=by_form("customer_id"), changes=HOLDING),
    Door("POST", "/admin/record/lock/", P.CUSTOMER_LOCK, opens=302, table="customer", reached=found_somewhere,
         rule=within_reach(P.CUSTOMER_LOCK, lambda customer: customer.state == HELD), changes=frozenset({"customer"}),
         asks=by_form("customer_id", until="2026-03-20")),
    Door("POST", "/admin/record/unlock/", P.CUSTOMER_LOCK, opens=302, table="customer", reached=found_somewhere,
         asks=by_form("customer_id")),  # nobody is locked
    Door("POST", "/admin/record/assign/", P.CUSTOMER_ASSIGN, opens=302, table="customer", reached=found_somewhere,
         rule=assigned_from_his_page, asks=assigned, changes=HOLDING),
    Door("POST", "/admin/record/add-course/", P.CUSTOMER_EDIT, opens=302, table="customer", reached=found_somewhere,
         rule=within_reach(P.CUSTOMER_EDIT), asks=another_course, changes=frozenset({"customer_course"})),
    Door("POST", "/admin/record/remove-course/", P.CUSTOMER_EDIT, opens=302, table="customer",
         reached=found_somewhere, rule=within_reach(P.CUSTOMER_EDIT), asks=course_off,
         changes=frozenset({"customer_course"})),

    # The command palette: what is typed, and what was opened last.
    *(Door("GET", "/admin/palette/", Opens.TO_STAFF, table=table, called=f"{called} in {table}", asks=asks, tells=True,
           reached=reached, absent=200, malformed=200)
      for table, reached in (
          ("customer", as_he_is_now), *((each.name, lambda person, _row, each=each: person.may(each.read))
                                        for each in TABLES if each.name in ("courseclass", "course", "employee")))
      for called, asks in (("search", typed), ("recent", opened_last(table)))),

    # One person's data.
    *(Door(method, f"/admin/personaldata/{step}", needs, opens=status, table=table, called=f"of one in {table}",
           asks=asks, reached=each.reached_for(needs), rule=rule, changes=changes)
      for table, each, goes, refusal in (
          ("customer", CUSTOMERS, frozenset({"follow_up", *HOLDING, *STORED_EXPORTS}), None),
          ("employee", EMPLOYEES, frozenset(), lambda _person, _spare: Answer(409)))  # he works here
      for method, step, needs, status, asks, rule, changes in (
          ("GET", "", P.PERSONAL_DATA_EXPORT, 200, personal_data_of(table), None, frozenset()),
          ("POST", "export/", P.PERSONAL_DATA_EXPORT, 200, by_form(kind=table, format="json"), None, frozenset()),
          ("POST", "erase/", P.PERSONAL_DATA_ERASE, 302, erasure_of(table), refusal, goes))),

    # Logins.
    Door("POST", "/admin/session/action/", P.SESSION_REVOKE, opens=302, table="session", called="revoke",
         asks=by_form("rowid", action="revoke"), reached=TABLES[-1].reached_for(P.SESSION_REVOKE),
         rule=lambda _person, login: REFUSED if login.ended else None, changes=frozenset({"login_session"})),
    Door("POST", "/admin/noticedelivery/action/", P.DELIVERY_RUN, opens=302, table="noticedelivery", called="again",
         asks=by_form("rowid", action="again"), reached=DELIVERIES.reached_for(P.DELIVERY_RUN),
         changes=frozenset({"notice_delivery"})),
    Door("POST", "/admin/employee/one-time-password/", P.EMPLOYEE_WRITE, table="employee", asks=by_form(),
         changes=frozenset({"employee"})),
    Door("POST", "/admin/secondfactor/", P.SESSION_REVOKE, opens=302, table="employee", asks=by_form(), malformed=400,
         reached=lambda person, _spare: within(person.scope(P.SESSION_REVOKE), person, "not_in_sales"),  # a colleague
         changes=frozenset({"second_factor", "employee"})),

    # Saved views: one's own and the shared ones, of lists one may open; changed by the author, shared ones also by
    # whoever may share.
    Door("POST", "/admin/savedview/", Opens.TO_STAFF, opens=302, only=opens_views, asks=view_saved,
         changes=frozenset({"saved_view"})),
    Door("POST", "/admin/savedview/columns/", Opens.TO_STAFF, opens=302, only=opens_views, asks=columns_chosen,
         changes=frozenset({"list_choice"})),
    *(Door("POST", f"/admin/savedview/{step}/", Opens.TO_STAFF, opens=302, only=opens_views, table="savedview",
           asks=view_named, reached=sees_view, rule=rule,
           changes=frozenset({table}))
      for step, rule, table in (("update", changed_by_whom_it_is_for, "saved_view"),
                                ("delete", changed_by_whom_it_is_for, "saved_view"),
                                ("open-with", None, "list_choice"))),

    # Screens.
    Door("GET", "/admin/", Opens.TO_STAFF, at_most=True,
         lists=("customer", lambda person, customer, _case: at_home(person, customer))),
    Door("GET", "/admin/jobs/", P.JOBS_READ),
    Door("POST", "/admin/jobs/run/", P.JOBS_RUN, opens=302),  # without Redis: it says so, and changes nothing
    Door("GET", "/admin/jobs/state/<job_id>", P.JOBS_READ, opens=404, path=(("<job_id>", "no-such-job"),)),

    # The own background tasks.
    Door("GET", "/admin/tasks/", Opens.TO_STAFF, lists=("task", lambda person, task, _case: owns(person, task))),
    Door("GET", "/admin/tasks/state", Opens.TO_STAFF, accept="application/json",
         lists=("task", lambda person, task, _case: owns(person, task))),
    *(Door(method, f"/admin/tasks/<task_id>/{step}", Opens.TO_STAFF, opens=status, table=table, asks=this_task,
           reached=owns, changes=changes)
      for method, step, status, table, changes in (
          ("POST", "cancel", 302, "task", frozenset({"background_task"})),
          ("POST", "again", 302, "task", frozenset()),  # without Redis: it says so, and changes nothing
          ("GET", "download", 200, "file", frozenset()))),

    # The own notices.
    Door("GET", "/admin/notice/", Opens.TO_STAFF, lists=("notice", lambda person, notice, _case: owns(person, notice))),
    Door("GET", "/admin/notice/news", Opens.TO_STAFF, accept="application/json", at_most=True,
         lists=("notice", lambda person, notice, _case: owns(person, notice))),
    Door("GET", "/admin/notice/<int:notice_id>/", Opens.TO_STAFF, opens=302, table="notice", asks=this_notice,
         reached=owns),
    Door("POST", "/admin/notice/read", Opens.TO_STAFF, opens=302, asks=notices_read, changes=frozenset({"notice"})),

    Door("GET", "/admin/matrix/", P.ROLE_READ),
    *(Door("POST", f"/admin/matrix/{step}/", P.ROLE_WRITE, opens=status)  # an empty form: stale, or not complete
      for step, status in (("edit", 409), ("review", 409), ("save", 400))),
    Door("POST", "/admin/matrix/view-as/", P.ROLE_WRITE, opens=302, table="role", asks=by_form("role_id")),

    # The own account. The codes are awaited only of a session that waits for them.
    Door("GET", "/account/second-factor/", Opens.TO_STAFF),
    Door("POST", "/account/second-factor/code", NOBODY),
    Door("POST", "/account/second-factor/start", Opens.TO_STAFF, opens=302, changes=frozenset({"second_factor"})),
    *(Door("POST", f"/account/second-factor/{step}", Opens.TO_STAFF, opens=400)  # an empty form
      for step in ("confirm", "recovery-codes", "off")),

    # Automatic assignment.
    Door("GET", "/admin/assignment/", P.SALES_RANK_READ),
    Door("POST", "/admin/assignment/pause/", P.SALES_RANK_WRITE, opens=302, table="salesrank",
         asks=by_form(paused="1"), changes=frozenset({"sales_rank"})),
    Door("POST", "/admin/assignment/strategy/", P.SETTINGS_WRITE, opens=302, changes=frozenset({"setting"}),
         asks=lambda _world, _person, _case: Asked({}, {"strategy": "2"})),

    Door("GET", "/admin/settings/", P.SETTINGS_READ),
    Door("POST", "/admin/settings/", P.SETTINGS_WRITE, opens=302, asks=settings, changes=frozenset({"setting"})),
    # The pool rules, and what is asked of leave.
    Door("GET", "/admin/poolrules/", P.SETTINGS_READ),
    Door("GET", "/admin/poolrules/state/", P.SETTINGS_READ, opens=404),  # none was asked for yet
    Door("GET", "/admin/poolrules/edit/", P.SETTINGS_WRITE),
    Door("POST", "/admin/poolrules/edit/", P.SETTINGS_WRITE, opens=302, asks=rules,
         changes=frozenset({"pool_rule", "setting"})),
    *(Door("POST", f"/admin/leave/{step}/", P.LEAVE_APPROVE, opens=302, table="leave", asks=by_form(), rule=rule,
           reached=LEAVES.reached_for(P.LEAVE_APPROVE), changes=frozenset({"leave", "customer"}))
      for step, rule in (("approve", others_asked_for), ("decline", others))),

    Door("GET", "/admin/knowncontact/", P.CONTACT_LOOK_UP),
    Door("POST", "/admin/knowncontact/", P.CONTACT_LOOK_UP, asks=lambda _world, _person, _case: Asked(
        {}, {"contact": "13900001111"})),

    Door("GET", "/account/", Opens.TO_STAFF,
         lists=("session", lambda person, login, _case: login.owner == person.username)),
    Door("GET", "/account/notices", Opens.TO_STAFF),
    Door("POST", "/account/notices/<channel>", Opens.TO_STAFF, opens=302, path=(("<channel>", "wecom"),),
         asks=lambda _world, _person, _case: Asked({}, {"wecom-key": "0f8e7d6c5b4a3928", "wecom-kinds": ["lost"],
                                                        "wecom-digest_at": ""}),
         changes=frozenset({"notice_channel"})),
    *(Door("POST", f"/account/notices/<channel>/{step}", Opens.TO_STAFF, opens=302,  # none is used: it says so
           path=(("<channel>", "wecom"),)) for step in ("test", "stop")),
    Door("POST", "/account/quiet-hours", Opens.TO_STAFF, opens=302, changes=frozenset({"quiet_hours"}),
         asks=lambda _world, _person, _case: Asked({}, {"begins": "22:00", "ends": "08:00"})),
    Door("GET", "/account/password", Opens.TO_STAFF),
    Door("POST", "/account/password", Opens.TO_STAFF, opens=422),  # an empty form
    Door("POST", "/account/sessions/<int:login_id>/end", Opens.TO_STAFF, opens=302, table="session",
         asks=lambda _world, _person, case: Asked(placeholder=("<int:login_id>", case.id)),
         reached=lambda person, login: login.owner == person.username, changes=frozenset({"login_session"}),
         rule=lambda _person, login: Answer(404) if login.here else None),  # this one ends by logging out
    Door("POST", "/account/sessions/end-others", Opens.TO_STAFF, opens=302, changes=frozenset({"login_session"})),

    # For everyone.
    Door("GET", "/", Opens.TO_EVERYONE, opens=302),
    Door("GET", "/login", Opens.TO_EVERYONE, rule=signed_in_already),
    Door("POST", "/login", Opens.TO_EVERYONE, opens=400),  # an empty form
    Door("POST", "/logout", Opens.TO_EVERYONE, opens=302, changes=frozenset({"login_session"})),
    Door("POST", "/view-as/stop", Opens.TO_EVERYONE, opens=302),  # whoever looks as nobody goes home
    Door("POST", "/locale", Opens.TO_EVERYONE, opens=302, asks=chinese, changes=frozenset({"employee"})),
    Door("POST", "/theme", Opens.TO_EVERYONE, opens=302, asks=dark, changes=frozenset({"employee"})),
    Door("GET", "/healthz", Opens.TO_EVERYONE),
    Door("GET", "/readyz", Opens.TO_EVERYONE, opens=503),  # without Redis
    Door("GET", "/static/<path:filename>", Opens.TO_EVERYONE, path=(("<path:filename>", "gonghai.css"),)),
    Door("GET", "/admin/static/<path:filename>", Opens.TO_EVERYONE, path=(("<path:filename>", "admin/js/actions.js"),)),
]

NOT_THERE = [f"{table.address}ajax/update/" for table in TABLES]
"""Addresses that must not exist: inline editing would go around the forms."""
