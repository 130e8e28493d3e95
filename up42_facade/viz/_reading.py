"""Images at the bands and the size that are shown.

A file is never read completely. If it has overviews, the next larger one is read. Otherwise, each
output pixel is the mean of a few source pixels that are evenly distributed over its area: reading
all of them would take too long.
"""

from __future__ import annotations

import itertools
import math
import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.ma as ma
import rasterio
from attrs import evolve, frozen
from rasterio._err import CPLE_BaseError
from rasterio.enums import ColorInterp, MaskFlags, Resampling
from rasterio.errors import (
    NotGeoreferencedWarning,
    RasterioError,
    RasterioIOError,
)
from rasterio.transform import Affine
from rasterio.windows import Window

from up42_facade._common.values import as_list
from up42_facade.errors import InvalidInputError
from up42_facade.results._formats import DRIVERS, GDAL_OPTIONS, format_of, named_overview

COLORS = ("red", "green", "blue")
# Transformations raise GDAL's errors, whose base class has no public name.
TRANSFORM_ERRORS = (RasterioError, CPLE_BaseError)
# Source pixels per band that are all averaged: about 50 million take a second.
FEW_PIXELS = 8_000_000
# Rows and columns that are read for each output pixel if there are too many.
SAMPLES = 2
# Parts that are read concurrently: decompressing a file takes longer than reading it.
READERS = min(4, os.cpu_count() or 1)
# Bytes that are read before a file is closed, because GDAL drops its cache only then, which takes
# up to 5% of the machine's memory by default. All readers share them.
CHUNK_BYTES = 48_000_000 // READERS

# Pixels of an image that isn't tiled, which are all decompressed: a few kilobytes can expand to
# more than any machine's memory. The largest satellite scenes are TIFF and are read in parts.
MOST_PIXELS = 500_000_000
# Bytes of a part of a TIFF that must be decompressed at once, for all bands.
MOST_BLOCK_BYTES = 256_000_000


@frozen
class Size:
    """Width and height in pixels."""

    width: int
    height: int

    def within(self, box: Size) -> Size:
        """Return the largest size of the same shape that fits into a box; never a larger one."""
        scale = min(1.0, box.width / self.width, box.height / self.height)
        return Size(max(1, round(self.width * scale)), max(1, round(self.height * scale)))


