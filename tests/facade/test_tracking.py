"""Follow a job to its end, through whatever happens on the way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import up42_facade as up42
from tests.facade.small_server import JOBS, as_json, small_world
from up42_sandbox import Fault, Sandbox

JOB = "/v2/processing/jobs/*"
SOON = {"wait": 0.02, "retries": 500, "progress": False}


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Replace sleeping by notes of how long it would have been."""
    noted: list[float] = []
    monkeypatch.setattr("time.sleep", noted.append)
    return noted


def job_in(sandbox: Sandbox, session: up42.Session, status: str) -> up42.Job:
    return up42.Job.get(sandbox.add_job(status=status).id, session=session)


def fixed(sandbox: Sandbox, status: str, times: int | None = None, after: int = 0) -> None:
    sandbox.inject(Fault(path=JOB, patch={"status": status}, times=times, after=after))


def test_returns_the_job_itself(sandbox: Sandbox, session: up42.Session, item: Any) -> None:
    sandbox.clock.speed = 2_000
    template = up42.processing_templates.DetectionTreesSpacept(
        title="trees", item=item, session=session
    )
    job = template.execute()
    seen: list[str] = []
    assert job.track(**SOON, on_update=lambda j: seen.append(j.status.value)) is job
    assert job.status is up42.JobStatus.CAPTURED
    assert job.is_succeeded
    assert job.collection_url
    assert seen == list(dict.fromkeys(seen))
    assert seen[-1] == "captured"


@pytest.fixture
def item(sandbox: Sandbox, session: up42.Session) -> Any:
    return next(iter(up42.search_items(session=session)))


@pytest.mark.parametrize("status", [s.value for s in up42.TERMINAL_STATUSES])
def test_ends_at_once_on_a_terminal_status(
    sandbox: Sandbox, session: up42.Session, status: str, pauses: list[float]
) -> None:
    job = job_in(sandbox, session, status)
    sandbox.clear_requests()
    job.track(progress=False)
    assert pauses == []
    assert len(sandbox.requests) == 1
    assert job.is_finished


@pytest.mark.parametrize(("status", "succeeded"), [("successful", True), ("failed", False)])
def test_a_decided_job_is_not_waited_for(
    sandbox: Sandbox, session: up42.Session, status: str, succeeded: bool, pauses: list[float]
) -> None:
    job = job_in(sandbox, session, "running")
    fixed(sandbox, status)
    job.track(progress=False)
    assert sum(pauses) <= 10
    assert job.status.value == status
    assert job.is_succeeded is succeeded


def test_a_decided_job_is_settled(
    sandbox: Sandbox, session: up42.Session, pauses: list[float]
) -> None:
    job = job_in(sandbox, session, "captured")
    fixed(sandbox, "successful", times=2)
    updates: list[str] = []
    job.track(progress=False, on_update=lambda j: updates.append(j.status.value))
    assert updates == ["successful", "captured"]
    assert job.status is up42.JobStatus.CAPTURED


def test_attempts_run_out(sandbox: Sandbox, session: up42.Session, pauses: list[float]) -> None:
    job = job_in(sandbox, session, "running")
    fixed(sandbox, "running")
    with pytest.raises(up42.UnfinishedJob, match="still 'running' after 3 polls") as caught:
        job.track(wait=7, retries=3, progress=False)
    assert caught.value.job is job
    assert pauses == [7, 7]
    with pytest.raises(up42.UnfinishedJob, match=r"after one poll\."):
        job.track(retries=1, progress=False)


def test_numbers_of_any_type(sandbox: Sandbox, session: up42.Session, pauses: list[float]) -> None:
    job = job_in(sandbox, session, "running")
    fixed(sandbox, "running")
    with pytest.raises(up42.UnfinishedJob, match=r"after 2 polls, 7 s apart\."):
        job.track(wait=np.int64(7), retries=np.int64(2), progress=False)
    assert pauses == [7]


