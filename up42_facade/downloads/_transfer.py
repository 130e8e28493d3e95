"""The bytes of one file on their way to disk: over several connections, resumable after a kill."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic
from typing import Any

from attrs import asdict

from up42_facade._common.threads import completed, stop_all
from up42_facade.downloads._checksums import matches_file, verify_file
from up42_facade.downloads._folders import (
    create_plain,
    in_new_folder,
    json_object,
    local_errors,
    lock,
    read_plain,
    remove_folders,
)
from up42_facade.downloads._inflate import decoded
from up42_facade.downloads._remote import (
    ByteRange,
    ContentChanged,
    RemoteStream,
    Validator,
    check_length,
    merged,
    whole_number,
)
from up42_facade.errors import ChecksumError, DownloadError

# Bytes of a piece at least: a further connection needs some round trips to get going.
# And at most: if a connection is slow, the others fetch more pieces meanwhile.
MIN_PIECE_BYTES = 8 << 20
MAX_PIECE_BYTES = 64 << 20
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


class PartFile:
    """The bytes of a target so far in `<target>.part`, and a note of them in `….part.json`.

    Threads may write at several places at once. Leaving the context keeps both files if
    another call can continue with them, else removes them. Bytes of a source with another ID
    aren't continued: two objects may have equal ETags.

    Raises:
        DownloadError: If the folder can't be written, or another program downloads the same file.
    """

    def __init__(self, target: Path, source_id: str | None = None) -> None:
        self.target = target
        self._source_id = source_id
        self.validator = Validator()
        # What has arrived, merged and in order.
        self.done: list[ByteRange] = []
        self._path, self._note, self._draft, self._plain = (
            target.with_name(target.name + suffix)
            for suffix in (".part", ".part.json", ".part.json~", ".part~")
        )
        self._lock = threading.RLock()
        self._is_open = True
        with local_errors(target):
            self._created, self._file = in_new_folder(target.parent, self._open)
        self._load()

    def __enter__(self) -> PartFile:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        is_wrong = isinstance(error, ChecksumError) or self.validator.condition is None
        with self._lock:
            if is_wrong or self.count < WORTH_KEEPING_BYTES:
                self.discard()
            if not self._is_open:
                return
            self._is_open = False
            with contextlib.suppress(OSError):
                self._save()
            os.close(self._file)

    @property
    def count(self) -> int:
        """Bytes that have arrived."""
        return sum(end - start for start, end in self.done)

    @property
    def start(self) -> int:
        """The byte to continue from: the first missing one, or the last one if none is."""
        first = self.done[0][1] if self.done and self.done[0][0] == 0 else 0
        # If everything arrived before, requesting more would be an error.
        return first - 1 if first and first == self.validator.size else first

    def missing(self, total: int) -> list[ByteRange]:
        """Return the gaps up to `total`."""
        ends = [0, *(end for _, end in self.done)]
        starts = [*(start for start, _ in self.done), total]
        return [(end, start) for end, start in zip(ends, starts, strict=True) if end < start]

    def begin(self, validator: Validator) -> None:
        """Record the version of the object; drop the bytes of another one."""
        with self._lock, local_errors(self.target):
            if validator.condition is None or self.validator.differs_from(validator):
                os.ftruncate(self._file, 0)
                self.done = []
            self.validator = validator
            if validator.size is None or validator.size >= WORTH_KEEPING_BYTES:
                self._save()
            else:
                # Not kept if it's incomplete; a note of an earlier program isn't about it.
                self._note.unlink(missing_ok=True)
                self._draft.unlink(missing_ok=True)

    def write(self, position: int, block: bytes) -> None:
        """Store bytes at their position; raise `DownloadError` if the disk is full."""
        end = position + len(block)
        with self._lock:
            if not self._is_open:
                raise DownloadError(f"The download of {self.target} was stopped.")
            try:
                with local_errors(self.target):
                    os.lseek(self._file, position, os.SEEK_SET)
                    rest = memoryview(block)
                    while rest:
                        rest = rest[os.write(self._file, rest) :]
                    if self.done and self.done[-1][1] == position:
                        self.done[-1] = (self.done[-1][0], end)  # by far the most frequent case
                    else:
                        self.done = merged([*self.done, (position, end)])
                    if monotonic() - self._saved_at >= SAVE_SECONDS:
                        self._save()
            except DownloadError:
                # A disk that is full mustn't stay full of incomplete files.
                self.discard()
                raise

    def finish(self, stream: RemoteStream) -> Path:
        """Verify the file, and inflate it if its store has packed it; return where it is.

        What is expected may be about the packed or the inflated file.

        Raises:
            ChecksumError: If a length or checksum differs, or the file can't be inflated.
        """
        name, source, size = self.target.name, stream.source, self.count
        with local_errors(self.target):
            os.ftruncate(self._file, size)
        verify_file(self._path, stream.announced, name)
        ready = self._path
        if stream.is_gzipped and self.target.suffix.lower() not in GZIP_SUFFIXES:
            ready = self._plain
            with (
                local_errors(self.target),
                self._path.open("rb", buffering=0) as packed,
                create_plain(ready) as file,
            ):
                file.writelines(decoded(packed, name, lambda: size))
        if ready == self._path or not matches_file(ready, source.size, source.checksums):
            verify_file(self._path, source.checksums, name)
            if source.size is not None:
                check_length(name, size, source.size)
        return ready

    def publish(self, ready: Path) -> None:
        """Move the finished file to its final path, or leave nothing."""
        with self._lock, local_errors(self.target):
            try:
                if os.name == "nt":  # Windows doesn't rename open files.
                    os.close(self._file)
                # In this order, a program that is killed in between leaves nothing for ever.
                self._note.unlink(missing_ok=True)
                ready.replace(self.target)
            except BaseException:
                self.discard()
                raise
            self._is_open = False
            if ready != self._path:
                self._path.unlink(missing_ok=True)
            if os.name != "nt":
                os.close(self._file)

    def discard(self) -> None:
        """Remove what arrived, unless it was published or kept."""
        with self._lock:
            if not self._is_open:
                return
            self._is_open = False
            with contextlib.suppress(OSError):
                os.close(self._file)
            for path in (self._path, self._note, self._plain):
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
            remove_folders(self._created)

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

    def _load(self) -> None:
        self._saved_at = monotonic()
        note = json_object(read_plain(self._note, MAX_NOTE_BYTES))
        length = os.fstat(self._file).st_size
        with contextlib.suppress(ValueError, TypeError, KeyError):
            done = merged((whole_number(start), whole_number(end)) for start, end in note["done"])
            is_ours = (note["version"], note["source"]) == (NOTE_VERSION, self._source_id)
            if is_ours and all(a < b <= length for a, b in done):
                self.validator, self.done = Validator.parse(note), done

    def _save(self) -> None:
        self._saved_at = monotonic()
        about = {"version": NOTE_VERSION, "source": self._source_id, **asdict(self.validator)}
        note = {**about, "done": self.done}
        with create_plain(self._draft) as file:
            file.write(json.dumps(note).encode())
        self._draft.replace(self._note)


def fill(part: PartFile, stream: RemoteStream, connections: int, shown: Any) -> None:
    """Fetch what is missing, beginning with a stream that is open at the first missing byte.

    Raises:
        ContentChanged: If the object was replaced meanwhile.
        DownloadError: If it can't be fetched completely, or the disk is full.
    """
    if stream.position and not stream.is_partial:
        raise ContentChanged(f"{stream.source.label} can't be continued: it is sent as a whole.")
    part.begin(stream.validator)
    shown.n = part.count
    shown.refresh()
    total = stream.validator.size
    if total is None:
        _copy(stream, part)
        return
    missing = total - part.count
    can_split = connections > 1 and stream.is_partial and stream.validator.condition is not None
    length = missing
    if can_split and missing >= 2 * MIN_PIECE_BYTES:
        # As many pieces for each connection, so that all are done at the same time.
        count = connections * max(2, -(-missing // (connections * MAX_PIECE_BYTES)))
        length = max(MIN_PIECE_BYTES, -(-missing // count))
    streams: list[RemoteStream] = []
    for gap, end in part.missing(total):
        for start in range(gap, end, length):
            if streams:
                known = stream.validator
                stream = RemoteStream(stream.source, start, known=known, shown=shown)
            stream.end = min(start + length, end)
            streams.append(stream)
    if length == missing:
        for each in streams:
            _copy(each, part)
        return

    def abort() -> None:
        for each in streams:
            each.abort()

    with ThreadPoolExecutor(connections, thread_name_prefix="up42-download") as pool:
        futures = [pool.submit(_copy, each, part) for each in streams]
        try:
            for future in completed(futures):
                future.result()
        except BaseException:
            stop_all(futures, abort)
            raise


def _copy(stream: RemoteStream, part: PartFile) -> None:
    with stream:
        for block in stream.blocks():
            part.write(stream.position - len(block), block)
