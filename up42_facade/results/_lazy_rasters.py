"""Rasters in UP42 storage as xarray arrays that are read lazily."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import rasterio
import rioxarray  # noqa: F401 - registers the accessor `rio`
import xarray as xr
from attrs import define, field, frozen
from rasterio.abc import MultiByteRangeResourceContainer
from rasterio.enums import Interleaving
from rasterio.errors import RasterioError
from xarray.backends import BackendArray, BackendEntrypoint
from xarray.core import indexing

from up42_facade._common.times import to_utc
from up42_facade._common.values import as_dict, entries
from up42_facade.downloads import ByteRanges, RemoteFile, safe_name
from up42_facade.errors import DownloadError
from up42_facade.results._formats import named_overview
from up42_facade.results._item_files import ItemFile, signed_url
from up42_facade.session import Session

if TYPE_CHECKING:
    import pystac

T = TypeVar("T")
GDAL_OPTIONS = {
    # There are no other files in the folder.
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    # Bytes of compressed tiles that GDAL requests at once. With its default of 10 MB, it would
    # fetch the rest of a larger window tile by tile.
    "GDAL_MAX_RAW_BLOCK_CACHE_SIZE": str(256 * 1024 * 1024),
}
ITEM = "item"
TIME = "time"
DIMENSIONS = (ITEM, "band", "y", "x")
# Where STAC items name the bands of an asset: since version 1.1, and in the extension before.
BAND_FIELDS = ("bands", "eo:bands")
# The complete years that 64 bits of nanoseconds can hold.
FIRST_YEAR, LAST_YEAR = 1678, 2261
Labels = tuple[str, ...] | tuple[int, ...]


@define(eq=False)
class RemoteRaster:
    """A GeoTIFF behind an API link, opened for each reading.

    GDAL gets its bytes from the download engine, which requests a new signed URL whenever the
    last one has expired, tolerates outages, and keeps signatures out of messages and logs; GDAL's
    own /vsicurl/ does none of that. A reading opens, reads, and closes in one thread: rasterio
    knows an opener only in the thread that registered it (its issues 3438 and 3636), so no
    dataset is kept or shared. Several threads can read concurrently without a lock.

    It can be pickled if its session can; the pickle contains no connections and signed URLs.

    Args:
        key: The asset's key.
        href: The asset's link.
        session: Requests signed URLs.
        size: Length in bytes, if known.
    """

    key: str
    href: str
    session: Session = field(repr=False)
    size: int | None = None
    _opened: dict[int, ByteRanges] = field(factory=dict, init=False, repr=False)

    @classmethod
    def of(cls, file: ItemFile) -> RemoteRaster:
        return cls(file.key, file.asset.href, file.session, file.size)

    def reading(self, read: Callable[[Any], T]) -> T:
        """Open the raster, and return the result of a function of the rasterio dataset.

        Raises:
            ConnectionFailedError: If the connection fails, after retries, too.
            DownloadError: If the file can't be read, or isn't a GeoTIFF.
        """
        folder = OneFile(safe_name(self.key), self._ranges())
        try:
            with (
                rasterio.Env(**GDAL_OPTIONS),
                rasterio.open(folder.name, opener=folder, driver="GTiff", sharing=False) as dataset,
            ):
                elsewhere = named_overview(dataset)
                if elsewhere is not None:
                    raise DownloadError(
                        f"{self.key!r} names another file as its overview, {elsewhere!r}, and "
                        "isn't read."
                    )
                found = read(dataset)
        except RasterioError as error:
            folder.raise_failure()
            raise DownloadError(
                f"{self.key!r} can't be read as a GeoTIFF ({error}). download_results() "
                "downloads it unchanged."
            ) from error
        # GDAL might have continued without the bytes that it didn't get.
        folder.raise_failure()
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        return RemoteRaster, (self.key, self.href, self.session, self.size)

    def __dask_tokenize__(self) -> tuple[str, ...]:
        # Results never change; without this, dask would pickle the session to identify them.
        return type(self).__name__, self.href

    def _ranges(self) -> ByteRanges:
        # By client: after a fork the session has another one, and so must this.
        http = self.session.storage
        known = self._opened.get(id(http))
        if known is not None:
            return known
        source = RemoteFile(partial(signed_url, self.href, self.session), http=http, size=self.size)
        return self._opened.setdefault(id(http), ByteRanges(source, lambda: self.session.executor))


@define(eq=False)
class OneFile:
    """The folder that GDAL sees, with one file whose bytes come from elsewhere."""

    name: str
    ranges: ByteRanges
    failure: BaseException | None = None

    def open(self, path: str, mode: str = "r", **_: Any) -> RangeFile:
        self._check(path)
        return RangeFile(self)

    def isfile(self, path: str) -> bool:
        return path == self.name

    def isdir(self, path: str) -> bool:
        return False

    def ls(self, path: str) -> list[str]:
        return [self.name]

    def mtime(self, path: str) -> int:
        return 0

    def size(self, path: str) -> int:
        self._check(path)
        return self.attempt(lambda: self.ranges.size, lambda: 0)

    def rm(self, path: str) -> None:
        raise FileNotFoundError(path)

    def attempt(self, act: Callable[[], T], otherwise: Callable[[], T]) -> T:
        """Call a function for GDAL, which drops exceptions: the first one is kept for later."""
        if self.failure is None:
            try:
                return act()
            except BaseException as error:
                self.failure = error
        return otherwise()

    def raise_failure(self) -> None:
        """Raise the first exception below GDAL, if there was one."""
        if self.failure is not None:
            raise self.failure

    def _check(self, path: str) -> None:
        if path != self.name:
            raise FileNotFoundError(path)


# Makes rasterio pass GDAL's requests for many ranges at once.
MultiByteRangeResourceContainer.register(OneFile)


class RangeFile(io.RawIOBase):
    """The open file; its reads never raise."""

    def __init__(self, folder: OneFile) -> None:
        super().__init__()
        self._folder = folder
        self._position = 0

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        size = self._folder.size(self._folder.name) if whence == os.SEEK_END else 0
        bases = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: size}
        self._position = bases[whence] + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def read(self, count: int = -1, /) -> bytes:
        stop = self._position + count if count >= 0 else self._folder.size(self._folder.name)
        ranges = self._folder.ranges
        data = self._folder.attempt(lambda: ranges.read(self._position, stop), bytes)
        self._position += len(data)
        return data

    def get_byte_ranges(self, offsets: list[int], sizes: list[int]) -> list[bytes]:
        spans = [(start, start + size) for start, size in zip(offsets, sizes, strict=True)]
        return self._folder.attempt(
            lambda: self._folder.ranges.read_many(spans), lambda: [bytes(size) for size in sizes]
        )


@frozen
class Header:
    """The header of an image. Images with equal headers can be stacked.

    Attributes:
        bands: Names of the bands, or their numbers from 1.
        height, width: In pixels.
        dtype: Name of the numpy type.
        crs: The rasterio CRS, or None.
        transform: From column and row to coordinates of the CRS.
        nodata: The value of pixels without data, or None.
        block: Bands, height, and width of the parts by which the file can be read.
        attributes: Tags of the file and descriptions of the bands.
    """

    bands: Labels
    height: int
    width: int
    dtype: str
    crs: Any
    transform: Any
    nodata: float | None = field(eq=str)  # any NaN equals any other
    block: tuple[int, ...] = field(eq=False)
    attributes: dict[str, Any] = field(eq=False)

    def __str__(self) -> str:
        place = f"{self.crs} at {self.transform.c:g}, {self.transform.f:g}"
        return f"{len(self.bands)} × {self.height} × {self.width} {self.dtype} in {place}"


@frozen(eq=False)
class RasterLayer(BackendArray):
    """The rasters of one asset key, one for each item, all with the same header; read by windows.

    It has no items: pickled, they would contain their complete collection.

    Attributes:
        key: The key of the assets.
        header: The header of all rasters.
        ids: IDs of their items.
        times: When the items were acquired.
        rasters: In the order of the items.
        masked: Whether pixels without data are NaN.
    """

    key: str
    header: Header
    ids: tuple[str, ...]
    times: tuple[np.datetime64, ...]
    rasters: tuple[RemoteRaster, ...]
    masked: bool

    @property
    def dtype(self) -> np.dtype[Any]:
        dtype = np.dtype(self.header.dtype)
        # Masked pixels are NaN, which only floating point types have.
        return np.result_type(dtype, np.float32) if self.masked else dtype

    @property
    def shape(self) -> tuple[int, ...]:
        header = self.header
        return (len(self.rasters), len(header.bands), header.height, header.width)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.BASIC, self._read
        )

    def _read(self, key: tuple[int | slice, ...]) -> Any:
        """Read a selection by numbers and slices with positive steps."""
        items, bands, rows, columns = (
            range(size)[part] if isinstance(part, slice) else range(part, part + 1)
            for part, size in zip(key, self.shape, strict=True)
        )
        found = np.empty((len(items), len(bands), len(rows), len(columns)), self.dtype)
        if found.size:
            for place, item in enumerate(items):
                found[place] = self._read_item(self.rasters[item], bands, rows, columns)
        return found[tuple(slice(None) if isinstance(part, slice) else 0 for part in key)]

    def _read_item(self, raster: RemoteRaster, bands: range, rows: range, columns: range) -> Any:
        window = ((rows[0], rows[-1] + 1), (columns[0], columns[-1] + 1))
        numbers = [band + 1 for band in bands]
        values = raster.reading(
            lambda dataset: dataset.read(numbers, window=window, masked=self.masked)
        )
        if self.masked:
            values = values.astype(self.dtype).filled(np.nan)
        return values[:, :: rows.step, :: columns.step]

    def __dask_tokenize__(self) -> tuple[object, ...]:
        return (
            type(self).__name__,
            self.masked,
            *(part.__dask_tokenize__() for part in self.rasters),
        )


def read_header(raster: RemoteRaster, file: ItemFile) -> Header:
    """Open a raster and return its header; names that the file lacks come from STAC."""
    return raster.reading(lambda dataset: header_of(dataset, file))


def header_of(dataset: Any, file: ItemFile) -> Header:
    dtype = "complex64" if dataset.dtypes[0] == "complex_int16" else dataset.dtypes[0]
    descriptions = tuple(text or "" for text in dataset.descriptions)
    choices = (descriptions, stac_bands(file), tuple(dataset.indexes))
    bands = next(names for names in choices if are_labels(names, dataset.count))
    return Header(
        bands=bands,
        height=dataset.height,
        width=dataset.width,
        dtype=dtype,
        crs=dataset.crs,
        transform=dataset.transform,
        nodata=fitting(dataset.nodata, dtype),
        block=(bands_at_once(dataset), *dataset.block_shapes[0]),
        attributes={**dataset.tags(), **band_attributes(dataset, descriptions, bands)},
    )


def bands_at_once(dataset: Any) -> int:
    """Return how many bands lie together in each block."""
    return 1 if dataset.interleaving == Interleaving.band else int(dataset.count)


def band_attributes(dataset: Any, descriptions: tuple[str, ...], bands: Labels) -> dict[str, Any]:
    """Return the metadata of the bands, under the names that rioxarray writes back."""
    # Not if the coordinates have these names: rioxarray would refuse to write a selection of the
    # bands with the names of all.
    names = () if descriptions == bands and dataset.count > 1 else descriptions
    found = {
        "long_name": (names, ""),
        "units": (dataset.units, None),
        "scale_factor": (dataset.scales, 1.0),
        "add_offset": (dataset.offsets, 0.0),
    }
    return {
        name: values[0] if len(set(values)) == 1 else tuple(values)
        for name, (values, usual) in found.items()
        if not set(values) <= {usual}
    }


def fitting(nodata: float | None, dtype: str) -> float | None:
    """Return a nodata value that pixels can have; any other one has no effect."""
    if nodata is None:
        return None
    kind = np.dtype(dtype).kind
    if kind in "iu":
        info = np.iinfo(dtype)
        fits = float(nodata).is_integer() and info.min <= nodata <= info.max
    else:
        fits = kind != "f" or not np.isfinite(nodata) or abs(nodata) <= float(np.finfo(dtype).max)
    return nodata if fits else None


def stac_bands(file: ItemFile) -> tuple[str, ...]:
    for name in BAND_FIELDS:
        bands = entries(file.asset.extra_fields.get(name))
        if bands:
            return tuple(str(as_dict(band).get("name") or "") for band in bands)
    return ()


def are_labels(names: Labels, count: int) -> bool:
    """Return whether bands can be selected by these names or numbers."""
    return all(names) and len(set(names)) == count == len(names)


def layer_array(layer: RasterLayer, chunks: dict[str, Any] | None) -> xr.DataArray:
    """Return a layer as a lazy array.

    Args:
        layer: The rasters.
        chunks: Sizes of dask's chunks by dimension. If None, the array doesn't use dask and
            keeps the values that it has read.

    Returns:
        An array with dimensions (item, band, y, x), without `item` if there is a single item.
    """
    # xarray's type hints allow only paths, its backends open anything.
    dataset = xr.open_dataset(layer, engine=LayerBackend, chunks=chunks)  # type: ignore[arg-type]
    # Added here, because dask would split them into chunks.
    array: xr.DataArray = dataset[layer.key].assign_coords(
        {
            ITEM: list(layer.ids),
            TIME: (ITEM, np.array(layer.times, "datetime64[ns]")),
        }
    )
    array = array.isel({ITEM: 0}) if len(layer.rasters) == 1 else array
    header = layer.header
    if header.crs is not None:
        array = array.rio.write_crs(header.crs)
    array = array.rio.write_transform(header.transform)
    if header.nodata is not None:
        array = array.rio.write_nodata(header.nodata, encoded=layer.masked)
    return array


class LayerBackend(BackendEntrypoint):
    """A backend of xarray, which adds chunks and caching."""

    open_dataset_parameters = ("filename_or_obj", "drop_variables")

    def open_dataset(  # type: ignore[override]  # xarray passes the object that it opens
        self, filename_or_obj: RasterLayer, *, drop_variables: Any = None
    ) -> xr.Dataset:
        layer = filename_or_obj
        header = layer.header
        variable = xr.Variable(
            DIMENSIONS,
            indexing.LazilyIndexedArray(layer),
            attrs=header.attributes,
            encoding={"preferred_chunks": dict(zip(DIMENSIONS, (1, *header.block), strict=True))},
        )
        return xr.Dataset({layer.key: variable}, coords=coordinates(layer))


def coordinates(layer: RasterLayer) -> dict[str, Any]:
    """Return bands and the centers of the pixels, unless the image is rotated."""
    header = layer.header
    known: dict[str, Any] = {"band": list(header.bands)}
    transform = header.transform
    if not transform.b and not transform.d:
        known["x"] = transform.c + (np.arange(header.width) + 0.5) * transform.a
        known["y"] = transform.f + (np.arange(header.height) + 0.5) * transform.e
    return known


def acquisition_time(item: pystac.Item) -> np.datetime64:
    """Return the time of acquisition, or its start, in UTC.

    NaT if it is unknown, or a placeholder such as the year 1 or 9999, which nanoseconds can't
    represent.
    """
    found = to_utc(item.datetime or item.properties.get("start_datetime"))
    if found is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
        return np.datetime64("NaT", "us")
    return np.datetime64(found.replace(tzinfo=None), "us")
