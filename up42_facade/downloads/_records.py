"""Records of what each source delivered into a folder: its files, and whether they are current."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from up42_facade.downloads._folders import Folder, FoundFile, read_plain
from up42_facade.downloads._names import RESERVED_NAME, single_name
from up42_facade.downloads._remote import RemoteFile, Validator, whole_number
from up42_facade.downloads._stores import AnyFolder
from up42_facade.errors import DownloadError

# Bytes of the longest record that is read: some 500,000 files.
MAX_RECORD_BYTES = 32 << 20
# Format of the records: one of another version is ignored.
VERSION = 1


@frozen
class Record:
    """The files that one source delivered into a folder.

    Attributes:
        folder: The output folder.
        source: A stable ID of the source, such as an asset's link without its query.
        validator: The version of the object that was delivered.
        files: The files as they were after writing, in the order of delivery.
    """

    folder: AnyFolder
    source: str
    validator: Validator
    files: tuple[FoundFile, ...] = field(repr=False)

    @property
    def paths(self) -> list[str]:
        """The paths or URLs of the files, in order."""
        return [str(self.folder.location(file.name)) for file in self.files]

    def owned(self) -> frozenset[str]:
        """Return the names that this source may replace.

        A file that was changed still belongs to the source, unless another one has delivered it.
        """
        now = {file.name: self.folder.find(file.name) for file in self.files}
        changed = {found for file in self.files if (found := now[file.name]) not in (None, file)}
        theirs = changed & _delivered_by_others(self) if changed else frozenset()
        return frozenset(name for name, found in now.items() if found not in theirs)

    def is_current(self, source: RemoteFile) -> bool:
        """Return whether all files are still there, and the remote object is the same.

        It costs one request for the first byte, and only if the files are there.
        """
        if any(file.version == "" or self.folder.find(file.name) != file for file in self.files):
            return False
        with source.retry(partial(source.open, 0, 1)) as response:
            return self.validator.confirms(response.validator)


def read_record(folder: AnyFolder, source: str) -> Record | None:
    """Return what a source delivered into a folder; None if no usable record exists."""
    return _parsed(folder, folder.read(_record_name(source), MAX_RECORD_BYTES), source)


def owned_names(folder: AnyFolder, source: str | None) -> frozenset[str]:
    """Return the names in a folder that a source delivered and may replace."""
    record = None if source is None else read_record(folder, source)
    return frozenset() if record is None else record.owned()


def write_record(
    folder: AnyFolder,
    source: str,
    validator: Validator,
    names: Iterable[str],
    present: Iterable[str | Path] | None = None,
) -> None:
    """Record what a source delivers: on disk, just before its files move to their final paths.

    In this order, the files of a program that is killed in between are known as its own. Whether
    they are complete shows in their sizes and times, which moving doesn't change.

    On disk, a record that can't be written is left out: the files are complete without it.

    Args:
        folder: The output folder.
        source: The source's stable ID.
        validator: The version of the object that was delivered.
        names: The files' paths below the folder, with slashes.
        present: Where they are now. If None, they are in place.

    Raises:
        UploadError: If the folder is in cloud storage that refuses or can't be reached.
    """
    if present is None:
        files = [folder.find(name) for name in names]
    else:
        files = [_waiting(Path(now), name) for name, now in zip(names, present, strict=True)]
    listed = [[file.name, file.size, file.version] for file in files if file]
    fields = {"version": VERSION, "source": source, **validator.to_dict(), "files": listed}
    content = json.dumps(fields).encode()
    if None not in files and len(content) <= MAX_RECORD_BYTES:
        folder.write(_record_name(source), content)


def json_object(content: bytes | None) -> dict[str, Any]:
    """Return the JSON object in the content of a file; an empty one if there is none."""
    try:
        found = None if content is None else json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def read_note(path: Path, max_bytes: int) -> dict[str, Any]:
    """Return the JSON object in a file; an empty one if there is none."""
    return json_object(read_plain(path, max_bytes))


def _delivered_by_others(record: Record) -> frozenset[FoundFile]:
    """Return the files that other sources have recorded in a folder."""
    found: set[FoundFile] = set()
    for name in record.folder.names(RESERVED_NAME):
        content = record.folder.read(f"{RESERVED_NAME}/{name}", MAX_RECORD_BYTES)
        other = _parsed(record.folder, content)
        if other is not None and other.source != record.source:
            found.update(other.files)
    return frozenset(found)


def _waiting(path: Path, name: str) -> FoundFile | None:
    """Return a file that is to move, as it will be found under its name."""
    found = Folder(path.parent).find(path.name)
    return found and evolve(found, name=name)


def _record_name(source: str) -> str:
    name = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{RESERVED_NAME}/{name}.json"


def _parsed(folder: AnyFolder, content: bytes | None, source: str | None = None) -> Record | None:
    """Return the record in the content of a file; None if it can't be used."""
    fields = json_object(content)
    try:
        if fields["version"] != VERSION or source not in (None, fields["source"]):
            return None
        files = tuple(_file(*entry) for entry in fields["files"])
        return Record(folder, fields["source"], Validator.parse(fields), files)
    except (DownloadError, ValueError, TypeError, KeyError):
        # Without a usable record the source is simply fetched again.
        return None


def _file(name: str, size: Any, version: Any) -> FoundFile:
    """Return a file of a record, whose path below the output folder one of ours can have."""
    os.fsencode(name)
    for part in name.split("/"):
        if single_name(part).startswith(RESERVED_NAME):
            raise ValueError(f"{name!r} isn't a result")
    version = version if isinstance(version, str) else whole_number(version)
    return FoundFile(name, whole_number(size), version)
