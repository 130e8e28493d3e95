"""Measures the facade against the official SDK, and writes the page and its chart.

Usage:
    python benchmarks/run.py                       # everything; `make bench` does this
    python benchmarks/run.py --only batch unpack   # names, or their beginnings
    python benchmarks/run.py --once --only unpack  # a trial: one run of each side
    python benchmarks/run.py --page                # only write page and chart

Writes benchmarks/results.json, docs/benchmarks.md, and docs/pictures/benchmarks.svg after each
measurement, so that a stop loses nothing. Rows that weren't measured stay as they are. --once
writes nothing. Needs Linux, curl, tar, and 10 GB of disk for temporary files (TMPDIR).
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

# The folder above this one is where the packages are.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import files, processing, report
from benchmarks.bench import OLD_SDK, SDK, Bench, Measurement, MeasurementError, Readings
from benchmarks.report import Figure, Row
from up42_facade import Up42Error

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results.json"
PAGE = ROOT / "docs" / "benchmarks.md"
CHART = ROOT / "docs" / "pictures" / "benchmarks.svg"
MEASUREMENTS: tuple[Measurement, ...] = (*processing.MEASUREMENTS, *files.MEASUREMENTS)
# Share of the cores that others may use before the figures suffer.
IDLE = 0.25
# The other side's dependency that its figures depend on most.
QUESTION = (
    "import platform; from importlib.metadata import version as v; "
    'print(f\'up42-py {v("up42-py")}: Python {platform.python_version()}, '
    'requests {v("requests")}\')'
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns:
        Exit code: 1 if something failed or a target was missed, 2 if it can't be measured.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[""], metavar="NAME", help="only these")
    parser.add_argument("--once", action="store_true", help="one run each; writes nothing")
    parser.add_argument("--page", action="store_true", help="write page and chart, measure nothing")
    parser.add_argument("--rival-python", default=".venv-rival/bin/python", help=f"has {SDK}")
    parser.add_argument(
        "--old-rival-python", default=".venv-rival-old/bin/python", help=f"has {OLD_SDK}"
    )
    options = parser.parse_args(arguments)
    chosen = [each for each in MEASUREMENTS if each.name.startswith(tuple(options.only))]
    if options.page:
        write(report.load(RESULTS, figures()))
        return 0
    others = {figure.against for each in chosen for figure in each.figures}
    pythons = {SDK: options.rival_python, OLD_SDK: options.old_rival_python}
    pythons = {sdk: python for sdk, python in pythons.items() if sdk in others}
    with tempfile.TemporaryDirectory(prefix="up42-bench-") as name:
        bench = Bench(pythons, Path(name), options.once)
        try:
            check(chosen)
            return measure(chosen, bench, machine(pythons))
        except MeasurementError as error:
            say(str(error))
            return 2
        except KeyboardInterrupt:
            say("Stopped. Everything measured until then is written.")
            return 130


def figures() -> list[Figure]:
    """Return all figures, in the order of the page."""
    return [figure for measurement in MEASUREMENTS for figure in measurement.figures]


def check(chosen: Sequence[Measurement]) -> None:
    """Refuse what can't be measured; warn if others use the machine."""
    if sys.platform != "linux":
        raise MeasurementError(f"This needs Linux, not {sys.platform}.")
    if not chosen:
        raise MeasurementError("No measurement has such a name: docs/benchmarks.md lists them.")
    busy = os.getloadavg()[0]
    if busy > IDLE * len(os.sched_getaffinity(0)):
        say(f"The machine is busy (load {busy:.1f}): the figures will suffer from it.")


def machine(pythons: dict[str, str]) -> dict[str, str]:
    """Return machine and versions.

    Raises:
        MeasurementError: If an interpreter has no SDK, or another version.
    """
    processor = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    found = {
        "Processor": f"{processor[1] if processor else platform.machine()}, "
        f"{len(os.sched_getaffinity(0))} cores",
        "Memory": f"{memory / 1e9:.0f} GB",
        "System": f"Linux {platform.release().partition('-')[0]}, {platform.machine()}",
        f"up42_facade {version('up42-facade')}": f"Python {platform.python_version()}, "
        f"httpx {version('httpx')}",
    }
    for sdk, python in pythons.items():
        try:
            done = subprocess.run(
                [python, "-c", QUESTION], check=True, capture_output=True, text=True
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise MeasurementError(f"{python} has no {sdk}: `make bench` installs it.") from error
        name, _, facts = done.stdout.strip().partition(": ")
        if name != sdk:
            raise MeasurementError(f"{python} has {name}, not {sdk}: `make bench` installs it.")
        found[sdk] = facts
    return found


def measure(chosen: Sequence[Measurement], bench: Bench, environment: dict[str, str]) -> int:
    """Run measurements one by one, and write their figures; return the exit code."""
    is_sound = True
    for measurement in chosen:
        started = time.monotonic()
        try:
            readings = measurement.run(bench)
        except (MeasurementError, Up42Error, OSError, subprocess.SubprocessError) as error:
            say(f"{measurement.name}: {error}")
            is_sound = False
            continue
        say(f"{measurement.name} ({time.monotonic() - started:.0f} s)")
        found = [row(figure, readings, environment) for figure in measurement.figures]
        for each in found:
            unit = each.figure.unit
            rival = f"{each.figure.against} {unit.text(each.rival)}" if each.rival else ""
            parts = (f"ours {unit.text(each.ours)}", rival, each.ratio_text, each.figure.target)
            say(f"  {each.figure.name}: " + " | ".join(filter(None, parts)))
        if not bench.once:
            is_sound = is_sound and all(each.is_reached is not False for each in found)
            rows = report.load(RESULTS, figures())
            rows |= {each.figure.name: each for each in found}
            # In the order of the page.
            write({each.name: rows[each.name] for each in figures() if each.name in rows})
    return int(not is_sound)


def row(figure: Figure, readings: Readings, environment: dict[str, str]) -> Row:
    ours, rival = (
        [reading[figure.key] for reading in readings.get(side, [])]
        for side in ("ours", figure.against)
    )
    return Row(figure, ours, rival, dt.datetime.now(dt.UTC).strftime("%Y-%m-%d"), environment)


def write(rows: dict[str, Row]) -> None:
    """Write results, and page and chart as the results are stored: rounded."""
    report.save(RESULTS, rows)
    rows = report.load(RESULTS, figures())
    PAGE.write_text(report.page(rows, figures()), encoding="utf-8")
    CHART.write_text(report.chart(rows), encoding="utf-8")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
