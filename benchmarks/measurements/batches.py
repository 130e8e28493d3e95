"""Many templates and jobs at once, against loops: the SDK has nothing for many."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.measurements.bench import Bench, Found, Measurement, Reading, Sides, in_turns, sides
from benchmarks.measurements.sandboxes import LATENCY, running_sandbox
from benchmarks.report.figures import SDK, Figure, Unit

PRICED, EXECUTED, TRACKED, REMEMBERED = 500, 200, 500, 10_000
LISTED, TIMED = 1_000, 300
# Jobs run for a minute of the sandbox's clock: at this speed nothing ends while it is measured.
SLOW = 0.001
# Seconds of the clock after which a job runs.
UNTIL_RUNNING = 10
MILLISECONDS = LATENCY * 1000

PRICE = Figure(
    name="batch-price",
    what=f"price {PRICED} templates",
    rule=f"{PRICED} templates of one process with titles of their own, made from `pystac` items, "
    f"sample scenes in turn. `Batch(templates).estimate()` against `is_valid` and `cost` of each. "
    f"Every request waits {MILLISECONDS:.0f} ms. Ours keeps to 100 requests per second after a "
    "burst of 500, and makes the table, whose import of geopandas counts; the SDK sends 4 "
    "requests for each template and keeps to no rate. Both must come to the same credits.",
    against=SDK,
    at_least=10.0,
)
EXECUTE = Figure(
    name="batch-execute",
    what=f"price and execute {EXECUTED} templates",
    rule="The same templates; `Batch(templates).execute()` against `is_valid` and `execute()` of "
    f"each. Every request waits {MILLISECONDS:.0f} ms. Both must have as many jobs in the end. "
    "Nothing was promised.",
    against=SDK,
)
LISTINGS = Figure(
    name="batch-listings",
    what=f"listings of jobs while {LISTED:,} templates are executed",
    rule=f"{LISTED:,} templates, priced before; the journal is on disk. Bytes that the sockets "
    "receive in response to `GET /v2/processing/jobs` during `Batch.execute()`.",
    unit=Unit.MEGABYTES,
    at_most=1e6,
)
CPU = Figure(
    name="batch-cpu",
    what=f"processor time to execute {TIMED} templates",
    rule=f"{TIMED} templates, priced before; the journal is on disk. Processor time of the "
    "process during `Batch.execute()`, without the sandbox's. The limit is 0.7 of the 1.77 s that "
    "a listing of the recent jobs before each execution took.",
    at_most=1.24,
)
TRACK = Figure(
    name="batch-track",
    what=f"look once at {TRACKED} running jobs",
    rule=f"Requests that reach the sandbox while `Batch.track()` looks once at {TRACKED} running "
    "jobs; against `Job.track(retries=1)` of each.",
    unit=Unit.REQUESTS,
    against=SDK,
    at_most=5,
)
MEMORY = Figure(
    name="batch-memory",
    what=f"memory of a batch of {REMEMBERED:,} jobs",
    rule=f"Highest memory above that of `import up42_facade`, of a process that makes "
    f"{REMEMBERED:,} templates and a `Batch` of them whose jobs are in the journal on disk, looks "
    "once at all jobs and holds them (`batch.jobs`). The templates share a few items, which are "
    "the caller's.",
    unit=Unit.MEGABYTES,
    at_most=200e6,
)


def measure_pricing(bench: Bench) -> Found:
    return {PRICE.name: compared(bench, "price", bench.size(PRICED, 20))}


def measure_executing(bench: Bench) -> Found:
    return {EXECUTE.name: compared(bench, "execute", bench.size(EXECUTED, 10))}


def compared(bench: Bench, measurement: str, templates: int) -> Sides:
    """Let both clients work on the same templates, over a slow network."""
    with running_sandbox(LATENCY) as sandbox:
        sandbox.add_jobs(1)
        work = {**sandbox.access, "templates": templates, "items": sandbox.items()}

        def ours() -> Reading:
            sandbox.forget_requests()
            return bench.ours("batches", measurement, **work)

        def rival() -> Reading:
            sandbox.forget_requests()
            return bench.sdk("batches", measurement, **work)

        # Without a warm-up: the loop takes minutes, and what is loaded first counts little.
        readings = in_turns({"ours": ours, "rival": rival}, bench.runs(), warm_up=False)
    return sides(readings)


def measure_executing_once(bench: Bench, templates: int, key: str) -> Sides:
    """Let ours execute templates on a fresh sandbox each time."""

    def ours() -> Reading:
        with running_sandbox(speed=SLOW) as sandbox, folder(bench) as place:
            sandbox.add_jobs(1)
            work = {**sandbox.access, "templates": templates, "items": sandbox.items()}
            return bench.ours("batches", "once", **work, path=str(place / "batch.db"))

    return sides(in_turns({"ours": ours}, bench.runs(), warm_up=False), key)


def measure_listings(bench: Bench) -> Found:
    return {LISTINGS.name: measure_executing_once(bench, bench.size(LISTED, 20), "bytes")}


def measure_cpu(bench: Bench) -> Found:
    return {CPU.name: measure_executing_once(bench, bench.size(TIMED, 20), "seconds")}


def measure_tracking(bench: Bench) -> Found:
    with running_jobs(bench, bench.size(TRACKED, 20)) as work:
        candidates = {
            "ours": lambda: bench.ours("batches", "poll", **work),
            "rival": lambda: bench.sdk("batches", "poll", **work),
        }
        readings = in_turns(candidates, bench.runs(), warm_up=False)
    return {TRACK.name: sides(readings, "requests")}


def measure_memory(bench: Bench) -> Found:
    with running_jobs(bench, bench.size(REMEMBERED, 100)) as work:
        candidates = {"ours": lambda: bench.ours("batches", "memory", **work)}
        return {MEMORY.name: sides(in_turns(candidates, bench.runs(), warm_up=False), "memory")}


@contextmanager
def running_jobs(bench: Bench, count: int) -> Iterator[dict[str, Any]]:
    """Execute templates on a sandbox and keep their journal; give the settings of the children."""
    with running_sandbox(speed=SLOW) as sandbox, folder(bench) as place:
        work = {
            **sandbox.access,
            "control_url": sandbox.control_url,
            "templates": count,
            "items": sandbox.items(),
            "path": str(place / "batch.db"),
        }
        bench.ours("preparing", **work)
        sandbox.advance(UNTIL_RUNNING)
        yield work


@contextmanager
def folder(bench: Bench) -> Iterator[Path]:
    """Make a folder for a journal, which is gone afterwards."""
    with tempfile.TemporaryDirectory(dir=bench.folder) as made:
        yield Path(made)


BATCHES = (
    Measurement(name="batch-price", figures=(PRICE,), run=measure_pricing, sdks=(SDK,)),
    Measurement(name="batch-execute", figures=(EXECUTE,), run=measure_executing, sdks=(SDK,)),
    Measurement(name="batch-listings", figures=(LISTINGS,), run=measure_listings),
    Measurement(name="batch-cpu", figures=(CPU,), run=measure_cpu),
    Measurement(name="batch-track", figures=(TRACK,), run=measure_tracking, sdks=(SDK,)),
    Measurement(name="batch-memory", figures=(MEMORY,), run=measure_memory),
)
