"""How to run each public operation once: a recipe prepares, and returns what is measured."""

from __future__ import annotations

import contextlib
import io
import itertools
from collections.abc import Callable
from typing import Any

import pytest

import up42_facade as up42
from tests.matrix.world import World
from up42_client.api.processing import get_process
from up42_facade import downloads, viz
from up42_sandbox import Fault

Act = Callable[[], Any]
Recipe = Callable[[World], Act]
RECIPES: dict[str, Recipe] = {}
"""Operations that send requests."""

LOCAL: dict[str, Recipe] = {}
"""Operations that send none, which is checked."""

ELSEWHERE = {
    "analytics.Job.upload_results_to_bucket": "needs a bucket: tests/analytics/test_buckets.py",
    "check_api": "sends a hundred requests: tests/checking",
}
"""Operations that are tested otherwise, and where."""

TRIED = 50
"""Entries that are read of a listing."""


class Reported(list[str]):
    """What a batch recorded of entries that have no job, or whose job isn't certain."""


def checked(batch: up42.Batch) -> Any:
    """Return the batch, or what it reports; no job may belong to two entries."""
    known = [entry.job.id for entry in batch if entry.job]
    assert len(set(known)) == len(known), "one job for two entries"
    return Reported(reasons) if (reasons := [e.reason for e in batch if e.reason]) else batch


def sends(*names: str) -> Callable[[Recipe], Recipe]:
    def add(made: Recipe) -> Recipe:
        RECIPES.update(dict.fromkeys(names, made))
        return made

    return add


def attribute(name: str, of: Callable[[World], Any]) -> Recipe:
    """Return a recipe that reads an attribute, or calls a method without arguments."""

    def prepare(world: World) -> Act:
        owner = of(world)

        def act() -> Any:
            value = getattr(owner, name)
            return value() if callable(value) else value

        return act

    return prepare


def local(owner: str, names: str, of: Callable[[World], Any]) -> None:
    for name in names.split():
        LOCAL[f"{owner}.{name}"] = attribute(name, of)


# Sessions --------------------------------------------------------------------------------------


@sends("authenticate")
def _(world: World) -> Act:
    def act() -> Any:
        with up42.authenticate(
            username=world.sandbox.username,
            password=world.sandbox.password,
            base_url=world.sandbox.url,
        ) as session:
            session.options = world.options
            return session.workspace_id

    return act


@sends("Session.workspace_id")
def _(world: World) -> Act:
    session = world.fresh_session()

    def act() -> Any:
        return session.workspace_id

    return act


@sends("Session.call")
def _(world: World) -> Act:
    return lambda: world.session.call(get_process.request("pansharpening"))


@sends("Session.follow")
def _(world: World) -> Act:
    link = f"/v2/assets/stac/collections/{world.item['collection']}/items"
    return lambda: world.session.follow(link, lambda response: response.json())


@sends("get_balance")
def _(world: World) -> Act:
    return lambda: up42.get_balance(world.session)


local("Session", "client executor http payer storage", lambda world: world.session)
LOCAL["Session.close"] = attribute("close", lambda world: world.new_session())
LOCAL["Session.aclose"] = attribute("close", lambda world: world.new_session())
LOCAL["Session.get_or_create"] = lambda world: lambda: world.session.get_or_create("key", dict)
LOCAL["Session.get_cached"] = lambda world: lambda: world.session.get_cached("key")
LOCAL["Session.invalidate"] = lambda world: lambda: world.session.invalidate("key")


# Processing jobs -------------------------------------------------------------------------------


@sends("Job.get")
def _(world: World) -> Act:
    job_id = world.job_id()
    return lambda: up42.Job.get(job_id, session=world.session)


@sends("Job.all")
def _(world: World) -> Act:
    world.job_id()
    return lambda: first(up42.Job.all(page_size=3, session=world.session))


@sends("Job.track")
def _(world: World) -> Act:
    job = world.template().execute()
    return lambda: job.track(wait=0.01, retries=5, progress=False)


