"""Open saved maps in headless Chromium, with or without a network.

The pages of folium load their scripts from the web. Here the same scripts come from npm packages,
and tiles are answered with clear pixels, so that pictures and tests need no other host.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# The browser scripts of folium's pages, as npm packages: the page's versions are put in place.
PACKAGES = {
    "leaflet": "1.9.3",
    "jquery": "3.7.1",
    "bootstrap": "5.2.2",
    "leaflet.awesome-markers": "2.0.5",
}
# Which file answers which URL. Icons and fonts are answered empty.
LIBRARY = (
    (r"/leaflet(@[\d.]+)?/.*leaflet\.js$", "leaflet/dist/leaflet.js"),
    (r"/leaflet(@[\d.]+)?/.*leaflet\.css$", "leaflet/dist/leaflet.css"),
    (r"/jquery[^/]*\.js$", "jquery/dist/jquery.min.js"),
    (r"/bootstrap.*\.bundle\.min\.js$", "bootstrap/dist/js/bootstrap.bundle.min.js"),
    (r"/bootstrap\.min\.css$", "bootstrap/dist/css/bootstrap.min.css"),
    (
        r"awesome-markers\.js$",
        "leaflet.awesome-markers/dist/leaflet.awesome-markers.js",
    ),
)
TYPES = {".js": "text/javascript", ".css": "text/css"}
# One clear pixel.
TILE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NPM_SECONDS = 120
# Milliseconds in which a map ends its first zoom.
SETTLING = 600
WINDOW = {"width": 1100, "height": 800}


class BrowserMissingError(Exception):
    """Something that a browser test or picture needs isn't on this machine."""


def install_library(folder: Path) -> Path:
    """Install the scripts of folium's pages; return the folder of the packages.

    Raises:
        BrowserMissingError: npm is missing or can't install them.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise BrowserMissingError("npm is missing, which brings the map's scripts")
    names = [f"{name}@{version}" for name, version in PACKAGES.items()]
    options = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder)]
    try:
        subprocess.run(
            [npm, "install", *options, *names], check=True, capture_output=True, timeout=NPM_SECONDS
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise BrowserMissingError(f"npm can't install the map's scripts: {error}") from error
    return folder / "node_modules"


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
        running = playwright.chromium.launch(
            executable_path=program, headless=True, args=list(ARGUMENTS)
        )
        yield running
        running.close()


def answer(route: Any, library: Path) -> str | None:
    """Answer a request of a page from disk; return its URL if nothing is known of it."""
    url = route.request.url.partition("?")[0]
    if url.startswith(("file:", "data:", "blob:")):
        route.continue_()
        return None
    for pattern, name in LIBRARY:
        if re.search(pattern, url, re.IGNORECASE):
            body = (library / name).read_bytes()
            route.fulfill(body=body, content_type=TYPES[Path(name).suffix])
            return None
    if url.endswith(".css"):
        route.fulfill(body="", content_type="text/css")
    elif re.search(r"/\d+/\d+/\d+(\.png)?$", url):
        route.fulfill(body=TILE, content_type="image/png")
    else:
        route.abort()
        return str(url)
    return None


def open_page(page: Any, path: Path) -> None:
    """Load a saved map and wait until it stands still."""
    page.goto(path.resolve().as_uri())
    page.wait_for_selector(".leaflet-control-layers", state="attached")
    page.wait_for_timeout(SETTLING)


def take_picture(path: Path, target: Path, library: Path) -> None:
    """Take a picture of a saved map.

    Raises:
        BrowserMissingError: Playwright or Chromium is missing.
    """
    with running_browser() as browser:
        page = browser.new_page(viewport=WINDOW)
        page.route("**/*", lambda route: answer(route, library))
        open_page(page, path)
        page.screenshot(path=target)
