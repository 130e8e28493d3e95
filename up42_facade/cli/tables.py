"""Tables for people: as wide as the terminal allows, plain text where there is none."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from io import StringIO
from itertools import chain
from typing import Any

import click
from attrs import frozen

GAP = 2
# Characters of an ISO 8601 time up to the minutes.
MINUTES = 16
# Characters that a column which may be cut keeps at least.
LEAST_WIDTH = 16
# Digits of a number: enough for coordinates and areas, too few for the noise of binary floats.
DIGITS = 12
# Width where nothing limits it.
UNLIMITED = 100_000
# Columns of a terminal that doesn't tell.
USUAL_WIDTH = 80
# Fields of a validation error, which reads better without their names.
ERROR_FIELDS = {"name", "message"}
GOOD, BAD, BUSY = "green", "red", "yellow"
STATUS_STYLES = {
    "captured": GOOD,
    "successful": GOOD,
    "SUCCEEDED": GOOD,
    "failed": BAD,
    "released": BAD,
    "invalid": BAD,
    "rejected": BAD,
    "unlicensed": BAD,
    "refused": BAD,
    "FAILED": BAD,
    "ERROR": BAD,
    "running": BUSY,
    "RUNNING": BUSY,
    "uncertain": BUSY,
}


@frozen
class Column:
    """A column of a table for people.

    Attributes:
        field: The field that it shows.
        title: Its heading; default: the field's name.
        is_number: Aligned to the right.
        is_time: Shown to the minute; the field holds an ISO 8601 text.
        is_cut: May be cut off where the terminal is narrow.
        rank: Columns of the highest rank are left out first where it is too narrow for all, those
            of one rank together; those of rank 0 never are.
        is_below: Stands in a line of its own below the row where it is too narrow for all.
    """

    field: str
    title: str | None = None
    is_number: bool = False
    is_time: bool = False
    is_cut: bool = False
    rank: int = 0
    is_below: bool = False

    @property
    def heading(self) -> str:
        """What stands above it."""
        return self.title or self.field

    def show(self, record: Mapping[str, Any]) -> str:
        """Return the text of its cell."""
        text = shown(record.get(self.field))
        return text[:MINUTES].replace("T", " ") if self.is_time else text


def table(records: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> str:
    """Return records as a table with a heading."""
    from rich.table import Table
    from rich.text import Text

    cells = {column: [column.show(record) for record in records] for column in columns}
    below = [] if has_room(cells, width()) else [column for column in columns if column.is_below]
    widths = fitting({c: texts for c, texts in cells.items() if c not in below}, width())
    grid = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for column in widths:
        grid.add_column(
            Text(column.heading),
            justify="right" if column.is_number else "left",
            no_wrap=True,
        )
    for row in zip(*(cells[column] for column in widths), strict=True):
        texts = [Text(text, STATUS_STYLES.get(text, "")) for text in row]
        for text, room in zip(texts, widths.values(), strict=True):
            text.truncate(room, overflow="ellipsis")
        grid.add_row(*texts)
    heading, *rows = rendered(grid, sum(widths.values()) + GAP * len(widths))
    parts = [[f"{' ' * GAP}{text}" for text in cells[column]] for column in below]
    # Row after row, each with what stands below it.
    return "\n".join([heading, *chain.from_iterable(zip(rows, *parts, strict=True))])


def card(record: Mapping[str, Any]) -> str:
    """Return one record, a field in each line; fields without a value are left out."""
    fields = {name: lines(value) for name, value in record.items()}
    named = max((len(name) for name, texts in fields.items() if texts), default=0)
    room = max(width() - named - GAP, LEAST_WIDTH)
    found = []
    for name, texts in fields.items():
        label = f"{name:{named}}"
        for line in (part for text in texts for part in wrapped(text, room)):
            value = style(line, fg=STATUS_STYLES.get(line))
            found.append(f"{style(label, bold=True)}{' ' * GAP}{value}")
            label = " " * named
    return "\n".join(found)


def wrapped(text: str, room: int) -> list[str]:
    """Break a line between words; URLs and ids stay whole, so that they can be copied."""
    return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)


def style(text: str, **styles: Any) -> str:
    return click.style(text, **styles) if any(styles.values()) and has_colours() else text


def lines(value: Any) -> list[str]:
    """Return a value as lines for people; none where there is nothing to show."""
    if value is None or value == "" or value == [] or value == {}:
        return []
    if isinstance(value, Mapping):
        return [f"{shown(name)}: {line}" for name, part in value.items() for line in lines(part)]
    if isinstance(value, list):
        if all(isinstance(part, int | float) for part in value):
            return [", ".join(map(shown, value))]
        return [line for part in value for line in entry_lines(part)]
    return [shown(value)]


def entry_lines(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        if set(value) == ERROR_FIELDS:
            return [shown(f"{value['name']}: {value['message']}")]
        return ["; ".join(lines(value))]
    return lines(value)


def shown(value: Any) -> str:
    """Return a value as one line that can't do anything to a terminal."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.{DIGITS}g}"
    if isinstance(value, Mapping | list):
        return "; ".join(lines(value))
    text = str(value)
    if text.isprintable():
        return text
    return "".join(" " if is_control(character) else character for character in text)


