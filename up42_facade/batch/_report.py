"""Report on a batch: what ran, what it cost against the estimate, what failed and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from up42_facade._common.html import Status
from up42_facade.batch._display import credits_of_jobs
from up42_facade.batch._pricing import total
from up42_facade.batch._records import Record
from up42_facade.errors import escape_for_terminal

COLUMNS = ("#", "Process", "Title", "Status", "Estimated", "Credits", "Ran", "Job")
REASON_COLUMNS = ("#", "Title", "Status", "Reason")
NUMERIC = ("#", "Estimated", "Credits")

Row = tuple[object, ...]


def facts(records: Sequence[Record]) -> dict[str, object]:
    """Return the figures of the whole."""
    executed = [record for record in records if record.job is not None]
    estimated = total(executed).credits
    counts = Counter(record.status for record in records)
    return {
        "Entries": len(records),
        "By status": ", ".join(f"{count} {status}" for status, count in counts.most_common()),
        "Estimated, all": f"{total(records).credits} credits",
        "Estimated, with a job": f"{estimated} credits",
        "Charged": f"{credits_of_jobs(records)} credits",
        "Failed": sum(record.has_failed for record in records),
    }


def rows(records: Sequence[Record]) -> Iterator[Row]:
    for record in records:
        job = record.job
        yield (
            record.index,
            record.process_id,
            record.inputs.get("title"),
            record.status,
            record.cost.credits if record.cost else None,
            None if job is None else record.charged,
            duration(record),
            None if job is None else job.id,
        )


def reasons(records: Sequence[Record]) -> Iterator[Row]:
    for record in records:
        if record.has_failed or record.why:
            yield (
                record.index,
                record.inputs.get("title"),
                record.status,
                record.why or "The server gave no reason.",
            )


def duration(record: Record) -> str | None:
    """Return how long the job ran, as hours, minutes and seconds."""
    job = record.job
    if job is None or job.started is None or job.finished is None:
        return None
    return str(job.finished - job.started).partition(".")[0]


def report(records: Sequence[Record], name: str) -> str:
    """Return the report of some records as Markdown; see `Batch.report`."""
    parts = [f"# Report of {plain(name)}", ""]
    parts += [f"- {key}: {plain(value)}" for key, value in facts(records).items()]
    parts += ["", "## Entries", "", *lines(COLUMNS, rows(records))]
    failed = list(reasons(records))
    if failed:
        parts += ["", "## Failures and doubts", "", *lines(REASON_COLUMNS, failed)]
    return "\n".join(parts) + "\n"


def lines(columns: Sequence[str], content: Iterator[Row] | list[Row]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"| {' | '.join('---:' if name in NUMERIC else '---' for name in columns)} |"
    for row in content:
        yield f"| {' | '.join(map(plain, row))} |"


def plain(value: object) -> str:
    """Return a value as Markdown text that can't break out of its cell."""
    if value is None:
        return ""
    text = escape_for_terminal(" ".join(str(value).split()))
    # Dollars and tildes mean formulas and deletions to many viewers.
    for mark in "\\`*_[]<>|&$~":
        text = text.replace(mark, f"\\{mark}")
    return text


def coloured(row: Row) -> Row:
    return tuple(
        Status(str(value)) if name == "Status" else value
        for name, value in zip(COLUMNS, row, strict=True)
    )
