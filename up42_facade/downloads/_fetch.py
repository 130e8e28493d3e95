"""Files and archives into an output folder, on this machine or in cloud storage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import httpx
from attrs import evolve, frozen

from up42_facade._common.progress import bar
from up42_facade.downloads._archives import download_archive
from up42_facade.downloads._download import DEFAULT_WORKERS, download_files, run_concurrently
from up42_facade.downloads._folders import Folder
from up42_facade.downloads._layout import (
    Download,
    Parts,
    Place,
    free_subfolder,
    lay_out_in,
    subfolder,
)
from up42_facade.downloads._names import below, tagged_name
from up42_facade.downloads._records import owned_names, read_record, write_record
from up42_facade.downloads._remote import RemoteFile, Validator
from up42_facade.downloads._stores import AnyFolder, Store, temporary_folder
from up42_facade.errors import UnsupportedArchiveError, Up42Error


@frozen
class Fetch:
    """A way to fetch files into a folder.

    Attributes:
        folder: The output folder.
        http: Client without credentials. If None, a shared one.
        overwrite: Fetch also files that exist and are unchanged.
        progress: Whether to show a progress bar.
        aside: Name of the subfolder for files whose paths are in use. If None, one for each group.
        workers: Files to fetch at the same time.
    """

    folder: AnyFolder
    http: httpx.Client | None = None
    overwrite: bool = False
    progress: bool = True
    aside: str | None = None
    workers: int = DEFAULT_WORKERS

    def run(self, downloads: Sequence[Download]) -> list[list[str]]:
        """Fetch files and unpack archives; return the paths of each, members in their order.

        A download that isn't the archive that it was said to be is kept as a file. Downloads of
        the same name and source are fetched once.

        Raises:
            DownloadError: If a file can't be fetched completely.
            UploadError: If cloud storage refuses or can't be reached.
        """
        keys = [(each.group, each.name, each.record_id) for each in downloads]
        unique = dict(zip(keys, downloads, strict=True))
        places = lay_out_in(self.folder, [*unique.values()], self.aside)
        found: dict[object, list[str]] = {}
        plain = {}
        for (key, download), place in zip(unique.items(), places, strict=True):
            if download.is_unpacked:
                with suppress(UnsupportedArchiveError):
                    found[key] = self._unpack(download, place)
            if key not in found:
                plain[key] = evolve(download, is_unpacked=False), place
        if plain:
            found.update(zip(plain, self._fetch([*plain.values()]), strict=True))
        return [found[key] for key in keys]

    def _unpack(self, download: Download, place: Place) -> list[str]:
        if isinstance(self.folder, Store):
            return self._upload(self.folder, download, place, self.progress)
        return download_archive(
            download.get_url,
            below(self.folder.path, *place[1]),
            http=self.http,
            size=download.size,
            checksum=download.checksum,
            progress=self.progress,
            overwrite=self.overwrite,
            source_id=download.record_id,
            folder=self.folder.path,
            aside=subfolder(self.folder, self.aside or download.group),
        )

    def _fetch(self, files: Sequence[tuple[Download, Place]]) -> list[list[str]]:
        if isinstance(self.folder, Store):
            is_single = len(files) == 1
            progress = self.progress and is_single
            upload = partial(self._upload, self.folder)
            tasks = [partial(upload, download, place, progress) for download, place in files]
            return run_concurrently(tasks, progress=self.progress and not is_single)
        path = self.folder.path
        paths = download_files(
            [
                evolve(download, target=below(path, *file), folder=path)
                for download, (file, _) in files
            ],
            http=self.http,
            overwrite=self.overwrite,
            progress=self.progress,
            workers=self.workers,
        )
        return [[str(path)] for path in paths]

    def _upload(self, store: Store, download: Download, place: Place, progress: bool) -> list[str]:
        """Fetch a file or archive to disk, and put it into the store."""
        record = None if self.overwrite else read_record(store, download.record_id)
        if record is not None and record.is_current(RemoteFile(download.get_url, http=self.http)):
            return record.paths
        with temporary_folder() as path:
            local = Fetch(Folder(path), self.http, progress=progress)
            if download.is_unpacked:
                paths = [Path(found) for found in local._unpack(download, place)]
                members = [found.relative_to(path).parts for found in paths]
                above = self._subfolder(store, download, members)
                names = ["/".join((*above, *parts)) for parts in members]
            else:
                ((found,),) = local._fetch([(download, place)])
                paths, names = [Path(found)], ["/".join(place[0])]
            delivered = read_record(Folder(path), download.record_id)
            version = Validator() if delivered is None else delivered.validator
            self._put_all(store, download.record_id, version, paths, names, progress)
        return [store.location(name) for name in names]

    def _subfolder(self, store: Store, archive: Download, members: Sequence[Parts]) -> Parts:
        aside = subfolder(store, self.aside or archive.group)
        if aside is None:
            return ()
        source_id = archive.record_id
        asides = (aside, tagged_name(aside, source_id))
        return free_subfolder(store, members, asides, owned_names(store, source_id))

    def _put_all(
        self,
        store: Store,
        source_id: str,
        version: Validator,
        paths: Sequence[Path],
        names: Sequence[str],
        progress: bool,
    ) -> None:
        """Upload files and record them, or leave nothing new in the store."""
        added: list[str] = []
        is_single = progress and len(paths) == 1
        tasks: list[Callable[[], None]] = [
            partial(self._put, store, path, name, added, is_single)
            for path, name in zip(paths, names, strict=True)
        ]
        try:
            run_concurrently(tasks, progress=progress and not is_single)
            write_record(store, source_id, version, names)
        except BaseException:
            for name in added:
                # The first failure is more informative.
                with suppress(Up42Error):
                    store.remove(name)
            raise

    def _put(self, store: Store, path: Path, name: str, added: list[str], progress: bool) -> None:
        is_new = store.find(name) is None
        # Everything in a job's own folder belongs to the job.
        is_own = self.aside is not None and subfolder(store, self.aside) is None
        with bar(progress=progress, unit="B", unit_scale=True, desc=f"upload {path.name}") as shown:

            def show(size: int, sent: int) -> None:
                shown.total = size
                shown.update(sent - shown.n)

            store.put(path, name, replace=is_own or not is_new, on_bytes=show)
        if is_new:
            added.append(name)
        path.unlink()
