"""What all measurements share: interpreters, sizes, runs in turns, fresh processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from attrs import field, frozen

from benchmarks.report.figures import OLD_SDK, SDK, Figure

CHILDREN = Path(__file__).resolve().parent.parent / "children"
RUNS = 5

# What a process measured of itself: seconds, bytes, and a digest of what it read.
Reading = dict[str, Any]


class Sides(NamedTuple):
    """The values of our runs and of the other side's, in the order in which they ran."""

    ours: list[float]
    rival: list[float] = []  # noqa: RUF012 - a NamedTuple's default, never changed


# The sides of each figure, by its name.
Found = dict[str, Sides]


@frozen
class Bench:
    """Where and how much is measured.

    Attributes:
        pythons: The interpreters that have the official SDK: `SDK` and `OLD_SDK`.
        folder: For test data and downloads; emptied by whoever fills it.
        once: Run each side once: a trial.
        small: Do less work, only to see that everything works.
    """

    pythons: Mapping[str, str]
    folder: Path
    once: bool = False
    small: bool = False

    def runs(self, count: int = RUNS) -> int:
        """Return how often each side runs."""
        return 1 if self.once else count

    def size(self, full: int, small: int) -> int:
        """Return the amount of work: the one that is measured, or a small one."""
        return small if self.small else full

    def ours(self, script: str, *arguments: str, **settings: Any) -> Reading:
        """Run a script of `children` with the facade."""
        return self._child(sys.executable, script, "ours", *arguments, settings=settings)

    def sdk(self, script: str, *arguments: str, **settings: Any) -> Reading:
        """Run it with the official SDK."""
        return self._child(self.pythons[SDK], script, "rival", *arguments, settings=settings)

    def old_sdk(self, script: str, *arguments: str, **settings: Any) -> Reading:
        """Run it with the SDK's last version that had analytics."""
        return self._child(self.pythons[OLD_SDK], script, "rival", *arguments, settings=settings)

    def _child(self, python: str, script: str, *arguments: str, settings: Any) -> Reading:
        command = [python, str(CHILDREN / f"{script}.py"), *arguments]
        # The old SDK leaves what it downloads in the temporary folder.
        with tempfile.TemporaryDirectory(dir=self.folder) as temporary:
            finished = subprocess.run(
                command,
                input=json.dumps(settings),
                env=child_environment(temporary),
                capture_output=True,
                text=True,
            )
        if finished.returncode:
            raise MeasurementError(f"{' '.join(command)} failed:\n{finished.stderr}")
        reading: Reading = json.loads(finished.stdout.splitlines()[-1])
        return reading


class MeasurementError(Exception):
    """A measurement could not be made."""


@frozen(kw_only=True)
class Measurement:
    """Some work that gives one or several figures.

    Attributes:
        name: What selects it.
        figures: What it gives.
        run: Does it.
        sdks: The versions of the official SDK that take part.
        disk: Bytes that it needs at most.
    """

    name: str
    figures: tuple[Figure, ...]
    run: Callable[[Bench], Found]
    sdks: tuple[str, ...] = field(default=())
    disk: int = 0


def child_environment(temporary: str) -> dict[str, str]:
    """Return an environment in which a client asks nobody but our servers."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("UP42_") and not name.lower().endswith("_proxy")
    }
    ours = {"UP42_DISABLE_VERSION_CHECK": "True", "MPLBACKEND": "Agg", "TMPDIR": temporary}
    return {**kept, **ours}


def in_turns(
    candidates: Mapping[str, Callable[[], Reading]], runs: int, *, warm_up: bool = True
) -> dict[str, list[Reading]]:
    """Let the candidates run in turns: the first, the second, …, the first again.

    Args:
        candidates: What each does, by its name.
        runs: How often each runs.
        warm_up: Begin with a run of each that doesn't count: it fills the file system's cache.

    Raises:
        MeasurementError: They did not all read the same.
    """
    if warm_up:
        for run in candidates.values():
            run()
    readings: dict[str, list[Reading]] = {name: [] for name in candidates}
    for _ in range(runs):
        for name, run in candidates.items():
            readings[name].append(run())
    digests = [reading.get("digest") for found in readings.values() for reading in found]
    if any(digest != digests[0] for digest in digests):
        raise MeasurementError(f"{list(candidates)} did not read the same: {digests}")
    return readings


def sides(
    readings: Mapping[str, list[Reading]], key: str = "seconds", rival: str = "rival"
) -> Sides:
    """Pick one value of the readings of `ours` and of another candidate, if there is one."""
    picked = {name: [reading[key] for reading in found] for name, found in readings.items()}
    return Sides(picked["ours"], picked.get(rival, []))
