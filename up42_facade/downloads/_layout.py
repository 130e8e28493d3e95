"""Paths of the files of one download: decided before the first byte, with a path for each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence, Set
from pathlib import Path

from attrs import frozen

from up42_facade.downloads._folders import in_use
from up42_facade.downloads._names import fold, safe_name, tagged_name
from up42_facade.downloads._records import owned_names, read_record
from up42_facade.downloads._stores import AnyFolder
from up42_facade.errors import DownloadError

Parts = tuple[str, ...]
# Paths below an output folder: of a file, and of the folder for the members of an archive.
Place = tuple[Parts, Parts]

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

    Args:
        folder: The output folder.
        downloads: The files.
        aside: Name of that subfolder, such as a job's. If None, each file's group. In a folder
            that has this name itself, everything is replaced.

    Raises:
        DownloadError: If paths are in use everywhere.
    """
    known = [_recorded(folder, download) for download in downloads]
    plain = lay_out(downloads)
    taken: Path | str | None = None
    for name in (None, lambda name, _: safe_name(name), tagged_name):
        chosen = []
        for download, (file, members), before in zip(downloads, plain, known, strict=True):
            above = (name(aside or download.group, f"{download.source_id}"),) if name else ()
            chosen.append(before or ((*above, *file), (*above, *members)))
        taken = _taken(folder, downloads, chosen, known)
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

    Args:
        folder: The folder.
        files: The files' paths below the folder or its subfolder.
        asides: Names of subfolders, in order of preference.
        owned: Names in the folder that may be replaced.

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

    def clashes(path: Parts) -> bool:
        above = (path[:depth] for depth in range(1, len(path)))
        return count[path] > 1 or path in folders or any(part in count for part in above)

    return [index for index, paths in enumerate(claims) if any(map(clashes, paths))]


def _recorded(folder: AnyFolder, download: Download) -> Place | None:
    """Return where a single file was delivered before."""
    if download.is_unpacked or download.source_id is None:
        return None
    record = read_record(folder, download.source_id)
    if record is None or len(record.files) != 1:
        return None
    name = record.files[0].name
    parts = tuple(name.split("/"))
    is_ours = name in record.owned()
    return None if folder.obstacle(name, is_ours=is_ours) else (parts, parts[:-1])


def _taken(
    folder: AnyFolder,
    downloads: Sequence[Download],
    places: Sequence[Place],
    known: Sequence[Place | None],
) -> Path | str | None:
    """Return a path of others that a new file would have."""
    kept = {place[0] for place in known if place is not None}
    for download, (file, _), before in zip(downloads, places, known, strict=True):
        if before is not None:
            continue
        # Which members of an archive are in use shows when it is unpacked. A download that turns
        # out not to be an archive becomes a file, and might be there already.
        name = "/".join(file)
        is_ours = download.is_unpacked and name in owned_names(folder, download.source_id)
        found = folder.obstacle(name, is_ours=is_ours)
        if found is not None or file in kept:
            return found or folder.location(name)
    return None
