"""One execution, killed at every single step of it."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import up42_facade as up42
from tests.batch import workers
from tests.batch.chaos import Chaos, Kill
from tests.batch.zygote import Zygote
from up42_facade.processing_templates import TrueColorConversion
from up42_sandbox import Fault, Sandbox

EXECUTION = "*/execution"
LOST = {"drop": "after"}
# What may become of the request, each with what a killed process may leave behind then: the
# state of the attempt in the journal (None: there is none), and the jobs at the server.
FATES: list[tuple[dict[str, Any] | None, set[tuple[str | None, int]]]] = [
    (None, {(None, 0), ("sent", 0), ("sent", 1), ("executed", 1)}),
    (LOST, {("sent", 0), ("sent", 1), ("executed", 1)}),
    ({"drop": "before"}, {("sent", 0), ("uncertain", 0)}),
    (
        {"status": 429, "retry_after": 0},
        {("sent", 0), (None, 0), ("sent", 1), ("executed", 1)},
    ),
    ({"status": 403}, {("sent", 0), ("refused", 0)}),
]


def left(journal: Path, sandbox: Sandbox, title: str) -> tuple[str | None, int]:
    """Return what a killed process has left: the state of the attempt, and jobs at the server."""
    jobs = sum(job.inputs["title"] == title for job in sandbox.jobs.values())
    if not journal.exists():
        return None, jobs
    with closing(sqlite3.connect(journal)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE name = 'attempts'")
        if not tables.fetchall():
            return None, jobs
        states = connection.execute("SELECT state FROM attempts").fetchall()
        assert len(states) <= 1
        return (states[0][0] if states else None), jobs


def finish(journal: Path, session: up42.Session, item: str, title: str) -> None:
    """Start the script again; what the server refused meanwhile is executed anew."""
    template = TrueColorConversion(title=title, item=item, session=session)
    with up42.Batch([template], path=journal) as batch:
        assert len(batch) == 1
        batch.execute()
        batch.retry()
        assert len(batch.jobs) == 1


def require_one(journal: Path, sandbox: Sandbox, session: up42.Session, title: str) -> None:
    jobs = [job.id for job in sandbox.jobs.values() if job.inputs["title"] == title]
    assert len(jobs) == 1, title
    with up42.Batch.resume(journal, session=session, read_only=True) as batch:
        assert [job.id for job in batch.jobs] == jobs


@pytest.mark.parametrize(("fault", "states"), FATES, ids=[str(fault) for fault, _ in FATES])
def test_killed_before_each_step(
    zygote: Zygote,
    sandbox: Sandbox,
    session: up42.Session,
    tmp_path: Path,
    fault: dict[str, Any] | None,
    states: set[tuple[str | None, int]],
) -> None:
    account = [sandbox.url, sandbox.username, sandbox.password]
    item = sandbox.item_url("pneo-berlin")
    seen = set()
    for step in count(1):
        journal, title = tmp_path / f"{step}.db", f"Step {step}"
        if fault is not None:
            sandbox.inject(Fault(path=EXECUTION, **fault))
        arguments = (account, item, title, str(journal), step, fault is not None)
        code = zygote.run(workers.one_step_further, *arguments)
        sandbox.clear_faults()
        seen.add(left(journal, sandbox, title))
        finish(journal, session, item, title)
        require_one(journal, sandbox, session, title)
        if code != -9:
            break
    # Otherwise the kills were not where they should have been.
    assert seen == states


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2])
def test_killed_while_the_server_works(
    zygote: Zygote, sandbox: Sandbox, session: up42.Session, tmp_path: Path, number: int, when: Any
) -> None:
    """The first request of an execution lists the jobs that are there, the second starts one."""
    journal = tmp_path / "a.db"
    chaos = Chaos(sandbox)
    chaos.arm(Kill("execute", number, when))
    account = [sandbox.url, sandbox.username, sandbox.password]
    item = sandbox.item_url("pneo-berlin")
    arguments = (account, item, "a", str(journal), 0, False)
    chaos.target(zygote.start(workers.one_step_further, *arguments))
    assert zygote.wait() == -9
    # What the server was given before the kill is taken, if a moment later.
    while number == 2 and not sandbox.jobs:
        time.sleep(0.01)
    assert left(journal, sandbox, "a") == (None if number == 1 else "sent", number - 1)
    finish(journal, session, item, "a")
    require_one(journal, sandbox, session, "a")
