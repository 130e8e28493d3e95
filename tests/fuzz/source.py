"""Bytes as a series of choices, so that a fuzzer that changes bytes changes structures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Source:
    """Makes choices from bytes; the first of all options when they are used up.

    Example:
        >>> source = Source(bytes([1, 200, 7]))
        >>> source.choose("abc"), source.number(100), source.rest()
        ('b', 0, b'\\x07')
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def __bool__(self) -> bool:
        return self._position < len(self._data)

    def take(self, count: int) -> bytes:
        """Return the next bytes, fewer at the end."""
        taken = self._data[self._position : self._position + count]
        self._position += len(taken)
        return taken

    def rest(self) -> bytes:
        """Return all bytes that are left."""
        return self.take(len(self._data))

    def number(self, below: int) -> int:
        """Return a number from 0 up to one below the limit."""
        return int.from_bytes(self.take((below.bit_length() + 7) // 8), "big") % below

    def flag(self) -> bool:
        return self.number(2) == 1

    def choose(self, options: Sequence[T]) -> T:
        return options[self.number(len(options))]

    def text(self, pieces: Sequence[str], most: int = 8) -> str:
        """Return a string of some of the pieces, of arbitrary characters in one of eight cases."""
        if self.number(8) != 7:
            return "".join(self.choose(pieces) for _ in range(self.number(most)))
        encoding, wild = self.choose(["utf-8", "utf-16-le"]), self.take(self.number(40))
        try:
            return wild.decode(encoding, "surrogatepass")
        except UnicodeDecodeError:
            return wild.decode(encoding, "ignore")
