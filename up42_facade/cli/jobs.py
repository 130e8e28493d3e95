"""`up42 jobs`: list, show, track and download processing jobs."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import click

import up42_facade as up42
from up42_facade.cli.completing import job_statuses, process_ids
from up42_facade.cli.connecting import connected
from up42_facade.cli.downloading import assets_of, choosing, write_paths
from up42_facade.cli.messages import on_interrupt
from up42_facade.cli.output import Output, printed
from up42_facade.cli.paths import LocalPath
from up42_facade.cli.records import JOB_FIELDS, job_record
from up42_facade.cli.sorting import sorting_field
from up42_facade.cli.tables import Column
from up42_facade.cli.tracking import follow, require_success, waiting

COLUMNS = (
    Column("id"),
    Column("status"),
    Column("credits", is_number=True),
    Column("process_id", "process", is_cut=True),
    Column("created", "created (UTC)", is_time=True, rank=2),
    Column("title", is_cut=True, rank=1),
)
SECONDS = click.IntRange(min=0)


@click.group()
def jobs() -> None:
    """Processing jobs."""


@jobs.command("list")
@click.option(
    "--status", multiple=True, shell_complete=job_statuses, help="Only this status; repeatable."
)
@click.option(
    "--process",
    multiple=True,
    metavar="ID",
    shell_complete=process_ids,
    help="Only jobs of this process; repeatable.",
)
@click.option("--created-after", metavar="TIME", help="Made at this time or later, in UTC.")
@click.option("--created-before", metavar="TIME", help="Made before this time, in UTC.")
@click.option("--min-duration", type=SECONDS, metavar="SECONDS", help="Ran so long at least.")
@click.option("--max-duration", type=SECONDS, metavar="SECONDS", help="Ran so long at most.")
@click.option("--workspace-id", metavar="ID", help="Only jobs of this workspace.")
@click.option(
    "--sort",
    default="created",
    metavar="FIELD",
    help="created, credits, process_id or status, also with .asc or .desc. [created.desc]",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="The first N only.")
@printed
@connected
def list_jobs(
    status: tuple[str, ...],
    process: tuple[str, ...],
    created_after: str | None,
    created_before: str | None,
    min_duration: int | None,
    max_duration: int | None,
    workspace_id: str | None,
    sort: str,
    limit: int | None,
    out: Output,
    session: up42.Session,
) -> None:
    """List jobs, the newest first."""
    found = up42.Job.all(
        process_id=list(process) or None,
        workspace_id=workspace_id,
        status=list(status) or None,
        min_duration=min_duration,
        max_duration=max_duration,
        sort_by=sorting_field(sort, up42.JobSorting),
        created_after=created_after,
        created_before=created_before,
        session=session,
    )
    out.records(map(job_record, islice(found, limit)), JOB_FIELDS, COLUMNS)


@jobs.command("show")
@click.argument("job_id", metavar="ID")
@printed
@connected
def show_job(job_id: str, out: Output, session: up42.Session) -> None:
    """Show a job."""
    out.record(job_record(up42.Job.get(job_id, session=session)), JOB_FIELDS)


@jobs.command("track")
@click.argument("job_id", metavar="ID")
@waiting
@printed
@connected
def track_job(job_id: str, wait: float, timeout: float, out: Output, session: up42.Session) -> None:
    """Wait until a job has ended, and show it.

    Ends with 3 if the job has no results, with 4 if it goes on.
    """
    job = up42.Job.get(job_id, session=session)
    try:
        follow(job, wait, timeout)
    finally:
        out.record(job_record(job), JOB_FIELDS)
    require_success(job)


@jobs.command("download")
@click.argument("job_id", metavar="ID")
@click.option(
    "-o",
    "--output",
    type=LocalPath(file_okay=False),
    metavar="DIR",
    help="Where to; default: the folder job_ID.",
)
@choosing
@click.option("--inputs", is_flag=True, help="The files that the job was given, instead.")
@click.option("--quicklooks", is_flag=True, help="The quicklooks of the results, instead.")
@printed
@connected
def download_job(
    job_id: str,
    output: Path | None,
    assets: tuple[str, ...],
    unpacking: bool,
    overwrite: bool,
    inputs: bool,
    quicklooks: bool,
    out: Output,
    session: up42.Session,
) -> None:
    """Download the results of a job and print their paths.

    What is there already is not fetched again.
    """
    if inputs and quicklooks:
        raise click.UsageError("--inputs and --quicklooks exclude each other.")
    job = up42.Job.get(job_id, session=session)
    with on_interrupt("What is whole was kept; the same command goes on."):
        if quicklooks:
            paths = job.download_quicklooks(output)
        elif inputs:
            keys = assets_of(assets) or "data"
            paths = job.download_inputs(output, assets=keys, overwrite=overwrite)
        else:
            paths = job.download_results(
                output, assets=assets_of(assets), unpacking=unpacking, overwrite=overwrite
            )
    write_paths(out, {job.id: paths})
