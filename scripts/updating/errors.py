"""What ends an update: the old document and the old client are still in place."""

from __future__ import annotations


class UpdateError(Exception):
    """The update can't go on; the message says what is wrong, where, and what to do."""


class GenerationError(UpdateError):
    """The client could not be generated."""
