"""Files brought from signed URLs to disk or into any stream: resumable, verified, whole."""

from __future__ import annotations

import io
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast
from urllib.parse import parse_qs, unquote, urlsplit

from attrs import evolve, frozen

from up42_facade._common.stopping import transfer_stop
from up42_facade._common.urls import without_query
from up42_facade.downloads._layout import Planned, in_use, lay_out_in
from up42_facade.downloads._locations import below, expanded
from up42_facade.errors import (
    ArchiveError,
    ChecksumError,
    DownloadError,
    InvalidInputError,
)

if TYPE_CHECKING:
    import httpx

    from up42_facade.downloads._records import Validator
    from up42_facade.downloads._remote import ByteStream, RemoteFile

# Connections for one large file: four saturate what stores give one client; more only queue.
DEFAULT_CONNECTIONS = 4
# Files fetched at the same time: hides the latency of small ones, is polite to the server.
DEFAULT_WORKERS = 8

# Bytes that a file object holds ahead.
STREAM_BUFFER_BYTES = 256 << 10

_FILE_NAME = re.compile(r"""filename\s*=\s*("(?:[^"\\]|\\.)*"|[^;]+)""", re.IGNORECASE)
_FILE_NAME_STAR = re.compile(r"filename\*\s*=\s*([\w-]+)'[^']*'([^;]+)", re.IGNORECASE)


class Writable(Protocol):
    """Anything with a `write` method for bytes."""

    def write(self, data: bytes, /) -> object: ...


@frozen
class Download:
    """One file of many: where it comes from, where it goes, what it must be.

    Example:
        >>> Download(lambda: "https://example.com/a.tif", "a.tif", size=12).size
        12
    """

    get_url: Callable[[], str]
    """Gives a URL; called again when a signed URL has expired."""
    target: str | Path
    """File, or folder (existing, or with a slash at the end) to name the file in."""
    size: int | None = None
    """Length in bytes, if known."""
    checksum: str | None = None
    """Multihash or digest (hexadecimal), or `algorithm:digest`, if known."""
    media_type: str | None = None
    """Media type of the file, if known: an HTML page is refused for any other file."""
    source_id: str | None = None
    """Stable ID of the source, such as the URL without its query. What it delivers is then
    recorded in the folder `.up42` of the output folder, and an existing file counts as complete
    only if its checksum or that record confirms it."""
    folder: str | Path | None = None
    """Output folder that keeps the record; None for the folder of the target."""


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

    The bytes go to `<target>.part` first. If the process is killed or the connection lost for
    good, the next call goes on from there, provided that the server still has the same object.
    A file that its store keeps with `Content-Encoding: gzip` is saved unpacked, unless its name
    ends in `.gz` or `.tgz`; length and checksum may be those of either form.

    Args:
        get_url: Gives a URL of the file; called again when a signed URL has expired.
        target: File, or folder (existing, or with a slash at the end). In a folder the file gets
            the name that the URL or the server proposes. If another file has this name, it goes
            to a subfolder named by the last folder of the URL.
        http: Client to fetch with; None for a shared one without credentials.
        size: Length of the file in bytes, if known.
        checksum: Multihash (hexadecimal) or `algorithm:digest`, if known.
        overwrite: Fetch the file even if a complete one is there. Without it, a file of the
            right size and checksum is left as it is, any other one is replaced.
        progress: Whether to show a bar.
        connections: Most connections to use at once for a large file.

    Returns:
        The path of the file.

    Raises:
        ChecksumError: Length or checksum aren't the announced ones. Nothing is left then.
        ConnectionFailedError: The connection failed, also after retries.
        DownloadError: The server refuses, or the target can't be written.

    Example:
        path = download_file(lambda: asset_download_url(), "results/")
    """
    if connections < 1:
        raise InvalidInputError(f"connections must be at least 1, not {connections}.")
    (request,) = _named([Download(get_url, target, size, checksum)], http, 1)
    is_free = _is_free(request)
    return _download(request, http, overwrite, progress, connections, transfer_stop(), is_free)


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
        downloads: What to fetch.
        http: Client to fetch with; None for a shared one without credentials.
        overwrite: See `download_file`.
        progress: Whether to show a bar; it counts files.
        workers: Files to fetch at the same time.

    Returns:
        The paths in the order of `downloads`.

    Raises:
        ChecksumError, ConnectionFailedError, DownloadError: The first failure, as
            `download_file` has it. The other downloads are stopped; files that were complete
            by then stay, and so does the `.part` of a large one, for the next call.

    Example:
        download_files([Download(link, f"quicklooks/{name}") for name, link in links.items()])
    """
    from up42_facade._common.progress import bar

    if workers < 1:
        raise InvalidInputError(f"workers must be at least 1, not {workers}.")
    requests = _named(list(downloads), http, workers)
    stop = transfer_stop()
    free = [*map(_is_free, requests)]
    if len(requests) == 1:
        connections = DEFAULT_CONNECTIONS
        return [_download(requests[0], http, overwrite, progress, connections, stop, free[0])]
    _check_targets(requests)
    with (
        bar(progress=progress, total=len(requests), unit="file") as shown,
        ThreadPoolExecutor(workers, thread_name_prefix="up42-download") as pool,
    ):
        futures = []
        for request, is_free in zip(requests, free, strict=True):
            future = pool.submit(_download, request, http, overwrite, False, 1, stop, is_free)
            future.add_done_callback(lambda _: shown.update())
            futures.append(future)
        return _gather(futures, stop)


