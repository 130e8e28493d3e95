"""A file behind expiring URLs as a stream, as a seekable file object, and in parts."""

from __future__ import annotations

import io
import socket
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import closing, suppress
from itertools import chain
from typing import Any, BinaryIO, cast

import httpx

from up42_facade._common.progress import ByteBar
from up42_facade.downloads._checksums import Verifier
from up42_facade.downloads._inflate import crc32, decoded
from up42_facade.downloads._remote import (
    ContentChanged,
    RangeResponse,
    RemoteFile,
    TransientError,
    Validator,
    check_length,
)
from up42_facade.errors import ChecksumError

# Bytes that a file object reads ahead.
STREAM_BUFFER_BYTES = 256 << 10
# Reads are small and close to each other in headers: one request serves many of them.
BLOCK_BYTES = 64 * 1024
# Blocks that are kept: 4 MB hold the headers of an image of any size.
KEPT_BLOCKS = 64
# Bytes between two ranges that are fetched along: they take less time than another request.
GAP_BYTES = 32 * 1024
# Longest part that one request fetches: several of them arrive at the same time.
PART_BYTES = 8 * 1024 * 1024

# The bytes from a start to before a stop.
ByteRange = tuple[int, int]


def stream_to(
    get_url: Callable[[], str],
    write: Callable[[bytes], object] | Any,
    *,
    http: httpx.Client | None = None,
    size: int | None = None,
    checksum: str | None = None,
    progress: bool = True,
) -> int:
    """Transfer a file to anything that accepts bytes, without holding it in memory or on disk.

    Length and checksum are verified before the last bytes are passed on. A file that its store
    keeps with `Content-Encoding: gzip` is inflated first, and verified after its last bytes.

    Args:
        get_url: Returns a URL of the file; called again when a signed URL has expired.
        write: A function that takes a block of bytes, or an object with such a `write` method.
        http: Client to use. Defaults to a shared one without credentials.
        size: Length of the file in bytes, if known.
        checksum: Multihash (hexadecimal) or `algorithm:digest`, if known.
        progress: Whether to show a progress bar.

    Returns:
        The number of bytes.

    Raises:
        ChecksumError: If the length or checksum isn't the expected one.
        ConnectionFailedError: If the connection failed, even after retries.
        DownloadError: If the server refuses, or the file was replaced while being read.

    Example:
        count = stream_to(lambda: job_download_url(), open("results.tgz", "wb"))
    """
    take = write if callable(write) else write.write
    source = RemoteFile(get_url, http=http, size=size, checksum=checksum)
    with RemoteStream(source, progress=progress) as stream:
        if not stream.connect().is_gzipped:
            for block in stream.blocks():
                take(block)
            return stream.position
        count, verifier = 0, Verifier(source.checksums)
        inflated = decoded(stream, source.label, lambda: stream.position, stream.abort)
        with closing(inflated) as blocks:
            for block in blocks:
                count += len(block)
                verifier.update(block)
                take(block)
        if size is not None and size not in (count, stream.position):
            check_length(source.label, count, size)
        if not stream.has_expected_checksum():
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

    Reading resumes where a connection broke. Seeking is supported and costs a request.

    Args:
        get_url: Returns a URL of the file; called again when a signed URL has expired.
        http: Client to use. Defaults to a shared one without credentials.
        size: Length of the file in bytes, if known.
        checksum: Multihash (hexadecimal) or `algorithm:digest`, if known; verified when the
            file is read from beginning to end.
        progress: Whether to show a progress bar.

    Returns:
        A file object, to be closed; its `size` is the length in bytes or None. Reading raises
        the same errors as `stream_to`.

    Raises:
        ConnectionFailedError: If the connection failed, even after retries.
        DownloadError: If the server refuses.

    Example:
        with open_stream(lambda: job_download_url()) as file:
            blob.upload_from_file(file, size=file.size)
    """
    source = RemoteFile(get_url, http=http, size=size, checksum=checksum)
    raw = RemoteStream(source, progress=progress)
    try:
        raw.connect()
    except BaseException:
        raw.close()
        raise
    file: Any = io.BufferedReader(raw, STREAM_BUFFER_BYTES)
    file.size = raw.size
    return cast(BinaryIO, file)


class RemoteStream(io.RawIOBase):
    """The bytes of a remote file in order, continued where a connection broke.

    Lengths and checksums are verified before the last block is returned, unless reading began
    after a seek. If a server ignores ranges and sends everything again, the part that is known
    is skipped, after its CRC showed that it is the same.

    Args:
        source: The remote file.
        progress: Whether to show a progress bar.
        desc: Its label.

    Example:
        with RemoteStream(source) as stream:
            for block in stream.blocks():
                file.write(block)
    """

    def __init__(self, source: RemoteFile, *, progress: bool = False, desc: str = "") -> None:
        super().__init__()
        self._source = source
        self._bar = ByteBar(progress=progress, desc=desc)
        self._response: RangeResponse | None = None
        self.validator = Validator()
        self._restart(0)

    def _restart(self, position: int) -> None:
        self._disconnect()
        self._first = self.position = position
        self._crc = 0
        self._is_gzipped = False
        self._from_server: Verifier | None = None
        self._from_caller = Verifier(self._source.checksums)
        self._received: Iterator[bytes] = iter(())
        self._rest = memoryview(b"")
        self._budget = self._source.budget(lambda: self.position)

    @property
    def size(self) -> int | None:
        """Length of the object in bytes, once a response told it."""
        return self.validator.size

    def connect(self) -> RangeResponse:
        """Send a request now, to read its headers; the first read uses the response."""
        return self._source.retry(self._connected, self._budget)

    def blocks(self) -> Iterator[bytes]:
        """Yield the bytes as they arrive, and close the stream."""
        with self:
            while block := self._source.retry(self._next, self._budget):
                yield block

    def has_expected_checksum(self) -> bool:
        """Return whether the bytes so far have the checksum that the caller expects."""
        try:
            self._from_caller.verify(self._source.label)
        except ChecksumError:
            return False
        return True

    def abort(self) -> None:
        """End a read in another thread at once, even if the server sends nothing."""
        self._source.stop.set()
        response = self._response
        if response is not None:
            with suppress(AttributeError, KeyError, OSError):
                network: Any = response.response.extensions["network_stream"]
                network.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True: the next read requests the bytes from there on."""
        return True

    def tell(self) -> int:
        """Return the position of the next byte."""
        return self.position - len(self._rest)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to another byte.

        Raises:
            OSError: If the position is negative, or counted from an end that isn't known.
        """
        if whence == io.SEEK_END and self.size is None:
            raise OSError("The length isn't known.")
        bases = {io.SEEK_SET: 0, io.SEEK_CUR: self.tell(), io.SEEK_END: self.size or 0}
        position = bases[whence] + offset
        if position < 0:
            raise OSError("The position is negative.")
        if position != self.tell():
            self._restart(position)
        return position

    def readinto(self, buffer: Any, /) -> int:
        """Fill a buffer as far as the current block reaches; return 0 at the end."""
        if not self._rest and not (self.size is not None and self.position >= self.size):
            self._rest = memoryview(self._source.retry(self._next, self._budget))
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def close(self) -> None:
        """Release the connection."""
        if not self.closed:
            self._rest = memoryview(b"")
            self._disconnect()
            self._bar.close()
        super().close()

    def _disconnect(self) -> None:
        if self._response is not None:
            self._response.response.close()
            self._response = None

    def _connected(self) -> RangeResponse:
        if self._response is None:
            response = self._response = self._source.open(self.position, known=self.validator)
            self.validator = self.validator.merged(response.validator)
            if self._bar.total != self.size:
                self._bar.total = self.size
                self._bar.refresh()
            self._received = filter(None, response.blocks())
            if response.start < self.position:
                self._received = self._skip(self._received, self.position - response.start)
            if self._from_server is None:
                self._is_gzipped = response.is_gzipped
                self._from_server = Verifier(response.checksums())
        return self._response

    def _next(self) -> bytes:
        """Return the next block, an empty one at the end."""
        self._connected()
        try:
            block = next(self._received, b"")
            if not block and self.size is not None and self.position < self.size:
                raise TransientError("the server ended its response early")
        except TransientError:
            self._disconnect()
            raise
        if block:
            self._account(block)
        elif not self.size:
            if not self._is_gzipped and self._source.size is not None:
                check_length(self._source.label, self.position, self._source.size)
            self._verify()
        return block

    def _skip(self, blocks: Iterator[bytes], count: int) -> Iterator[bytes]:
        crc = 0
        for block in blocks:
            skipped, rest = block[:count], block[count:]
            crc = crc32(skipped, crc)
            count -= len(skipped)
            if count:
                continue
            if self._first == 0 and crc != self._crc:
                raise ContentChanged(f"{self._source.label} changed while it was being downloaded.")
            if rest:
                yield rest
            yield from blocks

    def _account(self, block: bytes) -> None:
        self._crc = crc32(block, self._crc)
        self.position += len(block)
        if self._first == 0 and self._from_server is not None:
            self._bar.update(len(block))
            self._from_server.update(block)
            self._from_caller.update(block)
        if self.position == self.size:
            self._verify()

    def _verify(self) -> None:
        if self._first == 0 and self._from_server is not None:
            self._from_server.verify(self._source.label)
            # Either form of a gzipped object may have been announced: callers check that.
            if not self._is_gzipped:
                self._from_caller.verify(self._source.label)


class ByteRanges:
    """Reads parts of an object, whatever happens to links and connections; thread-safe.

    Args:
        source: The object. Its link is renewed whenever it has expired.
        executor: Returns the executor that fetches several parts at the same time. The tasks
            submitted to it don't wait for others.

    Raises:
        ContentChanged: If the object was replaced since the first read.
        ConnectionFailedError: If the connection failed, even after retries.
        DownloadError: If the server refuses, or doesn't support ranges.
    """

    def __init__(self, source: RemoteFile, executor: Callable[[], Executor]) -> None:
        self._source = source
        self._executor = executor
        self._lock = threading.Lock()
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._validator: Validator | None = None

    @property
    def size(self) -> int:
        """Length of the object in bytes. The first access costs a request."""
        return self._known().size or 0

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from `start` to before `stop` or the end of the object."""
        stop = min(stop, self.size)
        if start >= stop:
            return b""
        if stop - start > BLOCK_BYTES:
            return self._fetch_all([(start, stop)])[0]
        first, last = start // BLOCK_BYTES, (stop - 1) // BLOCK_BYTES
        data = b"".join(self._block(number) for number in range(first, last + 1))
        begin = first * BLOCK_BYTES
        return data[start - begin : stop - begin]

    def read_many(self, ranges: Sequence[ByteRange]) -> list[bytes]:
        """Return the bytes of several parts, with as few requests as make sense."""
        runs = merged(ranges, GAP_BYTES)
        data = self._fetch_all(runs)
        starts = [start for start, _ in runs]
        found = []
        for start, stop in ranges:
            index = bisect_right(starts, start) - 1
            found.append(data[index][start - starts[index] : stop - starts[index]])
        return found

    def _fetch_all(self, runs: Sequence[ByteRange]) -> list[bytes]:
        pieces = [
            [(at, min(at + PART_BYTES, stop)) for at in range(start, stop, PART_BYTES)]
            for start, stop in runs
        ]
        if len(pieces) == len(pieces[0]) == 1:
            return [self._fetch(pieces[0][0])]
        fetched = iter([*self._executor().map(self._fetch, chain(*pieces))])
        return [b"".join(next(fetched) for _ in run) for run in pieces]

    def _fetch(self, part: ByteRange) -> bytes:
        start, stop = part[0], min(part[1], self.size)
        return self._source.fetch(start, stop, self._known())[0] if start < stop else b""

    def _block(self, number: int) -> bytes:
        with self._lock:
            block = self._blocks.get(number)
            if block is not None:
                self._blocks.move_to_end(number)
                return block
        start = number * BLOCK_BYTES
        return self._keep(number, self._fetch((start, start + BLOCK_BYTES)))

    def _keep(self, number: int, block: bytes) -> bytes:
        with self._lock:
            self._blocks[number] = block
            while len(self._blocks) > KEPT_BLOCKS:
                self._blocks.popitem(last=False)
        return block

    def _known(self) -> Validator:
        if self._validator is None:
            block, self._validator = self._source.fetch(0, BLOCK_BYTES)
            self._keep(0, block)
        return self._validator


def merged(ranges: Iterable[ByteRange], gap: int = 0) -> list[ByteRange]:
    """Return ranges in order, with those joined that overlap or are close together.

    Args:
        ranges: The ranges.
        gap: Bytes between two ranges up to which they are joined.

    Example:
        >>> merged([(6, 8), (0, 4), (4, 5)]), merged([(6, 8), (0, 4)], gap=2)
        ([(0, 5), (6, 8)], [(0, 8)])
    """
    runs: list[ByteRange] = []
    for start, stop in sorted(ranges):
        if runs and start - runs[-1][1] <= gap:
            runs[-1] = (runs[-1][0], max(runs[-1][1], stop))
        else:
            runs.append((start, stop))
    return runs
