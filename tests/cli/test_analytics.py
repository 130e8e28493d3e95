"""`up42 analytics`: jobs and tasks of the older API."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Up42
from up42_facade.cli import analytics
from up42_facade.cli.exit_codes import ExitCode
from up42_sandbox import Sandbox

UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(autouse=True)
def project(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("UP42_PROJECT_ID", sandbox.analytics.project_id)


def test_show_a_job(sandbox: Sandbox, up42_here: Up42) -> None:
    job_id = sandbox.analytics.jobs["ndvi"]
    record = up42_here("analytics", "job", "show", job_id, "--json").json
    assert list(record) == list(analytics.JOB_FIELDS)
    assert (record["id"], record["status"]) == (job_id, "SUCCEEDED")
    assert record["credits"] > 0
    assert [task["id"] for task in record["tasks"]] == sandbox.analytics.task_ids("ndvi")
    assert "SUCCEEDED" in up42_here("analytics", "job", "show", job_id).out


def test_statuses_are_spelled_as_documented(sandbox: Sandbox, up42_here: Up42) -> None:
    job_id = sandbox.analytics.jobs["running"]
    tasks = up42_here("analytics", "job", "show", job_id, "--json").json["tasks"]
    assert [task["status"] for task in tasks] == ["RUNNING", "NOT STARTED"]


def test_the_project_may_be_an_option(
    sandbox: Sandbox, up42_here: Up42, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UP42_PROJECT_ID")
    show = ("analytics", "job", "show", sandbox.analytics.jobs["ndvi"])
    missing = up42_here(*show)
    assert missing.code == ExitCode.ERROR
    assert "UP42_PROJECT_ID" in missing.err
    assert up42_here(*show, "--project-id", sandbox.analytics.project_id).code == ExitCode.OK


def test_logs_of_a_job(sandbox: Sandbox, up42_here: Up42) -> None:
    logs = ("analytics", "job", "logs", sandbox.analytics.jobs["ndvi"])
    text = up42_here(*logs).out
    records = up42_here(*logs, "--json").json
    assert [record["task_id"] for record in records] == sandbox.analytics.task_ids("ndvi")
    assert all(record["log"] in text and record["log"] for record in records)


def test_download_a_job(sandbox: Sandbox, up42_here: Up42, home: Path) -> None:
    job_id = sandbox.analytics.jobs["ndvi"]
    download = ("analytics", "job", "download", job_id, "--output", "here", "--json")
    unpacked = up42_here(*download).json
    assert all(Path(record["path"]).is_file() for record in unpacked)
    (archive,) = up42_here(*download, "--no-unpack").json
    assert archive["path"].endswith(".tgz")
    quicklooks = up42_here(*download, "--quicklooks").json
    assert all("quicklook" in record["path"] for record in quicklooks)


def test_a_task(sandbox: Sandbox, up42_here: Up42, home: Path) -> None:
    job_id, task_id = sandbox.analytics.jobs["ndvi"], sandbox.analytics.task_ids("ndvi")[0]
    of_job = ("--job", job_id, "--json")
    record = up42_here("analytics", "task", "show", task_id, *of_job).json
    assert list(record) == list(analytics.TASK_FIELDS)
    assert (record["id"], record["job_id"], record["status"]) == (task_id, job_id, "SUCCEEDED")
    (log,) = up42_here("analytics", "task", "logs", task_id, *of_job).json
    assert log["task_id"] == task_id
    assert log["log"] in up42_here("analytics", "task", "logs", task_id, "--job", job_id).out
    for option in ((), ("--quicklooks",)):
        paths = up42_here("analytics", "task", "download", task_id, *of_job, *option).json
        assert paths
        assert all(Path(path["path"]).is_file() for path in paths)


@pytest.mark.parametrize(
    ("name", "code"),
    [("running", ExitCode.UNFINISHED), ("failed", ExitCode.UNSUCCESSFUL)],
)
def test_without_results(sandbox: Sandbox, up42_here: Up42, name: str, code: int) -> None:
    ended = up42_here("analytics", "job", "download", sandbox.analytics.jobs[name], "--json")
    assert (ended.code, ended.out) == (code, "")


def test_unknown_ids(sandbox: Sandbox, up42_here: Up42) -> None:
    job_id = sandbox.analytics.jobs["ndvi"]
    for arguments in (
        ("job", "show", UNKNOWN),
        ("job", "logs", UNKNOWN),
        ("job", "download", UNKNOWN),
        ("task", "show", UNKNOWN, "--job", job_id),
        ("task", "download", UNKNOWN, "--job", job_id),
    ):
        ended = up42_here("analytics", *arguments, "--json")
        assert (ended.code, ended.out) == (ExitCode.ERROR, "")
        assert ended.error["type"] == "NotFoundError"
    assert up42_here("analytics", "task", "show", UNKNOWN).code == ExitCode.USAGE
