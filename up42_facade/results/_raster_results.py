"""Raster results of a processing job as lazy xarray objects. Needs the extra `xarray`.

rasterio reads through the download engine, and rioxarray adds the CRS. The alternative was
odc-stac: it puts signed URLs into the task graph, which expire before their use, takes type,
nodata, and bands from STAC metadata that UP42's results lack (it finds one of four bands), and
resamples to a common grid. rioxarray's own reader keeps a file open under one URL.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from numbers import Integral
from typing import TYPE_CHECKING, Any

import xarray as xr

from up42_facade._common.values import as_list, is_number
from up42_facade.errors import InvalidInputError, MissingExtraError, NoResultsError
from up42_facade.results._item_files import TIFF, described, files_of, files_of_items, wanted_assets
from up42_facade.results._lazy_rasters import (
    DIMENSIONS,
    ITEM,
    Header,
    RasterLayer,
    RemoteRaster,
    acquisition_time,
    layer_array,
    read_header,
)

if TYPE_CHECKING:
    import pystac

    from up42_facade.results._item_files import ItemFile, Source

Choice = str | Sequence[str] | None
Chunks = int | str | Mapping[str, Any] | None
# Headers that are read concurrently.
WORKERS = 8
AUTO = "auto"


def open_rasters(
    items: Sequence[pystac.Item],
    job: Source,
    *,
    assets: Choice,
    item_ids: Choice,
    chunks: Chunks,
    masked: bool,
) -> xr.DataArray | xr.Dataset:
    """Open the chosen rasters; see `Job.to_xarray`."""
    wanted_chunks = checked_chunks(chunks)
    files = chosen(files_of_items(of_ids(items, item_ids), job.session), job, assets)
    layers = layers_of(files, masked)
    arrays = {layer.key: in_chunks(layer, wanted_chunks) for layer in layers}
    if len(arrays) == 1:
        return arrays[layers[0].key]
    if any(layer.header != layers[0].header or layer.ids != layers[0].ids for layer in layers):
        raise InvalidInputError(
            f"The rasters {', '.join(map(repr, arrays))} differ in grid, bands, type, or items and "
            f"don't fit into one Dataset: {differences(layers)}. Open them one by one with "
            "assets=…."
        )
    return xr.Dataset(arrays)


def in_chunks(layer: RasterLayer, chunks: dict[str, Any] | None) -> xr.DataArray:
    """Return a layer as an array.

    Raises:
        InvalidInputError: If xarray or dask can't split the layer into these chunks.
    """
    try:
        return layer_array(layer, chunks)
    except (ValueError, TypeError) as error:
        if chunks is None:
            raise
        raise InvalidInputError(
            f"{layer.key!r} ({layer.header}) can't be split into chunks={chunks!r}: {error}. "
            "Expected numbers of pixels, bands, or items by dimension."
        ) from error


def checked_chunks(chunks: Chunks) -> dict[str, Any] | None:
    """Return chunk sizes by dimension, None for no chunks.

    Raises:
        InvalidInputError: If the chunks aren't sizes, or name an unknown dimension.
        MissingExtraError: If dask isn't installed.
    """
    if chunks is None:
        return None
    try:
        import dask.array  # noqa: F401 - only to check that it is installed: xarray doesn't need it
    except ImportError as error:
        raise MissingExtraError("to_xarray(chunks=…)", "xarray") from error
    if chunks == AUTO:
        return {ITEM: 1, "band": -1, "y": AUTO, "x": AUTO}
    if is_number(chunks) and isinstance(chunks, Integral) and chunks > 0:
        return {ITEM: 1, "band": -1, "y": int(chunks), "x": int(chunks)}
    if isinstance(chunks, Mapping) and set(chunks) <= set(DIMENSIONS):
        return {ITEM: 1, **chunks}
    raise InvalidInputError(
        f"chunks={chunks!r}: expected 'auto', a number of pixels, sizes by dimension "
        f"({', '.join(DIMENSIONS)}), or None for an array without dask."
    )


def of_ids(items: Sequence[pystac.Item], item_ids: Choice) -> Sequence[pystac.Item]:
    if item_ids is None:
        return items
    wanted = as_list(item_ids)
    known = {item.id: item for item in items}
    unknown = [item_id for item_id in wanted if item_id not in known]
    if unknown or not wanted:
        raise InvalidInputError(
            f"item_ids={item_ids!r} matches no item of the results. Available: "
            f"{', '.join(known) or 'none'}."
        )
    return [known[item_id] for item_id in dict.fromkeys(wanted)]


def chosen(files: Sequence[ItemFile], job: Source, assets: Choice) -> list[ItemFile]:
    """Return the requested rasters.

    Raises:
        NoResultsError: If there are no rasters.
        InvalidInputError: If none of the rasters is requested.
    """
    rasters = files_of(files, {TIFF})
    if not rasters:
        raise NoResultsError(
            f"Job {job.id} has no raster results (GeoTIFF). Its files are: {described(files)}. "
            "get_results_json() reads vector results, download_results() downloads all files.",
            job,
        )
    wanted = wanted_assets(assets)
    found = [file for file in rasters if file.is_wanted(wanted)]
    if not found:
        raise InvalidInputError(
            f"assets={assets!r} matches no raster: expected keys, roles, or media types. "
            f"Available: {described(rasters)}."
        )
    return found


def layers_of(files: Sequence[ItemFile], masked: bool) -> list[RasterLayer]:
    """Group the rasters by key, across items.

    Raises:
        InvalidInputError: If rasters of one key have different grids, bands, or types.
    """
    rasters = [RemoteRaster.of(file) for file in files]
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="up42-header") as pool:
        headers = list(pool.map(read_header, rasters, files))
    layers = []
    for key in dict.fromkeys(file.key for file in files):
        places = [place for place, file in enumerate(files) if file.key == key]
        check_alike(key, [(files[place], headers[place]) for place in places])
        items = [files[place].item for place in places]
        layers.append(
            RasterLayer(
                key,
                headers[places[0]],
                tuple(item.id for item in items),
                tuple(map(acquisition_time, items)),
                tuple(rasters[place] for place in places),
                masked,
            )
        )
    return layers


def check_alike(key: str, parts: Sequence[tuple[ItemFile, Header]]) -> None:
    if all(header == parts[0][1] for _, header in parts):
        return
    listed = "; ".join(f"{file.item.id}: {header}" for file, header in parts)
    raise InvalidInputError(
        f"The rasters {key!r} of {len(parts)} items differ in grid, bands, or type and can't be "
        f"stacked: {listed}. Open them one by one with item_ids=…."
    )


def differences(layers: Iterable[RasterLayer]) -> str:
    return "; ".join(f"{layer.key}: {layer.header}, {len(layer.ids)} items" for layer in layers)
