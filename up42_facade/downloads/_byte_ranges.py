"""Any bytes of a remote object, by the place where they are."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor

from attrs import frozen

from up42_facade.downloads._records import Validator
from up42_facade.downloads._remote import RangesIgnored, RemoteFile

# Small reads are of headers and come in rows: one request serves many of them.
BLOCK_BYTES = 64 * 1024
# Blocks that are kept: 4 MB hold the headers of an image of any size.
KEPT_BLOCKS = 64
# Bytes between two ranges that are fetched along: they take less time than another request.
GAP_BYTES = 32 * 1024
# Longest part that one request fetches: several of them arrive at the same time.
PART_BYTES = 8 * 1024 * 1024


@frozen
class Span:
    """Bytes `start` to `stop`, the latter not included."""

    start: int
    stop: int


class ByteRanges:
    """Reads parts of an object, whatever happens to links and connections; thread-safe.

    Args:
        source: The object. Its link is renewed whenever it has expired.
        executor: Gives the threads that fetch several parts at the same time. The tasks given
            to it don't wait for others.

    Raises:
        RangesIgnored: The server can't send parts.
        ContentChanged: The object was replaced since the first read.
        ConnectionFailedError, DownloadError: As for downloads.
    """

    def __init__(self, source: RemoteFile, executor: Callable[[], Executor]) -> None:
        self._source = source
        self._executor = executor
        self._lock = threading.Lock()
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._validator: Validator | None = None

    @property
    def size(self) -> int:
        """Length of the object in bytes. The first question costs a request."""
        return self._known().size or 0

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from `start` on, to before `stop` or the end of the object."""
        stop = min(stop, self.size)
        if start >= stop:
            return b""
        if stop - start > BLOCK_BYTES:
            return self._fetch_all([Span(start, stop)])[0]
        first, last = start // BLOCK_BYTES, (stop - 1) // BLOCK_BYTES
        data = b"".join(self._block(number) for number in range(first, last + 1))
        begin = first * BLOCK_BYTES
        return data[start - begin : stop - begin]

    def read_many(self, spans: Sequence[Span]) -> list[bytes]:
        """Return the bytes of several parts, with as few requests as make sense."""
        runs = merged(spans)
        data = dict(zip(runs, self._fetch_all(runs), strict=True))
        starts = [run.start for run in runs]
        found = []
        for span in spans:
            run = runs[bisect_right(starts, span.start) - 1]
            found.append(data[run][span.start - run.start : span.stop - run.start])
        return found

    def _fetch_all(self, runs: Sequence[Span]) -> list[bytes]:
        pieces = [piece for run in runs for piece in split(run)]
        if len(pieces) == 1:
            return [self._fetch(pieces[0])]
        fetched = iter(list(self._executor().map(self._fetch, pieces)))
        return [b"".join(next(fetched) for _ in split(run)) for run in runs]

    def _fetch(self, span: Span) -> bytes:
        return self._source.fetch(span.start, min(span.stop, self.size), known=self._known())

    def _block(self, number: int) -> bytes:
        with self._lock:
            block = self._blocks.get(number)
            if block is not None:
                self._blocks.move_to_end(number)
                return block
        start = number * BLOCK_BYTES
        return self._keep(number, self._fetch(Span(start, start + BLOCK_BYTES)))

    def _keep(self, number: int, block: bytes) -> bytes:
        with self._lock:
            self._blocks[number] = block
            while len(self._blocks) > KEPT_BLOCKS:
                self._blocks.popitem(last=False)
        return block

    def _known(self) -> Validator:
        if self._validator is None:
            self._validator, block = self._source.retry(self._meet)
            self._keep(0, block)
        return self._validator

    def _meet(self) -> tuple[Validator, bytes]:
        """Fetch the first block and learn how long the object is and which version."""
        with self._source.open(0, BLOCK_BYTES) as answer:
            if not answer.is_partial:
                raise RangesIgnored(f"{self._source.label} can't be read in parts.")
            return answer.validator, b"".join(answer.blocks())


def merged(spans: Iterable[Span]) -> list[Span]:
    """Join spans that overlap or lie close together."""
    runs: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        if runs and span.start - runs[-1].stop <= GAP_BYTES:
            runs[-1] = Span(runs[-1].start, max(runs[-1].stop, span.stop))
        else:
            runs.append(span)
    return runs


def split(run: Span) -> list[Span]:
    """Cut a run into parts for one request each."""
    return [
        Span(start, min(start + PART_BYTES, run.stop))
        for start in range(run.start, run.stop, PART_BYTES)
    ]
