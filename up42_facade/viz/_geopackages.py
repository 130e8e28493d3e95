"""GeoPackages: SQLite databases, of which only stored rows are read."""

from __future__ import annotations

import re
import sqlite3
import warnings
from contextlib import closing
from pathlib import Path
from typing import Any

from up42_facade._common.logs import get_logger
from up42_facade.results._geojson import LARGEST_EXACT

logger = get_logger(__name__)

# Tables with this prefix describe the others, and are read first.
OWN_TABLES = "gpkg_"
# Views, tables with computed columns, and virtual tables, of which only indexes are usual.
COMPUTED = """
SELECT name FROM sqlite_master WHERE type = 'view'
UNION SELECT name FROM sqlite_master
    WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL%' AND sql NOT LIKE '%USING rtree%'
UNION SELECT tables.name FROM sqlite_master AS tables, pragma_table_xinfo(tables.name) AS columns
    WHERE tables.type = 'table' AND tables.sql NOT LIKE 'CREATE VIRTUAL%' AND columns.hidden > 1
"""
LAYERS = "SELECT table_name FROM gpkg_contents UNION SELECT table_name FROM gpkg_geometry_columns"
DEFINITIONS = "SELECT * FROM gpkg_spatial_ref_sys"
# Words before files in CRS definitions. Names contain slashes, too: `WGS 84 / UTM zone 33N`.
FILE_WORDS = re.compile(r"extension|file|grid|model|catalog|init\s*=", re.IGNORECASE)
PATH_MARKS = re.compile(r"[/\\~]")
SLASH_IN_NAMES = " / "


def read_geopackage(path: Path) -> list[Any]:
    """Return the layers with geometry, as GeoDataFrames.

    Raises:
        ValueError: If the file is damaged, or `check_database` rejects it.
    """
    import pyogrio  # type: ignore[import-untyped]  # no types are published
    from shapely.errors import ShapelyError

    # Absolute, because GDAL interprets names such as `GPKG:…` or `/vsi…`.
    source = path.resolve()
    try:
        check_database(source)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*file extension", RuntimeWarning)
            layers = [name for name, kind in pyogrio.list_layers(source) if kind is not None]
            frames = [read_layer(source, name) for name in layers]
    except (
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
        ShapelyError,
        sqlite3.Error,
    ) as error:
        raise ValueError(str(error)) from error
    for frame in frames:
        log_rounded(frame, path)
    return frames


def read_layer(source: Path, name: str) -> Any:
    """Return a layer; invalid geometries, such as a line of one point, are missing."""
    import geopandas as gpd
    import pyogrio
    import shapely

    try:
        return gpd.read_file(source, layer=name, engine="pyogrio")
    except shapely.errors.ShapelyError:
        meta, _, shapes, values = pyogrio.raw.read(source, layer=name)
        columns = dict(zip(meta["fields"], values, strict=True))
        found = shapely.from_wkb(shapes, on_invalid="ignore")
        return gpd.GeoDataFrame(columns, geometry=found, crs=meta["crs"])


def log_rounded(frame: Any, path: Path) -> None:
    """Log which columns might be rounded: pyogrio reads integers as floats if some are null."""
    for name in frame.select_dtypes("float"):
        values = frame[name].dropna()
        if len(values) < len(frame) and (values.abs() > LARGEST_EXACT).any():
            logger.warning(
                "%s: numbers above 2^53 in %r may be rounded, as others are missing.", path, name
            )


def check_database(path: Path) -> None:
    """Reject a database whose content is computed, or that names files of this machine.

    A query can run forever or fill the memory. GDAL opens the files that the definition of a CRS
    names as soon as it reads that definition.

    Raises:
        ValueError: If a layer is computed, or the definition of a CRS contains a path.
        sqlite3.Error: If the database can't be read.
    """
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        database.text_factory = lambda text: text.decode("utf-8", "replace")
        computed = {name.lower(): name for (name,) in database.execute(COMPUTED)}
        for name in computed:
            if name.startswith(OWN_TABLES):
                raise ValueError(f"the table {computed[name]!r} is computed by a query")
        for (layer,) in database.execute(LAYERS):
            if str(layer).lower() in computed:
                raise ValueError(
                    f"the layer {layer!r} is computed by a query: only stored ones are read"
                )
        for definition in database.execute(DEFINITIONS):
            if any(names_file(str(value)) for value in definition):
                raise ValueError(f"its CRS {definition[0]!r} names a file of this machine")


def names_file(definition: str) -> bool:
    """Return whether the definition of a CRS contains the path of a file."""
    plain = definition.replace(SLASH_IN_NAMES, " ")
    return bool(FILE_WORDS.search(plain) and PATH_MARKS.search(plain))
