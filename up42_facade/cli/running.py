"""`up42 cost` and `up42 run`: one job, from its price to its results."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import click

import up42_facade as up42
from up42_facade.cli.connecting import connected
from up42_facade.cli.consent import ask, require_consent, spending
from up42_facade.cli.messages import CommandError, hint, on_interrupt, say
from up42_facade.cli.output import Output, printed
from up42_facade.cli.paths import LocalPath
from up42_facade.cli.records import COST_FIELDS, RUN_FIELDS, cost_record, job_record
from up42_facade.cli.templates import make_template, templated
from up42_facade.cli.tracking import follow, require_success, waiting


@click.command()
@templated
@printed
@connected
def cost(out: Output, session: up42.Session, **described: Any) -> None:
    """Validate and price a job without executing it.

    Ends with 1 if the inputs are not valid.
    """
    template = make_template(**described, session=session)
    record = cost_record(template)
    out.record(record, COST_FIELDS)
    if not template.is_valid:
        raise CommandError(f"The inputs for {template.process_id} are not valid.")


@click.command()
@templated
@spending
@click.option("--track", is_flag=True, help="Wait until the job has ended.")
@waiting
@click.option(
    "--download",
    "folder",
    type=LocalPath(file_okay=False),
    metavar="DIR",
    help="Wait for the results and download them to this folder.",
)
@printed
@connected
def run(
    max_credits: Decimal | None,
    yes: bool,
    budget_id: str | None,
    track: bool,
    wait: float,
    timeout: float,
    folder: Path | None,
    out: Output,
    session: up42.Session,
    **described: Any,
) -> None:
    """Execute a process, which costs credits, and show its job.

    Asks before it spends, unless --max-credits or --yes is given; where nobody can be asked,
    one of them is needed. The request is sent once and never repeated.
    """
    require_consent(max_credits, yes)
    template = make_template(**described, session=session)
    ask(f"Execute {template.process_id} for {price(template)}?", max_credits, yes)
    job = execute(template, max_credits, budget_id)
    say(f"Executed for {price(template)}: job {job.id}")
    files = None
    try:
        if track or folder is not None:
            follow(job, wait, timeout)
        if folder is not None and job.is_succeeded:
            again = f"up42 jobs download {job.id} --output {folder}"
            failure = hint(up42.Up42Error, f"The job is done; fetch its results with: {again}")
            with on_interrupt(f"Go on with: {again}"), failure:
                files = job.download_results(folder)
    finally:
        # Whatever happened after the execution, a script has to learn the job's id.
        out.record({**job_record(job), "files": files}, RUN_FIELDS)
    if track or folder is not None:
        require_success(job)


def execute(
    template: up42.processing_templates.JobTemplate,
    max_credits: Decimal | None,
    budget_id: str | None,
) -> up42.Job:
    look = f"up42 jobs list --process {template.process_id} --limit 5"
    interruption = on_interrupt(f"Look whether the job was made before you run it again: {look}")
    with interruption, hint(up42.ExecutionUncertainError, f"At a terminal: {look}"):
        return template.execute(budget_id, max_credits)


def price(template: up42.processing_templates.JobTemplate) -> str:
    credits = template.cost.credits
    return f"{credits} credit{'' if credits == 1 else 's'}"
