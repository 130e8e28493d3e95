"""Formats of files: recognized by content, and opened with one driver that reads nothing else.

A name guarantees nothing. GDAL opens any file by its content, and some formats (VRT above all)
consist of instructions to read other files or URLs.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

# Usual suffix and first bytes.
SIGNATURES = (
    (".tif", (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    (".png", (b"\x89PNG\r\n\x1a\n",)),
    (".jpg", (b"\xff\xd8\xff",)),
    (".jp2", (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")),
)
SQLITE = b"SQLite format 3\0"
# The application ID of an SQLite file, and those of GeoPackages.
APPLICATION = slice(68, 72)
GEOPACKAGES = (b"GPKG", b"GP10", b"GP11")
JSON, GEOPACKAGE = ".json", ".gpkg"
HEADER_BYTES = 512
# The GDAL driver of each image format.
DRIVERS = {".tif": "GTiff", ".png": "PNG", ".jpg": "JPEG", ".jp2": "JP2OpenJPEG"}
# Keep GDAL from opening files next to an image: masks, overviews, and metadata with such names
# can have any format, and point to any file.
GDAL_OPTIONS = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_PAM_ENABLED": "NO"}
# Metadata by which an image names another file as its overview, which GDAL would open.
OVERVIEW_DOMAIN = "OVERVIEWS"


def format_of(path: str | os.PathLike[str]) -> str:
    """Return the suffix that fits the content of a file.

    Returns:
        `.tif`, `.png`, `.jpg`, `.jp2`, `.gpkg`, or `.json` for anything that begins like a JSON
        object; an empty string for other content, or if the file can't be read.
    """
    try:
        with Path(path).open("rb") as file:
            return format_of_bytes(file.read(HEADER_BYTES))
    except (OSError, ValueError):
        return ""


def format_of_bytes(header: bytes) -> str:
    """Return the suffix that fits the first bytes of a file, as `format_of` does."""
    for suffix, signatures in SIGNATURES:
        if header.startswith(signatures):
            return suffix
    if header.startswith(SQLITE) and header[APPLICATION] in GEOPACKAGES:
        return GEOPACKAGE
    return JSON if header.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{") else ""


def named_overview(dataset: Any) -> str | None:
    """Return the other file that an image names as its overview, if it does.

    Call this before anything else is read from the dataset: GDAL opens that file, in any format
    and location, as soon as overviews are requested.
    """
    found: str | None = dataset.tags(ns=OVERVIEW_DOMAIN).get("OVERVIEW_FILE")
    return found
