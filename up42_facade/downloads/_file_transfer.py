"""One remote file to one path, over one connection or several."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from attrs import define

from up42_facade.downloads._checksums import matches_file
from up42_facade.downloads._part_file import Claim, PartFile
from up42_facade.downloads._records import Record
from up42_facade.downloads._remote import ContentChanged, RangeResponse, RemoteFile, TransientError
from up42_facade.errors import ChecksumError

# Bytes below which a range isn't split: a second connection needs some round trips to get going.
MIN_SPLIT_BYTES = 8 << 20
# Times that a download begins anew because the object was replaced meanwhile.
MAX_RESTARTS = 3
# Seconds to wait for the other connections' threads after a failure.
JOIN_SECONDS = 2.0
# Files that stay packed when their store keeps them with Content-Encoding: gzip.
GZIP_SUFFIXES = (".gz", ".tgz")


@define(eq=False)
class WorkRange:
    """A range that one connection works on; another one may take its rear half."""

    position: int
    end: int | None

    @property
    def length(self) -> int:
        return 0 if self.end is None else self.end - self.position


@define(eq=False)
class Transfer:
    """How a caller wants a file to be downloaded.

    Attributes:
        overwrite: Fetch the file even if a complete one is there.
        connections: Most connections to use at once.
        on_total: Called with the length, if known, and the bytes that are there already.
        on_bytes: Called with the length of every block.
        record: What the same source delivered before; with it, an existing file of the right
            length counts as complete only if its checksum or the record confirms it.
        is_recorded: Whether the download is recorded.
        claim: Takes the final path just before the file moves there; see `PartFile.finish`.
    """

    overwrite: bool
    connections: int
    on_total: Callable[[int | None, int], object]
    on_bytes: Callable[[int], object]
    claim: Claim
    is_recorded: bool = False
    record: Record | None = None

    def fetch(self, source: RemoteFile, target: Path) -> None:
        """Bring an object to its final path, unless the file is complete already.

        Raises:
            ChecksumError, ConnectionFailedError, DownloadError: As `download_file` says.
        """
        if not self.overwrite and self._is_known_complete(source, target):
            return
        with PartFile(target) as part:
            try:
                self._fetch(source, part)
            except ChecksumError:
                part.discard()
                raise

    def _fetch(self, source: RemoteFile, part: PartFile) -> None:
        for _ in range(MAX_RESTARTS):
            try:
                return self._attempt(source, part, self.connections)
            except ContentChanged:
                part.reset()
        # A server whose copies disagree may still send one of them whole.
        return self._attempt(source, part, 1)

    def _attempt(self, source: RemoteFile, part: PartFile, connections: int) -> None:
        with _first_response(source, part, connections > 1) as response:
            if not self.overwrite and self._is_complete(source, part.target, response):
                part.discard()
                return
            part.begin(response.validator)
            checksums = response.checksums()
            unpack = response.is_gzipped and part.target.suffix.lower() not in GZIP_SUFFIXES
            size = _Connections(source, part, self).run(response, connections)
        part.finish(size, checksums, source, unpack=unpack, claim=self.claim)

    def _is_known_complete(self, source: RemoteFile, target: Path) -> bool:
        """Return whether the file is complete, without a request for its content."""
        if self.record is not None and target in self.record.paths:
            return source.is_unchanged(self.record)
        if not source.checksums and (self.is_recorded or source.size is None):
            return False
        return matches_file(target, source.size, source.checksums)

    def _is_complete(self, source: RemoteFile, target: Path, response: RangeResponse) -> bool:
        if response.is_gzipped:
            return False
        size = source.size if response.validator.size is None else response.validator.size
        checksums = [*source.checksums, *response.checksums()]
        if size is None or (self.is_recorded and not checksums):
            return False
        return matches_file(target, size, checksums)


def _first_response(source: RemoteFile, part: PartFile, ranged: bool) -> RangeResponse:
    start = part.spans.first_gap()
    if start and start == part.validator.size:
        # Everything arrived before: asking for more would be an error.
        start -= 1
    try:
        return source.open_retrying(start, known=part.validator, ranged=ranged)
    except ContentChanged:
        part.reset()
        return source.open_retrying(ranged=ranged)


class _Connections:
    """The connections of one transfer; one that runs out of work takes half of the longest rest."""

    def __init__(self, source: RemoteFile, part: PartFile, transfer: Transfer) -> None:
        self._source = source
        self._part = part
        self._transfer = transfer
        self._waiting: list[WorkRange] = []
        self._active: list[WorkRange] = []
        self._lock = threading.Lock()
        self._helpers: list[threading.Thread] = []
        self._halt = threading.Event()
        self._errors: list[BaseException] = []

    def run(self, response: RangeResponse, connections: int) -> int:
        """Fetch what is missing, beginning with an open response; return the length."""
        total = response.validator.size
        if not response.is_partial and self._part.spans.count:
            self._part.reset()
        self._transfer.on_total(total, self._part.spans.count)
        if total is None:
            return self._fetch_unknown(response)
        gaps = self._part.spans.missing(total)
        self._waiting = [WorkRange(start, end) for start, end in reversed(gaps)]
        try:
            self._fetch_known(response, total, connections)
        finally:
            self._halt.set()
            for helper in self._helpers:
                helper.join(JOIN_SECONDS)
        if self._errors:
            raise self._errors[0]
        return total

    def _take(self) -> WorkRange | None:
        with self._lock:
            work = self._waiting.pop() if self._waiting else self._split()
            if work is not None:
                self._active.append(work)
            return work

    def _split(self) -> WorkRange | None:
        longest = max(self._active, key=lambda work: work.length, default=None)
        if longest is None or longest.length < 2 * MIN_SPLIT_BYTES:
            return None
        middle = longest.position + longest.length // 2
        rear = WorkRange(middle, longest.end)
        longest.end = middle
        return rear

    def _fetch_known(self, response: RangeResponse, total: int, connections: int) -> None:
        # Taken before the helpers start, so that the open response fits.
        first = self._take()
        if first is None:
            return
        self._start_helpers(response, total, connections)
        self._work(first, response)
        for helper in self._helpers:
            helper.join()

    def _start_helpers(self, response: RangeResponse, total: int, connections: int) -> None:
        missing = total - self._part.spans.count
        possible = response.is_partial and response.validator.condition is not None
        if not possible or missing < 2 * MIN_SPLIT_BYTES:
            return
        for _ in range(connections - 1):
            helper = threading.Thread(target=self._help, name="up42-download", daemon=True)
            self._helpers.append(helper)
            helper.start()

    def _help(self) -> None:
        try:
            work = self._take()
            if work is not None:
                self._work(work, None)
        except BaseException as error:  # raised in the caller's thread
            self._errors.append(error)
            self._halt.set()

    def _work(self, work: WorkRange | None, response: RangeResponse | None) -> None:
        while work is not None and not self._halt.is_set():
            try:
                self._fill(work, response)
            finally:
                with self._lock:
                    self._active.remove(work)
            response = None
            work = self._take()

    def _fetch_unknown(self, response: RangeResponse) -> int:
        work = WorkRange(0, None)
        self._fill(work, response)
        size = None if response.is_gzipped else self._source.size
        if size is not None and work.position != size:
            raise ChecksumError(
                f"{self._source.label} has {work.position:,} bytes; {size:,} bytes were announced."
            )
        return work.position

    def _fill(self, work: WorkRange, response: RangeResponse | None) -> None:
        ready = [response] if response else []

        def attempt() -> None:
            if self._halt.is_set():
                return
            with ready.pop() if ready else self._open(work) as current:
                if not self._copy(work, current):
                    raise TransientError("the server ended its response early")

        self._source.retry(attempt, self._source.budget(lambda: work.position))

    def _open(self, work: WorkRange) -> RangeResponse:
        # If the length is unknown, nothing may be requested beyond the end.
        response = self._source.open(work.position, work.end, known=self._part.validator)
        if response.start == work.position:
            return response
        if self._helpers:
            response.response.close()
            raise ContentChanged(f"{self._source.label} was no longer sent in parts.")
        # The server ignores ranges and no one else writes: begin again with this response.
        self._part.reset()
        self._transfer.on_total(response.validator.size, 0)
        work.position, work.end = 0, response.validator.size
        return response

    def _copy(self, work: WorkRange, response: RangeResponse) -> bool:
        """Store a response's bytes; return whether the range is complete."""
        for block in response.blocks():
            if self._halt.is_set():
                return True
            room = None if work.end is None else work.end - work.position
            piece = memoryview(block)[:room]
            self._part.write(work.position, piece)
            self._transfer.on_bytes(len(piece))
            with self._lock:
                work.position += len(piece)
                if work.position == work.end:
                    return True
        return work.end is None or work.position >= work.end
