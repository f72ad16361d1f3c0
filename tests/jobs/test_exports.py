"""Large exports: prepared by a real worker, as their owner may see the rows by then, and kept for him alone."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app import queue, spreadsheets, sqlite
from app.admin import export
from app.jobs import exports as job
from app.jobs import retention
from app.models import AuditEntry, BackgroundTask, ExportChunk, ExportFile
from app.models.audit import AuditAction, PersonKind
from app.models.choices import ErasureReason, RowScope, TaskProblem, TaskState
from app.queue import ListedJob
from app.services import erasure, export_files, school_settings
from app.services.school_settings import SchoolSettings
from tests.support.client import Client
from tests.support.databases import on_both_databases
from tests.support.processes import wait_until
from tests.support.reading import table_of

pytestmark = [pytest.mark.queue, on_both_databases]

CSV, TASKS, STATE = "/admin/customer/export/csv/", "/admin/tasks/", "/admin/tasks/state"


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch):
    monkeypatch.setattr(export, "AT_ONCE", 2)


@pytest.fixture
def latest(session):
    """The task that was asked for last, as it stands now."""
    def read() -> BackgroundTask:
        session.rollback()
        session.expire_all()
        found = session.scalars(select(BackgroundTask).order_by(BackgroundTask.id.desc())).first()
        session.rollback()
        session.refresh(found)
        session.commit()
        return found

    return read


@pytest.fixture
def ended(latest):
    """Wait until the last task has come to its end."""
    def wait(seconds: float = 60) -> BackgroundTask:
        wait_until(lambda: latest().is_over, seconds=seconds, what="the end of the export")
        return latest()

    return wait


def do_it_here() -> None:
    """What the worker would do, in this process."""
    for job_id in queue.queue().job_ids:
        ListedJob.fetch(job_id, connection=queue.connection()).perform()
        queue.queue().empty()


def file_of(client: Client, task: BackgroundTask):
    return client.get(f"{TASKS}{task.id}/download")


class TestALargeExport:
    def test_is_offered_instead_of_kept_waiting_for(self, served, make_customer, school):
        for _ in range(3):
            make_customer(holder=school.sanjiang)
        page = served("manager").get(f"{CSV}?search=客户")
        assert page.mimetype == "text/html"
        assert f'method="post" action="{CSV}?search=' in page.text

    @pytest.mark.parametrize("kind", ["csv", "xlsx"])
    def test_is_prepared_by_a_worker_and_downloaded(self, served, backstage, make_customer, school, session, ended,
                                                    kind):
        for number in range(3):
            make_customer(f"龙泰{number}", holder=school.sanjiang, company="=1+1")
        make_customer("别人", holder=school.baoyu)
        backstage.worker()
        manager = served("manager")
        answer = manager.submit(f"/admin/customer/export/{kind}/?search=龙泰")
        assert (answer.status_code, answer.location.partition("#")[0]) == (303, TASKS)
        task = ended()
        assert (task.state, task.done, task.total) == (TaskState.FINISHED, 3, 3)
        assert f"/admin/tasks/{task.id}/download" in manager.get(TASKS).text
        file = file_of(manager, task)
        assert file.headers["Content-Disposition"] == f'attachment; filename="customer-2026-03-02.{kind}"'
        assert int(file.headers["Content-Length"]) == len(file.get_data())
        rows = table_of(file)
        assert rows[0][:2] == ["编号", "姓名"] or len(rows[0]) > 10
        assert [row[1] for row in rows[1:]] == ["龙泰2", "龙泰1", "龙泰0"]
        assert "'=1+1" in str(rows)
        entries = session.execute(select(AuditEntry.action, AuditEntry.actor_id, AuditEntry.facts).where(
            AuditEntry.action.in_((AuditAction.EXPORTED, AuditAction.DOWNLOADED))).order_by(AuditEntry.id)).all()
        assert entries == [
            (AuditAction.EXPORTED, school.manager.id, {"rows": 3, "format": kind, "filtered": True}),
            (AuditAction.DOWNLOADED, school.manager.id, {"what": f"customer-2026-03-02.{kind}", "rows": 3})]

    def test_has_the_same_content_as_the_small_one(self, served, make_customer, school, latest, monkeypatch):
        for number in range(3):
            make_customer(holder=school.sanjiang, mobile=f"1390000111{number}", courses=[school.python])
        manager = served("manager")
        manager.submit(CSV)
        do_it_here()
        large = file_of(manager, latest()).get_data()
        monkeypatch.setattr(export, "AT_ONCE", 100)
        assert manager.get(CSV).get_data() == large

    def test_speaks_the_language_of_whoever_asked(self, served, make_customer, school, latest):
        for _ in range(3):
            make_customer(holder=school.sanjiang)
        manager = served("manager")
        for locale, title in (("zh_Hant_TW", "姓名"), ("en", "Name")):
            manager.submit("/locale", {"locale": locale})
            manager.submit(CSV)
            do_it_here()
            assert title in table_of(file_of(manager, latest()))[0]

    def test_notes_whose_contacts_it_shows(self, served, make_customer, school, session, latest):
        shown = {make_customer(holder=school.sanjiang, mobile=f"1390000111{number}").id for number in range(3)}
        manager = served("manager")
        manager.submit(CSV)
        do_it_here()
        seen = session.execute(select(AuditEntry.row_id, AuditEntry.actor_id).where(
            AuditEntry.action == AuditAction.SEEN)).all()
        assert set(seen) == {(each, school.manager.id) for each in shown}

    def test_says_at_once_that_nobody_will_do_it(self, served, make_customer, school):
        for _ in range(3):
            make_customer(holder=school.sanjiang)
        manager = served("manager")
        manager.submit("/locale", {"locale": "en"})
        assert "No worker is running" in manager.submit(CSV, follow_redirects=True).text

    def test_tells_scripts_how_it_stands(self, served, make_customer, school, latest):
        for _ in range(3):
            make_customer(holder=school.sanjiang)
        manager = served("manager")
        manager.submit("/locale", {"locale": "en"})
        asked = manager.submit(CSV, headers={"Accept": "application/json"})
        assert (asked.status_code, asked.json["state"]) == (202, STATE)
        state = manager.get(STATE).json
        assert [(task["id"], task["state"], task["over"]) for task in state["tasks"]] == [
            (asked.json["id"], "waiting", False)]
        assert (state["running"], state["said"]) == (1, "1 task is running")
        do_it_here()
        state = manager.get(STATE).json
        assert state["tasks"][0]["sentence"] == "Done: 3 rows"
        assert (state["running"], state["said"]) == (0, "My tasks")

    def test_leaves_no_filter_in_the_queue(self, served, make_customer, school, redis_client):
        for _ in range(3):
            make_customer("金丝雀", holder=school.sanjiang)
        served("manager").submit(f"{CSV}?search=金丝雀")
        (job_id,) = queue.queue().job_ids
        found = ListedJob.fetch(job_id, connection=redis_client)
        assert found.kwargs.keys() == {"task_id"}


class TestAsOfWhenItRuns:
    @pytest.fixture
    def asked(self, served, make_customer, school, session):
        """三江, who may export by now, has asked for her customers."""
        school.roles["consultant"].permission_codes = [*school.roles["consultant"].permission_codes, "customer.export"]
        session.commit()
        self.customers = [make_customer(holder=school.sanjiang, mobile=f"1390000111{number}") for number in range(4)]
        client = served("sanjiang")
        assert client.submit(CSV).status_code == 303
        return client

    def test_rows_that_are_no_longer_hers_are_left_out(self, asked, floor, school, session, latest):
        lost = self.customers[0]
        floor.assign(lost, to=school.baoyu)
        session.commit()
        do_it_here()
        assert latest().state is TaskState.FINISHED
        rows = table_of(file_of(asked, latest()))
        assert len(rows) == 4
        assert lost.name not in str(rows)

    def test_a_right_that_was_taken_away_ends_it_refused(self, asked, school, session, latest):
        school.roles["consultant"].permission_codes = ["customer.read", "mycustomers.read"]
        session.commit()
        do_it_here()
        assert (latest().state, latest().problem) == (TaskState.FAILED, TaskProblem.NOT_ALLOWED)
        assert session.scalar(select(func.count()).select_from(ExportFile)) == 0
        assert file_of(asked, latest()).status_code == 404

    def test_what_was_made_with_other_rights_is_not_given_out(self, asked, school, session, latest):
        do_it_here()
        task, codes = latest(), list(school.roles["consultant"].permission_codes)
        assert file_of(asked, task).status_code == 200
        school.roles["consultant"].permission_codes = [code for code in codes if code != "customer.export"]
        session.commit()
        assert file_of(asked, task).status_code == 403
        assert f"{TASKS}{task.id}/download" not in asked.get(TASKS).text
        school.roles["consultant"].permission_codes = codes
        session.commit()
        assert file_of(asked, task).status_code == 200

    @pytest.mark.parametrize("narrower", ["customer.contacts", "reach", "masking"])
    def test_nor_what_shows_more_than_may_be_seen_by_now(self, served, make_customer, school, session, latest,
                                                         narrower):
        school_settings.save(session, SchoolSettings(mask_contacts=False))
        for _ in range(3):
            make_customer()
        session.commit()
        manager = served("manager")
        manager.submit(CSV)
        do_it_here()
        role = school.roles["manager"]
        if narrower == "reach":
            role.scope = RowScope.DEPARTMENT
        elif narrower == "masking":
            school_settings.save(session, SchoolSettings(mask_contacts=True))
        else:
            role.permission_codes = [code for code in role.permission_codes if code != narrower]
        session.commit()
        assert file_of(manager, latest()).status_code == 403
        assert f"{TASKS}{latest().id}/download" not in manager.get(TASKS).text

    def test_a_login_that_was_deactivated_ends_it_refused(self, asked, school, session, latest):
        school.sanjiang.active = False
        session.commit()
        do_it_here()
        assert (latest().state, latest().problem) == (TaskState.FAILED, TaskProblem.NOT_ALLOWED)

    def test_more_rows_than_may_be_are_refused(self, asked, latest, monkeypatch):
        monkeypatch.setattr(export, "LARGEST", 3)
        do_it_here()
        assert (latest().state, latest().problem) == (TaskState.FAILED, TaskProblem.TOO_MUCH)

    def test_what_goes_wrong_is_said_and_logged(self, asked, latest, monkeypatch, caplog):
        monkeypatch.setattr(spreadsheets, "write", lambda *_: 1 / 0)
        do_it_here()
        assert (latest().state, latest().problem) == (TaskState.FAILED, TaskProblem.ERROR)
        assert "ZeroDivisionError" in caplog.text
        monkeypatch.undo()
        assert asked.submit(f"{TASKS}{latest().id}/again").status_code == 302
        do_it_here()
        assert latest().state is TaskState.FINISHED

    def test_cancelled_before_it_begins_it_never_does(self, asked, latest):
        assert asked.submit(f"{TASKS}{latest().id}/cancel").status_code == 302
        do_it_here()
        assert (latest().state, latest().runs) == (TaskState.CANCELLED, 0)

    def test_cancelled_half_way_it_stops(self, asked, latest, session, monkeypatch):
        monkeypatch.setattr(job, "STEP", 2)
        write = spreadsheets.write

        def write_and_be_cancelled(kind, file, titles, rows, folder):
            rows = iter(rows)
            first = [next(rows)]
            asked.submit(f"{TASKS}{latest().id}/cancel")
            write(kind, file, titles, (*first, *rows), folder)

        monkeypatch.setattr(spreadsheets, "write", write_and_be_cancelled)
        do_it_here()
        assert latest().state is TaskState.CANCELLED
        assert session.scalar(select(func.count()).select_from(ExportFile)) == 0

    def test_nobody_else_sees_downloads_cancels_or_repeats_it(self, asked, served, latest):
        do_it_here()
        number = latest().id
        for username in ("baoyu", "admin"):
            other = served(username)
            assert other.get(STATE).json["tasks"] == []
            assert other.get(f"{TASKS}{number}/download").status_code == 404
            for step in ("cancel", "again"):
                assert other.submit(f"{TASKS}{number}/{step}").status_code == 404

    def test_a_few_at_once_are_enough(self, asked):
        assert [asked.submit(CSV).status_code for _ in range(3)] == [303, 303, 409]


class TestAWorkerThatDies:
    def test_half_way_is_told_of_and_can_be_replaced(self, served, backstage, hold, school, clock, latest, ended,
                                                     tmp_path):
        left = tmp_path / "left"
        left.mkdir()
        backstage.environment["TMPDIR"] = str(left)
        hold(school.sanjiang, 12_000, received=clock.today())
        manager = served("manager")
        worker = backstage.worker()
        assert manager.submit("/admin/customer/export/xlsx/").status_code == 303
        wait_until(lambda: latest().done > 0, seconds=60, what="a beginning")
        worker.kill()
        assert len(list(left.glob("gonghai-export-*"))) == 1
        assert not latest().is_over
        [told] = manager.get(STATE).json["tasks"]
        assert (told["state"], told["over"]) == ("lost", True)
        assert f'action="{TASKS}{latest().id}/again"' in manager.get(TASKS).text
        backstage.worker()
        assert manager.submit(f"{TASKS}{latest().id}/again").status_code == 302
        task = ended(120)
        assert (task.state, task.done, task.runs) == (TaskState.FINISHED, 12_000, 3)
        assert len(table_of(file_of(manager, task))) == 12_001
        assert list(left.glob("gonghai-export-*")) == []

    def test_without_redis_how_far_it_was_is_still_told(self, served, make_customer, school, valkey_server):
        for _ in range(3):
            make_customer(holder=school.sanjiang)
        manager = served("manager")
        manager.submit(CSV)
        valkey_server.close()
        state = manager.get(STATE).json
        assert state["problem"]
        assert [task["state"] for task in state["tasks"]] == ["waiting"]
        assert manager.get(TASKS).status_code == 200
        assert manager.submit(CSV, headers={"Accept": "application/json"}).status_code == 503


class TestTheFile:
    @pytest.fixture
    def stored(self, served, make_customer, school):
        self.customers = [make_customer("金丝雀", holder=school.sanjiang) for _ in range(3)]
        manager = served("manager")
        manager.submit(f"{CSV}?search=金丝雀")
        do_it_here()
        return manager

    def test_is_kept_in_parts_of_bounded_size(self, served, make_customer, school, session, latest, monkeypatch):
        monkeypatch.setattr(export_files, "CHUNK", 100)
        for _ in range(3):
            make_customer(holder=school.sanjiang)
        manager = served("manager")
        manager.submit(CSV)
        do_it_here()
        sizes = session.scalars(select(func.length(ExportChunk.content)).order_by(ExportChunk.number)).all()
        assert len(sizes) > 3
        assert set(sizes[:-1]) == {100}
        rows = list(csv.reader(io.StringIO(file_of(manager, latest()).get_data().decode("utf-8-sig"))))
        assert len(rows) == 4

    def test_is_removed_after_a_week(self, stored, session, clock, latest):
        clock.advance(days=8)
        stored.login("manager")
        assert file_of(stored, latest()).status_code == 404
        session.commit()
        retention.run_if_due()
        assert session.scalar(select(func.count()).select_from(ExportFile)) == 0
        assert session.scalar(select(func.count()).select_from(ExportChunk)) == 0
        assert latest().state is TaskState.FINISHED
        clock.advance(days=30)
        session.commit()
        retention.run_if_due()
        assert session.scalar(select(func.count()).select_from(BackgroundTask)) == 0

    def test_is_gone_with_what_was_asked_for_when_somebody_is_erased(self, stored, session, latest, clock):
        erasure.erase(session, (PersonKind.CUSTOMER, self.customers[0].id), ErasureReason.REQUESTED,
                      today=clock.today(), now=clock.now())
        session.commit()
        assert session.scalar(select(func.count()).select_from(ExportChunk)) == 0
        assert latest().arguments is None
        assert file_of(stored, latest()).status_code == 404
        assert stored.submit(f"{TASKS}{latest().id}/again").status_code in {302, 409}

    def test_that_is_being_written_when_somebody_is_erased_never_comes_to_be(self, stored, session, latest, clock,
                                                                             monkeypatch):
        write = spreadsheets.write

        def write_and_erase(*arguments):
            write(*arguments)
            with sqlite.read_write():
                session.rollback()
                erasure.erase(session, (PersonKind.CUSTOMER, number), ErasureReason.REQUESTED, today=clock.today(),
                              now=clock.now())
                session.commit()

        number = self.customers[0].id
        monkeypatch.setattr(spreadsheets, "write", write_and_erase)
        stored.submit(f"{CSV}?search=金丝雀")
        do_it_here()
        assert (latest().state, latest().problem) == (TaskState.FAILED, TaskProblem.ERASED)
        assert session.scalar(select(func.count()).select_from(ExportFile)) == 0


class TestFolders:
    def test_of_killed_processes_are_swept_and_others_left(self):
        abandoned = Path(tempfile.mkdtemp(prefix="gonghai-export-"))
        (abandoned / "rows").write_text("金丝雀")
        with spreadsheets.private_folder() as used:
            assert spreadsheets.sweep() >= 1
            assert used.is_dir()
        assert not abandoned.exists()
        assert not used.exists()

