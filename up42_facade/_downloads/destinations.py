"""Folders that files are brought into: on this machine, or in another store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from attrs import frozen

from up42_facade._downloads.layout import Place, Planned, lay_out_in, subfolder
from up42_facade._downloads.locations import below, local_folder, scheme_of
from up42_facade.errors import InvalidInputError

if TYPE_CHECKING:
    import httpx


@frozen
class Incoming:
    """One file on its way: where it comes from, where in the folder it goes, what it must be."""

    get_url: Callable[[], str]
    """Gives a URL; called again when a signed URL has expired."""
    plan: Planned
    place: Place
    size: int | None = None
    """Length in bytes, if known."""
    checksum: str | None = None
    """Multihash (hexadecimal) or `algorithm:digest`, if known."""
    media_type: str | None = None


class Destination(Protocol):
    """A folder anywhere."""

    def lay_out(self, planned: Sequence[Planned]) -> list[Place]:
        """Give each file a path of its own in the folder."""

    def fetch_files(self, files: Sequence[Incoming]) -> list[str]:
        """Bring files into the folder, several at a time; return where they are."""

    def fetch_archive(self, archive: Incoming) -> list[str]:
        """Unpack an archive into its folder; return where its members are.

        Raises:
            UnsupportedArchiveError: It is no archive.
        """


@frozen
class LocalFolder:
    """A folder on this machine."""

    folder: Path
    http: httpx.Client
    overwrite: bool = False
    progress: bool = True
    aside: str | None = None
    """Name of the subfolder for files whose paths are in use; None for one for each item."""

    def lay_out(self, planned: Sequence[Planned]) -> list[Place]:
        return lay_out_in(self.folder, planned, self.aside)

    def fetch_files(self, files: Sequence[Incoming]) -> list[str]:
        from up42_facade.downloads import Download, download_files

        wanted = [
            Download(
                file.get_url,
                below(self.folder, *file.place.file),
                file.size,
                file.checksum,
                media_type=file.media_type,
                source_id=file.plan.source_id,
                folder=self.folder,
            )
            for file in files
        ]
        found = download_files(
            wanted, http=self.http, overwrite=self.overwrite, progress=self.progress
        )
        return [str(path) for path in found]

    def fetch_archive(self, archive: Incoming) -> list[str]:
        from up42_facade._downloads.archives import download_archive

        return download_archive(
            archive.get_url,
            below(self.folder, *archive.place.folder),
            http=self.http,
            size=archive.size,
            checksum=archive.checksum,
            progress=self.progress,
            overwrite=self.overwrite,
            source_id=archive.plan.record_id,
            folder=self.folder,
            aside=subfolder(self.folder, self.aside or archive.plan.group),
        )


def destination(
    output_directory: str | Path,
    storage_options: Mapping[str, Any] | None = None,
    **options: Any,
) -> Destination:
    """Return the folder that a caller has named, in whatever store.

    Args:
        output_directory: A path, a `file://` URL, or the URL of a folder in another store.
        storage_options: For the fsspec driver of that store.
        options: `http`, `overwrite`, `progress`, and `aside`, as for `LocalFolder`.

    Raises:
        InvalidInputError: The URL or the options are not usable.
        MissingExtraError, MissingDriverError: fsspec or the store's driver isn't installed.
    """
    if storage_options is not None and not isinstance(storage_options, Mapping):
        raise InvalidInputError(
            f"storage_options is of type {type(storage_options).__name__}: expected a dict."
        )
    if scheme_of(output_directory) is None:
        if storage_options:
            raise InvalidInputError(
                "storage_options are given, but output_directory is on this machine: expected "
                "the URL of a folder in another store, such as 's3://bucket/results'."
            )
        return LocalFolder(local_folder(output_directory), **options)
    from up42_facade._downloads.store_files import StoreFolder
    from up42_facade._downloads.stores import open_store

    return StoreFolder(open_store(str(output_directory), storage_options), **options)
