"""What the command's exit codes mean; docs/cli.md has the same table."""

from __future__ import annotations

from enum import IntEnum

import up42_facade as up42


class ExitCode(IntEnum):
    """How a command ended, for scripts."""

    OK = 0
    ERROR = 1
    """An expected error: refused inputs, wrong credentials, no network, a full disk."""
    USAGE = 2
    """An option, a value or FILE can't be used. Nothing was executed."""
    UNSUCCESSFUL = 3
    """A job ended without success, so there are no results."""
    UNFINISHED = 4
    """A job didn't end in time; it goes on at the server."""
    LIMIT = 5
    """It costs more than the limit, or than the account has. Nothing was executed."""
    UNCERTAIN = 6
    """The answer to an execution was lost: look for the job before you execute again."""
    INCOMPLETE = 7
    """Something could not be done for a part of a batch: run the same command again."""
    NOT_AS_DOCUMENTED = 8
    """A response of the API differs from the OpenAPI document, or a request failed."""
    INTERRUPTED = 130
    """Ctrl-C. Nothing was canceled on the server."""
    CLOSED_OUTPUT = 141
    """Whoever read the output had enough, for instance `head`."""


def code_of(error: up42.Up42Error) -> ExitCode:
    """Return the exit code for an error of the package."""
    meanings: tuple[tuple[type[up42.Up42Error] | tuple[type[up42.Up42Error], ...], ExitCode], ...]
    meanings = (
        (up42.UnfinishedJob, ExitCode.UNFINISHED),
        (up42.NoResultsError, ExitCode.UNSUCCESSFUL),
        ((up42.CostLimitError, up42.InsufficientCreditsError), ExitCode.LIMIT),
        (up42.ExecutionUncertainError, ExitCode.UNCERTAIN),
        (up42.PartialBatchError, ExitCode.INCOMPLETE),
        (up42.InvalidInputError, ExitCode.USAGE),
    )
    for kinds, code in meanings:
        if isinstance(error, kinds):
            return code
    return ExitCode.ERROR
