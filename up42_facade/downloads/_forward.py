"""A file-like view of a stream of blocks that can only go forward."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from up42_facade.errors import ArchiveError


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
        if len(self._rest) < count:
            parts, size = [bytes(self._rest)], len(self._rest)
            while size < count and (block := next(self._blocks, None)) is not None:
                parts.append(block)
                size += len(block)
            self._rest = memoryview(b"".join(parts))
        return bytes(self._rest[:count])

    def read(self, count: int) -> bytes:
        """Return the next bytes, fewer at the end."""
        data = self.peek(count)
        self._advance(len(data))
        return data

    def seek(self, position: int) -> int:
        """Skip to a later position.

        Raises:
            ArchiveError: It lies behind, or after the end.
        """
        if position < self._position:
            raise ArchiveError("The archive refers back to what was read already.")
        for _ in self.blocks(position - self._position):
            pass
        return self._position

    def blocks(self, count: int) -> Iterator[memoryview]:
        """Yield the next `count` bytes in pieces.

        Raises:
            ArchiveError: The stream ends before.
        """
        while count > 0:
            if not self._rest:
                block = next(self._blocks, None)
                if block is None:
                    raise ArchiveError("The archive is cut off in the middle of a file.")
                self._rest = memoryview(block)
            piece = self._rest[:count]
            count -= len(piece)
            self._advance(len(piece))
            yield piece

    def remaining(self) -> Iterator[bytes]:
        """Yield everything that wasn't consumed, as the stream gives it."""
        if self._rest:
            rest, self._rest = bytes(self._rest), memoryview(b"")
            yield rest
        yield from self._blocks

    def _advance(self, count: int) -> None:
        self._rest = self._rest[count:]
        self._position += count
