"""The site builds strictly, works without a network, and its own checks find what they are for."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from subprocess import run
from typing import Any, NoReturn

import pytest

from tests.docs.pages import ROOT

sys.path[:0] = [str(ROOT / "docs" / "_extensions"), str(ROOT / "scripts")]

import map_browser  # noqa: E402 - these three are found through the path above
from docstrings import rewritten  # noqa: E402
from site_check import faults  # noqa: E402

HEAD = '<html><body id="top">'


def unavailable(reason: str) -> NoReturn:
    """Skip the test; fail it in continuous integration, where everything must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


# Pixels: a phone, and a laptop.
WIDTHS = (1280, 400)
LAYOUT_FAULTS = """() => {
  const root = document.documentElement;
  const found = root.scrollWidth > root.clientWidth ? [`${root.scrollWidth} px wide`] : [];
  for (const cell of document.querySelectorAll("article td, article th")) {
    const text = cell.innerText.trim().slice(0, 60);
    if (cell.scrollWidth > cell.clientWidth + 1) found.push(`cut off: ${text}`);
    if (text.length > 40 && cell.clientWidth < 90) found.push(`narrow: ${text}`);
  }
  return found;
}"""


def test_the_site_builds_strictly_and_reads_well_offline(tmp_path: Path) -> None:
    site = tmp_path / "site"
    flags = ("--quiet", "--fail-on-warning", "--nitpicky", "--fresh-env")
    folders = ("--doctree-dir", str(tmp_path / "doctrees"), "docs", str(site))
    built = run(
        [sys.executable, "-m", "sphinx", *flags, *folders], cwd=ROOT, capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr
    # In the same test, as parallel runs would build once for each.
    try:
        with map_browser.running_browser() as browser:
            page = browser.new_context(offline=True).new_page()
            search(page, site, "CostLimitError")
            assert layout_faults(page, site) == []
    except map_browser.BrowserMissingError as error:
        unavailable(str(error))


def search(page: Any, site: Path, word: str) -> None:
    """Search the site in a browser that has no network."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{(site / 'search.html').as_uri()}?q={word}")
    page.wait_for_selector("ul.search li a")
    found = page.locator("ul.search li a").all_inner_texts()
    assert any(word in text for text in found)
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def layout_faults(page: Any, site: Path) -> list[str]:
    """Return which pages are wider than the window, and which cells of tables are illegible."""
    found = []
    for path in sorted(site.rglob("*.html")):
        page.goto(path.as_uri())
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            faulty = page.evaluate(LAYOUT_FAULTS)
            found += [f"{path.relative_to(site)} at {width} px: {fault}" for fault in faulty]
    return found


def test_this_make_target_uses_the_same_flags() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    target = makefile.partition("\ndocs:")[2].partition("\n\n")[0]
    for flag in ("--fail-on-warning", "--nitpicky", "--fresh-env"):
        assert flag in target


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ('<script src="https://cdn.example.com/a.js"></script>', "from elsewhere"),
        ('<link rel="stylesheet" href="//fonts.example.com/a.css">', "from elsewhere"),
        ('<img src="missing.png">', "does not exist"),
        ('<a href="missing.html">x</a>', "does not exist"),
        ('<a href="#nowhere">x</a>', "does not exist"),
        ('<a href="other.html#nowhere">x</a>', "does not exist"),
        ('<a href="https://example.com">x</a>', None),
        ('<a href="other.html#there">x</a>', None),
        ('<a href="#top">x</a><link rel="canonical" href="https://example.com">', None),
        ('<img src="data:image/png;base64,AA==">', None),
    ],
)
def test_the_check_of_pages(tmp_path: Path, page: str, fault: str | None) -> None:
    (tmp_path / "index.html").write_text(HEAD + page, encoding="utf-8")
    (tmp_path / "other.html").write_text(HEAD + '<h1 id="there">', encoding="utf-8")
    found = list(faults(tmp_path))
    assert [fault in text for text in found] == [True] if fault else found == []


def test_the_check_of_styles(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("@font-face { src: url(https://example.com/a.woff2) }")
    assert list(faults(tmp_path)) == ["a.css may load something from elsewhere"]


def test_docstrings_are_read_as_they_are_meant() -> None:
    lines = """\
Do it.

Args:
    first, second: Both of them,
        on two lines.

Returns:
    This job, updated: see `status`.

Raises:
    UnfinishedJob: Too early. NoResultsError: Too late.

Endpoint: GET /v2/things
and more.""".splitlines()
    assert [line for line in rewritten(lines) if line] == [
        "Do it.",
        "Args:",
        "    first: Both of them, on two lines.",
        "    second: Both of them, on two lines.",
        ":returns: This job, updated: see `status`.",
        "Raises:",
        "    UnfinishedJob: Too early.",
        "    NoResultsError: Too late.",
        ":Endpoint: GET /v2/things and more.",
    ]
