"""The entries of a batch, each with its job and files, and concurrent work on many of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from attrs import define, field, frozen

from up42_facade._common.html import Status, table
from up42_facade._common.threads import completed
from up42_facade._common.tracking import TRANSIENT_ERRORS
from up42_facade.errors import (
    AuthenticationError,
    ConfigurationError,
    ExecutionUncertainError,
    InsufficientCreditsError,
    JournalError,
    NotAuthenticatedError,
)
from up42_facade.processing import (
    Assessment,
    Cost,
    Intent,
    Job,
    JobStatus,
    JobTemplate,
    Process,
    ProcessTemplate,
    Scope,
    State,
    ValidationError,
)
from up42_facade.session import Session

# Statuses of entries that have no job; with a job, its status is the entry's.
PENDING = "pending"
INVALID = "invalid"
EXECUTING = "executing"
UNCERTAIN = "uncertain"
REFUSED = "refused"

STATUSES = {
    State.INTENT: EXECUTING,
    State.SENT: EXECUTING,
    State.LOST: EXECUTING,
    State.UNCERTAIN: UNCERTAIN,
    State.UNRECORDED: UNCERTAIN,
    State.REFUSED: REFUSED,
    # Its job can't be shown yet: another thread is recording it.
    State.EXECUTED: EXECUTING,
}
# Statuses of jobs whose credits were returned or never held.
FREE_STATUSES = (
    JobStatus.FAILED,
    JobStatus.RELEASED,
    JobStatus.INVALID,
    JobStatus.REJECTED,
    JobStatus.UNLICENSED,
)
# Statuses for which the server gives no reason, and what they mean.
MEANINGS = {
    JobStatus.REJECTED: "The account's balance doesn't cover the job: add credits, then retry().",
    JobStatus.UNLICENSED: "The EULA of the process isn't accepted: accept it, then retry().",
}
# What fails for one entry fails for all: the rest isn't tried.
FATAL = (
    AuthenticationError,
    ConfigurationError,
    InsufficientCreditsError,
    JournalError,
    NotAuthenticatedError,
)
# Entries that are worked on at the same time.
WORKERS = 8
# Entries in a row that failed although each was retried: the server is down.
OUTAGE = 20


@define(eq=False, kw_only=True)
class Attempt(Intent):
    """One request to execute a template, as the journal recorded it.

    Attributes:
        id: Row in the journal.
        number: Number among the attempts of its entry, from 1.
        reason: Why it failed or is uncertain.
        files: The downloaded files: `{"request": […], "files": [[path, bytes], …]}`.
    """

    id: int = 0
    number: int = 1
    reason: str | None = None
    files: dict[str, Any] | None = None


@define(eq=False, repr=False)
class BatchEntry:
    """One template of a batch with its cost, its job, and its files.

    Its attributes are as of the last call of a method of the batch; they send no requests.

    Attributes:
        index: Number of the entry in its journal, from 0. It never changes.
        process_id: ID of the process.
        workspace_id: ID of the workspace, or None for the user's own.
    """

    index: int
    process_id: str
    workspace_id: str | None
    _inputs: dict[str, Any]
    _session: Session
    # What two templates share if and only if they request the same job.
    fingerprint: str
    # Number among the entries with the same fingerprint, from 0.
    duplicate: int = 0
    _assessment: Assessment | None = None
    _reason: str | None = None
    attempts: list[Attempt] = field(factory=list)
    _template: JobTemplate | None = None

    def __repr__(self) -> str:
        return (
            f"BatchEntry(index={self.index}, process_id={self.process_id!r}, "
            f"title={self.title!r}, status={self.status!r})"
        )

    def _repr_html_(self) -> str:
        rows = {
            "Process": self.process_id,
            "Title": self.title,
            "Status": Status(self.status),
            "Estimated credits": self.cost.credits if self.cost else None,
            "Credits": self.job.credits if self.job else None,
            "Job": self.job.id if self.job else None,
            "Reason": self.reason,
            "Files": self.files,
        }
        return table(f"Entry {self.index}", rows)

    @property
    def template(self) -> JobTemplate:
        """The template, as given or as recorded in the journal."""
        if self._template is None:
            self._template = ProcessTemplate(
                Process(self.process_id, session=self._session),
                self._inputs,
                workspace_id=self.workspace_id,
                session=self._session,
            )
        return self._template

    @property
    def inputs(self) -> dict[str, Any]:
        """The inputs as they are sent."""
        return dict(self._inputs)

    @property
    def title(self) -> str | None:
        """Title of the resulting item and collection, if the process takes one."""
        return self._inputs.get("title")

    @property
    def cost(self) -> Cost | None:
        """The estimated cost; None before the estimate, or if the template isn't valid."""
        return None if self._assessment is None else self._assessment.cost

    @property
    def errors(self) -> set[ValidationError] | None:
        """The validation errors; None before the estimate."""
        return None if self._assessment is None else set(self._assessment.errors)

    @property
    def status(self) -> str:
        """The job's status, or one of the following if there is no job.

        `pending`: not executed yet. `invalid`: validation found errors. `executing`: the
        request is in flight. `uncertain`: its response was lost. `refused`: the server rejected
        the request.
        """
        attempt = self._attempt
        if attempt is not None and attempt.job is not None:
            return attempt.job.status.value
        if attempt is None or attempt.state is State.NOT_FOUND:
            return INVALID if self.errors else PENDING
        return STATUSES[attempt.state]

    @property
    def job(self) -> Job | None:
        """The latest job, as of its last poll."""
        attempt = self._attempt
        return attempt.job if attempt else None

    @property
    def reason(self) -> str | None:
        """Why the entry failed or is uncertain, for people."""
        attempt, job = self._attempt, self.job
        found = self.errors if job is None else job.errors
        listed = "; ".join(sorted(map(str, found or ())))
        recorded = attempt.reason if attempt else None
        return listed or recorded or self._reason or (MEANINGS.get(job.status) if job else None)

    @property
    def files(self) -> list[str] | None:
        """Paths of the downloaded results; None before the download."""
        known = self._attempt.files if self._attempt else None
        return None if known is None else [path for path, _ in known["files"]]

    @property
    def is_finished(self) -> bool:
        """True once the outcome of its job is decided."""
        return self.job is not None and self.job.is_finished

    @property
    def is_succeeded(self) -> bool:
        """True if its job has results."""
        return self.job is not None and self.job.is_succeeded

    @property
    def has_failed(self) -> bool:
        """True if it has no results and won't get any without a new job."""
        if self.job is not None:
            return self.job.is_finished and not self.job.is_succeeded
        return self.status in (INVALID, REFUSED)

    @property
    def charged(self) -> int:
        """Credits that its jobs have cost or hold, without those that were returned."""
        jobs = [attempt.job for attempt in self.attempts if attempt.job is not None]
        return sum(job.credits or 0 for job in jobs if job.status not in FREE_STATUSES)

    @property
    def _scope(self) -> Scope:
        return self.process_id, self.workspace_id or self._session.workspace_id

    @property
    def _attempt(self) -> Attempt | None:
        # In one step: other threads might discard attempts at the same time.
        return next(reversed(self.attempts), None)

    @property
    def _spent(self) -> int:
        """Credits that its jobs have cost or might still cost."""
        return sum(self._spent_for(attempt) for attempt in self.attempts)

    def _spent_for(self, attempt: Attempt) -> int:
        expected = self.cost.credits if self.cost else 0
        if attempt.job is None:
            return 0 if attempt.state in (State.REFUSED, State.NOT_FOUND) else expected
        if attempt.job.status in FREE_STATUSES:
            return 0
        reported = attempt.job.credits
        # A negative number can't be right, and would raise the limit.
        return expected if reported is None or reported < 0 else reported


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
    entries: Sequence[BatchEntry], work: Work, *, shown: Any, workers: int = WORKERS
) -> WorkResult:
    """Work on each entry in threads.

    Args:
        entries: The entries to work on.
        work: Does it. The event is set when a fatal error, an outage, or Ctrl-C ends the work:
            then nothing new should begin; what is in flight is finished.
        shown: A progress bar that counts entries.
        workers: Number of threads.

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
            for future in completed(futures):
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
