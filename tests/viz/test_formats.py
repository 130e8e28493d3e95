"""Files are opened by what they contain, and lead nowhere else."""

from __future__ import annotations

import os
import shutil
import sqlite3
import struct
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from shapely.geometry import Point

import up42_facade as up42
from tests.viz import scenes
from up42_facade import viz

DRAW: list[Callable[..., Any]] = [viz.plot_results, viz.map_results]


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A file of this machine, all white, that no result may show."""
    return scenes.write(tmp_path / "own" / "private.tif", np.full((1, 200, 200), 255, "uint8"))


def vrt(source: Path) -> str:
    return (
        '<VRTDataset rasterXSize="200" rasterYSize="200"><SRS>EPSG:32633</SRS>'
        "<GeoTransform>390000,3,0,5820000,0,-3</GeoTransform>"
        '<VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
        f'<SourceFilename relativeToVRT="0">{source}</SourceFilename>'
        "<SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
    )


def black(path: Path) -> Path:
    return scenes.write(path, np.full((1, 200, 200), 7, "uint8"))


OTHER_FORMATS: dict[str, Callable[[Path], str]] = {
    "VRT": vrt,
    "WMS": lambda path: f"<GDAL_WMS><Service><ServerUrl>{path}</ServerUrl></Service></GDAL_WMS>",
    "ESRI ASCII grid": lambda path: "ncols 2\nnrows 1\nxllcorner 0\nyllcorner 0\ncellsize 1\n1 2\n",
    "a path": str,
}


@pytest.mark.parametrize("draw", DRAW)
@pytest.mark.parametrize("kind", OTHER_FORMATS)
def test_a_tif_that_is_something_else(
    kind: str, draw: Callable[..., Any], private: Path, tmp_path: Path
) -> None:
    result = tmp_path / "result.tif"
    result.write_text(OTHER_FORMATS[kind](private))
    with pytest.raises(up42.InvalidInputError, match=r"result\.tif.*expected a GeoTIFF"):
        draw(result)


@pytest.mark.parametrize("draw", DRAW)
def test_an_overview_elsewhere_is_refused(
    draw: Callable[..., Any], private: Path, tmp_path: Path
) -> None:
    result = black(tmp_path / "result.tif")
    with rasterio.open(result, "r+") as dataset:
        dataset.update_tags(ns="OVERVIEWS", OVERVIEW_FILE=str(private))
    with pytest.raises(up42.InvalidInputError, match=r"result\.tif.*another file as its overview"):
        draw(result)


@pytest.mark.parametrize("suffix", [".ovr", ".msk", ".aux.xml"])
def test_files_beside_an_image_are_not_opened(suffix: str, private: Path, tmp_path: Path) -> None:
    result = black(tmp_path / "result.tif")
    alone = scenes.rendered(viz.plot_results(result, figsize=(1, 1)))
    content = (
        f'<PAMDataset><Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">{private}</MDI>'
        "</Metadata></PAMDataset>"
        if suffix == ".aux.xml"
        else vrt(private)
    )
    result.with_name(f"result.tif{suffix}").write_text(content)
    assert (scenes.rendered(viz.plot_results(result, figsize=(1, 1))) == alone).all()


@pytest.mark.parametrize("name", ["data", "image.png", "GTIFF_DIR:1:x", "zip+file:", "a.geojson"])
def test_an_image_of_any_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    shutil.copy(scenes.write_quarters(tmp_path / "scene.tif"), path)
    figure = viz.plot_results(path)
    assert scenes.is_near(scenes.color_at(figure, scenes.NORTHEAST), scenes.GREEN)
    assert any("ImageOverlay" in str(type(c)) for c in viz.map_results(path)._children.values())


@pytest.mark.parametrize("name", ["data", "things.json", "x.tif"])
def test_features_of_any_name(name: str, tmp_path: Path) -> None:
    path = scenes.write_geojson(tmp_path / name, [(Point(13, 52), {"a": 1})])
    assert scenes.features_of(viz.map_results(path))


TOPOLOGY = '{"type": "Topology", "objects": {}, "arcs": []}'
ESRI = '{"geometryType": "esriGeometryPoint", "features": [], "spatialReference": {"wkid": 4326}}'


@pytest.mark.parametrize(
    "content", [TOPOLOGY, ESRI, "http://127.0.0.1:9/x.geojson", "[]", "{", '{"a":' * 9999]
)
def test_geojson_that_is_something_else(content: str, tmp_path: Path) -> None:
    path = tmp_path / "result.geojson"
    path.write_text(content)
    for draw in DRAW:
        with pytest.raises(up42.InvalidInputError, match=r"result\.geojson"):
            draw(path)


def chunk(kind: bytes, content: bytes) -> bytes:
    sum_ = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", sum_)


def test_a_small_png_that_claims_many_pixels(tmp_path: Path) -> None:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(100)))
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + pixels + chunk(b"IEND", b""))
    with pytest.raises(up42.InvalidInputError, match=r"bomb\.png.*10,000,000,000 pixels"):
        viz.plot_quicklooks(path)


def test_a_small_tif_that_claims_a_large_block(tmp_path: Path) -> None:
    path = tmp_path / "bomb.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=99_968, height=99_968, count=1, dtype="uint8",
        crs=scenes.CRS, transform=rasterio.Affine(1, 0, 4e5, 0, -1, 5e6), tiled=True,
        blockxsize=99_968, blockysize=99_968, sparse_ok=True, bigtiff="yes",
    ):  # fmt: skip
        pass
    assert path.stat().st_size < 10_000
    with pytest.raises(up42.InvalidInputError, match=r"bomb\.tif.*blocks of 9,993,"):
        viz.plot_results(path)


def test_a_geopackage_of_any_name(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"a": [1]}, geometry=[Point(13, 52)], crs=4326)
    frame.to_file(tmp_path / "x.gpkg")
    path = (tmp_path / "x.gpkg").rename(tmp_path / "data")
    assert viz.plot_results(path).axes[0].has_data()


def test_another_database_is_no_geopackage(tmp_path: Path) -> None:
    path = tmp_path / "x.gpkg"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE features (id)")
    for draw in DRAW:
        with pytest.raises(up42.InvalidInputError, match=r"x\.gpkg.*GeoPackage"):
            draw(path)


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS fid"
GRID = (
    'GEOGCS["x",DATUM["x",SPHEROID["bessel",6377397.155,299.1528128],'
    'EXTENSION["PROJ4_GRIDS","{grid}"]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]]'
)


def geopackage(path: Path, *statements: str) -> Path:
    """Write a GeoPackage with one point, then change it."""
    frame = gpd.GeoDataFrame({"a": [1]}, geometry=[Point(13, 52)], crs=4326)
    frame.to_file(path, layer="points")
    with closing(sqlite3.connect(path)) as database:
        for name in ("IsEmpty", "MinX", "MaxX", "MinY", "MaxY"):
            database.create_function(f"ST_{name}", 1, lambda shape: 0)
        for statement in statements:
            database.execute(statement)
        database.commit()
    return path


@pytest.mark.parametrize(
    "statements",
    [
        [
            f"CREATE VIEW rows AS {ENDLESS}, (SELECT geom FROM points) AS geom FROM n",
            "INSERT INTO gpkg_contents (table_name, data_type, srs_id)"
            " VALUES ('Rows', 'features', 4326)",
            "INSERT INTO gpkg_geometry_columns VALUES ('Rows', 'geom', 'POINT', 4326, 0, 0)",
        ],
        ["ALTER TABLE points ADD COLUMN g TEXT AS (hex(zeroblob(300000000)))"],
        [
            "DROP TABLE gpkg_ogr_contents",
            f"CREATE VIEW gpkg_ogr_contents AS {ENDLESS}, 1 AS feature_count FROM n",
        ],
    ],
    ids=["endless view", "computed column", "endless catalog"],
)
@pytest.mark.parametrize("draw", DRAW)
def test_a_query_in_a_geopackage(
    draw: Callable[..., Any], statements: list[str], tmp_path: Path
) -> None:
    path = geopackage(tmp_path / "x.gpkg", *statements)
    with pytest.raises(up42.InvalidInputError, match=r"x\.gpkg.*computed"):
        draw(path)


def test_a_view_that_is_no_layer(tmp_path: Path) -> None:
    path = geopackage(tmp_path / "x.gpkg", "CREATE VIEW v AS SELECT * FROM gpkg_spatial_ref_sys")
    assert viz.plot_results(path).axes[0].has_data()


@pytest.mark.parametrize("draw", DRAW)
def test_a_file_in_the_crs_of_a_geopackage(draw: Callable[..., Any], tmp_path: Path) -> None:
    grid = tmp_path / "grid"
    # Whoever opens it waits for ever.
    os.mkfifo(grid)
    path = geopackage(
        tmp_path / "x.gpkg",
        "INSERT INTO gpkg_spatial_ref_sys"
        " (srs_name, srs_id, organization, organization_coordsys_id, definition)"
        f" VALUES ('odd', 99999, 'NONE', 99999, '{GRID.format(grid=grid)}')",
        "UPDATE gpkg_geometry_columns SET srs_id = 99999",
        "UPDATE gpkg_contents SET srs_id = 99999",
    )
    with pytest.raises(up42.InvalidInputError, match=r"x\.gpkg.*CRS 'odd' names a file"):
        draw(path)


@pytest.mark.parametrize("crs", [3857, 32633, 31467, 27700, 5514, 2056])
def test_a_geopackage_in_a_usual_crs(crs: int, tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame(geometry=[Point(13, 52)], crs=4326).to_crs(crs)
    frame.to_file(tmp_path / "x.gpkg")
    assert viz.plot_results(tmp_path / "x.gpkg").axes[0].has_data()


def test_a_geopackage_with_a_line_of_one_point_and_rounded_ids(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "x.gpkg"
    ids = pd.array([2**60 + 1, None], dtype="Int64")
    gpd.GeoDataFrame({"id": ids}, geometry=[Point(13, 52)] * 2, crs=4326).to_file(path)
    line = b"GP\0\x01" + struct.pack("<iBIIdd", 4326, 1, 2, 1, 13, 52)
    with closing(sqlite3.connect(path)) as database:
        triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("UPDATE x SET geom = ? WHERE fid = 2", (line,))
        database.commit()
    for draw in DRAW:
        caplog.clear()
        draw(path)
        assert "1 features have no usable geometry" in caplog.text
        assert "'id' may be rounded" in caplog.text
