"""Workflows can't do more than they need, and the documents name commands and paths that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.packaging.conftest import Project

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*"))
PAGES = [ROOT / "CONTRIBUTING.md", *(ROOT / "docs/decisions").glob("*.md")]


def content(path: Path) -> dict[str, Any]:
    # All values as strings: YAML reads the key `on` as true.
    found: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    return found


def test_the_tests_run_on_each_python_that_is_promised(project: Project) -> None:
    jobs = content(ROOT / ".github/workflows/ci.yml")["jobs"]
    assert jobs["tests"]["strategy"]["matrix"] == {"python": project.pythons}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_has_few_rights(path: Path) -> None:
    workflow = content(path)
    assert workflow["permissions"] == {"contents": "read"}
    more = {
        name: job["permissions"] for name, job in workflow["jobs"].items() if "permissions" in job
    }
    assert more in ({}, {"publish": {"id-token": "write"}})
    text = path.read_text(encoding="utf-8")
    assert "secrets." not in text
    assert text.count("actions/checkout@") == text.count("persist-credentials: false")
    for used in re.findall(r"uses: (.+)", text):
        assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v[\d.]+", used), used


def test_the_commands_of_the_documents_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for page in [*PAGES, ROOT / "SECURITY.md", *(ROOT / ".github").rglob("*.md")]:
        for target in re.findall(r"(?:`|\$ )make ([a-z-]+)", page.read_text(encoding="utf-8")):
            assert f"\n{target}:" in makefile, f"{page.name}: make {target}"


def test_the_paths_of_the_documents_exist(project: Project) -> None:
    folders = "|".join(["docs", "openapi", "scripts", "tests", *project.packages])
    for page in PAGES:
        # `docs/guides/topic.md` is the page that the reader is about to write.
        for path in re.findall(rf"`((?:{folders})/[\w./-]*)`", page.read_text(encoding="utf-8")):
            assert (ROOT / path).exists() or path == "docs/guides/topic.md", f"{page.name}: {path}"
