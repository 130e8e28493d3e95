"""A rerun is never doubled and never lost, whatever happens on the wire."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import up42_facade as up42
from tests.analytics.conftest import GetJob
from up42_sandbox import Fault, Sandbox

RERUN = "/projects/*/workflows/*/jobs/*"
JOBS = "/projects/*/jobs"
AFTER_TAKING = [
    {"drop": "after"},
    {"drop": 0},
    {"drop": 30},
    {"malformed": True},
    {"patch": {"data": {"id": None}}},
    {"patch": {"data": None}},
]
BEFORE_TAKING = [
    {"drop": "before"},
    {"status": 500},
    {"status": 408},
    {"status": 503, "retry_after": 0},
    {"status": 502, "body": "<html>", "content_type": "text/html"},
    {"status": 200, "body": "", "content_type": "application/json"},
    {"status": 200, "body": "[" * 100_000, "content_type": "application/json"},
]
REFUSALS = [
    ({"status": 400}, up42.BadRequestError),
    ({"status": 403}, up42.ForbiddenError),
    ({"status": 404}, up42.NotFoundError),
    ({"status": 401}, up42.AuthenticationError),
]


def reruns(sandbox: Sandbox) -> int:
    return sum(r.method == "POST" and "/workflows/" in r.path for r in sandbox.requests)


def jobs(sandbox: Sandbox) -> int:
    return len(sandbox.analytics.book.jobs(sandbox.analytics.project_id))


def test_rerun(sandbox: Sandbox, job: GetJob) -> None:
    made = job("ndvi")
    again = made.rerun()
    assert again.job_id != made.job_id
    assert again.project_id == made.project_id
    assert "name='Rerun NDVI of Berlin', status='NOT STARTED'" in repr(again)
    assert again.info["inputs"] == made.info["inputs"]
    assert reruns(sandbox) == 1


def test_names(job: GetJob) -> None:
    assert job("ndvi").rerun("Noch einmal & öfter").info["name"] == "Noch einmal & öfter"
    assert job("unnamed").rerun().info["name"] is None


def test_a_rerun_uses_the_session_of_its_job(sandbox: Sandbox, job: GetJob) -> None:
    sandbox.clock.speed = 500
    assert job("ndvi").rerun().track(wait=0.02, progress=False).is_succeeded


@pytest.mark.parametrize("code", [429, "TOO_MANY_REQUESTS"])
def test_too_many_jobs(sandbox: Sandbox, job: GetJob, code: int | str) -> None:
    error = {"code": code, "message": "Too many jobs", "details": None}
    sandbox.inject(Fault(path=RERUN, status=429, body={"data": None, "error": error}, times=None))
    made = job("ndvi")
    with pytest.raises(up42.ConcurrentJobsError) as caught:
        made.rerun()
    message = str(caught.value)
    assert made.project_id in message
    for text in ("MAX_CONCURRENT_JOBS", "Nothing was started", "Too many jobs", "track()"):
        assert text in message
    assert isinstance(caught.value, up42.RateLimitError)
    assert caught.value.status_code == 429
    assert caught.value.body["error"]["code"] == code
    assert reruns(sandbox) == 1


def test_the_cap_of_the_sandbox(sandbox: Sandbox, job: GetJob) -> None:
    sandbox.clock.speed = 1e-6
    sandbox.analytics.max_concurrent_jobs = 2
    first = job("ndvi").rerun()
    with pytest.raises(up42.ConcurrentJobsError):
        job("ndvi").rerun()
    first.cancel()
    sandbox.clock.advance(60)
    assert job("ndvi").rerun().job_id != first.job_id


@pytest.mark.parametrize("fault", AFTER_TAKING, ids=str)
def test_a_lost_answer_is_looked_up(sandbox: Sandbox, job: GetJob, fault: dict[str, Any]) -> None:
    before = jobs(sandbox)
    sandbox.inject(Fault(path=RERUN, **fault))
    again = job("ndvi").rerun("Second")
    assert again.info["name"] == "Second"
    assert jobs(sandbox) == before + 1
    assert reruns(sandbox) == 1


@pytest.mark.parametrize("fault", BEFORE_TAKING, ids=lambda fault: str(fault)[:60])
def test_a_request_that_was_not_taken(sandbox: Sandbox, job: GetJob, fault: dict[str, Any]) -> None:
    before = jobs(sandbox)
    sandbox.inject(Fault(path=RERUN, **fault))
    made = job("ndvi")
    with pytest.raises(up42.RerunUncertainError, match="No such job has appeared") as caught:
        made.rerun()
    error = caught.value
    assert (error.project_id, error.job_id) == (made.project_id, made.job_id)
    assert error.candidates == error.look_up() == []
    assert isinstance(error, up42.UncertainError)
    assert jobs(sandbox) == before
    assert reruns(sandbox) == 1


@pytest.mark.parametrize(("fault", "kind"), REFUSALS, ids=str)
def test_refusals_are_told_at_once(
    sandbox: Sandbox, job: GetJob, fault: dict[str, Any], kind: type[up42.Up42Error]
) -> None:
    before = jobs(sandbox)
    sandbox.inject(Fault(path=RERUN, times=5, **fault))
    with pytest.raises(kind):
        job("ndvi").rerun()
    assert jobs(sandbox) == before


def test_an_error_under_a_good_status_is_a_refusal(sandbox: Sandbox, job: GetJob) -> None:
    body = {"data": None, "error": {"code": 403, "message": "No credits", "details": None}}
    sandbox.inject(Fault(path=RERUN, status=200, body=body))
    with pytest.raises(up42.ApiError, match="No credits"):
        job("ndvi").rerun()
    assert reruns(sandbox) == 1


def test_the_credits_do_not_suffice(sandbox: Sandbox, job: GetJob) -> None:
    sandbox.top_up(-9_500)
    with pytest.raises(up42.ForbiddenError, match="credits"):
        job("ndvi").rerun()


def test_other_jobs_are_not_taken_for_the_new_one(sandbox: Sandbox, job: GetJob) -> None:
    # Another workflow, and other inputs, made by somebody else meanwhile.
    sandbox.analytics.add_job("Other", "data")
    sandbox.inject(Fault(path=RERUN, drop="before"), Fault(path=JOBS, patch={"data": []}))
    # The first list is empty, so that everything seems to be new.
    with pytest.raises(up42.RerunUncertainError) as caught:
        job("unnamed").rerun()
    found = [made.job_id for made in caught.value.candidates]
    assert sandbox.analytics.jobs["unnamed"] in found
    assert all("Other" not in repr(made) for made in caught.value.candidates)


def test_several_candidates(sandbox: Sandbox, job: GetJob) -> None:
    sandbox.inject(Fault(path=RERUN, drop="after"))
    sandbox.inject(Fault(path=JOBS, patch={"data": []}))
    with pytest.raises(up42.RerunUncertainError, match="Several such jobs") as caught:
        job("failed").rerun()
    assert len(caught.value.candidates) > 1
    assert all(made.job_id in str(caught.value) for made in caught.value.candidates)
    assert reruns(sandbox) == 1


def test_a_list_that_cannot_be_read(sandbox: Sandbox, job: GetJob) -> None:
    sandbox.inject(Fault(path=RERUN, drop="after"), Fault(path=JOBS, status=503, after=1, times=40))
    with pytest.raises(up42.RerunUncertainError, match="can't be read either") as caught:
        job("ndvi").rerun("Late")
    sandbox.clear_faults()
    [found] = caught.value.look_up()
    assert found.info["name"] == "Late"
    assert caught.value.candidates == [found]


def test_nothing_is_sent_if_the_list_cannot_be_read_before(sandbox: Sandbox, job: GetJob) -> None:
    sandbox.inject(Fault(path=JOBS, status=503, times=None))
    with pytest.raises(up42.ServerError):
        job("ndvi").rerun()
    assert reruns(sandbox) == 0


def test_interruption_leaves_a_note(
    sandbox: Sandbox, job: GetJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = job("ndvi")
    send = made.session.http.send

    def interrupted(request: Any, **options: Any) -> Any:
        if "/workflows/" in request.url.path:
            raise KeyboardInterrupt
        return send(request, **options)

    monkeypatch.setattr(made.session.http, "send", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        made.rerun()
    assert "look for the new job" in caught.value.__notes__[0]


def test_parallel_reruns_find_a_job_each(sandbox: Sandbox, job: GetJob) -> None:
    sandbox.analytics.max_concurrent_jobs = 10
    sandbox.inject(Fault(path=RERUN, drop="after", times=4))
    made = job("ndvi")
    with ThreadPoolExecutor(4) as pool:
        found = [future.result() for future in [pool.submit(made.rerun) for _ in range(4)]]
    assert len({again.job_id for again in found}) == 4
    assert reruns(sandbox) == 4
