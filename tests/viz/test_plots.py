"""What the plots show."""

from __future__ import annotations

import math
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from matplotlib.figure import Figure
from rasterio.enums import ColorInterp
from rasterio.transform import Affine
from shapely.geometry import Point, box

import up42_facade as up42
from tests import inside
from tests.viz import scenes
from up42_facade import viz

QUARTERS = {
    scenes.NORTHWEST: scenes.RED,
    scenes.NORTHEAST: scenes.GREEN,
    scenes.SOUTHWEST: scenes.BLUE,
    scenes.SOUTHEAST: scenes.WHITE,
}


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    return scenes.write_quarters(tmp_path / "scene.tif", nodata=0)


def shows(figure: Figure, expected: dict[tuple[float, float], tuple[int, ...]]) -> bool:
    return all(
        scenes.is_near(scenes.color_at(figure, place), color) for place, color in expected.items()
    )


def test_sixteen_bits_show_their_content_in_true_color(scene: Path) -> None:
    figure = viz.plot_results(scene)
    assert shows(figure, QUARTERS)
    assert len(figure.axes) == 1
    assert figure.axes[0].get_title() == "scene"
    assert figure.get_suptitle() == ""
    figure = viz.plot_results(scene, figsize=(14, 8))
    assert tuple(figure.get_size_inches()) == (14, 8), "width first, as matplotlib has it"
    assert shows(figure, QUARTERS)


def test_bands_decide_on_the_colors(scene: Path) -> None:
    figure = viz.plot_results(scene, bands=[1, 2, 3])
    assert scenes.is_near(scenes.color_at(figure, scenes.NORTHWEST), scenes.BLUE)
    assert scenes.is_near(scenes.color_at(figure, scenes.SOUTHWEST), scenes.RED)


def test_one_band_is_grey(scene: Path) -> None:
    figure = viz.plot_results(scene, bands=[3])
    assert shows(figure, {scenes.NORTHWEST: scenes.WHITE, scenes.NORTHEAST: scenes.BLACK})


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "float32", "float64", "complex64"])
def test_bands_of_any_type_are_stretched(tmp_path: Path, dtype: str) -> None:
    bands = scenes.quarters().astype("float64") / (20 if dtype == "uint8" else 1)
    path = scenes.write(tmp_path / "any.tif", bands.astype(dtype))
    assert shows(viz.plot_results(path, bands=[3, 2, 1]), QUARTERS)


def test_what_has_no_data_is_clear_and_not_part_of_the_stretch(tmp_path: Path) -> None:
    bands = scenes.quarters()
    bands[:, :20] = 65_535
    figure = viz.plot_results(
        scenes.write(tmp_path / "a.tif", bands, ("blue", "green", "red"), nodata=65_535)
    )
    assert shows(figure, {**QUARTERS, (0.5, 0.05): scenes.WHITE, (0.25, 0.15): scenes.RED})
    values = bands[2:3].astype("float32")
    values[values == 65_535] = np.nan
    figure = viz.plot_results(scenes.write(tmp_path / "b.tif", values))
    assert shows(figure, {scenes.NORTHEAST: scenes.BLACK, (0.5, 0.05): scenes.WHITE})


def test_alpha_is_a_mask_and_no_color(tmp_path: Path) -> None:
    bands = scenes.quarters()[[2, 1, 0, 3]].astype("uint16")
    bands[3] = 65_535
    bands[3, :20] = bands[:3, :20] = 0
    path = scenes.write(tmp_path / "alpha.tif", bands)
    import rasterio

    with rasterio.open(path, "r+") as dataset:
        dataset.colorinterp = [
            ColorInterp.red,
            ColorInterp.green,
            ColorInterp.blue,
            ColorInterp.alpha,
        ]
    figure = viz.plot_results(path)
    assert shows(figure, {**QUARTERS, (0.5, 0.05): scenes.WHITE})


@pytest.mark.parametrize("name", ["IMG_SPOT6_PMS.TIF", "a.tiff", "b.TIFF", "c.Tif"])
def test_letter_case_and_spelling_of_the_suffix_dont_matter(tmp_path: Path, name: str) -> None:
    path = scenes.write_quarters(tmp_path / name)
    figure = viz.plot_results(
        str(path), figsize=(10, 10), bands=[1], titles=["Berlin"], plot_file_format=[".tif"]
    )
    assert figure.axes[0].get_title() == "Berlin"


