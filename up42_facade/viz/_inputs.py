"""What is to be shown: files by their format, features, an area of interest.

geopandas is loaded for features only: images are on the screen in half the time without it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from up42_facade._common.logs import get_logger
from up42_facade.downloads import local_folder, scheme_of
from up42_facade.errors import InvalidInputError, UnexpectedResponseError
from up42_facade.results._formats import GEOPACKAGE, JSON, format_of
from up42_facade.results._geojson import CRS, foreign_crs, is_geometry, to_frame

logger = get_logger(__name__)

RASTER_FORMATS = (".tif",)
PICTURE_FORMATS = (".jpg", ".png", ".tif")
GEOJSON = ".geojson"
VECTOR_FORMATS = (GEOJSON, GEOPACKAGE)
# Other spellings of a suffix; letter case never matters.
SPELLINGS = {".tiff": ".tif", ".jpeg": ".jpg"}
COLLECTION = "FeatureCollection"
LONLAT = "EPSG:4326"
# The feature property of `data.json` that names the image of a feature.
DATA_PATH = "up42.data_path"
# Names that an error lists before it says how many more there are.
LISTED_NAMES = 5


def listed(filepaths: Any) -> list[Path]:
    """Return the paths of any documented form: a path, a list of paths, or lists by name."""
    if isinstance(filepaths, str | os.PathLike):
        require_local(filepaths)
        return [local_folder(filepaths)]
    if isinstance(filepaths, Mapping):
        return [path for value in filepaths.values() for path in listed(value)]
    if isinstance(filepaths, Iterable):
        return [path for value in filepaths for path in listed(value)]
    raise InvalidInputError(
        f"filepaths={filepaths!r}: expected a path, a list of paths, or a dict of them."
    )


def require_local(path: str | os.PathLike[str]) -> None:
    """Refuse a file in another store, as what reads files here needs them on disk."""
    if scheme_of(path) is not None:
        raise InvalidInputError(
            f"{str(path)!r} is in another store: plots and maps read files on this machine. "
            "Download the results to a folder too, or pass filepaths of local copies."
        )


def existing(filepaths: Any) -> list[Path]:
    """Return the paths of any documented form.

    Raises:
        InvalidInputError: There is none, or one of them is no file.
    """
    paths = listed(filepaths)
    if not paths:
        raise InvalidInputError("There are no files to show: the list of file paths is empty.")
    for path in paths:
        if not path.is_file():
            raise InvalidInputError(f"There is no file {str(path)!r}.")
    return paths


def of_format(paths: Iterable[Path], formats: str | Sequence[str]) -> list[Path]:
    """Return the files whose content has one of the formats, whatever they are called.

    A file that is named so, and contains something else, is returned too: opening it raises the
    error that says so.
    """
    wanted = {canonical(item) for item in ([formats] if isinstance(formats, str) else formats)}
    return [path for path in paths if known_format(path) in wanted]


def known_format(path: Path) -> str:
    """Return the suffix of a file's content, or that of its name if the content is unknown."""
    found, suffix = format_of(path), canonical(path.suffix)
    if found != JSON:
        return found or suffix
    if suffix in (GEOJSON, JSON):
        return suffix
    return GEOJSON if is_feature_collection(path) else suffix


def canonical(suffix: str) -> str:
    suffix = suffix.lower()
    suffix = suffix if suffix.startswith(".") else f".{suffix}"
    return SPELLINGS.get(suffix, suffix)


def names_of(paths: Sequence[Path]) -> str:
    """Return the names for an error message; many are cut short."""
    shown = ", ".join(path.name for path in paths[:LISTED_NAMES])
    more = len(paths) - LISTED_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def labels(paths: Sequence[Path]) -> list[str]:
    """Return a name for each file: its stem, with its folder where several are the same."""
    stems = [path.stem for path in paths]
    return [
        path.stem if stems.count(path.stem) == 1 else f"{path.parent.name}/{path.stem}"
        for path in paths
    ]


def read_features(path: Path) -> list[Any]:
    """Return the features of a vector file, as a GeoDataFrame for each layer.

    Raises:
        InvalidInputError: If the file is no GeoJSON and no GeoPackage, or is damaged.
    """
    found = format_of(path)
    try:
        if found == GEOPACKAGE:
            from up42_facade.viz._geopackages import read_geopackage

            return read_geopackage(path)
        if found == JSON:
            return [read_geojson(path)]
        raise ValueError("expected GeoJSON or a GeoPackage")
    except (ValueError, RecursionError, OSError, UnexpectedResponseError) as error:
        raise InvalidInputError(f"{str(path)!r} can't be read as vector data: {error}") from error


