"""Figures and results that don't change, for the statistics and the page."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.catalogue import Topic
from benchmarks.measurements.bench import Measurement
from benchmarks.report.comparisons import Comparison
from benchmarks.report.figures import Figure, Unit
from benchmarks.report.results import Results

RIVAL = "up42-py 4.3.0"
MACHINE = {"Processor": "Test, 2 cores", "up42_facade 1.0": "Python 3.11", RIVAL: "Python 3.11"}

FASTER = Figure(name="fast", what="do it", rule="Both do it.", against=RIVAL, at_least=2.0)
SLOWER = Figure(name="slow", what="start", rule="Both start.", against="a | b")
LIMITED = Figure(
    name="small",
    what="memory",
    rule="Only ours.",
    unit=Unit.MEBIBYTES,
    at_most=64 * 2**20,
)
UNKNOWN = Figure(name="later", what="something else", rule="Not yet.", against=RIVAL)


FIGURES = (FASTER, SLOWER, LIMITED, UNKNOWN)
TOPIC = Topic(
    "things",
    "Things",
    (Measurement(name="things", figures=FIGURES, run=lambda bench: {}, disk=2_500_000_000),),
)


def comparison(figure: Figure, ours: list[float], rival: list[float], **more: Any) -> Comparison:
    facts = {"date": "2026-01-02", "environment": MACHINE, **more}
    return Comparison(figure=figure, ours=ours, rival=rival, **facts)


@pytest.fixture
def fixed_results() -> Results:
    """One figure that is won, one that is lost, and one that exceeds its limit in one run."""
    found = (
        comparison(FASTER, [1.0, 2.0, 4.0], [8.0, 6.0, 10.0]),
        comparison(SLOWER, [0.2, 0.2, 0.2], [0.1, 0.1, 0.1]),
        comparison(LIMITED, [10e6, 70e6, 12e6], []),
    )
    return Results({each.figure.name: each for each in found}, {"things": 120.0})
