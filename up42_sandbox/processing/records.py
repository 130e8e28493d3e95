"""Processing jobs on the server."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from up42_sandbox.core.values import digits_for, stamp

STATUSES = (
    "created",
    "licensed",
    "unlicensed",
    "valid",
    "invalid",
    "accepted",
    "rejected",
    "running",
    "successful",
    "failed",
    "captured",
    "released",
)
"""All statuses that a processing job can have."""

WITH_RESULTS = frozenset({"successful", "captured"})
"""Statuses of jobs with a collection."""

WITH_CREDITS = frozenset({"accepted", "running", "successful", "captured"})
"""Statuses of jobs whose credits are held or spent."""

_WITHOUT_CONSUMPTION = frozenset({"unlicensed", "invalid", "rejected"})


@dataclass
class Balance:
    """Credits of the account.

    Attributes:
        available: Credits that can be spent.
        held: Credits set aside for running jobs.
        captured: Credits spent.
    """

    available: int
    held: int = 0
    captured: int = 0

    def hold(self, credits: int) -> bool:
        """Set credits aside, and return whether there were enough."""
        if credits > self.available:
            return False
        self.available -= credits
        self.held += credits
        return True

    def capture(self, credits: int) -> None:
        """Spend credits that were held."""
        self.held -= credits
        self.captured += credits

    def release(self, credits: int) -> None:
        """Return held credits to the balance."""
        self.held -= credits
        self.available += credits


@dataclass
class JobRecord:
    """A processing job.

    Attributes:
        number: Running number, from 0.
        inputs: Inputs as sent.
        account_id: ID of the account that pays.
        credits: Price in credits.
        updated: Time of the last change of status.
        started: Time at which it started running.
        finished: Time at which it stopped running.
        errors: Names and messages, for jobs that failed.
        fate: Status in which it will fail; None if it will succeed.
        collection_id: ID of the collection of its results.
        hold_id: ID of the booking that holds the credits.
        consumption_id: ID of the booking that spends them.
    """

    id: str
    number: int
    process_id: str
    inputs: dict[str, Any]
    workspace_id: str | None
    account_id: str
    credits: int
    created: datetime
    updated: datetime
    collection_id: str
    hold_id: str
    consumption_id: str
    budget_id: str | None = None
    status: str = "created"
    started: datetime | None = None
    finished: datetime | None = None
    errors: list[dict[str, str]] = field(default_factory=list)
    fate: str | None = None

    @property
    def has_results(self) -> bool:
        """Whether the job delivered a collection."""
        return self.status in WITH_RESULTS

    @property
    def duration(self) -> float | None:
        """Seconds that it ran, None if it hasn't finished."""
        if self.started is None or self.finished is None:
            return None
        return (self.finished - self.started).total_seconds()

    @property
    def consumed_credits(self) -> int | None:
        """Credits held or spent, if any."""
        return self.credits if self.status in WITH_CREDITS else None

    def metadata(self, base_url: str) -> dict[str, Any]:
        """Return the JSON form.

        Args:
            base_url: Origin for the collection's URL.
        """
        document: dict[str, Any] = {
            "processID": self.process_id,
            "jobID": self.id,
            "accountID": self.account_id,
            "workspaceID": self.workspace_id,
            "definition": {"inputs": self.inputs},
            "results": self._results(base_url),
            "status": self.status,
            "created": self._stamp(self.created, 0),
            "updated": self._stamp(self.updated, 0),
            "started": self._stamp(self.started, 1),
            "finished": self._stamp(self.finished, 1),
        }
        # The real service added this field late: half of the jobs lack it.
        if self.number % 2 == 0:
            document["type"] = "process"
        if self.status not in _WITHOUT_CONSUMPTION:
            document["creditConsumption"] = self._consumption()
        return document

    def _results(self, base_url: str) -> dict[str, Any] | None:
        if self.has_results:
            url = f"{base_url}/v2/assets/stac/collections/{self.collection_id}"
            return {"collection": url}
        return {"errors": list(self.errors)} if self.errors else None

    def _consumption(self) -> dict[str, Any] | None:
        if self.status not in WITH_CREDITS:
            return None
        spent = self.consumption_id if self.status == "captured" else None
        return {"credits": self.credits, "holdID": self.hold_id, "consumptionID": spent}

    def _stamp(self, moment: datetime | None, offset: int) -> str | None:
        return stamp(moment, digits_for(self.number + offset)) if moment else None
