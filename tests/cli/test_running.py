"""`up42 estimate` and `up42 run`: inputs, money, and what happens on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click import UsageError

import up42_facade as up42
from tests.cli.conftest import TREES, Up42
from up42_facade.cli import run
from up42_facade.cli.errors import ExitCode
from up42_facade.cli.run import item_input
from up42_sandbox import Fault, Sandbox

CHANGE = "detection-change-simularity"


@pytest.fixture
def item(sandbox: Sandbox) -> str:
    return sandbox.item_url("spot-berlin")


def test_estimate(up42_here: Up42, item: str) -> None:
    ended = up42_here("estimate", TREES, "--item", item, "--title", "Trees", "--json")
    assert ended.code == ExitCode.OK
    assert list(ended.json) == list(run.ESTIMATE_FIELDS)
    assert ended.json["credits"] == 46
    assert ended.json["inputs"] == {"title": "Trees", "item": item}
    assert "46" in up42_here("estimate", TREES, "--item", item, "--title", "Trees").out


def test_estimate_with_inputs_of_its_own(sandbox: Sandbox, up42_here: Up42, item: str) -> None:
    later = sandbox.item_url("spot-berlin-later")
    items = ("--input", f"sourceItem={item}", "--input", f"referenceItem={later}")
    ended = up42_here(
        "estimate", CHANGE, "--title", "2024", *items, "--input", "sensitivity=3", "--json"
    )
    assert ended.code == ExitCode.OK
    expected = {"title": "2024", "sourceItem": item, "referenceItem": later, "sensitivity": 3}
    assert ended.json["inputs"] == expected
    wrong = up42_here(
        "estimate", CHANGE, "--title", "T", *items, "--input", "sensitivity=9", "--json"
    )
    assert wrong.code == ExitCode.ERROR
    assert wrong.json["is_valid"] is False
    assert "maximum of 5" in wrong.json["errors"][0]["message"]


def test_json_inputs(up42_here: Up42, item: str) -> None:
    weights = '[{"band": "red", "weight": 0.5}]'
    ended = up42_here(
        "estimate", "pansharpening", "--title", '"quoted"', "--item", item,
        "--input", f"greyWeights={weights}", "--json",
    )  # fmt: skip
    assert ended.code == ExitCode.OK
    assert ended.json["inputs"]["greyWeights"] == [{"band": "red", "weight": 0.5}]
    assert ended.json["inputs"]["title"] == '"quoted"'


def test_estimate_of_what_is_not_valid(up42_here: Up42) -> None:
    ended = up42_here(
        "estimate", TREES, "--item", "https://example.com/x", "--title", "T", "--json"
    )
    assert ended.code == ExitCode.ERROR
    assert (ended.json["is_valid"], ended.json["credits"]) == (False, None)
    assert ended.json["errors"][0]["name"] == "InvalidItemUrl"
    assert ended.error["type"] == "CommandError"


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (("detection-tree-spacept", "--title", "T"), 1, "up42 processes list"),
        ((TREES, "--input", "novalue"), 2, "expected NAME=VALUE"),
        ((TREES, "--input", "=x"), 2, "expected NAME=VALUE"),
        ((TREES, "--input", "a=1", "--input", "a=2"), 2, "given twice"),
        ((TREES, "--title", "T", "--input", "title=U"), 2, "given twice"),
        ((TREES, "--item", "/x", "--input", "item=y"), 2, "given twice"),
        ((TREES, "--item", "/x", "--item", "/y"), 2, "takes one --item"),
        ((TREES, "--input", "tile=x"), 2, "Did you mean 'title'?"),
        ((TREES, "--input", "self=x"), 2, "no input 'self'"),
        ((CHANGE, "--item", "/x"), 2, "--input NAME=URL"),
        ((), 2, "Missing argument"),
    ],
)
@pytest.mark.parametrize("command", [("estimate",), ("run", "--yes")])
def test_arguments_that_cannot_work(
    sandbox: Sandbox,
    up42_here: Up42,
    command: tuple[str, ...],
    arguments: tuple[str, ...],
    code: int,
    expected: str,
) -> None:
    ended = up42_here(*command, *arguments, "--json")
    assert (ended.code, ended.out) == (code, "")
    assert expected in ended.err
    assert ended.error["exit_code"] == code
    assert sandbox.jobs == {}


def test_the_id_of_an_item(sandbox: Sandbox, up42_here: Up42) -> None:
    scene = sandbox.sample_item("spot-berlin")
    arguments = ("estimate", TREES, "--title", "T", "--json", "--item")
    assert up42_here(*arguments, scene["id"]).json["inputs"]["item"] == sandbox.item_url()
    unknown = up42_here(*arguments, "nope")
    assert (unknown.code, unknown.error["type"]) == (ExitCode.ERROR, "NotFoundError")


def test_several_items(sandbox: Sandbox) -> None:
    spec = {"minOccurs": 1, "maxOccurs": 2, "schema": {"type": "string", "format": "uri"}}
    process = up42.Process("merge", inputs={"title": {}, "items": spec})
    assert item_input(process, ["a", "b"], {}) == {"items": ["a", "b"]}
    assert item_input(process, ["a"], {}) == {"items": ["a"]}
    with pytest.raises(UsageError, match="twice"):
        item_input(process, ["a"], {"items": ["b"]})


def test_run(sandbox: Sandbox, up42_here: Up42, item: str) -> None:
    ended = up42_here("run", TREES, "--item", item, "--title", "T", "--max-credits", "46", "--json")
    assert ended.code == ExitCode.OK
    (job,) = sandbox.jobs.values()
    assert list(ended.json) == list(run.RUN_FIELDS)
    assert (ended.json["id"], ended.json["files"]) == (job.id, None)
    assert ended.err == f"Executed for 46 credits: job {job.id}\n"


def test_run_up_to_the_results(sandbox: Sandbox, up42_here: Up42, item: str, home: Path) -> None:
    ended = up42_here(
        "run", TREES, "--item", item, "--title", "T", "--yes", "--download", "results",
        "--wait", "0.01", "--json",
    )  # fmt: skip
    assert ended.code == ExitCode.OK
    assert ended.json["is_succeeded"] is True
    assert [Path(path).name for path in ended.json["files"]] == ["trees.tif", "thumbnail.png"]
    assert all(Path(path).is_file() for path in ended.json["files"])


@pytest.mark.parametrize("option", ["--track", "--download=results"])
def test_run_of_a_job_that_fails(
    sandbox: Sandbox, up42_here: Up42, item: str, home: Path, option: str
) -> None:
    sandbox.fail_next_job()
    ended = up42_here(
        "run", TREES, "--item", item, "--title", "T", "--yes", option, "--wait", "0.01", "--json"
    )
    assert ended.code == ExitCode.JOB_FAILED
    assert ended.json["status"] == "released"
    assert ended.json["errors"]
    assert not (home / "results").exists()


def test_run_of_a_job_that_goes_on(sandbox: Sandbox, up42_here: Up42, item: str) -> None:
    sandbox.inject(Fault(path="/v2/processing/jobs/*", patch={"status": "running"}, times=None))
    ended = up42_here(
        "run", TREES, "--item", item, "--title", "T", "--yes", "--track",
        "--wait", "0.01", "--timeout", "0.03", "--json",
    )  # fmt: skip
    assert ended.code == ExitCode.UNFINISHED
    assert ended.json["status"] == "running"
    assert f"up42 jobs track {ended.json['id']}" in ended.err


def test_the_job_is_told_also_when_its_download_fails(
    sandbox: Sandbox, up42_here: Up42, item: str, home: Path
) -> None:
    (home / "taken").write_text("a file")
    ended = up42_here(
        "run", TREES, "--item", item, "--title", "T", "--yes", "--wait", "0.01",
        "--download", "taken/deeper", "--json",
    )  # fmt: skip
    assert ended.code == ExitCode.ERROR
    assert ended.json["id"] in sandbox.jobs
    assert ended.json["files"] is None
    again = f"up42 jobs download {ended.json['id']} --output taken/deeper"
    assert ended.error["hints"] == [f"The job is done; download its results with: {again}"]


def test_a_price_above_the_limit(sandbox: Sandbox, up42_here: Up42, item: str) -> None:
    for limit in ("45", "45.9", "0"):
        ended = up42_here(
            "run", TREES, "--item", item, "--title", "T", "--max-credits", limit, "--json"
        )
        assert (ended.code, ended.out) == (ExitCode.COST_LIMIT, "")
        assert ended.error["type"] == "CostLimitError"
    assert sandbox.jobs == {}


@pytest.mark.parametrize("limit", ["-1", "nan", "many", ""])
def test_limits_that_are_none(sandbox: Sandbox, up42_here: Up42, item: str, limit: str) -> None:
    ended = up42_here("run", TREES, "--item", item, "--title", "T", f"--max-credits={limit}")
    assert ended.code == ExitCode.USAGE
    assert sandbox.jobs == {}


def test_nothing_runs_without_consent(sandbox: Sandbox, up42_here: Up42, item: str) -> None:
    ended = up42_here("run", TREES, "--item", item, "--title", "T")
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")
    assert "--max-credits" in ended.err
    assert sandbox.jobs == {}


def test_inputs_that_are_refused(sandbox: Sandbox, up42_here: Up42) -> None:
    ended = up42_here("run", TREES, "--item", "https://example.com/x", "--title", "T", "--yes")
    assert (ended.code, ended.out) == (ExitCode.ERROR, "")
    assert "InvalidItemUrl" in ended.err
    assert sandbox.jobs == {}


def test_an_account_without_credits(sandbox: Sandbox, up42_here: Up42, item: str) -> None:
    refusal: dict[str, Any] = {"status": 402, "body": {"title": "Payment Required"}}
    sandbox.inject(Fault(method="POST", path="*/execution", **refusal))
    ended = up42_here("run", TREES, "--item", item, "--title", "T", "--yes", "--json")
    assert (ended.code, ended.out) == (ExitCode.COST_LIMIT, "")


def test_a_lost_answer(sandbox: Sandbox, up42_here: Up42, item: str) -> None:
    arguments = ("run", TREES, "--item", item, "--title", "T", "--yes", "--json")
    sandbox.inject(Fault(method="POST", path="*/execution", drop="after"))
    found = up42_here(*arguments)
    assert found.code == ExitCode.OK
    assert [found.json["id"]] == list(sandbox.jobs)
    sandbox.inject(Fault(method="POST", path="*/execution", drop="before"))
    lost = up42_here(*arguments)
    assert (lost.code, lost.out) == (ExitCode.UNCERTAIN, "")
    assert f"Run up42 jobs list --process {TREES} --limit 5 before" in lost.error["message"]
    assert len(sandbox.jobs) == 1


def test_a_budget_pays(sandbox: Sandbox, up42_here: Up42, item: str) -> None:
    budget = "00000000-0000-4000-8000-000000000000"
    up42_here("run", TREES, "--item", item, "--title", "T", "--yes", "--budget-id", budget)
    (request,) = [r for r in sandbox.requests if r.path.endswith("/execution")]
    assert budget in str(request.query)
