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

from tests.docs.pages import ROOT, all_pages, blocks, name_of

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
# A page whose programs cost nothing when they are started again, and how often they are started.
STARTS = {"docs/tutorials/batch.md": 3}
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
    told = run(page, tmp_path, STARTS.get(name, 1))
    assert len(told["skipped"]) == SKIPPED.get(name, 0)
    assert all(len(reason) > 10 for reason in told["skipped"])
    assert [text for text in PROMISES.get(name, ()) if text not in told["printed"]] == []
    assert [file for file in LEAVES.get(name, ()) if not (tmp_path / file).exists()] == []
    if name in STARTS:
        require_no_further_jobs(told)


def test_what_is_listed_here_is_on_pages() -> None:
    names = {name_of(page) for page in PAGES}
    assert {*SKIPPED, *FILES, *PROMISES, *STARTS, *LEAVES} <= names


def test_the_batch_of_the_readme_costs_nothing_when_it_is_started_again(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    campaign = [code for code in CODE.findall(text) if "up42.Batch(" in code]
    page.write_text("".join([SETUP, *campaign]), encoding="utf-8")
    require_no_further_jobs(run(page, tmp_path, times=3))


def require_no_further_jobs(told: dict[str, Any]) -> None:
    first, *later = told["jobs"]
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
