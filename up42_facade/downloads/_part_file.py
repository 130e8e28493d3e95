"""A file that is being downloaded: its bytes so far, and a note that lets another process go on."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from up42_facade.downloads._checksums import Checksum, matches_file, verify_file
from up42_facade.downloads._notes import create_plain, read_note, whole_number
from up42_facade.downloads._records import Validator, validator_of
from up42_facade.downloads._staging import in_new_folder, local_errors, remove_folders
from up42_facade.errors import ArchiveError, ChecksumError, DownloadError

if TYPE_CHECKING:
    from up42_facade.downloads._remote import RemoteFile

# Seconds between two notes of what has arrived: what a killed process has to fetch again at most.
SAVE_SECONDS = 0.5
# Files with fewer bytes than this are fetched again rather than left behind half-done.
WORTH_KEEPING_BYTES = 256 << 10
# Bytes, or bytes for each packed one, that a file may have inflated: imagery has 1.5, text 20.
MAX_INFLATED_BYTES = 1 * 10**9
MAX_INFLATED_RATIO = 200
# Bytes of the longest note that is read: a note has a few ranges.
MAX_NOTE_BYTES = 1 << 20
# Version of the note's form: a note of another version is not used.
_NOTE_VERSION = 1

Claim = Callable[[Validator, Path], AbstractContextManager[None]]

_PART = ".part"
_NOTE = ".part.json"
_PLAIN = ".part~"
_BLOCK_BYTES = 1 << 20


class ByteRangeSet:
    """A set of byte ranges `[start, end)`, kept merged and in order.

    Example:
        >>> spans = ByteRangeSet([(0, 4)])
        >>> spans.add(4, 6), spans.missing(10), spans.count
        (None, [(6, 10)], 6)
    """

    def __init__(self, spans: Iterable[tuple[int, int]] = ()) -> None:
        self._spans: list[tuple[int, int]] = []
        for start, end in spans:
            self.add(start, end)

    @property
    def count(self) -> int:
        """Bytes in all ranges together."""
        return sum(end - start for start, end in self._spans)

    def add(self, start: int, end: int) -> None:
        """Add a range."""
        if self._spans and self._spans[-1][1] == start:
            # By far the most frequent case: the next bytes of the only range.
            self._spans[-1] = (self._spans[-1][0], end)
            return
        merged: list[tuple[int, int]] = []
        for span in sorted([*self._spans, (start, end)]):
            if merged and span[0] <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], span[1]))
            else:
                merged.append(span)
        self._spans = merged

    def missing(self, total: int) -> list[tuple[int, int]]:
        """The gaps up to `total`."""
        gaps, position = [], 0
        for start, end in [*self._spans, (total, total)]:
            if start > position:
                gaps.append((position, min(start, total)))
            position = max(position, end)
        return gaps

    def first_gap(self) -> int:
        """The first byte that isn't there."""
        if not self._spans or self._spans[0][0] > 0:
            return 0
        return self._spans[0][1]

    def as_lists(self) -> list[list[int]]:
        """For JSON."""
        return [list(span) for span in self._spans]


