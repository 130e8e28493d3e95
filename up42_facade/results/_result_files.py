"""The files of a job's results, told apart by what they hold."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Protocol

from up42_facade.results._item_files import ItemFile
from up42_facade.session._hosts import without_query

if TYPE_CHECKING:
    import pystac

    from up42_facade.session import Session


class Source(Protocol):
    """The job that delivered the files, as far as results need it."""

    id: str

    @property
    def session(self) -> Session: ...


GEOJSON_TYPES = ("application/geo+json", "application/vnd.geo+json")
TIFF_TYPES = ("image/tiff", "image/geotiff", "image/vnd.stac.geotiff")
# Roles of files that describe or show a result and are none themselves.
SIDE_ROLES = frozenset({"thumbnail", "overview", "metadata"})
DATA_ROLE = "data"


def result_files(items: Iterable[pystac.Item], session: Session) -> list[ItemFile]:
    """Return all files of the items, in the order of items and assets."""
    return [
        ItemFile(item, key, asset, session) for item in items for key, asset in item.assets.items()
    ]


def media_type(file: ItemFile) -> str:
    """Return the media type without its parameters."""
    return (file.asset.media_type or "").partition(";")[0].strip().lower()


def has_suffix(file: ItemFile, *suffixes: str) -> bool:
    """Tell whether the asset's key or the path of its link ends so."""
    names = (file.key, without_query(file.asset.href))
    return any(PurePosixPath(name).suffix.lower() in suffixes for name in names)


def is_side_file(file: ItemFile) -> bool:
    """True for thumbnails, overviews and metadata; what has no roles may be a result."""
    roles = set(file.asset.roles or ())
    return bool(roles) and roles <= SIDE_ROLES


def is_vector(file: ItemFile) -> bool:
    """True for GeoJSON."""
    if is_side_file(file):
        return False
    return media_type(file) in GEOJSON_TYPES or has_suffix(file, ".geojson")


def may_be_vector(file: ItemFile) -> bool:
    """True for JSON data that may be GeoJSON: the content decides."""
    return DATA_ROLE in (file.asset.roles or ()) and has_suffix(file, ".json")


def is_raster(file: ItemFile) -> bool:
    """True for TIFF."""
    if is_side_file(file):
        return False
    return media_type(file) in TIFF_TYPES or has_suffix(file, ".tif", ".tiff")


def described(files: Iterable[ItemFile]) -> str:
    """List files for an error message, those of one key and type once."""
    names = dict.fromkeys(f"{file.key} ({media_type(file) or 'no media type'})" for file in files)
    return ", ".join(names) or "none"
