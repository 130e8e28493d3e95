"""IDs that are the same in every run with a seed, and timestamps like those of the service."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

_NAMESPACE = uuid.UUID("8f0a3f2e-5d0e-4d0c-9f25-0a4b3a6f4c42")

FRACTION_DIGITS = (6, 0, 3, 9)
"""Numbers of fractional digits, used in turn."""


def make_id(seed: int, *parts: object) -> str:
    """Derive a UUID from the seed and any number of parts.

    Args:
        seed: The sandbox's seed.
        parts: Meaning of the ID, for example `"job", 17`.

    Returns:
        A UUID string, marked as version 4 like the service's own.

    Example:
        >>> make_id(42, "job", 1) == make_id(42, "job", 1)
        True
    """
    name = "/".join(str(part) for part in (seed, *parts))
    return str(uuid.UUID(bytes=uuid.uuid5(_NAMESPACE, name).bytes, version=4))


def is_uuid(text: str) -> bool:
    """Return whether a string is a UUID in the usual form with hyphens."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def stamp(moment: datetime, digits: int = 6) -> str:
    """Format a time as UTC with a `Z`.

    Args:
        moment: An aware datetime.
        digits: Fractional digits, 0 to 9.

    Returns:
        For example `2024-06-05T13:12:48.124568Z`.

    Example:
        >>> stamp(datetime(2024, 6, 5, tzinfo=UTC), 3)
        '2024-06-05T00:00:00.000Z'
    """
    utc = moment.astimezone(UTC)
    text = utc.strftime("%Y-%m-%dT%H:%M:%S")
    if digits:
        # Datetimes end at microseconds; the other three digits come from the second, so
        # that they aren't always zero.
        nanoseconds = f"{utc.microsecond:06d}{(utc.second * 17 + 1) % 1000:03d}"
        text += "." + nanoseconds[:digits]
    return text + "Z"


def digits_for(number: int) -> int:
    """Return the number of fractional digits of the record with this running number."""
    return FRACTION_DIGITS[number % len(FRACTION_DIGITS)]
