"""`up42 batch`: many jobs from a file, within a limit, each executed once."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

import up42_facade as up42
from up42_facade.cli.errors import CommandError, ExitCode, on_interrupt
from up42_facade.cli.jobs import write_paths
from up42_facade.cli.options import (
    Group,
    LocalPath,
    OutputFolder,
    asset_options,
    auth_options,
    confirm,
    result_options,
    spending_options,
)
from up42_facade.cli.output import (
    Output,
    OutputFormat,
    counted,
    output_options,
    print_message,
    record_of,
    together,
)
from up42_facade.cli.run import ESTIMATE_FIELDS as RUN_ESTIMATE_FIELDS
from up42_facade.cli.run import cost_fields
from up42_facade.cli.tables import Column

JOURNAL_SUFFIX = ".db"
# Failed entries whose reasons are printed below the table.
LISTED_FAILURES = 10
# Statuses of entries that `execute` creates a job for.
EXECUTABLE = ("pending", "uncertain")
ESTIMATE_FIELDS = ("index", *RUN_ESTIMATE_FIELDS)
ESTIMATE_COLUMNS = (
    Column("index", "#", is_number=True),
    Column("process_id", "process", is_cut=True),
    Column("title", is_cut=True),
    Column("credits", is_number=True),
    Column("size", is_number=True, rank=2),
    Column("unit", rank=2),
    Column("is_valid", "valid"),
    Column("errors", is_cut=True, rank=1),
)
FIELDS = (
    "index", "process_id", "title", "status", "is_finished", "is_succeeded", "job_id", "credits",
    "estimate", "reason", "errors", "inputs", "files",
)  # fmt: skip
COLUMNS = (
    Column("index", "#", is_number=True),
    Column("status"),
    Column("process_id", "process", is_cut=True, rank=1),
    Column("title", is_cut=True),
    Column("estimate", is_number=True, rank=3),
    Column("credits", is_number=True),
    Column("job_id", "job"),
    Column("reason", is_cut=True, rank=2),
)

file_argument = click.argument("file", type=LocalPath(dir_okay=False))
# FILE and the path of its journal.
journal_options = together(
    file_argument,
    click.option(
        "--journal",
        type=LocalPath(dir_okay=False),
        metavar="PATH",
        help=f"Path of the journal. Defaults to FILE{JOURNAL_SUFFIX}.",
    ),
)


def journal_path(file: Path, journal: Path | None) -> Path:
    return journal or file.with_name(f"{file.name}{JOURNAL_SUFFIX}")


@click.group(cls=Group)
def batch() -> None:
    """Many jobs from a CSV or GeoJSON file.

    FILE has a row for each job, with the columns process, title, item (a URL), and any other
    input of the process. Executed jobs are recorded in a journal next to it.
    """


@batch.command("estimate")
@file_argument
@output_options
@auth_options
def estimate_batch(file: Path, out: Output, session: up42.Session) -> None:
    """Validate all rows and estimate their cost without executing them.

    Creates no journal. Exits with code 1 if rows aren't valid.
    """
    with up42.Batch(up42.read_templates(file, session), session=session) as rows:
        rows.estimate()
        out.records(map(estimate_record, rows), ESTIMATE_FIELDS, ESTIMATE_COLUMNS)
        invalid = rows.filter(status="invalid")
        print_message(
            f"{counted(len(rows), 'job')}, {counted(rows.cost.credits, 'credit')} in total."
        )
        print_failures(out, invalid)
        if len(invalid):
            raise CommandError(f"{len(invalid)} of {len(rows)} rows aren't valid.")


@batch.command("run")
@journal_options
@spending_options
@click.option(
    "--cheapest-first", is_flag=True, help="Execute the cheapest rows that fit --max-credits."
)
@click.option(
    "--max-concurrent",
    type=click.IntRange(min=1),
    metavar="N",
    help="Maximum number of jobs that run at once; waits for some to end.",
)
@click.option("--retry-failed", is_flag=True, help="Execute failed rows again.")
@click.option("--allow-own-results", is_flag=True, help="Add rows that process its own results.")
@result_options
@output_options
@auth_options
def run_batch(
    file: Path,
    journal: Path | None,
    allow_own_results: bool,
    out: Output,
    session: up42.Session,
    **options: Any,
) -> None:
    """Execute all rows that have no job yet, which costs credits.

    Safe to run again, even after a crash: no row runs twice, as long as its process and inputs
    stay the same, the title included. --max-credits limits the whole batch, including jobs that
    already ran. Invalid rows are skipped, and rows that process results of this batch are
    rejected. Exits with code 3 if rows have no results and waiting won't produce any.
    """
    templates = up42.read_templates(file, session)
    path = journal_path(file, journal)
    known = count_entries(path, session)
    with (
        on_interrupt(
            "Nothing was canceled on the server. The same command continues where it stopped; "
            "nothing runs twice."
        ),
        up42.Batch(
            templates,
            path,
            add_new=True,
            allow_own_results=allow_own_results,
            session=session,
        ) as whole,
    ):
        rows = select_rows(whole, templates)
        try:
            run_rows(rows, known, **options)
        finally:
            show(out, rows)
        require_results(rows)


@batch.command("status")
@journal_options
@output_options
@auth_options
def show_status(file: Path, journal: Path | None, out: Output, session: up42.Session) -> None:
    """Show the status of the batch.

    Reads the journal, even while another program runs the batch.
    """
    path = journal_path(file, journal)
    with up42.Batch.resume(path, session=session, read_only=True) as found:
        show(out, found)


@batch.command("download")
@journal_options
@click.option(
    "-o",
    "--output",
    "output_directory",
    type=OutputFolder(),
    default=".",
    metavar="DIR",
    help="A folder or a cloud storage URL; each job gets a folder in it. [.]",
)
@click.option(
    "--folders",
    default="job_{job_id}",
    metavar="PATTERN",
    help="Names of these folders, from the fields {title}, {item_id}, {job_id}, and "
    "{process_id}. [job_{job_id}]",
)
@asset_options
@output_options
@auth_options
def download_batch(
    file: Path,
    journal: Path | None,
    output_directory: str | Path,
    out: Output,
    session: up42.Session,
    **options: Any,
) -> None:
    """Download all results and print their paths.

    Jobs without results are skipped. Existing files are kept and not downloaded again.
    """
    advice = "Complete files were kept; run the same command again to continue."
    with (
        on_interrupt(advice),
        up42.Batch.resume(journal_path(file, journal), session=session) as found,
    ):
        paths = found.download(output_directory, **options)
        # In the order of the rows, not of the downloads.
        write_paths(out, {job.id: paths[job.id] for job in found.jobs if job.id in paths})


def count_entries(path: Path, session: up42.Session) -> int:
    """Return how many entries a journal has; 0 if it doesn't exist."""
    if not path.exists() or not path.stat().st_size:
        return 0
    with up42.Batch.resume(path, session=session, read_only=True) as found:
        return len(found)


