"""The report quotes no value of a response, wherever a server puts it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import up42_facade as up42
from tests.checking.conftest import ExampleServer, Reply, as_json
from tests.contract.document import PATH
from tests.hostile import STRINGS
from up42_sandbox import Sandbox

README = PATH.with_name("README.md")
# Values, as a server could use them for the names of fields.
NAMES = [
    "ada@example.com",
    "Trees of Berlin",
    "Falcon",
    "falcon",
    "projectFalcon",
    "trees_of_potsdam",
    "trees-of-potsdam",
    "ProjectFalcon",
    "90c4e7a2-6d3b-4f18-b5e0-2d8a1c9f7364",
    "https://storage.example.com/x?Signature=abcdef",
    "eyJhbGciOiJSUzI1NiJ9",
    "x" * 200,
    "a`b|c\nd",
    "<img src=x onerror=alert()>",
    "](https://example.com)",
    "geheim-ß",
    "\u202eabc",
    "",
    "\x1b[31m",
]


def strings_in(content: Any) -> set[str]:
    if isinstance(content, str):
        return {content}
    if isinstance(content, dict):
        return set().union(*map(strings_in, content.values()))
    return set().union(*map(strings_in, content)) if isinstance(content, list) else set()


def test_no_value_of_the_sandbox_is_in_the_report(sandbox: Sandbox, session: up42.Session) -> None:
    sandbox.add_jobs(20)
    text = up42.check_api(session).to_markdown()
    jobs = {job.id for job in sandbox.jobs.values()}
    secrets = {sandbox.username, sandbox.password, sandbox.workspace_id, sandbox.account_id}
    items = strings_in(sandbox.items)
    # What has only letters is a word of STAC, such as `collection`.
    values = {value for value in jobs | secrets | items if len(value) > 8 and not value.isalpha()}
    assert len(values) > 100
    assert not [value for value in values if value in text]
    assert "http:" not in text.replace("absolute with http", "")


def test_names_of_fields_can_be_values(server: ExampleServer, account: up42.Session) -> None:
    def spoiled(content: Any) -> Any:
        if isinstance(content, list):
            return [spoiled(entry) for entry in content]
        if not isinstance(content, dict):
            return content
        extra: dict[str, Any] = dict.fromkeys([*NAMES, *STRINGS], "a falcon of Berlin")
        return {**{key: spoiled(value) for key, value in content.items()}, **extra}

    for name in ("getUserInfo", "getBalance", "listProcesses", "getProcess", "getEula"):
        server.replies[name] = spoiled
    for name in ("listProcessingJobs", "getProcessingJob", "searchStac", "listCollections"):
        server.replies[name] = spoiled
    report = up42.check_api(account)
    text = report.to_markdown() + json.dumps([e.findings for e in report.operations])
    assert "`*`: unknown field" in text
    for name in (
        "falcon",
        "Falcon",
        "ada@",
        "Berlin",
        "90c4e7a2",
        "Signature",
        "eyJ",
        "xxx",
        "potsdam",
    ):
        assert name not in text
    assert "<" not in text
    assert text.isprintable() or set(text) - set("\n") <= set(filter(str.isprintable, text))


@pytest.mark.parametrize("value", ["paused by ada@example.com", 1234567, ["secret"], {"a": "b"}])
def test_values_are_not_quoted(server: ExampleServer, account: up42.Session, value: Any) -> None:
    def patched(content: Any) -> Any:
        if isinstance(content, list):
            return [patched(entry) for entry in content]
        return dict.fromkeys(content, value) if isinstance(content, dict) else value

    for name in ("getBalance", "listProcessingJobs", "getProcess", "estimateProcessCost"):
        server.replies[name] = patched
    signed = f"{server.url}/bucket/file.tif?Expires=1234567&X-Goog-Expires=1234567"
    server.replies["createAssetDownloadUrl"] = as_json({"url": signed})
    server.replies["getEula"] = as_json({"title": "secret", "status": "1234567"}, 404)
    server.replies["listCollections"] = Reply(b"paused by ada@example.com", 500, "text/x-ada")
    text = up42.check_api(account).to_markdown()
    for part in ("ada", "12345", "secret"):
        assert part not in text


def test_new_names_of_fields_are_shown(server: ExampleServer, account: up42.Session) -> None:
    server.replies["getBalance"] = lambda content: {**content, "reservedForJobs": 1}
    assert "- `GET /v2/payments/balances`: `reservedForJobs`: unknown field" in (
        up42.check_api(account).to_markdown()
    )


def test_the_page_has_the_questions_that_are_settled(
    server: ExampleServer, account: up42.Session
) -> None:
    page = README.read_text(encoding="utf-8").partition("\n## Open questions\n")[2]
    asked = re.findall(r"^\| `([\w-]+)` \| `(\w+)` \| .+\? \|$", page, re.MULTILINE)
    report = up42.check_api(account, analytics=True)
    listed = report.to_markdown().partition("\n## Open questions\n")[2]
    assert [id for id, _ in asked] == re.findall(r"^\| `([\w-]+)` \|", listed, re.MULTILINE)
    operations = {each.id: each for each in report.operations}
    for id, operation in asked:
        others = {name for name, each in operations.items() if id in each.findings}
        assert others <= {operation}


def test_the_report_is_markdown(sandbox: Sandbox, session: up42.Session, tmp_path: Path) -> None:
    lines = up42.check_api(session).to_markdown().splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert {line.count("|") for line in rows} == {3, 4}
