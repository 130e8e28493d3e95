"""What the processing half of the facade is measured by, against the official SDK.

`run.py` runs it all and writes the table. Each run is a fresh process; the two clients take
turns against the same sandbox.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from _sandbox import Sandbox, running_sandbox
from _table import Comparison, Runs

HERE = Path(__file__).parent
# Seconds that every request waits in the measurement of templates, as over the internet.
LATENCY = 0.05
# Jobs per request that both clients ask for, where they don't leave it to the server.
PAGE_SIZE = 500
IMPORT = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"

Settings = dict[str, Any]


class Sides:
    """Runs one client or the other, each in an interpreter of its own."""

    def __init__(self, rival_python: str) -> None:
        self._pythons = {"ours": sys.executable, "rival": rival_python}

    def importing(self, side: str) -> float:
        """Return the seconds of a bare import, timed inside a fresh interpreter."""
        package = {"ours": "up42_facade", "rival": "up42"}[side]
        return float(self._run(side, "-c", IMPORT.format(package)))

    def measured(self, side: str, measurement: str, settings: Settings) -> dict[str, Any]:
        """Return the seconds of a measurement and a digest of what it read."""
        script = str(HERE / "_measured.py")
        output = self._run(side, script, side, measurement, given=json.dumps(settings))
        found: dict[str, Any] = json.loads(output)
        return found

    def _run(self, side: str, *arguments: str, given: str = "") -> str:
        finished = subprocess.run(
            [self._pythons[side], *arguments],
            input=given,
            env={**os.environ, "UP42_DISABLE_VERSION_CHECK": "True", "NO_PROXY": "*"},
            capture_output=True,
            text=True,
        )
        if finished.returncode:
            raise RuntimeError(f"{side}: {' '.join(arguments)}\n{finished.stderr}")
        return finished.stdout


def alternate(count: int, run: Callable[[str], float]) -> Runs:
    """Let the clients take turns: ours, rival, ours, …"""
    runs: Runs = {"ours": [], "rival": []}
    for side in runs:
        # One run of each that doesn't count fills the file system's cache.
        run(side)
    for _ in range(count):
        for side, seconds in runs.items():
            seconds.append(run(side))
    return runs


def compare(sides: Sides, sandbox: Sandbox, measurement: str, runs: int, **more: Any) -> Runs:
    """Measure both clients against a sandbox; they must read the same."""
    settings = {**sandbox.access, **more}
    digests: list[Any] = []

    def run(side: str) -> float:
        sandbox.forget_requests()
        found = sides.measured(side, measurement, settings)
        digests.append(found["digest"])
        return float(found["seconds"])

    seconds = alternate(runs, run)
    if any(digest != digests[0] for digest in digests):
        raise RuntimeError(f"{measurement}: the clients did not read the same: {digests}")
    return seconds


@contextmanager
def sandboxes(jobs: int) -> Iterator[tuple[Sandbox, Sandbox, list[str]]]:
    """Start a fast sandbox with so many jobs, and a distant one; give the jobs' ids too."""
    with running_sandbox() as fast, running_sandbox(LATENCY) as distant:
        distant.add_jobs(1)
        yield fast, distant, fast.add_jobs(jobs)


def processing(rival_python: str, quick: bool) -> Iterator[Comparison]:
    """Yield every comparison as soon as it is made.

    Args:
        rival_python: An interpreter that has the official SDK.
        quick: Fewer and smaller runs, to see that everything works.
    """
    runs, jobs, templates, gets = (1, 1000, 5, 50) if quick else (7, 10_000, 50, 200)
    sides = Sides(rival_python)
    yield Comparison(
        "import, in a fresh interpreter",
        alternate(3 * runs, sides.importing),
        at_least=8.0,
    )
    with sandboxes(jobs) as (fast, distant, ids):

        def against(sandbox: Sandbox, measurement: str, **more: Any) -> Runs:
            return compare(sides, sandbox, measurement, runs, **more)

        yield Comparison(
            "load, log in and get one job, in a fresh interpreter",
            against(fast, "first_job", job_ids=ids),
        )
        for size, words in ((PAGE_SIZE, f"{PAGE_SIZE} a page"), (None, "the server's page size")):
            yield Comparison(
                f"list {jobs:,} jobs, {words}",
                against(fast, "list_jobs", page_size=size),
                at_least=1.0,
            )
        yield Comparison(
            f"get {gets} jobs one after another",
            against(fast, "get_jobs", job_ids=ids[:gets]),
            at_least=1.0,
        )
        yield Comparison(
            f"validate and price {templates} templates of one process one after another, "
            f"{LATENCY * 1000:.0f} ms latency",
            against(distant, "price_templates", templates=templates, item_url=distant.item_url),
            at_least=3.5,
        )
