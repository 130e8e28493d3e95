"""One object into one file, over one connection or several."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from attrs import define, evolve, frozen

from up42_facade._downloads.checksums import Checksum, verify_file
from up42_facade._downloads.part_file import PartFile
from up42_facade._downloads.patience import PassingFault
from up42_facade._downloads.transfer import Answer, ContentChanged, Source
from up42_facade.errors import ChecksumError

# Bytes below which a range isn't split: a second connection needs some round trips to get going.
MIN_SPLIT_BYTES = 8 << 20
# Times that a download begins anew because the object was replaced meanwhile.
MAX_RESTARTS = 3
# Seconds to wait for the other connections' threads after a failure.
JOIN_SECONDS = 2.0


@define(eq=False)
class Span:
    """A range that one connection works on; `end` may shrink when another one takes its rear."""

    position: int
    end: int | None


class Ranges:
    """Deals out the missing ranges; who runs out of work takes half of the longest one left."""

    def __init__(self, gaps: list[tuple[int, int]]) -> None:
        self._waiting = [Span(start, end) for start, end in reversed(gaps)]
        self._active: list[Span] = []
        self.lock = threading.Lock()

    def take(self) -> Span | None:
        """Give a range to work on, None if nothing is left that is worth it."""
        with self.lock:
            span = self._waiting.pop() if self._waiting else self._split()
            if span is not None:
                self._active.append(span)
            return span

    def give_back(self, span: Span) -> None:
        """The range is done."""
        with self.lock:
            self._active.remove(span)

    def _split(self) -> Span | None:
        longest = max(self._active, key=_length, default=None)
        if longest is None or longest.end is None or _length(longest) < 2 * MIN_SPLIT_BYTES:
            return None
        middle = longest.position + _length(longest) // 2
        rear = Span(middle, longest.end)
        longest.end = middle
        return rear


@frozen
class Settings:
    """What a caller wants of the download of a file."""

    overwrite: bool
    connections: int
    on_total: Callable[[int | None, int], object]
    on_bytes: Callable[[int], object]


def fetch_file(source: Source, target: Path, settings: Settings) -> None:
    """Bring an object to its final name.

    Args:
        source: The object.
        target: Final path.
        settings: Overwriting, connections, and whom to tell of progress.

    Raises:
        ChecksumError, ConnectionFailedError, DownloadError: As `download_file` says.
    """
    if not settings.overwrite and _is_known_complete(source, target):
        return
    with PartFile(target) as part:
        for _ in range(MAX_RESTARTS):
            try:
                _fetch(source, part, settings)
            except ContentChanged:
                part.reset()
            else:
                return
        # A server whose copies disagree may still give one of them whole.
        _fetch(source, part, evolve(settings, connections=1))


def _fetch(source: Source, part: PartFile, settings: Settings) -> None:
    with _first_answer(source, part, settings) as answer:
        if not settings.overwrite and _is_complete(source, part.target, answer):
            part.discard()
            return
        part.begin(answer.identity)
        checksums = [*source.checksums, *answer.checksums()]
        size = _Fetch(source, part, settings).run(answer)
    part.finish(size, checksums)


def _first_answer(source: Source, part: PartFile, settings: Settings) -> Answer:
    start = part.spans.first_gap()
    if start and start == part.identity.size:
        # Everything arrived before: asking for more would be an error.
        start -= 1
    ranged = settings.connections > 1
    try:
        return source.open_patiently(start, known=part.identity, ranged=ranged)
    except ContentChanged:
        part.reset()
        return source.open_patiently(ranged=ranged)


def _is_known_complete(source: Source, target: Path) -> bool:
    """Tell from the caller's size and checksum alone, without a request."""
    if source.size is None and not source.checksums:
        return False
    return target.is_file() and _matches(target, source.size, source.checksums)


def _is_complete(source: Source, target: Path, answer: Answer) -> bool:
    size = source.size if answer.identity.size is None else answer.identity.size
    if size is None or not target.is_file():
        return False
    return _matches(target, size, [*source.checksums, *answer.checksums()])


