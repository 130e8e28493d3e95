"""Tables for notebooks: plain HTML without scripts or network, readable in any theme.

All text is escaped. Styles are inline, because notebooks drop style sheets; in viewers that drop
those, too, the words, marks, and alignment are sufficient.
"""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import islice

from attrs import frozen

from up42_facade._common.times import to_utc
from up42_facade.errors import escape_for_terminal

# Rows of a grid, or entries of a list in a cell, that are shown.
ROWS = 20
# Characters of a cell; an area of interest alone can have thousands.
LONGEST = 500
# Characters of a cell that stays on one line, and of a word that is never broken.
SHORT = 30

# Inherited colors and translucent lines are legible on light and dark backgrounds. Rows are
# transparent, because some sites stripe them in a light color even in their dark theme.
TABLE = (
    "border-collapse:collapse;border:0;margin:2px 0 8px;color:inherit;background:transparent;"
    "font-size:inherit;table-layout:auto;width:auto"
)
ROW = "background:transparent;color:inherit"
CELL = (
    "padding:3px 16px 3px 0;border:0;border-bottom:1px solid rgba(128,128,128,.35);"
    "vertical-align:top;max-width:60em;font-variant-numeric:tabular-nums"
)
WHOLE = "white-space:nowrap"
WRAPPED = "white-space:normal;min-width:16em"
BROKEN = f"{WRAPPED};overflow-wrap:anywhere"
# Without these, notebooks read text between two dollar signs as a formula.
NO_FORMULAS = "tex2jax_ignore mathjax_ignore"

# Colors with a contrast of at least 3:1 on white and on the usual dark backgrounds. Only marks are
# colored, and all can be told apart without color.
GREEN, RED, BLUE, AMBER, GRAY = "#2f9e44", "#e5484d", "#2b88d8", "#c27a00", "#868e96"
MARKS = {
    "✓": (GREEN, "successful captured succeeded"),
    "✗": (
        RED,
        "failed released invalid rejected unlicensed refused cancelled error",
    ),
    "?": (AMBER, "uncertain cancelling"),
    "●": (BLUE, "licensed valid accepted running executing"),
    "○": (GRAY, "created pending not_started"),
}
# Character references of everything that HTML, JavaScript, or Jinja could read as code; HTML has
# none for control characters.
REFERENCES = {
    **dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)), "�"),
    **{ord(mark): f"&#{ord(mark)};" for mark in "&<>\"'`$\\{}\u2028\u2029"},
}
LISTS = (list, tuple, set, frozenset)
MARK_OF = {word: mark for mark, (_, words) in MARKS.items() for word in words.split()}


@frozen
class Status:
    """A status, shown with a colored mark; an unknown one is shown without."""

    word: str


def table(caption: str, rows: Mapping[str, object]) -> str:
    """Return a two-column HTML table; rows whose value is None are left out.

    Args:
        caption: Title of the table.
        rows: Values by name. Times are shown in UTC, a `Status` with its mark, the entries of
            a list on separate lines, and anything else as a string.
    """
    body = "".join(
        f'<tr style="{ROW}">{head(name)}{cell(value, "left")}</tr>'
        for name, value in rows.items()
        if value is not None
    )
    return framed(caption, f"<tbody>{body}</tbody>")


def grid(
    caption: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    more: int = 0,
) -> str:
    """Return an HTML table with a row of column names and many rows; None is an empty cell.

    A column of numbers is aligned to the right.

    Args:
        caption: Title of the table.
        columns: Names of the columns.
        rows: The rows to show, at most `ROWS`, each with a value per column; see `table`.
        more: Number of rows that aren't shown.
    """
    lines = [list(row) for row in rows]
    sides = [
        side(value for line in lines for value in line[i : i + 1]) for i in range(len(columns))
    ]
    names = "".join(head(name, where) for name, where in zip(columns, sides, strict=True))
    body = "".join(
        f'<tr style="{ROW}">'
        + "".join(cell(value, where) for value, where in zip(line, sides, strict=True))
        + "</tr>"
        for line in lines
    )
    rest = f'<td colspan="{len(columns)}" style="{CELL}" align="left">and {more:,} more</td>'
    last = f'<tr style="{ROW}">{rest}</tr>' if more > 0 else ""
    return framed(
        caption, f'<thead><tr style="{ROW}">{names}</tr></thead><tbody>{body}{last}</tbody>'
    )


