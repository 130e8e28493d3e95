"""Timestamps with the varying number of fractional digits that the real service sends."""

from __future__ import annotations

from datetime import UTC, datetime

FRACTION_DIGITS = (6, 0, 3, 9)
"""Numbers of digits, used in turn."""


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
