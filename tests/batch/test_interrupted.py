"""Ctrl-C: it ends soon, says how to go on, and goes on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import up42_facade as up42
from tests import inside
from tests.batch import workers
from tests.batch.chaos import Chaos, Kill
from tests.batch.conftest import Make, job_titles, posts, replace_results
from tests.batch.zygote import ROOT
from tests.conftest import new_session

# What begins just before a stop and what just after it can't be chosen over a socket.
from up42_facade._common.threads import Stop, TransferStop
from up42_sandbox import Fault, Sandbox

COUNT = 20
# What is under way at the same time.
DOWNLOADS, EXECUTIONS = 4, 8
# Seconds: far more than it takes to end, far less than the work that was interrupted.
SOON = 30
# Bytes of a result, and bytes per second that the storage gives: five minutes for each file.
SIZE, SLOW = 300_000, 1_000
# The signal reaches another thread than the one that waits, which it therefore doesn't wake. The
# same happens now and then by itself, while the main thread is about to wait.
SCRIPT = """
import json, signal, sys, threading
from tests.batch import workers
threading.Thread(target=threading.Event().wait, daemon=True).start()
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
workers.campaign(*json.loads(sys.argv[1]))
"""


@pytest.fixture(autouse=True)
def plain_results(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_results(monkeypatch, lambda job, product, path: path.write_bytes(b"x" * SIZE))


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    # Nothing comes to an end by itself.
    with Sandbox(credits=100_000, durations={"running": 100_000}) as running:
        yield running


class Script:
    """A script that does everything for `COUNT` templates, in a process of its own."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.journal = str(folder / "a.db")
        self.results = folder / "results"
        account = [sandbox.url, sandbox.username, sandbox.password]
        item = sandbox.item_url("pneo-berlin")
        self._arguments: list[Any] = [account, item, COUNT, self.journal, str(self.results)]

    def interrupted(self, chaos: Chaos) -> str:
        """Run it until Ctrl-C; return what it says."""
        command = [sys.executable, "-c", SCRIPT, json.dumps(self._arguments)]
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
            chaos.target(process.pid)
            try:
                _, told = process.communicate(timeout=SOON + 60)
            finally:
                process.kill()
        assert chaos.killed, told
        assert process.returncode == -signal.SIGINT, told
        assert "KeyboardInterrupt" in told
        assert "Nothing was canceled on the server" in told
        return told

    def completed(self) -> None:
        """Start it again and let it end well."""
        self.sandbox.clock.speed = 1_000_000
        workers.campaign(*self._arguments)
        assert job_titles(self.sandbox) == sorted(f"Scene {k}" for k in range(COUNT))
        assert len(list(self.results.rglob("*.tif"))) == COUNT
        assert [path for path in self.results.rglob("*.part*") if path.is_file()] == []


@pytest.fixture
def script(sandbox: Sandbox, tmp_path: Path) -> Script:
    return Script(sandbox, tmp_path)


def interrupting(sandbox: Sandbox, phase: str, number: int) -> Chaos:
    chaos = Chaos(sandbox, ending=signal.SIGINT)
    chaos.arm(Kill(phase, number, "after"))
    return chaos


def test_while_it_executes(script: Script, sandbox: Sandbox) -> None:
    chaos = interrupting(sandbox, "execute", 8)
    told = script.interrupted(chaos)
    assert f"call execute() with the same arguments on Batch.resume({script.journal!r})" in told
    # What was under way is finished; nothing new begins.
    assert posts(sandbox, "/execution") <= 4 + 2 * EXECUTIONS
    assert len(sandbox.jobs) == posts(sandbox, "/execution")
    assert not any(job.fate for job in sandbox.jobs.values())
    with new_session(sandbox) as session:
        batch = up42.Batch.resume(script.journal, session=session, read_only=True)
        assert {job.id for job in batch.jobs} == set(sandbox.jobs), "each is noted"
    script.completed()


def test_while_it_tracks(script: Script, sandbox: Sandbox) -> None:
    told = script.interrupted(interrupting(sandbox, "track", 3))
    assert f"call track() with the same arguments on Batch.resume({script.journal!r})" in told
    assert not any(job.fate for job in sandbox.jobs.values())
    script.completed()


