"""Convert the arguments of `search_items` to the JSON of a STAC search, or reject them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from up42_client.types import UNSET
from up42_facade._common.times import moment, to_utc
from up42_facade._common.values import check_string
from up42_facade.errors import InvalidInputError

if TYPE_CHECKING:
    from up42_client.models import StacSearch, StacSortField

GEOMETRIES = frozenset(
    {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"}
)
DIRECTIONS = {"+": "asc", "-": "desc"}
# Maximum nesting of a filter; servers accept less.
DEEPEST = 50
# Properties of a filter that UP42 documents; a server might know more.
QUERYABLES = (
    "asset_id", "cloud_cover", "collection", "collection_name", "constellation",
    "data_product_id", "datetime", "eo:cloud_cover", "geometry", "gsd", "id", "job_id", "order_id",
    "tags", "title", "workspace_id",
)  # fmt: skip


def search_body(
    filter: Any = None,
    *,
    collection: Any = None,
    acquired_after: Any = None,
    acquired_before: Any = None,
    max_cloud_cover: Any = None,
    bbox: Any = None,
    intersects: Any = None,
    sortby: Any = None,
    limit: int,
) -> StacSearch:
    """Return the body of a search, without arguments that are None.

    Raises:
        InvalidInputError: If an argument can't be used.
    """
    from up42_client.models import StacSearch

    if bbox is not None and intersects is not None:
        raise InvalidInputError("bbox and intersects are given: pass one of them.")
    area = None
    if bbox is not None:
        area = polygon("bbox", bbox)
    elif intersects is not None:
        area = geometry("intersects", intersects)
    conditions = [] if filter is None else [cql2(filter)]
    if collection is not None:
        check_string("collection", collection)
        conditions.append(condition("=", "collection_name", text("collection", collection)))
    start, end = (
        None if value is None else moment(argument, value)
        for argument, value in (
            ("acquired_after", acquired_after),
            ("acquired_before", acquired_before),
        )
    )
    if start is not None and end is not None and start >= end:
        raise InvalidInputError(
            f"acquired_after={acquired_after!r} isn't before acquired_before={acquired_before!r}."
        )
    if start is not None:
        conditions.append(condition(">=", "datetime", time("acquired_after", start)))
    if end is not None:
        conditions.append(condition("<", "datetime", time("acquired_before", end)))
    if max_cloud_cover is not None:
        percentage = number("max_cloud_cover", max_cloud_cover)
        conditions.append(condition("<=", "eo:cloud_cover", percentage))
    both = {"op": "and", "args": conditions} if len(conditions) > 1 else None
    return StacSearch(
        filter_=both or (conditions[0] if conditions else UNSET),
        intersects=UNSET if area is None else area,
        limit=limit,
        sortby=UNSET if sortby is None else sort_fields(sortby),
    )


def condition(op: str, property: str, value: Any) -> dict[str, Any]:
    return {"op": op, "args": [{"property": property}, value]}


def unknown_properties(filter: Any) -> list[str]:
    """Return the properties in a filter that UP42 doesn't document."""
    if isinstance(filter, Mapping):
        used = filter.get("property")
        found = [used] if isinstance(used, str) and used not in QUERYABLES else []
        return [*found, *unknown_properties(list(filter.values()))]
    if isinstance(filter, list):
        return [name for part in filter for name in unknown_properties(part)]
    return []


