"""Whatever a file or a server says is text on maps and plots, and nothing else."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shapely.geometry import box

from tests.hostile import STRINGS
from tests.viz import scenes
from up42_facade import viz

# What a file name can be made of; the names of all are different.
FILE_NAMES = {name: text for name, text in STRINGS.items() if not set(text) & set("/\0\ud800")}


def on_a_page(text: str) -> str:
    """Return what a page shows: no control characters, and no half of a surrogate pair."""
    text = text.replace("\ud800", "?")
    return " ".join(re.sub("[\0-\x08\x0b-\x1f\x7f-\x9f]", "\ufffd", text).split())


def assert_quiet(opened: Any) -> None:
    """Nothing went wrong, and nothing but tiles was requested."""
    assert (opened.errors, opened.blocked) == ([], [])


def shown(locator: Any) -> list[str]:
    return [" ".join(text.split()) for text in locator.all_text_contents()]


def test_names_keys_and_values_are_text_on_a_map(
    tmp_path: Path, open_map: Callable[[Path], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    features = [
        (box(13 + i, 52, 13.5 + i, 52.5), {"uid": text, text: text, "list": [text]})
        for i, text in enumerate(STRINGS.values())
    ]
    path = scenes.write_geojson(tmp_path / "data.json", features)
    viz.map_results(path, save_html=tmp_path)
    opened = open_map(tmp_path / "final_map.html")
    page = opened.page
    names = shown(page.locator(".leaflet-control-layers-overlays label"))
    expected = [on_a_page(text) for text in STRINGS.values()]
    assert names == [f"Feature {i + 1} – {text}" for i, text in enumerate(expected)]
    for number, text in enumerate(expected):
        page.locator("path.leaflet-interactive").nth(number).dispatch_event("click")
        popup = page.locator(".leaflet-popup-content").last
        popup.wait_for()
        assert text in shown(popup.locator("th"))
        assert shown(popup.locator("td")).count(text) == 2
        page.locator("path.leaflet-interactive").nth(number).dispatch_event("mouseover")
        tooltip = page.locator(".leaflet-tooltip").last
        assert shown(tooltip) == [f"Feature {number + 1} – {text}"]
    assert page.locator(".leaflet-container").locator("script, b, [onerror]").count() == 0
    assert page.evaluate("window.hacked") is None
    assert_quiet(opened)
    assert not (tmp_path / "HACKED").exists()


def test_names_of_files_are_text_on_a_map(
    tmp_path: Path, open_map: Callable[[Path], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    values = np.zeros((1, 20, 20), "uint8")
    values[0, :5, :5] = 255
    paths = [
        scenes.write(tmp_path / f"{text}.tif", values, ("probability",))
        for text in FILE_NAMES.values()
    ]
    viz.map_results(paths, save_html=tmp_path)
    opened = open_map(tmp_path / "final_map.html")
    page = opened.page
    expected = [on_a_page(text) for text in FILE_NAMES.values()]
    assert shown(page.locator(".leaflet-control-layers-overlays label")) == expected
    legend = shown(page.locator(".up42-legend"))[0]
    assert all(text in legend for text in expected)
    assert page.locator("body [onerror], .up42-legend img").count() == 0
    assert page.evaluate("window.hacked") is None
    assert_quiet(opened)


@pytest.mark.parametrize("name", FILE_NAMES)
def test_names_of_files_are_text_on_a_plot(name: str, tmp_path: Path) -> None:
    stem = f"_{FILE_NAMES[name]}"
    image = scenes.write_quarters(tmp_path / f"{stem}.tif")
    features = scenes.write_geojson(tmp_path / f"{stem}.geojson", [(box(13, 52, 14, 53), {})])
    figure = viz.plot_results([image, features], figsize=(10, 5))
    axes = figure.axes[0]
    visible = str(axes.get_title())
    assert axes.get_legend().get_texts()[0].get_text() == f"{visible}: 1"
    assert visible == stem or "\\x" in visible or "\\u" in visible
    with warnings.catch_warnings():
        # The font lacks some letters.
        warnings.filterwarnings("ignore", "Glyph", UserWarning)
        scenes.rendered(figure)
