"""The small types of the analytics API: statuses and sorting."""

from __future__ import annotations

from up42_facade._common.sorting import SortingField
from up42_facade.errors import InvalidInputError

SUCCEEDED = "SUCCEEDED"
# The documented spellings.
STATUSES = (
    "NOT STARTED",
    "PENDING",
    "RUNNING",
    "CANCELLING",
    "CANCELLED",
    SUCCEEDED,
    "FAILED",
    "ERROR",
)
TERMINAL_STATUSES = (SUCCEEDED, "FAILED", "CANCELLED", "ERROR")
# The way of a job to a good end, for progress bars.
LIFE = ("NOT STARTED", "PENDING", "RUNNING", SUCCEEDED)
# What a job or task that came without any status gets.
UNKNOWN_STATUS = "UNKNOWN"


def documented_status(status: str | None) -> str:
    """Return a status in its documented spelling; one that isn't documented as it came.

    Example:
        >>> documented_status("NOT_STARTED"), documented_status("ON_HOLD")
        ('NOT STARTED', 'ON_HOLD')
    """
    if not status:
        return UNKNOWN_STATUS
    spelled = status.replace("_", " ")
    return spelled if spelled in STATUSES else str(status)


class AnalyticsJobSorting:
    """The fields by which `get_jobs` sorts."""

    created = SortingField("createdAt", ascending=False)
    name = SortingField("name")
    id = SortingField("id")
    mode = SortingField("mode")
    status = SortingField("status")
    started = SortingField("startedAt", ascending=False)
    finished = SortingField("finishedAt", ascending=False)


SORTING_FIELDS = {
    name: value
    for name, value in vars(AnalyticsJobSorting).items()
    if isinstance(value, SortingField)
}


def check_text(name: str, value: object) -> None:
    """Refuse an argument that is no text or empty.

    Raises:
        InvalidInputError: It is.
    """
    if not isinstance(value, str) or not value:
        raise InvalidInputError(f"{name}={value!r}: expected a non-empty text.")