def stream_to(
    get_url: Callable[[], str],
    write: Callable[[bytes], object] | Writable,
    *,
    http: httpx.Client | None = None,
    size: int | None = None,
    checksum: str | None = None,
    progress: bool = True,
) -> int:
    """Transfer a file into anything that takes bytes, without holding it in memory or on disk.

    Length and checksum are verified before the last bytes are handed over. A file that its store
    keeps with `Content-Encoding: gzip` is handed over unpacked, and verified after that.

    Args:
        get_url: Gives a URL of the file; called again when a signed URL has expired.
        write: A function that takes a block of bytes, or an object with such a `write` method.
        http: Client to fetch with; None for a shared one without credentials.
        size: Length of the file in bytes, if known.
        checksum: Multihash (hexadecimal) or `algorithm:digest`, if known.
        progress: Whether to show a bar.

    Returns:
        The number of bytes.

    Raises:
        ChecksumError: Length or checksum aren't the announced ones.
        ConnectionFailedError: The connection failed, also after retries.
        DownloadError: The server refuses, or the file was replaced while being read.

    Example:
        count = stream_to(lambda: job_download_url(), open("results.tgz", "wb"))
    """
    from up42_facade._common.progress import bar
    from up42_facade.downloads._remote import ByteStream, RemoteFile

    take = write if callable(write) else write.write
    source = RemoteFile(get_url, http=http, size=size, checksum=checksum)
    with (
        bar(progress=progress, unit="B", unit_scale=True) as shown,
        ByteStream(source, on_bytes=shown.update) as stream,
    ):
        is_gzipped = stream.open().is_gzipped
        _set_total(shown, stream.total, 0)
        if not is_gzipped:
            for block in stream:
                take(block)
            return stream.position
        return inflate_to(take, stream, source)


