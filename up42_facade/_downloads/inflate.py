"""Inflating as a stream, ahead of the reader, with the fastest inflater at hand."""

from __future__ import annotations

import importlib
import threading
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from up42_facade.errors import CorruptArchiveError


def _optional(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


# Twice as fast as zlib, but not available for every platform.
igzip_lib = _optional("isal.igzip_lib")
isal_zlib = _optional("isal.isal_zlib")

# Bytes that change hands at once: large enough that the interpreter's share vanishes, small
# enough for the processor's cache; as the most that comes out of one call to the inflater it
# also bounds the memory that a bomb of zeros can take.
BLOCK_BYTES = 256 << 10
# Bytes that wait between two threads: enough to ride out a pause, little beside the interpreter.
READ_AHEAD_BYTES = 4 << 20
# Bytes for which a waiting reader is woken: a thread woken for every block would keep pushing
# the inflating one from its processor.
WAKE_BYTES = 1 << 20
# Seconds to wait for a thread that is stuck in a dead connection before it is left to time out.
JOIN_SECONDS = 2.0

GZIP_MAGIC = b"\x1f\x8b"

crc32: Callable[..., int] = zlib.crc32 if isal_zlib is None else isal_zlib.crc32


class Inflater(Protocol):
    """Turns compressed blocks into plain ones."""

    @property
    def eof(self) -> bool:
        """Whether the compressed data has ended."""

    @property
    def unused_data(self) -> bytes:
        """What came after its end."""

    def feed(self, block: bytes) -> Iterator[bytes]:
        """Yield what can be inflated so far, in pieces of at most `BLOCK_BYTES`."""


class _IsalInflater:
    def __init__(self, flag: int) -> None:
        self._engine: Any = igzip_lib.IgzipDecompressor(flag)

    @property
    def eof(self) -> bool:
        return bool(self._engine.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._engine.unused_data)

    def feed(self, block: bytes) -> Iterator[bytes]:
        engine = self._engine
        while True:
            try:
                plain = engine.decompress(block, BLOCK_BYTES)
            except igzip_lib.error as error:
                raise CorruptArchiveError(f"The compressed data is damaged: {error}.") from error
            if plain:
                yield plain
            if engine.eof or engine.needs_input:
                return
            block = b""


class _ZlibInflater:
    def __init__(self, window_bits: int) -> None:
        self._engine = zlib.decompressobj(window_bits)

    @property
    def eof(self) -> bool:
        return self._engine.eof

    @property
    def unused_data(self) -> bytes:
        return self._engine.unused_data

    def feed(self, block: bytes) -> Iterator[bytes]:
        engine = self._engine
        while True:
            try:
                plain = engine.decompress(block, BLOCK_BYTES)
            except zlib.error as error:
                raise CorruptArchiveError(f"The compressed data is damaged: {error}.") from error
            if plain:
                yield plain
            block = engine.unconsumed_tail
            if engine.eof or (not block and len(plain) < BLOCK_BYTES):
                return


def gzip_inflater() -> Inflater:
    """Make an inflater for one gzip member; it verifies the member's CRC and length."""
    if igzip_lib is None:
        return _ZlibInflater(16 + zlib.MAX_WBITS)
    return _IsalInflater(igzip_lib.DECOMP_GZIP)


def deflate_inflater() -> Inflater:
    """Make an inflater for raw deflate data, as zip archives hold it."""
    if igzip_lib is None:
        return _ZlibInflater(-zlib.MAX_WBITS)
    return _IsalInflater(igzip_lib.DECOMP_DEFLATE)


def gunzip(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Inflate a gzip file of one or more members.

    Args:
        blocks: The file in pieces of any size.

    Yields:
        The content in pieces of at most `BLOCK_BYTES`.

    Raises:
        CorruptArchiveError: The data is cut off or damaged.

    Example:
        >>> import gzip
        >>> b"".join(gunzip([gzip.compress(b"abc"), gzip.compress(b"def")]))
        b'abcdef'
    """
    inflater: Inflater | None = None
    for block in blocks:
        rest = block
        while rest:
            if inflater is None:
                # Some writers fill up to a tape block with zeros.
                rest = rest.lstrip(b"\0")
                if not rest:
                    break
                inflater = gzip_inflater()
            yield from inflater.feed(rest)
            if not inflater.eof:
                break
            rest, inflater = inflater.unused_data, None
    if inflater is not None:
        raise CorruptArchiveError("The archive is cut off: its compressed data has no end.")


class ReadAhead:
    """Runs an iterator of blocks in a thread of its own, a few MiB ahead of the reader.

    Args:
        blocks: What to read ahead of; closed in the thread.
        upstream: The read-ahead that `blocks` reads from, to be closed together.

    Example:
        >>> with ReadAhead(iter([b"a", b"b"])) as blocks:
        ...     b"".join(blocks)
        b'ab'
    """

    def __init__(self, blocks: Iterator[bytes], *, upstream: ReadAhead | None = None) -> None:
        self._blocks = blocks
        self._upstream = upstream
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
        if self._upstream is not None:
            # First, because our thread may be waiting for it.
            self._upstream.close()
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
            size += len(parts[-1])
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
            self._bytes += len(block)
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