def test_the_documented_defaults(
    sandbox: Sandbox, session: up42.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_in(sandbox, session, "running")
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    monkeypatch.setattr(job.__class__, "refresh", lambda self: self)
    with pytest.raises(up42.UnfinishedJob):
        job.track(progress=False)
    assert pauses == [60] * (60 * 24 * 3 - 1)


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503},
        {"status": 500, "body": "<html>", "content_type": "text/html"},
        {"status": 520},
        *({"status": status} for status in (302, 307, 408, 421, 425, 499)),
        {"status": 429, "retry_after": 0},
        {"drop": "before"},
        {"drop": "after"},
        {"drop": 20},
        {"malformed": True},
        {"status": 200, "body": "<html>", "content_type": "text/html"},
    ],
)
def test_an_outage_is_sat_out(
    sandbox: Sandbox, session: up42.Session, fault: dict[str, Any], pauses: list[float]
) -> None:
    job = job_in(sandbox, session, "captured")
    sandbox.inject(Fault(path=JOB, times=30, **fault))
    assert job.track(progress=False).is_succeeded


def test_token_expiry_in_between(
    sandbox: Sandbox, session: up42.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_in(sandbox, session, "captured")
    fixed(sandbox, "running", times=3)
    monkeypatch.setattr("time.sleep", lambda _: sandbox.clock.advance(4_000))
    assert job.track(progress=False).is_succeeded


def test_a_deleted_job_ends_tracking(
    sandbox: Sandbox, session: up42.Session, pauses: list[float]
) -> None:
    job = job_in(sandbox, session, "running")
    sandbox.inject(Fault(path=JOB, status=404, times=None))
    with pytest.raises(up42.NotFoundError):
        job.track(progress=False)


def test_an_unknown_status_is_waited_through(
    sandbox: Sandbox, session: up42.Session, pauses: list[float]
) -> None:
    job = job_in(sandbox, session, "captured")
    fixed(sandbox, "reviewing", times=4)
    updates: list[str] = []
    job.track(progress=False, on_update=lambda j: updates.append(j.status.value))
    assert updates == ["reviewing", "captured"]


def test_an_error_of_the_callback_reaches_the_caller(
    sandbox: Sandbox, session: up42.Session
) -> None:
    job = job_in(sandbox, session, "captured")

    def fail(_: up42.Job) -> None:
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        job.track(progress=False, on_update=fail)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"wait": 0}, "wait=0"),
        ({"wait": -1}, "wait=-1"),
        ({"wait": float("nan")}, "wait=nan"),
        ({"wait": float("inf")}, "wait=inf"),
        ({"wait": "60"}, "wait='60'"),
        ({"retries": 0}, "retries=0"),
        ({"retries": -5}, "retries=-5"),
        ({"retries": 1.5}, r"retries=1\.5"),
        ({"retries": True}, "retries=True"),
    ],
)
def test_bad_arguments(
    sandbox: Sandbox, session: up42.Session, arguments: dict[str, Any], named: str
) -> None:
    job = job_in(sandbox, session, "running")
    sandbox.clear_requests()
    with pytest.raises(up42.InvalidInputError, match=named):
        job.track(**arguments)
    assert sandbox.requests == []


def test_a_log_line_stays_one_line_and_steers_no_terminal(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with small_world(retries=0) as (server, session):
        job = up42.Job.from_metadata({"jobID": "1", "processID": "p"}, session)
        problem = {"title": "a\x1b[31m\r\nERROR forged\x9b1m"}
        server.routes[f"{JOBS}/1"] = as_json(problem, 503)
        with pytest.raises(up42.UnfinishedJob):
            job.track(wait=0.01, retries=1, progress=False)
    (record,) = [record for record in caplog.records if record.name.startswith("up42_facade")]
    assert r"a\x1b[31m\r\nERROR forged\x9b1m" in record.getMessage()
    assert record.getMessage().isprintable()
