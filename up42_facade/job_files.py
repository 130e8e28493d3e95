"""The files of a processing job: results, quicklooks and inputs on disk, and how they look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define

from up42_facade.errors import NoResultsError, UnfinishedJob
from up42_facade.viz import Viz

if TYPE_CHECKING:
    import pystac

    from up42_facade.processing_types import JobStatus, ValidationError
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

        Endpoint: GET /v2/assets/stac/collections/{collectionId}/items.
        """
        collection = self.collection
        if collection is not None:
            return list(collection.get_items())
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

    def download_results(
        self,
        output_directory: str | Path | None = None,
        *,
        assets: str | Sequence[str] | None = None,
        unpacking: bool = True,
        overwrite: bool = False,
        progress: bool = True,
    ) -> list[str]:
        """Download the files of the results, several at a time.

        Args:
            output_directory: Default: the folder `job_<id>` in the current one.
            assets: Only assets with these keys, roles or media types; default: all.
            unpacking: Unpack archives while they arrive, instead of keeping them.
            overwrite: Fetch also files that are there with the right size and checksum.
            progress: Show a bar.

        Returns:
            The paths, in the order of items and assets. A file is named by its asset's key, in
            a folder named by its item where several assets have one key.

        Raises:
            UnfinishedJob: The job has no results yet. NoResultsError: It ended without.
            InvalidInputError: `assets` fits nothing; the error lists what is there.
            DownloadError: A file could not be fetched whole. No part of it stands under its
                name.

        Example:
            >>> paths = job.download_results(folder, assets="data")

        Endpoints: GET /v2/assets/stac/collections/{collectionId}/items, POST
        /v2/assets/{assetId}/download-url.
        """
        self._files.results = self._download(
            self.items,
            output_directory,
            assets=assets,
            unpacking=unpacking,
            overwrite=overwrite,
            progress=progress,
        )
        return self._files.results

    def download_quicklooks(
        self, output_directory: str | Path | None = None, *, progress: bool = True
    ) -> list[str]:
        """Download the thumbnails or overviews of the results, to see them with plot_quicklooks.

        Args:
            output_directory: Default: the folder `job_<id>` in the current one.
            progress: Show a bar.

        Returns:
            The paths; empty if the results have no quicklooks.

        Raises:
            UnfinishedJob, NoResultsError, DownloadError: As for `download_results`.

        Example:
            >>> paths = job.download_quicklooks(folder)

        Endpoints: As for `download_results`.
        """
        items = self.items
        roles = {role for item in items for role in item_roles(item)}
        wanted = [role for role in QUICKLOOK_ROLES if role in roles]
        self._files.quicklooks = (
            self._download(items, output_directory, assets=wanted, progress=progress)
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
    ) -> list[str]:
        """Download the files of the items that the job was given.

        Vector results are then drawn over these images.

        Args:
            output_directory: Default: the folder `job_<id>/inputs` in the current one.
            assets, overwrite, progress: As for `download_results`.

        Returns:
            The paths.

        Raises:
            NotFoundError: An item is no longer in storage.
            InvalidInputError, DownloadError: As for `download_results`.

        Example:
            >>> paths = job.download_inputs(folder, assets="multispectral.tif")

        Endpoints: GET /v2/assets/stac/collections/{collectionId}/items/{itemId}, POST
        /v2/assets/{assetId}/download-url.
        """
        from up42_facade.stac import read_item

        items = [read_item(url, self.session) for url in item_urls(self.inputs)]
        folder = output_directory or self._folder / "inputs"
        self._files.inputs = self._download(
            items, folder, assets=assets, overwrite=overwrite, progress=progress
        )
        return self._files.inputs

    @property
    def _folder(self) -> Path:
        return Path.cwd() / f"job_{self.id}"

    def _download(
        self, items: Iterable[pystac.Item], output_directory: str | Path | None, **options: Any
    ) -> list[str]:
        from up42_facade.item_files import download_items

        folder = output_directory or self._folder
        return download_items(items, folder, session=self.session, **options)

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
