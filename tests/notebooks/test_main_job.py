"""The notebook of the main job shows what it would show today, and reads well."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.viz.conftest import unavailable

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

import map_browser
import notebook_outputs
import run_notebook

PATH = run_notebook.NOTEBOOKS / "main-job.ipynb"
LARGEST_FILE = 1_000_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notebook")


@pytest.fixture(scope="module")
def fresh(folder: Path) -> Any:
    """The notebook, run just now."""
    return run_notebook.execute(PATH, folder)


@pytest.fixture
def stored() -> Any:
    return run_notebook.read(PATH)


@pytest.fixture(scope="module")
def pictures(fresh: Any, folder: Path) -> Iterator[dict[str, bytes]]:
    try:
        yield run_notebook.pictures(sorted(folder.glob("*.html")))
    except map_browser.BrowserMissingError as error:
        unavailable(str(error))


def test_it_shows_what_it_says(fresh: Any, stored: Any) -> None:
    changed = notebook_outputs.keep_same(stored, fresh)
    assert changed == [], "the outputs are out of date: make notebook"


def test_the_picture_of_the_map_is_that_of_the_map(pictures: dict[str, bytes]) -> None:
    assert list(pictures) == ["tanks"]
    kept = PATH.with_name("main-job-tanks.png").read_bytes()
    assert notebook_outputs.is_same_picture(kept, pictures["tanks"]), "out of date: make notebook"


def test_it_is_tidy(stored: Any) -> None:
    assert notebook_outputs.problems(stored) == []
    assert stored.metadata == notebook_outputs.KERNEL
    assert all(cell.metadata == {} for cell in stored.cells)
    code = [cell for cell in stored.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    # Ids that somebody chose, so that they stay the same.
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", cell["id"]) for cell in stored.cells)


def test_it_is_small_enough_for_viewers() -> None:
    sizes = [path.stat().st_size for path in PATH.parent.iterdir()]
    assert max(sizes) < LARGEST_FILE


def test_it_holds_no_scripts(stored: Any) -> None:
    # Viewers drop scripts, and what needs them would be missing.
    kinds = {
        (kind, "<script" in content or "<iframe" in content)
        for cell in stored.cells
        for output in notebook_outputs.outputs_of(cell)
        for kind, content in notebook_outputs.contents(output).items()
    }
    assert kinds == {(kind, False) for kind in ("stdout", "text/plain", "text/html", "image/png")}


def test_its_links_and_pictures_are_there(stored: Any) -> None:
    texts = "\n".join(cell.source for cell in stored.cells if cell.cell_type == "markdown")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", texts) if "://" not in link]
    assert len(links) > 2
    assert [link for link in links if not (PATH.parent / link).is_file()] == []
