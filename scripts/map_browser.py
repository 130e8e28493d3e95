"""Open saved maps in headless Chromium without a network: tiles are transparent pixels."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Street and satellite tiles, by the paths of their URLs.
TILES = re.compile(r"/\d+/\d+/\d+(\.png)?$")
# One transparent pixel.
TILE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Milliseconds in which a map ends its first zoom.
SETTLING = 600
WINDOW = {"width": 1100, "height": 800}


class BrowserMissingError(Exception):
    """Something that a browser test or picture needs isn't on this machine."""


@contextmanager
def running_browser() -> Iterator[Any]:
    """Start headless Chromium, as Playwright's browser.

    Raises:
        BrowserMissingError: Playwright or Chromium is missing.
    """
    try:
        from playwright import sync_api
    except ImportError as error:
        raise BrowserMissingError("playwright is missing, which drives the browser") from error
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        raise BrowserMissingError("Chromium is missing, in which the map is opened")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program)
        yield running
        running.close()


def answer(route: Any) -> str | None:
    """Serve tiles as transparent pixels and block all other hosts; return a blocked URL."""
    url = str(route.request.url.partition("?")[0])
    if url.startswith(("file:", "data:", "blob:")):
        route.continue_()
    elif TILES.search(url):
        route.fulfill(body=TILE, content_type="image/png")
    else:
        route.abort()
        return url
    return None


def open_page(page: Any, path: Path) -> None:
    """Load a saved map and wait until it stops moving."""
    page.goto(path.resolve().as_uri())
    page.wait_for_selector(".leaflet-control-layers", state="attached")
    page.wait_for_timeout(SETTLING)


def take_pictures(pages: Mapping[Path, Path], window: Mapping[str, int] = WINDOW) -> None:
    """Save a picture of each saved map.

    Args:
        pages: Where each picture is saved, by the path of its map.
        window: Width and height of the browser's window in pixels.

    Raises:
        BrowserMissingError: Playwright or Chromium is missing.
    """
    with running_browser() as browser:
        for path, target in pages.items():
            page = browser.new_page(viewport=window)
            page.route("**/*", answer)
            open_page(page, path)
            page.screenshot(path=target)
            page.close()
