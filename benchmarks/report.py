"""Figures, their measured values, and the page and chart that show them."""

from __future__ import annotations

import io
import json
import statistics
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from attrs import frozen

# Significant digits that are kept: more than any clock here is good for.
DIGITS = 6
HEADER = """\
<!-- Written by benchmarks/run.py from benchmarks/results.json. Don't edit: run `make bench`. -->

# Benchmarks

`make bench` measures `up42_facade` against the official SDK, `up42-py`, and writes this page.
Both sides do the same work on the same machine, in turns and each in a process of its own; a
local sandbox or file server stands for UP42. Read the ratios rather than the seconds.

- **up42_facade** and **Compared with** show the median, and the lowest and highest run in brackets.
- **Ratio** is how many times less up42_facade takes: seconds, bytes, or requests, by the medians.
  In brackets are the lowest and the highest ratio of a run and the run of the other side that
  followed it. Below 1, the other side is better.
- **Target** is what was promised, and whether it's reached: a ratio of the medians (≥), or a limit
  that the highest run has to keep (≤).

![The ratio of each figure on a logarithmic scale](pictures/benchmarks.svg)
"""
HEADINGS = ("What", "up42_facade", "Compared with", "Ratio", "Target", "Measured")
# Readable on light and dark pages.
INK, BETTER, WORSE = "#808890", "#2f81f7", "#db6d28"


class Unit(Enum):
    """A unit: its symbol, how many seconds or bytes it has, and the digits that are shown."""

    SECONDS = ("s", 1.0, 2)
    MILLISECONDS = ("ms", 1e-3, 1)
    MEGABYTES = ("MB", 1e6, 1)
    MEBIBYTES = ("MiB", 2.0**20, 1)
    REQUESTS = ("requests", 1.0, 0)
    CONTENTS = ("× content", 1.0, 3)

    def text(self, values: Sequence[float]) -> str:
        """Return the median with its unit, and the extremes if they differ from it."""
        middle = statistics.median(values)
        unit = Unit.MILLISECONDS if self is Unit.SECONDS and middle < 1 else self
        symbol, size, digits = unit.value
        low, shown, high = (
            f"{value / size:,.{digits}f}" for value in (min(values), middle, max(values))
        )
        return f"{shown} {symbol}" + ("" if low == high else f" ({low} to {high})")


@frozen(kw_only=True)
class Figure:
    """One row of the page.

    Attributes:
        name: Selects it; the key in results.json.
        what: The work of both sides, in a few words.
        rule: How it is measured, for somebody who wants to check it.
        unit: The unit of its values.
        key: Which value of the readings it is.
        against: The other side; empty if there is only a limit.
        at_least: How many times less up42_facade has to take; None if nothing was promised.
        at_most: The limit for the highest run, in seconds, bytes, or pieces.
    """

    name: str
    what: str
    rule: str
    unit: Unit = Unit.SECONDS
    key: str = "seconds"
    against: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def target(self) -> str:
        """The target in words; empty if nothing was promised."""
        symbol, size, _ = self.unit.value
        least = "" if self.at_least is None else f"≥ {self.at_least:g} ×"
        most = "" if self.at_most is None else f"≤ {self.at_most / size:g} {symbol}"
        return ", ".join(filter(None, (least, most)))


@frozen
class Row:
    """A figure as it was measured: the runs of both sides, the day, and the machine."""

    figure: Figure
    ours: list[float]
    rival: list[float]
    date: str
    environment: dict[str, str]

    @property
    def ratio(self) -> float | None:
        """How many times less up42_facade took, by the medians."""
        return statistics.median(self.rival) / statistics.median(self.ours) if self.rival else None

    @property
    def is_reached(self) -> bool | None:
        """Whether every target is reached; None if nothing was promised."""
        least, most = self.figure.at_least, self.figure.at_most
        if least is None and most is None:
            return None
        return (self.ratio or 0) >= (least or 0) and (most is None or max(self.ours) <= most)

    @property
    def ratio_text(self) -> str:
        """The ratio with its extremes, in bold if the other side is better."""
        if self.ratio is None:
            return ""
        pairs = [rival / ours for ours, rival in zip(self.ours, self.rival, strict=True)]
        shown = f"{times(self.ratio)} ×" if self.ratio >= 1 else f"**{times(self.ratio)} ×**"
        low, high = times(min(pairs)), times(max(pairs))
        return shown if low == high else f"{shown} ({low} to {high})"

    def cells(self, environments: Sequence[dict[str, str]]) -> Iterator[str]:
        """Yield the cells of the table."""
        figure = self.figure
        yield f"{figure.what} (`{figure.name}`)"
        yield figure.unit.text(self.ours)
        yield f"{figure.against}: {figure.unit.text(self.rival)}" if self.rival else ""
        yield self.ratio_text
        verdict = {None: "", True: ": yes", False: ": **no**"}[self.is_reached]
        yield f"{figure.target}{verdict}"
        runs = f"{len(self.ours)} run" + ("s" if len(self.ours) > 1 else "")
        yield f"{self.date}, {runs}, machine {environments.index(self.environment) + 1}"


