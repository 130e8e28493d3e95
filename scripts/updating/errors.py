"""Errors that end an update. Document and client are unchanged."""

from __future__ import annotations


class UpdateError(Exception):
    """The update can't continue; the message says what is wrong, where, and what to do."""


class GenerationError(UpdateError):
    """The client can't be generated."""
