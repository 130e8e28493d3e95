"""One remote file to one path on disk: over several connections, and resumable after a kill."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from attrs import define

from up42_facade.downloads._checksums import matches_file, verify_file
from up42_facade.downloads._folders import (
    create_plain,
    in_new_folder,
    local_errors,
    lock,
    remove_folders,
)
from up42_facade.downloads._inflate import decoded
from up42_facade.downloads._records import read_note
from up42_facade.downloads._remote import (
    ContentChanged,
    RangeResponse,
    RemoteFile,
    TransientError,
    Validator,
    check_length,
    whole_number,
)
from up42_facade.downloads._streams import ByteRange, merged
from up42_facade.errors import ChecksumError, DownloadError

# Bytes below which a range isn't split: a second connection needs some round trips to get going.
MIN_SPLIT_BYTES = 8 << 20
# Times that a download starts over because the object was replaced in between.
MAX_RESTARTS = 3
# Seconds to wait for the other connections' threads after a failure.
JOIN_SECONDS = 2.0
# Files that stay packed when their store keeps them with Content-Encoding: gzip.
GZIP_SUFFIXES = (".gz", ".tgz")
# Seconds between two notes of what has arrived: what a killed program has to fetch again at most.
SAVE_SECONDS = 0.5
# Files with fewer bytes than this are fetched again rather than left behind incomplete.
WORTH_KEEPING_BYTES = 256 << 10
# Bytes of the longest note that is read: a note has a few ranges.
MAX_NOTE_BYTES = 1 << 20
# Format of the notes: one of another version is ignored.
NOTE_VERSION = 1

# Given the version of an object and the path of its complete file, it allows the move to the
# final path, and is open while the file moves.
Claim = Callable[[Validator, Path], AbstractContextManager[object]]


class PartFile:
    """The bytes of a target so far in `<target>.part`, and a note of them in `….part.json`.

    Threads may write at several places at once. Leaving the context keeps both files if
    another call can continue with them, else removes them.

    Args:
        target: The final path.

    Raises:
        DownloadError: If the folder can't be written, or another program downloads the same file.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.validator = Validator()
        # What has arrived, merged and in order.
        self.done: list[ByteRange] = []
        part, note, plain = (
            target.with_name(target.name + suffix) for suffix in (".part", ".part.json", ".part~")
        )
        self._path, self._note, self._plain = part, note, plain
        self._lock = threading.Lock()
        self._saved_at = monotonic()
        self._closed = False
        with local_errors(target):
            self._created, self._file = in_new_folder(target.parent, self._open)
        self._load()

    def __enter__(self) -> PartFile:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if self.validator.condition is None or self.count < WORTH_KEEPING_BYTES:
                self._remove()
                return
            with contextlib.suppress(OSError):
                self._save()
            os.close(self._file)

    @property
    def count(self) -> int:
        """Bytes that have arrived."""
        return sum(end - start for start, end in self.done)

    def missing(self, total: int) -> list[ByteRange]:
        """Return the gaps up to `total`."""
        ends = [0, *(end for _, end in self.done)]
        starts = [*(start for start, _ in self.done), total]
        return [(end, start) for end, start in zip(ends, starts, strict=True) if end < start]

    def first_gap(self) -> int:
        """Return the first byte that is missing."""
        return self.done[0][1] if self.done and self.done[0][0] == 0 else 0

    def begin(self, validator: Validator) -> None:
        """Record the version of the object; drop the bytes of another one."""
        with self._lock:
            if validator.condition is None or self.validator.differs_from(validator):
                self._reset()
            self.validator = validator
            with local_errors(self.target):
                self._save()

    def reset(self) -> None:
        """Drop everything that arrived."""
        with self._lock:
            self._reset()

    def write(self, position: int, block: memoryview) -> None:
        """Store bytes at their position and record them.

        Raises:
            DownloadError: If the disk is full, or the download was stopped.
        """
        end = position + len(block)
        try:
            with local_errors(self.target):
                self._write(position, block)
        except DownloadError:
            # A disk that is full mustn't stay full of incomplete files.
            self.discard()
            raise
        with self._lock:
            if self.done and self.done[-1][1] == position:
                # By far the most frequent case: the next bytes of the only range.
                self.done[-1] = (self.done[-1][0], end)
            else:
                self.done = merged([*self.done, (position, end)])
            if monotonic() - self._saved_at >= SAVE_SECONDS:
                with local_errors(self.target):
                    self._save()

    def finish(self, size: int, response: RangeResponse, source: RemoteFile, claim: Claim) -> None:
        """Verify the file, inflate it if its store has packed it, and move it to its final path.

        Args:
            size: Length in bytes of what was transferred.
            response: The server's checksums and encoding.
            source: The caller's length and checksums, of the packed or inflated file.
            claim: Allows the move to the final path.

        Raises:
            ChecksumError: If a length or checksum differs, or the file can't be inflated.
            DownloadError: If something that can't be replaced has the final path.
        """
        name = self.target.name
        with local_errors(self.target):
            os.ftruncate(self._file, size)
        if self.missing(size):
            raise ChecksumError(f"{name} doesn't have all of its {size:,} bytes.")
        verify_file(self._path, response.checksums(), name)
        ready = self._path
        if response.is_gzipped and self.target.suffix.lower() not in GZIP_SUFFIXES:
            ready = self._inflate()
        if ready == self._path or not matches_file(ready, source.size, source.checksums):
            verify_file(self._path, source.checksums, name)
            if source.size is not None:
                check_length(name, size, source.size)
        self._publish(ready, claim)

    def _inflate(self) -> Path:
        with (
            local_errors(self.target),
            self._path.open("rb", buffering=0) as packed,
            create_plain(self._plain) as file,
        ):
            for block in decoded(packed, self.target.name, lambda: self.count):
                file.write(block)
        return self._plain

    def _publish(self, path: Path, claim: Claim) -> None:
        with self._lock, local_errors(self.target):
            self._closed = True
            if os.name == "nt":  # Windows doesn't rename open files.
                os.close(self._file)
            # In this order, a program that is killed in between leaves nothing that stays forever.
            self._note.unlink(missing_ok=True)
            try:
                with claim(self.validator, path):
                    path.replace(self.target)
            except BaseException:
                self._remove()
                raise
            if path != self._path:
                self._path.unlink(missing_ok=True)
            if os.name != "nt":
                os.close(self._file)

    def discard(self) -> None:
        """Remove what arrived."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._remove()

    def _remove(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self._file)
        for path in (self._path, self._note, self._plain):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        remove_folders(self._created)

    def _reset(self) -> None:
        with local_errors(self.target):
            os.ftruncate(self._file, 0)
        self.done = []

    def _open(self) -> int:
        if self.target.is_dir():
            raise IsADirectoryError(21, "it is a folder", str(self.target))
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
        while True:
            file = os.open(self._path, flags, 0o666)
            try:
                lock(file)
                if self._path.exists() and os.path.samestat(os.fstat(file), self._path.stat()):
                    return file
            except BlockingIOError:
                os.close(file)
                raise DownloadError(
                    f"{self.target} is already being downloaded by another program."
                ) from None
            except BaseException:
                os.close(file)
                raise
            # The program that had the lock renamed or removed the file in between.
            os.close(file)

    def _write(self, position: int, block: memoryview) -> None:
        if not hasattr(os, "pwrite"):
            with self._lock:
                os.lseek(self._file, position, os.SEEK_SET)
                while block:
                    block = block[os.write(self._file, block) :]
            return
        while block:
            if self._closed:
                raise DownloadError(f"The download of {self.target} was stopped.")
            count = os.pwrite(self._file, block, position)
            block, position = block[count:], position + count

    def _load(self) -> None:
        note = read_note(self._note, MAX_NOTE_BYTES)
        length = os.fstat(self._file).st_size
        with contextlib.suppress(ValueError, TypeError, KeyError):
            done = merged((whole_number(start), whole_number(end)) for start, end in note["done"])
            if note["version"] == NOTE_VERSION and all(a < b <= length for a, b in done):
                self.validator, self.done = Validator.parse(note), done

    def _save(self) -> None:
        self._saved_at = monotonic()
        note = {"version": NOTE_VERSION, **self.validator.to_dict(), "done": self.done}
        draft = self._note.with_name(self._note.name + "~")
        with create_plain(draft) as file:
            file.write(json.dumps(note).encode())
        draft.replace(self._note)


@define(eq=False)
class WorkRange:
    """A range that one connection works on; another one may take its rear half."""

    position: int
    end: int | None

    @property
    def length(self) -> int:
        """Bytes that are missing; 0 if the end isn't known."""
        return 0 if self.end is None else self.end - self.position