def times(value: float) -> str:
    """Return a ratio with three digits, never in powers of ten."""
    return f"{value:.0f}" if value >= 99.95 else f"{value:#.3g}"


def load(path: Path, figures: Iterable[Figure]) -> dict[str, Row]:
    """Return the rows of a file by figure; those of figures that don't exist are dropped."""
    if not path.exists():
        return {}
    document = json.loads(path.read_text(encoding="utf-8"))
    return {
        figure.name: Row(
            figure,
            row["ours"],
            row["rival"],
            row["date"],
            document["environments"][row["environment"]],
        )
        for figure in figures
        if (row := document["rows"].get(figure.name)) is not None
    }


def environments_of(rows: Iterable[Row]) -> list[dict[str, str]]:
    """Return each environment once."""
    found: list[dict[str, str]] = []
    for row in rows:
        if row.environment not in found:
            found.append(row.environment)
    return found


def save(path: Path, rows: dict[str, Row]) -> None:
    """Write the rows to a file."""
    environments = environments_of(rows.values())
    document = {
        "environments": environments,
        "rows": {
            name: {
                "date": row.date,
                "environment": environments.index(row.environment),
                "ours": [float(f"{value:.{DIGITS}g}") for value in row.ours],
                "rival": [float(f"{value:.{DIGITS}g}") for value in row.rival],
            }
            for name, row in rows.items()
        },
    }
    text = json.dumps(document, indent=2, ensure_ascii=False)
    path.write_text(f"{text}\n", encoding="utf-8")


def page(rows: dict[str, Row], figures: Sequence[Figure]) -> str:
    """Return the page as Markdown: one table of the rows, and the rules of the figures."""
    environments = environments_of(rows.values())
    promised = [row for row in rows.values() if row.is_reached is not None]
    reached = sum(row.is_reached is True for row in promised)
    lines = [HEADER, f"{reached} of {len(promised)} targets are reached.", "", *table(rows)]
    lines += ["", "Targets that are missed, and rows in which the other side is better:", ""]
    for row in rows.values():
        if row.is_reached is False or (row.ratio or 1) < 1:
            lines.append(f"- {row.figure.what}: {row.ratio_text or row.figure.unit.text(row.ours)}")
    rules: dict[str, list[str]] = {}
    for figure in figures:
        rules.setdefault(figure.rule, []).append(f"`{figure.name}`")
    lines += ["", "## How each row is measured", ""]
    lines += [f"- {', '.join(names)}: {rule}" for rule, names in rules.items()]
    lines += ["", "## Machines"]
    for number, environment in enumerate(environments, 1):
        lines += ["", f"Machine {number}:", ""]
        lines += [f"- {key}: {value}" for key, value in environment.items()]
    missing = [figure for figure in figures if figure.name not in rows]
    if missing:
        lines += ["", "## Not measured yet", "", *(f"- `{e.name}`: {e.what}" for e in missing)]
    return "\n".join([*lines, ""])


def table(rows: dict[str, Row]) -> Iterator[str]:
    environments = environments_of(rows.values())
    yield from (f"| {' | '.join(HEADINGS)} |", f"|{' --- |' * len(HEADINGS)}")
    for row in rows.values():
        cells = (cell.replace("|", "\\|") for cell in row.cells(environments))
        yield f"| {' | '.join(cells)} |"


def chart(rows: dict[str, Row]) -> str:
    """Return the ratios as SVG, on a logarithmic axis."""
    import matplotlib as mpl
    from matplotlib.figure import Figure as Canvas

    compared = [row for row in rows.values() if row.ratio is not None]
    ratios = [row.ratio or 1 for row in compared]
    labels = [f"{row.figure.what} – {row.figure.against}" for row in compared]
    colors = [BETTER if ratio >= 1 else WORSE for ratio in ratios]
    style = {"svg.fonttype": "none", "svg.hashsalt": "up42", "text.color": INK, "font.size": 8}
    with mpl.rc_context({**style, "ytick.labelcolor": INK}):
        canvas = Canvas(figsize=(9, 0.8 + 0.2 * len(compared)), layout="constrained")
        axes = canvas.subplots()
        bars = axes.barh(labels, [ratio - 1 for ratio in ratios], left=1, color=colors)
        axes.bar_label(bars, [f"{times(ratio)}×" for ratio in ratios], padding=4)
        axes.set(xscale="log", xlim=(min([*ratios, 1]) / 3, max([*ratios, 1]) * 3))
        axes.set_title("How many times less up42_facade takes than the other side", loc="left")
        axes.invert_yaxis()
        axes.xaxis.set_visible(False)
        axes.spines[:].set_visible(False)
        axes.axvline(1, color=INK, linewidth=1)
        written = io.StringIO()
        no_metadata: Any = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        canvas.savefig(written, format="svg", metadata=no_metadata, transparent=True)
    text = written.getvalue()
    # Without the reference to a DTD in front.
    return text[text.index("<svg") :]
