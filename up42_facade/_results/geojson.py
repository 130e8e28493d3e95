"""GeoJSON of the API as GeoDataFrames."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from up42_facade._common.values import entries
from up42_facade.errors import UnexpectedResponseError

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

# UP42's results are in degrees on WGS 84, as GeoJSON is by definition.
CRS = "EPSG:4326"
# The column of the shapes, and how a property of this name is called beside it.
GEOMETRY = "geometry"
GEOMETRY_PROPERTY = "properties.geometry"


def to_frame(collection: Mapping[str, Any]) -> GeoDataFrame:
    """Turn a FeatureCollection into a frame.

    Args:
        collection: GeoJSON, in degrees.

    Returns:
        A row for each feature with its properties as columns and its shape in `geometry`, in
        EPSG:4326; without features an empty frame that still has geometry and CRS.

    Raises:
        UnexpectedResponseError: A feature can't be read as GeoJSON.

    Example:
        >>> len(to_frame({"type": "FeatureCollection", "features": []}))
        0
    """
    from geopandas import GeoDataFrame
    from shapely.errors import ShapelyError

    features = entries(collection.get("features"))
    if not features:
        return GeoDataFrame(geometry=[], crs=CRS)
    try:
        return GeoDataFrame.from_features([readable(feature) for feature in features], crs=CRS)
    except (ShapelyError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise UnexpectedResponseError(
            f"The results hold a feature that is no GeoJSON ({error}). get_results_json() without "
            "as_dataframe returns them as they are.",
            status_code=200,
        ) from error


def readable(feature: Mapping[str, Any]) -> dict[str, Any]:
    """Return a feature with all that a frame needs, whatever the server left out."""
    properties = dict(feature.get("properties") or {})
    if GEOMETRY in properties:
        # It would replace the shape itself.
        properties[GEOMETRY_PROPERTY] = properties.pop(GEOMETRY)
    return {"type": "Feature", "properties": properties, GEOMETRY: feature.get(GEOMETRY)}
