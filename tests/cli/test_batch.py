"""`up42 batch`: a file of jobs, its journal, and money."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

import up42_facade as up42
from tests.cli.conftest import TREES, Up42
from up42_facade.cli import batch
from up42_facade.cli.errors import ExitCode
from up42_sandbox import Fault, Sandbox

FREELY = ("--max-credits", "1000")
PATIENTLY = ("--track", "--wait", "0.01")


def add_row(campaign: Path, sandbox: Sandbox, title: str, key: str = "spot-berlin") -> None:
    with campaign.open("a", encoding="utf-8") as file:
        file.write(f'{TREES},"{title}",{sandbox.item_url(key)}\n')


def executions(sandbox: Sandbox) -> int:
    return sum(request.path.endswith("/execution") for request in sandbox.requests)


def test_estimate(sandbox: Sandbox, up42_here: Up42, campaign: Path) -> None:
    ended = up42_here("batch", "estimate", "campaign.csv", "--json")
    assert ended.code == ExitCode.OK
    assert [list(row) for row in ended.json] == [list(batch.ESTIMATE_FIELDS)] * 2
    assert [row["credits"] for row in ended.json] == [6, 2]
    assert ended.err == "2 jobs, 8 credits in total.\n"
    assert sandbox.jobs == {}
    assert [path.name for path in campaign.parent.iterdir()] == ["campaign.csv"]


def test_estimate_of_rows_that_are_not_valid(
    sandbox: Sandbox, up42_here: Up42, campaign: Path
) -> None:
    add_row(campaign, sandbox, "Too coarse", "sentinel-2-berlin")
    ended = up42_here("batch", "estimate", "campaign.csv")
    assert ended.code == ExitCode.ERROR
    assert "#2 invalid: UnsupportedCollection" in ended.err
    rows = up42_here("batch", "estimate", "campaign.csv", "--csv").csv
    assert [row["is_valid"] for row in rows] == ["true", "true", "false"]
    assert json.loads(rows[2]["errors"])[0]["name"] == "UnsupportedCollection"


def test_a_whole_campaign(sandbox: Sandbox, up42_here: Up42, campaign: Path) -> None:
    for title in ("Third", "Fourth", "Fifth"):
        add_row(campaign, sandbox, title, "pneo-berlin")
    ran = up42_here("batch", "run", "campaign.csv", *FREELY, *PATIENTLY, "--json")
    assert ran.code == ExitCode.OK
    assert [list(row) for row in ran.json] == [list(batch.FIELDS)] * 5
    assert {row["status"] for row in ran.json} == {"captured"}
    assert {row["job_id"] for row in ran.json} == set(sandbox.jobs)
    assert "5 jobs: 5 captured; 14 credits so far." in ran.err
    status = up42_here("batch", "status", "campaign.csv", "--json")
    assert (status.code, status.json) == (ExitCode.OK, ran.json)
    fetched = up42_here("batch", "download", "campaign.csv", "--output", "trees", "--json").json
    assert [record["job_id"] for record in fetched[::2]] == [row["job_id"] for row in ran.json]
    assert all(Path(record["path"]).is_file() for record in fetched)
    files = up42_here("batch", "status", "campaign.csv", "--json").json[0]["files"]
    assert files == [record["path"] for record in fetched[:2]]


def test_folders_of_downloads(sandbox: Sandbox, up42_here: Up42, campaign: Path) -> None:
    assert up42_here("batch", "run", "campaign.csv", *FREELY, *PATIENTLY).code == ExitCode.OK
    download = ("batch", "download", "campaign.csv", "-o", "out", "--json", "--folders")
    found = [Path(record["path"]) for record in up42_here(*download, "{title}").json]
    titles = [row["title"] for row in up42_here("batch", "status", "campaign.csv", "--json").json]
    assert [path.parent.name for path in found[::2]] == titles
    assert {path.parent.parent for path in found} == {Path("out").absolute()}
    wrong = up42_here(*download, "{titel}")
    assert wrong.error["message"].startswith("--folders='{titel}': expected a pattern")


def test_run_again(sandbox: Sandbox, up42_here: Up42, campaign: Path) -> None:
    first = up42_here("batch", "run", "campaign.csv", *FREELY, "--json").json
    again = up42_here("batch", "run", "campaign.csv", *FREELY, *PATIENTLY, "--json").json
    assert [row["job_id"] for row in again] == [row["job_id"] for row in first]
    # Nothing is left to be spent, so nobody needs to agree.
    assert up42_here("batch", "run", "campaign.csv").code == ExitCode.OK
    add_row(campaign, sandbox, "Third")
    assert up42_here("batch", "run", "campaign.csv").code == ExitCode.USAGE
    more = up42_here("batch", "run", "campaign.csv", *FREELY, "--json").json
    assert [row["job_id"] for row in more[:2]] == [row["job_id"] for row in first]
    assert executions(sandbox) == len(sandbox.jobs) == 3


def test_results_at_once(sandbox: Sandbox, up42_here: Up42, campaign: Path) -> None:
    ended = up42_here(
        "batch", "run", "campaign.csv", *FREELY, "--wait", "0.01", "--download", "trees", "--json"
    )
    assert ended.code == ExitCode.OK
    assert all(Path(path).is_file() for row in ended.json for path in row["files"])


def test_the_journal_may_lie_elsewhere(sandbox: Sandbox, up42_here: Up42, campaign: Path) -> None:
    journal = ("--journal", "other.db")
    up42_here("batch", "run", "campaign.csv", *FREELY, *journal)
    assert up42_here("batch", "status", "campaign.csv", *journal).code == ExitCode.OK
    missing = up42_here("batch", "status", "campaign.csv", "--json")
    assert (missing.code, missing.out) == (ExitCode.ERROR, "")
    message = missing.error["message"]
    assert "campaign.csv.db' doesn't exist. Create one with up42 batch run" in message
    assert not Path("campaign.csv.db").exists()


def test_a_limit_for_the_whole_batch(sandbox: Sandbox, up42_here: Up42, campaign: Path) -> None:
    refused = up42_here("batch", "run", "campaign.csv", "--max-credits", "7", "--json")
    assert refused.code == ExitCode.COST_LIMIT
    assert {row["status"] for row in refused.json} == {"pending"}
    assert refused.error["type"] == "CostLimitError"
    assert sandbox.jobs == {}
    some = up42_here(
        "batch", "run", "campaign.csv", "--max-credits", "7", "--cheapest-first", "--json"
    )
    assert some.code == ExitCode.OK
    assert [row["status"] == "pending" for row in some.json] == [True, False]
    assert "1 of 2 jobs weren't executed" in some.err
    # What ran before counts.
    again = up42_here("batch", "run", "campaign.csv", "--max-credits", "7")
    assert again.code == ExitCode.COST_LIMIT
    assert executions(sandbox) == 1


def test_nothing_runs_without_consent(sandbox: Sandbox, up42_here: Up42, campaign: Path) -> None:
    ended = up42_here("batch", "run", "campaign.csv", "--json")
    assert ended.code == ExitCode.USAGE
    assert {row["status"] for row in ended.json} == {"pending"}
    assert executions(sandbox) == 0
    assert up42_here("batch", "run", "campaign.csv", "--yes").code == ExitCode.OK


def test_failures(sandbox: Sandbox, up42_here: Up42, campaign: Path) -> None:
    add_row(campaign, sandbox, "Too coarse", "sentinel-2-berlin")
    sandbox.fail_next_job()
    ended = up42_here("batch", "run", "campaign.csv", *FREELY, *PATIENTLY)
    assert ended.code == ExitCode.JOB_FAILED
    assert "#2 invalid: UnsupportedCollection" in ended.err
    assert "released: ProcessingFailed" in ended.err
    assert "2 of 3 rows have no results: 1 released, 1 invalid. " in ended.err
    assert executions(sandbox) == 2
    retried = up42_here(
        "batch", "run", "campaign.csv", *FREELY, *PATIENTLY, "--retry-failed", "--json"
    )
    assert Counter(row["status"] for row in retried.json) == {"captured": 2, "invalid": 1}
    assert retried.code == ExitCode.JOB_FAILED
    assert executions(sandbox) == 3


def test_jobs_that_go_on(sandbox: Sandbox, up42_here: Up42, campaign: Path) -> None:
    up42_here("batch", "run", "campaign.csv", *FREELY)
    running = {"jobs": {"status": "running"}}
    sandbox.inject(Fault(path="/v2/processing/jobs", patch=running, times=None))
    ended = up42_here(
        "batch", "run", "campaign.csv", "--track", "--wait", "0.01", "--timeout", "0.05", "--json"
    )
    assert ended.code == ExitCode.UNFINISHED
    assert {row["status"] for row in ended.json} == {"running"}
    assert "run the same command again" in ended.error["message"]


def test_a_part_that_could_not_be_executed(
    sandbox: Sandbox, up42_here: Up42, campaign: Path
) -> None:
    sandbox.inject(Fault(method="POST", path="*/execution", status=503))
    ended = up42_here("batch", "run", "campaign.csv", *FREELY, "--json")
    assert ended.code == ExitCode.INCOMPLETE
    assert ended.error["type"] == "PartialBatchError"
    assert len(sandbox.jobs) == 1
    again = up42_here("batch", "run", "campaign.csv", *FREELY, "--json")
    assert again.code == ExitCode.OK
    assert len(sandbox.jobs) == 2


def test_rows_that_are_gone_are_not_executed(
    sandbox: Sandbox, up42_here: Up42, campaign: Path
) -> None:
    add_row(campaign, sandbox, "Too coarse", "sentinel-2-berlin")
    up42_here("batch", "run", "campaign.csv", "--max-credits", "5", "--cheapest-first")
    header, first, *_ = campaign.read_text(encoding="utf-8").splitlines()
    corrected = first.replace("First", "Corrected")
    campaign.write_text("\n".join([header, corrected, ""]), encoding="utf-8")
    ended = up42_here("batch", "run", "campaign.csv", *FREELY, *PATIENTLY, "--json")
    assert ended.code == ExitCode.OK
    # The job of the second row was executed, so it stays; the first and the third weren't.
    assert [row["title"] for row in ended.json] == ["Second, smaller", "Corrected"]
    assert "2 entries of the journal are no longer in the file" in ended.err
    titles = sorted(job.inputs["title"] for job in sandbox.jobs.values())
    assert titles == ["Corrected", "Second, smaller"]


def test_a_failed_row_that_was_corrected_is_not_executed_again(
    sandbox: Sandbox, up42_here: Up42, campaign: Path
) -> None:
    add_row(campaign, sandbox, "Third [failed]")
    run = ("batch", "run", "campaign.csv", *FREELY, *PATIENTLY, "--json")
    assert up42_here(*run).code == ExitCode.JOB_FAILED
    content = campaign.read_text(encoding="utf-8")
    campaign.write_text(content.replace("[failed]", "corrected"), encoding="utf-8")
    ended = up42_here(*run, "--retry-failed")
    assert ended.code == ExitCode.OK
    assert [row["title"] for row in ended.json][2:] == ["Third corrected"]
    assert "1 entries of the journal are no longer in the file" in ended.err
    assert len(sandbox.jobs) == 4


def test_rows_that_process_results_of_the_batch(
    sandbox: Sandbox, up42_here: Up42, campaign: Path
) -> None:
    up42_here("batch", "run", "campaign.csv", *FREELY, *PATIENTLY)
    stored = up42_here("items", "list", "--json").json
    result = next(item["url"] for item in stored if item["job_id"] in sandbox.jobs)
    with campaign.open("a", encoding="utf-8") as file:
        file.write(f"true-color-conversion,Again,{result}\n")
    refused = up42_here("batch", "run", "campaign.csv", *FREELY)
    assert refused.code == ExitCode.USAGE
    assert "remove the new rows from the file; to add these templates to it, pass " in refused.err
    assert "--allow-own-results." in refused.err
    assert executions(sandbox) == 2


def test_status_while_the_batch_runs(sandbox: Sandbox, up42_here: Up42, campaign: Path) -> None:
    with up42.Session() as session:
        templates = up42.read_templates(campaign, session)
        with up42.Batch(templates, "campaign.csv.db", session=session) as running:
            running.execute(progress=False)
            ended = up42_here("batch", "status", "campaign.csv", "--json")
            assert {row["job_id"] for row in ended.json} == set(sandbox.jobs)


def test_a_locked_journal(
    sandbox: Sandbox, up42_here: Up42, up42_there: Up42, campaign: Path
) -> None:
    with up42.Session() as session:
        templates = up42.read_templates(campaign, session)
        with up42.Batch(templates, "campaign.csv.db", session=session):
            ended = up42_there("batch", "run", "campaign.csv", *FREELY, "--json")
    assert (ended.code, ended.out) == (ExitCode.ERROR, "")
    assert ended.error["type"] == "JournalLockedError"


def test_a_journal_that_is_none(sandbox: Sandbox, up42_here: Up42, campaign: Path) -> None:
    Path("campaign.csv.db").write_text("something else")
    for command in ("run", "status", "download"):
        ended = up42_here("batch", command, "campaign.csv")
        assert (ended.code, ended.out) == (ExitCode.ERROR, "")
        assert "campaign.csv.db" in ended.err
        assert "or check up42 jobs list before" in ended.err
    assert Path("campaign.csv.db").read_text() == "something else"


@pytest.mark.parametrize("command", ["status", "download"])
def test_a_journal_that_is_not_there(up42_here: Up42, campaign: Path, command: str) -> None:
    ended = up42_here("batch", command, "campaign.csv")
    assert (ended.code, ended.out) == (ExitCode.ERROR, "")
    assert "campaign.csv.db' doesn't exist. Create one with up42 batch run" in ended.err
    assert "up42 batch run" in ended.err
    assert not Path("campaign.csv.db").exists()


def test_files_that_are_wrong(sandbox: Sandbox, up42_here: Up42, campaign: Path) -> None:
    with campaign.open("a", encoding="utf-8") as file:
        file.write("detection-tree-spacept,X,Y\n,,\nshort\n")
    for arguments in (("estimate",), ("run", "--yes")):
        ended = up42_here("batch", *arguments, "campaign.csv", "--json")
        assert (ended.code, ended.out) == (ExitCode.USAGE, "")
        assert ended.error["type"] == "TemplateFileError"
        lines = ended.error["message"].splitlines()
        assert [line.partition(":")[0] for line in lines] == ["campaign.csv"] * 2
        assert "line 4, column 'process'" in lines[0]
        assert "line 6: the row has 1 cells" in lines[1]
    assert not Path("campaign.csv.db").exists()
    assert executions(sandbox) == 0


@pytest.mark.parametrize("command", ["estimate", "run"])
def test_a_file_that_is_not_there(up42_here: Up42, command: str) -> None:
    ended = up42_here("batch", command, "nowhere.csv")
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")
    assert "nowhere.csv: the file can't be read: No such file or directory." in ended.err
