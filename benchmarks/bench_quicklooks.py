"""Measures the download of 24 quicklooks against up42-py 0.37.2, with 50 ms of latency.

Usage:
    python benchmarks/bench_quicklooks.py --rival-python PATH     # a Python with up42-py 0.37.2

The two clients take turns, each in a process of its own, against one sandbox in a third. What is
timed is the second of two calls, without the imports and connections that only a first one needs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from _sandbox import running_sandbox
from _table import Comparison, Runs, machine, markdown

HERE = Path(__file__).parent
# Seconds that every request to the API waits, as over the internet.
LATENCY = 0.05
RUNS = 7
TARGET = 6.0


def main() -> int:
    """Run the comparison and print the table.

    Returns:
        Exit code: 1 if the figure was not reached.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rival-python", required=True, help="a Python that has up42-py 0.37.2")
    options = parser.parse_args()
    found = quicklooks(options.rival_python)
    print(markdown([found], machine(options.rival_python)))
    return int(found.reached is False)


def quicklooks(rival_python: str, runs: int = RUNS) -> Comparison:
    """Let both clients download the quicklooks of one job in turns."""
    pythons = {"ours": sys.executable, "rival": rival_python}
    seconds: Runs = {"ours": [], "rival": []}
    with running_sandbox(LATENCY) as sandbox:
        settings = {
            "url": sandbox.url,
            "project_id": sandbox.state["project_id"],
            "project_api_key": sandbox.state["project_api_key"],
            "job_id": sandbox.state["analytics_jobs"]["many-quicklooks"],
        }
        for _ in range(runs):
            for side, python in pythons.items():
                seconds[side].append(measured(python, side, settings))
    return Comparison("24 quicklooks, 50 ms latency", seconds, at_least=TARGET)


def measured(python: str, side: str, settings: dict[str, str]) -> float:
    """Return the seconds that one client takes."""
    with tempfile.TemporaryDirectory() as folder:
        finished = subprocess.run(
            [python, str(HERE / "_quicklooks.py"), side],
            input=json.dumps({**settings, "folder": folder}),
            env={**os.environ, "UP42_DISABLE_VERSION_CHECK": "True", "NO_PROXY": "*"},
            capture_output=True,
            text=True,
        )
    if finished.returncode:
        raise RuntimeError(f"{side}:\n{finished.stderr}")
    return float(finished.stdout)


if __name__ == "__main__":
    sys.exit(main())
