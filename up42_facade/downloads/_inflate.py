"""Inflating as a stream, ahead of the reader, with the fastest inflater at hand."""

from __future__ import annotations

import gzip
import importlib
import io
import threading
import zlib
from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import Any, BinaryIO, cast

from up42_facade.errors import ArchiveError


def _optional(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


# Twice as fast as zlib, but not available for every platform.
igzip_threaded = _optional("isal.igzip_threaded")
isal_zlib = _optional("isal.isal_zlib")
isal_error: type[Exception] = zlib.error if isal_zlib is None else isal_zlib.error

# Bytes that change hands at once: large enough that the interpreter's share vanishes, small
# enough for the processor's cache; as the most that comes out of one call to the inflater it
# also bounds the memory that a bomb of zeros can take.
BLOCK_BYTES = 256 << 10
# Bytes that wait between two threads: enough to ride out a pause, little beside the interpreter.
READ_AHEAD_BYTES = 4 << 20
# Bytes that a waiting block takes beside its content: a server may send it in pieces of one byte.
BLOCK_OVERHEAD_BYTES = 64
# Bytes for which a waiting reader is woken: a thread woken for every block would keep pushing
# the inflating one from its processor.
WAKE_BYTES = 1 << 20
# Seconds to wait for a thread that is stuck in a dead connection before it is left to time out.
JOIN_SECONDS = 2.0

GZIP_MAGIC = b"\x1f\x8b"

crc32: Callable[..., int] = zlib.crc32 if isal_zlib is None else isal_zlib.crc32


class BlockFile(io.RawIOBase):
    """Blocks as a file that can only be read on."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        super().__init__()
        self._blocks = blocks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Take what there is of the present block."""
        if not self._rest:
            self._rest = memoryview(next(self._blocks, b""))
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def gunzip(blocks: Iterator[bytes]) -> Generator[bytes, None, None]:
    """Inflate a gzip file of one or more members, in a thread of its own where isal is there.

    Args:
        blocks: The file in pieces of any size.

    Raises:
        ArchiveError: The data is cut off or damaged.

    Example:
        >>> import gzip
        >>> b"".join(gunzip(iter([gzip.compress(b"abc"), gzip.compress(b"def")])))
        b'abcdef'
    """
    packed = io.BufferedReader(BlockFile(blocks), BLOCK_BYTES)
    try:
        with open_gzip(packed) as plain:
            while block := plain.read(BLOCK_BYTES):
                yield block
    except EOFError as error:
        raise ArchiveError("The archive is cut off: its compressed data has no end.") from error
    # The last is isal's for a header of megabytes.
    except (gzip.BadGzipFile, zlib.error, isal_error, OverflowError) as error:
        raise ArchiveError(f"The compressed data is damaged: {error}.") from error


def open_gzip(packed: BinaryIO) -> BinaryIO:
    """Open packed bytes with the fastest gzip reader at hand."""
    if igzip_threaded is None:
        return cast(BinaryIO, gzip.open(packed, "rb"))
    return cast(BinaryIO, igzip_threaded.open(packed, "rb", threads=1, block_size=BLOCK_BYTES))


class ReadAhead:
    """Runs an iterator of blocks in a thread of its own, a few MiB ahead of the reader.

    Args:
        blocks: What to read ahead of; closed in the thread.

    Example:
        >>> with ReadAhead(iter([b"a", b"b"])) as blocks:
        ...     b"".join(blocks)
        b'ab'
    """

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._ended = False
        self._closed = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        # A daemon, so that a dead connection can't keep the interpreter from ending.
        self._thread = threading.Thread(target=self._run, name="up42-read-ahead", daemon=True)
        self._thread.start()

    def __enter__(self) -> ReadAhead:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the thread; what it had read ahead is dropped."""
        with self._changed:
            self._closed = self._ended = True
            self._waiting.clear()
            self._changed.notify_all()
        self._thread.join(JOIN_SECONDS)

    def __iter__(self) -> Iterator[bytes]:
        while (block := self._take()) is not None:
            yield block

    def _take(self) -> bytes | None:
        with self._changed:
            if not self._waiting:
                while self._bytes < WAKE_BYTES and not self._ended:
                    self._changed.wait()
            if self._waiting:
                return self._gather()
            if self._error is not None:
                raise self._error
            return None

    def _gather(self) -> bytes:
        parts, size = [], 0
        while self._waiting and size < BLOCK_BYTES:
            parts.append(self._waiting.popleft())
            size += len(parts[-1]) + BLOCK_OVERHEAD_BYTES
        self._bytes -= size
        if self._bytes <= READ_AHEAD_BYTES // 2:
            self._changed.notify_all()
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _run(self) -> None:
        try:
            for block in self._blocks:
                if not self._put(block):
                    break
        except BaseException as error:  # handed to the reader
            self._error = error
        finally:
            self._finish()

    def _put(self, block: bytes) -> bool:
        with self._changed:
            if self._bytes >= READ_AHEAD_BYTES:
                while self._bytes > READ_AHEAD_BYTES // 2 and not self._closed:
                    self._changed.wait()
            self._waiting.append(block)
            self._bytes += len(block) + BLOCK_OVERHEAD_BYTES
            if self._bytes >= WAKE_BYTES:
                self._changed.notify_all()
            return not self._closed

    def _finish(self) -> None:
        close = getattr(self._blocks, "close", None)
        if close is not None:
            close()
        with self._changed:
            self._ended = True
            self._changed.notify_all()
