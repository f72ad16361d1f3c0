"""The screen of the nightly jobs: who sees it, what it says, running the night now."""

from __future__ import annotations

import datetime as dt

import pytest

from app import queue
from app.queue import ListedJob, Task
from app.services import nightly

RUN, STATE = "/admin/jobs/run/", f"/admin/jobs/state/{Task.RUN_NOW.job_id}"


@pytest.fixture
def night(session, clock):
    """Runs the night for today."""
    def run(days_ago: int = 0):
        nightly.run(session, clock.today() - dt.timedelta(days=days_ago), today=clock.today(), now=clock.now,
                    on_batch=lambda _done, _total: session.commit())

    return run


class TestWithoutRedis:
    @pytest.mark.parametrize(("username", "status"), [
        ("admin", 200), ("auditor", 200), ("manager", 403), ("sanjiang", 403), ("tutor", 403), ("finance", 403)])
    def test_who_may_see_it(self, login, username, status):
        assert login(username).get("/admin/jobs/").status_code == status

    def test_it_still_shows_what_ran_and_says_that_jobs_cannot_be_reached(self, login, night, make_customer, school,
                                                                         clock):
        make_customer(holder=school.sanjiang, on=clock.today() - dt.timedelta(days=4))
        night()
        page = login("admin").get("/admin/jobs/").text
        assert 'data-business-date="2026-03-02"' in page
        assert 'action="/admin/jobs/run/"' not in page

    def test_asking_is_answered_with_a_sentence(self, login):
        admin = login("admin")
        assert admin.submit(RUN).status_code == 302
        assert admin.submit(RUN, headers={"Accept": "application/json"}).status_code == 503
        assert admin.get(STATE).status_code == 503


@pytest.mark.queue
class TestRunningItNow:
    def test_asks_once_however_often_the_button_is_pressed(self, served):
        admin = served("admin")
        for _ in range(3):
            assert admin.submit(RUN).status_code == 302
        assert queue.queue().job_ids == [Task.RUN_NOW.job_id]
        answer = admin.get(STATE)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.json == {"job_id": Task.RUN_NOW.job_id, "status": "queued", "done": 0, "total": 0, "over": False,
                               "failed": False, "left": "", "title": answer.json["title"],
                               "sentence": answer.json["sentence"]}

    def test_shows_how_far_it_is(self, served):
        admin = served("admin")
        admin.submit(RUN)
        job = ListedJob.fetch(Task.RUN_NOW.job_id, connection=queue.connection())
        queue.report_to(job)(340, 1200)
        job.set_status("started")
        said = admin.get(STATE).json
        assert (said["done"], said["total"], said["over"]) == (340, 1200, False)
        assert f'data-job="{STATE}"' in admin.get("/admin/jobs/").text

    def test_says_how_long_it_still_takes(self, served):
        admin = served("admin")
        admin.submit("/locale", {"locale": "en"})
        admin.submit(RUN)
        job = ListedJob.fetch(Task.RUN_NOW.job_id, connection=queue.connection())
        job.started_at = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=2)
        job.save()
        queue.report_to(job)(300, 1200)
        job.set_status("started")
        said = admin.get(STATE).json
        assert said["sentence"] == "Running: 300 of 1,200"
        assert said["left"] == "about 6 minutes left"
        assert said["left"] in admin.get("/admin/jobs/").text

    @pytest.mark.parametrize(("username", "status"), [("auditor", 403), ("manager", 403), ("baoyu", 403)])
    def test_is_for_those_who_may(self, served, username, status):
        client = served(username)
        assert client.submit(RUN).status_code == status
        assert queue.queue().job_ids == []

    def test_the_auditor_sees_no_button(self, served):
        assert 'action="/admin/jobs/run/"' not in served("auditor").get("/admin/jobs/").text
        assert 'action="/admin/jobs/run/"' in served("admin").get("/admin/jobs/").text

    @pytest.mark.parametrize("job_id", ["nobody", "x" * 300, "..%2f", Task.EXPORT.job_id_of(1)])
    def test_tells_nothing_of_other_jobs(self, served, job_id):
        assert served("admin").get(f"/admin/jobs/state/{job_id}").status_code == 404

    def test_a_visitor_is_sent_to_the_login(self, served, app):
        assert app.test_client().get(STATE).status_code in {302, 401}
