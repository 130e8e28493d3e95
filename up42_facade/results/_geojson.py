"""GeoJSON as GeoDataFrames."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from up42_facade._common.logs import get_logger
from up42_facade._common.values import as_dict, entries
from up42_facade.errors import UnexpectedResponseError

if TYPE_CHECKING:
    import pyproj
    from geopandas import GeoDataFrame

logger = get_logger(__name__)

# UP42's results are in EPSG:4326, as GeoJSON is by definition.
CRS = "EPSG:4326"
# The same, under its usual names.
DEGREES = "OGC:CRS84"
DEGREE_NAMES = ("urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4326", "EPSG:4326", DEGREES)
# The column of the geometries, and the column of a property with this name.
GEOMETRY = "geometry"
GEOMETRY_PROPERTY = "properties.geometry"
# Above this, neither floats nor numbers in browsers represent all integers exactly.
LARGEST_EXACT = 2**53
LARGEST_INT64 = 2**63 - 1
# Errors of shapely for invalid coordinates, too large ones, and too deep nesting.
INVALID_GEOMETRY = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
    RecursionError,
)
# A name or code. Definitions aren't read: they can name files.
CRS_NAME = re.compile(r"[\w.:/ -]+")


def to_frame(collection: Mapping[str, Any], crs: Any = CRS) -> GeoDataFrame:
    """Turn a FeatureCollection into a frame.

    Integers stay exact: columns with missing values become `Int64`. A geometry that can't be
    drawn, such as a line of one point, is missing in the frame, and logged.

    Args:
        collection: GeoJSON.
        crs: The CRS of its coordinates.

    Returns:
        A row for each feature with its properties as columns and its geometry in `geometry`;
        without features an empty frame that still has geometry and CRS.

    Raises:
        UnexpectedResponseError: If a feature isn't valid GeoJSON.

    Example:
        >>> len(to_frame({"type": "FeatureCollection", "features": []}))
        0
    """
    from geopandas import GeoDataFrame

    features = entries(collection.get("features"))
    try:
        properties = [properties_of(feature) for feature in features]
        found = geometries_of([feature.get(GEOMETRY) for feature in features])
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise UnexpectedResponseError(
            f"The results contain a feature that isn't valid GeoJSON ({error}). get_results_json() "
            "without as_dataframe returns them unchanged.",
            status_code=200,
        ) from error
    names = dict.fromkeys(str(name) for found in properties for name in found)
    columns = {name: column([found.get(name) for found in properties]) for name in names}
    return GeoDataFrame({GEOMETRY: found, **columns}, geometry=GEOMETRY, crs=crs)


def properties_of(feature: Mapping[str, Any]) -> dict[str, Any]:
    properties = dict(feature.get("properties") or {})
    if GEOMETRY in properties:
        # This would replace the geometry itself.
        properties[GEOMETRY_PROPERTY] = properties.pop(GEOMETRY)
    return properties


def geometries_of(geometries: Sequence[Any]) -> Any:
    """Return shapely geometries; None for one that is missing or can't be built."""
    import numpy as np
    import shapely
    from shapely.errors import ShapelyError

    found = np.full(len(geometries), None, dtype=object)
    unusable = []
    for index, geometry in enumerate(geometries):
        if geometry is None:
            continue
        try:
            found[index] = shapely.geometry.shape(geometry)
        except (ShapelyError, *INVALID_GEOMETRY) as error:
            if not is_geometry(geometry):
                raise ValueError(f"{type(error).__name__}: {error}") from error
            unusable.append((index, str(error)))
    if unusable:
        first, reason = unusable[0]
        logger.warning(
            "%d of %d features have a geometry that can't be drawn and are without one; the first "
            "is number %d: %s",
            len(unusable),
            len(geometries),
            first,
            reason,
        )
    return found


def is_geometry(value: Any) -> bool:
    """Return whether a value has the members of a GeoJSON geometry, whatever they contain."""
    kinds = ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon")
    known = as_dict(value)
    if known.get("type") == "GeometryCollection":
        return isinstance(known.get("geometries"), list)
    return known.get("type") in kinds and isinstance(known.get("coordinates"), list)


def column(values: list[Any]) -> Any:
    """Return the values of a property as a column in which every integer is exact."""
    import pandas as pd

    whole = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
    given = sum(value is not None for value in values)
    if not whole or (len(whole) == given == len(values)):
        return pd.Series(values, dtype=None if given else object)
    largest = max(map(abs, whole))
    if len(whole) == given and largest <= LARGEST_INT64:
        return pd.Series(values, dtype="Int64")
    return pd.Series(values, dtype=object if largest > LARGEST_EXACT else None)


def foreign_crs(declared: Any) -> pyproj.CRS | None:
    """Return the CRS that a `crs` member of old GeoJSON names; None for EPSG:4326.

    Raises:
        ValueError: If the member doesn't name a known CRS.
    """
    if declared is None:
        return None
    name = as_dict(as_dict(declared).get("properties")).get("name")
    if name in DEGREE_NAMES:
        return None
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        if not isinstance(name, str) or not CRS_NAME.fullmatch(name):
            raise CRSError("no name")
        crs = CRS.from_user_input(name)
    except CRSError as error:
        raise ValueError(f"declares a CRS that isn't known: {declared!r}") from error
    return None if crs.equals(DEGREES, ignore_axis_order=True) else crs
