"""The examples of the processing documents, word for word where a person would type them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

import up42_facade as up42
from up42_facade import processing_templates
from up42_sandbox import Sandbox


@pytest.fixture(autouse=True)
def default_session(sandbox: Sandbox) -> Iterator[None]:
    with up42.authenticate(
        username=sandbox.username, password=sandbox.password, base_url=sandbox.url
    ):
        yield


def test_cost_and_validity(sandbox: Sandbox) -> None:
    asset = up42.initialize_asset(asset_id=sandbox.asset_id())
    template = processing_templates.DetectionTreesSpacept(
        title="Detect trees over UK",
        item=asset.stac_items[0],
    )
    assert template.cost <= 100
    assert template.cost.credits > 0
    job = processing_templates.DetectionTreesSpacept(
        title="Detect trees over UK", item=asset.stac_items[0]
    )
    if not job.is_valid:
        print(template.errors)
    assert isinstance(job.execute(), up42.Job)


def test_get_track_and_collection(sandbox: Sandbox) -> None:
    job_id = sandbox.add_job(status="captured").id
    job = up42.Job.get(id=job_id)
    assert job.track() is job
    assert job.collection is None or job.collection.id


def test_listing(sandbox: Sandbox) -> None:
    sandbox.add_jobs(5)
    cheap_first = [j.credits or 0 for j in up42.Job.all(sort_by=up42.JobSorting.credits.asc)]
    assert cheap_first == sorted(cheap_first)
    newest = [j.created for j in up42.Job.all(sort_by=up42.JobSorting.created.desc)]
    assert newest == sorted(newest, key=lambda moment: moment or 0, reverse=True)
    short = up42.Job.all(
        max_duration=500,
        sort_by=up42.JobSorting.process_id,
    )
    processes = [job.process_id for job in short]
    assert processes == sorted(processes)


PARAMETERS: list[tuple[Any, list[tuple[str, Any]]]] = [
    (up42.Job.track, [("wait", 60), ("retries", 60 * 24 * 3)]),
    (
        up42.Job.all,
        [
            ("process_id", None),
            ("workspace_id", None),
            ("status", None),
            ("min_duration", None),
            ("max_duration", None),
            ("sort_by", None),
            ("ids", None),
        ],
    ),
    (processing_templates.JobTemplate.execute, [("budget_id", None), ("max_credits", None)]),
]


@pytest.mark.parametrize(("function", "documented"), PARAMETERS)
def test_arguments_and_defaults(function: Any, documented: list[tuple[str, Any]]) -> None:
    parameters = inspect.signature(function).parameters
    present = [(name, p.default) for name, p in parameters.items() if name != "self"]
    assert present[: len(documented)] == documented


def test_documented_attributes(sandbox: Sandbox) -> None:
    job = up42.Job.get(sandbox.add_job(status="captured").id)
    names = (
        "process_id id account_id workspace_id definition status created updated collection_url "
        "errors credits started finished collection"
    )
    for name in names.split():
        assert hasattr(job, name)
    metadata = up42.JobMetadata.__annotations__
    assert set(metadata) == {
        "processID", "jobID", "accountID", "workspaceID", "definition", "results",
        "creditConsumption", "status", "created", "started", "finished", "updated",
    }  # fmt: skip
    assert set(up42.JobResults.__annotations__) == {"collection", "errors"}
    assert issubclass(up42.UnfinishedJob, Exception)
