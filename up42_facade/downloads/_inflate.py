"""Streams of bytes that can only be read forward, and inflating them with the fastest reader."""

from __future__ import annotations

import gzip
import importlib
import io
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import chain
from typing import Any, BinaryIO, cast

from up42_facade.errors import ArchiveError, ChecksumError


def _optional(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


# Twice as fast as zlib, but not available for every platform.
igzip_threaded = _optional("isal.igzip_threaded")
isal_zlib = _optional("isal.isal_zlib")
isal_error: type[Exception] = zlib.error if isal_zlib is None else isal_zlib.error
crc32: Callable[..., int] = zlib.crc32 if isal_zlib is None else isal_zlib.crc32

# Bytes that are passed on at once: large enough that the interpreter's share vanishes, small
# enough for the processor's cache. As the most that comes out of one call to the inflater it also
# bounds the memory that a bomb of zeros can take.
BLOCK_BYTES = 256 << 10
# Bytes, or bytes for each packed one, that a file may have inflated: imagery has 1.5, text 20.
MAX_INFLATED_BYTES = 1 * 10**9
MAX_INFLATED_RATIO = 200
GZIP_MAGIC = b"\x1f\x8b"


def reason_of(error: BaseException) -> str:
    """Return the message of an error, for use within a sentence."""
    return (str(error) or type(error).__name__).rstrip(".")


class ForwardReader(io.RawIOBase):
    """Reads pieces of any size as one stream; `blocks` and `remaining` don't copy them.

    Example:
        >>> reader = ForwardReader([b"ab", b"cdef"])
        >>> reader.read(3), [bytes(view) for view in reader.blocks(2)], reader.tell()
        (b'abc', [b'de'], 5)
    """

    def __init__(self, blocks: Iterable[bytes]) -> None:
        super().__init__()
        self._continue(blocks, 0)

    def _continue(self, blocks: Iterable[bytes], position: int) -> None:
        self._blocks = iter(blocks)
        self._rest = memoryview(b"")
        self._position = position

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def peek(self, count: int) -> bytes:
        """Return the next bytes without consuming them; fewer at the end."""
        if len(self._rest) < count:
            parts, size = [bytes(self._rest)], len(self._rest)
            while size < count and (block := next(self._blocks, None)) is not None:
                parts.append(block)
                size += len(block)
            self._rest = memoryview(b"".join(parts))
        return bytes(self._rest[:count])

    def read(self, count: int = -1, /) -> bytes:
        """Return the next bytes, fewer at the end."""
        data = self.peek(count)
        self._advance(len(data))
        return data

    def readinto(self, buffer: Any, /) -> int:
        """Fill a buffer as far as the current block reaches; return 0 at the end."""
        self._rest = self._rest or memoryview(next(self._blocks, b""))
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._advance(count)
        return count

    def skip_to(self, position: int) -> None:
        """Skip to a later position; raise `ArchiveError` if the stream ends before."""
        for _ in self.blocks(position - self._position):
            pass

    def blocks(self, count: int) -> Iterator[memoryview]:
        """Yield the next `count` bytes in pieces; raise `ArchiveError` if there are fewer."""
        while count > 0:
            self._rest = self._rest or memoryview(next(self._blocks, b""))
            if not self._rest:
                raise ArchiveError("The archive is cut off in the middle of a file.")
            piece = self._rest[:count]
            count -= len(piece)
            self._advance(len(piece))
            yield piece

    def remaining(self) -> Iterator[bytes]:
        """Return everything that wasn't consumed."""
        rest, self._rest = bytes(self._rest), memoryview(b"")
        return chain((rest,) if rest else (), self._blocks)

    def _advance(self, count: int) -> None:
        self._rest = self._rest[count:]
        self._position += count


def gunzip(
    packed: io.RawIOBase, abort: Callable[[], object] = lambda: None
) -> Generator[bytes, None, None]:
    """Inflate a gzip file of one or more members, in a separate thread if isal is installed.

    The file is closed in the end. `abort` ends a read of it, before that thread is waited for.

    Raises:
        ArchiveError: If the data is cut off or damaged.

    Example:
        >>> import gzip
        >>> packed = ForwardReader([gzip.compress(b"abc"), gzip.compress(b"def")])
        >>> b"".join(gunzip(packed))
        b'abcdef'
    """
    try:
        with io.BufferedReader(packed, BLOCK_BYTES) as buffered, open_gzip(buffered) as plain:
            try:
                while block := plain.read(BLOCK_BYTES):
                    yield block
            except BaseException:  # also if the consumer has had enough
                abort()
                raise
    except EOFError as error:
        raise ArchiveError("The archive is cut off: its compressed data has no end.") from error
    # isal raises the last one for a header of megabytes.
    except (gzip.BadGzipFile, zlib.error, isal_error, OverflowError) as error:
        raise ArchiveError(f"The compressed data is damaged: {reason_of(error)}.") from error


def open_gzip(packed: BinaryIO | io.BufferedReader) -> BinaryIO:
    """Open packed bytes with the fastest gzip reader that is installed."""
    if igzip_threaded is None:
        return cast(BinaryIO, gzip.open(packed, "rb"))
    return cast(BinaryIO, igzip_threaded.open(packed, "rb", threads=1, block_size=BLOCK_BYTES))


def decoded(
    packed: io.RawIOBase,
    label: str,
    packed_bytes: Callable[[], int],
    abort: Callable[[], object] = lambda: None,
) -> Generator[bytes, None, None]:
    """Inflate a file that its store keeps with `Content-Encoding: gzip`; see `gunzip`.

    Raises:
        ChecksumError: If the file isn't gzip, or expands too much, compared with the number of
            packed bytes that were read.
    """
    count = 0
    try:
        for block in gunzip(packed, abort):
            count += len(block)
            if count > max(MAX_INFLATED_BYTES, packed_bytes() * MAX_INFLATED_RATIO):
                raise ChecksumError(f"{label} expands to more than {count:,} bytes.")
            yield block
    except ArchiveError as error:
        raise ChecksumError(
            f"{label} has the Content-Encoding gzip but isn't gzip: {error}"
        ) from error
