"""Options that several commands have: account, waiting, spending, and assets."""

from __future__ import annotations

import functools
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

import up42_facade as up42
from up42_facade.cli.errors import CommandError, ExitCode, in_own_terms
from up42_facade.cli.output import (
    FORMAT_OPTIONS,
    Command,
    global_option,
    is_interactive,
    is_stderr_terminal,
    print_message,
    together,
)
from up42_facade.downloads import scheme_of
from up42_facade.errors import escape_for_terminal

SECRETS = ("UP42_PASSWORD", "UP42_PROJECT_API_KEY")
NOTHING_DONE = "Nothing was executed."
DEFAULT_WAIT = 60.0
LIMIT = click.IntRange(1, sys.maxsize)
# The documented default of Job.track: three days.
DEFAULT_TIMEOUT = 60.0 * 60 * 24 * 3
# A year, in seconds.
MAX_WAIT = 60.0 * 60 * 24 * 366


class LocalPath(click.Path):
    """A path in which `~` is the home folder, even if no shell replaces it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(path_type=Path, **options)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        if not os.fspath(value):
            self.fail("it's empty.", param, ctx)
        home = os.path.expanduser(value)  # noqa: PTH111 - Path's raises for a file named ~draft
        return super().convert(home, param, ctx)


class OutputFolder(LocalPath):
    """A folder here or in cloud storage; a URL is checked before anything is spent."""

    def __init__(self) -> None:
        super().__init__(file_okay=False)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        from up42_facade.downloads import open_folder

        try:
            open_folder(str(value))
        except up42.InvalidInputError as error:
            self.fail(str(error).removeprefix("output_directory="), param, ctx)
        return super().convert(value, param, ctx) if scheme_of(value) is None else value


def positive(context: click.Context, parameter: click.Parameter, seconds: float) -> float:
    """Reject durations that can't be waited, such as `nan` and `inf`."""
    if not 0 < seconds <= MAX_WAIT:
        raise click.BadParameter("expected a positive number of seconds.", context, parameter)
    return seconds


def number(context: click.Context, parameter: click.Parameter, text: str | None) -> Decimal | None:
    """Read a number of credits."""
    if text is None:
        return None
    with suppress(InvalidOperation):
        if (credits := Decimal(text)) >= 0:
            return credits
    message = f"{text!r}: expected a number of credits that isn't negative."
    raise click.BadParameter(message, context, parameter)


def non_empty(context: click.Context, parameter: click.Parameter, text: str) -> str:
    """Reject an empty string, which a variable of the shell without a value leads to."""
    if not text:
        raise click.BadParameter("it's empty.", context, parameter)
    return text


def list_or_none(
    context: click.Context, parameter: click.Parameter, values: Sequence[str]
) -> list[str] | None:
    """Return the values of a repeatable option; None if it isn't given."""
    return list(values) or None


ACCOUNT_OPTIONS = (
    global_option("--profile", metavar="NAME", help="Stored login. Overrides UP42_PROFILE."),
    global_option(
        "--cfg-file",
        type=LocalPath(dir_okay=False),
        metavar="PATH",
        help="JSON file with username and password.",
    ),
    global_option("--username", metavar="EMAIL", help="Overrides UP42_USERNAME."),
    global_option("--region", metavar="NAME", help="eu or sa. Overrides UP42_REGION."),
    global_option(
        "--base-url",
        metavar="URL",
        help="Base URL of another UP42 server, such as a sandbox. Overrides UP42_BASE_URL.",
    ),
    global_option("-v", "--verbose", is_flag=True, help="Show requests on stderr."),
)
ACCOUNT_ARGUMENTS = ("profile", "cfg_file", "username", "region", "base_url")


class Group(click.Group):
    """A group of commands that accepts the global options before the command's name."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for option in (*FORMAT_OPTIONS, *ACCOUNT_OPTIONS):
            option(self)


def account_options(command: Command) -> Command:
    """Decorate a command: add the options of the account, and pass them as a dict `account`."""

    @functools.wraps(command)
    def wrapped(*arguments: Any, **options: Any) -> None:
        context = click.get_current_context()
        given = {k: context.meta[k] for k in ACCOUNT_ARGUMENTS if k in context.meta}
        with in_own_terms(), log_to_stderr("verbose" in context.meta):
            command(*arguments, account=given, **options)

    return together(*ACCOUNT_OPTIONS)(wrapped)


def auth_options(command: Command) -> Command:
    """Decorate a command: add the options of the account, and pass a `session`."""

    @functools.wraps(command)
    def authenticated(*arguments: Any, account: dict[str, Any], **options: Any) -> None:
        if not has_credentials(account) and is_interactive():
            account = {**account, **prompt_for_credentials(account)}
        with up42.Session(**account) as session:
            command(*arguments, session=session, **options)

    return account_options(authenticated)


def has_credentials(account: dict[str, Any]) -> bool:
    """Return whether the options, the environment, or a stored login contain a password."""
    if "cfg_file" in account or "profile" in account:
        return True
    if any(os.environ.get(name) for name in (*SECRETS, "UP42_PROFILE")):
        return True
    # Not at the top: it loads httpx, which --help doesn't need.
    from up42_facade.session import DEFAULT_PROFILE, login_path

    return "username" not in account and login_path(DEFAULT_PROFILE).is_file()


def prompt_for_credentials(account: dict[str, Any]) -> dict[str, str]:
    """Return a username and a password, asking for what the environment doesn't contain."""
    username = account.get("username") or os.environ.get("UP42_USERNAME")
    return {
        "username": username or click.prompt("Email address of the UP42 account", err=True),
        "password": os.environ.get("UP42_PASSWORD")
        or click.prompt("Password", hide_input=True, err=True),
    }


