"""`up42 estimate` and `up42 run`: one job, from its cost to its results."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

import up42_facade as up42
from up42_facade.cli.errors import CommandError, hint, on_interrupt
from up42_facade.cli.jobs import FIELDS as JOB_FIELDS
from up42_facade.cli.jobs import require_success, track
from up42_facade.cli.options import (
    auth_options,
    confirm,
    process_ids,
    require_consent,
    result_options,
    spending_options,
)
from up42_facade.cli.output import (
    Output,
    counted,
    output_options,
    print_message,
    record_of,
    together,
)
from up42_facade.cli.processes import get_process

ITEM, ITEMS, TITLE = "item", "items", "title"
COST_FIELDS = ("credits", "strategy", "size", "unit")
ESTIMATE_FIELDS = ("process_id", "title", *COST_FIELDS, "is_valid", "errors", "inputs")
RUN_FIELDS = (*JOB_FIELDS, "files")


# Decorator: adds the arguments of `create_template`.
template_options = together(
    click.argument("process_id", metavar="PROCESS", shell_complete=process_ids),
    click.option(
        "--item",
        "items",
        multiple=True,
        metavar="ITEM",
        help="ID or URL of the STAC item to process. Repeatable if it takes several.",
    ),
    click.option("--title", metavar="TEXT", help="Title of the results."),
    click.option(
        "--input",
        "inputs",
        multiple=True,
        metavar="NAME=VALUE",
        help="Any other input; the value can be JSON. Repeatable.",
    ),
    click.option("--workspace-id", metavar="ID", help="Workspace for the results."),
)


@click.command()
@template_options
@output_options
@auth_options
def estimate(out: Output, session: up42.Session, **described: Any) -> None:
    """Validate a job and estimate its cost without executing it.

    Exits with code 1 if the inputs aren't valid.
    """
    template = create_template(**described, session=session)
    cost = cost_fields(template.cost if template.is_valid else None)
    title = template.inputs.get(TITLE)
    out.record(record_of(template, ESTIMATE_FIELDS, title=title, **cost), ESTIMATE_FIELDS)
    if not template.is_valid:
        raise CommandError(f"The inputs for {template.process_id} aren't valid.")


@click.command()
@template_options
@spending_options
@result_options
@output_options
@auth_options
def run(
    max_credits: Decimal | None,
    yes: bool,
    budget_id: str | None,
    is_tracked: bool,
    wait: float,
    timeout: float,
    output_directory: Path | str | None,
    out: Output,
    session: up42.Session,
    **described: Any,
) -> None:
    """Execute a process, which costs credits, and show its job.

    Asks for confirmation unless --max-credits or --yes is given; without a terminal, one of them
    is required. The request is sent once and never retried.
    """
    require_consent(max_credits, yes)
    template = create_template(**described, session=session)
    confirm(f"Execute {template.process_id} for {format_cost(template)}?", max_credits, yes)
    job = execute(template, max_credits, budget_id)
    print_message(f"Executed for {format_cost(template)}: job {job.id}")
    files = None
    try:
        if is_tracked or output_directory is not None:
            track(job, wait, timeout)
        if output_directory is not None and job.is_succeeded:
            again = f"up42 jobs download {job.id} --output {output_directory}"
            advice = f"The job is done; download its results with: {again}"
            with on_interrupt(f"Continue with: {again}"), hint(up42.Up42Error, advice):
                files = job.download_results(output_directory)
    finally:
        # Whatever happens after the execution, a script needs the job's ID.
        out.record(record_of(job, RUN_FIELDS, files=files), RUN_FIELDS)
    if is_tracked or output_directory is not None:
        require_success(job)


def execute(
    template: up42.processing_templates.JobTemplate,
    max_credits: Decimal | None,
    budget_id: str | None,
) -> up42.Job:
    search = f"up42 jobs list --process {template.process_id} --limit 5"
    with on_interrupt(f"Check whether the job was created before you run it again: {search}"):
        return template.execute(budget_id, max_credits)


def format_cost(template: up42.processing_templates.JobTemplate) -> str:
    return counted(template.cost.credits, "credit")


def cost_fields(cost: up42.Cost | None) -> dict[str, Any]:
    return {name: getattr(cost, name, None) for name in COST_FIELDS}


def create_template(
    process_id: str,
    items: Sequence[str],
    title: str | None,
    inputs: Sequence[str],
    workspace_id: str | None,
    session: up42.Session,
) -> up42.processing_templates.JobTemplate:
    """Create the template that the arguments describe.

    Raises:
        UsageError: If arguments are malformed, duplicate, or don't fit the process.
        NotFoundError: If there is no such process.
    """
    given = split_inputs(inputs)
    if title is not None and TITLE in given:
        raise click.UsageError("The title is given twice: with --title and with --input.")
    process = get_process(process_id, session)
    values = up42.parse_inputs(process, given)
    if title is not None:
        values[TITLE] = title
    values.update(item_input(process, [item_url(item, session) for item in items], values))
    return process.template(workspace_id=workspace_id, **values)


def item_url(item: str, session: up42.Session) -> str:
    """Return the URL of an item; IDs are looked up in storage."""
    return item if "/" in item else str(up42.get_item(item, session=session).get_self_href())


def split_inputs(inputs: Sequence[str]) -> dict[str, str]:
    """Split strings such as `name=value`.

    Raises:
        BadParameter: If a name is missing or duplicate, or there is no equals sign.
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
    """Return the values of --item under the name that the process has for them.

    Raises:
        UsageError: If the process has no such input, takes only one item, or --input sets it too.
    """
    if not items:
        return {}
    takes_several = ITEMS in process.inputs and ITEM not in process.inputs
    name = ITEMS if takes_several else ITEM
    if process.inputs and name not in process.inputs:
        names = ", ".join(process.inputs)
        raise click.UsageError(
            f"{process.id} doesn't have the input {ITEM!r}, but {names}: pass its items with "
            "--input NAME=URL."
        )
    if name in others:
        raise click.UsageError(f"{name!r} is given twice: with --item and with --input.")
    if len(items) > 1 and not takes_several:
        raise click.UsageError(f"{process.id} takes one --item, but {len(items)} are given.")
    return {name: list(items) if takes_several else items[0]}
