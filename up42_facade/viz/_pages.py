"""Pages of maps: they contain Leaflet, so that they open without a network."""

from __future__ import annotations

import base64
import os
import re
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import folium
from branca.element import Element

from up42_facade.downloads import local_folder
from up42_facade.errors import InvalidInputError

# Raises an ImportError if the package is missing, as importing it would.
LEAFLET = Path(str(distribution("xstatic-leaflet").locate_file("xstatic/pkg/leaflet/data")))
# In folium's lists of scripts and styles.
LEAFLET_NAMES = ("leaflet", "leaflet_css")
# Elements that need Leaflet only. Others, which users add, might need folium's other scripts.
PLAIN_ELEMENTS = {
    "ElementAddToElement",
    "FeatureLayer",
    "FitBounds",
    "GeoJsonPopup",
    "ImageOverlay",
    "LayerControl",
    "TileLayer",
    "Tooltip",
}
MARKER_ICONS = ("marker-icon", "marker-icon-2x", "marker-shadow")
# Long names don't make the layer control cover the map.
NARROW = ".leaflet-control-layers-list{max-width:200px;overflow-wrap:anywhere}"
HTML_NAME = "final_map.html"
HTML_SUFFIXES = (".html", ".htm")


class OfflineMap(folium.Map):
    """A map whose page loads nothing but tiles."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._name = "Map"
        self.get_root().header.add_child(Verbatim(leaflet()), name="leaflet")  # type: ignore[attr-defined]

    def render(self, **kwargs: Any) -> str:
        """Add folium's other scripts, which are on the web, only if an added element needs them."""
        is_plain = {type(element).__name__ for element in descendants(self)} <= PLAIN_ELEMENTS
        for name in ("default_js", "default_css"):
            links = getattr(folium.Map, name)
            kept = [] if is_plain else [link for link in links if link[0] not in LEAFLET_NAMES]
            setattr(self, name, kept)
        super().render(**kwargs)  # type: ignore[no-untyped-call]
        return ""


class Verbatim(Element):
    """A part of a page that isn't a template."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self._content = content

    def render(self, **kwargs: Any) -> str:
        return self._content


def descendants(element: Any) -> list[Any]:
    """Return all elements on a map or in a group of elements."""
    children = list(element._children.values())
    return [*children, *(found for child in children for found in descendants(child))]


@cache
def leaflet() -> str:
    """Return Leaflet's styles and script, with its images in them."""
    styles = re.sub(
        r"url\((images/[\w-]+\.png)\)",
        lambda found: f"url({data_url((LEAFLET / found[1]).read_bytes())})",
        (LEAFLET / "leaflet.css").read_text(encoding="utf-8"),
    )
    script = (LEAFLET / "leaflet.js").read_text(encoding="utf-8")
    script = re.sub(r"^//# sourceMappingURL=.*$", "", script, flags=re.MULTILINE)
    icon, retina, shadow = (
        data_url((LEAFLET / f"images/{name}.png").read_bytes()) for name in MARKER_ICONS
    )
    # Leaflet can't derive these from its style sheet, as it would from a link.
    icons = (
        "L.Icon.Default.imagePath = '';"
        f"L.Icon.Default.mergeOptions({{iconUrl: '{icon}', iconRetinaUrl: '{retina}', "
        f"shadowUrl: '{shadow}'}});"
    )
    return f"<style>{styles}{NARROW}</style>\n<script>{script}\n{icons}</script>"


def data_url(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def save(target: folium.Map, save_html: str | os.PathLike[str]) -> None:
    """Write the page completely or not at all; a folder gets a file of the documented name."""
    path = local_folder(save_html, "save_html")
    page = target.get_root().render()
    try:
        if path.suffix.lower() not in HTML_SUFFIXES or path.is_dir():
            path /= HTML_NAME
        part = path.with_name(f".{path.name}.part")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_text(page, encoding="utf-8")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise InvalidInputError(
            f"save_html={str(path)!r} can't be written: {error.strerror}. Choose another path, or "
            "free some space."
        ) from error
