"""What a figure is: what is measured, in which unit, and what is to be reached."""

from __future__ import annotations

from enum import Enum

from attrs import frozen

SDK = "up42-py 4.3.0"
# The last version with analytics jobs, their downloads and plots.
OLD_SDK = "up42-py 0.37.2"


class Unit(Enum):
    """A unit: its symbol, how many seconds or bytes it has, and the digits that are shown."""

    SECONDS = ("s", 1.0, 2)
    MILLISECONDS = ("ms", 1e-3, 1)
    MEGABYTES = ("MB", 1e6, 1)
    MEBIBYTES = ("MiB", 2.0**20, 1)
    REQUESTS = ("requests", 1.0, 0)
    CONTENTS = ("× content", 1.0, 3)

    def __init__(self, symbol: str, size: float, digits: int) -> None:
        self.symbol = symbol
        self.size = size
        self.digits = digits

    def number(self, value: float) -> str:
        """Write a value without the symbol."""
        return f"{value / self.size:,.{self.digits}f}"

    def limit(self, value: float) -> str:
        """Write a limit, which is a round number, with the symbol."""
        return f"{value / self.size:g} {self.symbol}"


@frozen(kw_only=True)
class Figure:
    """One row of the page.

    Attributes:
        name: What selects it; the key in results.json.
        what: What both sides do, in a few words.
        rule: How it is measured, for somebody who wants to check it.
        unit: What its values are.
        against: Who or what it is compared with; empty if there is only a limit.
        at_least: How many times less ours has to take; None where nothing was promised.
        at_most: The limit for the highest of our runs, in seconds, bytes or pieces.
    """

    name: str
    what: str
    rule: str
    unit: Unit = Unit.SECONDS
    against: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def target(self) -> str:
        """What is to be reached, in words; empty where nothing was promised."""
        wanted = []
        if self.at_least is not None:
            wanted.append(f"≥ {self.at_least:g} ×")
        if self.at_most is not None:
            wanted.append(f"≤ {self.unit.limit(self.at_most)}")
        return ", ".join(wanted)
