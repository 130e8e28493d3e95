"""What a batch knows of one template: its price, its requests, its job. Mirrors the journal."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import asdict, define, field, frozen

from up42_facade.processing import Job
from up42_facade.processing._ledger import Intent, State
from up42_facade.processing._templates import JobTemplate
from up42_facade.processing._types import Cost, JobStatus, ValidationError

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

# Statuses of jobs whose credits were given back or never held.
FREE_STATUSES = (
    JobStatus.FAILED,
    JobStatus.RELEASED,
    JobStatus.INVALID,
    JobStatus.REJECTED,
    JobStatus.UNLICENSED,
)

# Ends that the server gives no reason for, and what they mean.
MEANINGS = {
    JobStatus.REJECTED: "The account's balance doesn't cover the job: add credits, then retry().",
    JobStatus.UNLICENSED: "The licence of the process isn't accepted: accept it, then retry().",
}


@define(eq=False, kw_only=True)
class Attempt(Intent):
    """One request to execute a template, as the journal has it.

    Attributes:
        id: Row in the journal.
        number: Number among the attempts of its entry, from 1.
        sent_at: Time of the request, by the clock of the computer.
        reason: What went wrong.
        files: What was downloaded.
    """

    id: int = 0
    number: int = 1
    sent_at: dt.datetime = field(factory=lambda: dt.datetime.now(dt.UTC))
    reason: str | None = None
    files: dict[str, Any] | None = None


@define(eq=False)
class Record:
    """One template of a batch, with all that was learnt of it."""

    index: int
    fingerprint: str
    duplicate: int
    process_id: str
    workspace_id: str | None
    inputs: dict[str, Any]
    geometry: str | None = None
    cost: Cost | None = None
    errors: frozenset[ValidationError] | None = None
    estimated_at: dt.datetime | None = None
    reason: str | None = None
    attempts: list[Attempt] = field(factory=list)
    template: JobTemplate | None = None

    @property
    def attempt(self) -> Attempt | None:
        """The latest attempt, if any."""
        # One step: other threads may withdraw attempts meanwhile.
        return next(reversed(self.attempts), None)

    @property
    def job(self) -> Job | None:
        attempt = self.attempt
        return attempt.job if attempt else None

    @property
    def status(self) -> str:
        attempt = self.attempt
        if attempt is None:
            return INVALID if self.errors else PENDING
        if attempt.job is not None:
            return attempt.job.status.value
        if attempt.state is State.NOT_FOUND:
            return INVALID if self.errors else PENDING
        return STATUSES[attempt.state]

    @property
    def is_open(self) -> bool:
        """True while its job may still run."""
        job = self.job
        return job is not None and not job.is_finished

    @property
    def has_failed(self) -> bool:
        """True if it has no results and gets none without a new job."""
        job = self.job
        if job is not None:
            return job.is_finished and not job.is_succeeded
        return self.status in (INVALID, REFUSED)

    @property
    def is_executable(self) -> bool:
        """True if it has no job yet and nothing is known against one."""
        return self.status in (PENDING, UNCERTAIN)

    @property
    def spent(self) -> int:
        """Credits that its jobs have cost or may still cost."""
        return sum(self._spent_for(attempt) for attempt in self.attempts)

    @property
    def charged(self) -> int:
        """Credits that its jobs have cost or hold, as the server tells."""
        return sum(
            attempt.job.credits or 0
            for attempt in self.attempts
            if attempt.job is not None and attempt.job.status not in FREE_STATUSES
        )

    def _spent_for(self, attempt: Attempt) -> int:
        expected = self.cost.credits if self.cost else 0
        if attempt.job is None:
            return 0 if attempt.state in (State.REFUSED, State.NOT_FOUND) else expected
        if attempt.job.status in FREE_STATUSES:
            return 0
        return expected if attempt.job.credits is None else attempt.job.credits

    @property
    def why(self) -> str | None:
        """What went wrong, for people."""
        attempt = self.attempt
        found = self.errors if attempt is None or attempt.job is None else attempt.job.errors
        listed = "; ".join(sorted(f"{error.name}: {error.message}" for error in found or ()))
        told = attempt.reason if attempt else None
        meaning = None if self.job is None else MEANINGS.get(self.job.status)
        return listed or told or self.reason or meaning


@frozen
class RecordedTemplate(JobTemplate):
    """A template as the journal of a batch has kept it.

    Attributes:
        recorded_process_id: Id of the process.
        recorded_inputs: The inputs as they are sent.
    """

    recorded_process_id: str
    recorded_inputs: Mapping[str, Any]

    @property
    def process_id(self) -> str:  # type: ignore[override]  # one class serves every process
        return self.recorded_process_id

    @property
    def inputs(self) -> dict[str, Any]:
        return dict(self.recorded_inputs)


def fingerprint(process_id: str, workspace_id: str | None, inputs: Mapping[str, Any]) -> str:
    """Return what two templates have in common if and only if they ask for the same job."""
    content = json.dumps([process_id, workspace_id, inputs], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def cost_to_json(cost: Cost | None) -> str | None:
    return None if cost is None else json.dumps(asdict(cost))


def cost_from_json(text: str | None) -> Cost | None:
    return None if text is None else Cost(**json.loads(text))


def errors_to_json(errors: Sequence[ValidationError] | frozenset[ValidationError] | None) -> Any:
    if errors is None:
        return None
    return json.dumps([[error.name, error.message] for error in sorted(errors)])


def errors_from_json(text: str | None) -> frozenset[ValidationError] | None:
    if text is None:
        return None
    return frozenset(ValidationError(message, name) for name, message in json.loads(text))


def job_to_json(job: Job) -> str:
    return json.dumps(job.to_metadata())


def moment_to_text(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def moment_from_text(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)
