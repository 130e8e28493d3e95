"""Execution of a batch: within the budget, each template once, whatever goes wrong."""

from __future__ import annotations

import math
import threading
from pathlib import Path
from typing import Any

import pytest

import up42_facade as up42
from tests.batch.conftest import Make, job_titles, posts
from up42_facade import processing_templates
from up42_sandbox import Fault, Sandbox

EXECUTION = "*/execution"


def test_it_executes_each_once(batch: up42.Batch, sandbox: Sandbox) -> None:
    assert batch.execute(max_credits=500) is batch
    assert job_titles(sandbox) == ["Scene 0", "Scene 1", "Scene 2"]
    batch.execute(max_credits=500)
    assert posts(sandbox, "/execution") == 3
    assert {job.id for job in batch.jobs} == set(sandbox.jobs)


def test_all_of_it_must_fit_the_limit(batch: up42.Batch, sandbox: Sandbox) -> None:
    batch.estimate()
    total = batch.cost.credits
    with pytest.raises(up42.CostLimitError, match=f"{total} credits in all") as caught:
        batch.execute(max_credits=total - 1)
    assert isinstance(caught.value, up42.CostLimitError)
    assert caught.value.cost == batch.cost
    assert sandbox.jobs == {}
    batch.execute(max_credits=total)
    assert len(sandbox.jobs) == 3


def test_the_cheapest_that_fit(sandbox: Sandbox, session: up42.Session) -> None:
    keys = ("spot-berlin", "pneo-berlin", "sentinel-2-berlin", "pleiades-berlin")
    templates = [
        processing_templates.TrueColorConversion(
            title=key, item=sandbox.item_url(key), session=session
        )
        for key in keys
    ]
    with up42.Batch(templates) as batch:
        batch.estimate()
        prices = sorted(entry.cost.credits for entry in batch if entry.cost)
        limit = prices[0] + prices[1]
        batch.execute(max_credits=limit, cheapest_first=True)
        assert sorted(e.cost.credits for e in batch if e.job and e.cost) == prices[:2]
        batch.track(wait=0.05)
        assert sandbox.balance.captured == limit
        # What was spent counts: the same call doesn't spend it again.
        batch.execute(max_credits=limit, cheapest_first=True)
        assert len(sandbox.jobs) == 2
        batch.execute(max_credits=limit + prices[2], cheapest_first=True)
        assert len(sandbox.jobs) == 3


@pytest.mark.parametrize("limit", [-1, math.nan, "10", True])
def test_limits_that_make_no_sense(batch: up42.Batch, sandbox: Sandbox, limit: Any) -> None:
    for method in (batch.execute, batch.retry):
        with pytest.raises(up42.InvalidInputError, match="max_credits"):
            method(max_credits=limit)
    assert sandbox.requests == []


@pytest.mark.parametrize("most", [0, -1, 1.5, "3", True])
def test_concurrency_that_makes_no_sense(batch: up42.Batch, most: Any) -> None:
    with pytest.raises(up42.InvalidInputError, match="max_concurrent"):
        batch.execute(max_concurrent=most)


def test_no_more_jobs_at_once_than_allowed(sandbox: Sandbox, make: Make) -> None:
    most = 0
    with up42.Batch(make(7)) as batch:

        def watch() -> None:
            nonlocal most
            while not done.wait(0.005):
                alive = [j for j in list(sandbox.jobs.values()) if not j.finished]
                most = max(most, len(alive))

        done = threading.Event()
        watcher = threading.Thread(target=watch)
        watcher.start()
        batch.execute(max_concurrent=2, wait=0.05)
        done.set()
        watcher.join()
    assert len(sandbox.jobs) == 7
    assert 1 <= most <= 2


@pytest.mark.parametrize("drop", ["after", 0, 30])
def test_a_lost_answer_is_found(batch: up42.Batch, sandbox: Sandbox, drop: Any) -> None:
    sandbox.inject(Fault(path=EXECUTION, drop=drop))
    batch.execute()
    assert len(sandbox.jobs) == len(batch.jobs) == 3


