"""Starting up, jobs, and templates one after another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.measurements.bench import Bench, Found, Measurement, Sides, in_turns, sides
from benchmarks.measurements.sandboxes import LATENCY, Sandbox, running_sandbox
from benchmarks.report.figures import SDK, Figure

# Imports are short and vary most.
IMPORTS = 21
RUNS = 7
JOBS, GETS, TEMPLATES = 10_000, 200, 50
# Jobs per request that both clients ask for, where they don't leave it to the server.
PAGE_SIZE = 500

IMPORT = Figure(
    name="import",
    what="import the package",
    rule="`import up42_facade` and `import up42`, each in a fresh interpreter.",
    against=SDK,
    at_least=8.0,
)
FIRST_JOB = Figure(
    name="first-job",
    what="load, log in and get one job",
    rule="All that a short script pays for, in a fresh interpreter: what the import saves is "
    "loaded when it is first used. Nothing was promised.",
    against=SDK,
)
LIST = Figure(
    name="list-jobs",
    what=f"list {JOBS:,} jobs, {PAGE_SIZE} a page",
    rule=f"`Job.all(page_size={PAGE_SIZE})` to its end, after the login.",
    against=SDK,
    at_least=1.0,
)
LIST_DEFAULT = Figure(
    name="list-jobs-default",
    what=f"list {JOBS:,} jobs, the server's page size",
    rule="The same without a page size; the server then gives 100 a page.",
    against=SDK,
    at_least=1.0,
)
GET = Figure(
    name="get-jobs",
    what=f"get {GETS} jobs one after another",
    rule="`Job.get`, after the login.",
    against=SDK,
    at_least=1.0,
)
PRICE_ONE_BY_ONE = Figure(
    name="price-one-by-one",
    what=f"price {TEMPLATES} templates one after another",
    rule=f"Templates of one process with one item, {TEMPLATES} titles: `is_valid`, then `cost` "
    f"of each before the next. Every request waits {LATENCY * 1000:.0f} ms. Both must come to "
    "the same credits.",
    against=SDK,
    at_least=3.5,
)


def measure_imports(bench: Bench) -> Found:
    candidates = {"ours": lambda: bench.ours("importing"), "rival": lambda: bench.sdk("importing")}
    return {IMPORT.name: sides(in_turns(candidates, bench.runs(IMPORTS)))}


def measure_first_job(bench: Bench) -> Found:
    with sandbox_with_jobs(1) as (sandbox, ids):
        return {FIRST_JOB.name: compared(bench, sandbox, "first_job", job_ids=ids)}


def measure_listing(bench: Bench) -> Found:
    with sandbox_with_jobs(bench.size(JOBS, 1_000)) as (sandbox, _):
        return {
            figure.name: compared(bench, sandbox, "list_jobs", page_size=page_size)
            for figure, page_size in ((LIST, PAGE_SIZE), (LIST_DEFAULT, None))
        }


def measure_getting(bench: Bench) -> Found:
    with sandbox_with_jobs(bench.size(GETS, 20)) as (sandbox, ids):
        return {GET.name: compared(bench, sandbox, "get_jobs", job_ids=ids)}


def measure_pricing(bench: Bench) -> Found:
    with running_sandbox(LATENCY) as sandbox:
        sandbox.add_jobs(1)
        work = {"templates": bench.size(TEMPLATES, 5), "items": sandbox.items()[:1]}
        return {PRICE_ONE_BY_ONE.name: compared(bench, sandbox, "price_templates", **work)}


@contextmanager
def sandbox_with_jobs(count: int) -> Iterator[tuple[Sandbox, list[str]]]:
    """Start a sandbox without latency; give the ids of its jobs too."""
    with running_sandbox() as sandbox:
        yield sandbox, sandbox.add_jobs(count)


def compared(bench: Bench, sandbox: Sandbox, measurement: str, **work: Any) -> Sides:
    """Let both clients do the same work against one sandbox."""
    settings = {**sandbox.access, **work}

    def ours() -> dict[str, Any]:
        sandbox.forget_requests()
        return bench.ours("jobs", measurement, **settings)

    def rival() -> dict[str, Any]:
        sandbox.forget_requests()
        return bench.sdk("jobs", measurement, **settings)

    return sides(in_turns({"ours": ours, "rival": rival}, bench.runs(RUNS)))


START = (
    Measurement(name="import", figures=(IMPORT,), run=measure_imports, sdks=(SDK,)),
    Measurement(name="first-job", figures=(FIRST_JOB,), run=measure_first_job, sdks=(SDK,)),
)
JOBS_AND_TEMPLATES = (
    Measurement(name="list", figures=(LIST, LIST_DEFAULT), run=measure_listing, sdks=(SDK,)),
    Measurement(name="get", figures=(GET,), run=measure_getting, sdks=(SDK,)),
    Measurement(
        name="price-one-by-one", figures=(PRICE_ONE_BY_ONE,), run=measure_pricing, sdks=(SDK,)
    ),
)
