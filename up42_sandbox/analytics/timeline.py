"""Where a job and its tasks stand at a moment. Computed, never stored."""

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
    """Status and times of a job or task.

    Attributes:
        status: One of the eight statuses.
        updated: When it was reached.
        started: When work began, None if it hasn't.
        finished: When work ended, None if it hasn't.
    """

    status: str
    updated: datetime
    started: datetime | None = None
    finished: datetime | None = None


def job_progress(job: AnalyticsJob, now: datetime) -> Progress:
    """Return where a job stands."""
    undisturbed = _job_without_cancelling(job, min(now, job.cancelled or now))
    if job.cancelled is None or undisturbed.status in FINAL:
        return undisturbed
    stopped = job.cancelled + timedelta(seconds=CANCELLING_SECONDS)
    if now < stopped:
        return Progress("CANCELLING", job.cancelled, undisturbed.started)
    return Progress("CANCELLED", stopped, undisturbed.started, stopped)


def _job_without_cancelling(job: AnalyticsJob, now: datetime) -> Progress:
    pending = job.created + timedelta(seconds=NOT_STARTED_SECONDS)
    running = _start(job)
    if now < pending:
        return Progress("NOT_STARTED", job.created)
    if now < running:
        return Progress("PENDING", pending)
    end = _task_end(job, _last_task(job))
    if now < end:
        return Progress("RUNNING", running, running)
    return Progress(job.outcome.ending, end, running, end)


def task_progress(job: AnalyticsJob, index: int, now: datetime) -> Progress:
    """Return where the task with this number stands."""
    start, end = _task_start(job, index), _task_end(job, index)
    stop = job.cancelled
    cancelled = stop is not None and job_progress(job, stop).status in ("CANCELLING", "CANCELLED")
    if cancelled and stop is not None and stop < end and now >= stop:
        stopped = stop + timedelta(seconds=CANCELLING_SECONDS)
        begun = start if start <= stop else None
        if now < stopped:
            return Progress("CANCELLING", stop, begun)
        return Progress("CANCELLED", stopped, begun, stopped)
    last = _last_task(job)
    if index > last:
        # An earlier task failed: this one never runs.
        over = _task_end(job, last)
        if now >= over:
            return Progress("CANCELLED", over, None, over)
        return Progress("NOT_STARTED", job.created)
    if now < start:
        pending = job.created + timedelta(seconds=NOT_STARTED_SECONDS)
        waits = index > 0 or now < pending
        return Progress("NOT_STARTED", job.created) if waits else Progress("PENDING", pending)
    if now < end:
        return Progress("RUNNING", start, start)
    status = job.outcome.ending if index == last else "SUCCEEDED"
    return Progress(status, end, start, end)


def _start(job: AnalyticsJob) -> datetime:
    return job.created + timedelta(seconds=NOT_STARTED_SECONDS + PENDING_SECONDS)


def _task_start(job: AnalyticsJob, index: int) -> datetime:
    return _start(job) + timedelta(seconds=index * job.task_seconds)


def _task_end(job: AnalyticsJob, index: int) -> datetime:
    return _task_start(job, index) + timedelta(seconds=job.task_seconds)


def _last_task(job: AnalyticsJob) -> int:
    """Return the task that decides: the platform errs in the first, algorithms in the last."""
    return 0 if job.outcome.ending == "ERROR" else len(job.task_ids) - 1
