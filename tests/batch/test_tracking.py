"""Following all jobs of a batch: few requests, a hard deadline, every change told."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest

import up42_facade as up42
from tests import inside
from tests.batch.conftest import Make
from up42_sandbox import Fault, Sandbox

JOBS = "/v2/processing/jobs"


def test_every_change_is_told(batch: up42.Batch) -> None:
    batch.execute()
    seen: list[tuple[int, str]] = []
    assert batch.track(wait=0.02, on_update=lambda e: seen.append((e.index, e.status))) is batch
    assert batch.counts == {"captured": 3}
    for index in range(3):
        told = [status for number, status in seen if number == index]
        assert told[-1] == "captured"
        assert len(told) == len(set(told)), "each status is told once"


def test_one_request_per_look(batch: up42.Batch, sandbox: Sandbox) -> None:
    batch.execute().track(wait=0.05)
    batch_jobs = batch.jobs
    sandbox.clear_requests()
    batch.track(wait=0.05)
    assert sandbox.requests == [], "nothing is left to look at"
    assert batch_jobs == batch.jobs


def test_the_time_is_up(sandbox: Sandbox, batch: up42.Batch) -> None:
    sandbox.clock.speed = 0.001
    batch.execute()
    with pytest.raises(
        up42.UnfinishedJob, match=r"3 of 3 jobs .* 0.3 s.*track\(\) again"
    ) as caught:
        batch.track(wait=0.1, timeout=0.3)
    assert isinstance(caught.value, up42.UnfinishedJob)
    assert len(caught.value.batch) == 3
    sandbox.clock.speed = 500
    batch.track(wait=0.05)


def test_the_deadline_is_hard(sandbox: Sandbox, batch: up42.Batch) -> None:
    batch.execute()
    sandbox.inject(Fault(path=JOBS, latency=3, times=1))
    began = time.monotonic()
    with pytest.raises(up42.UnfinishedJob):
        batch.track(wait=0.1, timeout=0.3)
    # Far below the three seconds that the request takes, and far above the timeout.
    assert time.monotonic() - began < 2.5


def test_outages_are_sat_out(sandbox: Sandbox, batch: up42.Batch) -> None:
    batch.execute()
    sandbox.inject(
        Fault(path=JOBS, status=503, times=8),
        Fault(path=JOBS, drop="before", times=7),
        Fault(path=JOBS, status=200, body="<html>", content_type="text/html", times=2),
    )
    batch.track(wait=0.05)
    assert batch.counts == {"captured": 3}


@pytest.mark.parametrize("status", [400, 413, 414])
def test_a_server_that_takes_fewer_ids(sandbox: Sandbox, make: Make, status: int) -> None:
    with up42.Batch(make(5)) as batch:
        batch.execute()
        sandbox.inject(Fault(path=JOBS, status=status, times=2))
        batch.track(wait=0.05)
        assert batch.counts == {"captured": 5}


def test_a_job_that_the_list_leaves_out(sandbox: Sandbox, batch: up42.Batch) -> None:
    batch.execute()
    sandbox.inject(
        Fault(path=JOBS, status=200, body={"jobs": [], "links": []}, times=None),
    )
    batch.track(wait=0.05)
    assert batch.counts == {"captured": 3}


def test_a_job_that_is_gone(
    sandbox: Sandbox, batch: up42.Batch, caplog: pytest.LogCaptureFixture
) -> None:
    batch.execute()
    sandbox.inject(
        Fault(path=JOBS, status=200, body={"jobs": [], "links": []}, times=None),
        Fault(path=f"{JOBS}/*", status=404, times=None),
    )
    batch.track(wait=0.05)
    assert "no longer knows" in caplog.text
    assert len(batch.failed()) == 0


def test_a_server_that_stops_at_successful(
    sandbox: Sandbox, batch: up42.Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside.settling_soon(monkeypatch)
    sandbox.settle_credits = False
    batch.execute()
    batch.track(wait=60 if batch[0].is_finished else 0.05)
    assert batch.counts == {"successful": 3}
    assert all(entry.is_succeeded for entry in batch)


@pytest.mark.parametrize(
    ("argument", "value"),
    [("wait", 0), ("wait", -1), ("wait", math.nan), ("wait", None), ("wait", "1"),
     ("timeout", 0), ("timeout", -1), ("timeout", math.inf), ("timeout", True)],
)  # fmt: skip
def test_times_that_make_no_sense(batch: up42.Batch, argument: str, value: Any) -> None:
    with pytest.raises(up42.InvalidInputError, match=argument):
        batch.track(**{argument: value})


def test_jobs_stay_the_same_objects(batch: up42.Batch) -> None:
    batch.execute()
    held = batch.jobs
    batch.track(wait=0.05)
    assert [job.status.value for job in held] == ["captured"] * 3