def cql2(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not isinstance(value.get("op"), str):
        raise InvalidInputError(
            f"filter={value!r}: expected CQL2-JSON, for example "
            "{'op': '<', 'args': [{'property': 'gsd'}, 1]}."
        )
    found: dict[str, Any] = as_json("filter", value)
    return found


def as_json(name: str, value: Any, depth: int = 0) -> Any:
    """Return a value as JSON, with numpy's numbers as numbers, and datetimes as in CQL2."""
    if depth > DEEPEST:
        raise InvalidInputError(f"{name} is nested deeper than {DEEPEST} levels.")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return text(name, value)
    if isinstance(value, dt.date):
        return time(name, value)
    if isinstance(value, Mapping):
        return {text(name, k): as_json(name, entry, depth + 1) for k, entry in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(name, entry, depth + 1) for entry in value]
    if hasattr(value, "__geo_interface__"):
        return geometry(name, value)
    if hasattr(value, "tolist"):
        # numpy: a scalar or an array, as Python's own types.
        plain = value.tolist()
        if plain is not None and type(plain) is not type(value):
            return as_json(name, plain, depth + 1)
    return number(name, value)


def text(name: str, value: Any) -> str:
    if not isinstance(value, str) or any("\ud800" <= part <= "\udfff" for part in value):
        raise InvalidInputError(f"{name} contains {value!r}: expected a string of valid Unicode.")
    return str(value)


def time(name: str, value: dt.date) -> dict[str, str]:
    if not isinstance(value, dt.datetime):
        return {"date": value.isoformat()}
    read = to_utc(value)
    if read is None:
        raise InvalidInputError(f"{name} contains {value!r}: expected a datetime.")
    return {"timestamp": read.isoformat().replace("+00:00", "Z")}


def number(name: str, value: Any) -> int | float:
    if isinstance(value, Integral):
        return int(value)
    is_finite = value.is_finite() if isinstance(value, Decimal) else False
    if is_finite or (isinstance(value, Real) and math.isfinite(value)):
        return float(value)
    raise InvalidInputError(
        f"{name} contains {value!r}: expected strings, finite numbers, datetimes, lists, and "
        "dicts of these."
    )


def geometry(name: str, value: Any) -> dict[str, Any]:
    """Return a GeoJSON geometry in EPSG:4326.

    Args:
        name: Name of the argument, for messages.
        value: A GeoJSON geometry or feature, an object that has one (shapely), a GeoDataFrame or
            GeoSeries, or bounds (west, south, east, north).
    """
    if hasattr(value, "to_crs"):
        value = united(name, value)
    if hasattr(value, "__geo_interface__"):
        value = value.__geo_interface__
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return polygon(name, value)
    if isinstance(value, Mapping) and value.get("type") == "Feature":
        value = value.get("geometry")
    found = as_json(name, value) if isinstance(value, Mapping) else {}
    parts = found.get("geometries") if found.get("type") == "GeometryCollection" else [found]
    if not isinstance(parts, list) or not parts or not all(is_geometry(part) for part in parts):
        raise InvalidInputError(
            f"{name}={value!r}: expected a GeoJSON geometry in EPSG:4326, a shapely "
            "geometry, or bounds (west, south, east, north)."
        )
    return dict(found)


def united(name: str, frame: Any) -> Any:
    """Return the union of a frame's geometries in EPSG:4326."""
    # Without a column of geometries, a frame raises an AttributeError.
    if getattr(frame, "crs", None) is None:
        raise InvalidInputError(f"{name} has no geometries or no CRS: set it with set_crs().")
    return frame.to_crs("EPSG:4326").union_all()


def is_geometry(value: Any) -> bool:
    """Return whether a value is a geometry whose positions are longitudes and latitudes."""
    if not isinstance(value, dict) or value.get("type") not in GEOMETRIES:
        return False
    found = list(positions(value.get("coordinates")))
    return bool(found) and all(is_position(position) for position in found)


def positions(value: Any) -> Iterator[list[Any]]:
    """Yield the innermost lists of coordinates."""
    if not isinstance(value, list) or not any(isinstance(entry, list) for entry in value):
        yield value
        return
    for entry in value:
        yield from positions(entry)


def is_position(value: Any) -> bool:
    if not isinstance(value, list) or len(value) not in (2, 3):
        return False
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in value)
    return numbers and abs(value[0]) <= 180 and abs(value[1]) <= 90


def polygon(name: str, bounds: Any) -> dict[str, Any]:
    found = as_json(name, bounds)
    corners = len(found) == 4 and is_position(found[:2]) and is_position(found[2:])
    if not corners or found[0] >= found[2] or found[1] >= found[3]:
        raise InvalidInputError(
            f"{name}={bounds!r}: expected bounds as west, south, east, north in degrees, with "
            "west < east and south < north. Pass a MultiPolygon for an area across 180°."
        )
    west, south, east, north = found
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def sort_fields(value: Any) -> list[StacSortField]:
    """Return STAC sort fields; a string names one, descending if it starts with a minus."""
    fields = [value] if isinstance(value, str | Mapping) else value
    if not isinstance(fields, list | tuple):
        raise wrong_field(value)
    return [sort_field(field) for field in fields]


def sort_field(value: Any) -> StacSortField:
    from up42_client.models import StacSortField

    if isinstance(value, str):
        direction = DIRECTIONS.get(value[:1])
        bare = value[1:] if direction else value
        return sort_field({"field": bare, "direction": direction or "asc"})
    field = value.get("field") if isinstance(value, Mapping) else None
    if not isinstance(field, str) or not field:
        raise wrong_field(value)
    direction = value.get("direction", UNSET)
    if direction is not UNSET and direction not in DIRECTIONS.values():
        raise wrong_field(value)
    return StacSortField(text("sortby", field), direction=direction)


def wrong_field(value: Any) -> InvalidInputError:
    return InvalidInputError(
        f"sortby={value!r}: expected fields such as "
        "{'field': 'properties.datetime', 'direction': 'desc'}, or '-properties.datetime'."
    )
