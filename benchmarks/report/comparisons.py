"""What a comparison is: the runs of both sides, and what follows from them."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import Self

from attrs import field, frozen

from benchmarks.report.figures import Figure, Unit


@frozen
class Spread:
    """The lowest, the middle and the highest of some values."""

    lowest: float
    median: float
    highest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Summarise values, of which there must be one at least."""
        return cls(min(values), statistics.median(values), max(values))

    def text(self, unit: Unit) -> str:
        """Write the median with its unit, and the extremes where they differ from it."""
        if unit is Unit.SECONDS and self.median < 1:
            unit = Unit.MILLISECONDS
        low, middle, high = map(unit.number, (self.lowest, self.median, self.highest))
        extremes = "" if low == high else f" ({low} to {high})"
        return f"{middle} {unit.symbol}{extremes}"


def kept(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(values)


@frozen(kw_only=True)
class Comparison:
    """One figure as it was measured.

    Attributes:
        figure: What was measured.
        ours: The value of each of our runs: seconds, bytes or pieces.
        rival: That of the other side's runs, which took turns with ours; empty without one.
        date: The day, as YYYY-MM-DD.
        environment: Machine and versions.
    """

    figure: Figure
    ours: tuple[float, ...] = field(converter=kept)
    rival: tuple[float, ...] = field(converter=kept)
    date: str
    environment: dict[str, str]

    def __attrs_post_init__(self) -> None:
        expected = len(self.ours) if self.figure.against else 0
        if not self.ours or len(self.rival) != expected:
            raise ValueError(
                f"{self.figure.name}: {len(self.ours)} runs of ours and {len(self.rival)} of "
                f"the other side; expected one at least, and {expected} of the other side."
            )

    @property
    def ratio(self) -> Spread | None:
        """How many times less ours took: by the medians, and of the runs pair by pair."""
        if not self.rival:
            return None
        pairs = [rival / ours for ours, rival in zip(self.ours, self.rival, strict=True)]
        middle = statistics.median(self.rival) / statistics.median(self.ours)
        return Spread(min(pairs), middle, max(pairs))

    @property
    def margin(self) -> Spread | None:
        """How many times our runs fit into the limit; None without a limit."""
        limit = self.figure.at_most
        if limit is None:
            return None
        ours = Spread.of(self.ours)
        return Spread(limit / ours.highest, limit / ours.median, limit / ours.lowest)

    @property
    def reached(self) -> bool | None:
        """Whether every target was reached; None where nothing was promised."""
        figure, ratio, margin = self.figure, self.ratio, self.margin
        found = []
        if figure.at_least is not None:
            found.append(ratio is not None and ratio.median >= figure.at_least)
        if margin is not None:
            found.append(margin.lowest >= 1)
        return all(found) if found else None

    @property
    def lost(self) -> bool:
        """Whether the other side took less."""
        return self.ratio is not None and self.ratio.median < 1
