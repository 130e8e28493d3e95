"""What goes to stderr: messages, questions, and how to go on after an error or Ctrl-C."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from up42_facade.cli.exit_codes import ExitCode
from up42_facade.errors import escape_for_terminal

UNKNOWN_PROCESS = "up42 processes list shows which there are."


class CommandError(Exception):
    """Ends the command with a message and an exit code."""

    def __init__(self, message: str, code: ExitCode = ExitCode.ERROR) -> None:
        super().__init__(message)
        self.code = code


def say(message: str) -> None:
    """Print a message for people."""
    click.echo(escape_for_terminal(message), err=True)


def is_watched() -> bool:
    """Tell whether somebody sees messages as they come, and bars."""
    return sys.stderr.isatty()


def is_interactive() -> bool:
    """Tell whether somebody can be asked."""
    return sys.stdin is not None and sys.stdin.isatty() and is_watched()


@contextmanager
def on_interrupt(how_to_go_on: str) -> Iterator[None]:
    """Say how to go on if Ctrl-C ends what is in the with-block; an inner one knows better."""
    try:
        yield
    except KeyboardInterrupt as interruption:
        if interruption.args:
            raise
        # The notes of the package tell a script how to go on, not a terminal.
        raise KeyboardInterrupt(how_to_go_on) from interruption


@contextmanager
def hint(kind: type[Exception], text: str) -> Iterator[None]:
    """Add to an error of this kind what to do at a terminal."""
    try:
        yield
    except kind as error:
        error.add_note(text)
        raise
