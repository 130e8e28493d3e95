"""Small types of the processing API: statuses, errors, sort fields, and costs."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from numbers import Real
from typing import Any, TypedDict

from attrs import field, frozen

from up42_facade._common.sorting import SortingField


@frozen(order=True)
class ValidationError:
    """An error in the inputs of a process. This is a value, not an exception.

    Attributes:
        message: For people.
        name: For programs, for example `MissingPanchromaticAsset`; the set is open.
    """

    message: str
    name: str

    def __str__(self) -> str:
        return f"{self.name}: {self.message}"


class JobStatus(StrEnum):
    """Status of a processing job.

    A status that isn't listed here is kept: `JobStatus("paused").value == "paused"`.
    """

    CREATED = "created"
    LICENSED = "licensed"
    UNLICENSED = "unlicensed"
    VALID = "valid"
    INVALID = "invalid"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    RUNNING = "running"
    SUCCESSFUL = "successful"
    FAILED = "failed"
    CAPTURED = "captured"
    RELEASED = "released"

    @classmethod
    def _missing_(cls, value: object) -> JobStatus | None:
        if not isinstance(value, str):
            return None
        unknown = str.__new__(cls, value)
        # Escaped, because the repr of an enum doesn't escape it.
        unknown._name_ = str.__repr__(value.upper())[1:-1]
        unknown._value_ = value
        return unknown


# The status of a job that the server sent without one.
UNKNOWN_STATUS = "unknown"

TERMINAL_STATUSES = (
    JobStatus.CAPTURED,
    JobStatus.RELEASED,
    JobStatus.INVALID,
    JobStatus.REJECTED,
    JobStatus.UNLICENSED,
)
SUCCEEDED_STATUSES = (JobStatus.SUCCESSFUL, JobStatus.CAPTURED)
# The outcome is decided, but the credits might not be settled yet; newer servers might stop here.
SETTLING_STATUSES = (JobStatus.SUCCESSFUL, JobStatus.FAILED)


class JobResults(TypedDict, total=False):
    """The `results` of a job, as the API sends them."""

    collection: str | None
    errors: list[dict[str, Any]] | None


class JobMetadata(TypedDict, total=False):
    """A processing job, as the API sends it."""

    processID: str
    jobID: str
    accountID: str
    workspaceID: str | None
    definition: dict[str, Any]
    results: JobResults | None
    creditConsumption: dict[str, Any] | None
    status: str
    created: str | None
    started: str | None
    finished: str | None
    updated: str | None


class JobSorting:
    """The fields by which `Job.all` sorts."""

    process_id = SortingField("processID")
    status = SortingField("status", ascending=False)
    created = SortingField("created", ascending=False)
    credits = SortingField("creditConsumption.credits", ascending=False)


@frozen(order=False)
class Cost:
    """The cost of a job; compares with other costs and with numbers of credits.

    Attributes:
        strategy: How the cost is calculated, for example `area` or `none`; the set is open.
        credits: The cost in credits.
        size: Size of the input in `unit`s, if the cost depends on it.
        unit: For example `SQ_KM`.

    Example:
        >>> Cost("area", 63, 15.8, "SQ_KM") <= 100
        True
    """

    strategy: str
    credits: int = field()
    size: float | None = None
    unit: str | None = None

    def __lt__(self, other: Cost | int | float | Decimal) -> bool:
        return self._compare(other, operator.lt)

    def __le__(self, other: Cost | int | float | Decimal) -> bool:
        return self._compare(other, operator.le)

    def __gt__(self, other: Cost | int | float | Decimal) -> bool:
        return self._compare(other, operator.gt)

    def __ge__(self, other: Cost | int | float | Decimal) -> bool:
        return self._compare(other, operator.ge)

    def _compare(self, other: object, compare: Callable[[Any, Any], bool]) -> bool:
        if isinstance(other, Cost):
            return bool(compare(self.credits, other.credits))
        if isinstance(other, bool) or not isinstance(other, Real | Decimal):
            # mypy allows this value in operators only; Python raises a TypeError for it.
            return NotImplemented  # type: ignore[no-any-return]
        # Python raises if a Decimal that is NaN is compared; here that is False, as for floats.
        if isinstance(other, Decimal) and other.is_nan():
            return False
        return bool(compare(self.credits, other))

    def _repr_html_(self) -> str:
        from up42_facade._common.html import table

        size = f"{self.size:,} {self.unit or ''}".strip() if self.size is not None else None
        rows = {"Credits": self.credits, "Size": size, "Strategy": self.strategy or None}
        return table("Cost", rows)
