"""The error of the checks."""

from __future__ import annotations


class CheckError(Exception):
    """Something isn't as it must be; the message says what and, if known, what to do."""
