"""Times: whatever form they come in, they leave as aware UTC datetimes."""

from __future__ import annotations

import datetime as dt
import re

from up42_facade.errors import InvalidInputError

DatetimeLike = dt.datetime | dt.date | str
# Without four digits for the year, any two numbers could be the day.
YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
YEAR_FIRST = re.compile(r"\s*\d{4}(?!\d)")
# Two days that differ in year, month, and day: what a string leaves out shows.
DEFAULTS = (dt.datetime(2000, 1, 1), dt.datetime(2001, 2, 2))
# Characters; the longest ISO 8601 datetime has 35.
LONGEST_TIME = 64


def to_utc(value: object) -> dt.datetime | None:
    """Return a datetime that the server sent in UTC; None if it can't be read for certain.

    Args:
        value: A datetime, or a string with 0 to 9 fractional digits, with or without a zone
            (UTC is assumed).
    """
    if isinstance(value, str):
        try:
            value = parse(value)
        except (ValueError, OverflowError):
            return None
    # pandas' NaT is a datetime that doesn't equal itself.
    if not isinstance(value, dt.datetime) or value != value:
        return None
    try:
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
    except OverflowError:
        # Its zone takes it out of the years that there are.
        return None


def moment(name: str, value: DatetimeLike) -> dt.datetime:
    """Return a datetime that a person typed, in UTC; a day alone means its first moment.

    Raises:
        InvalidInputError: If the string doesn't name exactly one day, or the value is of
            another type.
    """
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        value = dt.datetime(value.year, value.month, value.day)
    read = to_utc(value)
    if read is None:
        raise InvalidInputError(
            f"{name}={value!r} isn't a time that can be read in exactly one way: expected a "
            "date, a datetime, or a string with year, month, and day such as '2024-06-01' or "
            "'2024-06-01T12:00:00Z'."
        )
    return read


def parse(text: str) -> dt.datetime:
    """Return the datetime in a string, which must name exactly one day.

    Raises:
        ValueError: If year, month, or day are missing, or the string can be read as two days.
        OverflowError: If a number is out of range.
    """
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        if len(text) > LONGEST_TIME or not YEAR.search(text):
            raise
    # Only what the standard library can't read costs dateutil's import.
    from dateutil import parser

    # After a year comes the month; otherwise the day may come first or second.
    orders = (False,) if YEAR_FIRST.match(text) else (False, True)
    readings = {
        parser.parse(text, default=default, dayfirst=order, tzinfos=known_zone)
        for default in DEFAULTS
        for order in orders
    }
    if len(readings) > 1:
        raise ValueError(f"{text!r} can be read as several days")
    return readings.pop()


def known_zone(name: str | None, seconds: int | None) -> dt.tzinfo | None:
    """Return the zone of an offset, or None if none is given; other names mean several zones."""
    if name is not None and name.upper() not in ("UTC", "GMT", "Z"):
        raise ValueError(f"the zone {name!r} has no known offset")
    return None if seconds is None else dt.timezone(dt.timedelta(seconds=seconds))