class StderrHandler(logging.Handler):
    """Prints log records as messages."""

    def emit(self, record: logging.LogRecord) -> None:
        print_message(record.getMessage())


@contextmanager
def log_to_stderr(is_verbose: bool) -> Iterator[None]:
    """Print warnings; without progress bars also changes, and if verbose also requests."""
    levels = {
        "up42_facade": logging.INFO if is_verbose or not is_stderr_terminal() else logging.WARNING,
        "httpx": logging.INFO if is_verbose else logging.WARNING,
    }
    handler = StderrHandler()
    former = {name: logging.getLogger(name).level for name in levels}
    for name, level in levels.items():
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).setLevel(level)
    try:
        yield
    finally:
        for name, level in former.items():
            logging.getLogger(name).removeHandler(handler)
            logging.getLogger(name).setLevel(level)


# Decorator: adds --wait and --timeout.
wait_options = together(
    click.option(
        "--wait",
        type=float,
        callback=positive,
        default=DEFAULT_WAIT,
        metavar="SECONDS",
        help="Seconds between polls. [60]",
    ),
    click.option(
        "--timeout",
        type=float,
        callback=positive,
        default=DEFAULT_TIMEOUT,
        metavar="SECONDS",
        help="Maximum time to wait. [3 days]",
    ),
)


# Decorator: adds --track and --download, with what they need.
result_options = together(
    click.option("--track", "is_tracked", is_flag=True, help="Wait until all executed jobs end."),
    wait_options,
    click.option(
        "--download",
        "output_directory",
        type=OutputFolder(),
        metavar="DIR",
        help="Wait for the results and download them to this folder or cloud storage URL.",
    ),
)


# Decorator: adds the options of `Job.download_results`.
asset_options = together(
    click.option(
        "--assets",
        multiple=True,
        callback=list_or_none,
        metavar="KEY",
        help="Only assets with this key, role, or media type. Repeatable.",
    ),
    click.option("--unpack/--no-unpack", "unpacking", default=True, help="Unpack archives. [yes]"),
    click.option("--overwrite", is_flag=True, help="Download existing files again."),
    click.option("--items", is_flag=True, help="Also write each STAC item as ITEM.json."),
)


def only(mode: str, options: dict[str, Any], *usable: str) -> dict[str, Any]:
    """Return the options that can be used with another one.

    Raises:
        UsageError: If others were given.
    """
    context = click.get_current_context()
    for parameter in context.command.params:
        name = str(parameter.name)
        source = context.get_parameter_source(name)
        if name in options and name not in usable and source is not ParameterSource.DEFAULT:
            given = "/".join([*parameter.opts, *parameter.secondary_opts])
            raise click.UsageError(f"{given} can't be used with {mode}.")
    return {name: options[name] for name in usable}


# Decorator: adds --max-credits, --yes, and --budget-id.
spending_options = together(
    click.option(
        "--max-credits",
        callback=number,
        metavar="N",
        help="Execute without asking if the cost is at most N.",
    ),
    click.option("--yes", is_flag=True, help="Execute without asking, at any cost."),
    click.option(
        "--budget-id",
        type=click.UUID,
        callback=lambda context, parameter, value: value and str(value),
        metavar="ID",
        help="UUID of the budget to charge.",
    ),
)


def require_consent(max_credits: Decimal | None, yes: bool) -> None:
    """Stop if spending isn't confirmed and there is no terminal to confirm on.

    Raises:
        UsageError: If neither --max-credits nor --yes is given.
    """
    if max_credits is None and not yes and not is_interactive():
        raise click.UsageError(
            "This costs credits, and there is no terminal to confirm on: pass --max-credits N, "
            f"or --yes to accept any cost. {NOTHING_DONE}"
        )


def confirm(question: str, max_credits: Decimal | None, yes: bool) -> None:
    """Ask for confirmation, unless an option has given it.

    Raises:
        UsageError: If there is no terminal to ask on.
        CommandError: If the user declines.
    """
    require_consent(max_credits, yes)
    if max_credits is not None or yes:
        return
    try:
        agreed = click.confirm(escape_for_terminal(question), err=True)
    except click.Abort:
        # Ctrl-C or the end of the input; the cursor is still behind the question.
        print_message("")
        raise CommandError(NOTHING_DONE, ExitCode.INTERRUPTED) from None
    if not agreed:
        raise CommandError(NOTHING_DONE)


def process_ids(context: click.Context, parameter: click.Parameter, prefix: str) -> list[str]:
    """Complete the ID of a process that has a template class."""
    templates = up42.processing_templates
    classes = [getattr(templates, name) for name in templates.__all__]
    known = [found for kind in classes if isinstance(found := vars(kind).get("process_id"), str)]
    return sorted(process_id for process_id in known if process_id.startswith(prefix))
