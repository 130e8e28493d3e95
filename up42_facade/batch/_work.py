"""Do one thing for many entries of a batch: side by side, and sound when it is stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import Any

from attrs import frozen

from up42_facade._common.tracking import PASSING
from up42_facade.batch._records import Record
from up42_facade.errors import (
    AuthenticationError,
    ConfigurationError,
    ExecutionUncertainError,
    InsufficientCreditsError,
    JournalError,
    NotAuthenticatedError,
)

# What fails for one entry fails for all: the rest isn't tried.
FATAL = (
    AuthenticationError,
    ConfigurationError,
    InsufficientCreditsError,
    JournalError,
    NotAuthenticatedError,
)
# Entries in a row that failed although each was tried patiently: the server is down.
OUTAGE = 20


Work = Callable[[Record, threading.Event], object]


@frozen
class Outcome:
    """What came of work on many records.

    Attributes:
        failures: Errors by index of the record. During an outage the rest shares the last one.
        is_stopped: True if the work was given up because of an outage.
    """

    failures: dict[int, Exception]
    is_stopped: bool


class Underway:
    """Counts what is being worked on, also by threads that their pool doesn't know.

    Ctrl-C while a pool starts a thread leaves one that works and that nobody waits for.
    """

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._changed = threading.Condition()
        self._count = 0

    def run(self, work: Work, record: Record) -> None:
        """Work on a record, unless everything is to end."""
        with self._changed:
            if self._stop.is_set():
                return
            self._count += 1
        try:
            work(record, self._stop)
        finally:
            with self._changed:
                self._count -= 1
                self._changed.notify_all()

    def end(self) -> None:
        """Let nothing new begin."""
        with self._changed:
            self._stop.set()

    def wait(self) -> None:
        """Wait for what has begun."""
        with self._changed:
            self._changed.wait_for(lambda: self._count == 0)


def spread(
    records: Sequence[Record],
    work: Work,
    *,
    workers: int,
    shown: Any,
) -> Outcome:
    """Do something for each record in threads.

    Args:
        records: What to work on.
        work: Does it. The event is set when something fatal, an outage or Ctrl-C ends the work:
            then nothing new should begin; what is under way is finished.
        workers: Threads.
        shown: A progress bar that counts records.

    Raises:
        Exception: One of `FATAL`, the first that occurred.
    """
    failures: dict[int, Exception] = {}
    waiting = {record.index for record in records}
    stop = threading.Event()
    underway = Underway(stop)
    streak = 0
    futures: dict[Future[None], Record] = {}
    with ThreadPoolExecutor(workers, thread_name_prefix="up42-batch") as pool:
        try:
            for record in records:
                futures[pool.submit(underway.run, work, record)] = record
            for future in as_completed(futures):
                index = futures[future].index
                waiting.discard(index)
                error = future.exception()
                shown.update()
                if error is None:
                    streak = 0
                    continue
                if isinstance(error, FATAL) or not isinstance(error, Exception):
                    raise error
                failures[index] = error
                streak = streak + 1 if is_outage(error) else 0
                if streak >= OUTAGE:
                    failures.update(dict.fromkeys(waiting, error))
                    break
        finally:
            if waiting:
                underway.end()
                for future in futures:
                    future.cancel()
            underway.wait()
    return Outcome(failures, stop.is_set())


def is_outage(error: Exception) -> bool:
    """Tell whether an error says more about the server than about one entry."""
    # Answers may be lost by all entries in turn, while the list can still be read.
    is_lost = isinstance(error, ExecutionUncertainError) and not error.candidates
    return is_lost or isinstance(error, PASSING)
