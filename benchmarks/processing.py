"""Starting up, jobs, templates, and batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from benchmarks.bench import LATENCY, SDK, Bench, Measurement, Readings, Sandbox, running_sandbox

START, ONE_BY_ONE = "Starting up", "Jobs and templates one by one"
BATCH = "Many templates and jobs"
# Imports are short and vary most.
IMPORTS, RUNS = 21, 7
JOBS, GETS, TEMPLATES, PAGE_SIZE = 10_000, 200, 50, 500
ESTIMATED, EXECUTED, POLLED, REMEMBERED, LISTED, TIMED = 500, 200, 500, 10_000, 1_000, 300
SCALES = (100, 1_000, 10_000)
# Jobs run for a minute of the sandbox's clock: at this speed, none ends while it is measured.
SLOW, FAST = 0.001, 2_000.0
# Seconds of the clock after which a job runs.
UNTIL_RUNNING = 10


def measure_imports(bench: Bench) -> Readings:
    return bench.compare("importing", SDK, runs=IMPORTS)


def compared(
    bench: Bench, sandbox: Sandbox, work: str, runs: int = RUNS, warm_up: bool = True, **more: Any
) -> Readings:
    """Run the same work with both clients, against one sandbox."""
    before = sandbox.forget_requests
    settings = {**sandbox.access, **more}
    return bench.compare(work, SDK, runs=runs, warm_up=warm_up, before=before, **settings)


def measure_first_job(bench: Bench) -> Readings:
    with running_sandbox() as sandbox:
        return compared(bench, sandbox, "first_job", job_ids=sandbox.add_jobs(1))


def measure_listing(page_size: int | None, bench: Bench) -> Readings:
    with running_sandbox(jobs=bench.size(JOBS, 1_000)) as sandbox:
        return compared(bench, sandbox, "list_jobs", page_size=page_size)


def measure_getting(bench: Bench) -> Readings:
    with running_sandbox() as sandbox:
        return compared(bench, sandbox, "get_jobs", job_ids=sandbox.add_jobs(bench.size(GETS, 20)))


def measure_templates(work: str, count: int, items: int, bench: Bench) -> Readings:
    """Run the same work with both clients, over a slow network."""
    with running_sandbox(LATENCY) as sandbox:
        more = {"templates": bench.size(count, 5), "items": sandbox.items()[:items]}
        if work == "estimate_one_by_one":
            return compared(bench, sandbox, work, **more)
        # Without a warm-up: the loop takes minutes, and what is loaded first counts little.
        return compared(bench, sandbox, work, runs=5, warm_up=False, **more)


def measure_afresh(work: str, count: int, speed: float, bench: Bench) -> Readings:
    """Run work with the facade, against a fresh sandbox each time."""

    def ours() -> dict[str, Any]:
        with running_sandbox(speed=speed) as sandbox, bench.working_folder() as folder:
            more = {"templates": count, "items": sandbox.items(), "path": str(folder / "batch.db")}
            return bench.run("ours", work, **sandbox.access, **more)

    return bench.in_turns({"ours": ours}, warm_up=False)


@contextmanager
def running_jobs(bench: Bench, count: int) -> Iterator[dict[str, Any]]:
    """Execute templates on a sandbox and keep their journal; give the settings of the children."""
    with running_sandbox(speed=SLOW) as sandbox, bench.working_folder() as folder:
        more = {"templates": count, "items": sandbox.items(), "path": str(folder / "batch.db")}
        settings = {**sandbox.access, **more}
        bench.run("ours", "batch_prepare", **settings)
        sandbox.ask("/clock", {"advance": UNTIL_RUNNING})
        yield settings


def measure_running(work: str, count: int, sides: tuple[str, ...], bench: Bench) -> Readings:
    with running_jobs(bench, bench.size(count, 20)) as settings:
        return bench.compare(work, *sides, warm_up=False, **settings)


def measure_scale(count: int, bench: Bench) -> Readings:
    return measure_afresh("batch_whole", bench.size(count, 10), FAST, bench)


def measure_executing(count: int, bench: Bench) -> Readings:
    return measure_afresh("batch_execute_estimated", bench.size(count, 20), SLOW, bench)


MEASUREMENTS = (
    Measurement.of(START, measure_imports, "import"),
    Measurement.of(START, measure_first_job, "first-job"),
    Measurement.of(ONE_BY_ONE, partial(measure_listing, PAGE_SIZE), "list-jobs"),
    Measurement.of(ONE_BY_ONE, partial(measure_listing, None), "list-jobs-default"),
    Measurement.of(ONE_BY_ONE, measure_getting, "get-jobs"),
    Measurement.of(
        ONE_BY_ONE,
        partial(measure_templates, "estimate_one_by_one", TEMPLATES, 1),
        "price-one-by-one",
    ),
    Measurement.of(
        BATCH, partial(measure_templates, "batch_estimate", ESTIMATED, 100), "batch-price"
    ),
    Measurement.of(
        BATCH, partial(measure_templates, "batch_execute", EXECUTED, 100), "batch-execute"
    ),
    Measurement.of(BATCH, partial(measure_executing, LISTED), "batch-listings"),
    Measurement.of(BATCH, partial(measure_executing, TIMED), "batch-cpu"),
    Measurement.of(BATCH, partial(measure_running, "batch_poll", POLLED, (SDK,)), "batch-track"),
    Measurement.of(BATCH, partial(measure_running, "batch_memory", REMEMBERED, ()), "batch-memory"),
    *(
        Measurement.of(
            BATCH,
            partial(measure_scale, count),
            "batch-scale-{count}",
            "batch-scale-{count}-requests",
            "batch-scale-{count}-memory",
            count=f"{count}",
        )
        for count in SCALES
    ),
)