class PartFile:
    """`<target>.part` and the note `<target>.part.json` beside it.

    Threads may write at several places at once. Leaving the context keeps both files if
    another call can go on with them, else removes them.

    Args:
        target: The final path.

    Raises:
        DownloadError: The folder can't be written, or another process downloads the same file.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.validator = Validator()
        self.spans = ByteRangeSet()
        self._path = target.with_name(target.name + _PART)
        self._note = target.with_name(target.name + _NOTE)
        self._lock = threading.Lock()
        self._saved_at = monotonic()
        self._closed = False
        with local_errors(target):
            self._made, self._file = in_new_folder(target.parent, self._open)
        self._load()

    def __enter__(self) -> PartFile:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if self._is_resumable():
                with contextlib.suppress(OSError):
                    self._save()
                os.close(self._file)
            else:
                self._remove()

    def begin(self, validator: Validator) -> None:
        """Note what object this is; forget what was there if it is another."""
        with self._lock:
            if validator.condition is None or self.validator.differs_from(validator):
                self._reset()
            self.validator = validator
            with local_errors(self.target):
                self._save()

    def reset(self) -> None:
        """Forget everything that arrived."""
        with self._lock:
            self._reset()

    def write(self, position: int, block: memoryview) -> None:
        """Store bytes at their place and remember them.

        Raises:
            DownloadError: The disk is full, or the download was closed meanwhile.
        """
        try:
            with local_errors(self.target):
                self._write(position, block)
        except DownloadError:
            # A disk that is full shall not stay full of our leftovers.
            self.discard()
            raise
        with self._lock:
            self.spans.add(position, position + len(block))
            if monotonic() - self._saved_at >= SAVE_SECONDS:
                with local_errors(self.target):
                    self._save()

    def finish(
        self,
        size: int,
        checksums: Iterable[Checksum],
        source: RemoteFile,
        *,
        unpack: bool,
        claim: Claim,
    ) -> None:
        """Verify the file and move it to its final path.

        Args:
            size: Length in bytes of what was transferred.
            checksums: What the server says about that.
            source: What the caller says: of the file, packed or unpacked.
            unpack: Whether to inflate the file first.
            claim: Takes the final path, with the version of the object and the path of the
                complete file; the file moves inside.

        Raises:
            ChecksumError: A length or checksum differs, or the file can't be inflated.
            DownloadError: Something that can't be replaced is at the final path.
        """
        with local_errors(self.target):
            os.ftruncate(self._file, size)
        if self.spans.missing(size):
            raise ChecksumError(f"{self.target.name} hasn't all of its {size:,} bytes.")
        verify_file(self._path, checksums, self.target.name)
        plain = self._inflate() if unpack else None
        if plain is None or not matches_file(plain, source.size, source.checksums):
            verify_file(self._path, source.checksums, self.target.name)
            if source.size not in (None, size):
                raise ChecksumError(
                    f"{self.target.name} has {size:,} bytes packed; {source.size:,} bytes were "
                    "announced for it, packed or unpacked."
                )
        self._publish(plain or self._path, claim)

    def _inflate(self) -> Path:
        from up42_facade.downloads._inflate import gunzip

        most = max(MAX_INFLATED_BYTES, self.spans.count * MAX_INFLATED_RATIO)
        plain = self.target.with_name(self.target.name + _PLAIN)
        with (
            local_errors(self.target),
            self._path.open("rb") as packed,
            create_plain(plain) as file,
        ):
            blocks = iter(lambda: packed.read(_BLOCK_BYTES), b"")
            try:
                for block in gunzip(blocks):
                    file.write(block)
                    if file.tell() > most:
                        raise ChecksumError(
                            f"{self.target.name} has above {most:,.0f} bytes unpacked."
                        )
            except ArchiveError as error:
                raise ChecksumError(
                    f"{self.target.name} has the Content-Encoding gzip and isn't gzip: {error}"
                ) from error
        return plain

    def _publish(self, path: Path, claim: Claim) -> None:
        with self._lock, local_errors(self.target):
            self._closed = True
            if os.name == "nt":  # Windows doesn't rename what is open.
                os.close(self._file)
            # In this order: whoever is killed in between leaves nothing that stays for ever.
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
        plain = self.target.with_name(self.target.name + _PLAIN)
        for path in (self._path, self._note, plain):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        remove_folders(self._made)

    def _reset(self) -> None:
        with local_errors(self.target):
            os.ftruncate(self._file, 0)
        self.spans = ByteRangeSet()

    def _open(self) -> int:
        if self.target.is_dir():
            raise IsADirectoryError(21, "it is a folder", str(self.target))
        return _open_locked(self._path, self.target)

    def _is_resumable(self) -> bool:
        return self.validator.condition is not None and self.spans.count >= WORTH_KEEPING_BYTES

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
        try:
            if note is None or note["version"] != _NOTE_VERSION:
                return
            validator = validator_of(note)
            spans = ByteRangeSet(
                (whole_number(start), whole_number(end)) for start, end in note["done"]
            )
        except (ValueError, TypeError, KeyError):
            return
        length = os.fstat(self._file).st_size
        if spans.missing(length) and validator.condition is None:
            return
        if any(end > length for _, end in spans.as_lists()):
            return
        self.validator, self.spans = validator, spans

    def _save(self) -> None:
        self._saved_at = monotonic()
        note = {
            "version": _NOTE_VERSION,
            "etag": self.validator.etag,
            "modified": self.validator.modified,
            "size": self.validator.size,
            "done": self.spans.as_lists(),
        }
        draft = self._note.with_name(self._note.name + "~")
        with create_plain(draft) as file:
            file.write(json.dumps(note).encode())
        draft.replace(self._note)


def _open_locked(path: Path, target: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    while True:
        file = os.open(path, flags, 0o666)
        try:
            _lock(file, target)
            if path.exists() and os.path.samestat(os.fstat(file), path.stat()):
                return file
        except BaseException:
            os.close(file)
            raise
        # Whoever had the lock renamed or removed the file in between.
        os.close(file)


def _lock(file: int, target: Path) -> None:
    try:
        import fcntl
    except ImportError:  # Windows: two processes there would disturb each other.
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DownloadError(f"{target} is being downloaded by somebody else already.") from None
    except OSError:
        # Some network file systems have no locks; the download works without.
        return
