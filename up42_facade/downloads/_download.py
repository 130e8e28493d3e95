"""Files from signed URLs to disk, one or many: resumable, verified, complete or absent."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
from attrs import evolve

from up42_facade._common.logs import get_logger
from up42_facade._common.progress import ByteBar, bar
from up42_facade._common.stopping import Stop
from up42_facade._common.urls import without_query
from up42_facade.downloads._checksums import matches_file
from up42_facade.downloads._folders import Folder, exclusive, in_use
from up42_facade.downloads._layout import Download, lay_out_in
from up42_facade.downloads._names import FALLBACK_NAME, below, expanded, safe_name
from up42_facade.downloads._records import owned_names, read_record, write_record
from up42_facade.downloads._remote import RangeResponse, RemoteFile, Stopped, Validator, is_html
from up42_facade.downloads._transfer import transfer
from up42_facade.errors import InvalidInputError

T = TypeVar("T")

# Connections for one large file: four saturate what stores give one client; more only queue.
DEFAULT_CONNECTIONS = 4
# Files fetched at the same time: hides the latency of small ones, is polite to the server.
DEFAULT_WORKERS = 16

logger = get_logger(__name__)

_FILE_NAME = re.compile(r"""filename\s*=\s*("(?:[^"\\]|\\.)*"|[^;]+)""", re.IGNORECASE)
_FILE_NAME_STAR = re.compile(r"filename\*\s*=\s*([\w-]+)'[^']*'([^;]+)", re.IGNORECASE)


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
    if connections < 1:
        raise InvalidInputError(f"connections must be at least 1, not {connections}.")
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
    if workers < 1:
        raise InvalidInputError(f"workers must be at least 1, not {workers}.")
    named = _named(list(downloads), http, workers)
    seen: set[Path] = set()
    for download in named:
        path = expanded(download.target).absolute()
        if path in seen:
            raise InvalidInputError(f"Two downloads have the same target {path}.")
        seen.add(path)
    is_single = len(named) == 1
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
        for download in named
    ]
    return run_concurrently(tasks, workers=workers, progress=progress)


def run_concurrently(
    tasks: Sequence[Callable[[], T]], *, workers: int = DEFAULT_WORKERS, progress: bool = False
) -> list[T]:
    """Run several transfers at a time; the first failure stops the others and is raised."""
    stop = Stop()

    def run(task: Callable[[], T]) -> T:
        with stop.applied():
            if stop.is_set:
                raise Stopped
            return task()

    if len(tasks) == 1:
        return [tasks[0]()]
    with (
        bar(progress=progress, total=len(tasks), unit="file") as shown,
        ThreadPoolExecutor(workers, thread_name_prefix="up42-download") as pool,
    ):
        # Each in this thread's context: what applies to the downloads here applies there.
        futures = [pool.submit(copy_context().run, run, task) for task in tasks]
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
    if source.stop.is_set():
        raise Stopped
    target = expanded(download.target)
    source_id = download.source_id
    folder = Folder(target.parent if download.folder is None else Path(download.folder))
    record = None if source_id is None else read_record(folder, source_id)

    def is_known_complete() -> bool:
        if record is not None and str(target) in record.paths:
            return record.is_current(source)
        if not source.checksums and (source_id is not None or source.size is None):
            return False
        return matches_file(target, source.size, source.checksums)

    def is_complete(response: RangeResponse) -> bool:
        size = source.size if response.validator.size is None else response.validator.size
        checksums = [*source.checksums, *response.checksums()]
        if overwrite or response.is_gzipped or size is None or (source_id and not checksums):
            return False
        return matches_file(target, size, checksums)

    @contextmanager
    def claim(version: Validator, complete: Path) -> Iterator[None]:
        if source_id is None:
            yield
            return
        name = target.relative_to(folder.path).as_posix()
        with exclusive(folder.path):
            if is_free and not _is_free(download) and name not in owned_names(folder, source_id):
                raise in_use(target)
            write_record(folder, source_id, version, [name], [complete])
            yield

    if overwrite or not is_known_complete():
        with ByteBar(progress=progress, desc=target.name) as shown:
            transfer(
                source,
                target,
                shown,
                is_complete=is_complete,
                connections=connections,
                claim=claim,
            )
        logger.info("Downloaded %s.", target)
    return target


def _is_free(download: Download) -> bool:
    return not os.path.lexists(expanded(download.target))


def _is_folder(target: str | Path) -> bool:
    text = str(target)
    return text.endswith(("/", os.sep)) or expanded(target).is_dir()


def _named(downloads: list[Download], http: httpx.Client | None, workers: int) -> list[Download]:
    """Return downloads into folders with distinct paths, by the names that servers propose."""
    wanted = [download for download in downloads if _is_folder(download.target)]
    if not wanted:
        return downloads
    found = run_concurrently([partial(_proposed, each, http) for each in wanted], workers=workers)
    targets: dict[int, Download] = {}
    for path in {expanded(download.target) for download in wanted}:
        chosen = [
            (download, plan)
            for download, plan in zip(wanted, found, strict=True)
            if expanded(download.target) == path
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
    name = link_name(source.url)
    if not name:
        name = header_name(source.head(1)[0], source.url)
    url = without_query(source.url)
    path = unquote(urlsplit(url).path)
    return evolve(
        download,
        name=safe_name(name or path.rpartition("/")[2] or FALLBACK_NAME),
        group=path.rstrip("/").rpartition("/")[0].rpartition("/")[2],
        source_id=download.source_id or url,
    )


def link_name(url: str) -> str:
    """Return the file name in the `Content-Disposition` in a signed URL; empty if there is none."""
    query = parse_qs(urlsplit(url).query)
    return _disposition_name(query.get("response-content-disposition", [""])[0], url)


def header_name(headers: Mapping[str, str], url: str) -> str:
    """Return the file name in the `Content-Disposition` of a response; empty if there is none."""
    return _disposition_name(headers.get("content-disposition", ""), url)


def _disposition_name(text: str, url: str) -> str:
    name = ""
    if extended := _FILE_NAME_STAR.search(text):
        # All that RFC 5987 has; others might not even be names of character sets.
        charset = "latin-1" if extended[1].lower() == "iso-8859-1" else "utf-8"
        name = unquote(extended[2].strip(), charset, "replace")
    elif plain := _FILE_NAME.search(text):
        name = re.sub(r"\\(.)", r"\1", plain[1].strip().strip('"'))
    own = Path(unquote(urlsplit(url).path).rpartition("/")[2])
    return f"{name}{own.suffix}" if name and not Path(name).suffix else name
