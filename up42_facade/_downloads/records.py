"""What each source delivered into a folder: whose files they are, and whether they are current."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

from up42_facade._downloads.locations import single_name
from up42_facade._downloads.notes import read_note, whole_number
from up42_facade.errors import DownloadError

# Everything that the downloads keep for themselves in an output folder begins with this name.
RESERVED_NAME = ".up42"
# Bytes of the longest record that is read: some 500,000 files.
MAX_RECORD_BYTES = 32 << 20
# Format of the records: one of another version is ignored.
VERSION = 1

_SENDABLE = re.compile(r"[!-~]([ -~]*[!-~])?")


@frozen
class Validator:
    """What a server says about the version of an object: its ETag, date, and length."""

    etag: str | None = None
    modified: str | None = None
    size: int | None = None

    @property
    def condition(self) -> str | None:
        """The value for `If-Range`: a strong one that a header can hold."""
        strong = None if self.etag and self.etag.startswith("W/") else self.etag
        return next((value for value in (strong, self.modified) if is_sendable(value)), None)

    def differs_from(self, other: Validator) -> bool:
        """Return whether anything that both know is different."""
        return any(mine != theirs for mine, theirs in self._shared(other))

    def confirms(self, other: Validator) -> bool:
        """Return whether both are known to describe the same version.

        The length alone proves nothing: at least the ETag or the date must be known and equal.
        """
        known = self._shared(other)
        has_version = any(isinstance(mine, str) for mine, _ in known)
        return has_version and all(mine == theirs for mine, theirs in known)

    def _shared(self, other: Validator) -> list[tuple[object, object]]:
        pairs = (
            (_strong(self.etag), _strong(other.etag)),
            (self.modified, other.modified),
            (self.size, other.size),
        )
        return [(mine, theirs) for mine, theirs in pairs if None not in (mine, theirs)]


@frozen
class RecordedFile:
    """A file as it was when it had been written: its path below the folder, size, and time."""

    path: str
    size: int
    modified_ns: int


@frozen
class Record:
    """What one source delivered into a folder.

    Attributes:
        folder: The output folder.
        source: A stable ID of the source, such as an asset's link without its query.
        validator: The version of the object that was delivered.
        files: The files, in the order in which the source delivered them.
    """

    folder: Path
    source: str
    validator: Validator
    files: tuple[RecordedFile, ...] = field(repr=False)

    @property
    def paths(self) -> list[Path]:
        """The paths of the files, in order."""
        return [self.folder / file.path for file in self.files]

    def owns(self, path: Path) -> bool:
        """Return whether this source wrote the file at a path."""
        return path in self.paths

    def is_intact(self) -> bool:
        """Return whether every file is still there, with the size and time that it had."""
        return all(_recorded(self.folder, path) == file for path, file in self._pairs())

    def _pairs(self) -> Iterable[tuple[Path, RecordedFile]]:
        return zip(self.paths, self.files, strict=True)


def read_record(folder: Path, source: str) -> Record | None:
    """Read what a source delivered into a folder.

    Args:
        folder: The output folder.
        source: The source's stable ID.

    Returns:
        The record; None if there is none or it can't be used.

    Example:
        record = read_record(folder, asset.href)
        if record is not None and record.is_intact():
            return record.paths
    """
    path = _record_path(folder, source)
    content = None if path.parent.is_symlink() else read_note(path, MAX_RECORD_BYTES)
    try:
        return None if content is None else _parsed(folder, source, content)
    except (DownloadError, ValueError, TypeError, KeyError):
        # Without a usable record the source is simply fetched again.
        return None


def is_sendable(value: str | None) -> bool:
    """Return whether a header can hold a value."""
    return bool(value and _SENDABLE.fullmatch(value))


def validator_of(content: Mapping[str, Any]) -> Validator:
    """Return the version of an object that a record or another note contains.

    Raises:
        KeyError, ValueError: It contains none.
    """
    etag, modified, size = content["etag"], content["modified"], content["size"]
    if not all(isinstance(value, str | None) for value in (etag, modified)):
        raise ValueError("expected an ETag and a date")
    return Validator(etag, modified, None if size is None else whole_number(size))


def write_record(
    folder: Path, source: str, validator: Validator, paths: Iterable[str | Path]
) -> None:
    """Record what a source delivered, after its files are in place.

    A record that can't be written is left out: the files are complete without it.

    Args:
        folder: The output folder.
        source: The source's stable ID.
        validator: The version of the object that was delivered.
        paths: The files, all below the folder.
    """
    with contextlib.suppress(OSError):
        files = [_recorded(folder, Path(path)) for path in paths]
        content = json.dumps(
            {
                "version": VERSION,
                "source": source,
                "etag": validator.etag,
                "modified": validator.modified,
                "size": validator.size,
                "files": [[file.path, file.size, file.modified_ns] for file in files if file],
            }
        )
        if None not in files and len(content) <= MAX_RECORD_BYTES:
            _replace(_record_path(folder, source), content)


def _strong(etag: str | None) -> str | None:
    return etag.removeprefix("W/") if etag else None


def _record_path(folder: Path, source: str) -> Path:
    name = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return folder / RESERVED_NAME / f"{name}.json"


def _recorded(folder: Path, path: Path) -> RecordedFile | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    name = path.relative_to(folder).as_posix()
    return RecordedFile(name, found.st_size, found.st_mtime_ns)


def _parsed(folder: Path, source: str, content: Mapping[str, Any]) -> Record | None:
    if content["version"] != VERSION or content["source"] != source:
        return None
    files = tuple(
        RecordedFile(_checked(name), whole_number(size), whole_number(ns))
        for name, size, ns in content["files"]
    )
    return Record(folder, source, validator_of(content), files)


def _checked(name: str) -> str:
    """Return a path below the output folder that a file of ours can have."""
    os.fsencode(name)
    for part in name.split("/"):
        if single_name(part).startswith(RESERVED_NAME):
            raise ValueError(f"{name!r} is no result")
    return name


def _replace(path: Path, content: str) -> None:
    path.parent.mkdir(exist_ok=True)
    if path.parent.is_symlink():
        raise NotADirectoryError(20, "it is a link", str(path.parent))
    handle, draft = tempfile.mkstemp(prefix=path.stem, suffix="~", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
        Path(draft).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(draft).unlink()
        raise
