"""Files of sample scenes, and of the results that processes deliver."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from shapely.geometry import Point

from up42_sandbox.scene import imagery
from up42_sandbox.scene.files import feature, outlines, write_cog, write_json, write_thumbnail
from up42_sandbox.scene.landscape import Grid, Ground, relative, survey, waves
from up42_sandbox.scene.objects import find_things
from up42_sandbox.scene.samples import SampleScene
from up42_sandbox.scene.window import Window

GEOTIFF = "image/tiff; application=geotiff; profile=cloud-optimized"
GEOJSON = "application/geo+json"
PNG = "image/png"

BAND_NAMES = ("blue", "green", "red", "nir")

CHANGE_GSD = 2.0
"""Resolution of change maps in meters."""

Scenes = Sequence[SampleScene]
Inputs = Mapping[str, Any]
Writer = Callable[[Scenes, Inputs, Path], None]
Image = tuple[Window, npt.NDArray[Any], Sequence[str]]
UrlForm = Literal["stem", "path", "disposition"]
"""How a signed URL names its file: by its path, with the stem as `Content-Disposition` like most
of the real ones; by its path alone; or by `Content-Disposition` alone.
"""


@dataclass(frozen=True)
class Product:
    """A file that a process delivers.

    Attributes:
        name: File name.
        title: Title of the asset.
        media_type: Type of the asset, if it has one.
        write: Writes the file to a path, given the scenes and the inputs of a job.
        key: Key of the asset. If None, the file name.
        url_form: How the signed URL names the file, see `UrlForm`.
    """

    name: str
    title: str
    media_type: str | None
    write: Writer
    key: str | None = None
    url_form: UrlForm = "stem"


# Images --------------------------------------------------------------------------------------


def image(stem: str, title: str, draw: Callable[[Scenes], Image]) -> tuple[Product, ...]:
    """Return the products of a process that delivers an image."""
    return _raster(stem, title, lambda scenes, inputs: draw(scenes)), THUMBNAIL


def multispectral(scenes: Scenes) -> Image:
    """Draw the multispectral bands in their own resolution."""
    window = scenes[0].window(scenes[0].ms_gsd)
    return window, imagery.multispectral(scenes[0], window), BAND_NAMES


def true_color(scenes: Scenes) -> Image:
    """Draw red, green, and blue in 8 bits."""
    window, bands, _ = multispectral(scenes)
    return window, imagery.picture(bands), ("red", "green", "blue")


def pansharpened(scenes: Scenes) -> Image:
    """Draw the multispectral bands in the resolution of the panchromatic one."""
    window = scenes[0].window()
    return window, imagery.sharp(scenes[0], window), BAND_NAMES


def upsampled(scenes: Scenes) -> Image:
    """Draw the multispectral bands in twice their resolution."""
    window = scenes[0].window(scenes[0].ms_gsd / 2)
    return window, imagery.sharp(scenes[0], window), BAND_NAMES


def coregistered(scenes: Scenes) -> Image:
    """Draw the multispectral bands of the area that two scenes share."""
    window = scenes[0].window().intersection(scenes[-1].window()).at(scenes[0].ms_gsd)
    return window, imagery.multispectral(scenes[0], window), BAND_NAMES


def panchromatic(scenes: Scenes) -> Image:
    """Draw the panchromatic band."""
    window = scenes[0].window()
    return window, imagery.panchromatic(imagery.sharp(scenes[0], window)), ("pan",)


def _raster(
    stem: str, title: str, draw: Callable[[Scenes, Inputs], Image], nodata: float | None = None
) -> Product:
    def write(scenes: Scenes, inputs: Inputs, path: Path) -> None:
        window, bands, names = draw(scenes, inputs)
        write_cog(path, bands, window, names, nodata)

    return Product(f"{stem}.tif", title, GEOTIFF, write)


def _thumbnail(draw: Callable[[Scenes, Inputs], npt.NDArray[np.uint8]]) -> Product:
    def write(scenes: Scenes, inputs: Inputs, path: Path) -> None:
        write_thumbnail(path, draw(scenes, inputs))

    return Product("thumbnail.png", "Quicklook", PNG, write)


def _overview(scene: SampleScene) -> tuple[Window, npt.NDArray[np.uint8]]:
    window = scene.window(max(scene.ms_gsd, scene.size / 512))
    return window, imagery.picture(imagery.multispectral(scene, window))


THUMBNAIL = _thumbnail(lambda scenes, inputs: _overview(scenes[0])[1])
MULTISPECTRAL = _raster("multispectral", "Multispectral", lambda s, _: multispectral(s), nodata=0)
PANCHROMATIC = _raster("panchromatic", "Panchromatic", lambda s, _: panchromatic(s))


# Probabilities -------------------------------------------------------------------------------

Truth = Callable[[Ground, Window], Grid]


def probability(plural: str, truth: Truth, color: tuple[int, int, int]) -> tuple[Product, ...]:
    """Return the products of a detection that delivers a raster of probabilities.

    Args:
        plural: The objects, also the file name without its suffix.
        truth: Returns the true value of each pixel, 0 to 1.
        color: Red, green, and blue of the objects on the quicklook.
    """

    def percent(scene: SampleScene, window: Window) -> npt.NDArray[np.uint8]:
        guess = _blurred(truth(survey(window, scene.epoch), window), window)
        values = np.rint(255 * guess).astype(np.uint8)
        values[imagery.cloud_mask(window, scene.cloud_cover)] = 0
        return values

    def draw(scenes: Scenes, inputs: Inputs) -> Image:
        window = scenes[0].window()
        return window, percent(scenes[0], window)[np.newaxis], ("probability",)

    def overlay(scenes: Scenes, inputs: Inputs) -> npt.NDArray[np.uint8]:
        window, picture = _overview(scenes[0])
        share = np.clip(percent(scenes[0], window) / np.float32(160.0), 0.0, 1.0)
        gray = picture.astype(np.float32).mean(axis=0, keepdims=True) * 0.7
        strong = np.array(color, np.float32)[:, np.newaxis, np.newaxis]
        mixed: npt.NDArray[np.uint8] = np.rint(gray * (1 - share) + strong * share).astype(np.uint8)
        return mixed

    title = f"{plural.removesuffix('s').capitalize()} probability"
    return _raster(plural, title, draw), _thumbnail(overlay)


def _blurred(values: Grid, window: Window) -> Grid:
    """Blur true values, so that they resemble the guess of a neural network."""
    soft: Grid = values.copy()
    for axis in (0, 1):
        soft = (np.roll(soft, 1, axis) + 2 * soft + np.roll(soft, -1, axis)) * np.float32(0.25)
    noise = waves(*relative(window), 12.0, 98)
    guess: Grid = np.clip(soft * (0.72 + 0.28 * noise) + 0.06 * noise, 0.0, 1.0)
    return guess


def trees(ground: Ground, window: Window) -> Grid:
    """Return the share of each pixel that a crown covers."""
    truth: Grid = np.clip(ground.tree * 1.6, 0, 1)
    return truth


def buildings(ground: Ground, window: Window) -> Grid:
    """Return 1 on buildings."""
    return (ground.building > 0).astype(np.float32)


def shadows(ground: Ground, window: Window) -> Grid:
    """Return 1 in shadows."""
    return imagery.shadow_mask(ground, window.gsd).astype(np.float32)


# Objects and changes -------------------------------------------------------------------------


def objects(kind: str, *, points: bool = False) -> tuple[Product, ...]:
    """Return the products of a detection that delivers GeoJSON.

    Args:
        kind: Kind of objects, one of `KINDS`.
        points: Deliver their centers instead of their outlines.
    """

    def detections(scenes: Scenes, inputs: Inputs) -> Iterable[dict[str, Any]]:
        for thing in find_things(kind, scenes[0].window(), scenes[0].epoch):
            properties = {
                "class": kind,
                "confidence": round(thing.confidence, 3),
                "length_m": thing.length,
                "width_m": thing.width,
            }
            shape = Point(thing.x, thing.y) if points else thing.outline()
            yield feature(shape, properties)

    plural = kind if kind == "aircraft" else f"{kind}s"
    title = plural.replace("_", " ").capitalize()
    return _vector(plural, title, detections), THUMBNAIL


def _vector(
    stem: str, title: str, find: Callable[[Scenes, Inputs], Iterable[dict[str, Any]]]
) -> Product:
    def write(scenes: Scenes, inputs: Inputs, path: Path) -> None:
        features = list(find(scenes, inputs))
        write_json(path, {"type": "FeatureCollection", "features": features})

    return Product(f"{stem}.geojson", title, GEOJSON, write)


def _changes(scenes: Scenes, inputs: Inputs) -> Image:
    """Return 1 for added buildings, 2 for removed ones."""
    window = scenes[0].window().intersection(scenes[-1].window()).at(CHANGE_GSD)
    ordered = sorted(scenes, key=lambda scene: scene.acquired)
    before, after = (survey(window, scene.epoch).building for scene in (ordered[0], ordered[-1]))
    changes = np.zeros(window.shape, np.uint8)
    changes[(before == 0) & (after > 0)] = 1
    changes[(before > 0) & (after == 0)] = 2
    # A low sensitivity finds tall buildings only.
    least_height = 20.0 - 3.0 * float(inputs.get("sensitivity", 2))
    changes[np.maximum(before, after) < least_height] = 0
    return window, changes[np.newaxis], ("change",)


def _change_polygons(scenes: Scenes, inputs: Inputs) -> Iterable[dict[str, Any]]:
    window, changes, _ = _changes(scenes, inputs)
    names = {1: "appeared", 2: "disappeared"}
    for shape, value in outlines(changes[0], window):
        yield feature(shape, {"change": names[value]})


def _change_colors(scenes: Scenes, inputs: Inputs) -> npt.NDArray[np.uint8]:
    colors = np.array([[230, 230, 230], [215, 48, 39], [69, 117, 180]], np.uint8)
    return np.moveaxis(colors[_changes(scenes, inputs)[1][0]], -1, 0)


CHANGE_PRODUCTS = (
    _raster("changes", "Change map", _changes),
    _vector("changes", "Changes", _change_polygons),
    _thumbnail(_change_colors),
)
"""Products of change detection."""


# Archives ------------------------------------------------------------------------------------


def as_data(product: Product) -> Product:
    """Return a product whose asset has the key `data` and no type."""
    return replace(product, key="data", media_type=None)


def archived(product: Product, name: str, url_form: UrlForm) -> Product:
    """Return an archive with a product, as an asset with the key `data` and no type.

    Args:
        product: The product.
        name: Name of the archive, which ends with `.tgz` or `.zip`.
        url_form: How the signed URL names the archive.
    """

    def write(scenes: Scenes, inputs: Inputs, path: Path) -> None:
        with TemporaryDirectory() as folder:
            file = Path(folder) / product.name
            product.write(scenes, inputs, file)
            write_archive(path, [(product.name, file.read_bytes())], zipped=name.endswith(".zip"))

    return as_data(replace(product, name=name, write=write, url_form=url_form))


def write_archive(
    path: Path, members: Iterable[tuple[str, bytes]], *, zipped: bool, modified: float = 0.0
) -> None:
    """Write an archive whose members are below `output/`.

    Args:
        path: Target.
        members: Names and contents.
        zipped: Write a zip file instead of a gzipped tar file.
        modified: Modification time of the members, seconds since 1970.
    """
    if zipped:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members:
                archive.writestr(f"output/{name}", content)
        return
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        for name, content in members:
            entry = tarfile.TarInfo(f"output/{name}")
            entry.size, entry.mtime = len(content), int(modified)
            tar.addfile(entry, io.BytesIO(content))
