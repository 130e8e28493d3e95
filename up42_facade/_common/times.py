"""Times: whatever form they come in, they leave as aware UTC datetimes."""

from __future__ import annotations

import datetime as dt

from up42_facade.errors import InvalidInputError

Moment = dt.datetime | dt.date | str


def to_utc(value: object) -> dt.datetime | None:
    """Read a time that the server sent; None for anything that can't be read.

    Args:
        value: A datetime, or a text with 0 to 9 fractional digits, with or without a zone
            (UTC is assumed).
    """
    if isinstance(value, str):
        try:
            value = parse(value)
        except (ValueError, OverflowError):
            return None
    if not isinstance(value, dt.datetime):
        return None
    try:
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
    except OverflowError:
        # Its zone takes it out of the years that there are.
        return None


def moment(name: str, value: Moment) -> dt.datetime:
    """Read a time that a person gave; a day alone means its first moment, UTC.

    Raises:
        InvalidInputError: The text is no time, or the value is of another type.
    """
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        value = dt.datetime(value.year, value.month, value.day)
    read = to_utc(value)
    if read is None:
        raise InvalidInputError(
            f"{name}={value!r} is no time: expected a date, a datetime, or a text such as "
            "'2024-06-01' or '2024-06-01T12:00:00Z'."
        )
    return read


def parse(text: str) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        # Only what the standard library can't read costs dateutil's import and guesses. The
        # default keeps a partly given date from being filled up with today's.
        from dateutil import parser

        return parser.parse(text, default=dt.datetime(1, 1, 1))
