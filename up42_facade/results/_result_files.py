"""The files of a job's results, and their formats."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Protocol

from up42_facade._common.urls import without_query
from up42_facade.downloads import open_stream
from up42_facade.results._formats import HEADER_BYTES, format_of_bytes
from up42_facade.results._item_files import UNTYPED, ItemFile

if TYPE_CHECKING:
    from up42_facade.session import Session


class Source(Protocol):
    """The part of a job that results need."""

    id: str

    @property
    def session(self) -> Session: ...


GEOJSON, JSON, TIFF, PICTURE = ".geojson", ".json", ".tif", ".png"
MEDIA_TYPES = {
    "application/geo+json": GEOJSON,
    "application/vnd.geo+json": GEOJSON,
    "application/json": JSON,
    "image/geotiff": TIFF,
    "image/jpeg": PICTURE,
    "image/png": PICTURE,
    "image/tiff": TIFF,
    "image/vnd.stac.geotiff": TIFF,
}
SUFFIXES = {
    GEOJSON: GEOJSON,
    JSON: JSON,
    TIFF: TIFF,
    ".tiff": TIFF,
    PICTURE: PICTURE,
    ".jpg": PICTURE,
    ".jpeg": PICTURE,
}
# Roles of files that describe or show a result, but aren't one.
SIDE_ROLES = frozenset({"thumbnail", "overview", "metadata"})
DATA_ROLE = "data"


def files_of(files: Sequence[ItemFile], formats: Container[str]) -> list[ItemFile]:
    """Return the results among the files that have one of the formats."""
    wanted = [file for file in files if not is_side_file(file)]
    if not wanted:
        return []
    found = wanted[0].session.executor.map(format_of_file, wanted)
    return [file for file, kind in zip(wanted, found, strict=True) if kind in formats]


def format_of_file(file: ItemFile) -> str:
    """Return the format of a file by media type, or else by suffix, or else by first bytes.

    Returns:
        `.tif`, `.geojson`, or `.json` for data that might be GeoJSON; anything else otherwise.
    """
    kind, named = file.media_type, suffixes(file)
    found = MEDIA_TYPES.get(kind) or next(filter(None, map(SUFFIXES.get, named)), "")
    if not found and kind in UNTYPED and not any(named):
        return format_of_bytes(first_bytes(file))
    if found == JSON and GEOJSON in named:
        return GEOJSON
    # JSON of another role is metadata.
    return "" if found == JSON and DATA_ROLE not in (file.asset.roles or ()) else found


def first_bytes(file: ItemFile) -> bytes:
    with open_stream(file.url, http=file.session.storage, progress=False) as stream:
        return stream.read(HEADER_BYTES)


def suffixes(file: ItemFile) -> list[str]:
    """Return the suffixes of the asset's key and of the path of its link."""
    names = (file.key, without_query(file.asset.href))
    return [PurePosixPath(name).suffix.lower() for name in names]


def is_side_file(file: ItemFile) -> bool:
    """Return whether a file is a thumbnail, an overview, or metadata."""
    roles = set(file.asset.roles or ())
    return bool(roles) and roles <= SIDE_ROLES


def described(files: Iterable[ItemFile]) -> str:
    """List files for an error message, those of one key and type once."""
    names = dict.fromkeys(f"{file.key} ({file.media_type or 'no media type'})" for file in files)
    return ", ".join(names) or "none"
