"""Learn from the server what became of requests and jobs: by searches and by polls."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, TypeVar

from up42_facade._common.logs import get_logger
from up42_facade._common.progress import bar
from up42_facade._common.tracking import SETTLING_WAITS, TRANSIENT_ERRORS
from up42_facade._common.values import is_number
from up42_facade.batch._entry import UNCERTAIN, Attempt, BatchEntry
from up42_facade.batch._journal import Journal
from up42_facade.batch._tables import summary
from up42_facade.batch._work import run_concurrently
from up42_facade.errors import (
    ApiError,
    InvalidInputError,
    JournalLockedError,
    NotFoundError,
    Up42Error,
)
from up42_facade.processing import TERMINAL_STATUSES, Job
from up42_facade.processing._execution import SEARCH_FIRST, Execution, described
from up42_facade.processing._ledger import Finding, State
from up42_facade.processing._listing import IDS_PER_REQUEST
from up42_facade.processing._types import SETTLING_STATUSES

logger = get_logger(__name__)
T = TypeVar("T")

# Searches that are in flight at the same time.
WORKERS = 8
SEARCHED = "The batch looks up its job before it sends the request again."
LOST = "A request was lost before the server accepted it."
# Responses of a server that accepts fewer IDs in one request.
TOO_MANY_IDS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.REQUEST_URI_TOO_LONG,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
)
# Jobs that are missing in the list are requested one by one, so many per poll: lists might lag.
SINGLE_REQUESTS = 5


def resolve(journal: Journal, entry: BatchEntry, stop: threading.Event) -> None:
    """Look up the job of a request whose response was lost.

    Afterwards the entry has its job, or is pending again because the server has had its time and
    no job has appeared.

    Args:
        stop: Ends the search; the entry stays as it is.

    Raises:
        ExecutionUncertainError: If several jobs are possible.
        Up42Error: If the list can't be read, or the search was stopped.
    """
    attempt = entry.attempts[-1]
    execution = Execution(journal.session, attempt, stop=stop, ledger=journal.ledger)
    if attempt.state is State.UNRECORDED:
        raise execution.uncertain(attempt.reason or "", execution.search_once(dry=True).candidates)
    finding = execution.search(delays(attempt, journal.session.options.lookup_waits))
    if not adopt(journal, entry, execution, finding):
        journal.mark(attempt, State.NOT_FOUND, LOST)


def find_late(journal: Journal, entry: BatchEntry) -> bool:
    """Look up the job of a request that was given up once more; return whether it exists.

    Raises:
        Up42Error: As `resolve` does.
    """
    attempt = entry._attempt
    if attempt is None or attempt.state is not State.NOT_FOUND:
        return False
    execution = Execution(journal.session, attempt, ledger=journal.ledger)
    finding = execution.search_once()
    if finding.job is None and not finding.fits:
        return False
    return adopt(journal, entry, execution, finding)


def adopt(journal: Journal, entry: BatchEntry, execution: Execution, finding: Finding) -> bool:
    """Record what a search found; return False if it found nothing.

    Raises:
        ExecutionUncertainError: If several jobs are possible.
    """
    attempt = entry.attempts[-1]
    if finding.job is not None:
        journal.mark_executed(attempt, finding.job)
        return True
    if not finding.candidates:
        return False
    reason = f"{described(finding)} {decide(entry)}"
    journal.mark(attempt, State.UNCERTAIN, reason)
    raise execution.uncertain(reason, finding.candidates)


def decide(entry: BatchEntry) -> str:
    return (
        f"Choose one with Batch.assign({entry.index}, job_id), or execute the entry again with "
        "retry(include_uncertain=True)."
    )


def explained(error: BaseException, advice: str = SEARCHED) -> str:
    """Return an error's message with the advice for a batch, which searches by itself."""
    return str(error).replace(SEARCH_FIRST, advice)


def delays(attempt: Attempt, waits: Sequence[float]) -> Iterator[float]:
    """Yield the delays before searches: one at once, more as long as the server has time left."""
    yield 0.0
    passed = time.monotonic() - attempt.since
    for delay in waits:
        if passed >= sum(waits):
            return
        yield delay
        passed += delay


def look_up(journal: Journal, entries: Sequence[BatchEntry], stop: threading.Event) -> None:
    """Look up the jobs of all uncertain entries; those without a certain job stay uncertain."""
    uncertain = [entry for entry in entries if entry.status == UNCERTAIN]
    if not uncertain:
        return
    try:
        with exclusively(journal), bar(progress=False) as shown:
            failures = run_concurrently(
                uncertain,
                lambda entry, _: resolve(journal, entry, stop),
                workers=WORKERS,
                shown=shown,
            ).failures
    except JournalLockedError:
        # Another thread executes the batch, and looks them up itself.
        return
    for entry in uncertain:
        if entry.index in failures:
            entry._reason = explained(failures[entry.index])


@contextmanager
def exclusively(journal: Journal) -> Iterator[None]:
    """Allow only one thread at a time to resolve requests or send new ones."""
    if not journal.executing.acquire(blocking=False):
        raise JournalLockedError("Another thread is executing this batch: wait for it.")
    try:
        yield
    finally:
        journal.executing.release()


