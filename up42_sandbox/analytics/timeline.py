"""Status of a job and its tasks at a given time. Computed, never stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from up42_sandbox.analytics.records import AnalyticsJob

NOT_STARTED_SECONDS = 1.0
PENDING_SECONDS = 4.0
CANCELLING_SECONDS = 3.0

FINAL = frozenset({"CANCELLED", "SUCCEEDED", "FAILED", "ERROR"})
"""Statuses in which a job stays."""


@dataclass(frozen=True)
class Progress:
    """Status and times of a job or task; `updated` is when it reached the status."""

    status: str
    updated: datetime
    started: datetime | None = None
    finished: datetime | None = None


def job_progress(job: AnalyticsJob, now: datetime) -> Progress:
    """Return the status of a job."""
    undisturbed = _uncancelled(job, min(now, job.cancelled or now))
    if job.cancelled is None or undisturbed.status in FINAL:
        return undisturbed
    return _cancelled(job.cancelled, now, undisturbed.started)


def task_progress(job: AnalyticsJob, index: int, now: datetime) -> Progress:
    """Return the status of the task with this number."""
    start, end = _task_times(job, index)
    stop, last = job.cancelled, _last_task(job)
    if stop is not None and stop <= now and stop < end and _was_cancelled(job, stop):
        return _cancelled(stop, now, start if start <= stop else None)
    if index > last:
        # An earlier task failed: this one never runs.
        _, over = _task_times(job, last)
        if now >= over:
            return Progress("CANCELLED", over, None, over)
        return Progress("NOT_STARTED", job.created)
    if index > 0 and now < start:
        return Progress("NOT_STARTED", job.created)
    return _run(job, now, start, end, job.outcome.ending if index == last else "SUCCEEDED")


def _uncancelled(job: AnalyticsJob, now: datetime) -> Progress:
    start, _ = _task_times(job, 0)
    _, end = _task_times(job, _last_task(job))
    return _run(job, now, start, end, job.outcome.ending)


def _run(job: AnalyticsJob, now: datetime, start: datetime, end: datetime, last: str) -> Progress:
    """Return the status of a run from start to end, which ends with the status `last`."""
    pending = job.created + timedelta(seconds=NOT_STARTED_SECONDS)
    if now < pending:
        return Progress("NOT_STARTED", job.created)
    if now < start:
        return Progress("PENDING", pending)
    if now < end:
        return Progress("RUNNING", start, start)
    return Progress(last, end, start, end)


def _was_cancelled(job: AnalyticsJob, stop: datetime) -> bool:
    return job_progress(job, stop).status in ("CANCELLING", "CANCELLED")


def _cancelled(stop: datetime, now: datetime, started: datetime | None) -> Progress:
    stopped = stop + timedelta(seconds=CANCELLING_SECONDS)
    if now < stopped:
        return Progress("CANCELLING", stop, started)
    return Progress("CANCELLED", stopped, started, stopped)


def _task_times(job: AnalyticsJob, index: int) -> tuple[datetime, datetime]:
    seconds = NOT_STARTED_SECONDS + PENDING_SECONDS + index * job.task_seconds
    start = job.created + timedelta(seconds=seconds)
    return start, start + timedelta(seconds=job.task_seconds)


def _last_task(job: AnalyticsJob) -> int:
    """Return the task that decides: the platform fails in the first, algorithms in the last."""
    return 0 if job.outcome.ending == "ERROR" else len(job.task_ids) - 1
