"""The entry point: all commands, and how exceptions become messages and exit codes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path

import click

import up42_facade as up42
from up42_facade.cli import auth, batch, check, items, jobs, processes, run, sandbox
from up42_facade.cli.errors import CommandError, ExitCode, code_of
from up42_facade.cli.options import Group
from up42_facade.cli.output import JSON_OPTION, BrokenPipe, print_message

NAME = "up42"
# Longest line of a help text, in characters, if the terminal is wide enough.
HELP_WIDTH = 100
SETTINGS = {"max_content_width": HELP_WIDTH, "help_option_names": ["-h", "--help"]}


@click.group(cls=Group, context_settings=SETTINGS)
@click.version_option(up42.__version__, prog_name=NAME, message="%(prog)s %(version)s")
def commands() -> None:
    """Process satellite imagery at UP42.

    Log in with `up42 auth login`, or set UP42_USERNAME and UP42_PASSWORD. Data goes to stdout,
    messages go to stderr. Use --json and --csv in scripts. The options below are accepted before
    and after the name of a command.
    """


for command in (
    auth.auth,
    auth.balance,
    check.check_api,
    processes.processes,
    items.items,
    run.estimate,
    run.run,
    jobs.jobs,
    batch.batch,
    sandbox.sandbox,
):
    commands.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Arguments of the command line. Defaults to those of this Python process.

    Returns:
        The exit code, one of `ExitCode`.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    prepare_streams()
    if sys.stdout is None:
        print_message("stdout is closed, so there is nowhere to write to. Nothing was done.")
        return ExitCode.ERROR
    try:
        result = commands.main(arguments, prog_name=NAME, standalone_mode=False)
        sys.stdout.flush()
    except Exception as error:
        return handle(error, as_json=JSON_OPTION in arguments)
    except KeyboardInterrupt as interruption:
        return print_interruption(interruption)
    # --help and --version return a code, commands don't.
    return result if isinstance(result, int) else ExitCode.OK


def prepare_streams() -> None:
    """Allow all characters in every locale, and make sure that stderr exists."""
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - open until the end
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def handle(error: Exception, *, as_json: bool) -> int:
    """Print an error and return the exit code; raise unexpected errors."""
    if isinstance(error, click.Abort):
        return print_interruption(error.__cause__)
    if isinstance(error, BrokenPipe | BrokenPipeError):
        discard_output()
        return ExitCode.BROKEN_PIPE
    if isinstance(error, click.ClickException):
        if not as_json:
            error.show()
            return ExitCode.USAGE
        code = ExitCode.USAGE
    elif isinstance(error, CommandError):
        code = error.code
    elif isinstance(error, up42.Up42Error):
        code = code_of(error)
    elif isinstance(error, OSError):
        code = ExitCode.ERROR
    else:
        raise error
    print_error(error, code, as_json=as_json)
    return code


def print_error(error: Exception, code: ExitCode, *, as_json: bool) -> None:
    message = error.format_message() if isinstance(error, click.ClickException) else str(error)
    hints = getattr(error, "__notes__", [])
    if not as_json:
        print_message("\n".join([f"Error: {message}", *hints]))
        return
    content = {"type": type(error).__name__, "message": message, "exit_code": int(code)}
    print_message(json.dumps({"error": content | ({"hints": hints} if hints else {})}))


def print_interruption(interruption: BaseException | None) -> int:
    advice = interruption.args if isinstance(interruption, KeyboardInterrupt) else ()
    print_message(
        " ".join(["Stopped.", *map(str, advice or ["Nothing was canceled on the server."])])
    )
    return ExitCode.INTERRUPTED


def discard_output() -> None:
    """Keep Python from reporting output that can't be written when it exits."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
