"""The README's Python runs as written, from top to bottom, against the sandbox."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from up42_sandbox import Sandbox

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def test_the_code_runs_as_written(tmp_path: Path) -> None:
    assert len(BLOCKS) >= 5
    program = tmp_path / "readme.py"
    with Sandbox(speed=2_000) as sandbox:
        code = "\n".join(BLOCKS).replace("…", sandbox.project_id)
        program.write_text(code, encoding="utf-8")
        environment = {**os.environ, **sandbox.environment}
        done = subprocess.run(
            [sys.executable, str(program)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr
    assert "Cost(strategy='area', credits=2, size=0.360177, unit='SQ_KM')" in done.stdout
    for name in ("results", "old", "trees.png", "trees.html"):
        assert (tmp_path / name).exists(), name


def test_its_commands_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"make ([a-z-]+)", README):
        assert f"\n{target}:" in makefile, target


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *ROOT.glob("openapi/*.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pictures_and_links_exist(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target