def test_what_stays_unclear_is_looked_up_by_the_next_call(
    batch: up42.Batch, sandbox: Sandbox
) -> None:
    sandbox.inject(
        Fault(path=EXECUTION, drop="after"),
        # The list is down while the answer is looked for, but not before.
        Fault(path="/v2/processing/jobs", status=503, after=1, times=20),
    )
    with pytest.raises(up42.PartialBatchError, match=r"Call execute\(\) again") as caught:
        batch[:1].execute()
    assert isinstance(caught.value.failures[0], up42.ExecutionUncertainError)
    assert batch[0].status == "uncertain"
    assert "lost" in (batch[0].reason or "")
    sandbox.clear_faults()
    batch.execute()
    assert batch[0].job is not None
    assert batch[0].job.id in sandbox.jobs
    assert job_titles(sandbox) == ["Scene 0", "Scene 1", "Scene 2"]


def test_tracking_looks_up_what_is_unclear(batch: up42.Batch, sandbox: Sandbox) -> None:
    sandbox.inject(
        Fault(path=EXECUTION, drop="after"),
        Fault(path="/v2/processing/jobs", status=503, after=1, times=20),
    )
    with pytest.raises(up42.PartialBatchError):
        batch[:1].execute()
    sandbox.clear_faults()
    batch.track(wait=0.05)
    assert batch[0].status == "captured"


def test_what_was_not_taken_runs_with_the_next_call(batch: up42.Batch, sandbox: Sandbox) -> None:
    sandbox.inject(Fault(path=EXECUTION, drop="before"))
    with pytest.raises(up42.PartialBatchError):
        batch[:1].execute()
    assert sandbox.jobs == {}
    batch.execute()
    assert job_titles(sandbox) == ["Scene 0", "Scene 1", "Scene 2"]


def test_several_jobs_fit(batch: up42.Batch, sandbox: Sandbox) -> None:
    sandbox.inject(Fault(path=EXECUTION, drop="before"))
    with pytest.raises(up42.PartialBatchError):
        batch[:1].execute()
    # Somebody else executes the same, twice.
    process_id, inputs = batch[0].process_id, batch[0].inputs
    mine, other = (sandbox.add_job(process_id, "running", inputs=inputs) for _ in range(2))
    with pytest.raises(up42.PartialBatchError, match=r"Choose one with Batch.assign\(0"):
        batch.execute()
    assert batch[0].status == "uncertain"
    with pytest.raises(up42.InvalidInputError, match="not 'uncertain'"):
        batch.assign(1, mine.id)
    taken = batch[1].job
    assert taken is not None
    with pytest.raises(up42.InvalidInputError, match="no other entry has"):
        batch.assign(0, taken)
    batch.assign(0, mine.id)
    chosen = batch[0].job
    assert chosen is not None
    assert (chosen.id, chosen.inputs) == (mine.id, mine.inputs)
    assert len(sandbox.jobs) == 4
    assert other.id not in {job.id for job in batch.jobs}


@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_a_refusal_concerns_one_entry(batch: up42.Batch, sandbox: Sandbox, status: int) -> None:
    sandbox.inject(Fault(path=EXECUTION, status=status, body={"title": "No", "detail": "nope"}))
    batch.execute()
    assert len(sandbox.jobs) == 2
    (refused,) = batch.failed()
    assert refused.status == "refused"
    assert "nope" in (refused.reason or "")
    batch.execute()
    assert len(sandbox.jobs) == 2
    batch.retry()
    assert job_titles(sandbox) == ["Scene 0", "Scene 1", "Scene 2"]


def test_a_rate_limit_is_waited_for(batch: up42.Batch, sandbox: Sandbox) -> None:
    sandbox.inject(Fault(path=EXECUTION, status=429, retry_after=0, times=2))
    batch.execute()
    assert len(sandbox.jobs) == 3
    assert posts(sandbox, "/execution") == 5


