"""Starting up, jobs, templates, and batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from benchmarks.bench import LATENCY, SDK, Bench, Measurement, Readings, Sandbox, running_sandbox
from benchmarks.report import Figure, Unit

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
WAIT = f"Every request waits {LATENCY * 1000:.0f} ms."


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


def measurement(
    name: str, topic: str, run: Callable[[Bench], Readings], *figures: Figure
) -> Measurement:
    return Measurement(name=name, topic=topic, figures=figures, run=run)


def scale(count: int) -> Measurement:
    rule = (
        "Templates of one process; `Batch.execute()` and `track()` to their end without latency "
        "and rate limit, with the journal on disk."
    )
    what = f"a batch of {count:,} templates from end to end"
    return measurement(
        f"batch-scale-{count}",
        BATCH,
        lambda bench: measure_afresh("batch_whole", bench.size(count, 10), FAST, bench),
        Figure(name=f"batch-scale-{count}", what=what, rule=rule),
        Figure(
            name=f"batch-scale-{count}-requests",
            what=f"requests of {what}",
            rule="The same runs: requests that reach the sandbox.",
            unit=Unit.REQUESTS,
            key="requests",
        ),
        Figure(
            name=f"batch-scale-{count}-memory",
            what=f"memory of {what}",
            rule="The same runs: highest memory above that of `import up42_facade`.",
            unit=Unit.MEGABYTES,
            key="memory",
            at_most=200e6,
        ),
    )


MEASUREMENTS = (
    measurement(
        "import",
        START,
        measure_imports,
        Figure(
            name="import",
            what="import the package",
            rule="`import up42_facade` and `import up42`, each in a fresh interpreter.",
            against=SDK,
            at_least=8.0,
        ),
    ),
    measurement(
        "first-job",
        START,
        measure_first_job,
        Figure(
            name="first-job",
            what="load, log in, and get one job",
            rule="All that a short script pays for, in a fresh interpreter: what the import saves "
            "is loaded when it is first used. Nothing was promised.",
            against=SDK,
        ),
    ),
    measurement(
        "list-jobs",
        ONE_BY_ONE,
        partial(measure_listing, PAGE_SIZE),
        Figure(
            name="list-jobs",
            what=f"list {JOBS:,} jobs, {PAGE_SIZE} a page",
            rule=f"`Job.all(page_size={PAGE_SIZE})` to its end, after the login.",
            against=SDK,
            at_least=1.0,
        ),
    ),
    measurement(
        "list-jobs-default",
        ONE_BY_ONE,
        partial(measure_listing, None),
        Figure(
            name="list-jobs-default",
            what=f"list {JOBS:,} jobs, the server's page size",
            rule="The same without a page size; the server then gives 100 a page.",
            against=SDK,
            at_least=1.0,
        ),
    ),
    measurement(
        "get-jobs",
        ONE_BY_ONE,
        measure_getting,
        Figure(
            name="get-jobs",
            what=f"get {GETS} jobs one after another",
            rule="`Job.get`, after the login.",
            against=SDK,
            at_least=1.0,
        ),
    ),
    measurement(
        "price-one-by-one",
        ONE_BY_ONE,
        partial(measure_templates, "estimate_one_by_one", TEMPLATES, 1),
        Figure(
            name="price-one-by-one",
            what=f"estimate {TEMPLATES} templates one after another",
            rule=f"Templates of one process with one item, {TEMPLATES} titles: `is_valid`, then "
            f"`cost` of each before the next. {WAIT} Both must come to the same credits.",
            against=SDK,
            at_least=3.5,
        ),
    ),
    measurement(
        "batch-price",
        BATCH,
        partial(measure_templates, "batch_estimate", ESTIMATED, 100),
        Figure(
            name="batch-price",
            what=f"estimate {ESTIMATED} templates",
            rule=f"{ESTIMATED} templates of one process with titles of their own, made from "
            "`pystac` items, sample scenes in turn. `Batch(templates).estimate()` against "
            f"`is_valid` and `cost` of each. {WAIT} Ours keeps to 100 requests per second after "
            "a burst of 500, and creates the table, whose import of geopandas counts; the SDK "
            "sends 4 requests for each template and keeps to no rate. Both must come to the same "
            "credits.",
            against=SDK,
            at_least=10.0,
        ),
    ),
    measurement(
        "batch-execute",
        BATCH,
        partial(measure_templates, "batch_execute", EXECUTED, 100),
        Figure(
            name="batch-execute",
            what=f"estimate and execute {EXECUTED} templates",
            rule="The same templates; `Batch(templates).execute()` against `is_valid` and "
            f"`execute()` of each. {WAIT} Both must have as many jobs in the end. Nothing was "
            "promised.",
            against=SDK,
        ),
    ),
    measurement(
        "batch-listings",
        BATCH,
        lambda bench: measure_afresh(
            "batch_execute_estimated", bench.size(LISTED, 20), SLOW, bench
        ),
        Figure(
            name="batch-listings",
            what=f"listings of jobs while {LISTED:,} templates are executed",
            rule=f"{LISTED:,} templates, estimated before; the journal is on disk. Bytes that the "
            "sockets receive in response to `GET /v2/processing/jobs` during `Batch.execute()`.",
            unit=Unit.MEGABYTES,
            key="bytes",
            at_most=1e6,
        ),
    ),
    measurement(
        "batch-cpu",
        BATCH,
        lambda bench: measure_afresh("batch_execute_estimated", bench.size(TIMED, 20), SLOW, bench),
        Figure(
            name="batch-cpu",
            what=f"processor time to execute {TIMED} templates",
            rule=f"{TIMED} templates, estimated before; the journal is on disk. Processor time of "
            "the process during `Batch.execute()`, without the sandbox's. The limit is 0.7 of the "
            "1.77 s that a listing of the recent jobs before each execution took.",
            at_most=1.24,
        ),
    ),
    measurement(
        "batch-track",
        BATCH,
        partial(measure_running, "batch_poll", POLLED, (SDK,)),
        Figure(
            name="batch-track",
            what=f"poll {POLLED} running jobs once",
            rule=f"Requests that reach the sandbox while `Batch.track()` polls {POLLED} running "
            "jobs once; against `Job.track(retries=1)` of each.",
            unit=Unit.REQUESTS,
            key="requests",
            against=SDK,
            at_most=5,
        ),
    ),
    measurement(
        "batch-memory",
        BATCH,
        partial(measure_running, "batch_memory", REMEMBERED, ()),
        Figure(
            name="batch-memory",
            what=f"memory of a batch of {REMEMBERED:,} jobs",
            rule=f"Highest memory above that of `import up42_facade`, of a process that creates "
            f"{REMEMBERED:,} templates and a `Batch` of them whose jobs are in the journal on "
            "disk, polls all jobs once, and holds them (`batch.jobs`). The templates share a few "
            "items, which are the caller's.",
            unit=Unit.MEGABYTES,
            key="memory",
            at_most=200e6,
        ),
    ),
    *(scale(count) for count in SCALES),
)
