"""Files from signed URLs into folders, one or many: verified, resumable, complete or absent."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from contextvars import copy_context
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

import httpx
from attrs import evolve, frozen

from up42_facade._common.logs import get_logger
from up42_facade._common.progress import ByteBar, bar
from up42_facade._common.threads import Stop, completed, stop_all
from up42_facade._common.urls import without_query
from up42_facade._common.values import check_count
from up42_facade.downloads._archives import download_archive
from up42_facade.downloads._checksums import matches_file
from up42_facade.downloads._folders import Folder, exclusive, in_use, local_errors
from up42_facade.downloads._layout import (
    AnyFolder,
    Download,
    Parts,
    Place,
    free_subfolder,
    lay_out_in,
    owned_names,
    read_record,
    subfolder,
    write_record,
)
from up42_facade.downloads._names import (
    FALLBACK_NAME,
    RESERVED_NAME,
    below,
    header_name,
    link_name,
    local_folder,
    safe_name,
    tagged_name,
)
from up42_facade.downloads._remote import (
    MAX_RESTARTS,
    ContentChanged,
    RemoteFile,
    RemoteStream,
    Validator,
    is_html,
)
from up42_facade.downloads._stores import Store, temporary_folder, without_secrets
from up42_facade.downloads._transfer import PartFile, fill
from up42_facade.errors import (
    InvalidInputError,
    UnsupportedArchiveError,
    Up42Error,
)

T = TypeVar("T")

# Connections for one large file: four saturate what stores give one client; more only queue.
DEFAULT_CONNECTIONS = 4
# Files fetched at the same time: hides the latency of small ones, is polite to the server.
DEFAULT_WORKERS = 16

logger = get_logger(__name__)


def download_file(
    get_url: Callable[[], str],
    target: str | Path,
    *,
    http: httpx.Client | None = None,
    size: int | None = None,
    checksum: str | None = None,
    overwrite: bool = False,
    progress: bool = True,
    connections: int = DEFAULT_CONNECTIONS,
) -> Path:
    """Download a file, or continue a download that was interrupted.

    The bytes go to `<target>.part` first. If the program is killed or the connection is lost for
    good, the next call continues from there if the server still has the same object.
    A file that its store keeps with `Content-Encoding: gzip` is saved inflated, unless its name
    ends in `.gz` or `.tgz`; length and checksum may be those of either form.

    Args:
        get_url: Returns a URL of the file; called again when a signed URL has expired.
        target: File, or folder (existing, or with a slash at the end). In a folder the file gets
            the name that the URL or the server proposes. If another file has this name, it goes
            to a subfolder named by the last folder of the URL.
        http: Client to use. Defaults to a shared one without credentials.
        size: Length of the file in bytes, if known.
        checksum: Multihash (hexadecimal) or `algorithm:digest`, if known.
        overwrite: Fetch the file even if a complete one exists. Otherwise, a file of the
            right size and checksum is left as it is, and any other one is replaced.
        progress: Whether to show a progress bar.
        connections: Most connections to use at once for a large file.

    Returns:
        The path of the file.

    Raises:
        ChecksumError: If the length or checksum isn't the expected one. Nothing is left then.
        ConnectionFailedError: If the connection failed, even after retries.
        DownloadError: If the server refuses, or the target can't be written.

    Example:
        path = download_file(lambda: asset_download_url(), "results/")
    """
    check_count("connections", connections)
    (download,) = _named([Download(get_url, target, size, checksum)], http, 1)
    return _download(download, http, overwrite, progress, connections, is_free=_is_free(download))


def download_files(
    downloads: Iterable[Download],
    *,
    http: httpx.Client | None = None,
    overwrite: bool = False,
    progress: bool = True,
    workers: int = DEFAULT_WORKERS,
) -> list[Path]:
    """Download many files, several at a time.

    Args:
        downloads: The files.
        http: Client to use. Defaults to a shared one without credentials.
        overwrite: Fetch files even if complete ones exist; see `download_file`.
        progress: Whether to show a progress bar; it counts files.
        workers: Files to fetch at the same time.

    Returns:
        The paths in the order of `downloads`.

    Raises:
        ChecksumError: If the length or checksum of a file isn't the expected one. This and any
            other failure stops the remaining downloads; files that are complete by then stay, and
            so does the `.part` of a large one, for the next call.
        ConnectionFailedError: If a connection failed, even after retries.
        DownloadError: If the server refuses, or a target can't be written.

    Example:
        download_files([Download(link, f"quicklooks/{name}") for name, link in links.items()])
    """
    check_count("workers", workers)
    named = _named(list(downloads), http, workers)
    seen: set[Path] = set()
    for download in named:
        path = _target(download).absolute()
        if path in seen:
            raise InvalidInputError(f"Two downloads have the same target {path}.")
        seen.add(path)
    return _download_all(named, http, overwrite, progress, workers)


def run_concurrently(
    tasks: Sequence[Callable[[], T]], *, workers: int = DEFAULT_WORKERS, progress: bool = False
) -> list[T]:
    """Run several transfers at a time; the first failure stops the others and is raised."""
    if len(tasks) <= 1:
        return [task() for task in tasks]
    stop = Stop()
    with stop.applied():
        context = copy_context()
    with (
        bar(progress=progress, total=len(tasks), unit="file") as shown,
        ThreadPoolExecutor(workers, thread_name_prefix="up42-download") as pool,
    ):
        futures = [pool.submit(context.copy().run, task) for task in tasks]
        try:
            for future in completed(futures):
                future.result()
                shown.update()
        except BaseException:
            stop_all(futures, stop.set)
            raise
        return [future.result() for future in futures]


@frozen
class Fetch:
    """A way to fetch files into a folder, on this machine or in cloud storage."""

    folder: AnyFolder
    http: httpx.Client | None = None
    """Client without credentials. If None, a shared one."""
    overwrite: bool = False
    """Fetch also files that exist and are unchanged."""
    progress: bool = True
    aside: str | None = None
    """Name of the subfolder for files whose paths are in use. If None, one for each group."""
    workers: int = DEFAULT_WORKERS
    """Files to fetch at the same time."""

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
        found.update(zip(plain, self.fetch_to([*plain.values()]), strict=True))
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

    def fetch_to(self, files: Sequence[tuple[Download, Place]]) -> list[list[str]]:
        """Fetch files to places that were laid out in the folder; return the paths of each."""
        if isinstance(self.folder, Store):
            is_single = len(files) == 1
            progress = self.progress and is_single
            uploads = [partial(self._upload, self.folder, *file, progress) for file in files]
            return run_concurrently(uploads, progress=self.progress and not is_single)
        path = self.folder.path
        named = [
            evolve(download, target=below(path, *file), folder=path)
            for download, (file, _) in files
        ]
        paths = _download_all(named, self.http, self.overwrite, self.progress, self.workers)
        return [[str(path)] for path in paths]

    def _upload(self, store: Store, download: Download, place: Place, progress: bool) -> list[str]:
        """Fetch a file or archive to disk, and put it into the store."""
        source_id = download.record_id
        record = None if self.overwrite else read_record(store, source_id)
        if record is not None and record.is_current(RemoteFile(download.get_url, http=self.http)):
            return record.paths
        with temporary_folder() as path:
            here = Fetch(Folder(path), self.http, progress=progress)
            if download.is_unpacked:
                found = here._unpack(download, place)
            else:
                (found,) = here.fetch_to([(download, place)])
            paths = [Path(each) for each in found]
            members = [each.relative_to(path).parts for each in paths]
            aside = subfolder(store, self.aside or download.group)
            above: Parts = ()
            if download.is_unpacked and aside is not None:
                asides = (aside, tagged_name(aside, source_id))
                above = free_subfolder(store, members, asides, owned_names(store, source_id))
            names = ["/".join((*above, *parts)) for parts in members]
            delivered = read_record(here.folder, source_id)
            version = delivered.validator if delivered else Validator()
            # Everything in a job's own folder belongs to the job.
            is_own = self.aside is not None and aside is None
            added: list[str] = []
            tasks = [
                partial(_put, store, path, name, added, is_own, progress and len(paths) == 1)
                for path, name in zip(paths, names, strict=True)
            ]
            try:
                run_concurrently(tasks, progress=progress)
                write_record(store, source_id, version, names)
            except BaseException:
                for name in added:
                    # The first failure is more informative.
                    with suppress(Up42Error):
                        store.remove(name)
                raise
        return [store.location(name) for name in names]


def _put(
    store: Store, path: Path, name: str, added: list[str], is_own: bool, progress: bool
) -> None:
    """Move a file into a store, and note whether it is new there."""
    is_new = store.find(name) is None
    store.put(path, name, replace=is_own or not is_new, progress=progress)
    if is_new:
        added.append(name)
    path.unlink()
    logger.info("Uploaded %s.", without_secrets(str(store.location(name))))


def _download_all(
    downloads: Sequence[Download],
    http: httpx.Client | None,
    overwrite: bool,
    progress: bool,
    workers: int,
) -> list[Path]:
    is_single = len(downloads) == 1
    tasks = [
        partial(
            _download,
            download,
            http,
            overwrite,
            progress and is_single,
            DEFAULT_CONNECTIONS if is_single else 1,
            is_free=_is_free(download),
        )
        for download in downloads
    ]
    return run_concurrently(tasks, workers=workers, progress=progress)


def _download(
    download: Download,
    http: httpx.Client | None,
    overwrite: bool,
    progress: bool,
    connections: int,
    *,
    is_free: bool,
) -> Path:
    source = RemoteFile(
        download.get_url,
        http=http,
        size=download.size,
        checksum=download.checksum,
        is_html=is_html(download.media_type, download.target),
    )
    target = _target(download)
    source_id = download.source_id
    folder = Folder(target.parent if download.folder is None else Path(download.folder))
    if not overwrite and _is_known_complete(source, target, folder, source_id):
        return target
    with (
        ByteBar(progress=progress, desc=target.name) as shown,
        PartFile(target, source_id) as part,
    ):
        for left in reversed(range(MAX_RESTARTS + 1)):
            # A server whose copies disagree may still send one of them completely.
            count = connections if left else 1
            with RemoteStream(
                source, part.start, known=part.validator, ranged=count > 1, shown=shown
            ) as stream:
                try:
                    stream.connect()
                    if not overwrite and _is_complete(stream, target, source_id):
                        part.discard()
                        return target
                    fill(part, stream, count, shown)
                    break
                except ContentChanged:
                    if not left:
                        raise
            part.begin(Validator())
        ready = part.finish(stream)
        with nullcontext() if source_id is None else exclusive(folder.path):
            if source_id is not None:
                name = target.relative_to(folder.path).as_posix()
                is_taken = is_free and not _is_free(download)
                if is_taken and name not in owned_names(folder, source_id):
                    part.discard()
                    raise in_use(target)
                write_record(folder, source_id, part.validator, [name], [ready])
            part.publish(ready)
    if not folder.name.startswith(RESERVED_NAME):  # else it's on its way into a store
        logger.info("Downloaded %s.", target)
    return target


def _is_known_complete(
    source: RemoteFile, target: Path, folder: Folder, source_id: str | None
) -> bool:
    """Return whether the file is complete according to its record or what the caller knows."""
    record = read_record(folder, source_id)
    if record is not None and str(target) in record.paths:
        return record.is_current(source)
    if not source.checksums and (source_id is not None or source.size is None):
        return False
    return matches_file(target, source.size, source.checksums)


def _is_complete(stream: RemoteStream, target: Path, source_id: str | None) -> bool:
    """Return whether the file is complete according to the server."""
    source, size = stream.source, stream.validator.size
    checksums = [*source.checksums, *stream.announced]
    size = source.size if size is None else size
    if stream.is_gzipped or size is None or (source_id and not checksums):
        return False
    return matches_file(target, size, checksums)


def _is_free(download: Download) -> bool:
    return not os.path.lexists(_target(download))


def _target(download: Download) -> Path:
    return local_folder(download.target, "target")


def _is_folder(download: Download) -> bool:
    path = _target(download)
    with local_errors(path):
        return str(download.target).endswith(("/", os.sep)) or path.is_dir()


def _named(downloads: list[Download], http: httpx.Client | None, workers: int) -> list[Download]:
    """Return downloads into folders with distinct paths, by the names that servers propose."""
    wanted = [download for download in downloads if _is_folder(download)]
    if not wanted:
        return downloads
    found = run_concurrently([partial(_proposed, each, http) for each in wanted], workers=workers)
    targets: dict[int, Download] = {}
    for path in {_target(download) for download in wanted}:
        chosen = [
            (download, plan)
            for download, plan in zip(wanted, found, strict=True)
            if _target(download) == path
        ]
        places = lay_out_in(Folder(path), [plan for _, plan in chosen])
        for (download, plan), (file, _) in zip(chosen, places, strict=True):
            targets[id(download)] = evolve(
                plan, target=below(path, *file), folder=download.folder or path
            )
    return [targets.get(id(download), download) for download in downloads]


def _proposed(download: Download, http: httpx.Client | None) -> Download:
    """Return a download with the name that its URL or server proposes."""
    source = RemoteFile(download.get_url, http=http)
    name = link_name(source.url) or header_name(source.head(1)[0], source.url)
    url = without_query(source.url)
    path = unquote(urlsplit(url).path)
    return evolve(
        download,
        name=safe_name(name or path.rpartition("/")[2] or FALLBACK_NAME),
        group=path.rstrip("/").rpartition("/")[0].rpartition("/")[2],
        source_id=download.source_id or url,
    )