def test_filepaths_in_all_forms(tmp_path: Path) -> None:
    paths = [scenes.write_quarters(tmp_path / name / "data.tif") for name in "abcd"]
    forms: list[tuple[Any, list[str]]] = [
        (str(paths[0]), ["data"]),
        (paths[0], ["data"]),
        ([str(paths[0]), paths[1]], ["a/data", "b/data"]),
        ({"one": paths[:2], "two": [str(paths[2])]}, ["a/data", "b/data", "c/data"]),
        (paths, ["a/data", "b/data", "c/data", "d/data"]),
    ]
    for form, titles in forms:
        figure = viz.plot_results(form)
        assert [axes.get_title() for axes in figure.axes] == titles


def test_other_arguments_go_to_rasterio(scene: Path) -> None:
    figure = viz.plot_results(scene, bands=[4], cmap="Reds", vmin=0, vmax=6000, aspect="auto")
    image = figure.axes[0].images[0]
    assert image.get_cmap().name == "Reds"
    assert image.get_clim() == (0, 6000)
    assert viz.plot_results(scene, bands=[4], contour=True).axes[0].collections
    with pytest.raises(up42.InvalidInputError, match="ax="):
        viz.plot_results(scene, ax=figure.axes[0])


def test_a_tilted_image_is_turned_north_up(tmp_path: Path) -> None:
    turned = Affine(0, 3, scenes.WEST, -3, 0, scenes.NORTH)
    path = scenes.write_quarters(tmp_path / "turned.tif", transform=turned, nodata=0)
    # Rows run east and columns south: the image is mirrored along its diagonal.
    assert shows(
        viz.plot_results(path),
        {**QUARTERS, scenes.NORTHEAST: scenes.BLUE, scenes.SOUTHWEST: scenes.GREEN},
    )


def test_an_image_without_a_place_is_plotted(tmp_path: Path) -> None:
    assert shows(viz.plot_results(scenes.write_quarters(tmp_path / "a.tif", crs=None)), QUARTERS)


def test_flat_rare_and_empty_content(tmp_path: Path) -> None:
    flat = np.full((1, 50, 50), 7, dtype="uint16")
    figure = viz.plot_results(scenes.write(tmp_path / "flat.tif", flat))
    assert shows(figure, {scenes.NORTHWEST: (128, 128, 128)})
    rare = flat * 0
    rare[0, 24:27, 24:27] = 200
    figure = viz.plot_results(scenes.write(tmp_path / "rare.tif", rare))
    assert shows(figure, {(0.5, 0.5): scenes.WHITE, scenes.NORTHWEST: scenes.BLACK})
    figure = viz.plot_results(scenes.write(tmp_path / "empty.tif", flat, nodata=7))
    assert shows(figure, {scenes.NORTHWEST: scenes.WHITE})


def test_nodata_that_single_precision_does_not_hold(tmp_path: Path) -> None:
    nodata = float(np.finfo("float64").min)
    values = np.full((1, 20, 20), nodata)
    values[:, :10] = 7
    image = scenes.write(tmp_path / "a.tif", values, nodata=nodata)
    assert shows(
        viz.plot_results(image), {scenes.NORTHWEST: (128, 128, 128), scenes.SOUTHWEST: scenes.WHITE}
    )


