"""The files of a processing job: results, quicklooks and inputs on disk, and how they look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, overload

from attrs import define

from up42_facade.downloads._names import safe_name
from up42_facade.errors import (
    MissingExtraError,
    NoResultsError,
    UnexpectedResponseError,
    UnfinishedJob,
)
from up42_facade.viz import Viz

if TYPE_CHECKING:
    import pystac
    import xarray
    from geopandas import GeoDataFrame

    from up42_facade.processing._job import Job
    from up42_facade.processing._types import JobStatus, ValidationError
    from up42_facade.session import Session

QUICKLOOK_ROLES = ("thumbnail", "overview")
IMAGE_SUFFIXES = (".tif", ".tiff")


@define
class Files:
    """Paths of what was downloaded last, None before the first download."""

    results: list[str] | None = None
    quicklooks: list[str] | None = None
    inputs: list[str] | None = None


class JobFiles(Viz):
    """What `Job` can do with files. It is a part of `Job`, not for use by itself."""

    __slots__ = ()

    if TYPE_CHECKING:
        id: str
        status: JobStatus
        errors: list[ValidationError] | None

        @property
        def _files(self) -> Files: ...
        @property
        def inputs(self) -> dict[str, Any]: ...
        @property
        def is_finished(self) -> bool: ...
        @property
        def session(self) -> Session: ...
        @property
        def collection(self) -> pystac.Collection | None: ...

    @property
    def results(self) -> list[str] | None:
        """Paths of the results that were downloaded last; None before the first download."""
        return self._files.results

    @property
    def quicklooks(self) -> list[str] | None:
        """Paths of the quicklooks that were downloaded last; None before the first download."""
        return self._files.quicklooks

    @property
    def items(self) -> list[pystac.Item]:
        """The STAC items of the results, all pages of them. Asks each time.

        Raises:
            UnfinishedJob: The job has no results yet. NoResultsError: It ended without.
            UnexpectedResponseError: If an item can't be read. `collection.get_items()` yields
                the others first.

        Endpoint: GET /v2/assets/stac/collections/{collectionId}/items.
        """
        return list(self._iterate_items())

    def _iterate_items(self) -> Iterator[pystac.Item]:
        collection = self.collection
        if collection is not None:
            return collection.get_items()
        if not self.is_finished:
            raise UnfinishedJob(
                f"Job {self.id} is {self.status.value!r} and has no results yet: call track() "
                "first.",
                self,
            )
        reasons = "; ".join(f"{error.name}: {error.message}" for error in self.errors or [])
        raise NoResultsError(
            f"Job {self.id} ended {self.status.value!r} and has no results."
            + (f" {reasons}." if reasons else ""),
            self,
        )

    @overload
    def get_results_json(self, as_dataframe: Literal[False] = False) -> dict[str, Any]: ...

    @overload
    def get_results_json(self, as_dataframe: Literal[True]) -> GeoDataFrame: ...

    @overload
    def get_results_json(self, as_dataframe: bool) -> dict[str, Any] | GeoDataFrame: ...

    def get_results_json(self, as_dataframe: bool = False) -> dict[str, Any] | GeoDataFrame:
        """Return the features of all vector results (GeoJSON), read into memory.

        Args:
            as_dataframe: Return a GeoDataFrame instead of the GeoJSON as a dict.

        Returns:
            A FeatureCollection, or a GeoDataFrame in EPSG:4326 with the properties of the
            features as columns; without features an empty one with geometry and CRS.

            Each feature has two properties more: `item_id` and `asset`, the id of the item and
            the key of the asset that it comes from. A feature's own property of such a name is
            kept as `properties.item_id` or `properties.asset`. Files that declare another CRS,
            as GeoJSON could before 2016, are transformed to longitude and latitude.

        Raises:
            UnfinishedJob: The job has no results yet. NoResultsError: It ended without, or has
                no vector results; the error lists what it has.
            UnexpectedResponseError: A file is no GeoJSON.
            DownloadError: A file could not be fetched whole.

        Example:
            >>> frame = job.get_results_json(as_dataframe=True)

        Endpoints: GET /v2/assets/stac/collections/{collectionId}/items, POST
        /v2/assets/{assetId}/download-url.
        """
        from up42_facade.results._vector_results import feature_collection, to_results_frame

        collection = feature_collection(self.items, cast("Job", self))
        return to_results_frame(collection) if as_dataframe else collection

    def to_xarray(
        self,
        assets: str | Sequence[str] | None = None,
        *,
        item_ids: str | Sequence[str] | None = None,
        chunks: int | str | Mapping[str, Any] | None = None,
        masked: bool = False,
    ) -> xarray.DataArray | xarray.Dataset:
        """Open the raster results (GeoTIFF) without downloading them. Needs the extra `xarray`.

        Only headers are read now. Pixels are read when they are needed, window by window, each
        time with a signed URL that works then.

        Args:
            assets: Only rasters with these keys, roles or media types; default: all.
            item_ids: Only rasters of these items; default: of all.
            chunks: None for an array without dask: the part that is asked for is read at once,
                and an array that was read whole is kept. Or the size of the chunks that dask
                reads, side by side: pixels along y and x, or `auto` for whole blocks of the file
                up to dask's option `array.chunk-size`, or sizes by dimension, for instance
                `{"y": 1024, "x": 1024}`; a dimension that isn't named has the file's blocks.
            masked: Make pixels without data NaN, in a type that has it: float32, float64 or
                complex. Otherwise values are as the file has them.

        Returns:
            A DataArray named by the asset's key, with dimensions (band, y, x), or (item, band,
            y, x) where several items have such an asset on the same grid. Rasters of several
            keys, all on one grid with the same bands, are the variables of a Dataset.

            Coordinates: `band` has the names in the file, else those of the STAC asset, else
            numbers from 1; `y` and `x` are centres of pixels in the CRS of the file (none if
            the image is rotated); `item` and `time` are id and time (UTC) of the item.
            `array.rio.crs`, `array.rio.transform()` and `array.rio.nodata` come from the file.

        Raises:
            MissingExtraError: The extra isn't installed.
            UnfinishedJob: The job has no results yet. NoResultsError: It ended without, or has
                no raster results; the error lists what it has.
            InvalidInputError: A choice fits nothing, `chunks` can't be used, or the rasters
                don't fit together; the error says how they differ.
            DownloadError: A file can't be read. Reading pixels raises it as well.

        Example:
            >>> trees = job.to_xarray(chunks=1024)
            >>> share = float((trees > 200).mean())

        Endpoints: GET /v2/assets/stac/collections/{collectionId}/items, POST
        /v2/assets/{assetId}/download-url.
        """
        try:
            from up42_facade.results._raster_results import open_rasters
        except ImportError as error:
            raise MissingExtraError("to_xarray()", "xarray") from error
        return open_rasters(
            self.items,
            cast("Job", self),
            assets=assets,
            item_ids=item_ids,
            chunks=chunks,
            masked=masked,
        )

    def download_results(
        self,
        output_directory: str | Path | None = None,
        *,
        assets: str | Sequence[str] | None = None,
        unpacking: bool = True,
        overwrite: bool = False,
        progress: bool = True,
        storage_options: Mapping[str, Any] | None = None,
    ) -> list[str]:
        """Download the files of the results, several at a time.

        Args:
            output_directory: A folder, or the URL of one in another store, such as
                `s3://bucket/results` (extra `cloud`); default: the folder `job_<id>` in the
                current one.
            assets: Only assets with these keys, roles or media types; default: all.
            unpacking: Unpack archives while they arrive, instead of keeping them.
            overwrite: Fetch also files that are there and unchanged. Those of others stay.
            progress: Show a bar.
            storage_options: For the fsspec driver of another store, for instance credentials.

        Returns:
            The paths, in the order of items and assets; complete URLs if they are in cloud
            storage. A file is named by its asset's key. If several assets have one key, it goes
            to a subfolder named by its item; an archive beside other files is unpacked into a
            subfolder named by the archive. If a path is in use, for instance by another job's
            results, all new files go to the subfolder `job_<id>`.

        Raises:
            UnfinishedJob: The job has no results yet. NoResultsError: It ended without.
            InvalidInputError: `assets` fits nothing; the error lists what is there. Or
                `output_directory` or `storage_options` is not usable.
            UnexpectedResponseError: If an item can't be read; the files of the others were
                downloaded, and `results` has their paths.
            DownloadError: A file could not be fetched whole. No part of it stands under its
                name.
            UploadError: The other store refuses or can't be reached.
            MissingExtraError, MissingExtraError: fsspec or the store's driver isn't installed.

        Example:
            >>> paths = job.download_results(folder, assets="data")

        Endpoints: GET /v2/assets/stac/collections/{collectionId}/items, POST
        /v2/assets/{assetId}/download-url.
        """
        items: list[pystac.Item] = []
        unreadable: UnexpectedResponseError | None = None
        try:
            items.extend(self._iterate_items())
        except UnexpectedResponseError as error:
            if not items:
                raise
            unreadable = error
        self._files.results = self._download(
            items,
            output_directory,
            assets=assets,
            unpacking=unpacking,
            overwrite=overwrite,
            progress=progress,
            storage_options=storage_options,
        )
        if unreadable is not None:
            unreadable.add_note("The files of the other items were downloaded: see `results`.")
            raise unreadable
        return self._files.results

    def download_quicklooks(
        self,
        output_directory: str | Path | None = None,
        *,
        progress: bool = True,
        storage_options: Mapping[str, Any] | None = None,
    ) -> list[str]:
        """Download the thumbnails or overviews of the results, to see them with plot_quicklooks.

        Args:
            output_directory, progress, storage_options: As for `download_results`.

        Returns:
            The paths; empty if the results have no quicklooks.

        Raises:
            UnfinishedJob, NoResultsError, DownloadError, UploadError: As for `download_results`.

        Example:
            >>> paths = job.download_quicklooks(folder)

        Endpoints: As for `download_results`.
        """
        items = self.items
        roles = {role for item in items for role in item_roles(item)}
        wanted = [role for role in QUICKLOOK_ROLES if role in roles]
        self._files.quicklooks = (
            self._download(
                items,
                output_directory,
                assets=wanted,
                progress=progress,
                storage_options=storage_options,
            )
            if wanted
            else []
        )
        return self._files.quicklooks

    def download_inputs(
        self,
        output_directory: str | Path | None = None,
        *,
        assets: str | Sequence[str] | None = "data",
        overwrite: bool = False,
        progress: bool = True,
        storage_options: Mapping[str, Any] | None = None,
    ) -> list[str]:
        """Download the files of the items that the job was given.

        Vector results are then drawn over these images.

        Args:
            output_directory: A folder, or the URL of one in another store (extra `cloud`);
                default: the folder `job_<id>/inputs` in the current one.
            assets, overwrite, progress, storage_options: As for `download_results`.

        Returns:
            The paths.

        Raises:
            NotFoundError: An item is no longer in storage.
            InvalidInputError, DownloadError, UploadError: As for `download_results`.

        Example:
            >>> paths = job.download_inputs(folder, assets="multispectral.tif")

        Endpoints: GET /v2/assets/stac/collections/{collectionId}/items/{itemId}, POST
        /v2/assets/{assetId}/download-url.
        """
        from up42_facade.stac import read_item

        items = [read_item(url, self.session) for url in item_urls(self.inputs)]
        folder = output_directory or self._folder / "inputs"
        self._files.inputs = self._download(
            items,
            folder,
            assets=assets,
            overwrite=overwrite,
            progress=progress,
            storage_options=storage_options,
            aside=f"{self._folder.name}_inputs",
        )
        return self._files.inputs

    @property
    def _folder(self) -> Path:
        return Path.cwd() / safe_name(f"job_{self.id}")

    def _download(
        self, items: Iterable[pystac.Item], output_directory: str | Path | None, **options: Any
    ) -> list[str]:
        from up42_facade.results._item_files import fetch_items

        folder = output_directory or self._folder
        given = {"aside": self._folder.name, **options}
        return fetch_items(items, folder, session=self.session, **given)

    def _backdrop_paths(self) -> list[str]:
        images = [p for p in self._files.inputs or [] if Path(p).suffix.lower() in IMAGE_SUFFIXES]
        return images[:1]


def item_roles(item: pystac.Item) -> set[str]:
    return {role for asset in item.assets.values() for role in asset.roles or ()}


def item_urls(inputs: dict[str, Any]) -> list[str]:
    """Return the URLs of STAC items among the inputs of a process."""
    values = [
        v for value in inputs.values() for v in (value if isinstance(value, list) else [value])
    ]
    return [value for value in values if isinstance(value, str) and "/items/" in value]