@sends("Job.collection")
def _(world: World) -> Act:
    job = world.job()
    return lambda: first(job.collection.get_items())


@sends("Job.refresh")
def _(world: World) -> Act:
    return world.job().refresh


@sends("Job.items")
def _(world: World) -> Act:
    job = world.job()
    return lambda: job.items


@sends("Job.download_results")
def _(world: World) -> Act:
    job = world.job()
    return lambda: job.download_results(world.target, progress=False)


@sends("Job.download_quicklooks")
def _(world: World) -> Act:
    job = world.job()
    return lambda: job.download_quicklooks(world.target, progress=False)


@sends("Job.download_inputs")
def _(world: World) -> Act:
    job = world.job()
    return lambda: job.download_inputs(world.target, progress=False)


@sends("Job.get_results_json")
def _(world: World) -> Act:
    job = world.job("detection-cars-oi")
    return lambda: (job.get_results_json(), job.get_results_json(as_dataframe=True))


@sends("Job.to_xarray")
def _(world: World) -> Act:
    job = world.job()

    def act() -> Any:
        # Errors of rasterio's own threads come with the pixels.
        return job.to_xarray(assets="true_color.tif").load().shape

    return act


local("Job", "inputs is_finished is_succeeded session title", lambda world: world.known_job)
LOCAL["Job.to_metadata"] = lambda world: world.known_job.to_metadata
LOCAL["Job.from_metadata"] = lambda world: (
    lambda: up42.Job.from_metadata(world.known_job.to_metadata(), session=world.session)
)
LOCAL["Job.plot_results"] = lambda world: world.downloaded_job.plot_results
LOCAL["Job.plot_quicklooks"] = lambda world: world.downloaded_job.plot_quicklooks
LOCAL["Job.map_results"] = lambda world: world.downloaded_job.map_results
LOCAL["viz.plot_results"] = lambda world: lambda: viz.plot_results(world.results)
LOCAL["viz.plot_quicklooks"] = lambda world: lambda: viz.plot_quicklooks(world.results)
LOCAL["viz.map_results"] = lambda world: lambda: viz.map_results(world.results)
LOCAL["jobs_to_dataframe"] = lambda world: lambda: up42.jobs_to_dataframe([world.known_job])
local("SortingField", "asc desc", lambda world: up42.JobSorting.created)


# Processes and templates -----------------------------------------------------------------------


@sends("Process.all")
def _(world: World) -> Act:
    return lambda: up42.Process.all(session=world.session)


@sends("Process.get")
def _(world: World) -> Act:
    session = world.fresh_session()
    return lambda: up42.Process.get("pansharpening", session=session)


@sends("Process.check")
def _(world: World) -> Act:
    process = world.process()
    inputs = {"title": "x", "item": world.item_url}
    return lambda: process.check(inputs)


@sends("Process.eula")
def _(world: World) -> Act:
    process = up42.Process.get("pansharpening", session=world.fresh_session())
    return lambda: process.eula


@sends("Process.is_eula_accepted")
def _(world: World) -> Act:
    process = up42.Process.get("pansharpening", session=world.fresh_session())

    def act() -> Any:
        return process.is_eula_accepted

    return act


LOCAL["Process.inputs_schema"] = attribute("inputs_schema", lambda world: world.known_process)
LOCAL["Process.template"] = lambda world: (
    lambda: world.known_process.template(title="x", item=world.item_url)
)


@sends("JobTemplate.errors", "JobTemplate.is_valid")
def _(world: World) -> Act:
    template = world.template(world.fresh_session())

    def act() -> Any:
        return Reported(map(str, template.errors)) if template.errors else template.is_valid

    return act


@sends("JobTemplate.cost")
def _(world: World) -> Act:
    template = world.template()

    def act() -> Any:
        return template.cost

    return act


@sends("JobTemplate.execute")
def _(world: World) -> Act:
    template = world.template()
    world.intents = 1

    return template.execute


