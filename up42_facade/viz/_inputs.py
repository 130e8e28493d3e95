"""Inputs of plots and maps: files by their formats, features, an area of interest.

geopandas is loaded only for features: without it, images are shown in half the time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from up42_facade._common.logs import get_logger
from up42_facade._common.values import as_list
from up42_facade.downloads import local_folder, scheme_of
from up42_facade.errors import InvalidInputError, UnexpectedResponseError
from up42_facade.results._formats import GEOPACKAGE, JSON, format_of
from up42_facade.results._geojson import CRS, foreign_crs, is_geometry, to_frame

logger = get_logger(__name__)

RASTER_FORMATS = (".tif",)
PICTURE_FORMATS = (".jpg", ".png", ".tif")
GEOJSON = ".geojson"
VECTOR_FORMATS = (GEOJSON, GEOPACKAGE)
# Other spellings of a suffix; letter case doesn't matter.
SPELLINGS = {".tiff": ".tif", ".jpeg": ".jpg"}
COLLECTION = "FeatureCollection"
LONLAT = "EPSG:4326"
# The property with the image of a feature, in `data.json` of legacy analytics jobs.
DATA_PATH = "up42.data_path"
# Names that an error lists before it counts the others.
LISTED_NAMES = 5


def listed(filepaths: Any) -> list[Path]:
    """Return a path, a list of paths, or lists by name as a list."""
    if isinstance(filepaths, str | os.PathLike):
        require_local(filepaths)
        return [local_folder(filepaths, "filepaths")]
    if isinstance(filepaths, Mapping):
        return [path for value in filepaths.values() for path in listed(value)]
    if isinstance(filepaths, Iterable):
        return [path for value in filepaths for path in listed(value)]
    raise InvalidInputError(
        f"filepaths={filepaths!r}: expected a path, a list of paths, or a dict of them."
    )


def require_local(path: str | os.PathLike[str]) -> None:
    """Reject a file in cloud storage, because plots and maps need files on disk."""
    if scheme_of(path) is not None:
        raise InvalidInputError(
            f"{str(path)!r} is in cloud storage: plots and maps read files on this machine. "
            "Download the results to a folder, too, or pass filepaths of local copies."
        )


def existing(filepaths: Any) -> list[Path]:
    """Return the paths of existing files as a list.

    Raises:
        InvalidInputError: If there are none, or one of them doesn't exist.
    """
    paths = listed(filepaths)
    if not paths:
        raise InvalidInputError("There are no files to show: the list of file paths is empty.")
    for path in paths:
        try:
            is_file = path.is_file()
        except OSError as error:
            raise InvalidInputError(f"{str(path)!r} can't be read: {error.strerror}.") from error
        if not is_file:
            raise InvalidInputError(f"There is no file {str(path)!r}.")
    return paths


def of_format(paths: Iterable[Path], formats: str | Sequence[str]) -> list[Path]:
    """Return the files whose content has one of the formats, whatever their names.

    A file with such a name and other content is returned, too: opening it raises the error that
    explains it.
    """
    wanted = {canonical(str(item)) for item in as_list(formats)}
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
    """Return the names for an error message, which lists only the first ones."""
    shown = ", ".join(path.name for path in paths[:LISTED_NAMES])
    more = len(paths) - LISTED_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def labels(paths: Sequence[Path]) -> list[str]:
    """Return a name for each file: its stem, with its folder if stems are equal."""
    stems = [path.stem for path in paths]
    return [
        path.stem if stems.count(path.stem) == 1 else f"{path.parent.name}/{path.stem}"
        for path in paths
    ]


@frozen(eq=False)
class VectorLayer:
    """The features of a layer of a file that can be drawn, as GeoDataFrame in EPSG:4326.

    Attributes:
        number: That of the file, which decides on the color.
    """

    path: Path
    label: str
    number: int
    frame: Any


def read_layers(paths: Sequence[Path]) -> list[VectorLayer]:
    """Read vector files, without the features that have no geometry."""
    return [
        VectorLayer(path, label, number, drawable(in_lonlat(frame, path.name), path.name))
        for number, (path, label) in enumerate(zip(paths, labels(paths), strict=True))
        for frame in read_features(path)
    ]


def read_features(path: Path) -> list[Any]:
    """Return the features of a vector file, as a GeoDataFrame for each layer.

    Raises:
        InvalidInputError: If the file isn't GeoJSON or a GeoPackage, or is damaged.
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
        features: Any = [{"geometry": found}]
    elif found.get("type") == "Feature":
        features = [found]
    elif found.get("type") == COLLECTION:
        features = found.get("features")
    else:
        raise ValueError(f"expected GeoJSON, got type {found.get('type')!r}")
    return to_frame({"features": features}, foreign_crs(found.get("crs")) or CRS)


