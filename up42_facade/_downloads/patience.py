"""Faults that may pass, and how long a transfer bears them."""

from __future__ import annotations

import random
import threading
from email.utils import parsedate_to_datetime
from time import time

from up42_facade.errors import ConnectionFailedError, DownloadError

# Failures in a row without one new byte before a transfer gives up: about a minute of outage.
MAX_FAILURES = 11
# First and longest wait between two attempts, in seconds; the wait doubles in between.
FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 30.0
# Seconds up to which a server's Retry-After is obeyed: longer ones mean "not today".
LONGEST_RETRY_AFTER_SECONDS = 120.0
# Links that may be refused in a row: one may have expired in a queue, more is a refusal.
MAX_REFUSALS = 3


class PassingFault(Exception):  # noqa: N818 - never leaves the engine
    """An attempt failed in a way that another attempt may not."""

    def __init__(self, text: str, *, retry_after: float = 0.0, is_connection: bool = True) -> None:
        super().__init__(text)
        self.retry_after = retry_after
        self.is_connection = is_connection


class LinkRefused(PassingFault):
    """The signed URL was refused, as an expired one is."""


class Stopped(DownloadError):  # noqa: N818 - says what happened
    """Another part of the same download failed, or the caller gave up."""


class Patience:
    """Decides whether and when to try again; one new byte of content renews it."""

    def __init__(self, stop: threading.Event, what: str) -> None:
        self._stop = stop
        self._what = what
        self._failures = 0
        self._refusals = 0

    def renew(self) -> None:
        """Content arrived: earlier failures no longer count."""
        self._failures = self._refusals = 0

    def wait(self, fault: PassingFault) -> None:
        """Wait before the next attempt.

        Raises:
            ConnectionFailedError: The connection failed too often in a row.
            DownloadError: The server refused too often in a row.
            Stopped: The download was given up while waiting.
        """
        self._failures += 1
        self._refusals += isinstance(fault, LinkRefused)
        if self._failures > MAX_FAILURES or self._refusals > MAX_REFUSALS:
            kind = ConnectionFailedError if fault.is_connection else DownloadError
            raise kind(f"{self._what} could not be downloaded: {fault}.") from fault
        seconds = max(fault.retry_after, self._pause(fault))
        if self._stop.wait(seconds):
            raise Stopped("The download was stopped.")

    def _pause(self, fault: PassingFault) -> float:
        if isinstance(fault, LinkRefused) and self._refusals == 1:
            return 0.0
        longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (self._failures - 1))
        return random.uniform(0, longest)


def retry_after(text: str | None) -> float:
    """Seconds that a Retry-After header asks for, as a number or a date, up to the longest."""
    if not text:
        return 0.0
    if text.strip().isdecimal():
        return min(float(text), LONGEST_RETRY_AFTER_SECONDS)
    try:
        seconds = parsedate_to_datetime(text).timestamp() - time()
    except ValueError:
        return 0.0
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_SECONDS)
