"""All that is measured, by topic, and how it is selected by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from attrs import frozen

from benchmarks.measurements.batches import BATCHES
from benchmarks.measurements.bench import Measurement
from benchmarks.measurements.downloads import DOWNLOADS
from benchmarks.measurements.plots import PLOTS
from benchmarks.measurements.processing import JOBS_AND_TEMPLATES, START
from benchmarks.report.figures import Figure


@frozen
class Topic:
    """A section of the page.

    Attributes:
        name: What selects it.
        title: Its heading.
        measurements: What gives its figures.
    """

    name: str
    title: str
    measurements: tuple[Measurement, ...]

    @property
    def figures(self) -> tuple[Figure, ...]:
        """All figures of the topic, in the order of the page."""
        return tuple(figure for each in self.measurements for figure in each.figures)


TOPICS = (
    Topic("start", "Starting up", START),
    Topic("jobs", "Jobs and templates one by one", JOBS_AND_TEMPLATES),
    Topic("batch", "Many templates and jobs", BATCHES),
    Topic("files", "Downloads", DOWNLOADS),
    Topic("plots", "Plots and maps", PLOTS),
)


class UnknownNameError(Exception):
    """Something is selected that doesn't exist."""


def figures() -> list[Figure]:
    """Return all figures, in the order of the page."""
    return [figure for topic in TOPICS for figure in topic.figures]


def names() -> Iterator[str]:
    """Yield all that can be selected."""
    for topic in TOPICS:
        yield topic.name
        for measurement in topic.measurements:
            yield measurement.name
            yield from (figure.name for figure in measurement.figures)


def select(wanted: Sequence[str]) -> list[Measurement]:
    """Return measurements by the names of topics, of themselves or of their figures.

    Args:
        wanted: The names; none selects everything.

    Raises:
        UnknownNameError: There is no such name.
    """
    known = set(names())
    for name in wanted:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise UnknownNameError(f"Nothing is called {name!r}: --list shows the names.{hint}")
    return [
        measurement
        for topic in TOPICS
        for measurement in topic.measurements
        if not wanted or {topic.name, *names_of(measurement)} & set(wanted)
    ]


def names_of(measurement: Measurement) -> set[str]:
    return {measurement.name, *(figure.name for figure in measurement.figures)}