@frozen(eq=False)
class Scene:
    """Some bands of an image in the size in which they are shown.

    Attributes:
        path: The file.
        names: Description of each band, or "".
        values: Masked float32 array: band, row, column.
        transform: Of the reduced image, from pixels to `crs`; None if it isn't georeferenced.
        crs: None if the image isn't georeferenced.
        dtype: Type of the values in the file.
        unit: Unit of the first band, or "".
        is_palette: True if the values are red, green, and blue from the file's color table.
    """

    path: Path
    names: tuple[str, ...]
    values: Any
    transform: Any
    crs: Any
    dtype: str
    unit: str = ""
    is_palette: bool = False

    @property
    def size(self) -> Size:
        return Size(self.values.shape[2], self.values.shape[1])

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in units of `crs`; also of an image that is turned."""
        return grid_bounds(self.transform, self.size)


def grid_bounds(transform: Any, size: Size) -> tuple[float, float, float, float]:
    """Return west, south, east, north of a grid, which might be rotated."""
    a, b, c, d, e, f = transform[:6]
    corners = list(itertools.product((0, size.width), (0, size.height)))
    xs = [a * column + b * row + c for column, row in corners]
    ys = [d * column + e * row + f for column, row in corners]
    return min(xs), min(ys), max(xs), max(ys)


def scaled(transform: Any, across: float, down: float) -> Any:
    """Return the transform of a grid whose pixels are so many times as large."""
    # Written out, because the operator that multiplies them depends on the version of affine.
    a, b, c, d, e, f = transform[:6]
    return Affine(a * across, b * down, c, d * across, e * down, f)


def read_scene(
    path: Path, bands: Sequence[int] | None, box: Size, *, as_colors: bool = True
) -> Scene:
    """Read bands of an image, reduced to fit into a box.

    Args:
        path: The file.
        bands: Numbers of one or three bands, from 1. If None, see `default_bands`.
        box: Most pixels across and down.
        as_colors: Show a band that has a color table in its colors.

    Raises:
        InvalidInputError: If the file isn't an image, is damaged, or lacks one of the bands.
    """
    with opened(path) as dataset:
        chosen = default_bands(dataset) if bands is None else as_list(bands)
        check_bands(dataset, chosen, path)
        palette = palette_of(dataset, chosen) if as_colors else None
        size = Size(dataset.width, dataset.height).within(box)
        chunks = chunks_of(dataset, size)
        if not all(map(math.isfinite, dataset.transform)):
            raise unreadable(path, "its place isn't given in finite numbers")
        if dataset.transform.is_degenerate:
            raise unreadable(path, "its pixels have no area")
        has_place = dataset.crs is not None and not dataset.transform.is_identity
        across, down = dataset.width / size.width, dataset.height / size.height
        names = tuple(dataset.descriptions[band - 1] or "" for band in chosen)
        scene = Scene(
            path=path,
            names=names if palette is None else ("", "", ""),
            values=read_reduced(dataset, chosen, size, palette) if chunks is None else None,
            transform=scaled(dataset.transform, across, down) if has_place else None,
            crs=dataset.crs if has_place else None,
            dtype=dataset.dtypes[chosen[0] - 1] if palette is None else "uint8",
            unit=dataset.units[chosen[0] - 1] or "",
            is_palette=palette is not None,
        )
    if chunks is None:
        return scene
    return evolve(scene, values=read_in_chunks(path, chosen, chunks, size, palette))


def palette_of(dataset: Any, bands: list[int]) -> Any:
    """Return the color table of a band as array: red, green, blue, alpha; None if it has none."""
    if len(bands) != 1 or dataset.colorinterp[bands[0] - 1] != ColorInterp.palette:
        return None
    try:
        colors = dataset.colormap(bands[0])
    except ValueError:
        return None
    table = np.zeros((max(colors, default=0) + 1, 4), dtype="uint8")
    for value, color in colors.items():
        table[value] = color
    return table


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open an image; whatever goes wrong with it is an error that names the file."""
    with place_optional(), opened_by_reader(path) as dataset:
        yield dataset


@contextmanager
def place_optional() -> Iterator[None]:
    """Keep rasterio from warning about images without a place, which are dealt with here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


@contextmanager
def opened_by_reader(path: Path) -> Iterator[Any]:
    """Open an image in one of several threads: they share the filters of warnings."""
    kind = format_of(path)
    if kind not in DRIVERS:
        raise unreadable(path, "expected a GeoTIFF, PNG, JPEG, or JPEG 2000 file")
    try:
        with (
            rasterio.Env(**GDAL_OPTIONS),
            # Absolute: rasterio takes a name such as `zip:…` for more than a name.
            rasterio.open(path.resolve(), driver=DRIVERS[kind], sharing=False) as dataset,
        ):
            check_contents(dataset, path)
            yield dataset
    except (RasterioIOError, RasterioError, MemoryError) as error:
        raise unreadable(path, str(error)) from error


def unreadable(path: Path, reason: str) -> InvalidInputError:
    return InvalidInputError(
        f"{str(path)!r} can't be read as an image; it may be damaged: {reason}"
    )


def check_contents(dataset: Any, path: Path) -> None:
    """Refuse an image that leads to another file, or that would fill the memory.

    Raises:
        InvalidInputError: If it is one.
    """
    elsewhere = named_overview(dataset)
    if elsewhere is not None:
        raise unreadable(path, f"it names another file as its overview, {elsewhere!r}")
    pixels = dataset.width * dataset.height
    if dataset.driver != "GTiff" and pixels > MOST_PIXELS:
        raise unreadable(path, f"it has {pixels:,} pixels, more than {MOST_PIXELS:,}")
    height, width = max(dataset.block_shapes, key=math.prod)
    block = height * width * dataset.count * max(np.dtype(kind).itemsize for kind in types(dataset))
    if block > MOST_BLOCK_BYTES:
        raise unreadable(
            path, f"it is stored in blocks of {block:,} bytes, more than {MOST_BLOCK_BYTES:,}"
        )


def types(dataset: Any) -> set[str]:
    """Return the numpy types of the bands; GDAL has one that numpy doesn't know."""
    return {"complex64" if kind == "complex_int16" else kind for kind in dataset.dtypes}


