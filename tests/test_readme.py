"""What the README and the other pages say of the repository is true.

Their Python runs in `tests/docs`.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, all_pages, name_of

PAGES = all_pages()
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "optional-dependencies"
]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"(?:\$ |`)make ([a-z-]+)", text):
        assert f"\n{target}:" in MAKEFILE, target
    for program in re.findall(r"(?:\$ |`)python (\S+\.py)", text):
        assert (ROOT / program).is_file(), program
    for script in re.findall(r"(?:\$ |`)bash (\S+?)`?$", text, re.MULTILINE):
        assert (ROOT / script).is_file(), script


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_extras_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for extras in re.findall(r"(?:\.|up42-facade)\[([a-z,]+)\]", text):
        assert set(extras.split(",")) <= set(EXTRAS), extras


def test_the_install_page_lists_all_extras() -> None:
    text = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == set(EXTRAS)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_pictures_and_links_exist(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.M)
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target
