"""Starting up, jobs, templates, and batches."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.bench import LATENCY, SDK, Bench, Measurement, Readings, running_sandbox

# Imports are short and vary most.
IMPORTS, RUNS, BATCH_RUNS = 21, 7, 5
JOBS, GETS, TEMPLATES, PAGE_SIZE = 10_000, 200, 50, 500
ESTIMATED, EXECUTED, POLLED, TIMED = 500, 200, 500, 300
# Runs of each scale: the largest takes minutes.
SCALES = {100: 5, 1_000: 3, 10_000: 1}
# Jobs run for a minute of the sandbox's clock: at this speed, none ends while it is measured.
SLOW, FAST = 0.001, 2_000.0
# Seconds of the clock after which a job runs.
UNTIL_RUNNING = 10


def measure_imports(bench: Bench) -> Readings:
    return bench.compare("importing", SDK, runs=IMPORTS)


def measure_jobs(work: str, listed: int, got: int, bench: Bench, **settings: Any) -> Readings:
    """Read jobs with both clients: the listing, or one after another."""
    with running_sandbox(jobs=listed if listed else 1) as sandbox:
        job_ids = sandbox.add_jobs(got) if got else []
        settings |= {**sandbox.access, "job_ids": job_ids}
        return bench.compare(work, SDK, runs=RUNS, before=sandbox.forget_requests, **settings)


def measure_templates(work: str, count: int, items: int, runs: int, bench: Bench) -> Readings:
    """Run the same work with both clients, over a slow network."""
    with running_sandbox(LATENCY) as sandbox:
        settings = {"templates": count, "items": sandbox.items()[:items]}
        settings |= {**sandbox.access, "before": sandbox.forget_requests, "runs": runs}
        # Batches without a warm-up: the loop takes minutes, and what is loaded first counts little.
        return bench.compare(work, SDK, warm_up=items == 1, **settings)


def measure_afresh(work: str, count: int, speed: float, runs: int, bench: Bench) -> Readings:
    """Run work with the facade, against a fresh sandbox each time."""

    def ours() -> dict[str, Any]:
        with running_sandbox(speed=speed) as sandbox, bench.working_folder() as folder:
            more = {"items": sandbox.items(), "path": str(folder / "batch.db")}
            return bench.run("ours", work, **sandbox.access, **more, templates=count)

    return bench.in_turns({"ours": ours}, runs, warm_up=False)


def measure_polling(bench: Bench) -> Readings:
    """Execute templates, and poll their jobs with both clients."""
    with running_sandbox(speed=SLOW) as sandbox, bench.working_folder() as folder:
        settings = {"templates": POLLED, "items": sandbox.items()}
        settings |= {**sandbox.access, "path": str(folder / "batch.db")}
        bench.run("ours", "batch_prepare", **settings)
        sandbox.ask("/clock", {"advance": UNTIL_RUNNING})
        return bench.compare("batch_poll", SDK, warm_up=False, **settings)


MEASUREMENTS = (
    Measurement.of(measure_imports, "import"),
    Measurement.of(partial(measure_jobs, "first_job", 0, 1), "first-job"),
    Measurement.of(partial(measure_jobs, "list_jobs", JOBS, 0, page_size=PAGE_SIZE), "list-jobs"),
    Measurement.of(
        partial(measure_jobs, "list_jobs", JOBS, 0, page_size=None), "list-jobs-default"
    ),
    Measurement.of(partial(measure_jobs, "get_jobs", 0, GETS), "get-jobs"),
    Measurement.of(
        partial(measure_templates, "estimate_one_by_one", TEMPLATES, 1, RUNS), "price-one-by-one"
    ),
    Measurement.of(
        partial(measure_templates, "batch_estimate", ESTIMATED, 100, BATCH_RUNS), "batch-price"
    ),
    Measurement.of(
        partial(measure_templates, "batch_execute", EXECUTED, 100, BATCH_RUNS), "batch-execute"
    ),
    Measurement.of(
        partial(measure_afresh, "batch_execute_estimated", TIMED, SLOW, BATCH_RUNS),
        *("batch-cpu", "batch-listings"),
    ),
    Measurement.of(measure_polling, "batch-track"),
    *(
        Measurement.of(
            partial(measure_afresh, "batch_whole", count, FAST, runs),
            *("scale-{count}", "scale-{count}-requests", "scale-{count}-memory"),
            count=f"{count}",
            number=f"{count:,}",
        )
        for count, runs in SCALES.items()
    ),
)