def default_bands(dataset: Any) -> list[int]:
    """Return red, green and blue where the file names them, else the first three or the first."""
    named = color_bands(dataset)
    if named is not None:
        return named
    seen = [
        band
        for band, meaning in zip(dataset.indexes, dataset.colorinterp, strict=True)
        if meaning != ColorInterp.alpha
    ]
    return seen[:3] if len(seen) >= 3 else seen[:1]


def color_bands(dataset: Any) -> list[int] | None:
    descriptions = [(text or "").strip().lower() for text in dataset.descriptions]
    meanings = [meaning.name for meaning in dataset.colorinterp]
    for names in (descriptions, meanings):
        if all(color in names for color in COLORS):
            return [names.index(color) + 1 for color in COLORS]
    return None


def check_bands(dataset: Any, bands: list[int], path: Path) -> None:
    if len(bands) not in (1, 3):
        raise InvalidInputError(
            f"bands={bands!r} has {len(bands)} entries: expected one (gray) or three (red, green, "
            f"blue). {path.name} has {band_list(dataset)}."
        )
    for band in bands:
        if isinstance(band, bool) or not isinstance(band, int | np.integer):
            raise InvalidInputError(f"bands={bands!r}: expected whole numbers from 1.")
        if band not in dataset.indexes:
            raise InvalidInputError(
                f"bands={bands!r}: {path.name} has no band {band}, but {band_list(dataset)}."
            )


def band_list(dataset: Any) -> str:
    """Name the bands of a file for an error message."""
    bands = [
        f"{band} ({name})" if name else str(band)
        for band, name in zip(dataset.indexes, dataset.descriptions, strict=True)
    ]
    return f"{'band' if len(bands) == 1 else 'bands'} {', '.join(bands)}"


@frozen
class Chunk:
    """A part of the image that is read at once.

    Attributes:
        rows: Rows of samples: SAMPLES for each row of the reduced image.
        columns: Columns of the reduced image.
    """

    rows: slice
    columns: slice


def chunks_of(dataset: Any, size: Size) -> list[Chunk] | None:
    """Return the parts in which to sample an image; None if it can be averaged at once."""
    factor = max(dataset.width / size.width, dataset.height / size.height)
    fitting = [1, *(level for level in dataset.overviews(1) if level <= factor)]
    pixels = dataset.width * dataset.height / max(fitting) ** 2
    if pixels <= FEW_PIXELS:
        return None
    pixel_bytes = dataset.count * max(np.dtype(kind).itemsize for kind in dataset.dtypes)
    block_height = max(dataset.block_shapes[0][0], dataset.height / size.height)
    across = dataset.width / size.width
    columns = within(CHUNK_BYTES / pixel_bytes / block_height / across, size.width)
    blocks = max(1, math.floor(CHUNK_BYTES / pixel_bytes / (columns * across) / block_height))
    return [
        Chunk(slice(top, bottom), slice(left, min(left + columns, size.width)))
        for top, bottom in itertools.pairwise(row_edges(dataset, size, blocks * block_height))
        for left in range(0, size.width, columns)
    ]


def row_edges(dataset: Any, size: Size, source_rows: float) -> list[int]:
    """Return the first rows of samples below the edges of every so many source rows.

    If these are edges of blocks, no block is decompressed twice.
    """
    samples = size.height * SAMPLES
    down = dataset.height / samples
    count = math.ceil(dataset.height / source_rows)
    # A sample lies in the middle of the rows that it stands for.
    inner = {math.ceil(part * source_rows / down - 0.5) for part in range(1, count)}
    return [0, *sorted(inner - {0, samples}), samples]


def within(wanted: float, most: int) -> int:
    return min(most, max(1, math.floor(wanted)))


