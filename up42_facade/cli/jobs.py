"""`up42 jobs`: list, show, track, and download processing jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import click

import up42_facade as up42
from up42_facade.cli.errors import CommandError, ExitCode, on_interrupt
from up42_facade.cli.options import (
    LIMIT,
    Group,
    OutputFolder,
    asset_options,
    auth_options,
    list_or_none,
    non_empty,
    only,
    process_ids,
    wait_options,
)
from up42_facade.cli.output import (
    Output,
    output_options,
    record_of,
)
from up42_facade.cli.tables import Column

FIELDS = (
    "id", "process_id", "status", "is_finished", "is_succeeded", "title", "credits", "created",
    "started", "finished", "updated", "workspace_id", "account_id", "collection_url", "errors",
    "inputs",
)  # fmt: skip
FILE_FIELDS = ("job_id", "path")
COLUMNS = (
    Column("id"),
    Column("status"),
    Column("credits", is_number=True),
    Column("process_id", "process", is_cut=True),
    Column("created", "created (UTC)", is_time=True, rank=2),
    Column("title", is_cut=True, rank=1),
)
job_argument = click.argument("job_id", metavar="ID", callback=non_empty)
SECONDS = click.IntRange(min=0)


def job_statuses(context: click.Context, parameter: click.Parameter, prefix: str) -> list[str]:
    """Complete the status of a job."""
    return [status.value for status in up42.JobStatus if status.value.startswith(prefix)]


@click.group(cls=Group)
def jobs() -> None:
    """Processing jobs."""


@jobs.command("list")
@click.option(
    "--status",
    multiple=True,
    callback=list_or_none,
    shell_complete=job_statuses,
    help="Only jobs with this status. Repeatable.",
)
@click.option(
    "--process",
    "process_id",
    multiple=True,
    callback=list_or_none,
    metavar="ID",
    shell_complete=process_ids,
    help="Only jobs of this process. Repeatable.",
)
@click.option("--created-after", metavar="TIME", help="Only jobs created at this time or later.")
@click.option("--created-before", metavar="TIME", help="Only jobs created before this time.")
@click.option(
    "--min-duration",
    type=SECONDS,
    metavar="SECONDS",
    help="Only jobs that ran at least this many seconds.",
)
@click.option(
    "--max-duration",
    type=SECONDS,
    metavar="SECONDS",
    help="Only jobs that ran at most this many seconds.",
)
@click.option("--workspace-id", metavar="ID", help="Only jobs of this workspace.")
@click.option(
    "--sort",
    "sort_by",
    default="created",
    metavar="FIELD",
    help="created, credits, process_id, or status, with .asc or .desc. [created.desc]",
)
@click.option("--limit", type=LIMIT, metavar="N", help="Only the first N jobs.")
@output_options
@auth_options
def list_jobs(
    sort_by: str, limit: int | None, out: Output, session: up42.Session, **filters: Any
) -> None:
    """List jobs, the newest first.

    TIME is a date or a time such as 2024-06-01T12:00:00Z, in UTC if it has no time zone.
    """
    found = up42.Job.all(sort_by=sorting_field(sort_by), session=session, **filters)
    out.records((record_of(job, FIELDS) for job in islice(found, limit)), FIELDS, COLUMNS)


def sorting_field(text: str) -> up42.SortingField:
    """Return the field of `JobSorting` that a string such as `credits.asc` names.

    Raises:
        BadParameter: If there is no such field or direction.
    """
    name, _, direction = text.partition(".")
    fields = {k: f for k, f in vars(up42.JobSorting).items() if isinstance(f, up42.SortingField)}
    if name not in fields or direction not in ("", "asc", "desc"):
        raise click.BadParameter(
            f"{text!r}: expected one of {', '.join(fields)}, with .asc or .desc if needed.",
            param_hint="--sort",
        )
    field = fields[name]
    if not direction:
        return field
    return field.asc if direction == "asc" else field.desc


@jobs.command("show")
@job_argument
@output_options
@auth_options
def show_job(job_id: str, out: Output, session: up42.Session) -> None:
    """Show a job."""
    out.record(record_of(up42.Job.get(job_id, session=session), FIELDS), FIELDS)


@jobs.command("track")
@job_argument
@wait_options
@output_options
@auth_options
def track_job(job_id: str, wait: float, timeout: float, out: Output, session: up42.Session) -> None:
    """Wait until a job ends, and show it.

    Exits with code 3 if the job has no results, with 4 if it still runs.
    """
    job = up42.Job.get(job_id, session=session)
    try:
        track(job, wait, timeout)
    finally:
        out.record(record_of(job, FIELDS), FIELDS)
    require_success(job)


@jobs.command("download")
@job_argument
@click.option(
    "-o",
    "--output",
    "output_directory",
    type=OutputFolder(),
    metavar="DIR",
    help="Folder or cloud storage URL for the files. [job_ID]",
)
@asset_options
@click.option("--inputs", is_flag=True, help="Download the inputs of the job instead.")
@click.option("--quicklooks", is_flag=True, help="Download the quicklooks instead.")
@output_options
@auth_options
def download_job(
    job_id: str,
    output_directory: Path | str | None,
    inputs: bool,
    quicklooks: bool,
    out: Output,
    session: up42.Session,
    **options: Any,
) -> None:
    """Download the results of a job and print their paths.

    Existing files are kept and not downloaded again.
    """
    if inputs and quicklooks:
        raise click.UsageError("--inputs and --quicklooks exclude each other.")
    if inputs:
        options = only("--inputs", options, "assets", "overwrite")
    elif quicklooks:
        options = only("--quicklooks", options)
    job = up42.Job.get(job_id, session=session)
    with on_interrupt("Complete files were kept; run the same command again to continue."):
        if quicklooks:
            paths = job.download_quicklooks(output_directory)
        elif inputs:
            paths = job.download_inputs(output_directory, **options)
        else:
            paths = job.download_results(output_directory, **options)
    write_paths(out, {job.id: paths})


def track(job: up42.Job, wait: float, timeout: float) -> None:
    """Wait until a job ends.

    Raises:
        UnfinishedJob: If it still runs after `timeout` seconds.
    """
    wait = min(wait, timeout)
    advice = f"The job continues on the server; wait for it again: up42 jobs track {job.id}"
    with on_interrupt(advice):
        job.track(wait=wait, retries=int(timeout // wait) + 1)


def require_success(job: up42.Job) -> None:
    """End the command if a job ended without success.

    Raises:
        CommandError: If the job has no results.
    """
    if job.is_succeeded:
        return
    reasons = "; ".join(map(str, job.errors or ()))
    raise CommandError(
        f"Job {job.id} ended {job.status.value!r} and has no results."
        + (f" {reasons}" if reasons else ""),
        ExitCode.JOB_FAILED,
    )


def write_paths(out: Output, paths: Mapping[str, Iterable[str]]) -> None:
    """Write the paths of downloaded files, one per line, or records with their jobs."""
    records = [
        {"job_id": job_id, "path": path} for job_id, found in paths.items() for path in found
    ]
    out.text("\n".join(record["path"] for record in records), records, FILE_FIELDS)
