"""What it costs to look at many jobs: one request per hundred, also with a difficult server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import up42_facade as up42
from tests.batch.conftest import Make
from up42_sandbox import Fault, Sandbox
from up42_sandbox.core.routing import Call
from up42_sandbox.processing import listing, routes

JOBS = "/v2/processing/jobs"
COUNT = 500
Running = Callable[[int], up42.Batch]


@pytest.fixture
def running(sandbox: Sandbox, make: Make) -> Running:
    """Makes a batch whose jobs all run, without a request."""

    def made(count: int) -> up42.Batch:
        batch = up42.Batch(make(count))
        journal = batch._journal
        for entry in journal.entries:
            job = sandbox.add_job(entry.process_id, "running", inputs=entry.inputs)
            attempt = journal.new_attempt(entry, sandbox.workspace_id)
            journal.ledger.begin(attempt)
            journal.begin(entry, attempt)
            metadata: Any = job.metadata(sandbox.url)
            journal.mark_executed(attempt, up42.Job.from_metadata(metadata, batch.session))
        return batch

    return made


def looks(sandbox: Sandbox) -> list[str]:
    return [entry.path for entry in sandbox.requests if entry.path.startswith(JOBS)]


def finish(sandbox: Sandbox, batch: up42.Batch, but: int = 0) -> None:
    for job in batch.jobs[: len(batch) - but]:
        sandbox._world.jobs._jobs[job.id].status = "captured"
    sandbox._world.jobs._selected.clear()


def track(patch: pytest.MonkeyPatch, batch: up42.Batch, *steps: Callable[[], object]) -> None:
    """Track with these steps in the place of the waits between two looks."""
    left = list(steps)
    sleep = time.sleep

    def step(seconds: float) -> None:
        if threading.current_thread() is threading.main_thread():
            left.pop(0)()
        else:
            sleep(seconds)

    patch.setattr(time, "sleep", step)
    batch.track()
    patch.undo()
    assert left == []


def test_five_requests_for_five_hundred_jobs(
    running: Running, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = running(COUNT)

    def after_the_first_look() -> None:
        assert looks(sandbox) == [JOBS] * 5
        finish(sandbox, batch, but=101)

    def after_the_third_look() -> None:
        # What has ended is not asked for any more.
        assert looks(sandbox) == [JOBS] * 2
        finish(sandbox, batch)

    track(monkeypatch, batch, after_the_first_look, sandbox.clear_requests, after_the_third_look)
    assert batch.counts == {"captured": COUNT}


def test_pages_that_are_smaller_than_asked_for(
    running: Running, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MAX_LIMIT", 30)
    batch = running(100)
    finish(sandbox, batch)
    batch.track(wait=0.05)
    assert batch.counts == {"captured": 100}
    assert looks(sandbox) == [JOBS] * 4


@pytest.mark.parametrize("status", [400, 413, 414, 431])
@pytest.mark.parametrize("most", [30, 1])
def test_a_server_that_limits_ids(
    running: Running,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    most: int,
) -> None:
    def limited(call: Call) -> Any:
        if len(call.many("ids") or ()) > most:
            raise routes.ApiError(status, "Too many ids.")
        return listing.page(call)

    # Not undone before the end, unlike the waits.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(routes, "page", limited)
        batch = running(40)
        # Half of forty ids fit where thirty do.
        needed = {30: 2, 1: 40}[most]

        def after_the_first_look() -> None:
            assert 1 <= statuses(sandbox).count(status) <= 6
            assert statuses(sandbox).count(200) == needed
            sandbox.clear_requests()

        def after_the_second_look() -> None:
            # It is learnt once, not at every look anew.
            assert statuses(sandbox) == [200] * needed
            finish(sandbox, batch)

        track(monkeypatch, batch, after_the_first_look, after_the_second_look)
    assert batch.counts == {"captured": 40}


def statuses(sandbox: Sandbox) -> list[int | None]:
    return [entry.status for entry in sandbox.requests if entry.path == JOBS]


def test_jobs_that_the_list_leaves_out(running: Running, sandbox: Sandbox) -> None:
    """They are asked for one by one, few per look: a list that lags must not cost hundreds."""
    batch = running(40)
    finish(sandbox, batch)
    hidden = {job.id for job in batch.jobs[::2]}

    def without_hidden(_: object, page: Any) -> Any:
        return {**page, "jobs": [job for job in page["jobs"] if job["jobID"] not in hidden]}

    sandbox.inject(Fault(path=JOBS, times=None, patch=without_hidden))
    changes: list[int] = []
    batch.track(wait=0.02, on_update=lambda entry: changes.append(entry.index))
    assert batch.counts == {"captured": 40}
    assert sorted(changes) == list(range(40)), "each change is told once"
    single = [path for path in looks(sandbox) if path != JOBS]
    assert len(single) == len(hidden)
    for number, path in enumerate(single):
        between = looks(sandbox)[: looks(sandbox).index(path)].count(JOBS)
        assert between == 1 + number // 5


def test_one_bad_look_in_between_costs_only_that_look(
    running: Running, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = running(250)
    finish(sandbox, batch)
    sandbox.inject(
        # The second of three requests: what the first one told is not lost for long.
        Fault(path=JOBS, after=1, times=6, status=500),
        Fault(path=JOBS, times=1, malformed=True),
    )
    batch.track(wait=0.02)
    assert batch.counts == {"captured": 250}
    assert len(looks(sandbox)) <= 20