def test_while_it_downloads(script: Script, sandbox: Sandbox) -> None:
    sandbox.clock.speed = 1_000_000
    sandbox.storage.rate = SLOW
    told = script.interrupted(interrupting(sandbox, "download", 12))
    assert f"call download() with the same arguments on Batch.resume({script.journal!r})" in told
    begun = {e.path for e in sandbox.requests if e.origin == "storage"}
    assert len(begun) <= 2 * DOWNLOADS
    sandbox.storage.rate = None
    script.completed()


def test_while_a_thread_is_started(
    batch: up42.Batch, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pool then doesn't know the thread, which works all the same."""

    class Pool(ThreadPoolExecutor):
        def submit(self, task: Any, /, *arguments: Any, **options: Any) -> Any:
            threading.Thread(target=task, args=arguments).start()
            until(lambda: len(sandbox.jobs) == 1)
            raise KeyboardInterrupt

    batch.estimate()
    sandbox.inject(Fault(path="*/execution", patch=slowly))
    inside.batch_pool(monkeypatch, Pool)
    with pytest.raises(KeyboardInterrupt):
        batch.execute()
    assert len(sandbox.jobs) == 1
    assert {job.id for job in batch.jobs} == set(sandbox.jobs), "what was under way is finished"


def test_between_the_first_task_and_the_last(
    batch: up42.Batch, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while the tasks are handed out: those that wait must not run."""

    class Pool(ThreadPoolExecutor):
        def __init__(self, workers: int, **options: Any) -> None:
            super().__init__(1, **options)
            self.count = 0

        def submit(self, *arguments: Any, **options: Any) -> Any:
            self.count += 1
            if self.count == 3:
                until(lambda: len(sandbox.jobs) == 1)
                raise KeyboardInterrupt
            return super().submit(*arguments, **options)

    batch.estimate()
    # The second task can't begin before the first has ended; by then all is given up.
    sandbox.inject(Fault(path="*/execution", patch=slowly))
    inside.batch_pool(monkeypatch, Pool)
    with pytest.raises(KeyboardInterrupt):
        batch.execute()
    assert job_titles(sandbox) == ["Scene 0"]
    assert {job.id for job in batch.jobs} == set(sandbox.jobs)


def slowly(_: object, response: Any) -> Any:
    """Give Ctrl-C time before the response."""
    time.sleep(0.3)
    return response


def until(is_so: Callable[[], bool]) -> None:
    """Wait until something has happened on the server."""
    end = time.monotonic() + SOON
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_while_a_lost_answer_is_looked_for(
    batch: up42.Batch, sandbox: Sandbox, session: up42.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's time is long; who gives up doesn't wait for its end."""
    from attrs import evolve

    session.options = evolve(session.options, lookup_waits=(0.01, 600.0))
    batch.estimate()
    sandbox.inject(Fault(path="*/execution", drop="before", times=None))
    looks: list[int] = []

    def interrupted(futures: Any) -> Any:
        while not any(entry.path == "/v2/processing/jobs" for entry in sandbox.requests[-1:]):
            threading.Event().wait(0.01)
        looks.append(1)
        raise KeyboardInterrupt
        yield from futures

    inside.batch_waits(monkeypatch, interrupted)
    ended = threading.Event()

    def call() -> None:
        with pytest.raises(KeyboardInterrupt):
            batch.execute()
        ended.set()

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    assert ended.wait(SOON), "it waits for ten minutes"
    thread.join()
    monkeypatch.undo()
    assert set(batch.counts) <= {"uncertain", "pending"}
    session.options = evolve(session.options, lookup_waits=(0.0,))
    sandbox.clear_faults()
    batch.execute()
    assert job_titles(sandbox) == ["Scene 0", "Scene 1", "Scene 2"]


def test_a_stop_reaches_what_began_before_and_after_it(make: Make) -> None:
    stop = Stop()
    alone = TransferStop(lambda: None)
    with stop.applied():
        before = TransferStop(lambda: None)
        other = TransferStop(lambda: None)
        other.set()
        inner, failed = Stop(), Stop()
        failed.set()
        assert not before.is_set(), "the failure of one transfer is its own"
        assert not inner.is_set
        stop.set()
        after = TransferStop(lambda: None)
        assert Stop().is_set
    assert before.is_set()
    assert after.is_set()
    assert inner.is_set
    assert not alone.is_set()
    assert not TransferStop(lambda: None).is_set()