@pytest.mark.parametrize("layout", ["overviews", "striped", "tiled"])
def test_large_files_are_reduced_alike_whatever_their_layout(
    tmp_path: Path, layout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rasterio.enums import Resampling

    inside.image_parts(monkeypatch, whole=200_000, part=500_000)
    options = {"tiled": True, "blockxsize": 256, "blockysize": 256} if layout != "striped" else {}
    bands = scenes.quarters(2000)
    bands[:, :200] = 0
    path = scenes.write(tmp_path / "l.tif", bands, ("blue", "green", "red"), nodata=0, **options)
    if layout == "overviews":
        import rasterio

        with rasterio.open(path, "r+") as dataset:
            dataset.build_overviews([2, 4, 8], Resampling.average)
    figure = viz.plot_results(path, figsize=(4, 4))
    assert shows(figure, {**QUARTERS, (0.5, 0.05): scenes.WHITE})
    assert max(figure.axes[0].images[0].get_size()) <= 400, "read at the figure's resolution"


@pytest.fixture
def in_many_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read even small images in many parts, by several threads."""
    inside.image_parts(monkeypatch, whole=1_000, part=20_000, readers=4)


@pytest.mark.usefixtures("in_many_parts")
def test_parts_read_by_several_threads_are_the_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drawn() -> Any:
        return viz.plot_results(path, figsize=(3, 3)).axes[0].images[0].get_array()

    noise = np.random.default_rng(1).integers(0, 9_000, (3, 600, 700), dtype="uint16")
    options = {"tiled": True, "blockxsize": 64, "blockysize": 64, "compress": "deflate"}
    path = scenes.write(tmp_path / "noise.tif", noise, crs=None, **options)
    filters = warnings.filters[:]
    by_several = drawn()
    assert warnings.filters[:] == filters
    inside.image_parts(monkeypatch, whole=1_000, part=20_000, readers=1)
    assert np.array_equal(by_several, drawn())


@pytest.mark.usefixtures("in_many_parts")
def test_a_part_that_is_damaged_ends_the_others(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 9_000, (3, 600, 700), dtype="uint16")
    whole = scenes.write(tmp_path / "whole.tif", noise, compress="deflate")
    with pytest.raises(up42.InvalidInputError, match=r"cut\.tif.*damaged"):
        viz.plot_results(cut(whole, tmp_path / "cut.tif"))


@pytest.mark.parametrize(
    ("dtype", "names", "full"),
    [
        ("uint8", ("probability",), 255),
        ("float32", ("Tree likelihood",), 1),
        ("float32", ("",), 1),
        ("uint8", ("",), 255),
        ("float32", ("probability",), 100),
    ],
)
def test_probabilities_have_a_ramp_and_a_bar(
    tmp_path: Path, dtype: str, names: tuple[str], full: float
) -> None:
    values = np.zeros((1, 200, 200), dtype=dtype)
    values[0, :100, :100] = full
    figure = viz.plot_results(scenes.write(tmp_path / "trees.tif", values, names))
    bars = [axes for axes in figure.axes if axes.get_label() == "<colorbar>"]
    assert [bar.get_ylabel() for bar in bars] == ["Probability"]
    assert figure.axes[0].images[0].get_clim() == (0, 1)
    assert scenes.is_near(scenes.color_at(figure, scenes.NORTHWEST), (240, 249, 33))
    assert scenes.is_near(scenes.color_at(figure, scenes.SOUTHEAST), scenes.WHITE), "transparent"


def test_imagery_is_no_probability(tmp_path: Path) -> None:
    ramp = np.linspace(0, 1, 40_000, dtype="float32").reshape(1, 200, 200)
    for name, values in (("pan", ramp), ("", ramp), ("", (ramp * 255).astype("uint8"))):
        figure = viz.plot_results(scenes.write(tmp_path / "a.tif", values, (name,)))
        assert len(figure.axes) == 1


def bars_of(figure: Figure) -> list[Any]:
    return [axes for axes in figure.axes if axes.get_label() == "<colorbar>"]


@pytest.mark.parametrize(("height", "width"), [(300, 300), (100, 400), (400, 100)])
def test_the_figure_fits_the_images(tmp_path: Path, height: int, width: int) -> None:
    values = np.random.default_rng(1).integers(0, 9, (3, height, width), dtype="uint16")
    path = scenes.write(tmp_path / "a.tif", values)
    for count in (1, 2, 3):
        figure = viz.plot_results([path] * count)
        across, up = figure.get_size_inches()
        assert across <= 14
        assert up <= 8.1
        scenes.rendered(figure)
        shown = figure.axes[0].get_window_extent()
        assert shown.height / shown.width == pytest.approx(height / width, rel=0.02)
        assert count * shown.width / figure.dpi > 0.8 * across, "the images fill the figure"


def test_geographic_images_have_the_shape_that_they_have_on_the_ground(tmp_path: Path) -> None:
    values = np.zeros((1, 100, 100), dtype="uint8")
    grid = Affine(0.001, 0, 13, 0, -0.001, 60.05)
    figure = viz.plot_results(
        scenes.write(tmp_path / "a.tif", values, crs="EPSG:4326", transform=grid)
    )
    scenes.rendered(figure)
    shown = figure.axes[0].get_window_extent()
    assert shown.height / shown.width == pytest.approx(2, rel=0.02)


@pytest.mark.parametrize(
    ("crs", "transform", "scale", "name"),
    [
        ("EPSG:32633", None, "100 m", "EPSG:32633"),
        ("EPSG:3857", Affine(100, 0, 0, 0, -100, 8_400_000), "2 km", "EPSG:3857"),
        ("EPSG:4326", Affine(0.01, 0, 13, 0, -0.01, 1), "50 km", "EPSG:4326"),
        ("EPSG:2263", Affine(10, 0, 980_000, 0, -10, 200_000), "100 m", "EPSG:2263"),
    ],
)
def test_a_scale_bar_and_the_crs_are_below_the_image(
    tmp_path: Path, crs: str, transform: Any, scale: str, name: str
) -> None:
    path = scenes.write(tmp_path / "a.tif", scenes.quarters(), crs=crs, transform=transform)
    [axes] = viz.plot_results(path).axes
    [bar] = [artist for artist in axes.artists if hasattr(artist, "size_bar")]
    assert bar.txt_label.get_text() == scale
    assert [text.get_text() for text in axes.texts] == [name]
    plain = viz.plot_results(scenes.write(tmp_path / "b.tif", scenes.quarters(), crs=None)).axes[0]
    assert (list(plain.artists), list(plain.texts)) == ([], [])


def test_the_scale_bar_is_right_on_the_ground(scene: Path) -> None:
    figure = viz.plot_results(scene)
    scenes.rendered(figure)
    [axes] = figure.axes
    bar = next(artist for artist in axes.artists if hasattr(artist, "size_bar"))
    line = bar.size_bar.get_children()[0].get_window_extent()
    # The image is 600 m wide.
    meters = line.width / axes.get_window_extent().width * 600
    assert meters == pytest.approx(100, rel=0.05)


def test_coordinates_on_request(scene: Path) -> None:
    [axes] = viz.plot_results(scene, coordinates=True).axes
    assert axes.axison
    assert not viz.plot_results(scene).axes[0].axison
    scenes.rendered(axes.figure)
    found = {text.get_text() for text in axes.get_xticklabels()}
    assert "390200" in found


def test_images_of_one_kind_share_the_stretch_and_one_color_bar(tmp_path: Path) -> None:
    low = np.tile(np.linspace(-0.2, 0.3, 100, dtype="float32"), (1, 100, 1))
    paths = [
        scenes.write(tmp_path / "2020.tif", low, ("NDVI",)),
        scenes.write(tmp_path / "2024.tif", low + 0.3, ("NDVI",)),
    ]
    figure = viz.plot_results(paths)
    first, second = (axes.images[0] for axes in scenes.images_of(figure))
    assert first.get_clim() == second.get_clim()
    assert [bar.get_ylabel() for bar in bars_of(figure)] == ["NDVI"]
    bright = scenes.quarters() * 2
    paths = [
        scenes.write_quarters(tmp_path / "a.tif"),
        scenes.write(tmp_path / "b.tif", bright, ("blue", "green", "red", "nir")),
    ]
    figure = viz.plot_results(paths)
    assert scenes.is_near(scenes.color_at(figure, scenes.NORTHWEST, 0), (127, 0, 0))
    assert scenes.is_near(scenes.color_at(figure, scenes.NORTHWEST, 1), scenes.RED)
    much = scenes.write(tmp_path / "c.tif", scenes.quarters() * 20, ("blue", "green", "red", "nir"))
    assert shows(viz.plot_results([paths[0], much]), QUARTERS), "other kinds keep their own"


@pytest.mark.parametrize(
    ("stem", "name", "low", "label"),
    [
        ("a_ndvi", "", 0.1, "NDVI"),
        ("a", "Water index", -0.4, "Water index"),
        ("a", "", -0.4, "Index"),
        ("a", "reflectance", -0.4, None),
        ("a", "", 0.1, None),
    ],
)
def test_indices_have_a_diverging_color_map_and_a_bar(
    tmp_path: Path, stem: str, name: str, low: float, label: str | None
) -> None:
    values = np.tile(np.linspace(low, 0.8, 100, dtype="float32"), (1, 100, 1))
    figure = viz.plot_results(scenes.write(tmp_path / f"{stem}.tif", values, (name,)))
    assert [bar.get_ylabel() for bar in bars_of(figure)] == ([label] if label else [])
    if label:
        below, above = figure.axes[0].images[0].get_clim()
        assert below == -above
        assert scenes.is_near(scenes.color_at(figure, (0.99, 0.5)), (1, 102, 94), 20)


def test_nothing_covers_the_image(tmp_path: Path, scene: Path) -> None:
    ships = scenes.write_geojson(tmp_path / "ships.geojson", [(thing(300, 300, 60), {"n": 1})])
    figure = viz.plot_results([scene, ships], title="Ships in Berlin")
    pixels = scenes.rendered(figure)
    [axes] = figure.axes
    image = axes.get_window_extent()
    around = [axes.get_legend(), axes.title, figure._suptitle, *axes.texts, *axes.artists]
    for artist in around:
        box = artist.get_window_extent()
        assert not box.padded(-1).overlaps(image.padded(-1)), artist
        assert 0 <= box.x0 <= box.x1 <= pixels.shape[1]
        assert 0 <= box.y0 <= box.y1 <= pixels.shape[0]
    assert shows(figure, QUARTERS)


def thing(x: float, y: float, half: float = 0) -> Any:
    """Return a point or square in degrees, so many meters from the scene's corner."""
    center = Point(scenes.WEST + x, scenes.NORTH - y)
    meters = box(*center.buffer(half).bounds) if half else center
    return gpd.GeoSeries([meters], crs=scenes.CRS).to_crs(4326).iloc[0]


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg"])
def test_features_lie_over_their_image(tmp_path: Path, scene: Path, suffix: str) -> None:
    other = scenes.write_quarters(tmp_path / "far" / "other.tif")
    frame = gpd.GeoDataFrame(
        {"n": [1, 2]}, geometry=[thing(450, 450, 60), thing(150, 150)], crs=4326
    )
    vectors = tmp_path / f"ships{suffix}"
    frame.to_crs(scenes.CRS if suffix == ".gpkg" else 4326).to_file(vectors)
    figure = viz.plot_results([other, scene, vectors], figsize=(12, 6))
    assert [axes.get_title() for axes in figure.axes] == ["other", "scene"]
    yellow = (255, 214, 10)
    assert scenes.is_near(scenes.color_at(figure, scenes.NORTHWEST, 1), yellow)
    assert scenes.is_near(scenes.color_at(figure, (0.85, 0.75), 1), yellow, 90)
    assert scenes.is_near(scenes.color_at(figure, scenes.NORTHWEST, 0), scenes.RED)
    assert figure.axes[0].get_legend() is None
    legend = figure.axes[1].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["ships: 2"]


def test_features_without_an_image_are_drawn_alone(tmp_path: Path) -> None:
    ships = scenes.write_geojson(tmp_path / "ships.geojson", [(thing(10, 10, 9), {"n": 1})])
    none = scenes.write_geojson(tmp_path / "none.geojson", [])
    figure = viz.plot_results([ships, none])
    assert [axes.get_title() for axes in figure.axes] == ["ships", "none"]
    assert "no features" in [text.get_text() for text in figure.axes[1].texts]


def test_no_detections_leave_the_image(tmp_path: Path, scene: Path) -> None:
    none = scenes.write_geojson(tmp_path / "none.geojson", [])
    assert shows(viz.plot_results([scene, none]), QUARTERS)


def test_quicklooks_are_shown_as_they_are(tmp_path: Path) -> None:
    picture = np.full((3, 60, 80), 40, dtype="uint8")
    picture[0] = 200
    paths = [
        scenes.write(tmp_path / f"{name}", picture, crs=None, driver=driver)
        for name, driver in (("a.png", "PNG"), ("b.JPG", "JPEG"))
    ]
    figure = viz.plot_quicklooks(paths, titles=["Scene 1", "Scene 2"])
    assert [axes.get_title() for axes in figure.axes] == ["Scene 1", "Scene 2"]
    for number in range(2):
        color = scenes.color_at(figure, (0.5, 0.5), number)
        assert scenes.is_near(color, (200, 40, 40))


Wrong = Callable[[Path, Path], Any]
WRONG: dict[str, tuple[Wrong, str]] = {
    "no file of the format": (lambda s, t: viz.plot_results(s, plot_file_format=[".jp2"]), "jp2"),
    "nothing": (lambda s, t: viz.plot_results([]), "no files"),
    "no path": (lambda s, t: viz.plot_results(3), "expected a path"),  # type: ignore[arg-type]
    "missing": (lambda s, t: viz.plot_results(t / "no.tif"), "no.tif"),
    "folder": (lambda s, t: viz.plot_results(t), "no file"),
    "two bands": (lambda s, t: viz.plot_results(s, bands=[1, 2]), r"1 \(blue\), 2 \(green\)"),
    "band 5": (lambda s, t: viz.plot_results(s, bands=[5]), r"no band 5.*4 \(nir\)"),
    "band 0": (lambda s, t: viz.plot_results(s, bands=[0]), "no band 0"),
    "band x": (lambda s, t: viz.plot_results(s, bands=["x"]), "whole"),  # type: ignore[list-item]
    "titles": (lambda s, t: viz.plot_results([s, s], titles=["one"]), "1 entries for 2"),
    "figsize 0": (lambda s, t: viz.plot_results(s, figsize=(0, 1)), r"figsize=\(0, 1\): expected"),
    "figsize nan": (lambda s, t: viz.plot_results(s, figsize=(math.nan, 1)), "figsize"),
    "figsize 9e9": (lambda s, t: viz.plot_results(s, figsize=(9e9, 1)), "figsize"),
    "figsize 1": (lambda s, t: viz.plot_results(s, figsize=1), "figsize=1:"),  # type: ignore[arg-type]
    "cmap": (lambda s, t: viz.plot_results(s, bands=[1], cmap="no"), "arguments cmap: 'no'"),
    "alpha": (lambda s, t: viz.plot_results(s, alpha=9), "arguments alpha"),
    "unknown": (lambda s, t: viz.plot_results(s, colour=9), "arguments colour"),
    "format 5": (lambda s, t: viz.plot_results(s, plot_file_format=5), "format 5"),  # type: ignore[arg-type]
    "titles 5": (lambda s, t: viz.plot_results([s, s], titles=5), "1 entries"),  # type: ignore[arg-type]
    "no area": (
        lambda s, t: viz.plot_results(
            scenes.write_quarters(t / "a.tif", transform=Affine(0, 0, 5, 0, 0, 5))
        ),
        "no area",
    ),
    "contour": (lambda s, t: viz.plot_results(s, contour=True), "one band"),
    "pictures": (lambda s, t: viz.plot_quicklooks(other(t / "a.xyz")), "jpg"),
    "damaged": (lambda s, t: viz.plot_results(damaged(t / "a.tif")), "a.tif.*damaged"),
    "cut off": (lambda s, t: viz.plot_results(cut(s, t / "c.tif")), "c.tif.*damaged"),
    "vectors": (lambda s, t: viz.plot_results(damaged(t / "a.geojson")), "a.geojson"),
    "only images": (
        lambda s, t: viz.plot_results(
            scenes.write_geojson(t / "v.geojson", []), plot_file_format=[".tif"]
        ),
        "nothing to plot",
    ),
}


def other(path: Path) -> Path:
    path.write_text("something else")
    return path


def damaged(path: Path) -> Path:
    path.write_bytes(b"II*\0 no image")
    return path


def cut(source: Path, path: Path) -> Path:
    path.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    return path


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_is_named(name: str, scene: Path, tmp_path: Path) -> None:
    call, message = WRONG[name]
    with pytest.raises(up42.InvalidInputError, match=f"(?s){message}"):
        call(scene, tmp_path)


def test_plots_leave_matplotlib_as_it_was(scene: Path) -> None:
    program = (
        # rasterio loads boto3 where that is installed, which changes the filters.
        "import sys, matplotlib, rasterio, warnings\n"
        "before = dict(matplotlib.rcParams), warnings.filters[:]\n"
        "from up42_facade import viz\n"
        f"figure = viz.plot_results({str(scene)!r})\n"
        "assert (dict(matplotlib.rcParams), warnings.filters[:]) == before\n"
        "import matplotlib.pyplot as plt\n"
        "assert plt.get_fignums() == []\n"
        "assert figure._repr_png_().startswith(b'\\x89PNG')\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
