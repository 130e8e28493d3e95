"""What Sphinx doesn't check: that built pages load nothing from elsewhere, and that links lead on.

Faults are warnings, so that a strict build fails on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)

# What a browser fetches on its own, by element; an `a` waits for a click.
LOADED = {
    "script": "src",
    "link": "href",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "embed": "src",
    "object": "data",
}
# `link`s that only tell something and load nothing.
MERE_RELATIONS = {"canonical", "author", "license", "next", "prev", "index", "search"}


class Page(HTMLParser):
    """What a page loads, where it links to, and which anchors it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attributes}
        self.anchors.update(known[name] for name in ("id", "name") if name in known)
        if tag == "a" and "href" in known:
            self.links.append(known["href"])
        if tag == "link" and set(known.get("rel", "").split()) & MERE_RELATIONS:
            return
        if tag in LOADED and LOADED[tag] in known:
            self.loads.append(known[LOADED[tag]])


def faults(site: Path) -> Iterator[str]:
    """Yield what is wrong with the built pages below a folder, as sentences."""
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        where = path.relative_to(site)
        for target in page.loads:
            if is_remote(target):
                yield f"{where} loads {target} from elsewhere"
            elif not exists(path, target):
                yield f"{where} loads {target}, which does not exist"
        for link in page.links:
            if not is_remote(link) and not leads_on(path, link, pages):
                yield f"{where} links to {link}, which does not exist"
    for sheet in sorted(site.rglob("*.css")):
        text = sheet.read_text(encoding="utf-8")
        if "url(http" in text or "url(//" in text or "@import" in text:
            yield f"{sheet.relative_to(site)} may load something from elsewhere"


def is_remote(target: str) -> bool:
    parts = urlsplit(target)
    return bool(parts.netloc) or parts.scheme in ("http", "https", "mailto")


def exists(page: Path, target: str) -> bool:
    parts = urlsplit(target)
    return parts.scheme == "data" or not parts.path or (page.parent / unquote(parts.path)).exists()


def leads_on(page: Path, link: str, pages: dict[Path, Page]) -> bool:
    parts = urlsplit(link)
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if not target.is_file():
        return False
    return not parts.fragment or target not in pages or has(pages[target], parts.fragment)


def has(page: Page, fragment: str) -> bool:
    return unquote(fragment) in page.anchors


def check(app: Sphinx, failure: Exception | None) -> None:
    if failure is not None or app.builder.format != "html":
        return
    for fault in faults(Path(app.outdir)):
        logger.warning("%s", fault, type="site", subtype="check")


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("build-finished", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
