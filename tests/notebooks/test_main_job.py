"""The notebook of the main job shows what it would show today, and reads well."""

from __future__ import annotations

import html
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from PIL import Image, ImageChops, ImageStat

from tests.viz.conftest import unavailable

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

import map_browser
import run_notebook

PATH = run_notebook.NOTEBOOKS / "main-job.ipynb"
LARGEST_FILE = 1_000_000
# What differs in each run.
PORT = re.compile(r"127\.0\.0\.1:\d+")
TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?( UTC|Z|\+00:00)?")
STYLE_OR_TAG = re.compile(r"<style.*?</style>|<[^>]*>", re.DOTALL)
# Folders of a machine, addresses in memory, escape sequences, and what is left of progress bars.
UNWANTED = re.compile(
    r"/(home|Users|root|tmp|work|private|var)/|[A-Z]:\\|\bat 0x[0-9a-f]+|\x1b\[|\d+%\|", re.ASCII
)
# Images are compared at this size, in gray values of 0 to 255 on the mean.
THUMBNAIL = (48, 48)
MEAN_DIFFERENCE = 6.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notebook")


@pytest.fixture(scope="module")
def fresh(folder: Path) -> Any:
    """The notebook, run just now."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UP42_PROGRESS", "0")
        return run_notebook.execute(PATH, folder)


@pytest.fixture
def stored() -> Any:
    return nbformat.read(PATH, as_version=4)


def shown(notebook: Any) -> dict[tuple[str, int, str], str]:
    """Return what a reader sees, by cell, number of the output, and media type."""
    found = {}
    for cell in notebook.cells:
        for number, output in enumerate(cell.get("outputs", [])):
            contents = output.get("data") or {output.get("name", "error"): output.get("text", "")}
            for kind, content in contents.items():
                text = content if kind.startswith("image/") else visible(kind, content)
                found[cell["id"], number, kind] = text
    return found


def visible(kind: str, content: str) -> str:
    text = html.unescape(STYLE_OR_TAG.sub(" ", content)) if kind == "text/html" else content
    return " ".join(TIME.sub("TIME", PORT.sub("PORT", text)).split())


def test_it_shows_what_it_says(fresh: Any, stored: Any) -> None:
    before, now = shown(stored), shown(fresh)
    assert before.keys() == now.keys()
    changed = [key for key in before if not key[2].startswith("image/") and before[key] != now[key]]
    assert changed == [], "the outputs are out of date: make notebook"


def test_the_picture_of_the_map_is_that_of_the_map(fresh: Any, folder: Path) -> None:
    assert [page.name for page in folder.glob("*.html")] == ["tanks.html"]
    try:
        run_notebook.picture_maps(folder, folder / "main-job.ipynb")
    except map_browser.BrowserMissingError as error:
        unavailable(str(error))
    name = "main-job-tanks.png"
    kept, now = (
        Image.open(path / name).convert("RGB").resize(THUMBNAIL) for path in (PATH.parent, folder)
    )
    difference = ImageStat.Stat(ImageChops.difference(kept, now)).mean
    assert max(difference) <= MEAN_DIFFERENCE, "out of date: make notebook"


def test_it_is_tidy(stored: Any) -> None:
    for key, text in shown(stored).items():
        assert key[2] in {"stdout", "text/plain", "text/html", "image/png"}
        assert key[2] == "image/png" or not UNWANTED.search(text), key
    assert stored.metadata == run_notebook.KERNEL
    assert all(cell.metadata == {} for cell in stored.cells)
    code = [cell for cell in stored.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    # IDs that somebody chose, so that they stay the same.
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", cell["id"]) for cell in stored.cells)
    # Viewers drop scripts, and what needs them would be missing.
    assert not re.search("<script|<iframe", str([cell.get("outputs") for cell in stored.cells]))
    assert max(path.stat().st_size for path in PATH.parent.iterdir()) < LARGEST_FILE


def test_its_links_and_pictures_are_there(stored: Any) -> None:
    prose = "\n".join(cell.source for cell in stored.cells if cell.cell_type == "markdown")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", prose) if "://" not in link]
    assert len(links) > 2
    assert [link for link in links if not (PATH.parent / link.partition("#")[0]).is_file()] == []
