"""Files brought from signed URLs into another store: verified, whole, several at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from attrs import define, field

from up42_facade._common.stopping import transfer_stop
from up42_facade._downloads.archives import download_archive
from up42_facade._downloads.layout import Place, Planned, lay_out
from up42_facade._downloads.remote import Stopped
from up42_facade.downloads import DEFAULT_WORKERS, inflate_to
from up42_facade.errors import Up42Error

if TYPE_CHECKING:
    import httpx

    from up42_facade._downloads.destinations import Incoming
    from up42_facade._downloads.stores import Store

# Times that a file is begun anew because it was replaced while being read.
MAX_RESTARTS = 3
# Bytes of a file on disk that are handed over at once.
BLOCK_BYTES = 1 << 20
Parts = tuple[str, ...]


@define
class StoreFolder:
    """A folder in another store.

    Attributes:
        store: The folder.
        http: Client for the URLs; None for a shared one without credentials.
        overwrite: Send also files that are there with the right size.
        progress: Whether to show a bar.
    """

    store: Store
    http: httpx.Client | None = None
    overwrite: bool = False
    progress: bool = True
    aside: str | None = None
    _stop: threading.Event = field(factory=transfer_stop, init=False)

    def lay_out(self, planned: Sequence[Planned]) -> list[Place]:
        """Give each file a path of its own in the folder."""
        return lay_out(planned)

    def fetch_files(self, files: Sequence[Incoming]) -> list[str]:
        """Bring files into the store.

        Returns:
            Their URLs in the store, in the order of the files.

        Raises:
            UploadError: The store refuses or can't be reached.
            ChecksumError, ConnectionFailedError, DownloadError: A file can't be fetched whole.
                What was complete by then stays.
        """
        from up42_facade._common.progress import bar

        if len(files) == 1:
            with bar(progress=self.progress, unit="B", unit_scale=True) as shown:
                self._send(files[0], shown)
        else:
            self._side_by_side([partial(self._send, file) for file in files])
        return [self.store.url_of(file.place.file) for file in files]

    def fetch_archive(self, archive: Incoming) -> list[str]:
        """Unpack an archive and bring its members into the folder that the archive would lie in.

        It is unpacked on disk, in the folder for temporary files: nothing is sent before all of
        it arrived, is verified and was found harmless.

        Returns:
            The members' URLs in the store, in the order of the archive.

        Raises:
            UnsupportedArchiveError: It is no archive.
            ArchiveError, ChecksumError, ConnectionFailedError, DownloadError: As
                `download_archive`. Nothing was sent.
            UploadError: The store refuses or can't be reached. Members that were not there
                before are removed again.
        """
        with TemporaryDirectory(prefix="up42-archive-") as folder:
            unpacked = download_archive(
                archive.get_url,
                folder,
                http=self.http,
                size=archive.size,
                checksum=archive.checksum,
                progress=self.progress,
            )
            above = archive.place.folder
            members = [(Path(p), above + Path(p).relative_to(folder).parts) for p in unpacked]
            added: list[Parts] = []
            try:
                self._side_by_side([partial(self._copy, *member, added) for member in members])
            except BaseException:
                self._remove(added)
                raise
        return [self.store.url_of(parts) for _, parts in members]

    def _send(self, file: Incoming, shown: Any = None) -> None:
        from up42_facade._downloads.remote import ContentChanged

        present = None if self.overwrite else self.store.size(file.place.file)
        if present is not None and present == file.size:
            return
        for attempt in range(MAX_RESTARTS + 1):
            try:
                self._stream(file, present, shown)
            except ContentChanged:
                if attempt == MAX_RESTARTS:
                    raise
            else:
                return

    def _stream(self, file: Incoming, present: int | None, shown: Any) -> None:
        from up42_facade._downloads.remote import ByteStream, RemoteFile, is_html

        source = RemoteFile(
            file.get_url,
            http=self.http,
            size=file.size,
            checksum=file.checksum,
            stop=self._stop,
            is_html=is_html(file.media_type, file.place.file[-1]),
        )
        with ByteStream(source, on_bytes=shown.update if shown is not None else None) as stream:
            is_gzipped = stream.open().is_gzipped
            if present is not None and present == stream.total:
                return
            if shown is not None:
                shown.n, shown.total = 0, stream.total
                shown.refresh()
            total = None if is_gzipped else stream.total
            with self.store.draft(file.place.file, total) as draft:
                if is_gzipped:
                    draft.publish(inflate_to(draft.write, stream, source))
                    return
                # The last block comes only after length and checksums were found right.
                for block in stream:
                    draft.write(block)
                draft.publish(stream.position)

    def _copy(self, source: Path, parts: Parts, added: list[Parts]) -> None:
        is_new = self.store.size(parts) is None
        size = source.stat().st_size
        with source.open("rb") as file, self.store.draft(parts, size) as draft:
            while block := file.read(BLOCK_BYTES):
                if self._stop.is_set():
                    raise Stopped("The download was stopped.")
                draft.write(block)
            if is_new:
                # Noted first: an interrupt right after must find what to undo.
                added.append(parts)
            draft.publish(size)

    def _remove(self, added: list[Parts]) -> None:
        for parts in added:
            try:
                self.store.remove(parts)
            except Up42Error:
                # What failed before says more; and this one may not have been published yet.
                continue

    def _side_by_side(self, tasks: Sequence[Callable[[], None]]) -> None:
        """Do several things at a time; the first failure stops the others and is raised."""
        from up42_facade._common.progress import bar

        with (
            bar(progress=self.progress, total=len(tasks), unit="file") as shown,
            ThreadPoolExecutor(DEFAULT_WORKERS, thread_name_prefix="up42-upload") as pool,
        ):
            futures: list[Future[None]] = [pool.submit(task) for task in tasks]
            try:
                for future in as_completed(futures):
                    future.result()
                    shown.update()
            except BaseException:
                self._stop.set()
                for future in futures:
                    future.cancel()
                raise
