"""A remote object as a binary file object."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from up42_facade._common.progress import bar
from up42_facade.downloads._remote import ByteStream, RemoteFile


class StreamFile(io.RawIOBase):
    """Reads an object in order; seeking begins a new request at the next read.

    Args:
        source: The object.
        progress: Whether to show a bar.
    """

    def __init__(self, source: RemoteFile, *, progress: bool) -> None:
        super().__init__()
        self._source = source
        self._bar = bar(progress=progress, unit="B", unit_scale=True)
        self._position = 0
        self._rest = memoryview(b"")
        self._stream = ByteStream(source, on_bytes=self._bar.update)
        self._blocks: Iterator[bytes] | None = None
        try:
            self._stream.open()
        except BaseException:
            self.close()
            raise
        self.size: int | None = self._stream.total
        self._bar.total = self.size

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True: the next read asks for the bytes from there on."""
        return True

    def tell(self) -> int:
        """Position of the next byte."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to another byte.

        Raises:
            OSError: The position is negative, or counted from an end that isn't known.
        """
        if whence == io.SEEK_END and self.size is None:
            raise OSError("The length isn't known.")
        bases = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size or 0}
        position = bases[whence] + offset
        if position < 0:
            raise OSError("The position is negative.")
        if position != self._position:
            self._restart(position)
        return position

    def readinto(self, buffer: Any, /) -> int:
        """Read what is there, at most the length of the buffer; 0 at the end."""
        if not self._rest:
            self._rest = memoryview(self._next())
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        self._position += count
        return count

    def close(self) -> None:
        """Give the connection back."""
        if not self.closed:
            self._rest = memoryview(b"")
            self._stream.close()
            self._bar.close()
        super().close()

    def _next(self) -> bytes:
        if self.size is not None and self._position >= self.size:
            return b""
        if self._blocks is None:
            self._blocks = iter(self._stream)
        return next(self._blocks, b"")

    def _restart(self, position: int) -> None:
        known = self._stream.validator
        self._stream.close()
        self._stream = ByteStream(self._source, position)
        self._stream.validator = known
        self._blocks = None
        self._rest = memoryview(b"")
        self._position = position
