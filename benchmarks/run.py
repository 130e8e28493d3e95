"""Measures the facade against the official SDK, side by side, and writes page and chart.

Usage:
    python benchmarks/run.py                       # everything; `make bench` does this
    python benchmarks/run.py --only batch unpack   # topics, measurements or figures
    python benchmarks/run.py --quick               # does everything work? Small, once
    python benchmarks/run.py --once --only unpack  # a trial: one run of each side
    python benchmarks/run.py --list                # names, targets, and the disk that they need
    python benchmarks/run.py --page                # page and chart anew, without measuring

Writes benchmarks/results.json, docs/benchmarks.md and docs/pictures/benchmarks.svg after each
measurement, so that what was measured isn't lost when it is stopped. Rows that weren't measured
stay as they are. --quick and --once write nothing. Needs Linux, curl and tar.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

# The folder above this one is where the packages are.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import catalogue
from benchmarks.measurements.bench import Bench, Measurement, MeasurementError
from benchmarks.report import chart, page, results
from benchmarks.report.comparisons import Comparison, Spread
from benchmarks.report.environment import Environment, WrongSdkError, cores, environment
from benchmarks.report.figures import OLD_SDK, SDK
from up42_facade import Up42Error

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results.json"
PAGE = ROOT / "docs" / "benchmarks.md"
CHART = ROOT / "docs" / "pictures" / "benchmarks.svg"
# Share of the cores that others may use before the figures suffer.
IDLE = 0.25


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="measure only these")
    parser.add_argument("--quick", action="store_true", help="small and once; writes nothing")
    parser.add_argument("--once", action="store_true", help="one run each; writes nothing")
    parser.add_argument("--list", action="store_true", help="show what can be measured")
    parser.add_argument("--page", action="store_true", help="write page and chart, measure nothing")
    parser.add_argument(
        "--rival-python",
        default=str(ROOT / ".venv-rival/bin/python"),
        help=f"an interpreter with {SDK} (%(default)s)",
    )
    parser.add_argument(
        "--old-rival-python",
        default=str(ROOT / ".venv-rival-old/bin/python"),
        help=f"an interpreter with {OLD_SDK} and what its plots need (%(default)s)",
    )
    parser.add_argument("--folder", type=Path, help="for test data (the system's temporary folder)")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for.

    Returns:
        Exit code: 1 if something failed or a target was not reached, 2 if it can't be measured.
    """
    options = make_parser().parse_args(arguments)
    if options.list:
        show_names()
        return 0
    if options.page:
        write(results.load(RESULTS, catalogue.figures()))
        return 0
    if sys.platform != "linux":
        say(f"This needs Linux, whose /proc tells memory and disk; {sys.platform} doesn't.")
        return 2
    pythons = {SDK: options.rival_python, OLD_SDK: options.old_rival_python}
    try:
        chosen = catalogue.select(options.only)
        wanted = {sdk: python for sdk, python in pythons.items() if takes_part(sdk, chosen)}
        found = environment(wanted)
        with tempfile.TemporaryDirectory(prefix="up42-bench-", dir=options.folder) as name:
            check_disk(Path(name), chosen, options.quick)
            once = options.once or options.quick
            return measure(chosen, Bench(pythons, Path(name), once, options.quick), found)
    except (catalogue.UnknownNameError, WrongSdkError, DiskError) as error:
        say(str(error))
        return 2
    except KeyboardInterrupt:
        say("Stopped. What was measured until then is written.")
        return 130


def takes_part(sdk: str, chosen: Iterable[Measurement]) -> bool:
    return any(sdk in measurement.sdks for measurement in chosen)


def measure(chosen: Sequence[Measurement], bench: Bench, found: Environment) -> int:
    """Make measurements one by one, and write what they give."""
    warn_of_company()
    sound = True
    for measurement in chosen:
        started = time.monotonic()
        try:
            sides = measurement.run(bench)
        except (MeasurementError, Up42Error, OSError, subprocess.SubprocessError) as error:
            say(f"{measurement.name}: {error}")
            sound = False
            continue
        seconds = time.monotonic() - started
        comparisons = [
            Comparison(
                figure=figure,
                ours=sides[figure.name].ours,
                rival=sides[figure.name].rival,
                date=dt.datetime.now(dt.UTC).strftime("%Y-%m-%d"),
                environment=found,
            )
            for figure in measurement.figures
        ]
        report(measurement, seconds, comparisons, judged=not bench.small)
        if bench.once:
            continue
        sound = sound and not any(each.reached is False for each in comparisons)
        known = results.load(RESULTS, catalogue.figures())
        write(known.updated(measurement.name, seconds, comparisons))
    return int(not sound)


def write(found: results.Results) -> None:
    """Write results, page and chart."""
    results.save(RESULTS, found)
    # What is shown is what the file holds, with its digits.
    kept = results.load(RESULTS, catalogue.figures())
    PAGE.write_text(page.render(kept, catalogue.TOPICS), encoding="utf-8")
    CHART.write_text(chart.render(kept, catalogue.TOPICS), encoding="utf-8")


def report(
    measurement: Measurement, seconds: float, comparisons: Iterable[Comparison], judged: bool
) -> None:
    """Show what a measurement gave; small ones aren't held against the targets."""
    say(f"{measurement.name} ({seconds:.0f} s)")
    for each in comparisons:
        unit = each.figure.unit
        parts = [f"ours {Spread.of(each.ours).text(unit)}"]
        if each.rival:
            parts.append(f"{each.figure.against} {Spread.of(each.rival).text(unit)}")
            parts.append(page.ratio(each).replace("*", ""))
        if judged and each.figure.target:
            parts.append(f"target {each.figure.target}: {'yes' if each.reached else 'NO'}")
        say(f"  {each.figure.name}: " + " | ".join(parts))


def show_names() -> None:
    """Show topics, measurements and figures."""
    for topic in catalogue.TOPICS:
        print(f"{topic.name}: {topic.title}")
        for measurement in topic.measurements:
            disk = f" ({measurement.disk / 1e9:.1f} GB of disk)" if measurement.disk else ""
            print(f"  {measurement.name}{disk}")
            for figure in measurement.figures:
                print(f"    {figure.name}: {figure.what} {figure.target}".rstrip())


class DiskError(Exception):
    """There is too little room for the test data."""


def check_disk(folder: Path, chosen: Iterable[Measurement], quick: bool) -> None:
    """Refuse to begin what would fill the disk."""
    needed = max(measurement.disk for measurement in chosen) * (not quick)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DiskError(
            f"{folder.parent} has {free / 1e9:.1f} GB free, {needed / 1e9:.1f} GB are needed: "
            "choose another disk with --folder, or less with --only."
        )


def warn_of_company() -> None:
    """Say so if others use the machine."""
    busy = os.getloadavg()[0]
    if busy > IDLE * cores():
        say(f"The machine is busy (load {busy:.1f}): the figures will suffer from it.")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
