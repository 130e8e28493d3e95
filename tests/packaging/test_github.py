"""What GitHub reads: the workflow does what .ci/run does and no more, the forms are valid."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from checking.project import Project
from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*"))
FORMS = sorted(
    path for path in (ROOT / ".github/ISSUE_TEMPLATE").iterdir() if path.name != "config.yml"
)
# The form schema of GitHub's documentation, as far as the forms here use it.
TEXT = {"type": "string", "minLength": 1}
ELEMENT = {
    "type": "object",
    "required": ["type", "attributes"],
    "additionalProperties": False,
    "properties": {
        "type": {"enum": ["checkboxes", "dropdown", "input", "markdown", "textarea"]},
        "id": {"type": "string", "pattern": "^[a-z][a-z0-9_-]*$"},
        "attributes": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "label": TEXT,
                "description": TEXT,
                "value": TEXT,
                "placeholder": TEXT,
                "render": TEXT,
                "multiple": {"type": "boolean"},
                "options": {"type": "array", "minItems": 1, "uniqueItems": True},
            },
        },
        "validations": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"required": {"type": "boolean"}},
        },
    },
    "if": {"properties": {"type": {"const": "markdown"}}},
    "then": {"properties": {"attributes": {"required": ["value"]}}},
    "else": {"required": ["id"], "properties": {"attributes": {"required": ["label"]}}},
}
FORM = {
    "type": "object",
    "required": ["name", "description", "body"],
    "additionalProperties": False,
    "properties": {
        "name": TEXT,
        "description": TEXT,
        "labels": {"type": "array", "items": TEXT},
        "body": {"type": "array", "minItems": 1, "items": ELEMENT},
    },
}


def workflow() -> dict[str, Any]:
    (path,) = WORKFLOWS
    # All values as text: YAML reads the key `on` as true.
    content: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    return content


def steps() -> Iterator[dict[str, Any]]:
    for job in workflow()["jobs"].values():
        yield from job["steps"]


def test_the_workflow_runs_what_people_run() -> None:
    assert [step["run"] for step in steps() if "run" in step] == ["bash .ci/run"]
    assert (ROOT / ".ci/run").read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n")


def test_the_workflow_has_each_python_that_is_promised(project: Project) -> None:
    (job,) = workflow()["jobs"].values()
    assert job["strategy"]["matrix"] == {"python": project.pythons}
    assert job["container"] == "python:${{ matrix.python }}-bookworm"


def test_the_workflow_may_read_only() -> None:
    content = workflow()
    assert content["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in content["jobs"].values())
    assert set(content["on"]) == {"push", "pull_request", "workflow_dispatch"}
    text = WORKFLOWS[0].read_text(encoding="utf-8")
    assert "secrets." not in text
    assert "persist-credentials: false" in text


def test_actions_are_pinned_to_commits() -> None:
    lines = re.findall(r"uses: (.+)", WORKFLOWS[0].read_text(encoding="utf-8"))
    assert len(lines) == sum("uses" in step for step in steps()) > 0
    for line in lines:
        assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v[\d.]+", line), line


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_is_valid(path: Path) -> None:
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert [error.message for error in Draft202012Validator(FORM).iter_errors(form)] == []
    for key in ("id", "label"):
        named = [{**element, **element["attributes"]}.get(key) for element in form["body"]]
        given = [name for name in named if name is not None]
        assert len(given) == len(set(given)), f"{key} twice"


def test_a_wrong_form_is_noticed() -> None:
    right = {"name": "n", "description": "d", "body": [{"type": "input", "id": "i"}]}
    assert list(Draft202012Validator(FORM).iter_errors(right))
    right["body"] = [{"type": "input", "id": "i", "attributes": {"label": "l"}}]
    assert not list(Draft202012Validator(FORM).iter_errors(right))


def test_blank_issues_lead_to_the_forms() -> None:
    path = ROOT / ".github/ISSUE_TEMPLATE/config.yml"
    assert yaml.safe_load(path.read_text(encoding="utf-8")) == {"blank_issues_enabled": False}
    assert len(FORMS) == 2


def test_the_commands_of_the_documents_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    pages = [ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *(ROOT / ".github").rglob("*.md")]
    for page in [*pages, *(ROOT / "docs/decisions").glob("*.md")]:
        for target in re.findall(r"(?:`|\$ )make ([a-z-]+)", page.read_text(encoding="utf-8")):
            assert f"\n{target}:" in makefile, f"{page.name}: make {target}"


def test_the_paths_of_the_documents_exist(project: Project) -> None:
    pages = [ROOT / "CONTRIBUTING.md", *(ROOT / "docs/decisions").glob("*.md")]
    folders = "|".join(["docs", "openapi", "scripts", "tests", *project.packages])
    for page in pages:
        # `docs/guides/topic.md` is the page that the reader is about to write.
        for path in re.findall(rf"`((?:{folders})/[\w./-]*)`", page.read_text(encoding="utf-8")):
            assert (ROOT / path).exists() or path == "docs/guides/topic.md", f"{page.name}: {path}"
