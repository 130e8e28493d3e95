"""What a comparison is, and how it is shown."""

from __future__ import annotations

import datetime as dt
import os
import platform
import statistics
import subprocess
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

Runs = dict[str, list[float]]
HEADINGS = ("What", "up42_facade", "up42-py", "Times faster", "To reach", "Reached")


class Comparison(NamedTuple):
    """The seconds that each client took in each run.

    Attributes:
        what: What both did.
        runs: Seconds by client: `ours` and `rival`.
        at_least: How many times faster ours has to be; None where nothing was promised.
    """

    what: str
    runs: Runs
    at_least: float | None = None

    @property
    def ratio(self) -> float:
        """How many times faster ours is, by the medians."""
        return statistics.median(self.runs["rival"]) / statistics.median(self.runs["ours"])

    @property
    def reached(self) -> bool | None:
        """Whether the figure was reached; None where nothing was promised."""
        return None if self.at_least is None else self.ratio >= self.at_least

    def cells(self) -> tuple[str, ...]:
        """Return the row of the table."""
        target = "" if self.at_least is None else f"{self.at_least:g}"
        words = {True: "yes", False: "**no**", None: ""}
        return (
            self.what,
            seconds(self.runs["ours"]),
            seconds(self.runs["rival"]),
            f"{self.ratio:.2f}",
            target,
            words[self.reached],
        )

    def document(self) -> dict[str, Any]:
        """Return the comparison as it goes into the JSON file."""
        return {
            "what": self.what,
            "seconds": self.runs,
            "ratio": round(self.ratio, 3),
            "at_least": self.at_least,
            "reached": self.reached,
        }


def seconds(runs: list[float]) -> str:
    """Write a median with the fastest and the slowest run."""
    factor, unit = (1000, "ms") if statistics.median(runs) < 1 else (1, "s")
    low, middle, high = (
        factor * value for value in (min(runs), statistics.median(runs), max(runs))
    )
    digits = 1 if unit == "ms" else 2
    return f"{middle:.{digits}f} {unit} ({low:.{digits}f} to {high:.{digits}f})"


def machine(rival_python: str) -> dict[str, str]:
    """Return what the figures depend on."""
    question = (
        "import platform; from importlib.metadata import version as v; "
        "print(platform.python_version(), v('up42-py'), v('requests'))"
    )
    answer = subprocess.run(
        [rival_python, "-c", question], check=True, capture_output=True, text=True
    )
    python, rival, requests = answer.stdout.split()
    return {
        "date": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d"),
        "processor": processor(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else ""),
        "system": platform.platform(terse=True),
        "up42_facade": f"{version('up42-facade')} on Python {platform.python_version()}, "
        f"httpx {version('httpx')}",
        "up42-py": f"{rival} on Python {python}, requests {requests}",
    }


def processor() -> str:
    """Return the processor's name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def markdown(comparisons: Iterable[Comparison], facts: dict[str, str]) -> str:
    """Return the page that is kept beside the benchmarks."""
    rows = [HEADINGS, ("---",) * len(HEADINGS), *(found.cells() for found in comparisons)]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    about = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    return f"""\
# Benchmarks

Written by `make bench`. Both clients ran the same lines against the same local sandbox, in turns
and in fresh processes. Median, and the fastest and slowest run in brackets.

{table}

{about}
"""
