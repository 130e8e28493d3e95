"""`up42 batch`: many jobs from a file, within a budget, each once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal
from pathlib import Path

import click

import up42_facade as up42
from up42_facade.cli.batch_run import BatchRun, Wishes
from up42_facade.cli.connecting import connected
from up42_facade.cli.consent import spending
from up42_facade.cli.downloading import assets_of, choosing, write_paths
from up42_facade.cli.exit_codes import ExitCode
from up42_facade.cli.messages import CommandError, hint, on_interrupt, say
from up42_facade.cli.output import Form, Output, printed
from up42_facade.cli.paths import LocalPath
from up42_facade.cli.records import (
    ENTRY_FIELDS,
    ESTIMATE_FIELDS,
    entry_record,
    estimate_record,
)
from up42_facade.cli.tables import Column
from up42_facade.cli.tracking import waiting

JOURNAL_SUFFIX = ".db"
# Failed entries whose reasons stand below the table.
LISTED_FAILURES = 10
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
ENTRY_COLUMNS = (
    Column("index", "#", is_number=True),
    Column("status"),
    Column("process_id", "process", is_cut=True, rank=1),
    Column("title", is_cut=True),
    Column("estimate", is_number=True, rank=3),
    Column("credits", is_number=True),
    Column("job_id", "job"),
    Column("reason", is_cut=True, rank=2),
)


def with_file(command: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command: give it FILE."""
    kind = LocalPath(dir_okay=False)
    return click.argument("file", type=kind)(command)


