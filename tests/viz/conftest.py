"""A browser that opens maps without a network, and a sandbox's results."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn

import pytest
from attrs import define, field

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

import map_browser


def unavailable(reason: str) -> NoReturn:
    """Skip the test; fail it in continuous integration, where everything must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium."""
    with ExitStack() as stack:
        try:
            running = stack.enter_context(map_browser.running_browser())
        except map_browser.BrowserMissingError as error:
            unavailable(str(error))
        yield running


@define
class OpenMap:
    """A map in the browser, and what went wrong in it."""

    page: Any
    errors: list[str] = field(factory=list)
    blocked: list[str] = field(factory=list)

    def layers(self) -> list[str]:
        """Return the names in the layer control."""
        found = self.page.locator(".leaflet-control-layers-overlays label")
        return [text.strip() for text in found.all_text_contents()]

    def toggle(self, name: str) -> None:
        """Click on a name in the layer control."""
        control = self.page.locator(".leaflet-control-layers")
        if "expanded" not in (control.get_attribute("class") or ""):
            control.hover()
        self.page.locator(".leaflet-control-layers-overlays label", has_text=name).click()


@pytest.fixture
def open_map(browser: Any) -> Iterator[Callable[..., OpenMap]]:
    """Open a saved map with every other host blocked; tiles are transparent pixels, or blocked."""
    context = browser.new_context(viewport=map_browser.WINDOW)

    def answer(route: Any, shown: OpenMap, tiles: bool) -> None:
        if tiles or route.request.url.startswith(("file:", "data:", "blob:")):
            url = map_browser.answer(route)
        else:
            url = route.request.url
            route.abort()
        if url is not None:
            shown.blocked.append(url)

    def open_it(path: Path, *, tiles: bool = True) -> OpenMap:
        page = context.new_page()
        shown = OpenMap(page)
        page.on("console", lambda message: record(shown, message))
        page.on("pageerror", lambda error: shown.errors.append(str(error)))
        page.route("**/*", lambda route: answer(route, shown, tiles))
        map_browser.open_page(page, path)
        return shown

    yield open_it
    context.close()


def record(shown: OpenMap, message: Any) -> None:
    if message.type in ("error", "warning"):
        shown.errors.append(message.text)
