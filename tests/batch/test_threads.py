"""Several threads at one batch: none takes another's job away, or tells nonsense."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import up42_facade as up42
from tests import inside
from tests.batch.conftest import Make, job_titles
from up42_sandbox import Fault, Sandbox

EXECUTION = "*/execution"
JOBS = "/v2/processing/jobs"
# Seconds after which a thread that should end is taken for one that never does.
FOREVER = 20


@pytest.fixture
def doubtful(batch: up42.Batch, sandbox: Sandbox) -> Iterator[up42.Batch]:
    """A batch whose first entry has a job that it doesn't know of."""
    sandbox.inject(
        Fault(path=EXECUTION, drop="after"), Fault(path=JOBS, status=503, after=1, times=20)
    )
    with pytest.raises(up42.PartialBatchError):
        batch[:1].execute()
    sandbox.clear_faults()
    assert batch[0].status == "uncertain"
    return batch


def test_two_threads_look_for_one_job(doubtful: up42.Batch, sandbox: Sandbox) -> None:
    """One must not conclude, from a job that the other has claimed, that there is none."""
    sandbox.inject(Fault(path=JOBS, latency=0.5))
    slow, fast = (threading.Thread(target=lambda: doubtful.track(wait=0.05)) for _ in range(2))
    slow.start()
    time.sleep(0.05)
    fast.start()
    fast.join(FOREVER)
    slow.join(FOREVER)
    assert doubtful[0].job is not None
    doubtful.execute()
    assert job_titles(sandbox) == ["Scene 0", "Scene 1", "Scene 2"]
    assert {job.id for job in doubtful.jobs} == set(sandbox.jobs)


def test_tracking_beside_execution(sandbox: Sandbox, make: Make) -> None:
    """A status display in another thread, while answers are lost right and left."""
    problems: list[BaseException] = []
    with up42.Batch(make(60)) as batch:
        batch.estimate()
        sandbox.inject(*[Fault(path=EXECUTION, drop="after", after=k) for k in range(1, 40, 3)])
        sandbox.inject(*[Fault(path=JOBS, status=503, after=k, times=3) for k in range(5, 90, 9)])
        is_over = threading.Event()

        def follow() -> None:
            while not is_over.is_set():
                try:
                    batch.track(wait=0.01, timeout=0.2)
                    _ = batch.counts, batch.report(), repr(batch)
                except up42.UnfinishedJob:
                    pass
                except BaseException as error:
                    problems.append(error)
                    raise

        threads = [threading.Thread(target=follow) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(100):
                try:
                    batch.execute(max_concurrent=20, wait=0.02)
                    break
                except (up42.PartialBatchError, up42.JournalLockedError):
                    continue
        finally:
            is_over.set()
            for thread in threads:
                thread.join(FOREVER)
        assert problems == []
        assert job_titles(sandbox) == sorted(f"Scene {k}" for k in range(60))
        assert {job.id for job in batch.jobs} == set(sandbox.jobs)


def test_nothing_is_replaced_or_assigned_while_it_is_executed(
    batch: up42.Batch, sandbox: Sandbox, make: Make
) -> None:
    batch.estimate()
    sandbox.inject(Fault(path=EXECUTION, latency=0.5, times=3))
    thread = threading.Thread(target=batch.execute)
    thread.start()
    try:
        while "executing" not in batch.counts:
            assert thread.is_alive()
        with pytest.raises(up42.JournalLockedError):
            batch.replace(0, make("other")[0])
        with pytest.raises(up42.JournalLockedError):
            batch.assign(0, "some-id")
    finally:
        thread.join(FOREVER)
    assert [entry.title for entry in batch] == ["Scene 0", "Scene 1", "Scene 2"]


def test_the_deadline_of_tracking_holds_for_what_is_looked_up_first(
    doubtful: up42.Batch, sandbox: Sandbox
) -> None:
    sandbox.inject(Fault(path=JOBS, latency=3, times=1))
    began = time.monotonic()
    with pytest.raises(up42.UnfinishedJob):
        doubtful.track(wait=0.1, timeout=0.3)
    assert time.monotonic() - began < 2.5


def test_a_display_while_templates_are_added(
    make: Make, second: up42.Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads a journal while it grows sees it before or after, never half."""
    path = tmp_path / "a.db"
    with up42.Batch(make("a"), path=path, add_new=True) as batch:
        batch.execute()

        def grow() -> None:
            up42.Batch(make("a", "b"), path=path, add_new=True).execute()

        inside.while_entries_are_read(monkeypatch, grow)
        with up42.Batch.resume(path, session=second, read_only=True) as shown:
            assert len(shown) in (1, 2)
            assert shown[0].job is not None
        assert len(batch) == 2, "it has grown meanwhile"
    assert len(shown) in (1, 2)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork, which Windows lacks")
# Python warns of what may happen where a process with threads is forked.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_has_no_part_in_it(
    make: Make, session: up42.Session, sandbox: Sandbox, tmp_path: Path
) -> None:
    """It has all that the lock protects in its memory, and the lock as well."""
    path = tmp_path / "a.db"
    told = multiprocessing.get_context("fork").SimpleQueue()
    with up42.Batch(make(2), path=path) as batch:
        batch.estimate()

        def elsewhere() -> None:
            for call in (batch.execute, lambda: up42.Batch.resume(path, session=session)):
                try:
                    call()
                    told.put("")
                except up42.JournalError as error:
                    told.put(f"{type(error).__name__}: {error}")
            # As a process ends that was made with os.fork() itself.
            batch.close()

        forked = multiprocessing.get_context("fork").Process(target=elsewhere)
        forked.start()
        first, second = told.get(), told.get()
        forked.join(FOREVER)
        assert "only that one may execute" in first
        assert second.startswith("JournalLockedError")
        assert len(sandbox.jobs) == 0
        batch.execute()
        script = f"import filelock; filelock.FileLock({f'{path}.lock'!r}, timeout=0).acquire()"
        locked = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        assert "could not be acquired" in locked.stderr, "it is locked as before"
    assert len(sandbox.jobs) == 2