def read_geojson(path: Path) -> Any:
    """Read GeoJSON without GDAL, whose JSON formats include some that follow links."""
    content = json.loads(path.read_bytes())
    found = content if isinstance(content, dict) else {}
    if is_geometry(found):
        collection = {"features": [{"geometry": found}]}
    elif found.get("type") == "Feature":
        collection = {"features": [found]}
    elif found.get("type") == COLLECTION:
        collection = found
    else:
        raise ValueError(f"expected GeoJSON, got type {found.get('type')!r}")
    return to_frame(collection, foreign_crs(found.get("crs")) or CRS)


def is_feature_collection(path: Path) -> bool:
    """Return whether a JSON file contains features, as `data.json` of analytics jobs does."""
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict) and content.get("type") == COLLECTION


def in_lonlat(frame: Any, what: str) -> Any:
    """Return a GeoDataFrame in EPSG:4326.

    Without a CRS, coordinates that can be longitude and latitude are taken for them.

    Raises:
        InvalidInputError: There is no CRS and the coordinates are none in degrees, or there is one
            that isn't on Earth.
    """
    if frame.crs is None:
        return with_lonlat(frame, what)
    return in_crs(frame, LONLAT, what)


def in_crs(frame: Any, crs: Any, what: str) -> Any:
    """Return a GeoDataFrame in another CRS.

    Raises:
        InvalidInputError: There is no way to it, such as from one on Mars.
    """
    from pyproj.exceptions import ProjError

    try:
        return frame.to_crs(crs)
    except ProjError as error:
        raise InvalidInputError(
            f"{what} can't be brought from its CRS {frame.crs.name!r} to another: {error}"
        ) from error


def with_lonlat(frame: Any, what: str) -> Any:
    """Take coordinates for longitude and latitude if they can be that."""
    with_place = frame[~frame.geometry.is_empty & frame.geometry.notna()]
    if len(with_place):
        west, south, east, north = with_place.total_bounds
        if west < -180 or south < -90 or east > 180 or north > 90:
            raise InvalidInputError(
                f"{what} has no CRS, and its bounds ({west:g}, {south:g}, {east:g}, {north:g}) are "
                "no longitudes and latitudes: give it its CRS, for instance by set_crs()."
            )
    return frame.set_crs(LONLAT, allow_override=True)


def drawable(frame: Any, what: str) -> Any:
    """Return the features that a map or plot can show; what is left out is logged.

    Features without a geometry, or with one that is empty or not finite, are left out. Parts of
    a geometry collection become features of their own, which all viewers can draw.
    """
    import numpy as np
    import shapely

    shapes = frame.geometry.to_numpy()
    points, owners = shapely.get_coordinates(shapes, return_index=True)
    usable = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    usable[owners[~np.isfinite(points).all(axis=1)]] = False
    if not usable.all():
        logger.warning("%s: %d features have no place and aren't shown.", what, (~usable).sum())
    found = frame[usable]
    if (found.geom_type == "GeometryCollection").any():
        found = found.explode(index_parts=False)
    return found.reset_index(drop=True)


def read_aoi(aoi: Any) -> Any:
    """Return an area of interest of any accepted kind as a GeoDataFrame in EPSG:4326.

    Args:
        aoi: A GeoDataFrame or GeoSeries, the path of a vector file, anything with
            `__geo_interface__`, or a GeoJSON object as dict.

    Raises:
        InvalidInputError: It is none of these, has no CRS and coordinates that aren't in
            degrees, or has no geometry.
    """
    frame = drawable(in_lonlat(aoi_frame(aoi), "aoi"), "aoi")
    if not len(frame):
        raise InvalidInputError("aoi has no geometry.")
    return frame


def aoi_frame(aoi: Any) -> Any:
    import geopandas as gpd

    if isinstance(aoi, gpd.GeoDataFrame):
        return aoi
    if isinstance(aoi, gpd.GeoSeries):
        return gpd.GeoDataFrame(geometry=aoi)
    if isinstance(aoi, str | os.PathLike):
        (path,) = existing(aoi)
        layers = read_features(path)
        if not layers:
            raise InvalidInputError(f"aoi: {str(path)!r} has no layer with geometry.")
        return layers[0]
    return frame_of_geojson(aoi)


def frame_of_geojson(aoi: Any) -> Any:
    """Make a GeoDataFrame of a GeoJSON object or of something that gives one."""
    import geopandas as gpd

    content = aoi if isinstance(aoi, Mapping) else getattr(aoi, "__geo_interface__", None)
    try:
        if content is None:
            raise TypeError("no __geo_interface__")
        kind = content["type"]
        if kind == "FeatureCollection":
            features = list(content["features"])
        elif kind == "Feature":
            features = [content]
        else:
            features = [{"type": "Feature", "geometry": content, "properties": {}}]
        return gpd.GeoDataFrame.from_features(features)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInputError(
            f"aoi is of type {type(aoi).__name__}: expected a GeoDataFrame, the path of a vector "
            "file, or an object with __geo_interface__."
        ) from error
