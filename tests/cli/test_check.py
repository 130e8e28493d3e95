"""`up42 check-api`: tables, JSON, the report, and the exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Up42
from up42_sandbox import Fault, Sandbox

BALANCES = "/v2/payments/balances"


def test_tables_and_report(up42_here: Up42, home: Path) -> None:
    ended = up42_here("check-api", "--report", "report.md")
    assert ended.code == 0
    assert "getBalance" in ended.out
    assert "as documented" in ended.out
    assert "search-sortby" in ended.out
    assert (home / "report.md").read_text().startswith("# API check\n")
    assert [path.name for path in home.iterdir()] == ["report.md"]


def test_a_difference(sandbox: Sandbox, up42_here: Up42) -> None:
    sandbox.inject(Fault(path=BALANCES, patch={"available": {"amount": "1"}}))
    ended = up42_here("check-api")
    assert ended.code == 8
    assert "`available.amount`: string instead of number" in ended.out
    assert "isn't as documented" in ended.err


def test_json(sandbox: Sandbox, up42_here: Up42) -> None:
    sandbox.inject(Fault(path=BALANCES, status=403))
    ended = up42_here("check-api", "--json")
    rows = {row["id"]: row for row in ended.json}
    assert rows["getBalance"]["result"] == "failed"
    assert rows["getBalance"]["responses"] == "1 × 403"
    assert rows["getAccountToken"]["findings"] == {"token-client": "200"}
    assert ended.error["exit_code"] == ended.code == 8


def test_a_wrong_password(up42_here: Up42, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UP42_PASSWORD", "wrong")
    ended = up42_here("check-api")
    assert ended.code == 8
    assert "401 for the request" in ended.out


def test_both_kinds_of_credentials(
    sandbox: Sandbox, up42_here: Up42, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UP42_PROJECT_ID", sandbox.project_id)
    assert up42_here("check-api", "--analytics").code == 0
    monkeypatch.setenv("UP42_PROJECT_API_KEY", sandbox.project_api_key)
    ended = up42_here("check-api", "--analytics", "--json")
    assert ended.code == 0
    assert {row["result"] for row in ended.json} == {"as documented"}
    for name in ("UP42_USERNAME", "UP42_PASSWORD"):
        monkeypatch.delenv(name)
    rows = {row["id"]: row for row in up42_here("check-api", "--analytics", "--json").json}
    assert rows["getAccountToken"]["result"] == "not sent"
    assert rows["listJobs"]["result"] == "as documented"


def test_a_report_that_cannot_be_written(up42_here: Up42, home: Path) -> None:
    ended = up42_here("check-api", "--report", "no/such/folder.md")
    assert ended.code in (1, 2)
    assert list(home.iterdir()) == []