def with_journal(command: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command: give it FILE and the path of its journal."""
    option = click.option(
        "--journal",
        type=LocalPath(dir_okay=False),
        metavar="PATH",
        help=f"The journal; default: FILE{JOURNAL_SUFFIX}.",
    )
    return with_file(option(command))


def journal_of(file: Path, journal: Path | None) -> Path:
    """Return where the journal lies: beside the file, unless an option says otherwise."""
    return journal or file.with_name(f"{file.name}{JOURNAL_SUFFIX}")


def finding(journal: Path) -> AbstractContextManager[None]:
    """Say what makes a journal, if there is none."""
    if journal.exists():
        return nullcontext()
    return hint(up42.JournalError, "up42 batch run makes it.")


@click.group()
def batch() -> None:
    """Many jobs from a CSV or GeoJSON file.

    FILE has a row for each job, with the columns process, title, item (a URL) and whatever
    else the process takes. What was executed is noted in a journal beside it.
    """


@batch.command("estimate")
@with_file
@printed
@connected
def estimate_batch(file: Path, out: Output, session: up42.Session) -> None:
    """Validate and price all rows without executing them.

    No journal is made. Ends with 1 if rows are not valid.
    """
    with up42.Batch(up42.read_templates(file, session), session=session) as rows:
        rows.estimate()
        out.records(map(estimate_record, rows), ESTIMATE_FIELDS, ESTIMATE_COLUMNS)
        invalid = rows.filter(status="invalid")
        say(f"{len(rows)} jobs, {rows.cost.credits} credits in all.")
        tell_failures(out, invalid)
        if len(invalid):
            raise CommandError(f"{len(invalid)} of {len(rows)} rows are not valid.")


@batch.command("run")
@with_journal
@spending
@click.option(
    "--cheapest-first", is_flag=True, help="Take the cheapest rows that fit --max-credits."
)
@click.option(
    "--max-concurrent",
    type=click.IntRange(min=1),
    metavar="N",
    help="Most jobs that run at once; waits for some to end.",
)
@click.option("--retry-failed", is_flag=True, help="Execute anew what has failed before.")
@click.option("--allow-own-results", is_flag=True, help="Add rows that process its own results.")
@click.option("--track", is_flag=True, help="Wait until all jobs have ended.")
@waiting
@click.option(
    "--download",
    "folder",
    metavar="DIR",
    help="Wait for all results and download them to this folder, or to the URL of a store.",
)
@printed
@connected
def run_batch(
    file: Path,
    journal: Path | None,
    max_credits: Decimal | None,
    yes: bool,
    budget_id: str | None,
    cheapest_first: bool,
    max_concurrent: int | None,
    retry_failed: bool,
    allow_own_results: bool,
    track: bool,
    wait: float,
    timeout: float,
    folder: str | None,
    out: Output,
    session: up42.Session,
) -> None:
    """Execute all rows that have no job yet, which costs credits.

    Safe to run again, even after a crash: no row runs twice, as long as its process and inputs
    stay the same, the title included. --max-credits limits the whole batch, including jobs that
    already ran. Invalid rows are skipped, and rows that process results of this batch are
    refused. Exits with code 3 if rows have no results and waiting won't produce any.
    """
    wishes = Wishes(
        max_credits=max_credits,
        yes=yes,
        budget_id=budget_id,
        cheapest_first=cheapest_first,
        max_concurrent=max_concurrent,
        retry_failed=retry_failed,
        track=track or folder is not None,
        wait=wait,
        timeout=timeout,
        folder=folder,
    )
    templates = up42.read_templates(file, session)
    path = journal_of(file, journal)
    again = "The same command continues where it stopped; nothing runs twice."
    known = count_entries(path, session)
    with (
        on_interrupt(f"Nothing was cancelled at the server. {again}"),
        hint(up42.PartialBatchError, again),
        hint(up42.UnfinishedJob, again),
        hint(up42.CostLimitError, "--cheapest-first takes the cheapest rows that fit."),
        hint(up42.NewTemplatesError, "--allow-own-results adds them."),
        up42.Batch(
            templates,
            path,
            add_new=True,
            allow_own_results=allow_own_results,
            session=session,
        ) as whole,
    ):
        current = BatchRun(whole, templates, wishes, known)
        try:
            current.run()
        finally:
            show(out, current.batch)
        require_results(current.batch)


@batch.command("status")
@with_journal
@printed
@connected
def show_status(file: Path, journal: Path | None, out: Output, session: up42.Session) -> None:
    """Show how the batch stands.

    Reads the journal, also while another process runs the batch.
    """
    path = journal_of(file, journal)
    with finding(path), up42.Batch.resume(path, session=session, read_only=True) as found:
        show(out, found)


@batch.command("download")
@with_journal
@click.option(
    "-o",
    "--output",
    default=".",
    metavar="DIR",
    help="A folder, or the URL of a store; each job gets a folder in it. [.]",
)
@choosing
@printed
@connected
def download_batch(
    file: Path,
    journal: Path | None,
    output: str,
    assets: tuple[str, ...],
    unpacking: bool,
    overwrite: bool,
    out: Output,
    session: up42.Session,
) -> None:
    """Download all results and print their paths.

    Jobs without results are passed over. What is there already is not fetched again.
    """
    path = journal_of(file, journal)
    again = "The same command goes on where it was; what is whole is not fetched again."
    with (
        on_interrupt(again),
        hint(up42.PartialBatchError, again),
        finding(path),
        up42.Batch.resume(path, session=session) as found,
    ):
        paths = found.download(
            output, assets=assets_of(assets), unpacking=unpacking, overwrite=overwrite
        )
        # In the order of the rows, not in that of their arrival.
        write_paths(out, {job.id: paths[job.id] for job in found.jobs if job.id in paths})


def count_entries(path: Path, session: up42.Session) -> int:
    """Return how many entries a journal has; 0 if there is none yet."""
    if not path.exists() or not path.stat().st_size:
        return 0
    with up42.Batch.resume(path, session=session, read_only=True) as found:
        return len(found)


def show(out: Output, shown: up42.Batch) -> None:
    """Write how all entries stand, and for people a summary."""
    out.records(map(entry_record, shown), ENTRY_FIELDS, ENTRY_COLUMNS)
    say(summary(shown))
    tell_failures(out, shown.failed())


def tell_failures(out: Output, failed: up42.Batch) -> None:
    """Say why entries have failed; programs find it in their fields."""
    if out.form is not Form.TABLE:
        return
    for entry in failed[:LISTED_FAILURES]:
        say(f"#{entry.index} {entry.status}: {entry.reason}")
    more = len(failed) - LISTED_FAILURES
    if more > 0:
        say(f"… and {more} more.")


def summary(shown: up42.Batch) -> str:
    """Return the counts by status, and the credits so far."""
    counts = ", ".join(f"{count} {status}" for status, count in shown.counts.items())
    return f"{len(shown)} jobs: {counts}; {shown.credits} credits so far."


def require_results(shown: up42.Batch) -> None:
    """End the command if something has failed.

    Raises:
        CommandError: It has.
    """
    failed = shown.failed()
    if len(failed):
        kinds = ", ".join(f"{count} {status}" for status, count in failed.counts.items())
        raise CommandError(
            f"{len(failed)} of {len(shown)} rows have no results: {kinds}. --retry-failed executes "
            "anew what is valid by then.",
            ExitCode.UNSUCCESSFUL,
        )
