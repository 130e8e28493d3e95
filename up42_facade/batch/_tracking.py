"""Learn from the server what became of requests and jobs: by searches and by polls."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import wait
from contextlib import suppress
from http import HTTPStatus
from typing import TypeVar

from up42_facade._common.logs import get_logger
from up42_facade._common.progress import StatusLine, bar
from up42_facade._common.tracking import Polling
from up42_facade.batch._entries import (
    UNCERTAIN,
    Attempt,
    BatchEntry,
    Failures,
    run_concurrently,
)
from up42_facade.batch._journal import Journal
from up42_facade.batch._tables import summary
from up42_facade.errors import (
    ApiError,
    JournalLockedError,
    NotFoundError,
    Up42Error,
)
from up42_facade.processing import (
    SETTLING_STATUSES,
    TERMINAL_STATUSES,
    Execution,
    Finding,
    Job,
    State,
)

logger = get_logger(__name__)
T = TypeVar("T")

LOST = "A request was lost before the server accepted it."
# With a hundred UUIDs, a URL has 4 kB.
IDS_PER_REQUEST = 100
# Responses of a server that accepts fewer IDs in one request.
TOO_MANY_IDS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.REQUEST_URI_TOO_LONG,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
)
# Jobs that are missing in the list are requested one by one, so many per poll: lists might lag.
SINGLE_REQUESTS = 5


def search(
    journal: Journal,
    entry: BatchEntry,
    attempt: Attempt,
    stop: threading.Event | None = None,
    budget_id: str | None = None,
) -> Execution:
    """Return what sends the request of an attempt, or searches for its job."""
    advice = (
        "The batch looks up its job before it sends the request again. Choose one with "
        f"Batch.assign({entry.index}, job_id) if you know it, or execute the entry again with "
        "retry(include_uncertain=True)."
    )
    stop = stop or threading.Event()
    return Execution(
        journal.session, attempt, budget_id, stop, advice=advice, ledger=journal.ledger
    )


def look_up(
    journal: Journal,
    entries: Sequence[BatchEntry],
    *,
    progress: bool,
    stop: threading.Event | None = None,
) -> Failures:
    """Look up the jobs of the uncertain entries; those without a certain job stay uncertain."""
    uncertain = [entry for entry in entries if entry.status == UNCERTAIN]
    if not uncertain:
        return {}

    def resolve_one(entry: BatchEntry, halted: threading.Event) -> None:
        if not halted.is_set():
            resolve(journal, entry, stop or halted)

    with bar(progress=progress, total=len(uncertain), unit="job", desc="look up") as shown:
        return run_concurrently(uncertain, resolve_one, shown=shown).failures


def resolve(journal: Journal, entry: BatchEntry, stop: threading.Event) -> None:
    """Look up the job of a request whose response was lost.

    Afterwards the entry has its job, or is pending again because the server has had its time and
    no job has appeared. Anything else raises.
    """
    attempt = entry.attempts[-1]
    execution = search(journal, entry, attempt, stop)
    if attempt.state is State.UNRECORDED:
        raise execution.uncertain(attempt.reason or "", execution.search_once(dry=True).candidates)
    finding = execution.search(delays(attempt, journal.session.options.lookup_waits))
    if not adopt(journal, execution, attempt, finding):
        journal.mark(attempt, State.NOT_FOUND, LOST)


def find_late(journal: Journal, entry: BatchEntry) -> bool:
    """Look up the job of a request that was given up once more; return whether it exists."""
    attempt = entry._attempt
    if attempt is None or attempt.state is not State.NOT_FOUND:
        return False
    execution = search(journal, entry, attempt)
    finding = execution.search_once()
    return finding.fits and adopt(journal, execution, attempt, finding)


def adopt(journal: Journal, execution: Execution, attempt: Attempt, finding: Finding) -> bool:
    """Record what a search found; return False if nothing, and raise if several jobs fit."""
    if finding.job is not None:
        journal.mark_executed(attempt, finding.job)
        return True
    if not finding.candidates:
        return False
    error = execution.unsettled(finding)
    journal.mark(attempt, State.UNCERTAIN, str(error))
    raise error


def delays(attempt: Attempt, waits: Sequence[float]) -> Iterator[float]:
    """Yield the delays before searches: one at once, more as long as the server has time left."""
    yield 0.0
    passed = time.monotonic() - attempt.since
    for delay in waits:
        if passed >= sum(waits):
            return
        yield delay
        passed += delay


class TimeUpError(Exception):
    """The time for tracking is up."""


class Tracker:
    """Polls the open jobs of some entries and records their statuses in the journal."""

    def __init__(self, journal: Journal, entries: Sequence[BatchEntry], wait: float) -> None:
        self._journal = journal
        self._entries = entries
        self._polling = Polling(wait, TERMINAL_STATUSES, SETTLING_STATUSES)
        self._ids_per_request = IDS_PER_REQUEST
        self._gone: set[str] = set()

    @property
    def failure(self) -> Up42Error | None:
        """The error of the last poll, if it failed."""
        return self._polling.failure

    def track(
        self,
        timeout: float | None,
        on_update: Callable[[BatchEntry], object] | None,
        shown: StatusLine,
    ) -> bool:
        """Poll until all jobs have ended. Return False if the time is up before."""
        deadline = math.inf if timeout is None else time.monotonic() + float(timeout)
        if self.open():
            self._journal.require_writable()
        stop = threading.Event()
        try:
            self._within(deadline, lambda: self._look_up(stop))
            self._show(shown)
            while self.open():
                for entry in self.poll(deadline):
                    logger.info("Entry %d (%s) is %s.", entry.index, entry.title, entry.status)
                    if on_update is not None:
                        with shown.aside():
                            on_update(entry)
                self._show(shown)
                if self.open():
                    shown.sleep(max(0.0, min(self._pause(), deadline - time.monotonic())))
        except TimeUpError:
            return False
        finally:
            stop.set()
        return True

    def _look_up(self, stop: threading.Event) -> None:
        # Another thread that executes the batch looks them up itself.
        with suppress(JournalLockedError), self._journal.exclusively():
            failures = look_up(self._journal, self._entries, progress=False, stop=stop)
            for entry in self._entries:
                if entry.index in failures:
                    entry._reason = str(failures[entry.index])

    def wait_and_poll(self) -> None:
        """Wait, then poll once."""
        time.sleep(self._pause())
        self.poll()

    def poll(self, deadline: float = math.inf) -> list[BatchEntry]:
        """Poll once, record the statuses, and return the entries whose status has changed."""
        asked = self._open_jobs()
        fetched = self._polling.request(lambda: self._within(deadline, self._fetch), "the jobs")
        current = {job.id: job for job in fetched or ()}
        news: list[tuple[Attempt, Job]] = []
        changed = []
        for entry in self._entries:
            attempt, former = entry._attempt, entry.job
            if attempt is None or former is None or former.id not in current:
                continue
            job = current[former.id]
            if job.status != former.status:
                changed.append(entry)
            if job != former:
                news.append((attempt, job))
        for job in asked:
            self._polling.count(job.id, current.get(job.id, job).status)
        if news:
            self._journal.save_jobs(news)
        return changed

    def open(self) -> list[BatchEntry]:
        """Return the entries whose jobs have to be polled again."""
        return [
            entry
            for entry in self._entries
            if entry.job is not None
            and entry.job.id not in self._gone
            and self._polling.is_open(entry.job.id, entry.job.status)
        ]

    def running(self) -> int:
        """Return how many jobs might still run."""
        return sum(not job.is_finished for job in self._open_jobs())

    def _pause(self) -> float:
        """Return the seconds until the next poll."""
        return self._polling.pause((job.id, job.status) for job in self._open_jobs())

    def _open_jobs(self) -> list[Job]:
        return [entry.job for entry in self.open() if entry.job is not None]

    def _show(self, shown: StatusLine) -> None:
        executed = [entry for entry in self._entries if entry.job is not None]
        ended = sum(entry.is_finished for entry in executed)
        state = f"{ended} of {len(executed)} jobs ended{', unreachable' if self.failure else ''}"
        shown.show(state, summary(executed))

    def _within(self, deadline: float, task: Callable[[], T]) -> T:
        """Run a task; raise TimeUpError at the deadline, as its requests might take longer."""
        left = min(deadline - time.monotonic(), threading.TIMEOUT_MAX)
        if left <= 0:
            raise TimeUpError
        running = self._journal.session.executor.submit(task)
        done, _ = wait([running], left)
        if not done:
            running.cancel()
            raise TimeUpError
        return running.result()

    def _fetch(self) -> list[Job]:
        """Request the open jobs; nothing is changed."""
        ids = [job.id for job in self._open_jobs()]
        found = {job.id: job for job in self._listed(ids)}
        missing = [job_id for job_id in ids if job_id not in found][:SINGLE_REQUESTS]
        return [*found.values(), *self._single(missing)]

    def _listed(self, ids: Sequence[str]) -> Iterator[Job]:
        start = 0
        while start < len(ids):
            part = ids[start : start + self._ids_per_request]
            try:
                yield from Job.all(ids=part, page_size=len(part), session=self._journal.session)
            except ApiError as error:
                if len(part) == 1 or error.status_code not in TOO_MANY_IDS:
                    raise
                self._ids_per_request = len(part) // 2
                continue
            start += len(part)

    def _single(self, ids: Sequence[str]) -> Iterator[Job]:
        for job_id in ids:
            try:
                yield Job.get(job_id, session=self._journal.session)
            except NotFoundError:
                self._gone.add(job_id)
                logger.warning("The server no longer knows job %s: it isn't tracked.", job_id)
