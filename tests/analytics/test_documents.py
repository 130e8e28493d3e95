"""The examples of the analytics documents, word for word where a person would type them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from geopandas import GeoDataFrame

import up42_facade as up42
from up42_facade.analytics import Job, JobTask
from up42_sandbox import Sandbox


@pytest.fixture(autouse=True)
def default_session(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    with up42.authenticate(
        project_id=sandbox.project_id,
        project_api_key=sandbox.project_api_key,
        base_url=sandbox.url,
    ):
        yield


def test_a_job(sandbox: Sandbox, tmp_path: Path) -> None:
    job = up42.initialize_job(
        job_id=sandbox.analytics.jobs["ndvi"],
        project_id=sandbox.analytics.project_id,
    )
    assert isinstance(job.info, dict)
    assert job.status == "SUCCEEDED"
    assert job.is_succeeded is True
    assert isinstance(job.get_credits(), dict)
    assert job.download_quicklooks(output_directory=f"{tmp_path}/")
    assert isinstance(job.get_results_json(as_dataframe=True), GeoDataFrame)
    [archive] = job.download_results(
        output_directory=f"{tmp_path}/",
        unpacking=False,
    )
    assert Path(archive).is_file()
    assert isinstance(job.get_jobtasks(return_json=True), list)
    logs = job.get_logs(
        as_print=True,
        as_return=True,
    )
    assert isinstance(logs, dict)
    assert isinstance(job.get_jobtasks_results_json(), dict)


def test_a_job_task(sandbox: Sandbox, tmp_path: Path) -> None:
    jobtask = up42.initialize_jobtask(
        jobtask_id=sandbox.analytics.task_ids("ndvi")[0],
        job_id=sandbox.analytics.jobs["ndvi"],
    )
    assert isinstance(jobtask.info, dict)
    assert isinstance(
        jobtask.get_results_json(
            as_dataframe=True,
        ),
        GeoDataFrame,
    )
    quicklooks = jobtask.download_quicklooks(
        output_directory=f"{tmp_path}/",
    )
    assert all(Path(path).name.startswith("quicklook_") for path in quicklooks)
    results = jobtask.download_results(
        output_directory=f"{tmp_path}/",
    )
    assert all(Path(path).is_file() for path in results)


REQUIRED = inspect.Parameter.empty
SIGNATURES: dict[Any, dict[str, Any]] = {
    up42.initialize_job: {"job_id": REQUIRED, "project_id": None, "session": None},
    up42.initialize_jobtask: {
        "jobtask_id": REQUIRED,
        "job_id": REQUIRED,
        "project_id": None,
        "session": None,
    },
    up42.get_jobs: {"project_id": None, "sort_by": None, "session": None},
    Job.get_credits: {},
    Job.get_results_json: {"as_dataframe": False},
    Job.download_quicklooks: {"output_directory": None},
    Job.download_results: {"output_directory": None, "unpacking": True},
    Job.upload_results_to_bucket: {
        "gs_client": REQUIRED,
        "bucket": REQUIRED,
        "folder": REQUIRED,
        "extension": ".tgz",
        "version": "v0",
    },
    Job.get_jobtasks: {"return_json": False},
    Job.get_logs: {"as_print": True, "as_return": False},
    Job.get_jobtasks_results_json: {},
    Job.rename: {"name": REQUIRED},
    Job.cancel: {},
    Job.track: {"wait": 60, "retries": 4320},
    JobTask.get_results_json: {"as_dataframe": False},
    JobTask.download_results: {"output_directory": None},
    JobTask.download_quicklooks: {"output_directory": None},
    JobTask.get_logs: {},
}


@pytest.mark.parametrize("function", SIGNATURES, ids=lambda function: function.__qualname__)
def test_documented_arguments(function: Any) -> None:
    """Names, order and defaults; what goes beyond the documents is keyword-only."""
    positional = {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
        if name != "self" and parameter.kind is not inspect.Parameter.KEYWORD_ONLY
    }
    assert list(positional.items()) == list(SIGNATURES[function].items())


@pytest.mark.parametrize("owner", [Job, JobTask])
def test_attributes(owner: type) -> None:
    for name in ("info", "status", "is_succeeded") if owner is Job else ("info",):
        assert isinstance(getattr(owner, name), property)
