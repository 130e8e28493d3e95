"""A single task of a job."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import up42_facade as up42
from tests.analytics.conftest import UNKNOWN_ID, GetJob, paths
from up42_sandbox import Fault, Sandbox

GetTask = Callable[..., Any]


def test_making_one_costs_nothing(sandbox: Sandbox, jobtask: GetTask) -> None:
    made = jobtask("ndvi")
    assert made.id == made.jobtask_id == sandbox.analytics.task_ids("ndvi")[1]
    assert made.job_id == sandbox.analytics.jobs["ndvi"]
    assert made.project_id == sandbox.analytics.project_id
    assert repr(made) == (
        f"AnalyticsJobTask(jobtask_id={made.jobtask_id!r}, job_id={made.job_id!r}, "
        f"project_id={made.project_id!r})"
    )
    assert made.jobtask_id in made._repr_html_()
    assert made.results is made.quicklooks is None
    assert sandbox.requests == []


def test_info(sandbox: Sandbox, jobtask: GetTask) -> None:
    made = jobtask("ndvi")
    info = made.info
    assert info["id"] == made.jobtask_id
    assert info["name"] == "ndvi:1"
    assert info["block"]["version"] == "2.0.3"
    assert made.info == info
    assert paths(sandbox) == [f"GET /jobs/{made.job_id}/tasks"] * 2


def test_repr_shows_what_is_known(sandbox: Sandbox, jobtask: GetTask) -> None:
    made = jobtask("ndvi")
    info = made.info
    sandbox.clear_requests()
    for text in (
        "name='ndvi:1'",
        "status='SUCCEEDED'",
        "block_name='ndvi'",
        "block_version='2.0.3'",
        f"started_at='{dt.datetime.fromisoformat(info['startedAt']).isoformat()}'",
        f"finished_at='{dt.datetime.fromisoformat(info['finishedAt']).isoformat()}'",
    ):
        assert text in repr(made)
    assert "\n" not in repr(made)
    for text in ("ndvi:1", "SUCCEEDED", "2.0.3", made.job_id):
        assert text in made._repr_html_()
    assert sandbox.requests == []


def test_repr_of_a_task_without_anything(sandbox: Sandbox, jobtask: GetTask) -> None:
    made = jobtask("ndvi")
    task = {"id": made.jobtask_id, "status": "NOT_STARTED", "block": None, "name": None}
    sandbox.inject(Fault(path="*/tasks", status=200, body={"data": [task]}))
    assert made.info == task
    assert repr(made).endswith(", status='NOT STARTED')")


def test_features(jobtask: GetTask, job: GetJob) -> None:
    assert jobtask("ndvi").get_results_json() == job("ndvi").get_results_json()
    first = jobtask("ndvi", 0).get_results_json(as_dataframe=True)
    assert len(first) == 2
    assert first.crs.to_epsg() == 4326
    assert not first["up42.data_path"].str.contains("ndvi").any()


def test_an_empty_result(jobtask: GetTask) -> None:
    made = jobtask("empty")
    assert made.get_results_json()["features"] == []
    frame = made.get_results_json(True)
    assert len(frame) == 0
    assert frame.crs.to_epsg() == 4326


def test_download_to_the_default_folder(
    jobtask: GetTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = jobtask("ndvi", 0)
    found = made.download_results()
    folder = (
        tmp_path
        / f"project_{made.project_id}"
        / f"job_{made.job_id}"
        / f"jobtask_{made.jobtask_id}"
    )
    assert found[0] == str(folder / "data.json")
    assert [Path(path).parent for path in found] == [folder] * 3
    assert made.results == found


def test_download_elsewhere(jobtask: GetTask, tmp_path: Path) -> None:
    for directory in (tmp_path / "a", str(tmp_path / "b")):
        found = jobtask("ndvi").download_results(directory)
        assert [Path(path).parent for path in found] == [Path(directory)] * 3


def test_quicklooks_go_to_the_jobs_folder(
    jobtask: GetTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = jobtask("ndvi", 0)
    found = made.download_quicklooks()
    folder = tmp_path / f"project_{made.project_id}" / f"job_{made.job_id}"
    assert [Path(path).parent for path in found] == [folder, folder]
    assert all(Path(path).name.startswith("quicklook_") for path in found)
    assert made.quicklooks == found


def test_quicklooks_elsewhere(jobtask: GetTask, tmp_path: Path) -> None:
    found = jobtask("ndvi", 0).download_quicklooks(str(tmp_path / "here"))
    assert [Path(path).parent for path in found] == [tmp_path / "here"] * 2


def test_tasks_without_quicklooks(jobtask: GetTask, tmp_path: Path) -> None:
    for made in (jobtask("ndvi", 1), jobtask("no-quicklooks", 0)):
        assert made.download_quicklooks(tmp_path) == []
        assert made.quicklooks == []
    assert list(tmp_path.iterdir()) == []


def test_logs(jobtask: GetTask) -> None:
    assert "Wrote 2 images" in jobtask("ndvi").get_logs()
    assert jobtask("running", 1).get_logs() == ""


@pytest.mark.parametrize(
    "log", ["", "1 + 1", '"quoted" and more', '{"data": "no JSON, a log"}', "ü\n" * 3]
)
def test_logs_are_text_whatever_they_hold(sandbox: Sandbox, jobtask: GetTask, log: str) -> None:
    body = log.encode()
    sandbox.inject(Fault(path="*/logs", status=200, body=body, content_type="text/plain"))
    assert jobtask("ndvi").get_logs() == log


@pytest.mark.parametrize("log", ["", 'line 1\nline 2 "ü"\n'])
def test_a_log_sent_as_a_json_string_is_decoded(
    sandbox: Sandbox, jobtask: GetTask, job: GetJob, log: str
) -> None:
    sandbox.inject(Fault(path="*/logs", status=200, body=json.dumps(log), times=None))
    task = jobtask("ndvi")
    assert task.get_logs() == log
    assert job("ndvi").get_logs(as_print=False, as_return=True)[task.id] == log


METHODS = ["get_results_json", "download_results", "download_quicklooks", "get_logs"]


@pytest.mark.parametrize("method", [*METHODS, "info"])
def test_a_task_that_is_not_in_the_job(
    sandbox: Sandbox,
    session: up42.Session,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    other = sandbox.analytics.task_ids("zip")[0]
    for jobtask_id in (UNKNOWN_ID, other):
        made = up42.initialize_jobtask(jobtask_id, sandbox.analytics.jobs["ndvi"], session=session)
        with pytest.raises(up42.NotFoundError, match="has no task") as caught:
            made.info if method == "info" else getattr(made, method)()
        message = str(caught.value)
        assert repr(jobtask_id) in message
        for known in sandbox.analytics.task_ids("ndvi"):
            assert known in message
        assert "ndvi:1" in message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("method", [*METHODS, "info"])
def test_a_task_of_a_job_of_another_project(
    sandbox: Sandbox, session: up42.Session, method: str
) -> None:
    analytics = sandbox.analytics
    made = up42.initialize_jobtask(
        analytics.task_ids("foreign")[0], analytics.jobs["foreign"], session=session
    )
    with pytest.raises(up42.NotFoundError, match="belongs to another project"):
        made.info if method == "info" else getattr(made, method)()
    right = up42.initialize_jobtask(
        made.jobtask_id, made.job_id, analytics.other_project_id, session
    )
    assert right.info["id"] == made.jobtask_id


@pytest.mark.parametrize("method", METHODS[:3])
@pytest.mark.parametrize(
    ("name", "number", "kind", "text"),
    [
        ("running", 0, up42.UnfinishedJob, "is 'RUNNING'"),
        ("running", 1, up42.UnfinishedJob, "is 'NOT STARTED'"),
        ("failed", 1, up42.NoResultsError, "ended 'FAILED'"),
        ("cancelled", 1, up42.NoResultsError, "ended 'CANCELLED'"),
    ],
)
def test_results_that_are_not_there(
    jobtask: GetTask,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    name: str,
    number: int,
    kind: type[up42.Up42Error],
    text: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    made = jobtask(name, number)
    with pytest.raises(kind, match=text) as caught:
        getattr(made, method)()
    assert made.jobtask_id in str(caught.value)
    assert caught.value.job.job_id == made.job_id
    assert list(tmp_path.iterdir()) == []


def test_results_of_the_first_task_while_the_second_failed(
    jobtask: GetTask, tmp_path: Path
) -> None:
    assert jobtask("failed", 0).get_results_json()["features"]
    assert len(jobtask("failed", 0).download_results(tmp_path)) == 2


@pytest.mark.parametrize("jobtask_id", ["", None, 5])
def test_bad_ids(session: up42.Session, jobtask_id: Any) -> None:
    with pytest.raises(up42.InvalidInputError, match=f"jobtask_id={jobtask_id!r}"):
        up42.initialize_jobtask(jobtask_id, "j", session=session)
