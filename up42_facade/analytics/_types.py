"""Statuses and sort fields of the legacy analytics API."""

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
# Stands for a missing status.
UNKNOWN_STATUS = "UNKNOWN"


def documented_status(status: str | None) -> str:
    """Return a status in its documented spelling; an undocumented one is returned unchanged.

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


def check_sorting(value: object) -> None:
    """Check a field to sort by.

    Raises:
        InvalidInputError: If it isn't a field of `AnalyticsJobSorting`.
    """
    fields = {
        name: field
        for name, field in vars(AnalyticsJobSorting).items()
        if isinstance(field, SortingField)
    }
    if isinstance(value, SortingField) and value.name in {field.name for field in fields.values()}:
        return
    given = str(value) if isinstance(value, SortingField) else repr(value)
    raise InvalidInputError(
        f"sort_by={given}: expected a field of AnalyticsJobSorting ({', '.join(fields)}), for "
        "example AnalyticsJobSorting.created.desc."
    )


def check_string(name: str, value: object) -> None:
    """Check a string argument.

    Raises:
        InvalidInputError: If it isn't a non-empty string.
    """
    if not isinstance(value, str) or not value:
        raise InvalidInputError(f"{name}={value!r}: expected a non-empty string.")
