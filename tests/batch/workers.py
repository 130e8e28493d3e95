"""What the processes do that tests start, kill and start again."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

import httpx

import up42_facade as up42
from tests.batch.chaos import LATENCY
from up42_facade.processing_templates import TrueColorConversion

# Soon at the end of its patience, but patient enough for the slowest answer.
OPTIONS = up42.TransportOptions(
    connect_timeout=5,
    read_timeout=20,
    retries=3,
    backoff=0.005,
    longest_wait=0.05,
    rate=10_000,
    burst=10_000,
    lookup_waits=(LATENCY / 4, LATENCY, LATENCY * 3),
)
# Times that a step is repeated within one process.
REPETITIONS = 60
# Seconds between two attempts to get a journal that another process has, and their number.
PATIENCE = 0.05
TRIES = 400


def session_on(url: str, username: str, password: str) -> up42.Session:
    return up42.Session(username=username, password=password, base_url=url, options=OPTIONS)


def templates(session: up42.Session, item: str, count: int) -> list[TrueColorConversion]:
    return [
        TrueColorConversion(title=f"Scene {number}", item=item, session=session)
        for number in range(count)
    ]


def campaign(account: list[str], item: str, count: int, journal: str, folder: str) -> None:
    """Do all of it, as a script that somebody starts again whenever it has died."""
    session = session_on(*account)
    with session, up42.Batch(templates(session, item, count), path=journal) as batch:
        again(batch.estimate)
        again(batch.execute)
        while batch.failed():
            # What the server refused once, for no reason.
            again(batch.retry)
        again(batch.track, wait=0.03)
        again(batch.download, folder)


def again(step: Callable[..., object], *arguments: Any, **options: Any) -> None:
    for _ in range(REPETITIONS):
        try:
            step(*arguments, **options)
        except up42.PartialBatchError:
            continue
        return
    raise AssertionError(f"{step} is never complete")


def execute_beside_another(account: list[str], item: str, count: int, journal: str) -> None:
    """Execute a batch until there is nothing left to do, beside another process that does too."""
    with session_on(*account) as session:
        for _ in range(TRIES):
            try:
                with up42.Batch(templates(session, item, count), path=journal) as batch:
                    is_done = advance(batch)
            except up42.JournalError:
                is_done = False
            if is_done:
                return
            time.sleep(PATIENCE)
    raise AssertionError("the batch is never complete")


def advance(batch: up42.Batch) -> bool:
    """Execute what has no job; return whether all have one."""
    for step in (batch.execute, batch.retry):
        with suppress(up42.Up42Error):
            step(progress=False)
    return all(entry.job for entry in batch)


def one_step_further(
    account: list[str], item: str, title: str, journal: str, step: int, from_execution: bool
) -> None:
    """Execute one template, killed before the given step: a statement, or a request.

    Args:
        from_execution: Count from the request that executes it on.
    """
    count = 0
    is_counting = not from_execution

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(self: Any, *arguments: Any, **options: Any) -> Any:
            nonlocal count, is_counting
            url = str(getattr(arguments[0], "url", "")) if arguments else ""
            is_counting = is_counting or "/execution" in url
            count += is_counting
            if count == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(self, *arguments, **options)

        return wrapped

    class Connection(sqlite3.Connection):
        execute = counted(sqlite3.Connection.execute)
        executemany = counted(sqlite3.Connection.executemany)

    sqlite3.connect = partial(sqlite3.connect, factory=Connection)
    httpx.Client.send = counted(httpx.Client.send)  # type: ignore[method-assign]
    with session_on(*account) as session:
        template = TrueColorConversion(title=title, item=item, session=session)
        with up42.Batch([template], path=journal) as batch:
            batch.execute()


def with_small_files(
    account: list[str], item: str, number: int, journal: str, longest: int
) -> None:
    """Execute while no file may become longer than so many bytes, as on a disk that is full."""
    with session_on(*account) as session:
        batch = up42.Batch(templates(session, item, number), path=journal)
        resource.setrlimit(resource.RLIMIT_FSIZE, (longest, resource.RLIM_INFINITY))
        batch.execute()


def download_with_forks(
    account: list[str], item: str, number: int, journal: str, folder: str
) -> None:
    """Do all of it, with forked processes for the downloads, in a process group of its own."""
    os.setsid()
    session = session_on(*account)
    with session, up42.Batch(templates(session, item, number), path=journal) as batch:
        batch.execute().track(wait=0.05)
        context = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            batch.download(folder, executor=pool)
