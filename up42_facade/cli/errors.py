"""How a command ends: exit codes, errors in the terms of the command line, and Ctrl-C."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum

import click

import up42_facade as up42


class ExitCode(IntEnum):
    """How a command ended, for scripts. docs/cli.md has the same table."""

    OK = 0
    ERROR = 1
    """An expected error: rejected inputs, wrong credentials, no network, a full disk."""
    USAGE = 2
    """An option, a value, or FILE can't be used. Nothing was executed."""
    JOB_FAILED = 3
    """A job ended without success, so it has no results."""
    UNFINISHED = 4
    """A job didn't end in time. It continues on the server."""
    COST_LIMIT = 5
    """The cost is above the limit or the account's balance. Nothing was executed."""
    UNCERTAIN = 6
    """The response to an execution was lost: search for the job before you execute again."""
    INCOMPLETE = 7
    """A part of a batch failed: run the same command again."""
    NOT_AS_DOCUMENTED = 8
    """A response of the API differs from the OpenAPI document, or a request failed."""
    INTERRUPTED = 130
    """Ctrl-C. Nothing was canceled on the server."""
    BROKEN_PIPE = 141
    """The reader of the output closed the pipe, for example `head`."""


def code_of(error: up42.Up42Error) -> ExitCode:
    """Return the exit code for an error of the package."""
    codes: tuple[tuple[type[up42.Up42Error], ExitCode], ...] = (
        (up42.UnfinishedJob, ExitCode.UNFINISHED),
        (up42.NoResultsError, ExitCode.JOB_FAILED),
        (up42.CostLimitError, ExitCode.COST_LIMIT),
        (up42.InsufficientCreditsError, ExitCode.COST_LIMIT),
        (up42.ExecutionUncertainError, ExitCode.UNCERTAIN),
        (up42.PartialBatchError, ExitCode.INCOMPLETE),
        (up42.InvalidInputError, ExitCode.USAGE),
    )
    return next((code for kind, code in codes if isinstance(error, kind)), ExitCode.ERROR)


class CommandError(Exception):
    """Ends the command with a message and an exit code."""

    def __init__(self, message: str, code: ExitCode = ExitCode.ERROR) -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def on_interrupt(advice: str) -> Iterator[None]:
    """Print how to continue if Ctrl-C ends the block; an inner block takes precedence."""
    try:
        yield
    except KeyboardInterrupt as interruption:
        if interruption.args:
            raise
        # The notes of the package are for Python, not for a terminal.
        raise KeyboardInterrupt(advice) from interruption


@contextmanager
def hint(kind: type[Exception], text: str) -> Iterator[None]:
    """Add to errors of a kind what to do at a terminal."""
    try:
        yield
    except kind as error:
        error.add_note(text)
        raise


@contextmanager
def reworded(phrases: Mapping[str, str]) -> Iterator[None]:
    """Replace phrases of errors that only make sense in Python.

    Args:
        phrases: Regular expressions and their replacements.
    """
    try:
        yield
    except up42.Up42Error as error:
        message = str(error)
        for pattern, replacement in phrases.items():
            # Doubled, as IDs of a server can contain backslashes.
            message = re.sub(pattern, replacement.replace("\\", r"\\"), message)
        error.args = (message,)
        raise


def option_phrases(parameters: Iterable[click.Parameter]) -> dict[str, str]:
    """Return phrases for `reworded`: arguments of Python functions, as the options of a command.

    The parameters of commands have the names of the arguments that they are passed to.
    """
    options = [found for found in parameters if isinstance(found, click.Option) and found.name]
    # A name without an underscore is also a word, except before "=" and at the beginning.
    return {
        rf"(?<![\w?&/.-]){option.name}\b(?:=True\b)?"
        if "_" in str(option.name)
        else rf"(?<![\w?&/.-]){option.name}(?==)|^{option.name}\b": max(option.opts, key=len)
        for option in options
    }