def is_feature_collection(path: Path) -> bool:
    """Return whether a JSON file contains features, as `data.json` of analytics jobs does."""
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict) and content.get("type") == COLLECTION


def in_lonlat(frame: Any, what: str) -> Any:
    """Return a GeoDataFrame in EPSG:4326.

    If it has no CRS, its coordinates are read as longitude and latitude if they are in range.

    Raises:
        InvalidInputError: If the frame has no CRS and other coordinates, or a CRS that isn't on
            Earth.
    """
    if frame.crs is None:
        return with_lonlat(frame, what)
    return in_crs(frame, LONLAT, what)


def in_crs(frame: Any, crs: Any, what: str) -> Any:
    """Return a GeoDataFrame in another CRS.

    Raises:
        InvalidInputError: If the frame can't be transformed, for example from a CRS on Mars.
    """
    from pyproj.exceptions import ProjError

    try:
        return frame.to_crs(crs)
    except ProjError as error:
        raise InvalidInputError(
            f"{what} can't be transformed from its CRS {frame.crs.name!r}: {error}"
        ) from error


def with_lonlat(frame: Any, what: str) -> Any:
    """Read coordinates as longitude and latitude if they are in range."""
    with_place = frame[~frame.geometry.is_empty & frame.geometry.notna()]
    if len(with_place):
        west, south, east, north = with_place.total_bounds
        if west < -180 or south < -90 or east > 180 or north > 90:
            raise InvalidInputError(
                f"{what} has no CRS, and its bounds ({west:g}, {south:g}, {east:g}, {north:g}) "
                "aren't longitudes and latitudes: set its CRS, for example with set_crs()."
            )
    return frame.set_crs(LONLAT, allow_override=True)


def drawable(frame: Any, what: str) -> Any:
    """Return the features that a map or plot can show, and log how many others there are.

    Features without a geometry, or with one that is empty or not on Earth, are left out. Parts of
    a geometry collection become features of their own, which all viewers can draw.
    """
    import numpy as np
    import shapely

    shapes = frame.geometry.to_numpy()
    points, owners = shapely.get_coordinates(shapes, return_index=True)
    usable = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    # Not a number isn't in range. Longitudes go on across the 180th meridian.
    usable[owners[~(np.abs(points) <= (540, 90)).all(axis=1)]] = False
    if not usable.all():
        logger.warning(
            "%s: %d features have no usable geometry and aren't shown.", what, (~usable).sum()
        )
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
        InvalidInputError: If the area is anything else, has coordinates out of range and no CRS,
            or has no geometry.
    """
    frame = drawable(in_lonlat(aoi_frame(aoi), "aoi"), "aoi")
    if not len(frame):
        raise InvalidInputError("aoi has no geometry.")
    return frame


def aoi_frame(aoi: Any) -> Any:
    import geopandas as gpd

    if isinstance(aoi, gpd.GeoDataFrame):
        if aoi.active_geometry_name is None:
            raise InvalidInputError("aoi has no geometry.")
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
    """Return a GeoJSON object, or an object that provides one, as a GeoDataFrame."""
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