class Transfer:
    """The connections of one transfer; one that runs out of work takes half of the longest rest.

    Args:
        source: The remote file.
        part: Its bytes so far.
        shown: The progress bar.
    """

    def __init__(self, source: RemoteFile, part: PartFile, shown: Any) -> None:
        self._source = source
        self._part = part
        self._bar = shown
        self._waiting: list[WorkRange] = []
        self._active: list[WorkRange] = []
        self._lock = threading.Lock()
        self._helpers: list[threading.Thread] = []
        self._halt = threading.Event()
        self._errors: list[BaseException] = []

    def run(self, response: RangeResponse, connections: int) -> int:
        """Fetch the missing parts, beginning with an open response; return the length."""
        total = response.validator.size
        if not response.is_partial and self._part.done:
            self._part.reset()
        self._show(total, self._part.count)
        if total is None:
            work = WorkRange(0, None)
            self._fill(work, response)
            if self._source.size is not None and not response.is_gzipped:
                check_length(self._source.label, work.position, self._source.size)
            return work.position
        gaps = self._part.missing(total)
        self._waiting = [WorkRange(start, end) for start, end in reversed(gaps)]
        # Taken before the helpers start, so that the open response fits.
        first = self._take()
        can_split = response.is_partial and response.validator.condition is not None
        if can_split and total - self._part.count >= 2 * MIN_SPLIT_BYTES:
            for _ in range(connections - 1):
                helper = threading.Thread(target=self._help, name="up42-download", daemon=True)
                self._helpers.append(helper)
                helper.start()
        try:
            self._work(first, response)
            for helper in self._helpers:
                helper.join()
        finally:
            self._halt.set()
            for helper in self._helpers:
                helper.join(JOIN_SECONDS)
        if self._errors:
            raise self._errors[0]
        return total

    def _show(self, total: int | None, done: int) -> None:
        self._bar.total, self._bar.n = total, done
        self._bar.refresh()

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

    def _help(self) -> None:
        try:
            self._work(self._take(), None)
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
        # The server ignores ranges and no other thread writes: start over with this response.
        self._part.reset()
        self._show(response.validator.size, 0)
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
            self._bar.update(len(piece))
            with self._lock:
                work.position += len(piece)
                if work.position == work.end:
                    return True
        return work.end is None or work.position >= work.end


