"""One template of a batch and everything that is known about it. Mirrors the journal."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from attrs import define, field

from up42_facade._common.html import Status, table
from up42_facade.processing import (
    Cost,
    Job,
    JobStatus,
    JobTemplate,
    Process,
    ProcessTemplate,
    ValidationError,
)
from up42_facade.processing._ledger import Intent, State
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


@define(eq=False, kw_only=True)
class Attempt(Intent):
    """One request to execute a template, as the journal recorded it.

    Attributes:
        id: Row in the journal.
        number: Number among the attempts of its entry, from 1.
        sent_at: Time of the request, by the clock of the computer.
        reason: Why it failed or is uncertain.
        files: The downloaded files: `{"request": […], "files": [[path, bytes], …]}`.
    """

    id: int = 0
    number: int = 1
    sent_at: dt.datetime = field(factory=lambda: dt.datetime.now(dt.UTC))
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
        cost: Estimated cost; None before the estimate, or if the template isn't valid.
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
    # GeoJSON as a string: most are never parsed.
    _geometry: str | None = None
    cost: Cost | None = None
    _errors: frozenset[ValidationError] | None = None
    estimated_at: dt.datetime | None = None
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
    def geometry(self) -> dict[str, Any] | None:
        """Footprint of the items as GeoJSON in EPSG:4326, or None if it isn't known."""
        return None if self._geometry is None else dict(json.loads(self._geometry))

    @property
    def errors(self) -> set[ValidationError] | None:
        """The validation errors; None before the estimate."""
        return None if self._errors is None else set(self._errors)

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
            return INVALID if self._errors else PENDING
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
        found = self._errors if job is None else job.errors
        listed = "; ".join(sorted(f"{error.name}: {error.message}" for error in found or ()))
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
        return expected if attempt.job.credits is None else attempt.job.credits
