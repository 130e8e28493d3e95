"""Reaching the end of a zip archive before its content has arrived."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from up42_facade._downloads.byte_stream import ByteStream
from up42_facade._downloads.forward import ForwardReader
from up42_facade._downloads.staging import local_errors
from up42_facade._downloads.transfer import Identity, RangesIgnored, Source
from up42_facade._downloads.zip_members import MAX_DIRECTORY_BYTES, SeekableFile
from up42_facade.errors import CorruptArchiveError

# Archives below this many bytes go through a temporary file: quicker than a second request.
SPOOL_BELOW_BYTES = 4 << 20
# Bytes fetched at once from the end: the longest comment and the directory of some hundred members.
TAIL_BYTES = 128 << 10
# Bytes read at once from a temporary file.
FILE_BLOCK_BYTES = 1 << 20


@contextmanager
def open_zip(
    source: Source, stream: ByteStream, reader: ForwardReader, spool: Path
) -> Iterator[tuple[SeekableFile, ForwardReader]]:
    """Give access to a zip's directory and to its content from the beginning.

    Args:
        source: The archive, for requests of its end.
        stream: The running transfer from the beginning.
        reader: The same, with nothing consumed.
        spool: Path for a temporary file, used where the server doesn't do ranges.

    Yields:
        A file for the directory, and a reader that begins at byte 0.
    """
    remote = _remote(source, stream)
    if remote is not None:
        yield remote, reader
        return
    _save(reader, spool)
    with spool.open("rb") as directory, spool.open("rb", buffering=0) as content:
        yield directory, ForwardReader(iter(lambda: content.read(FILE_BLOCK_BYTES), b""))


class RemoteFile:
    """The end of a remote object as a seekable file.

    Args:
        source: The object.
        size: Its length in bytes.
        known: Its identity as seen before.

    Raises:
        RangesIgnored: The server doesn't do ranges.
    """

    def __init__(self, source: Source, size: int, known: Identity) -> None:
        self._source = source
        self._size = size
        self._known = known
        self._position = 0
        self._tail_start = max(0, size - TAIL_BYTES)
        self._tail = source.fetch(self._tail_start, size, known=known)

    def tell(self) -> int:
        """The position, as files have it."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move, as files do."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("negative position")
        self._position = base + offset
        return self._position

    def read(self, count: int = -1, /) -> bytes:
        """Read, as files do, up to the largest directory that is accepted."""
        start = self._position
        end = self._size if count < 0 else min(start + count, self._size)
        if end - start > MAX_DIRECTORY_BYTES:
            raise CorruptArchiveError(
                f"The directory of the zip archive claims {end - start:,} bytes; "
                f"{MAX_DIRECTORY_BYTES:,} are possible."
            )
        self._position = max(start, end)
        if end <= start:
            return b""
        if start >= self._tail_start:
            return self._tail[start - self._tail_start : end - self._tail_start]
        return self._source.fetch(start, end, known=self._known)


def _remote(source: Source, stream: ByteStream) -> RemoteFile | None:
    if stream.total is None or stream.total < SPOOL_BELOW_BYTES:
        return None
    try:
        return RemoteFile(source, stream.total, stream.identity)
    except RangesIgnored:
        return None


def _save(reader: ForwardReader, spool: Path) -> None:
    with local_errors(spool):
        file = spool.open("xb")
    with file:
        for block in reader.remaining():
            with local_errors(spool):
                file.write(block)
        with local_errors(spool):
            file.flush()
