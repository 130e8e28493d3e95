"""results.json: what was measured so far. A run replaces the rows that it measures anew."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from benchmarks.report.comparisons import Comparison
from benchmarks.report.environment import Environment, merged
from benchmarks.report.figures import Figure

# Significant digits that are kept: more than any clock here is good for.
DIGITS = 6


@frozen
class Results:
    """All comparisons so far.

    Attributes:
        comparisons: By the figure's name.
        took: Seconds that each measurement took, by its name.
    """

    comparisons: Mapping[str, Comparison]
    took: Mapping[str, float]

    def updated(self, measurement: str, seconds: float, found: Iterable[Comparison]) -> Results:
        """Return the results with a measurement's rows replaced."""
        comparisons = {**self.comparisons, **{each.figure.name: each for each in found}}
        return Results(unified(comparisons), {**self.took, measurement: seconds})


def unified(comparisons: Mapping[str, Comparison]) -> dict[str, Comparison]:
    """Let comparisons whose environments don't contradict each other share one."""
    kinds: list[Environment] = []
    places: dict[str, int] = {}
    for name, comparison in comparisons.items():
        for place, kind in enumerate(kinds):
            if (both := merged(kind, comparison.environment)) is not None:
                kinds[place], places[name] = both, place
                break
        else:
            places[name] = len(kinds)
            kinds.append(comparison.environment)
    return {
        name: evolve(comparison, environment=kinds[places[name]])
        for name, comparison in comparisons.items()
    }


def environments(results: Results) -> list[Environment]:
    """Return each environment once."""
    found: list[Environment] = []
    for comparison in results.comparisons.values():
        if comparison.environment not in found:
            found.append(comparison.environment)
    return found


def load(path: Path, figures: Iterable[Figure]) -> Results:
    """Read the file; rows of figures that exist no more are dropped.

    Args:
        path: results.json; empty results if it doesn't exist.
        figures: All figures, in the order of the page.
    """
    if not path.exists():
        return Results({}, {})
    document = json.loads(path.read_text(encoding="utf-8"))
    rows = document["rows"]
    comparisons = {
        figure.name: Comparison(
            figure=figure,
            ours=row["ours"],
            rival=row["rival"],
            date=row["date"],
            environment=document["environments"][row["environment"]],
        )
        for figure in figures
        if (row := rows.get(figure.name)) is not None
    }
    return Results(comparisons, document["took"])


def save(path: Path, results: Results) -> None:
    """Write the file."""
    text = json.dumps(as_document(results), indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def as_document(results: Results) -> dict[str, Any]:
    kinds = environments(results)
    return {
        "environments": kinds,
        "rows": {
            name: {
                "date": each.date,
                "environment": kinds.index(each.environment),
                "ours": [rounded(value) for value in each.ours],
                "rival": [rounded(value) for value in each.rival],
            }
            for name, each in results.comparisons.items()
        },
        "took": {name: round(seconds) for name, seconds in results.took.items()},
    }


def rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