def inflate_to(take: Callable[[bytes], object], stream: ByteStream, source: RemoteFile) -> int:
    """Hand over a file unpacked that its store keeps with `Content-Encoding: gzip`.

    Args:
        take: Takes the blocks.
        stream: The packed bytes.
        source: What the caller says about the file: of its packed or unpacked form.

    Returns:
        The number of unpacked bytes.

    Raises:
        ChecksumError: Length or checksum aren't the announced ones, or it isn't gzip.
    """
    from up42_facade.downloads._checksums import Verifier
    from up42_facade.downloads._inflate import gunzip
    from up42_facade.downloads._part_file import MAX_INFLATED_BYTES, MAX_INFLATED_RATIO

    count, verifier = 0, Verifier(source.checksums)
    try:
        with closing(gunzip(iter(stream))) as blocks:
            for block in blocks:
                count += len(block)
                if count > max(MAX_INFLATED_BYTES, stream.position * MAX_INFLATED_RATIO):
                    raise ChecksumError(f"{source.label} grows to more than {count:,} bytes.")
                verifier.update(block)
                take(block)
    except ArchiveError as error:
        raise ChecksumError(
            f"{source.label} has the Content-Encoding gzip and isn't gzip: {error}"
        ) from error
    if source.size not in (None, count, stream.position):
        raise ChecksumError(
            f"{source.label} has {count:,} bytes; {source.size:,} bytes were announced."
        )
    if not stream.is_announced():
        verifier.verify(source.label)
    return count


def open_stream(
    get_url: Callable[[], str],
    *,
    http: httpx.Client | None = None,
    size: int | None = None,
    checksum: str | None = None,
    progress: bool = True,
) -> BinaryIO:
    """Open a file behind a signed URL for reading, as a binary file object.

    It reads on where a connection broke, and can seek, which costs a request.

    Args:
        get_url: Gives a URL of the file; called again when a signed URL has expired.
        http: Client to fetch with; None for a shared one without credentials.
        size: Length of the file in bytes, if known.
        checksum: Multihash (hexadecimal) or `algorithm:digest`, if known; verified when the
            file is read from beginning to end.
        progress: Whether to show a bar.

    Returns:
        A file object, to be closed; its `size` is the length in bytes or None. Reading raises
        what `stream_to` raises.

    Raises:
        ConnectionFailedError: The connection failed, also after retries.
        DownloadError: The server refuses.

    Example:
        with open_stream(lambda: job_download_url()) as file:
            blob.upload_from_file(file, size=file.size)
    """
    from up42_facade.downloads._remote import RemoteFile
    from up42_facade.downloads._stream_file import StreamFile

    source = RemoteFile(get_url, http=http, size=size, checksum=checksum)
    raw = StreamFile(source, progress=progress)
    file: Any = io.BufferedReader(raw, STREAM_BUFFER_BYTES)
    file.size = raw.size
    return cast(BinaryIO, file)


def _download(
    request: Download,
    http: httpx.Client | None,
    overwrite: bool,
    progress: bool,
    connections: int,
    stop: threading.Event,
    is_free: bool,
) -> Path:
    from up42_facade._common.progress import bar
    from up42_facade.downloads._file_transfer import Transfer
    from up42_facade.downloads._records import exclusive, owned_paths, read_record, write_record
    from up42_facade.downloads._remote import RemoteFile, Stopped, is_html

    if stop.is_set():
        raise Stopped("The download was stopped.")
    source = RemoteFile(
        request.get_url,
        http=http,
        size=request.size,
        checksum=request.checksum,
        stop=stop,
        is_html=is_html(request.media_type, request.target),
    )
    target = expanded(request.target)
    folder = target.parent if request.folder is None else Path(request.folder)
    source_id = request.source_id

    @contextmanager
    def claim(version: Validator, complete: Path) -> Iterator[None]:
        if source_id is None:
            yield
            return
        with exclusive(folder):
            is_ours = target in owned_paths(folder, source_id)
            if is_free and not is_ours and not _is_free(request):
                raise in_use(target)
            name = target.relative_to(folder).as_posix()
            write_record(folder, source_id, version, [name], [complete])
            yield

    with bar(progress=progress, unit="B", unit_scale=True, desc=target.name) as shown:
        transfer = Transfer(
            overwrite=overwrite,
            connections=connections,
            on_total=lambda total, done: _set_total(shown, total, done),
            on_bytes=shown.update,
            claim=claim,
            is_recorded=source_id is not None,
            record=None if source_id is None else read_record(folder, source_id),
        )
        transfer.fetch(source, target)
    return target


