"""Follow all jobs of a batch with one request per hundred of them and look."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from http import HTTPStatus
from typing import Any

from up42_facade._common.logs import get_logger
from up42_facade._common.tracking import PASSING, SETTLING_WAITS
from up42_facade._common.values import is_number
from up42_facade.batch._journal import Journal
from up42_facade.batch._lookup import look_up
from up42_facade.batch._records import Attempt, Record
from up42_facade.errors import ApiError, InvalidInputError, NotFoundError, Up42Error
from up42_facade.processing import Job
from up42_facade.processing._listing import IDS_PER_REQUEST
from up42_facade.processing._types import DECIDED_STATUSES, TERMINAL_STATUSES

logger = get_logger(__name__)

# Answers of a server that takes fewer ids in one request.
TOO_MANY_IDS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.REQUEST_URI_TOO_LONG,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
)
# Jobs that the list left out are asked for one by one, so many per look: lists may lag behind.
SINGLE_LOOKS = 5


class Tracker:
    """Looks at the open jobs of some records and keeps what it sees in the journal."""

    def __init__(self, journal: Journal, records: Sequence[Record]) -> None:
        self._journal = journal
        self._records = records
        self._ids_per_request = IDS_PER_REQUEST
        # How often a job was seen with a decided status: what follows comes soon or never.
        self._settling: Counter[str] = Counter()
        self._gone: set[str] = set()

    def open(self) -> list[Record]:
        """Return the records whose jobs are to be looked at again."""
        return [record for record in self._records if self._is_open(record.job)]

    def running(self) -> int:
        """Return how many jobs may still run."""
        return sum(r.is_open and self._is_open(r.job) for r in self._records)

    def pause(self, wait: float) -> float:
        """Return the seconds until the next look: short where jobs only settle."""
        jobs = [record.job for record in self.open() if record.job is not None]
        if any(job.status not in DECIDED_STATUSES for job in jobs):
            return wait
        looks = min((self._settling[job.id] for job in jobs), default=0)
        return min(wait, SETTLING_WAITS[min(max(looks, 1), len(SETTLING_WAITS)) - 1])

    def fetch(self) -> list[Job]:
        """Ask for the open jobs; nothing is changed."""
        ids = [record.job.id for record in self.open() if record.job is not None]
        found = {job.id: job for job in self._listed(ids)}
        missing = [job_id for job_id in ids if job_id not in found][:SINGLE_LOOKS]
        return [*found.values(), *self._single(missing)]

    def take(self, jobs: Sequence[Job]) -> list[Record]:
        """Keep how jobs stand now; return the records whose status has changed."""
        now = {job.id: job for job in jobs}
        news: list[tuple[Attempt, Job]] = []
        changed = []
        for record in self._records:
            attempt, present = record.attempt, record.job
            if attempt is None or present is None or present.id not in now:
                continue
            job = now[present.id]
            if job.status in DECIDED_STATUSES:
                self._settling[job.id] += 1
            if job.status != present.status:
                changed.append(record)
            if job != present:
                news.append((attempt, job))
        if news:
            self._journal.save_jobs(news)
        return changed

    def wait_and_look(self, wait: float) -> None:
        """Let some time pass and look once; an outage is sat out."""
        time.sleep(self.pause(float(wait)))
        try:
            self.take(self.fetch())
        except PASSING as error:
            logger.warning("The jobs could not be looked at, the batch goes on: %s", error)

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
                logger.warning("The server no longer knows job %s: it isn't followed.", job_id)


class Following:
    """One call of `Batch.track`: looks until all jobs have ended or the time is up."""

    def __init__(
        self,
        tracker: Tracker,
        journal: Journal,
        records: Sequence[Record],
        pause: float,
        timeout: float | None,
        on_change: Callable[[Record], object],
        on_look: Callable[[], object],
    ) -> None:
        self._tracker = tracker
        self._journal = journal
        self._records = records
        self._pause = float(pause)
        self._deadline = math.inf if timeout is None else time.monotonic() + float(timeout)
        self._on_change = on_change
        self._on_look = on_look
        self.failure: Up42Error | None = None

    def run(self) -> bool:
        """Return True when all jobs have ended, False at the deadline."""
        if self._tracker.open():
            self._journal.require_writable()
        if not self._look_up():
            return False
        self._on_look()
        while self._tracker.open():
            if not self._look():
                return False
            if not self._tracker.open():
                break
            pause = self._tracker.pause(self._pause)
            time.sleep(max(0.0, min(pause, self._left())))
            if self._left() <= 0:
                return False
        return True

    def _look_up(self) -> bool:
        """Look for the jobs of lost answers; return False if the deadline came first."""
        stop = threading.Event()
        looking = self._journal.session.executor.submit(look_up, self._journal, self._records, stop)
        try:
            done, _ = wait([looking], self._time())
            if done:
                looking.result()
            return bool(done)
        finally:
            stop.set()

    def _left(self) -> float:
        return self._deadline - time.monotonic()

    def _time(self) -> float | None:
        if self._deadline == math.inf:
            return None
        return min(max(0.0, self._left()), threading.TIMEOUT_MAX)

    def _look(self) -> bool:
        """Look once; return False if the deadline came first."""
        # In a thread, as a request may take longer than the time that is left.
        looking: Future[list[Job]] = self._journal.session.executor.submit(self._tracker.fetch)
        done, _ = wait([looking], self._time())
        if not done:
            looking.cancel()
            return False
        try:
            jobs = looking.result()
        except PASSING as error:
            logger.warning("The jobs could not be looked at, tracking goes on: %s", error)
            self.failure = error
            return True
        self.failure = None
        for record in self._tracker.take(jobs):
            self._on_change(record)
        self._on_look()
        return True


def check_times(wait: Any, timeout: Any) -> None:
    for name, value in (("wait", wait), ("timeout", timeout)):
        if value is None and name == "timeout":
            continue
        if not is_number(value) or not 0 < value < math.inf:
            raise InvalidInputError(f"{name}={value!r}: expected a positive number of seconds.")
