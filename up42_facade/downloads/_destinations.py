"""Folders that files are brought into: on this machine, or in another store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from attrs import frozen

from up42_facade._common.stopping import Stop, transfer_stop
from up42_facade.downloads._folders import RESERVED_NAME
from up42_facade.downloads._layout import Place, Planned, free_subfolder, lay_out_in, subfolder
from up42_facade.downloads._locations import below, local_folder, scheme_of
from up42_facade.downloads._names import tagged_name
from up42_facade.downloads._records import (
    Record,
    Validator,
    owned_paths,
    read_record,
    write_record,
)
from up42_facade.downloads._staging import local_errors
from up42_facade.downloads._stores import Store, open_store
from up42_facade.errors import InvalidInputError, Up42Error

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


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
        from up42_facade.downloads._download import Download, download_files

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
        from up42_facade.downloads._archives import download_archive

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


@frozen
class StoreFolder:
    """A folder in another store: files are fetched to disk, verified, and put there one by one."""

    store: Store
    http: httpx.Client
    overwrite: bool = False
    progress: bool = True
    aside: str | None = None
    """As for `LocalFolder`."""

    def lay_out(self, planned: Sequence[Planned]) -> list[Place]:
        return lay_out_in(self.store, planned, self.aside)

    def fetch_files(self, files: Sequence[Incoming]) -> list[str]:
        progress = self.progress and len(files) == 1
        tasks = [partial(self._fetch_file, file, progress) for file in files]
        return side_by_side(tasks, progress=self.progress and not progress)

    def fetch_archive(self, archive: Incoming) -> list[str]:
        record = None if self.overwrite else self._unchanged(archive, archive.plan.record_id)
        if record is not None:
            return [str(url) for url in record.paths]
        with temporary_folder() as folder:
            local = LocalFolder(folder, self.http, progress=self.progress)
            paths = [Path(path) for path in local.fetch_archive(archive)]
            members = [path.relative_to(folder).parts for path in paths]
            above = self._subfolder(archive, members)
            names = ["/".join((*above, *parts)) for parts in members]
            self._upload(archive.plan.record_id, folder, paths, names, self.progress)
        return [self.store.location(name) for name in names]

    def _fetch_file(self, file: Incoming, progress: bool) -> str:
        name = "/".join(file.place.file)
        if self.overwrite or self._unchanged(file, file.plan.source_id) is None:
            with temporary_folder() as folder:
                local = LocalFolder(folder, self.http, progress=progress)
                paths = [Path(path) for path in local.fetch_files([file])]
                self._upload(file.plan.source_id, folder, paths, [name], progress)
        return self.store.location(name)

    @property
    def _is_own(self) -> bool:
        """Whether everything in the folder belongs to whoever the files belong to."""
        return self.aside is not None and subfolder(self.store, self.aside) is None

    def _unchanged(self, file: Incoming, source_id: str) -> Record | None:
        """Return what a source delivered before, if all of it is there and it's still the same."""
        from up42_facade.downloads._remote import RemoteFile

        record = read_record(self.store, source_id)
        source = RemoteFile(file.get_url, http=self.http)
        return record if record is not None and source.is_unchanged(record) else None

    def _subfolder(self, archive: Incoming, members: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
        aside = subfolder(self.store, self.aside or archive.plan.group)
        if aside is None:
            return ()
        source_id = archive.plan.record_id
        owned = owned_paths(self.store, source_id)
        asides = (aside, tagged_name(aside, source_id))
        return free_subfolder(self.store, members, asides, owned.__contains__)

    def _upload(
        self,
        source_id: str,
        folder: Path,
        paths: Sequence[Path],
        names: Sequence[str],
        progress: bool,
    ) -> None:
        """Put what a source delivered into the store and record it, or leave nothing new there."""
        added: list[str] = []
        delivered = read_record(folder, source_id)
        is_alone = progress and len(paths) == 1
        tasks = [
            partial(self._put, path, name, added, is_alone)
            for path, name in zip(paths, names, strict=True)
        ]
        try:
            side_by_side(tasks, progress=progress and not is_alone)
            validator = Validator() if delivered is None else delivered.validator
            write_record(self.store, source_id, validator, names)
        except BaseException:
            for name in added:
                # What failed before says more.
                with suppress(Up42Error):
                    self.store.remove(name)
            raise

    def _put(self, path: Path, name: str, added: list[str], progress: bool) -> None:
        from up42_facade._common.progress import bar
        from up42_facade.downloads._remote import Stopped

        if transfer_stop().is_set():
            raise Stopped("The download was stopped.")
        is_new = self.store.find(name) is None
        is_ours = not is_new or self._is_own
        with bar(progress=progress, unit="B", unit_scale=True, desc=f"upload {path.name}") as shown:

            def show(size: int, sent: int) -> None:
                shown.total = size
                shown.update(sent - shown.n)

            self.store.put(path, name, replace=is_ours, on_bytes=show)
        if is_new:
            added.append(name)
        path.unlink()


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Make a folder for what is on its way into a store.

    Raises:
        DownloadError: There is no room, or no right to write.
    """
    with (
        local_errors("The folder for temporary files"),
        TemporaryDirectory(prefix=f"{RESERVED_NAME}-", ignore_cleanup_errors=True) as folder,
    ):
        yield Path(folder)


def side_by_side(tasks: Sequence[Callable[[], T]], *, progress: bool) -> list[T]:
    """Do several things at a time; the first failure stops the others and is raised."""
    from up42_facade._common.progress import bar
    from up42_facade.downloads._download import DEFAULT_WORKERS
    from up42_facade.downloads._remote import Stopped

    stop = Stop()

    def run(task: Callable[[], T]) -> T:
        with stop.applied():
            if stop.is_set:
                raise Stopped("The download was stopped.")
            return task()

    if len(tasks) == 1:
        return [task() for task in tasks]
    with (
        bar(progress=progress, total=len(tasks), unit="file") as shown,
        ThreadPoolExecutor(DEFAULT_WORKERS, thread_name_prefix="up42-upload") as pool,
    ):
        futures = [pool.submit(run, task) for task in tasks]
        try:
            for future in as_completed(futures):
                future.result()
                shown.update()
        except BaseException:
            stop.set()
            for future in futures:
                future.cancel()
            raise
        return [future.result() for future in futures]


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
        MissingExtraError, MissingExtraError: fsspec or the store's driver isn't installed.
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
    return StoreFolder(open_store(str(output_directory), storage_options), **options)
