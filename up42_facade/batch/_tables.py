"""Tables of a batch: its estimate and its entries as data frames, and a report as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from attrs import fields

from up42_facade._common import html
from up42_facade._common.logs import get_logger
from up42_facade.batch._entries import BatchEntry
from up42_facade.batch._templates import total
from up42_facade.errors import escape_for_terminal
from up42_facade.processing import JobTemplate, datetime_column, string_column

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pandas import DataFrame

logger = get_logger(__name__)

COLUMNS = ("#", "Process", "Title", "Status", "Estimated", "Credits", "Ran", "Job")
REASON_COLUMNS = ("#", "Title", "Status", "Reason")
NUMERIC = ("#", "Estimated", "Credits")

Row = tuple[object, ...]


def estimate_frame(entries: Sequence[BatchEntry]) -> GeoDataFrame:
    """Return a row for each entry, in EPSG:4326; see `Batch.estimate`."""
    from geopandas import GeoDataFrame, GeoSeries

    costs = [entry.cost for entry in entries]
    frame = entries_frame(
        entries,
        credits=[cost.credits if cost else None for cost in costs],
        strategy=string_column(cost.strategy if cost else None for cost in costs),
        size=[cost.size if cost else None for cost in costs],
        unit=string_column(cost.unit if cost else None for cost in costs),
        is_valid=[cost is not None for cost in costs],
        errors=string_column("; ".join(sorted(map(str, entry.errors or ()))) for entry in entries),
    ).astype({"credits": "Int64", "size": "float64", "is_valid": "bool"})
    # Typed as anything: the stubs of geopandas know no missing shapes, geopandas does.
    shapes: Any = [footprint_of(entry) for entry in entries]
    return GeoDataFrame(frame, geometry=GeoSeries(shapes, index=frame.index, crs="EPSG:4326"))


def batch_frame(entries: Sequence[BatchEntry]) -> DataFrame:
    """Return a row for each entry; see `Batch.to_dataframe`."""
    jobs = [entry.job for entry in entries]
    started = datetime_column(job.started if job else None for job in jobs)
    finished = datetime_column(job.finished if job else None for job in jobs)
    return entries_frame(
        entries,
        status=string_column(entry.status for entry in entries),
        estimated_credits=[entry.cost.credits if entry.cost else None for entry in entries],
        credits=[job.credits if job else None for job in jobs],
        job_id=string_column(job.id if job else None for job in jobs),
        created=datetime_column(job.created if job else None for job in jobs),
        started=started,
        finished=finished,
        duration=finished - started,
        reason=string_column(entry.reason for entry in entries),
    ).astype({"estimated_credits": "Int64", "credits": "Int64"})


def entries_frame(entries: Sequence[BatchEntry], **columns: Any) -> DataFrame:
    """Return a frame with index, process, title, and other columns of entries."""
    import pandas as pd

    process = string_column(entry.process_id for entry in entries)
    title = string_column(entry.title for entry in entries)
    frame = pd.DataFrame({"process_id": process, "title": title, **columns})
    frame.index = pd.Index([entry.index for entry in entries], name="index", dtype="int64")
    return frame


def footprint_of(entry: BatchEntry) -> Any:
    """Return the geometry of an entry's items; None if it isn't known or can't be read."""
    from shapely.geometry import GeometryCollection, shape

    try:
        found = [shape(item.geometry) for item in items_of(entry.template) if item.geometry]
    except Exception as error:  # whatever shapely raises
        logger.warning("A footprint is omitted, as it isn't a geometry of GeoJSON: %s", error)
        return None
    return GeometryCollection(found) if len(found) > 1 else next(iter(found), None)


def items_of(template: JobTemplate) -> Iterator[Any]:
    """Yield the STAC items that a template was created from."""
    for attribute in fields(type(template)):
        value = getattr(template, attribute.name)
        entries = value.values() if isinstance(value, dict) else (value,)
        for entry in entries:
            for single in entry if isinstance(entry, list | tuple) else (entry,):
                if hasattr(single, "get_self_href"):
                    yield single


def counts_of(entries: Iterable[BatchEntry]) -> dict[str, int]:
    """Return the number of entries with each status, the most frequent first."""
    return dict(Counter(entry.status for entry in entries).most_common())


def summary(entries: Sequence[BatchEntry]) -> str:
    """Return the counts by status, and the credits so far."""
    parts = [f"{status} {count}" for status, count in counts_of(entries).items()]
    return escape_for_terminal(" · ".join([*parts, f"{charged(entries)} credits"]))


def charged(entries: Iterable[BatchEntry]) -> int:
    """Return the credits that the jobs have cost or hold, without those that were returned."""
    return sum(entry.charged for entry in entries)


def rows(entries: Iterable[BatchEntry], status: Callable[[str], object] = str) -> list[Row]:
    """Return the rows under `COLUMNS`."""
    return [
        (
            entry.index,
            entry.process_id,
            entry.title,
            status(entry.status),
            entry.cost.credits if entry.cost else None,
            entry.charged if entry.job else None,
            duration(entry),
            entry.job.id if entry.job else None,
        )
        for entry in entries
    ]


def to_html(entries: Sequence[BatchEntry]) -> str:
    """Return the first rows as an HTML table for notebooks."""
    shown = rows(entries[: html.ROWS], html.Status)
    caption = f"Batch of {len(entries)}: {summary(entries)}"
    return html.grid(caption, COLUMNS, shown, more=len(entries) - len(shown))


def report(entries: Sequence[BatchEntry], name: str) -> str:
    """Return the report of some entries as Markdown; see `Batch.report`."""
    counts = counts_of(entries).items()
    facts = {
        "Entries": len(entries),
        "By status": ", ".join(f"{count} {status}" for status, count in counts),
        "Estimated, all": f"{total(entries).credits} credits",
        "Estimated, with a job": f"{total([e for e in entries if e.job]).credits} credits",
        "Charged": f"{charged(entries)} credits",
        "Failed": sum(entry.has_failed for entry in entries),
    }
    failed = [
        (entry.index, entry.title, entry.status, entry.reason or "The server gave no reason.")
        for entry in entries
        if entry.has_failed or entry.reason
    ]
    lines = [f"# Report of {plain(name)}", ""]
    lines += [f"- {key}: {plain(value)}" for key, value in facts.items()]
    lines += ["", "## Entries", "", *markdown(COLUMNS, rows(entries))]
    if failed:
        lines += ["", "## Failures and uncertain entries", "", *markdown(REASON_COLUMNS, failed)]
    return "\n".join(lines) + "\n"


def markdown(columns: Sequence[str], content: Iterable[Row]) -> list[str]:
    marks = ["---:" if name in NUMERIC else "---" for name in columns]
    cells = [columns, marks, *(map(plain, row) for row in content)]
    return [f"| {' | '.join(row)} |" for row in cells]


def duration(entry: BatchEntry) -> str | None:
    """Return how long the job ran, as hours, minutes, and seconds."""
    job = entry.job
    if job is None or job.started is None or job.finished is None:
        return None
    return str(job.finished - job.started).partition(".")[0]


def plain(value: object) -> str:
    """Return a value as Markdown text that can't break out of its cell."""
    if value is None:
        return ""
    text = escape_for_terminal(" ".join(str(value).split()))
    # Dollars and tildes mean formulas and deletions to many viewers.
    for mark in "\\`*_[]<>|&$~":
        text = text.replace(mark, f"\\{mark}")
    return text