@sends("JobTemplate.workspace_id")
def _(world: World) -> Act:
    template = world.template(world.fresh_session())

    def act() -> Any:
        return template.workspace_id

    return act


LOCAL["JobTemplate.inputs"] = attribute("inputs", lambda world: world.template())
LOCAL["ProcessTemplate.inputs"] = LOCAL["JobTemplate.inputs"]
LOCAL["ProcessTemplate.process_id"] = attribute(
    "process_id", lambda world: world.known_process.template(title="x", item=world.item_url)
)


@sends("parse_inputs")
def _(world: World) -> Act:
    process = world.process()
    given = {"title": "x", "item": world.item_url}
    return lambda: up42.parse_inputs(process, given)


@sends("read_templates")
def _(world: World) -> Act:
    path = world.folder / "given.csv"
    path.write_text(f"process,title,item\ntrue-color-conversion,x,{world.item_url}\n")
    return lambda: up42.read_templates(path, session=world.session)


@sends("ExecutionUncertainError.find_jobs")
def _(world: World) -> Act:
    world.sandbox.inject(Fault(path="*/execution", drop="before"))
    with pytest.raises(up42.ExecutionUncertainError) as caught:
        world.template().execute()
    return caught.value.find_jobs


# Batches ---------------------------------------------------------------------------------------


@sends("Batch.estimate")
def _(world: World) -> Act:
    batch = world.batch()
    return lambda: (batch.estimate(progress=False), checked(batch))[1]


@sends("Batch.execute")
def _(world: World) -> Act:
    batch = world.batch()
    world.intents = len(batch)

    return lambda: (batch.execute(progress=False), checked(batch))[1]


@sends("Batch.retry")
def _(world: World) -> Act:
    batch = world.batch(title="[failed]")
    batch.execute(progress=False)
    batch.track(wait=0.01, progress=False)
    world.intents = len(batch)
    return lambda: (batch.retry(progress=False), checked(batch))[1]


@sends("Batch.track")
def _(world: World) -> Act:
    batch = world.batch()
    batch.execute(progress=False)
    return lambda: batch.track(wait=0.01, timeout=3, progress=False)


@sends("Batch.download")
def _(world: World) -> Act:
    batch = world.batch()
    batch.execute(progress=False)
    batch.track(wait=0.01, progress=False)
    return lambda: batch.download(world.target, progress=False)


@sends("Batch.assign")
def _(world: World) -> Act:
    batch = world.batch()
    world.sandbox.inject(Fault(path="*/execution", times=len(batch), drop="before"))
    with contextlib.suppress(up42.PartialBatchError):
        batch.execute(progress=False)
    job_id = world.sandbox.add_job("true-color-conversion", inputs=batch[0].inputs).id
    return lambda: batch.assign(0, job_id)


@sends("Batch.resume")
def _(world: World) -> Act:
    batch = world.batch()
    batch.execute(progress=False)
    path = batch.path
    batch.close()
    world.intents = 0

    def act() -> Any:
        with up42.Batch.resume(path, session=world.session) as resumed:
            resumed.execute(progress=False)
            return checked(resumed)

    return act


local("Batch", "close cost counts credits failed filter jobs path report", lambda w: w.batch())
local("Batch", "session to_dataframe", lambda world: world.batch())
LOCAL["Batch.replace"] = lambda world: lambda: world.batch().replace(0, world.template())
local(
    "BatchEntry",
    "charged cost errors files has_failed inputs is_finished is_succeeded job reason "
    "status template title",
    lambda world: world.batch()[0],
)


# Storage ---------------------------------------------------------------------------------------


@sends("search_items")
def _(world: World) -> Act:
    return lambda: first(up42.search_items(session=world.session))


@sends("get_item")
def _(world: World) -> Act:
    item = next(up42.search_items(session=world.session))
    return lambda: up42.get_item(item.id, session=world.session)


@sends("download_items")
def _(world: World) -> Act:
    items = list(up42.search_items(session=world.session))[:2]
    return lambda: up42.download_items(
        items, world.target, assets="thumbnail", progress=False, session=world.session
    )


