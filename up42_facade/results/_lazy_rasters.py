"""Rasters in UP42 storage as xarray arrays that are read lazily."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import rioxarray  # noqa: F401 - registers the accessor `rio`
import xarray as xr
from attrs import field, frozen
from rasterio.enums import Interleaving
from xarray.backends import BackendArray, BackendEntrypoint
from xarray.core import indexing

from up42_facade._common.times import to_utc
from up42_facade._common.values import as_dict, entries
from up42_facade.results._item_files import ItemFile
from up42_facade.results._remote_raster import RemoteRaster

if TYPE_CHECKING:
    import pystac

ITEM = "item"
TIME = "time"
DIMENSIONS = (ITEM, "band", "y", "x")
# Where STAC items name the bands of an asset: since version 1.1, and in the extension before.
BAND_FIELDS = ("bands", "eo:bands")
# The complete years that 64 bits of nanoseconds can hold.
FIRST_YEAR, LAST_YEAR = 1678, 2261
Labels = tuple[str, ...] | tuple[int, ...]


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