def test_credits_that_run_out(sandbox: Sandbox, make: Make, tmp_path: Path) -> None:
    with up42.Batch(make(40), path=tmp_path / "a.db") as batch:
        batch.estimate()
        sandbox.inject(Fault(path=EXECUTION, status=402, after=3, times=None))
        with pytest.raises(up42.InsufficientCreditsError):
            batch.execute()
        assert len(sandbox.jobs) == len(batch.jobs) == 3
        assert posts(sandbox, "/execution") < 40
        assert batch.counts["pending"] == 37
        sandbox.clear_faults()
        batch.execute()
        assert len(sandbox.jobs) == 40


def test_invalid_templates_are_passed_over(
    sandbox: Sandbox, session: up42.Session, make: Make
) -> None:
    licensed = processing_templates.DetectionWindTurbinesAirbus(
        title="turbines", item=sandbox.item_url("spot-berlin"), session=session
    )
    with up42.Batch([*make("a"), licensed]) as batch:
        batch.execute()
        assert job_titles(sandbox) == ["a"]
        (failed,) = batch.failed()
        assert failed.status == "invalid"
        assert "EulaNotAccepted" in (failed.reason or "")
        batch.retry()
        assert job_titles(sandbox) == ["a"]
        sandbox.accept_eula("detection-wind-turbines-airbus")
        batch.retry()
        assert job_titles(sandbox) == ["a", "turbines"]


def test_failed_jobs_are_executed_anew(sandbox: Sandbox, make: Make, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with up42.Batch(make("good", "bad [failed]", "worse [rejected]"), path=path) as batch:
        batch.execute().track(wait=0.05)
        assert {entry.title for entry in batch.failed()} == {"bad [failed]", "worse [rejected]"}
        first = batch[1].job
        spent = batch.credits
        batch.retry(max_credits=500)
        assert len(sandbox.jobs) == 5
        assert batch[1].job is not None
        assert batch[1].job != first
        assert batch.credits >= spent
        batch.retry()
        assert len(sandbox.jobs) == 5, "what runs is never executed again"
    with up42.Batch.resume(path, session=batch.session) as batch:
        batch.track(wait=0.05)
        assert len(batch.failed()) == 2
        batch.retry()
        assert len(sandbox.jobs) == 7


def test_an_unknown_status_still_runs(batch: up42.Batch, sandbox: Sandbox) -> None:
    batch.execute()
    sandbox.inject(
        Fault(path="/v2/processing/jobs", patch={"jobs": {"status": "paused"}}, times=None)
    )
    with pytest.raises(up42.UnfinishedJob):
        batch.track(wait=0.05, timeout=0.3)
    assert batch.counts == {"paused": 3}
    assert len(batch.failed()) == 0
    batch.retry()
    assert len(sandbox.jobs) == 3


def test_two_threads_do_not_execute_at_once(batch: up42.Batch, sandbox: Sandbox) -> None:
    sandbox.inject(Fault(path=EXECUTION, latency=0.5, times=3))
    first = threading.Thread(target=batch.execute)
    first.start()
    try:
        while "executing" not in batch.counts:
            assert first.is_alive()
        with pytest.raises(up42.JournalLockedError, match="Another thread"):
            batch.execute()
    finally:
        first.join()
    assert len(sandbox.jobs) == 3


def test_an_outage_while_executing(sandbox: Sandbox, make: Make) -> None:
    with up42.Batch(make(60)) as batch:
        batch.estimate()
        sandbox.inject(Fault(path=EXECUTION, status=429, retry_after=0, times=None))
        with pytest.raises(up42.PartialBatchError) as caught:
            batch.execute()
        assert len(caught.value.failures) == 60
        assert batch.counts == {"pending": 60}
        sandbox.clear_faults()
        batch.execute()
        assert len(sandbox.jobs) == 60
