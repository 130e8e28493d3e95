"""The Python on every page runs, prints what the page says, and little of it is passed over."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import ROOT, PageRun, all_pages, blocks, name_of
from up42_sandbox import Sandbox

# Blocks that can't run here, by page. Each has its reason beside it on the page.
SKIPPED = {"docs/guides/cloud-storage.md": 1, "docs/guides/dask.md": 1}
# What a page takes for granted and can't say in a hidden block: files in the folder it runs in.
FILES = {
    "up42_sandbox/README.md": {
        "conftest.py": """
import builtins

import up42_facade as up42
from up42_facade import processing_templates


def run_my_pipeline():
    with up42.authenticate():
        item = next(up42.search_items())
        processing_templates.DetectionTreesSpacept(title="Trees", item=item).execute()


builtins.run_my_pipeline = run_my_pipeline
"""
    }
}
# What a page says in comments: it prints this, and leaves these files.
PROMISES: dict[str, tuple[str, ...]] = {
    "README.md": ("Cost(strategy='area', credits=2, size=0.360177, unit='SQ_KM')",)
}
LEAVES = {"README.md": ("results", "campaign", "trees.png", "trees.html")}
PAGES = all_pages()
CODE = re.compile(r"^```python\n.*?^```\n", re.DOTALL | re.MULTILINE)
# What the first block of the README does for the others.
SETUP = """```python
import up42_facade as up42
from up42_facade import processing_templates

up42.authenticate()
```
"""
# Warnings fail a page, but for those of programs that leave closing to their end, as pages do.
WARNINGS = ("-W", "error", "-W", "ignore::ResourceWarning")
# Seconds. A page takes a few; more than this means that it waits for something for ever.
TIMEOUT = 300


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=name_of)
def test_the_python_runs(page: Path, tmp_path: Path) -> None:
    name = name_of(page)
    for file, text in FILES.get(name, {}).items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    told = run(page, tmp_path)
    assert len(told["skipped"]) == SKIPPED.get(name, 0)
    assert all(len(reason) > 10 for reason in told["skipped"])
    assert [text for text in PROMISES.get(name, ()) if text not in told["printed"]] == []
    assert [file for file in LEAVES.get(name, ()) if not (tmp_path / file).exists()] == []


def test_what_is_listed_here_is_on_pages() -> None:
    names = {name_of(page) for page in PAGES}
    assert {*SKIPPED, *FILES, *PROMISES, *LEAVES} <= names


def test_the_batch_of_the_readme_costs_nothing_when_it_is_started_again(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    campaign = [code for code in CODE.findall(text) if "up42.Batch(" in code]
    page.write_text("".join([SETUP, *campaign]), encoding="utf-8")
    require_no_further_jobs(page, tmp_path)


def test_the_batch_of_the_tutorial_costs_nothing_when_it_is_started_again(tmp_path: Path) -> None:
    require_no_further_jobs(ROOT / "docs" / "tutorials" / "batch.md", tmp_path)


def require_no_further_jobs(page: Path, folder: Path) -> None:
    first, *later = run(page, folder, times=3)["jobs"]
    assert first > 1
    assert later == [first, first]


def run(page: Path, folder: Path, times: int = 1) -> dict[str, Any]:
    """Run a page in a folder; return what it printed and passed over, and jobs after each run."""
    done = subprocess.run(
        [sys.executable, *WARNINGS, "-m", "tests.docs.run_page", str(page), str(times)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "UP42_PROGRESS": "0"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("```python\nprint(1 + 1)\n```\n\n```output\n2\n```\n", None),
        ("```python\nprint(1 + 1)\n```\n\n```output\n3\n```\n", "the code says"),
        ("```python\n1 / 0\n```\n", "page.md:2"),
        ("```python\nx = 1\n```\n\ntext\n\n```output\n```\n", "not directly below"),
        ('<!-- skip: next "for a good reason" -->\n\n```python\n1 / 0\n```\n', None),
        ("```python\ndef test_this():\n    assert 1 == 2\n```\n", "1 failed"),
    ],
    ids=["output", "other-output", "error", "loose-output", "skip", "failing-test"],
)
def test_the_runner_itself(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, fault: str | None
) -> None:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    if fault is None:
        PageRun(page, sandbox).run()
        return
    with pytest.raises((AssertionError, ZeroDivisionError)) as raised:
        PageRun(page, sandbox).run()
    assert fault in str(raised.getrepr())