def select_rows(
    whole: up42.Batch, templates: Sequence[up42.processing_templates.JobTemplate]
) -> up42.Batch:
    """Return the entries of the rows, and those of removed rows that cost credits."""
    rows = {id(template) for template in templates}
    found = whole.filter(
        predicate=lambda entry: (
            id(entry.template) in rows or not (entry.has_failed or entry.status == "pending")
        )
    )
    removed = len(whole) - len(found)
    if removed:
        print_message(f"{removed} entries of the journal are no longer in the file: skipped.")
    return found


def run_rows(
    rows: up42.Batch,
    known: int,
    *,
    max_credits: Decimal | None,
    yes: bool,
    retry_failed: bool,
    is_tracked: bool,
    wait: float,
    timeout: float,
    output_directory: str | Path | None,
    **limits: Any,
) -> None:
    """Execute, and if requested track and download.

    Args:
        rows: The entries of the file.
        known: Number of entries that the journal had before.
        max_credits, yes, retry_failed, is_tracked, wait, timeout, output_directory, limits: The
            options of the command.
    """
    limits = {**limits, "max_credits": max_credits, "wait": wait}
    rows.estimate()
    executable = rows.filter(status=EXECUTABLE)
    failed = rows.failed() if retry_failed else rows[:0]
    wanted = executable + failed
    if len(wanted):
        print_new(wanted, known)
        question = (
            f"Execute {counted(len(wanted), 'job')} for {counted(wanted.cost.credits, 'credit')}?"
        )
        confirm(question, max_credits, yes)
    if len(executable):
        rows.execute(**limits)
    if len(failed):
        rows.retry(**limits)
    left = len(rows.filter(status=EXECUTABLE))
    if left:
        print_message(f"{left} of {len(rows)} jobs weren't executed: not enough credits.")
    if is_tracked or output_directory is not None:
        rows.track(wait=wait, timeout=timeout)
    if output_directory is not None:
        rows.download(output_directory)


def print_new(wanted: up42.Batch, known: int) -> None:
    """Print how many rows a journal doesn't contain yet, and their cost."""
    new = wanted.filter(predicate=lambda entry: entry.index >= known)
    if known and len(new):
        print_message(
            f"{len(new)} rows aren't in the journal yet: they cost {new.cost.credits} credits "
            "more. A row with another title, item, or parameter is a new one."
        )


def show(out: Output, shown: up42.Batch) -> None:
    """Write all entries, and a summary to stderr."""
    out.records(map(entry_record, shown), FIELDS, COLUMNS)
    counts = ", ".join(f"{count} {status}" for status, count in shown.counts.items())
    print_message(f"{counted(len(shown), 'job')}: {counts}; {shown.credits} credits so far.")
    print_failures(out, shown.failed())


def print_failures(out: Output, failed: up42.Batch) -> None:
    """Print why entries failed; JSON and CSV have it in their fields."""
    if out.format is not OutputFormat.TABLE:
        return
    for entry in failed[:LISTED_FAILURES]:
        print_message(f"#{entry.index} {entry.status}: {entry.reason}")
    more = len(failed) - LISTED_FAILURES
    if more > 0:
        print_message(f"… and {more} more.")


def require_results(shown: up42.Batch) -> None:
    """End the command if entries failed.

    Raises:
        CommandError: If there is a failed entry.
    """
    failed = shown.failed()
    if len(failed):
        kinds = ", ".join(f"{count} {status}" for status, count in failed.counts.items())
        raise CommandError(
            f"{len(failed)} of {len(shown)} rows have no results: {kinds}. Execute those that are "
            "valid again with --retry-failed.",
            ExitCode.JOB_FAILED,
        )


def estimate_record(entry: up42.BatchEntry) -> dict[str, Any]:
    return record_of(
        entry, ESTIMATE_FIELDS, is_valid=entry.cost is not None, **cost_fields(entry.cost)
    )


def entry_record(entry: up42.BatchEntry) -> dict[str, Any]:
    job = entry.job
    return record_of(
        entry,
        FIELDS,
        job_id=job and job.id,
        credits=job and job.credits,
        estimate=entry.cost and entry.cost.credits,
    )
