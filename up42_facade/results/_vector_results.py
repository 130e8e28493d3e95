"""Vector results of a processing job as one FeatureCollection."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from up42_facade._common.values import entries
from up42_facade.downloads import stream_to
from up42_facade.errors import NoResultsError, UnexpectedResponseError
from up42_facade.results._geojson import DEGREES, INVALID_GEOMETRY, foreign_crs, to_frame
from up42_facade.results._item_files import (
    GEOJSON,
    JSON,
    described,
    files_of,
    files_of_items,
    format_of_file,
)

if TYPE_CHECKING:
    import pyproj
    import pystac
    from geopandas import GeoDataFrame

    from up42_facade.results._item_files import ItemFile, Source

# Properties with the origin of a feature.
ITEM_ID = "item_id"
ASSET = "asset"
# Prefix of a feature's own property with such a name, as for `geometry` in frames.
OWN_PREFIX = "properties."
KINDS = ("FeatureCollection", "Feature")


def feature_collection(items: Sequence[pystac.Item], job: Source) -> dict[str, Any]:
    """Return the features of all vector results, reading several files at a time.

    Args:
        items: The result items of the job.
        job: The job, whose session fetches the files and which errors name.

    Raises:
        NoResultsError: If no file contains features.
        UnexpectedResponseError: If a file isn't the GeoJSON that it claims to be.
        DownloadError: If a file can't be downloaded completely.
    """
    files = files_of_items(items, job.session)
    wanted = files_of(files, {GEOJSON, JSON})
    contents = list(job.session.executor.map(load, wanted))
    if all(content is None for content in contents):
        raise NoResultsError(
            f"Job {job.id} has no vector results. Its files are: {described(files)}. "
            "download_results() downloads them, to_xarray() opens rasters.",
            job,
        )
    features = [
        feature
        for file, content in zip(wanted, contents, strict=True)
        if content is not None
        for feature in features_of(content, file)
    ]
    return {"type": KINDS[0], "features": features}


def to_results_frame(collection: dict[str, Any]) -> GeoDataFrame:
    """Return the features as a frame with the columns of their origin, even if it is empty."""
    import pandas as pd

    frame = to_frame(collection)
    for name in (ITEM_ID, ASSET):
        if name not in frame:
            frame[name] = pd.Series(dtype=object)
    return frame


def load(file: ItemFile) -> dict[str, Any] | None:
    """Return the content of a file; None for JSON that neither is nor claims to be GeoJSON."""
    data = bytearray()
    stream_to(
        file.url,
        data.extend,
        http=file.session.storage,
        size=file.size,
        checksum=file.checksum,
        progress=False,
    )
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise unreadable(file, f"isn't valid JSON ({error})") from error
    if isinstance(content, dict) and content.get("type") in KINDS:
        return content
    if format_of_file(file) == GEOJSON:
        raise unreadable(file, f"isn't GeoJSON: expected a {' or a '.join(KINDS)}")
    return None


def features_of(content: dict[str, Any], file: ItemFile) -> list[dict[str, Any]]:
    """Return the features of a GeoJSON object in EPSG:4326, each with its origin."""
    found = [content] if content["type"] == KINDS[1] else entries(content.get("features"))
    for feature in found:
        if not isinstance(feature, dict) or not isinstance(feature.get("properties") or {}, dict):
            raise unreadable(file, "contains a feature that isn't valid GeoJSON")
    try:
        crs = foreign_crs(content.get("crs"))
    except ValueError as error:
        raise unreadable(file, str(error)) from error
    if crs is not None:
        found = in_lonlat(found, crs, file)
    return [with_origin(feature, file) for feature in found]


def with_origin(feature: dict[str, Any], file: ItemFile) -> dict[str, Any]:
    """Add item and asset to the properties; existing ones with such a name are renamed."""
    properties = dict(feature.get("properties") or {})
    for name, value in ((ITEM_ID, file.item.id), (ASSET, file.key)):
        if name in properties:
            aside = OWN_PREFIX + name
            while aside in properties:
                aside = OWN_PREFIX + aside
            properties[aside] = properties.pop(name)
        properties[name] = value
    return {**feature, "properties": properties}


def in_lonlat(
    features: list[dict[str, Any]], crs: pyproj.CRS, file: ItemFile
) -> list[dict[str, Any]]:
    """Return the features with their geometries transformed to EPSG:4326."""
    from pyproj import Transformer
    from pyproj.exceptions import ProjError
    from shapely.errors import ShapelyError

    try:
        # Old GeoJSON has x before y, whatever the axis order of its CRS.
        transformer = Transformer.from_crs(crs, DEGREES, always_xy=True)
        return [moved(feature, transformer) for feature in features]
    except (ProjError, ShapelyError, *INVALID_GEOMETRY) as error:
        raise unreadable(
            file,
            f"contains a geometry that can't be transformed from {crs.name!r} to EPSG:4326 "
            f"({error})",
        ) from error


def moved(feature: dict[str, Any], transformer: pyproj.Transformer) -> dict[str, Any]:
    import numpy as np
    import shapely

    if feature.get("geometry") is None:
        return feature
    convert: Any = partial(transformer.transform, errcheck=True)
    shape = shapely.geometry.shape(feature["geometry"])
    there = shapely.transform(
        shape, lambda points: np.column_stack(convert(*points.T)), include_z=shape.has_z
    )
    # The bounding box is optional and would still be in the other CRS.
    kept = {name: value for name, value in feature.items() if name != "bbox"}
    # Not by GEOS, whose older versions drop heights.
    return {**kept, "geometry": json.loads(json.dumps(shapely.geometry.mapping(there)))}


def unreadable(file: ItemFile, reason: str) -> UnexpectedResponseError:
    return UnexpectedResponseError(
        f"The result {file.key!r} of item {file.item.id} {reason}. download_results() downloads "
        "it unchanged.",
        status_code=200,
    )
