"""The arguments that name a process and its inputs, and the template that they make."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

import up42_facade as up42
from up42_facade.cli.completing import process_ids
from up42_facade.cli.messages import UNKNOWN_PROCESS, hint

ITEM, ITEMS, TITLE = "item", "items", "title"
OPTIONS = (
    click.argument("process_id", metavar="PROCESS", shell_complete=process_ids),
    click.option(
        "--item",
        "items",
        multiple=True,
        metavar="URL",
        help="STAC item to process; repeat it for processes that take several.",
    ),
    click.option("--title", metavar="TEXT", help="Title of the results."),
    click.option(
        "--input",
        "inputs",
        multiple=True,
        metavar="NAME=VALUE",
        help="Any other input; the value may be JSON. Repeatable.",
    ),
    click.option("--workspace-id", metavar="ID", help="Where the results go."),
)


def templated(command: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command: give it what `make_template` needs."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def make_template(
    process_id: str,
    items: Sequence[str],
    title: str | None,
    inputs: Sequence[str],
    workspace_id: str | None,
    session: up42.Session,
) -> up42.processing_templates.JobTemplate:
    """Make the template that the arguments describe.

    Raises:
        UsageError: Arguments are malformed, doubled or don't fit the process.
        NotFoundError: There is no such process.
    """
    given = pairs(inputs)
    if title is not None and TITLE in given:
        raise click.UsageError("The title is given twice: with --title and with --input.")
    with hint(up42.NotFoundError, UNKNOWN_PROCESS):
        process = up42.Process.get(process_id, session=session)
    values = up42.parse_inputs(process, given)
    if title is not None:
        values[TITLE] = title
    values.update(item_input(process, items, values))
    return process.template(workspace_id=workspace_id, **values)


def pairs(inputs: Sequence[str]) -> dict[str, str]:
    """Split `name=value` texts.

    Raises:
        BadParameter: One has no name or no equals sign, or a name comes twice.
    """
    found: dict[str, str] = {}
    for text in inputs:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise click.BadParameter(f"{text!r}: expected NAME=VALUE.", param_hint="--input")
        if name in found:
            raise click.BadParameter(f"{name!r} is given twice.", param_hint="--input")
        found[name] = value
    return found


def item_input(
    process: up42.Process, items: Sequence[str], others: dict[str, Any]
) -> dict[str, Any]:
    """Return --item under the name that the process has for it.

    Raises:
        UsageError: The process takes no items so, or only one, or it is given by --input too.
    """
    if not items:
        return {}
    takes_several = ITEMS in process.inputs and ITEM not in process.inputs
    name = ITEMS if takes_several else ITEM
    if process.inputs and name not in process.inputs:
        names = ", ".join(process.inputs)
        raise click.UsageError(
            f"{process.id} has no input {ITEM!r} but {names}: give its items with --input NAME=URL."
        )
    if name in others:
        raise click.UsageError(f"{name!r} is given twice: with --item and with --input.")
    if len(items) > 1 and not takes_several:
        raise click.UsageError(f"{process.id} takes one --item, but {len(items)} are given.")
    return {name: list(items) if takes_several else items[0]}