def is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def width() -> int:
    """Return how wide the output may be: without limit where it is no terminal."""
    if not sys.stdout.isatty() and not os.environ.get("COLUMNS"):
        return UNLIMITED
    return shutil.get_terminal_size((USUAL_WIDTH, 0)).columns


def fitting(cells: Mapping[Column, Sequence[str]], limit: int) -> dict[Column, int]:
    """Return the columns that find room, each with its width."""
    widths = widths_of(cells)
    if sum(widths[column] for column in widths if not column.is_cut and not column.rank) > limit:
        # What may never be left out is too long already: lines will be broken anyhow.
        return widths
    while True:
        excess = whole(widths) - limit
        spare = {c: max(w - LEAST_WIDTH, 0) for c, w in widths.items() if c.is_cut}
        last = max(widths, key=lambda column: column.rank)
        if excess <= sum(spare.values()) or last.rank == 0:
            return narrowed(widths, spare, excess)
        widths = {column: found for column, found in widths.items() if column.rank < last.rank}


def has_room(cells: Mapping[Column, Sequence[str]], limit: int) -> bool:
    """Tell whether all columns find room, uncut."""
    return whole(widths_of(cells)) <= limit


def widths_of(cells: Mapping[Column, Sequence[str]]) -> dict[Column, int]:
    from rich.cells import cell_len

    return {column: max(map(cell_len, [column.heading, *texts])) for column, texts in cells.items()}


def whole(widths: Mapping[Column, int]) -> int:
    """Return the width of a row."""
    return sum(widths.values()) + GAP * (len(widths) - 1)


def narrowed(
    widths: Mapping[Column, int], spare: Mapping[Column, int], excess: int
) -> dict[Column, int]:
    """Take what is too much from the widest of the columns that may be cut."""
    found = dict(widths)
    for _ in range(min(max(excess, 0), sum(spare.values()))):
        widest = max(
            (column for column in spare if found[column] > LEAST_WIDTH),
            key=lambda column: found[column],
        )
        found[widest] -= 1
    return found


def has_colours() -> bool:
    """Tell whether the output is a terminal that shows colours, and nobody forbids them."""
    is_plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "") == "dumb"
    return sys.stdout.isatty() and not is_plain


def rendered(grid: Any, limit: int) -> list[str]:
    """Return the lines of a table: the heading, and one for each row."""
    from rich.console import Console

    text = StringIO()
    Console(
        file=text,
        width=limit,
        force_terminal=has_colours(),
        color_system="standard" if has_colours() else None,
        legacy_windows=False,
    ).print(grid)
    # Without the blanks that fill up the last column.
    return [line.rstrip() for line in text.getvalue().splitlines()]