def read_reduced(dataset: Any, bands: list[int], size: Size, palette: Any) -> Any:
    """Read bands averaged over what each output pixel covers, from the next larger overview."""
    shape = (len(bands), size.height, size.width)
    # The mean of two numbers of colors is a third color.
    resampling = Resampling.average if palette is None else Resampling.nearest
    return as_shown(read_masked(dataset, bands, out_shape=shape, resampling=resampling), palette)


def read_in_chunks(
    path: Path, bands: list[int], chunks: list[Chunk], size: Size, palette: Any
) -> Any:
    """Read an image in parts; each of its pixels is the mean of SAMPLES × SAMPLES.

    Sums of slices are ten times as fast as numpy's mean of a masked array.
    """
    shape = (len(bands) if palette is None else 3, size.height * SAMPLES, size.width)
    total, count = np.zeros(shape, dtype="float32"), np.zeros(shape, dtype="uint8")

    def read(chunk: Chunk) -> None:
        with opened_by_reader(path) as dataset:
            found = read_samples(dataset, bands, chunk, size, palette)
        values, known = found.filled(0), (~ma.getmaskarray(found)).view("uint8")
        part = (slice(None), chunk.rows, chunk.columns)
        total[part] = sum(values[..., first::SAMPLES] for first in range(SAMPLES))
        count[part] = sum(known[..., first::SAMPLES] for first in range(SAMPLES))

    with place_optional(), ThreadPoolExecutor(READERS, "up42-image") as readers:
        # After an error the iterator cancels what hasn't begun.
        list(readers.map(read, chunks))
    sums, counts = (
        sum(parts[:, first::SAMPLES] for first in range(SAMPLES)) for parts in (total, count)
    )
    return ma.array(sums / np.maximum(counts, 1), mask=counts == 0)


def read_samples(dataset: Any, bands: list[int], chunk: Chunk, size: Size, palette: Any) -> Any:
    """Read the samples of a part of the image."""
    down, across = dataset.height / (size.height * SAMPLES), dataset.width / size.width
    rows, columns = (part.stop - part.start for part in (chunk.rows, chunk.columns))
    window = Window(
        chunk.columns.start * across, chunk.rows.start * down, columns * across, rows * down
    )
    shape = (len(bands), rows, columns * SAMPLES)
    return as_shown(read_masked(dataset, bands, window=window, out_shape=shape), palette)


def read_masked(dataset: Any, bands: list[int], **options: Any) -> Any:
    """Read bands with their mask: nodata, an alpha band, or a mask of the file."""
    flags = {flag for band in bands for flag in dataset.mask_flag_enums[band - 1]}
    if not flags <= {MaskFlags.all_valid, MaskFlags.nodata}:
        return dataset.read(bands, masked=True, **options)
    # Compared here: GDAL would read the file a second time for it.
    values = ma.asarray(dataset.read(bands, **options))
    values.mask = np.zeros(values.shape, dtype=bool)
    for index, band in enumerate(bands):
        nodata = dataset.nodatavals[band - 1]
        if nodata is not None:
            values.mask[index] = values.data[index] == nodata
    return values


def as_shown(values: Any, palette: Any) -> Any:
    """Return masked float32 values: those read, or their colors if there is a color table."""
    if palette is None:
        return as_float(values)
    numbers = ma.getdata(values)[0]
    is_known = (numbers >= 0) & (numbers < len(palette))
    colors = palette[np.where(is_known, numbers, 0)]
    mask = ma.getmaskarray(values)[0] | ~is_known | (colors[..., 3] == 0)
    return ma.array(colors[..., :3].transpose(2, 0, 1).astype("float32"), mask=np.stack([mask] * 3))


def as_float(values: Any) -> Any:
    """Return masked float32 values: of complex ones the amplitude; what isn't finite is masked."""
    if np.iscomplexobj(values):
        values = abs(values)
    with np.errstate(over="ignore"):  # such as nodata of -1.8e308
        found = values.astype("float32")
    if values.dtype.kind == "f":
        found.mask = ma.getmaskarray(values) | ~np.isfinite(found.filled(0))
    return found
