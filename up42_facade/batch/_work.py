"""Work on many entries of a batch concurrently, and stop cleanly."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import Any

from attrs import frozen

from up42_facade._common.tracking import TRANSIENT_ERRORS
from up42_facade.batch._entry import BatchEntry
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
# Entries in a row that failed although each was retried: the server is down.
OUTAGE = 20

Failures = dict[int, Exception]
Work = Callable[[BatchEntry, threading.Event], object]


@frozen
class WorkResult:
    """The result of work on many entries.

    Attributes:
        failures: Errors by index of the entry. During an outage, the rest shares the last one.
        is_stopped: True if the work was stopped because of an outage.
    """

    failures: Failures
    is_stopped: bool


class InFlight:
    """Counts the entries that are worked on, also by threads that their pool doesn't know.

    Ctrl-C while a pool starts a thread leaves that thread running with nothing waiting for it.
    """

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._changed = threading.Condition()
        self._count = 0

    def run(self, work: Work, entry: BatchEntry) -> None:
        """Work on an entry, unless the work was ended."""
        with self._changed:
            if self.stop.is_set():
                return
            self._count += 1
        try:
            work(entry, self.stop)
        finally:
            with self._changed:
                self._count -= 1
                self._changed.notify_all()

    def end(self) -> None:
        """Prevent new work from beginning."""
        with self._changed:
            self.stop.set()

    def wait(self) -> None:
        """Wait for what has begun."""
        with self._changed:
            self._changed.wait_for(lambda: self._count == 0)


def run_concurrently(
    entries: Sequence[BatchEntry], work: Work, *, workers: int, shown: Any
) -> WorkResult:
    """Work on each entry in threads.

    Args:
        entries: The entries to work on.
        work: Does it. The event is set when a fatal error, an outage, or Ctrl-C ends the work:
            then nothing new should begin; what is in flight is finished.
        workers: Number of threads.
        shown: A progress bar that counts entries.

    Raises:
        Exception: The first one of `FATAL` that occurred.
    """
    failures: Failures = {}
    waiting = {entry.index for entry in entries}
    in_flight = InFlight()
    streak = 0
    futures: dict[Future[None], BatchEntry] = {}
    with ThreadPoolExecutor(workers, thread_name_prefix="up42-batch") as pool:
        try:
            for entry in entries:
                futures[pool.submit(in_flight.run, work, entry)] = entry
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
                in_flight.end()
                for future in futures:
                    future.cancel()
            in_flight.wait()
    return WorkResult(failures, in_flight.stop.is_set())


def is_outage(error: Exception) -> bool:
    """Return whether an error says more about the server than about one entry."""
    # Responses might be lost for all entries in turn, while the list can still be read.
    is_lost = isinstance(error, ExecutionUncertainError) and not error.candidates
    return is_lost or isinstance(error, TRANSIENT_ERRORS)
