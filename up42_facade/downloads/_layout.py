"""Where the files of a download go in an output folder, and the records of what went where."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import nullcontext, suppress
from functools import cache
from pathlib import Path
from typing import Any

from attrs import asdict, field, frozen

from up42_facade.downloads._folders import (
    Folder,
    State,
    exclusive,
    in_use,
    json_object,
    state_of,
)
from up42_facade.downloads._names import (
    RESERVED_NAME,
    fold,
    local_folder,
    safe_name,
    scheme_of,
    single_name,
    tagged_name,
)
from up42_facade.downloads._remote import RemoteFile, RemoteStream, Validator, whole_number
from up42_facade.downloads._stores import Store, open_store
from up42_facade.errors import DownloadError, InvalidInputError

AnyFolder = Folder | Store
Parts = tuple[str, ...]
# Paths below an output folder: of a file, and of the folder for the members of an archive.
Place = tuple[Parts, Parts]

# Returns the sources of all recorded files: all records are read at the first call, once for all
# files of a download.
Deliveries = Callable[[], Mapping[tuple[str, State | None], Set[str]]]

# Bytes of the longest record that is read: some 500,000 files.
MAX_RECORD_BYTES = 32 << 20
# Format of the records: one of another version is ignored.
VERSION = 1

_ARCHIVE_SUFFIX = re.compile(r"\.(zip|tgz|tar|tar\.gz)$", re.IGNORECASE)


@frozen
class Download:
    """One file to download: its source, its target, and what is known about it.

    Example:
        >>> Download(lambda: "https://example.com/a.tif", "a.tif", size=12).size
        12
    """

    get_url: Callable[[], str]
    """Returns a URL; called again when a signed URL has expired."""
    target: str | Path = ""
    """File, or folder (existing, or with a slash at the end) to name the file in."""
    size: int | None = None
    """Length in bytes, if known."""
    checksum: str | None = None
    """Multihash or digest (hexadecimal), or `algorithm:digest`, if known."""
    media_type: str | None = None
    """Media type of the file, if known: an HTML page is refused for any other file."""
    source_id: str | None = None
    """Stable ID of the source, such as the URL without its query. The delivered files are then
    recorded in the folder `.up42` of the output folder, and an existing file counts as complete
    only if its checksum or that record confirms it."""
    folder: str | Path | None = None
    """Output folder that keeps the record. If None, the folder of the target."""
    name: str = ""
    """Name on the server, such as an asset's key, for files that get a place in a folder."""
    group: str = ""
    """Name of a subfolder for files whose names collide, such as an item's ID."""
    is_unpacked: bool = False
    """Whether it's an archive to unpack."""

    @property
    def record_id(self) -> str:
        """The ID under which its files are recorded: an archive's members aren't the archive."""
        return f"{self.source_id}#unpacked" if self.is_unpacked else f"{self.source_id}"


@frozen
class Record:
    """The files that one source delivered into a folder, as they were after writing, in order."""

    folder: AnyFolder
    source: str
    validator: Validator
    files: dict[str, State] = field(repr=False)

    @property
    def paths(self) -> list[str]:
        """The paths or URLs of the files, in order."""
        return [str(self.folder.location(name)) for name in self.files]

    def owned(self, deliveries: Deliveries) -> frozenset[str]:
        """Return the names that this source may replace.

        A file that was changed still belongs to the source, unless another one has delivered it.
        """
        changed = {
            (name, now)
            for name, state in self.files.items()
            if (now := self.folder.find(name)) not in (None, state)
        }
        theirs = {
            name for name, now in changed if deliveries().get((name, now), set()) - {self.source}
        }
        return frozenset(self.files) - theirs

    def is_current(self, source: RemoteFile) -> bool:
        """Return whether all files are still there, and the remote object is the same.

        It costs one request for the first byte, and only if the files are there.
        """
        if any(
            version == "" or self.folder.find(name) != (size, version)
            for name, (size, version) in self.files.items()
        ):
            return False
        with RemoteStream(source, 0, 1) as stream:
            return self.validator.confirms(stream.connect().validator)


def open_folder(
    output_directory: str | Path, storage_options: Mapping[str, Any] | None = None
) -> AnyFolder:
    """Open an output folder on this machine or in cloud storage. No request is sent yet.

    Raises:
        InvalidInputError: If the URL or the options can't be used.
        MissingExtraError: If fsspec or its backend for the store isn't installed.
    """
    if storage_options is not None and not isinstance(storage_options, Mapping):
        raise InvalidInputError(
            f"storage_options is of type {type(storage_options).__name__}: expected a dict."
        )
    if scheme_of(output_directory) is not None:
        return open_store(str(output_directory), dict(storage_options or {}))
    if storage_options:
        raise InvalidInputError(
            "storage_options are given, but output_directory is on this machine: expected "
            "the URL of a folder in cloud storage, such as 's3://bucket/results'."
        )
    return Folder(local_folder(output_directory))