def framed(caption: str, content: str) -> str:
    title = escaped(caption)
    # A caption would wrap where its table ends. A table wider than the page scrolls by itself.
    return (
        f'<div class="{NO_FORMULAS}" style="overflow-x:auto;color:inherit">'
        f"<strong>{title}</strong>"
        f'<table style="{TABLE}" aria-label="{title}">{content}</table></div>'
    )


def head(name: str, where: str = "left") -> str:
    style = f"{CELL};text-align:{where};{WHOLE};font-weight:600"
    return f'<th style="{style}" align="{where}">{escaped(name)}</th>'


def cell(value: object, where: str) -> str:
    style = f"{CELL};text-align:{where};{wrapping(value)}"
    return f'<td style="{style}" align="{where}">{shown(value)}</td>'


def wrapping(value: object) -> str:
    """Return the style for line breaks in a cell."""
    if isinstance(value, dt.datetime | Status) or is_number(value):
        return WHOLE
    lines = [str(entry) for entry in (value if isinstance(value, LISTS) else [value])]
    if any(len(word) > SHORT for line in lines for word in line.split()):
        return BROKEN
    return WRAPPED if any(len(line) > SHORT for line in lines) else WHOLE


def side(values: Iterable[object]) -> str:
    """Return how a column is aligned: to the right if it contains only numbers."""
    given = [value for value in values if value is not None]
    return "right" if given and all(map(is_number, given)) else "left"


def is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def shown(value: object) -> str:
    """Return a value as HTML."""
    if value is None:
        return ""
    if isinstance(value, Status):
        return marked(value.word)
    if isinstance(value, dt.datetime):
        return readable_time(value)
    if is_number(value):
        return number(value)
    if isinstance(value, LISTS):
        return lines_of(value)
    return escaped(str(value))


def marked(word: str) -> str:
    mark = MARK_OF.get(word.lower().replace(" ", "_"))
    if mark is None:
        return escaped(word)
    color, _ = MARKS[mark]
    return f'<span style="color:{color}" aria-hidden="true">{mark}</span> {escaped(word)}'


def readable_time(moment: dt.datetime) -> str:
    """Return a time in UTC, to the second; UTC is assumed if it has no zone."""
    utc = moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
    return f"{utc:%Y-%m-%d %H:%M:%S} UTC"


def readable(value: object) -> object:
    """Return a time in a string as a datetime, and anything else unchanged."""
    return to_utc(value) or value


def number(value: object) -> str:
    """Return a number with commas between thousands and at most six decimals."""
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.6f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def lines_of(values: Iterable[object]) -> str:
    entries = list(values)
    lines = [shown(entry) for entry in islice(entries, ROWS)]
    if len(entries) > ROWS:
        lines.append(f"and {len(entries) - ROWS:,} more")
    return "<br>".join(lines)


def escaped(text: str) -> str:
    """Return a string as HTML: cut off if it is very long, with control characters as escapes."""
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}… ({len(text):,} characters)"
    return html.escape(escape_for_terminal(text))


def inert(text: str) -> str:
    """Return a string as HTML that stays plain text in JavaScript and Jinja templates, too.

    folium puts it into a JavaScript string and compiles the result as a Jinja template. So every
    character that means something to HTML, JavaScript, or Jinja becomes a character reference,
    which only the browser's HTML parser resolves, as the last of them.
    """
    return text.encode("utf-8", "replace").decode().translate(REFERENCES)
