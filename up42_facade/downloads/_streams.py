"""A file behind expiring URLs as a stream, as a seekable file object, and in parts."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import closing
from functools import lru_cache
from itertools import chain
from typing import Any, BinaryIO, cast

import httpx

from up42_facade._common.progress import ByteBar
from up42_facade.downloads._checksums import Verifier
from up42_facade.downloads._inflate import ForwardReader, decoded
from up42_facade.downloads._remote import (
    ByteRange,
    RemoteFile,
    RemoteStream,
    Validator,
    check_length,
    merged,
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
    with (
        ByteBar(progress=progress) as shown,
        RemoteStream(source, shown=shown) as stream,
    ):
        if not stream.connect().is_gzipped:
            for block in stream.verified():
                take(block)
            return stream.position
        count, packed, plain = 0, Verifier(source.checksums), Verifier(source.checksums)
        reader = ForwardReader(packed.passed(stream.verified()))
        with closing(decoded(reader, source.label, reader.tell, stream.abort)) as blocks:
            for block in plain.passed(blocks):
                count += len(block)
                take(block)
        if size is not None and size not in (count, stream.position):
            check_length(source.label, count, size)
        try:
            packed.verify(source.label)
        except ChecksumError:
            plain.verify(source.label)
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
    raw = _SeekableFile(RemoteFile(get_url, http=http, size=size, checksum=checksum), progress)
    file: Any = io.BufferedReader(raw, STREAM_BUFFER_BYTES)
    file.size = raw.size
    return cast(BinaryIO, file)


class _SeekableFile(ForwardReader):
    """A remote file that is read in order, until it's sought: each seek costs a request."""

    def __init__(self, source: RemoteFile, progress: bool) -> None:
        self._bar = ByteBar(progress=progress)
        self._stream = RemoteStream(source, shown=self._bar)
        super().__init__(self._stream.verified())
        try:
            self.size = self._stream.connect().validator.size
        except BaseException:
            self.close()
            raise

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to another byte; raise `OSError` if it's negative, or its place unknown."""
        if whence == io.SEEK_END and self.size is None:
            raise OSError("The length isn't known.")
        bases = {io.SEEK_SET: 0, io.SEEK_CUR: self.tell(), io.SEEK_END: self.size or 0}
        position = bases[whence] + offset
        if position < 0:
            raise OSError("The position is negative.")
        if position != self.tell():
            self._stream.close()
            known = self._stream.validator
            self._stream = RemoteStream(self._stream.source, position, known=known)
            self._continue(self._stream.blocks(), position)
        return position

    def close(self) -> None:
        self._stream.close()
        self._bar.close()
        super().close()


class ByteRanges:
    """Reads parts of an object, whatever happens to links and connections; thread-safe.

    Args:
        source: The object. Its link is renewed whenever it has expired.
        executor: Returns the executor that fetches several parts at the same time. The tasks
            submitted to it don't wait for others.

    Raises:
        ContentChanged: If the object was replaced since the first read.
        DownloadError: If it can't be read, or the server doesn't support ranges.
    """

    def __init__(self, source: RemoteFile, executor: Callable[[], Executor]) -> None:
        self._source = source
        self._executor = executor
        self._validator: Validator | None = None
        self._block = lru_cache(KEPT_BLOCKS)(self._fetch_block)

    @property
    def size(self) -> int:
        """Length of the object in bytes. The first access costs a request."""
        if self._validator is None:
            self._block(0)
        return (self._validator and self._validator.size) or 0

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
        known = self._validator or Validator()
        return self._source.fetch(start, stop, known)[0] if start < stop else b""

    def _fetch_block(self, number: int) -> bytes:
        start = number * BLOCK_BYTES
        known = self._validator or Validator()
        block, self._validator = self._source.fetch(start, start + BLOCK_BYTES, known)
        return block
