"""Headers of responses: what a server may say in them, and what is left out."""

from __future__ import annotations

import datetime as dt
import time
from email.utils import parsedate_to_datetime

import httpx

from up42_facade.session._hosts import DEFAULT_PORTS

# What parsing a date raises for anything else.
NO_DATE = (ValueError, TypeError, LookupError, OverflowError)


def drop_unusable(response: httpx.Response) -> None:
    """Remove what httpx and the retries can't read, before they try.

    A redirect to something else than an http link is none, and is shown by its status.
    """
    # httpx has a phrase of its own for each status; a server's could say anything.
    response.extensions.pop("reason_phrase", None)
    headers = response.headers
    if "location" in headers and not is_http_link(headers["location"]):
        del headers["location"]
    if "retry-after" in headers and seconds_until(headers["retry-after"]) is None:
        del headers["retry-after"]


def is_http_link(location: str) -> bool:
    """Return whether a link is relative, or leads to a host by http or https."""
    try:
        url = httpx.URL(location)
    except httpx.InvalidURL:
        return False
    return not url.scheme or (url.scheme in DEFAULT_PORTS and bool(url.host))


def seconds_until(retry_after: str) -> float | None:
    """Return the seconds that a Retry-After header asks for, as a number or date; None if none."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC)
        return max(0.0, moment.timestamp() - time.time())
    except NO_DATE:
        return None
