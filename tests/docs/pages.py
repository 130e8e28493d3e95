"""The Python on the pages of the documentation, run as it stands there, from top to bottom.

Sybil finds the blocks; what is said to Sybil stands in comments that the pages don't show:

- `<!-- invisible-code-block: python … -->` is run and not shown. It has the page's `sandbox`,
  to prepare what the page takes for granted.
- `<!-- skip: next "reason" -->` passes over the next block. `test_pages.py` counts these.
- A block ```` ```output ```` directly below a block of Python is what that one prints; `…` in
  it stands for anything.

A block that holds tests is given to pytest.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import SkipTest

from attrs import define, field
from sybil import Document, Example, Region
from sybil.parsers.myst import CodeBlockParser, SkipParser

from up42_sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]
HOLDS_TESTS = re.compile(r"^def test_", re.MULTILINE)
OUTPUT_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
# What stands on pages for the id of the reader's project.
PLACEHOLDER = 'project_id="…"'


def all_pages() -> list[Path]:
    """Return every page that readers see: those in `docs`, and the README of each folder."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*/README.md")])


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix() if page.is_relative_to(ROOT) else page.name


@define
class PageRun:
    """One page on its way from the first block to the last."""

    page: Path
    sandbox: Sandbox
    printed: str | None = None
    all_printed: str = ""
    end_of_python: int = 0
    skipped: list[str] = field(factory=list)

    def run(self) -> None:
        """Run all blocks of the page in the current folder.

        Raises:
            Exception: Whatever a block raises; the traceback names the line of the page.
        """
        for example in self.document().examples():
            try:
                example.evaluate()
            except SkipTest as reason:
                self.skipped.append(str(reason))

    def document(self) -> Document:
        return parsed(self.page, self.python, self.output)

    def python(self, example: Example) -> None:
        source = str(example.parsed).replace(PLACEHOLDER, f'project_id="{self.sandbox.project_id}"')
        is_hidden = example.region.lexemes.get("directive", "").startswith("invisible")
        self.printed, self.end_of_python = None, example.region.end
        if HOLDS_TESTS.search(source) and not is_hidden:
            run_pytest(source)
            return
        if is_hidden:
            example.namespace["sandbox"] = self.sandbox
        self.printed = execute(example, source)
        self.all_printed += self.printed
        if is_hidden:
            del example.namespace["sandbox"]

    def output(self, example: Example) -> None:
        """Compare what the block above has printed with what the page says."""
        between = example.document.text[self.end_of_python : example.region.start]
        assert self.printed is not None, f"{place(example)}: no Python above this output"
        assert not between.strip(), f"{place(example)}: not directly below its Python"
        expected = str(example.parsed).replace("…", "...")
        if not doctest.OutputChecker().check_output(expected, self.printed, OUTPUT_FLAGS):
            raise AssertionError(
                f"{place(example)}: the page says\n{expected}\nthe code says\n{self.printed}"
            )


def parsed(page: Path, python: Any = None, output: Any = None) -> Document:
    """Find the blocks of a page."""
    parsers = (CodeBlockParser("python", python), CodeBlockParser("output", output), SkipParser())
    return Document.parse(str(page), *parsers)


def blocks(page: Path) -> list[Region]:
    """Return the blocks of Python of a page."""
    return [
        region for _, region in parsed(page).regions if region.lexemes.get("arguments") == "python"
    ]


def place(example: Example) -> str:
    return f"{name_of(Path(example.path))}:{example.line}"


def execute(example: Example, source: str) -> str:
    """Run a block in the namespace of its page and return what it prints."""
    # Blank lines in front, so that tracebacks show the lines of the page.
    padded = "\n" * (example.line + example.parsed.line_offset) + source
    code = compile(padded, str(example.path), "exec", dont_inherit=True)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, example.namespace)
    return printed.getvalue()


def run_pytest(source: str) -> None:
    """Run a block of tests as a reader would: with pytest and the installed plugin."""
    Path("test_of_the_page.py").write_text(source, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_of_the_page.py"],
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