def transfer(
    source: RemoteFile,
    target: Path,
    shown: Any,
    *,
    is_complete: Callable[[RangeResponse], bool],
    connections: int = 1,
    claim: Claim = lambda _version, _path: nullcontext(),
) -> None:
    """Transfer a remote file to its final path, or continue an interrupted transfer.

    Args:
        source: The remote file.
        target: The final path.
        shown: The progress bar.
        is_complete: Returns whether the target has the content of the response already.
        connections: Most connections to use at once.
        claim: Allows the move to the final path.

    Raises:
        ChecksumError: If the length or a checksum isn't the expected one. Nothing is left then.
        ConnectionFailedError: If the connection failed, even after retries.
        DownloadError: If the server refuses, or the target can't be written.
    """
    with PartFile(target) as part:
        try:
            for left in reversed(range(MAX_RESTARTS + 1)):
                # A server whose copies disagree may still send one of them completely.
                count = connections if left else 1
                # If everything arrived before, requesting more would be an error.
                start = part.first_gap()
                if start and start == part.validator.size:
                    start -= 1
                try:
                    with source.retry(
                        partial(source.open, start, known=part.validator, ranged=count > 1)
                    ) as response:
                        if is_complete(response):
                            part.discard()
                            return
                        part.begin(response.validator)
                        size = Transfer(source, part, shown).run(response, count)
                    part.finish(size, response, source, claim)
                    return
                except ContentChanged:
                    if not left:
                        raise
                    part.reset()
                    part.validator = Validator()
        except ChecksumError:
            part.discard()
            raise
