"""The commands that wait for jobs and fetch their files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import TREES, Up42
from up42_facade.cli.errors import ExitCode
from up42_sandbox import Sandbox


def executed(sandbox: Sandbox, up42_here: Up42, title: str = "Trees") -> str:
    item = sandbox.item_url("pneo-berlin")
    ended = up42_here("run", TREES, "--item", item, "--title", title, "--yes", "--json")
    return str(ended.json["id"])


def test_track(sandbox: Sandbox, up42_here: Up42) -> None:
    job_id = executed(sandbox, up42_here)
    ended = up42_here("jobs", "track", job_id, "--wait", "0.01", "--json")
    assert ended.code == ExitCode.OK
    assert ended.json["status"] == "captured"
    assert f"Job {job_id} is captured." in ended.err


def test_track_a_job_that_has_failed(sandbox: Sandbox, up42_here: Up42) -> None:
    job_id = executed(sandbox, up42_here, "Trees [failed]")
    ended = up42_here("jobs", "track", job_id, "--wait", "0.01", "--json")
    assert ended.code == ExitCode.JOB_FAILED
    assert ended.json["status"] == "released"
    assert "ProcessingFailed" in ended.error["message"]


def test_track_a_job_that_goes_on(sandbox: Sandbox, up42_here: Up42) -> None:
    job = sandbox.add_job(status="running")
    sandbox.clear_requests()
    ended = up42_here("jobs", "track", job.id, "--wait", "0.01", "--timeout", "0.05", "--json")
    assert ended.code == ExitCode.UNFINISHED
    assert ended.json["status"] == "running"
    assert f": run up42 jobs track {job.id} again" in ended.error["message"]
    looks = [r for r in sandbox.requests if r.path.endswith(job.id)]
    # One to find it; then at 0.00, 0.01, … and 0.05 seconds, give or take a rounding.
    assert 6 <= len(looks) <= 7


def test_a_timeout_shorter_than_the_wait_is_waited(sandbox: Sandbox, up42_here: Up42) -> None:
    job = sandbox.add_job(status="running")
    sandbox.clear_requests()
    ended = up42_here("jobs", "track", job.id, "--timeout", "0.05")
    assert ended.code == ExitCode.UNFINISHED
    looks = [r for r in sandbox.requests if r.path.endswith(job.id)]
    # One to find it, one at once, one at the end.
    assert len(looks) == 3


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "1e300", "soon"])
@pytest.mark.parametrize("option", ["--wait", "--timeout"])
def test_times_that_cannot_be_waited(up42_here: Up42, option: str, seconds: str) -> None:
    ended = up42_here("jobs", "track", "nope", f"{option}={seconds}")
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")
    assert option in ended.err


def test_download(sandbox: Sandbox, up42_here: Up42, home: Path) -> None:
    job_id = executed(sandbox, up42_here)
    ended = up42_here("jobs", "download", job_id)
    assert ended.code == ExitCode.OK
    paths = [Path(line) for line in ended.out.splitlines()]
    assert {path.name for path in paths} == {"trees.tif", "thumbnail.png"}
    assert all(path.is_file() and path.parent.name == f"job_{job_id}" for path in paths)


def test_download_what_is_chosen(sandbox: Sandbox, up42_here: Up42, home: Path) -> None:
    job_id = executed(sandbox, up42_here)
    arguments = ("jobs", "download", job_id, "--output", "here", "--json")
    assert up42_here(*arguments, "--assets", "thumbnail").json == [
        {"job_id": job_id, "path": "here/thumbnail.png"}
    ]
    assert up42_here(*arguments, "--quicklooks").json[0]["path"].endswith("thumbnail.png")
    inputs = up42_here(*arguments, "--inputs").json
    assert any(record["path"].endswith("multispectral.tif") for record in inputs)
    assert up42_here(*arguments, "--inputs", "--quicklooks").code == ExitCode.USAGE
    nothing = up42_here(*arguments, "--assets", "nonsense")
    assert (nothing.code, nothing.out) == (ExitCode.USAGE, "")


def test_download_without_results(sandbox: Sandbox, up42_here: Up42, home: Path) -> None:
    running = up42_here("jobs", "download", sandbox.add_job(status="running").id)
    assert running.code == ExitCode.UNFINISHED
    failed = up42_here("jobs", "download", sandbox.add_job(status="released").id)
    assert failed.code == ExitCode.JOB_FAILED
    assert list(home.iterdir()) == []


def test_a_folder_that_cannot_be_made(sandbox: Sandbox, up42_here: Up42, home: Path) -> None:
    job_id = executed(sandbox, up42_here)
    (home / "taken").write_text("a file")
    ended = up42_here("jobs", "download", job_id, "--output", "taken")
    assert ended.code == ExitCode.USAGE
    ended = up42_here("jobs", "download", job_id, "--output", "taken/deeper", "--json")
    assert (ended.code, ended.out) == (ExitCode.ERROR, "")
    assert "taken" in json.dumps(ended.error)


def test_an_empty_folder_is_not_the_current_one(sandbox: Sandbox, up42_here: Up42) -> None:
    # As `--output "$FOLDER"` without such a variable.
    ended = up42_here("jobs", "download", sandbox.add_job().id, "--output", "")
    assert (ended.code, ended.out) == (2, "")
    assert "--output': it's empty" in ended.err


def test_messages_name_the_place_in_a_store(sandbox: Sandbox, up42_here: Up42) -> None:
    job = sandbox.add_job()
    ended = up42_here("jobs", "download", job.id, "--output", f"memory://{job.id}", "--items")
    paths = ended.out.splitlines()
    assert len(paths) == 2
    assert sorted(ended.err.splitlines()) == sorted(f"Uploaded {path}." for path in paths)
