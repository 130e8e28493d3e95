"""Nothing is spent without consent: given by an option, or asked for at a terminal."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import click

from up42_facade.cli.exit_codes import ExitCode
from up42_facade.cli.messages import CommandError, is_interactive, say
from up42_facade.errors import escape_for_terminal

NOTHING_DONE = "Nothing was executed."


def spending(command: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command: give it --max-credits, --yes and --budget-id."""
    for option in (
        click.option(
            "--budget-id",
            type=click.UUID,
            callback=lambda context, parameter, value: value and str(value),
            metavar="ID",
            help="UUID of the budget to charge.",
        ),
        click.option("--yes", is_flag=True, help="Execute at any price, without a question."),
        click.option(
            "--max-credits",
            callback=number,
            metavar="N",
            help="Execute only up to this price, without a question.",
        ),
    ):
        command = option(command)
    return command


def number(context: click.Context, parameter: click.Parameter, text: Any) -> Decimal | None:
    """Read a number of credits; which of them make sense, the package knows."""
    if text is None:
        return None
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise click.BadParameter(f"{text!r} is no number.", param_hint="--max-credits") from error


def require_consent(max_credits: Decimal | None, yes: bool) -> None:
    """Refuse where nothing was agreed to and nobody can be asked.

    Raises:
        UsageError: So it is.
    """
    if max_credits is None and not yes and not is_interactive():
        raise click.UsageError(
            "This costs credits, and nobody can be asked here: add --max-credits N, or --yes for "
            f"any price. {NOTHING_DONE}"
        )


def ask(question: str, max_credits: Decimal | None, yes: bool) -> None:
    """Ask before something is executed, unless an option has answered already.

    Raises:
        UsageError: Nobody can be asked. CommandError: The answer is no.
    """
    require_consent(max_credits, yes)
    if max_credits is not None or yes:
        return
    try:
        agreed = click.confirm(escape_for_terminal(question), err=True)
    except click.Abort:
        # Ctrl-C or the end of the input; the cursor is still behind the question.
        say("")
        raise CommandError(NOTHING_DONE, ExitCode.INTERRUPTED) from None
    if not agreed:
        raise CommandError(NOTHING_DONE)
