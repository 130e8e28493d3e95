"""Lifecycle of processing jobs: the sequence of statuses and their times.

Nothing runs in the background. Every access to a job first performs all status changes that
are due, in the order of their due times.
"""

from __future__ import annotations

import heapq
import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from up42_sandbox.account.eulas import Eula
from up42_sandbox.core.clock import Clock
from up42_sandbox.core.values import make_id
from up42_sandbox.processing.records import STATUSES, WITH_CREDITS, Balance, JobRecord

DEFAULT_DURATIONS: Mapping[str, float] = {
    "created": 1.0,
    "licensed": 1.0,
    "valid": 1.0,
    "accepted": 2.0,
    "running": 60.0,
    "successful": 2.0,
    "failed": 2.0,
}
"""Clock seconds that a job stays in each status that isn't final."""

MAX_SELECTIONS = 100
"""Selections of jobs that are cached."""

FATES = ("failed", "invalid", "rejected", "unlicensed")
"""Failures that a test can choose for a job."""

MAGIC_TITLES: Mapping[str, str] = {f"[{fate}]": fate for fate in FATES}
"""Markers in a title, and the status in which such a job ends."""

_REASONS = {
    "failed": ("ProcessingFailed", "The process ended with an error."),
    "invalid": ("InvalidInputs", "The inputs turned out to be unusable."),
}