@sends("Asset.stac_items", "Asset.download")
def _(world: World) -> Act:
    def act() -> Any:
        asset = up42.initialize_asset(world.sandbox.asset_id(), session=world.session)
        return asset.download(world.target, assets="thumbnail", progress=False)

    return act


LOCAL["initialize_asset"] = lambda world: lambda: up42.initialize_asset("x", session=world.session)


def content(name: str) -> Callable[[World], Callable[[], str]]:
    return lambda world: world.sandbox.storage.put(name, world.archive)


@sends("download_file")
def _(world: World) -> Act:
    link = content("a.tgz")(world)
    return lambda: downloads.download_file(link, world.target / "a.tgz", progress=False)


@sends("download_files")
def _(world: World) -> Act:
    link = content("a.tgz")(world)
    wanted = [downloads.Download(link, world.target / name) for name in ("a.tgz", "b.tgz")]
    return lambda: downloads.download_files(wanted, progress=False)


@sends("download_archive")
def _(world: World) -> Act:
    link = content("a.tgz")(world)
    return lambda: downloads.download_archive(link, world.target, progress=False)


@sends("open_stream")
def _(world: World) -> Act:
    link = content("a.tgz")(world)

    def act() -> Any:
        with downloads.open_stream(link, progress=False) as stream:
            return len(stream.read())

    return act


LOCAL["Download.record_id"] = attribute(
    "record_id", lambda world: downloads.Download("https://x", "x")
)


@sends("stream_to")
def _(world: World) -> Act:
    link = content("a.tgz")(world)
    return lambda: downloads.stream_to(link, io.BytesIO(), progress=False)


# Checks ----------------------------------------------------------------------------------------

local("ApiReport", "is_as_documented to_markdown", lambda world: up42.ApiReport(()))

# Analytics -------------------------------------------------------------------------------------

LOCAL["initialize_job"] = lambda world: lambda: world.analytics_job
LOCAL["initialize_jobtask"] = lambda world: lambda: world.jobtask
local("analytics.Job", "id", lambda world: world.analytics_job)
local("analytics.JobTask", "id", lambda world: world.jobtask)

READ = "info is_succeeded status refresh get_credits get_jobtasks get_results_json"
for _name in (*READ.split(), "get_jobtasks_results_json"):
    RECIPES[f"analytics.Job.{_name}"] = attribute(_name, lambda world: world.analytics_job)
RECIPES["analytics.JobTask.get_logs"] = attribute("get_logs", lambda world: world.jobtask)


@sends("analytics.Job.get_logs")
def _(world: World) -> Act:
    job = world.analytics_job
    return lambda: job.get_logs(as_print=False, as_return=True)


@sends("get_jobs")
def _(world: World) -> Act:
    return lambda: first(up42.get_jobs(world.sandbox.analytics.project_id, session=world.session))


@sends("analytics.Job.track")
def _(world: World) -> Act:
    job = world.analytics_job
    return lambda: job.track(wait=0.01, retries=5, progress=False)


@sends("analytics.Job.cancel")
def _(world: World) -> Act:
    made = world.sandbox.analytics.add_job("x", task_seconds=1e9)
    job = up42.initialize_job(made.id, session=world.session)
    return job.cancel


@sends("analytics.Job.rename")
def _(world: World) -> Act:
    job = world.analytics_job
    return lambda: job.rename("name")


@sends("analytics.Job.download_results", "analytics.JobTask.download_results")
def _(world: World) -> Act:
    job = world.analytics_job
    return lambda: job.download_results(world.target, progress=False)


@sends("analytics.Job.download_quicklooks", "analytics.JobTask.download_quicklooks")
def _(world: World) -> Act:
    task = world.jobtask
    return lambda: task.download_quicklooks(world.target, progress=False)


def first(found: Any) -> list[Any]:
    """Read a listing, not without end."""
    return list(itertools.islice(found, TRIED))