def _gather(futures: list[Future[Path]], stop: threading.Event) -> list[Path]:
    try:
        wait(futures, return_when=FIRST_EXCEPTION)
        failed = [future for future in futures if future.done() and future.exception()]
        if not failed:
            return [future.result() for future in futures]
    except BaseException:
        _cancel(futures, stop)
        raise
    _cancel(futures, stop)
    failed[0].result()
    raise DownloadError("A download failed.")


def _cancel(futures: list[Future[Path]], stop: threading.Event) -> None:
    stop.set()
    for future in futures:
        future.cancel()


def _check_targets(requests: list[Download]) -> None:
    seen: set[Path] = set()
    for request in requests:
        path = expanded(request.target).absolute()
        if path in seen:
            raise InvalidInputError(f"Two downloads have the same target {path}.")
        seen.add(path)


def _set_total(shown: Any, total: int | None, done: int) -> None:
    shown.total = total
    shown.n = done
    shown.refresh()


def _is_free(request: Download) -> bool:
    return not os.path.lexists(expanded(request.target))


def _is_folder(target: str | Path) -> bool:
    text = str(target)
    return text.endswith(("/", os.sep)) or expanded(target).is_dir()


def _named(requests: list[Download], http: httpx.Client | None, workers: int) -> list[Download]:
    """Give downloads into folders their paths: the names that servers propose, made distinct."""
    wanted = [request for request in requests if _is_folder(request.target)]
    if not wanted:
        return requests
    with ThreadPoolExecutor(workers, thread_name_prefix="up42-download") as pool:
        plans = list(pool.map(lambda request: _plan(request, http), wanted))
    folders = {expanded(request.target) for request in wanted}
    targets: dict[int, Download] = {}
    for folder in folders:
        chosen = [
            (request, plan)
            for request, plan in zip(wanted, plans, strict=True)
            if expanded(request.target) == folder
        ]
        places = lay_out_in(folder, [plan for _, plan in chosen])
        for (request, plan), place in zip(chosen, places, strict=True):
            targets[id(request)] = evolve(
                request,
                target=below(folder, *place.file),
                source_id=plan.source_id,
                folder=request.folder or folder,
            )
    return [targets.get(id(request), request) for request in requests]


def _plan(request: Download, http: httpx.Client | None) -> Planned:
    from up42_facade.downloads._remote import RemoteFile

    source = RemoteFile(request.get_url, http=http)
    url = without_query(source.url)
    group = unquote(urlsplit(url).path).rstrip("/").rpartition("/")[0].rpartition("/")[2]
    return Planned(_proposed_name(source), group, request.source_id or url)


def _proposed_name(source: Any) -> str:
    from up42_facade.downloads._names import FALLBACK_NAME, safe_name

    parts = urlsplit(source.url)
    own = unquote(parts.path).rpartition("/")[2]
    extension = Path(own).suffix
    queried = parse_qs(parts.query).get("response-content-disposition", [""])[0]
    name = _disposition_name(queried)
    if not name:
        with source.open_retrying() as response:
            name = _disposition_name(response.response.headers.get("content-disposition", ""))
    if not name:
        return safe_name(own or FALLBACK_NAME)
    return safe_name(name if Path(name).suffix else f"{name}{extension}")


def _disposition_name(text: str) -> str:
    extended = _FILE_NAME_STAR.search(text)
    if extended:
        # All that RFC 5987 has; others might not even be names of character sets.
        charset = "latin-1" if extended[1].lower() == "iso-8859-1" else "utf-8"
        return unquote(extended[2].strip(), charset, "replace")
    plain = _FILE_NAME.search(text)
    if not plain:
        return ""
    return re.sub(r"\\(.)", r"\1", plain[1].strip().strip('"'))
