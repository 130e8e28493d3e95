"""How a command ends: exit codes, errors in the terms of the command line, and Ctrl-C."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from functools import partial

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
def in_own_terms() -> Iterator[None]:
    """Reword errors of the package: options and commands instead of arguments and functions."""
    context = click.get_current_context()
    try:
        yield
    except up42.Up42Error as error:
        message = str(error)
        for parameter in context.command.params:
            message = named_as_option(message, parameter)
        for pattern, text in phrases(error, context).items():
            message = re.sub(pattern, partial(like, text), message)
        error.args = (message,)
        raise


def phrases(error: up42.Up42Error, context: click.Context) -> dict[str, str]:
    """Return what only makes sense in Python as regular expressions, with replacements."""
    job = getattr(error, "job", None)
    track = {r"[Cc]all track\(\)": f"run up42 jobs track {job.id}"} if job is not None else {}
    process = context.params.get("process_id")
    return {
        **track,
        r"[Cc]all find_jobs\(\) of this error": (
            f"run up42 jobs list --process {process} --limit 5"
        ),
        r"[Cc]all \w+\([^)]*\) again": "run the same command again",
        r"choose with filter\([^)]*\), ": "",
        r"Create one with Batch\([^)]*\)": "Create one with up42 batch run",
        r"use Batch\.resume\(path\)": "remove the new rows from the file",
        r"with Batch\.resume\(path\)": "by running the same command again",
        r"\bcheck Job\.all\(\)": "check up42 jobs list",
        r" and add_new=True": "",
    }


def like(text: str, found: re.Match[str]) -> str:
    """Return a text that begins with a capital letter if what it replaces does."""
    return text[:1].upper() + text[1:] if found[0][:1].isupper() else text


def named_as_option(message: str, parameter: click.Parameter) -> str:
    """Replace the name of an argument by the option that it comes from; both have one name."""
    name = str(parameter.name)
    if not isinstance(parameter, click.Option):
        return message
    option = max(parameter.opts, key=len)
    start = rf"(?<![\w?&/.-]){name}"
    # A number, or the only one of several strings, as it was typed.
    message = re.sub(rf"{start}=(?:Decimal\('([^']+)'\)|\['([^']*)'\])", rf"{option}=\1\2", message)
    message = re.sub(rf"{start}=(?:True\b)?|^{name}\b", option_then(option), message)
    # A name without an underscore is also a word.
    return re.sub(rf"{start}\b", option, message) if "_" in name else message


def option_then(option: str) -> Callable[[re.Match[str]], str]:
    return lambda found: option + ("=" if found[0].endswith("=") else "")