class Tracker:
    """Polls the open jobs of some entries and records their statuses in the journal."""

    def __init__(self, journal: Journal, entries: Sequence[BatchEntry]) -> None:
        self._journal = journal
        self._entries = entries
        self._ids_per_request = IDS_PER_REQUEST
        # How often a job was polled with a decided status: what follows comes soon or never.
        self._settling: Counter[str] = Counter()
        self._gone: set[str] = set()
        # The error of the last poll, if it failed.
        self.failure: Up42Error | None = None

    def track(
        self,
        pause: float,
        timeout: float | None,
        on_update: Callable[[BatchEntry], object] | None,
        on_poll: Callable[[], object],
    ) -> bool:
        """Poll until all jobs have ended. Return False if the time is up before."""
        deadline = math.inf if timeout is None else time.monotonic() + float(timeout)
        if self.open():
            self._journal.require_writable()
        stop = threading.Event()
        try:
            lost = self._within(deadline, lambda: look_up(self._journal, self._entries, stop))
            if lost is None:
                return False
            lost.result()
        finally:
            stop.set()
        on_poll()
        while self.open():
            listed = self._within(deadline, self._fetch)
            if listed is None:
                return False
            for entry in self._update(listed.result):
                logger.info("Entry %d (%s) is %s.", entry.index, entry.title, entry.status)
                if on_update is not None:
                    on_update(entry)
            on_poll()
            if not self.open():
                break
            time.sleep(max(0.0, min(self._pause(pause), deadline - time.monotonic())))
            if time.monotonic() >= deadline:
                return False
        return True

    def wait_and_poll(self, pause: float) -> None:
        """Wait, then poll once."""
        time.sleep(self._pause(pause))
        self.poll()

    def poll(self) -> list[BatchEntry]:
        """Poll once, record the statuses, and return the entries whose status has changed."""
        return self._update(self._fetch)

    def open(self) -> list[BatchEntry]:
        """Return the entries whose jobs have to be polled again."""
        return [entry for entry in self._entries if self._is_open(entry.job)]

    def running(self) -> int:
        """Return how many jobs might still run."""
        return sum(entry.job is not None and not entry.job.is_finished for entry in self.open())

    def _pause(self, pause: float) -> float:
        """Return the seconds until the next poll: few if jobs only settle."""
        jobs = [entry.job for entry in self.open() if entry.job is not None]
        if any(job.status not in SETTLING_STATUSES for job in jobs):
            return float(pause)
        polls = min((self._settling[job.id] for job in jobs), default=0)
        return min(float(pause), SETTLING_WAITS[min(max(polls, 1), len(SETTLING_WAITS)) - 1])

    def _within(self, deadline: float, task: Callable[[], T]) -> Future[T] | None:
        """Run a task; return None if the deadline comes first, as a request might take longer."""
        running = self._journal.session.executor.submit(task)
        left = min(max(0.0, deadline - time.monotonic()), threading.TIMEOUT_MAX)
        done, _ = wait([running], None if deadline == math.inf else left)
        if done:
            return running
        running.cancel()
        return None

    def _fetch(self) -> list[Job]:
        """Request the open jobs; nothing is changed."""
        ids = [entry.job.id for entry in self.open() if entry.job is not None]
        found = {job.id: job for job in self._listed(ids)}
        missing = [job_id for job_id in ids if job_id not in found][:SINGLE_REQUESTS]
        return [*found.values(), *self._single(missing)]

    def _update(self, fetch: Callable[[], list[Job]]) -> list[BatchEntry]:
        """Record what was fetched, and return the entries whose status has changed."""
        self.failure = None
        try:
            current = {job.id: job for job in fetch()}
        except TRANSIENT_ERRORS as error:
            logger.warning("Can't poll the jobs, the batch continues: %s", error)
            self.failure = error
            return []
        news: list[tuple[Attempt, Job]] = []
        changed = []
        for entry in self._entries:
            attempt, present = entry._attempt, entry.job
            if attempt is None or present is None or present.id not in current:
                continue
            job = current[present.id]
            if job.status in SETTLING_STATUSES:
                self._settling[job.id] += 1
            if job.status != present.status:
                changed.append(entry)
            if job != present:
                news.append((attempt, job))
        if news:
            self._journal.save_jobs(news)
        return changed

    def _is_open(self, job: Job | None) -> bool:
        if job is None or job.status in TERMINAL_STATUSES or job.id in self._gone:
            return False
        return self._settling[job.id] <= len(SETTLING_WAITS)

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


@contextmanager
def display(entries: Sequence[BatchEntry], progress: bool) -> Iterator[Callable[[], None]]:
    """Show a bar of finished jobs and a line of counts; yield what refreshes them."""
    executed = [entry for entry in entries if entry.job is not None]
    finished = sum(entry.is_finished for entry in executed)
    with (
        bar(
            progress=progress, total=len(executed), initial=finished, unit="job", desc="batch"
        ) as shown,
        bar(progress=progress, bar_format="{desc}", position=1) as counts,
    ):

        def refresh() -> None:
            shown.n = sum(entry.is_finished for entry in executed)
            shown.refresh()
            counts.set_description_str(summary(executed))

        yield refresh


def check_times(wait: Any, timeout: Any) -> None:
    for name, value in (("wait", wait), ("timeout", timeout)):
        if value is None and name == "timeout":
            continue
        if not is_number(value) or not 0 < value < math.inf:
            raise InvalidInputError(f"{name}={value!r}: expected a positive number of seconds.")