def read_record(folder: AnyFolder, source: str | None) -> Record | None:
    """Return what a source delivered into a folder; None if no usable record exists."""
    if source is None:
        return None
    return _parsed(folder, folder.read(_record_name(source), MAX_RECORD_BYTES), source)


def deliveries_in(folder: AnyFolder) -> Deliveries:
    """Return what reads the sources of the recorded files in a folder."""

    @cache
    def read() -> Mapping[tuple[str, State | None], Set[str]]:
        found: dict[tuple[str, State | None], set[str]] = {}
        for name in folder.names(RESERVED_NAME):
            record = _parsed(folder, folder.read(f"{RESERVED_NAME}/{name}", MAX_RECORD_BYTES))
            if record is not None:
                for file in record.files.items():
                    found.setdefault(file, set()).add(record.source)
        return found

    return read


def owned_names(
    folder: AnyFolder, source: str | None, deliveries: Deliveries | None = None
) -> frozenset[str]:
    """Return the names in a folder that a source delivered and may replace."""
    record = read_record(folder, source)
    return frozenset() if record is None else record.owned(deliveries or deliveries_in(folder))


def write_record(
    folder: AnyFolder,
    source: str,
    validator: Validator,
    names: Sequence[str],
    present: Sequence[str | Path] | None = None,
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
    """
    files = []
    for name, now in zip(names, present or names, strict=True):
        state = folder.find(name) if present is None else state_of(now)
        if state is None:
            return
        files.append([name, *state])
    fields = {"version": VERSION, "source": source, **asdict(validator), "files": files}
    content = json.dumps(fields).encode()
    if len(content) <= MAX_RECORD_BYTES:
        with suppress(DownloadError):
            folder.write(_record_name(source), content)


def write_own(folder: AnyFolder, files: Iterable[tuple[str, str, bytes]]) -> None:
    """Write and record small files; if others use the name of one, it gets a hash of its source.

    Args:
        folder: The output folder.
        files: Source, name, and content of each.

    Raises:
        DownloadError: If such a name is in use, too, or a file can't be written.
        UploadError: If the cloud storage refuses or can't be reached.
    """
    deliveries = deliveries_in(folder)
    with exclusive(folder.path) if isinstance(folder, Folder) else nullcontext():
        for source, name, content in files:
            _write_own(folder, source, name, content, owned_names(folder, source, deliveries))


def _write_own(folder: AnyFolder, source: str, name: str, content: bytes, owned: Set[str]) -> None:
    for own in (safe_name(name), tagged_name(name, source)):
        taken = folder.obstacle(own, is_ours=own in owned)
        if taken is None:
            # A complete folder needn't be writable.
            if own not in owned or folder.read(own, len(content)) != content:
                folder.write(own, content)
                write_record(folder, source, Validator(), [own])
            return
    raise in_use(taken)


def _record_name(source: str) -> str:
    name = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{RESERVED_NAME}/{name}.json"


def _parsed(folder: AnyFolder, content: bytes | None, source: str | None = None) -> Record | None:
    """Return the record in the content of a file; None if it can't be used."""
    fields = json_object(content)
    try:
        if fields["version"] != VERSION or source not in (None, fields["source"]):
            return None
        files = dict(_file(*entry) for entry in fields["files"])
        return Record(folder, fields["source"], Validator.parse(fields), files)
    except (DownloadError, ValueError, TypeError, KeyError):
        # Without a usable record the source is simply fetched again.
        return None


def _file(name: str, size: Any, version: Any) -> tuple[str, State]:
    """Return a file of a record, whose path below the output folder one of ours can have."""
    os.fsencode(name)
    for part in name.split("/"):
        if single_name(part).startswith(RESERVED_NAME):
            raise ValueError(f"{name!r} isn't a result")
    version = version if isinstance(version, str) else whole_number(version)
    return name, (whole_number(size), version)


def lay_out(downloads: Sequence[Download]) -> list[Place]:
    """Return a path for each file that no other has, on any file system.

    A file gets its own name, and so does the subfolder that an archive is unpacked into; a single
    archive alone needs no subfolder. Files whose names collide go to a subfolder named by their
    group, and get a hash of their source if that isn't enough.

    Raises:
        DownloadError: If nothing distinguishes two files.

    Example:
        >>> one = Download(str, name="dem.tif", group="item-1", source_id="1")
        >>> two = Download(str, name="DEM.tif", group="item-2", source_id="2")
        >>> [file for file, _ in lay_out([one, two])]
        [('item-1', 'dem.tif'), ('item-2', 'DEM.tif')]
    """
    levels = [0] * len(downloads)
    while True:
        places = [
            _place(download, level, is_alone=len(downloads) == 1)
            for download, level in zip(downloads, levels, strict=True)
        ]
        clashing = _clashing(downloads, places)
        if not clashing:
            return places
        raised = [index for index in clashing if levels[index] < 2]
        if not raised:
            names = ", ".join(sorted({repr(downloads[index].name) for index in clashing}))
            raise DownloadError(f"Two files have the same name and source: {names}.")
        for index in raised:
            levels[index] += 1


def lay_out_in(
    folder: AnyFolder, downloads: Sequence[Download], aside: str | None = None
) -> list[Place]:
    """Return a path for each file in a folder in which no file of others is replaced.

    A file that was delivered before stays where it is recorded. If another path is in use, all
    new files go to a subfolder, whose name gets a hash if paths in it are in use too.

    That is named `aside`, such as a job's, or by the group of each file. In a folder that has the
    name `aside` itself, everything is replaced.

    Raises:
        DownloadError: If paths are in use everywhere.
    """
    deliveries = deliveries_in(folder)
    known = [_recorded(folder, download, deliveries) for download in downloads]
    kept = {place[0] for place in known if place is not None}
    plain = lay_out(downloads)
    taken: Path | str | None = None
    for name in (None, lambda name, _: safe_name(name), tagged_name):
        chosen, taken = [], None
        for download, (file, members), before in zip(downloads, plain, known, strict=True):
            above = (name(aside or download.group, f"{download.source_id}"),) if name else ()
            place = before or ((*above, *file), (*above, *members))
            chosen.append(place)
            if before is None and taken is None:
                taken = _taken(folder, download, place[0], kept, deliveries)
        if taken is None or (aside is not None and subfolder(folder, aside) is None):
            return chosen
    raise in_use(taken)


def subfolder(folder: Path | AnyFolder, aside: str) -> str | None:
    """Return the name of a subfolder for files that collide with others; None in its own folder.

    The default folder of a job has the name of its subfolders: everything there belongs to the
    job, also if a download was killed before it recorded its files.
    """
    name = safe_name(aside)
    return None if folder.name == name else name


def free_subfolder(
    folder: AnyFolder, files: Sequence[Parts], asides: Sequence[str], owned: Set[str]
) -> Parts:
    """Return the subfolder in which files replace none of others; empty for the folder itself.

    `asides` are its possible names, in order of preference; names that are owned may be replaced.

    Raises:
        DownloadError: If paths are in use everywhere.
    """
    taken: Path | str | None = None
    for above in ((), *((name,) for name in asides)):
        names = ("/".join((*above, *parts)) for parts in files)
        found = (folder.obstacle(name, is_ours=name in owned) for name in names)
        taken = next((path for path in found if path is not None), None)
        if taken is None:
            return above
    raise in_use(taken)


def _place(download: Download, level: int, *, is_alone: bool) -> Place:
    plain = safe_name(download.name)
    name = plain if level < 2 else tagged_name(download.name, f"{download.source_id}")
    above = (safe_name(download.group),) if level else ()
    if not download.is_unpacked or is_alone:
        return (*above, name), above
    return (*above, name), (*above, safe_name(_ARCHIVE_SUFFIX.sub("", name)))


def _clashing(downloads: Sequence[Download], places: Sequence[Place]) -> list[int]:
    # Nothing else may have the path of a file, or of the folder of an archive.
    claims = [
        {tuple(map(fold, path)) for path in (place if download.is_unpacked else place[:1]) if path}
        for download, place in zip(downloads, places, strict=True)
    ]
    count = Counter(path for paths in claims for path in paths)
    folders = {path[:depth] for path in count for depth in range(1, len(path))}

    return [
        index
        for index, paths in enumerate(claims)
        if any(
            count[path] > 1
            or path in folders
            or any(path[:depth] in count for depth in range(1, len(path)))
            for path in paths
        )
    ]


def _recorded(folder: AnyFolder, download: Download, deliveries: Deliveries) -> Place | None:
    """Return where a single file was delivered before."""
    record = None if download.is_unpacked else read_record(folder, download.source_id)
    if record is None or len(record.files) != 1:
        return None
    (name,) = record.files
    parts = tuple(name.split("/"))
    is_ours = name in record.owned(deliveries)
    return None if folder.obstacle(name, is_ours=is_ours) else (parts, parts[:-1])


def _taken(
    folder: AnyFolder,
    download: Download,
    file: Parts,
    kept: Set[Parts],
    deliveries: Deliveries,
) -> Path | str | None:
    """Return the path of a new file if others use it."""
    # Which members of an archive are in use shows when it is unpacked. A download that turns
    # out not to be an archive becomes a file, and might be there already.
    name = "/".join(file)
    is_ours = download.is_unpacked and name in owned_names(folder, download.source_id, deliveries)
    found = folder.obstacle(name, is_ours=is_ours)
    return found or (folder.location(name) if file in kept else None)
