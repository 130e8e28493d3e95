"""What the README and the other pages say of the repository is true.

Their Python runs in `tests/docs`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

from tests.docs.pages import ROOT, all_pages, name_of

PAGES = all_pages()
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "optional-dependencies"
]


def found(pattern: str) -> Iterator[tuple[str, str]]:
    """Yield the first group of each match on a page, and the page's name."""
    for page in PAGES:
        for match in re.findall(pattern, page.read_text(encoding="utf-8"), re.MULTILINE):
            yield match, name_of(page)


def test_commands_exist() -> None:
    for target, page in found(r"(?:\$ |`)make ([a-z-]+)"):
        assert f"\n{target}:" in MAKEFILE, page
    for program, page in found(r"(?:\$ |`)python (\S+/\S+\.py)"):
        assert (ROOT / program).is_file(), page
    for script, page in found(r"(?:\$ |`)bash (\S+?)`?$"):
        assert (ROOT / script).is_file(), page


def test_extras_exist() -> None:
    for extras, page in found(r"(?:\.|up42-facade)\[([a-z,]+)\]"):
        assert set(extras.split(",")) <= set(EXTRAS), page


def test_the_install_page_lists_all_extras() -> None:
    text = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == set(EXTRAS)


def test_pictures_and_links_exist() -> None:
    missing = []
    for page in PAGES:
        text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.M)
        links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)
        here = [link for link in links if not link.startswith("http")]
        missing += [
            f"{name_of(page)}: {link}" for link in here if not (page.parent / link).exists()
        ]
    assert missing == []