def _matches(target: Path, size: int | None, checksums: list[Checksum]) -> bool:
    if size is not None and target.stat().st_size != size:
        return False
    try:
        verify_file(target, checksums)
    except ChecksumError:
        return False
    return True


class _Fetch:
    """The transfer itself."""

    def __init__(self, source: Source, part: PartFile, settings: Settings) -> None:
        self._source = source
        self._part = part
        self._settings = settings
        self._ranges = Ranges([])
        self._helpers: list[threading.Thread] = []
        self._halt = threading.Event()
        self._errors: list[BaseException] = []

    def run(self, answer: Answer) -> int:
        """Fetch what is missing, beginning with an open answer; gives the length."""
        total = answer.identity.size
        if not answer.is_partial and self._part.spans.count:
            self._part.reset()
        self._settings.on_total(total, self._part.spans.count)
        if total is None:
            return self._fetch_unknown(answer)
        self._ranges = Ranges(self._part.spans.missing(total))
        try:
            self._fetch_known(answer, total)
        finally:
            self._halt.set()
            for helper in self._helpers:
                helper.join(JOIN_SECONDS)
        if self._errors:
            raise self._errors[0]
        return total

    def _fetch_known(self, answer: Answer, total: int) -> None:
        # Taken before the helpers start, so that the open answer fits.
        first = self._ranges.take()
        if first is None:
            return
        self._start_helpers(answer, total)
        self._work(first, answer)
        for helper in self._helpers:
            helper.join()

    def _start_helpers(self, answer: Answer, total: int) -> None:
        missing = total - self._part.spans.count
        possible = answer.is_partial and answer.identity.validator is not None
        if not possible or missing < 2 * MIN_SPLIT_BYTES:
            return
        for _ in range(self._settings.connections - 1):
            helper = threading.Thread(target=self._help, name="up42-download", daemon=True)
            self._helpers.append(helper)
            helper.start()

    def _help(self) -> None:
        try:
            span = self._ranges.take()
            if span is not None:
                self._work(span, None)
        except BaseException as error:  # raised in the caller's thread
            self._errors.append(error)
            self._halt.set()

    def _work(self, span: Span | None, answer: Answer | None) -> None:
        while span is not None and not self._halt.is_set():
            try:
                self._fill(span, answer)
            finally:
                self._ranges.give_back(span)
            answer = None
            span = self._ranges.take()

    def _fetch_unknown(self, answer: Answer) -> int:
        span = Span(0, None)
        self._fill(span, answer)
        size = self._source.size
        if size is not None and span.position != size:
            self._part.discard()
            raise ChecksumError(
                f"{self._source.label} has {span.position:,} bytes, {size:,} were announced."
            )
        return span.position

    def _fill(self, span: Span, answer: Answer | None) -> None:
        patience = self._source.patience()
        best = span.position
        while not self._halt.is_set():
            try:
                with answer or self._open(span) as current:
                    if self._copy(span, current):
                        return
                raise PassingFault("the server ended its answer early")
            except PassingFault as fault:
                if span.position > best:
                    best = span.position
                    patience.renew()
                patience.wait(fault)
            answer = None

    def _open(self, span: Span) -> Answer:
        # An answer of unknown length must not be asked for beyond its end.
        answer = self._source.open(span.position, span.end, known=self._part.identity)
        if answer.start == span.position:
            return answer
        if self._helpers:
            answer.response.close()
            raise ContentChanged(f"{self._source.label} was no longer given in parts.")
        # The server ignores ranges and no one else writes: begin again with this answer.
        self._part.reset()
        self._settings.on_total(answer.identity.size, 0)
        span.position, span.end = 0, answer.identity.size
        return answer

    def _copy(self, span: Span, answer: Answer) -> bool:
        """Store an answer's bytes; tells whether the range is complete."""
        for block in answer.blocks():
            if self._halt.is_set():
                return True
            room = None if span.end is None else span.end - span.position
            piece = memoryview(block)[:room]
            self._part.write(span.position, piece)
            self._settings.on_bytes(len(piece))
            with self._ranges.lock:
                span.position += len(piece)
                if span.position == span.end:
                    return True
        return span.end is None or span.position >= span.end


def _length(span: Span) -> int:
    return 0 if span.end is None else span.end - span.position
