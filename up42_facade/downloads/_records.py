"""What each source delivered into a folder: whose files they are, and whether they are current."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from up42_facade.downloads._folders import RESERVED_NAME, Disk, Folder, FoundFile, as_folder
from up42_facade.downloads._locations import single_name
from up42_facade.downloads._notes import note_of, whole_number
from up42_facade.errors import DownloadError

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
class Record:
    """What one source delivered into a folder.

    Attributes:
        folder: The output folder.
        source: A stable ID of the source, such as an asset's link without its query.
        validator: The version of the object that was delivered.
        files: The files as they were when they had been written, in the order in which the source
            delivered them.
    """

    folder: Folder
    source: str
    validator: Validator
    files: tuple[FoundFile, ...] = field(repr=False)

    @property
    def paths(self) -> list[Path | str]:
        """The paths of the files, or their URLs, in order."""
        return [self.folder.location(file.name) for file in self.files]

    def owned(self) -> frozenset[Path | str]:
        """Return the paths that this source may replace.

        A file that was changed is still the source's own, unless another one has delivered it.
        """
        now = {file.name: self.folder.find(file.name) for file in self.files}
        changed = {found for file in self.files if (found := now[file.name]) not in (None, file)}
        theirs = changed & _delivered_by_others(self) if changed else frozenset()
        return frozenset(self.folder.location(name) for name in now if now[name] not in theirs)

    def is_intact(self) -> bool:
        """Return whether every file is still there, with the size and version that it had."""
        return all(
            file.version != "" and self.folder.find(file.name) == file for file in self.files
        )


def read_record(folder: Path | Folder, source: str) -> Record | None:
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
    folder = as_folder(folder)
    content = note_of(folder.read(_record_name(source), MAX_RECORD_BYTES))
    try:
        if content is None or content["source"] != source:
            return None
        return _parsed(folder, source, content)
    except (DownloadError, ValueError, TypeError, KeyError):
        # Without a usable record the source is simply fetched again.
        return None


def owned_paths(folder: Path | Folder, source: str) -> frozenset[Path | str]:
    """Return the paths in a folder that a source may replace, as it has delivered them."""
    record = read_record(folder, source)
    return frozenset() if record is None else record.owned()


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


@contextlib.contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Let one download at a time take paths in a folder, across threads and programs.

    Where locks don't exist (Windows, some network file systems), nothing is excluded.
    """
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        yield
        return
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        # Not only closed: a process that was forked meanwhile would keep the lock.
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_UN)
        os.close(handle)


def write_record(
    folder: Path | Folder,
    source: str,
    validator: Validator,
    names: Iterable[str],
    present: Iterable[str | Path] | None = None,
) -> None:
    """Record what a source delivers: on disk, just before its files move to their final paths.

    In this order, files of a program that is killed in between are known as its own; whether
    they are complete shows in their sizes and times, which moving doesn't change.

    On disk, a record that can't be written is left out: the files are complete without it.

    Args:
        folder: The output folder.
        source: The source's stable ID.
        validator: The version of the object that was delivered.
        names: The files' paths below the folder, with slashes.
        present: Where they are now; None if they are in place.

    Raises:
        UploadError: The folder is in a store that refuses or can't be reached.
    """
    folder = as_folder(folder)
    if present is None:
        files = [folder.find(name) for name in names]
    else:
        files = [_waiting(Path(now), name) for name, now in zip(names, present, strict=True)]
    content = json.dumps(
        {
            "version": VERSION,
            "source": source,
            "etag": validator.etag,
            "modified": validator.modified,
            "size": validator.size,
            "files": [[file.name, file.size, file.version] for file in files if file],
        }
    ).encode()
    if None not in files and len(content) <= MAX_RECORD_BYTES:
        folder.write(_record_name(source), content)


def _delivered_by_others(record: Record) -> frozenset[FoundFile]:
    """Return the files that other sources have recorded in a folder."""
    found: set[FoundFile] = set()
    for name in record.folder.names(RESERVED_NAME):
        content = note_of(record.folder.read(f"{RESERVED_NAME}/{name}", MAX_RECORD_BYTES))
        with contextlib.suppress(DownloadError, ValueError, TypeError, KeyError):
            if content is not None and content["source"] != record.source:
                found.update(_parsed(record.folder, content["source"], content).files)
    return frozenset(found)


def _waiting(path: Path, name: str) -> FoundFile | None:
    """Return a file that is to move, as it will be found under its name."""
    found = Disk(path.parent).find(path.name)
    return found and evolve(found, name=name)


def _strong(etag: str | None) -> str | None:
    return etag.removeprefix("W/") if etag else None


def _record_name(source: str) -> str:
    name = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{RESERVED_NAME}/{name}.json"


def _parsed(folder: Folder, source: str, content: Mapping[str, Any]) -> Record:
    if content["version"] != VERSION:
        raise ValueError("expected another version")
    files = tuple(
        FoundFile(_checked(name), whole_number(size), _version(version))
        for name, size, version in content["files"]
    )
    return Record(folder, source, validator_of(content), files)


def _checked(name: str) -> str:
    """Return a path below the output folder that a file of ours can have."""
    os.fsencode(name)
    for part in name.split("/"):
        if single_name(part).startswith(RESERVED_NAME):
            raise ValueError(f"{name!r} is no result")
    return name


def _version(value: int | str) -> int | str:
    return value if isinstance(value, str) else whole_number(value)
