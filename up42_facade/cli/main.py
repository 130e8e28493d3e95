"""The entry point: all commands, and what an exception means to a terminal and to a script."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path

import click

import up42_facade as up42
from up42_facade.cli import balance, batch, items, jobs, login, processes, running, sandbox
from up42_facade.cli.exit_codes import ExitCode, code_of
from up42_facade.cli.messages import CommandError, say
from up42_facade.cli.output import JSON_OPTION, ClosedOutput

NAME = "up42"
# Longest line of a help text, in characters; narrower terminals get shorter ones.
HELP_WIDTH = 100
UNSTOPPED = "Nothing was cancelled at the server."


SETTINGS = {"max_content_width": HELP_WIDTH, "help_option_names": ["-h", "--help"]}


@click.group(context_settings=SETTINGS)
@click.version_option(up42.__version__, prog_name=NAME, message="%(prog)s %(version)s")
def commands() -> None:
    """Processing of satellite imagery at UP42.

    Credentials come from UP42_USERNAME and UP42_PASSWORD, from --cfg-file, or are asked for at
    a terminal. Data goes to stdout, messages go to stderr. --json and --csv are for programs.
    """


for command in (
    login.login_check,
    balance.balance,
    processes.processes,
    items.items,
    running.cost,
    running.run,
    jobs.jobs,
    batch.batch,
    sandbox.sandbox,
):
    commands.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Command line, that of the process if left out.

    Returns:
        The exit code, one of `ExitCode`.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    prepare_streams()
    if sys.stdout is None:
        say("stdout is closed: there is nowhere to write to. Nothing was done.")
        return ExitCode.ERROR
    try:
        answer = commands.main(arguments, prog_name=NAME, standalone_mode=False)
        sys.stdout.flush()
    except Exception as error:
        return ended(error, as_json=JSON_OPTION in arguments)
    except KeyboardInterrupt as interruption:
        return interrupted(interruption)
    # --help and --version end with a code, commands with nothing.
    return answer if isinstance(answer, int) else ExitCode.OK


def prepare_streams() -> None:
    """Let any text be written, whatever the locale, and have a stderr to write to."""
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - as long as the process
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def ended(error: Exception, *, as_json: bool) -> int:
    """Say what went wrong and return the exit code; raise what nobody expects."""
    if isinstance(error, click.Abort):
        return interrupted(error.__cause__)
    if isinstance(error, ClosedOutput | BrokenPipeError):
        forget_output()
        return ExitCode.CLOSED_OUTPUT
    if isinstance(error, click.ClickException):
        return misused(error, as_json=as_json)
    if isinstance(error, CommandError):
        code = error.code
    elif isinstance(error, up42.Up42Error):
        code = code_of(error)
    elif isinstance(error, OSError):
        code = ExitCode.ERROR
    else:
        raise error
    tell(error, code, as_json=as_json)
    return code


def misused(error: click.ClickException, *, as_json: bool) -> int:
    if as_json:
        tell(error, ExitCode.USAGE, as_json=True)
    else:
        error.show()
    return ExitCode.USAGE


def tell(error: Exception, code: ExitCode, *, as_json: bool) -> None:
    message = error.format_message() if isinstance(error, click.ClickException) else str(error)
    hints = getattr(error, "__notes__", [])
    if not as_json:
        say("\n".join([f"Error: {message}", *hints]))
        return
    content = {"type": type(error).__name__, "message": message, "exit_code": int(code)}
    say(json.dumps({"error": content | ({"hints": hints} if hints else {})}))


def interrupted(interruption: BaseException | None) -> int:
    how_to_go_on = interruption.args if isinstance(interruption, KeyboardInterrupt) else ()
    say(" ".join(["Stopped.", *map(str, how_to_go_on or [UNSTOPPED])]))
    return ExitCode.INTERRUPTED


def forget_output() -> None:
    """Keep Python from complaining at its end about output that nobody takes."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
