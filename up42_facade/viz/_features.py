"""Features as layers of a map, with popups and highlighting.

Names, keys, and values come from files of others and end up in a page: each passes `inert()`.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable
from typing import Any

import folium
import shapely

from up42_facade._common.html import inert
from up42_facade.results._geojson import LARGEST_EXACT
from up42_facade.viz._inputs import DATA_PATH, VectorLayer
from up42_facade.viz._pages import Verbatim

# More features share a layer: a list of all would be longer than the map is high.
MOST_LAYERS = 100
# Decimals of degrees: a centimeter on the ground.
DECIMALS = 7
COLORS = ("#ffb000", "#00b4d8", "#f72585", "#70e000")
# Opacity of the filling of features.
FILLED = 0.15
HIGHLIGHT = {"color": "#ffffff", "weight": 4, "fillOpacity": 0.45}
# Pixels.
POINT_RADIUS = 5
POPUP_WIDTH = 320
# folium reads the first two of these properties of a feature as its style, and JavaScript the
# third as the ancestor of an object.
RESERVED_KEYS = ("style", "highlight", "__proto__")


def add_features(
    target: folium.Map, file: VectorLayer, name_column: str, number: int, is_filled: bool
) -> None:
    """Add the features of a file to the map.

    Up to a hundred scenes (features with the column of names, or with the name of their image)
    have a layer each. Detections share one layer.
    """
    frame, count = file.frame, len(file.frame)
    # Areas over an image don't tint it; points have nothing but their filling.
    are_points = (frame.geom_type == "Point").all()
    style = style_of(COLORS[number % len(COLORS)], FILLED if is_filled or are_points else 0)
    are_scenes = name_column in frame.columns or DATA_PATH in frame.columns
    if not are_scenes or count > MOST_LAYERS:
        feature_layer(frame, f"{file.label} ({count})", style).add_to(target)
        return
    for index in range(count):
        part = frame.iloc[[index]]
        name = part[name_column].iloc[0] if name_column in frame.columns else file.label
        title = f"Feature {index + 1} – {plain(name)}"
        feature_layer(part, title, style, heading=title).add_to(target)


def style_of(color: str, opacity: float) -> dict[str, Any]:
    return {"color": color, "weight": 2, "fillColor": color, "fillOpacity": opacity}


class FeatureLayer(folium.GeoJson):
    """A layer of features that become part of the page as they are.

    folium compiles all that it is given as a template, which takes as long as everything else. It
    gets the first feature, from which it derives styles and popups, and not the others.
    """

    def __init__(self, features: list[str], **options: Any) -> None:
        super().__init__(collection_of(features[:1]), **options)
        self._others = collection_of(features[1:])

    def render(self, **kwargs: Any) -> str:
        super().render(**kwargs)  # type: ignore[no-untyped-call]
        others = Verbatim(f"{self.get_name()}_add({self._others});")
        self.get_root().script.add_child(others, name=f"{self.get_name()}_others")  # type: ignore[attr-defined]
        return ""


def feature_layer(
    frame: Any,
    name: str,
    style: dict[str, Any],
    *,
    popup: bool = True,
    heading: str | None = None,
) -> folium.GeoJson:
    """Return a layer of features.

    Args:
        frame: GeoDataFrame in EPSG:4326.
        name: Name in the layer control.
        style: Leaflet path options.
        popup: Show the properties on a click.
        heading: Tooltip of the features.
    """
    columns = [column for column in frame.columns if column != frame.geometry.name]
    fields = [field_name(column) for column in columns]
    layer = FeatureLayer(
        geojson_features(frame, columns, fields),
        name=inert(name),
        style_function=always(style),
        highlight_function=always(HIGHLIGHT) if popup else None,
        marker=folium.CircleMarker(radius=POINT_RADIUS, fill=True),
        smooth_factor=0,
    )
    if heading is not None:
        folium.Tooltip(inert(heading)).add_to(layer)
    if popup and fields:
        names = [field.strip() for field in fields]
        folium.GeoJsonPopup(fields, names, max_width=POPUP_WIDTH).add_to(layer)
    return layer


def always(style: dict[str, Any]) -> Callable[[Any], dict[str, Any]]:
    return lambda feature: style


def geojson_features(frame: Any, columns: list[Any], fields: list[str]) -> list[str]:
    """Return features as GeoJSON whose strings are inert in a page."""
    values = [[to_json_value(value) for value in frame[column]] for column in columns]
    rows = zip(*values, strict=True) if values else itertools.repeat(())
    shapes = shapely.transform(frame.geometry.to_numpy(), lambda points: points.round(DECIMALS))
    return [
        f'{{"type":"Feature","id":"{number}","geometry":{geometry},'
        f'"properties":{json.dumps(dict(zip(fields, row, strict=True)))}}}'
        for number, (geometry, row) in enumerate(
            zip(shapely.to_geojson(shapes), rows, strict=False)
        )
    ]


def collection_of(features: list[str]) -> str:
    return f'{{"type":"FeatureCollection","features":[{",".join(features)}]}}'


def field_name(column: Any) -> str:
    # The space is invisible in the popup.
    return f"{column} " if column in RESERVED_KEYS else inert(str(column))


def to_json_value(value: Any) -> Any:
    """Return a property as a popup shows it: numbers unchanged, strings inert."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) <= LARGEST_EXACT:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else ""
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        return to_json_value(value.item())
    return inert(plain(value))


def plain(value: Any) -> str:
    """Return a property as a string; "" for a missing one."""
    if hasattr(value, "tolist") and not isinstance(value, str):
        value = value.tolist()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    if value is None or type(value).__name__ in ("NAType", "NaTType") or value != value:
        return ""
    return str(value)
