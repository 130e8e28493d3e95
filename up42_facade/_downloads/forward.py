"""A file-like view of a stream of blocks that can only go forward."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from up42_facade.errors import CorruptArchiveError

# Longest header that an archive reader may ask for at once: long names and attributes
# take kilobytes, so anything larger is an attempt to fill the memory.
MAX_HEADER_BYTES = 1 << 20


class ForwardReader:
    """Reads, skips and tells; the content of members is given out without copying.

    Args:
        blocks: The stream in pieces of any size.

    Example:
        >>> reader = ForwardReader([b"ab", b"cdef"])
        >>> reader.read(3), [bytes(view) for view in reader.blocks(2)], reader.tell()
        (b'abc', [b'de'], 5)
    """

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._rest = memoryview(b"")
        self._position = 0

    def tell(self) -> int:
        """Bytes consumed so far."""
        return self._position

    def peek(self, count: int) -> bytes:
        """The next bytes without consuming them; fewer at the end."""
        while len(self._rest) < count:
            block = next(self._blocks, None)
            if block is None:
                break
            self._rest = memoryview(bytes(self._rest) + block)
        return bytes(self._rest[:count])

    def read(self, count: int) -> bytes:
        """Read a header.

        Raises:
            CorruptArchiveError: It claims an impossible length.
        """
        if not 0 <= count <= MAX_HEADER_BYTES:
            raise CorruptArchiveError(
                f"The archive has a header of {count:,} bytes; {MAX_HEADER_BYTES:,} are possible."
            )
        data = self.peek(count)
        self._advance(len(data))
        return data

    def seek(self, position: int) -> int:
        """Skip to a later position.

        Raises:
            CorruptArchiveError: It lies behind, or after the end.
        """
        if position < self._position:
            raise CorruptArchiveError("The archive refers back to what was read already.")
        for _ in self.blocks(position - self._position):
            pass
        return self._position

    def blocks(self, count: int) -> Iterator[memoryview]:
        """Yield the next `count` bytes in pieces.

        Raises:
            CorruptArchiveError: The stream ends before.
        """
        while count > 0:
            if not self._rest:
                block = next(self._blocks, None)
                if block is None:
                    raise CorruptArchiveError("The archive is cut off in the middle of a file.")
                self._rest = memoryview(block)
            piece = self._rest[:count]
            count -= len(piece)
            self._advance(len(piece))
            yield piece

    def drain(self) -> None:
        """Read to the end, so that whatever guards the stream sees all of it."""
        for block in self.remaining():
            self._position += len(block)

    def remaining(self) -> Iterator[bytes]:
        """Yield everything that wasn't consumed, as the stream gives it."""
        if self._rest:
            rest, self._rest = bytes(self._rest), memoryview(b"")
            yield rest
        yield from self._blocks

    def _advance(self, count: int) -> None:
        self._rest = self._rest[count:]
        self._position += count
