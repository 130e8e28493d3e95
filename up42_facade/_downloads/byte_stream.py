"""The bytes of a remote object in order, whatever happens to the connections."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType

from attrs import evolve

from up42_facade._downloads.checksums import Verifier
from up42_facade._downloads.inflate import crc32
from up42_facade._downloads.patience import PassingFault, Patience
from up42_facade._downloads.transfer import Answer, ContentChanged, Identity, Source
from up42_facade.errors import ChecksumError


class ByteStream:
    """The bytes of a source in order, continued where a connection broke.

    Lengths and checksums are verified before the last block is given out. A server that
    ignores ranges sends everything again: what was given out already is then skipped, after
    its CRC showed that it is the same.

    Args:
        source: Where the bytes come from.
        start: First byte wanted. Checksums are verified only from byte 0 on.
        on_bytes: Told the length of every block.

    Example:
        with ByteStream(source) as stream:
            for block in stream:
                file.write(block)
    """

    def __init__(
        self,
        source: Source,
        start: int = 0,
        *,
        on_bytes: Callable[[int], object] | None = None,
    ) -> None:
        self._source = source
        self._on_bytes = on_bytes or (lambda _: None)
        self._patience: Patience | None = None
        self._verifier: Verifier | None = None
        self._first = start
        self._crc = 0
        self.position = start
        self.identity = Identity()
        self.answer: Answer | None = None

    def __enter__(self) -> ByteStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def total(self) -> int | None:
        """Length of the object in bytes, once an answer told it."""
        return self.identity.size

    def open(self) -> Answer:
        """Connect now, to learn what the headers say, and keep the answer for the first read."""
        while self.answer is None:
            try:
                self.answer = self._connect()
            except PassingFault as fault:
                self._wait(fault)
        return self.answer

    def close(self) -> None:
        """Give the connection back."""
        if self.answer is not None:
            self.answer.response.close()
            self.answer = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            while True:
                try:
                    yield from self._read(self.open())
                    if self._is_complete():
                        return
                except PassingFault as fault:
                    self._wait(fault)
                finally:
                    self.close()
        finally:
            self.close()

    def _connect(self) -> Answer:
        answer = self._source.open(self.position, known=self.identity)
        self.identity = _merged(self.identity, answer.identity)
        if self._verifier is None:
            self._verifier = Verifier([*self._source.checksums, *answer.checksums()])
        return answer

    def _wait(self, fault: PassingFault) -> None:
        self._patience = self._patience or self._source.patience()
        self._patience.wait(fault)

    def _read(self, answer: Answer) -> Iterator[bytes]:
        blocks = answer.blocks()
        if answer.start < self.position:
            blocks = self._skip(blocks, self.position - answer.start)
        for block in blocks:
            if not block:
                continue
            if self._patience is not None:
                self._patience.renew()
            self._account(block)
            yield block

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
        self._on_bytes(len(block))
        if self._first == 0 and self._verifier is not None:
            self._verifier.update(block)
        if self.position == self.total:
            self._verify()

    def _is_complete(self) -> bool:
        if self.total is None:
            self._check_length()
            self._verify()
            return True
        if self.position < self.total:
            raise PassingFault("the server ended its answer early")
        if self.total == 0:
            self._verify()
        return True

    def _check_length(self) -> None:
        size = self._source.size
        if size is not None and self.position != size:
            raise ChecksumError(
                f"{self._source.label} has {self.position:,} bytes, {size:,} were announced."
            )

    def _verify(self) -> None:
        if self._first == 0 and self._verifier is not None:
            self._verifier.verify(self._source.label)


def _merged(known: Identity, seen: Identity) -> Identity:
    return evolve(
        known,
        etag=known.etag or seen.etag,
        modified=known.modified or seen.modified,
        size=seen.size if known.size is None else known.size,
    )
