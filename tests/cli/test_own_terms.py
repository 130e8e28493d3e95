"""Errors of the command in its own terms, before anything is done that can't work."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import TREES, Up42
from up42_facade.cli.errors import ExitCode
from up42_sandbox import Sandbox

# What only Python has.
PYTHON = ("Decimal", "job_id", "output_directory", "call track", "()", "['")


def test_a_mistyped_process_is_answered_with_the_closest(
    sandbox: Sandbox, up42_here: Up42, campaign: Path
) -> None:
    campaign.write_text(campaign.read_text().replace(TREES, TREES[:-1]))
    typo, item = TREES[:-1], sandbox.item_url("pneo-berlin")
    for arguments in (
        ("processes", "show", typo),
        ("estimate", typo, "--item", item),
        ("run", typo, "--item", item, "--yes"),
        ("jobs", "list", "--process", typo),
        ("batch", "estimate", str(campaign)),
        ("batch", "run", str(campaign), "--yes"),
    ):
        assert f"Did you mean '{TREES}'?" in up42_here(*arguments).err, arguments
    assert sandbox.jobs == {}


def test_jobs_of_a_process_that_is_gone_are_listed(sandbox: Sandbox, up42_here: Up42) -> None:
    job = sandbox.add_job(TREES)
    job.process_id = "no-longer-offered"
    ended = up42_here("jobs", "list", "--process", "no-longer-offered", "--json")
    assert ([each["id"] for each in ended.json], ended.err) == ([job.id], "")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("jobs", "show", ""), "'ID': it's empty"),
        (("jobs", "download", "JOB", "--assets", "nope"), "--assets=nope matches no asset"),
        (("jobs", "download", "JOB", "--inputs", "--no-unpack"), "--unpack/--no-unpack can't be"),
        (("jobs", "download", "JOB", "--quicklooks", "--overwrite"), "--overwrite can't be used"),
        (("jobs", "download", "JOB", "-o", "nope://x"), "the scheme 'nope' is not known"),
        (("batch", "run", "campaign.csv", "--yes", "--download", "s3://"), "names no bucket"),
        (("run", TREES, "--item", "URL", "--title", "T", "--yes", "--download", "s3://"), "bucket"),
        (("run", TREES, "--item", "URL", "--max-credits", "-1"), "'-1': expected a number of"),
        (("items", "list", "--intersects", "campaign.csv"), "campaign.csv has no geometries"),
    ],
)
def test_arguments_that_cannot_work(
    sandbox: Sandbox, up42_here: Up42, campaign: Path, arguments: tuple[str, ...], expected: str
) -> None:
    job = sandbox.add_job(TREES)
    known = {"JOB": job.id, "URL": sandbox.item_url("pneo-berlin")}
    ended = up42_here(*(known.get(argument, argument) for argument in arguments))
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")
    assert expected in ended.err
    assert not [term for term in PYTHON if term in ended.err]
    assert list(sandbox.jobs) == [job.id]
    assert list(campaign.parent.iterdir()) == [campaign]


def test_advice_names_commands(sandbox: Sandbox, up42_here: Up42, campaign: Path) -> None:
    job = sandbox.add_job(TREES, "running")
    advice = f"up42 jobs track {job.id}"
    assert f"run {advice} first" in up42_here("jobs", "download", job.id).err
    ended = up42_here("jobs", "track", job.id, "--wait", "0.01", "--timeout", "0.02")
    assert f"run {advice} again" in ended.err
    up42_here("batch", "run", str(campaign), "--yes", "--track", "--wait", "0.01")
    ended = up42_here("batch", "download", str(campaign), "--assets", "nope")
    assert "--assets=nope" in ended.err
    assert "Run the same command again" in ended.err
    assert not [term for term in PYTHON if term in ended.err]


def test_results_and_items_go_to_cloud_storage(sandbox: Sandbox, up42_here: Up42) -> None:
    job = sandbox.add_job(TREES)
    url = "memory://own-terms/here"
    ended = up42_here("jobs", "download", job.id, "-o", url, "--items", "--assets", "data")
    assert (ended.code, ended.out) == (0, f"{url}/trees.tif\n")
    import fsspec

    names = {Path(path).suffix for path in fsspec.filesystem("memory").ls(url, detail=False)}
    assert names >= {".tif", ".json"}