class JobBook:
    """All processing jobs, and the balance that pays for them.

    Args:
        clock: Drives the jobs.
        seed: Determines the IDs.
        account_id: The account that pays.
        credits: Initial balance.
        eulas: Determine whether a job is licensed.
        durations: Clock seconds per status that differ from `DEFAULT_DURATIONS`.

    Raises:
        ValueError: If `durations` contains an unknown status or a negative time.

    Attributes:
        settle_credits: Whether jobs continue to `captured` or `released`.
    """

    def __init__(
        self,
        clock: Clock,
        seed: int,
        account_id: str,
        credits: int,
        eulas: Mapping[str, Eula],
        durations: Mapping[str, float] | None = None,
    ) -> None:
        self.lock = threading.RLock()
        self.settle_credits = True
        self._clock = clock
        self._seed = seed
        self._account_id = account_id
        self._balance = Balance(credits)
        self._eulas = eulas
        self._durations = _checked_durations(durations or {})
        self._jobs: dict[str, JobRecord] = {}
        self._by_collection: dict[str, JobRecord] = {}
        self._due: list[tuple[datetime, int, JobRecord]] = []
        self._fates: deque[tuple[str | None, str, list[dict[str, str]]]] = deque()
        self._selected: dict[Hashable, list[JobRecord]] = {}

    def balance(self) -> Balance:
        """Return a copy of the current balance."""
        with self.lock:
            self.update()
            return replace(self._balance)

    def top_up(self, credits: int) -> None:
        """Add credits to the balance; a negative number removes some."""
        with self.lock:
            self.update()
            self._balance.available += credits

    def all(self) -> dict[str, JobRecord]:
        """Return all jobs by ID, oldest first."""
        with self.lock:
            self.update()
            return dict(self._jobs)

    def get(self, job_id: str) -> JobRecord | None:
        """Return a job, or None if the ID is unknown."""
        with self.lock:
            self.update()
            return self._jobs.get(job_id.lower())

    def by_collection(self, collection_id: str) -> JobRecord | None:
        """Return the job whose results a collection contains or will contain."""
        with self.lock:
            self.update()
            return self._by_collection.get(collection_id)

    def with_results(self) -> list[JobRecord]:
        """Return the jobs that delivered a collection, oldest first."""
        return [job for job in self.all().values() if job.has_results]

    def select(
        self, key: Hashable, choose: Callable[[Iterable[JobRecord]], list[JobRecord]]
    ) -> list[JobRecord]:
        """Return a selection of the jobs, cached under a key until a job changes."""
        with self.lock:
            self.update()
            if key not in self._selected:
                if len(self._selected) >= MAX_SELECTIONS:
                    self._selected.clear()
                self._selected[key] = choose(self._jobs.values())
            return self._selected[key]

    def choose_fate(self, fate: str, process_id: str | None, errors: list[dict[str, str]]) -> None:
        """Choose the final status of the next job, of a process if given.

        Raises:
            ValueError: If `fate` isn't one of `FATES`.
        """
        if fate not in FATES:
            raise ValueError(f"the status must be one of {', '.join(FATES)}, got {fate!r}")
        with self.lock:
            self._fates.append((process_id, fate, errors))

    def create(self, **details: Any) -> JobRecord:
        """Start a job; `details` are attributes of `JobRecord`."""
        with self.lock:
            self.update()
            job = self._add(created=self._clock.now(), **details)
            job.fate, job.errors = self._fate_of(job)
            self._schedule(job)
            return job

    def insert(
        self, status: str, created: datetime, run_seconds: float, **details: Any
    ) -> JobRecord:
        """Add a job that stays in a status, without changing the balance.

        Raises:
            ValueError: If the status is unknown, or `created` doesn't have a time zone.
        """
        if status not in STATUSES:
            raise ValueError(f"status must be one of {', '.join(STATUSES)}, got {status!r}")
        if created.tzinfo is None:
            raise ValueError("created must have a time zone")
        with self.lock:
            job = self._add(created=created, status=status, **details)
            if status in _REASONS or status == "released":
                job.errors = [_reason("failed" if status == "released" else status)]
            if status in WITH_CREDITS - {"accepted"} or status in ("failed", "released"):
                job.started = created + timedelta(seconds=self._lead_seconds())
            if job.started is not None and status != "running":
                job.finished = job.updated = job.started + timedelta(seconds=run_seconds)
            return job

    def update(self) -> None:
        """Perform all status changes that are due."""
        if not self._due:
            return
        now = self._clock.now()
        while self._due and self._due[0][0] <= now:
            moment, _, job = heapq.heappop(self._due)
            self._step(job, moment)

    def _lead_seconds(self) -> float:
        return sum(self._durations[name] for name in ("created", "licensed", "valid", "accepted"))

    def _add(self, created: datetime, **details: Any) -> JobRecord:
        number = len(self._jobs)
        job = JobRecord(
            id=make_id(self._seed, "job", number),
            number=number,
            account_id=self._account_id,
            created=created,
            updated=created,
            collection_id=make_id(self._seed, "job-collection", number),
            hold_id=make_id(self._seed, "hold", number),
            consumption_id=make_id(self._seed, "consumption", number),
            **details,
        )
        self._jobs[job.id] = self._by_collection[job.collection_id] = job
        self._selected.clear()
        return job

    def _fate_of(self, job: JobRecord) -> tuple[str | None, list[dict[str, str]]]:
        for index, (process_id, fate, errors) in enumerate(self._fates):
            if process_id in (None, job.process_id):
                del self._fates[index]
                return fate, errors
        title = str(job.inputs.get("title", ""))
        return next((fate for mark, fate in MAGIC_TITLES.items() if mark in title), None), []

    def _schedule(self, job: JobRecord) -> None:
        seconds = self._durations.get(job.status)
        if seconds is None or (job.status in ("successful", "failed") and not self.settle_credits):
            return
        due = job.updated + timedelta(seconds=seconds)
        heapq.heappush(self._due, (due, job.number, job))

    def _step(self, job: JobRecord, moment: datetime) -> None:
        job.status = self._next_status(job)
        job.updated = moment
        if job.status in ("running", "invalid"):
            job.started = moment
        if job.status in ("successful", "failed", "invalid"):
            job.finished = moment
        if job.status in _REASONS and not job.errors:
            job.errors = [_reason(job.status)]
        self._selected.clear()
        self._schedule(job)

    def _next_status(self, job: JobRecord) -> str:
        match job.status:
            case "created":
                eula = self._eulas.get(job.process_id)
                is_open = eula is not None and eula.accepted_at is None
                return "unlicensed" if is_open or job.fate == "unlicensed" else "licensed"
            case "licensed":
                return "invalid" if job.fate == "invalid" else "valid"
            case "valid":
                accepted = job.fate != "rejected" and self._balance.hold(job.credits)
                return "accepted" if accepted else "rejected"
            case "accepted":
                return "running"
            case "running":
                return "failed" if job.fate == "failed" else "successful"
            case "successful":
                self._balance.capture(job.credits)
                return "captured"
            case _:
                self._balance.release(job.credits)
                return "released"


def _reason(status: str) -> dict[str, str]:
    name, message = _REASONS[status]
    return {"name": name, "message": message}


def _checked_durations(changes: Mapping[str, float]) -> dict[str, float]:
    for status, seconds in changes.items():
        if status not in DEFAULT_DURATIONS:
            known = ", ".join(DEFAULT_DURATIONS)
            raise ValueError(f"durations can have {known}; got {status!r}")
        if not seconds >= 0:
            raise ValueError(f"the duration of {status} must not be negative, got {seconds!r}")
    return {**DEFAULT_DURATIONS, **changes}
