"""Tables for people: as wide as the terminal allows, uncut if there is no terminal."""

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
# Fewest characters of a column that may be cut.
MIN_WIDTH = 16
# Digits of a number: enough for coordinates and areas, too few for the noise of binary floats.
DIGITS = 12
# Width without a terminal.
UNLIMITED = 100_000
# Width of a terminal that doesn't report it.
DEFAULT_WIDTH = 80
# Fields of a validation error, which is easier to read without their names.
ERROR_FIELDS = {"name", "message"}
GOOD, BAD, BUSY = "green", "red", "yellow"
STATUS_STYLES = {
    **dict.fromkeys(("captured", "successful", "SUCCEEDED"), GOOD),
    **dict.fromkeys(
        ("failed", "released", "invalid", "rejected", "unlicensed", "refused", "FAILED", "ERROR"),
        BAD,
    ),
    **dict.fromkeys(("running", "RUNNING", "uncertain"), BUSY),
}


@frozen
class Column:
    """A column of a table.

    Attributes:
        field: The field that it shows.
        title: Its heading. Defaults to the field's name.
        is_number: Aligned to the right.
        is_time: Shown to the minute; the field is an ISO 8601 string.
        is_cut: May be cut if the terminal is narrow.
        rank: If the terminal is too narrow for all columns, those of the highest rank are hidden
            first, all of one rank together; those of rank 0 never are.
        is_below: Printed on a line of its own below the row if the terminal is narrow.
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
        return self.title or self.field

    def show(self, record: Mapping[str, Any]) -> str:
        """Return the text of its cell."""
        text = to_line(record.get(self.field))
        return text[:MINUTES].replace("T", " ") if self.is_time else text


def table(records: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> tuple[str, list[str]]:
    """Return records as a table with a heading, and the headings of hidden columns with values."""
    from rich.table import Table
    from rich.text import Text

    limit = terminal_width()
    cells = {column: [column.show(record) for record in records] for column in columns}
    is_wide = total_width(natural_widths(cells)) <= limit
    below = [] if is_wide else [column for column in columns if column.is_below]
    widths = fit({c: shown for c, shown in cells.items() if c not in below}, limit)
    grid = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for column in widths:
        grid.add_column(
            Text(column.heading),
            justify="right" if column.is_number else "left",
            no_wrap=True,
        )
    for row in zip(*(cells[column] for column in widths), strict=True):
        parts = [Text(text, STATUS_STYLES.get(text, "")) for text in row]
        for part, room in zip(parts, widths.values(), strict=True):
            part.truncate(room, overflow="ellipsis")
        grid.add_row(*parts)
    heading, *rows = render(grid, sum(widths.values()) + GAP * len(widths))
    indented = [[f"{' ' * GAP}{text}" for text in cells[column]] for column in below]
    # Each row, followed by what is printed below it.
    lines = [heading, *chain.from_iterable(zip(rows, *indented, strict=True))]
    hidden = [column for column in columns if column not in widths and column not in below]
    return "\n".join(lines), [column.heading for column in hidden if any(cells[column])]


def card(record: Mapping[str, Any]) -> str:
    """Return one record, with a line per field; fields without a value are omitted."""
    fields = {name: to_lines(value) for name, value in record.items()}
    indent = max((len(name) for name, found in fields.items() if found), default=0)
    room = max(terminal_width() - indent - GAP, MIN_WIDTH)
    printed = []
    for name, found in fields.items():
        label = f"{name:{indent}}"
        for line in (part for text in found for part in wrap(text, room)):
            value = style(line, fg=STATUS_STYLES.get(line))
            printed.append(f"{style(label, bold=True)}{' ' * GAP}{value}")
            label = " " * indent
    return "\n".join(printed)


def wrap(text: str, room: int) -> list[str]:
    """Break a line between words; URLs and IDs stay in one piece, so that they can be copied."""
    return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)


def style(text: str, **styles: Any) -> str:
    return click.style(text, **styles) if any(styles.values()) and has_colors() else text


def to_lines(value: Any) -> list[str]:
    """Return a value as lines; none if it's empty."""
    if value is None or value in ("", [], {}):
        return []
    if isinstance(value, Mapping):
        return [f"{to_line(k)}: {line}" for k, part in value.items() for line in to_lines(part)]
    if isinstance(value, list):
        if all(isinstance(part, int | float) for part in value):
            return [", ".join(map(to_line, value))]
        return [line for part in value for line in entry_lines(part)]
    return [to_line(value)]


def entry_lines(value: Any) -> list[str]:
    if not isinstance(value, Mapping):
        return to_lines(value)
    if set(value) == ERROR_FIELDS:
        return [to_line(f"{value['name']}: {value['message']}")]
    return ["; ".join(to_lines(value))]


def to_line(value: Any) -> str:
    """Return a value as one line without control characters."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.{DIGITS}g}"
    if isinstance(value, Mapping | list):
        return "; ".join(to_lines(value))
    text = str(value)
    if text.isprintable():
        return text
    return "".join(" " if is_control(character) else character for character in text)


def is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def terminal_width() -> int:
    """Return how wide the output may be: unlimited if it isn't a terminal."""
    fallback = DEFAULT_WIDTH if sys.stdout.isatty() else UNLIMITED
    return shutil.get_terminal_size((fallback, 0)).columns


def fit(cells: Mapping[Column, Sequence[str]], limit: int) -> dict[Column, int]:
    """Return the columns that fit, each with its width."""
    widths = natural_widths(cells)
    if sum(widths[column] for column in widths if not column.is_cut and not column.rank) > limit:
        # Columns that are never hidden are already too wide: lines will be broken anyway.
        return widths
    while True:
        excess = total_width(widths) - limit
        spare = {c: max(w - MIN_WIDTH, 0) for c, w in widths.items() if c.is_cut}
        last = max(widths, key=lambda column: column.rank)
        if excess <= sum(spare.values()) or last.rank == 0:
            return cut(widths, spare, excess)
        widths = {column: found for column, found in widths.items() if column.rank < last.rank}


def natural_widths(cells: Mapping[Column, Sequence[str]]) -> dict[Column, int]:
    from rich.cells import cell_len

    return {column: max(map(cell_len, [column.heading, *shown])) for column, shown in cells.items()}


def total_width(widths: Mapping[Column, int]) -> int:
    return sum(widths.values()) + GAP * (len(widths) - 1)


def cut(
    widths: Mapping[Column, int], spare: Mapping[Column, int], excess: int
) -> dict[Column, int]:
    """Return widths without the excess, taken from the widest of the columns that may be cut."""
    found = dict(widths)
    for _ in range(min(max(excess, 0), sum(spare.values()))):
        widest = max(
            (column for column in spare if found[column] > MIN_WIDTH),
            key=lambda column: found[column],
        )
        found[widest] -= 1
    return found


def has_colors() -> bool:
    """Return whether the output is a terminal that shows colors, and they aren't disabled."""
    is_plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "") == "dumb"
    return sys.stdout.isatty() and not is_plain


def render(grid: Any, limit: int) -> list[str]:
    """Return the lines of a table: the heading, and one for each row."""
    from rich.console import Console

    text = StringIO()
    Console(
        file=text,
        width=limit,
        force_terminal=has_colors(),
        color_system="standard" if has_colors() else None,
        legacy_windows=False,
    ).print(grid)
    # Without the blanks that fill up the last column.
    return [line.rstrip() for line in text.getvalue().splitlines()]
