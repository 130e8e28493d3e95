"""Where the files of one download go: decided before the first byte, with a path for each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from attrs import frozen

from up42_facade.downloads._folders import Folder, as_folder
from up42_facade.downloads._names import fold, safe_name, tagged_name
from up42_facade.downloads._records import owned_paths, read_record
from up42_facade.errors import DownloadError

Parts = tuple[str, ...]

_ARCHIVE_SUFFIX = re.compile(r"\.(zip|tgz|tar|tar\.gz)$", re.IGNORECASE)


@frozen
class Planned:
    """Something to place in an output folder: a file, or an archive with its members."""

    name: str
    """Its name as the server has it, such as an asset's key."""
    group: str
    """What it belongs to, such as an item's ID: the name of a subfolder if names collide."""
    source_id: str
    """The stable ID of where it comes from."""
    is_unpacked: bool = False

    @property
    def record_id(self) -> str:
        """The ID under which its files are recorded: members are others than the archive."""
        return f"{self.source_id}#unpacked" if self.is_unpacked else self.source_id


@frozen
class Place:
    """Paths below an output folder, as their components."""

    file: Parts
    folder: Parts
    """Where the members of an archive go."""

    def within(self, folder: str) -> Place:
        """Return the same place in a subfolder."""
        return Place((folder, *self.file), (folder, *self.folder))


def lay_out(planned: Sequence[Planned]) -> list[Place]:
    """Give each file a path of its own, whatever file system they go to.

    A file is named by its name, and so is the subfolder that an archive is unpacked into; a
    single archive alone needs no subfolder. Files whose names collide go to a subfolder named
    by their group, and get a hash of their source if that isn't enough.

    Raises:
        DownloadError: If two files can't be told apart by anything.

    Example:
        >>> one = Planned("dem.tif", "item-1", "https://example.com/1")
        >>> two = Planned("DEM.tif", "item-2", "https://example.com/2")
        >>> [place.file for place in lay_out([one, two])]
        [('item-1', 'dem.tif'), ('item-2', 'DEM.tif')]
    """
    is_alone = len(planned) == 1
    levels = [0] * len(planned)
    while True:
        places = [_place(*pair, is_alone) for pair in zip(planned, levels, strict=True)]
        clashing = _clashing([_claims(*pair) for pair in zip(planned, places, strict=True)])
        if not clashing:
            return places
        raised = [index for index in clashing if levels[index] < 2]
        if not raised:
            names = ", ".join(sorted({repr(planned[index].name) for index in clashing}))
            raise DownloadError(f"Two files have the same name and source: {names}.")
        for index in raised:
            levels[index] += 1


def lay_out_in(
    folder: Path | Folder, planned: Sequence[Planned], aside: str | None = None
) -> list[Place]:
    """Give each file a path in a folder where nothing of others is replaced.

    A file that was delivered before stays where it is recorded. If another path is in use, all
    new files go to a subfolder, whose name gets a hash if paths in it are in use too.

    Args:
        folder: The output folder.
        planned: The files.
        aside: Name of that subfolder, such as a job's; None for one by each file's group. In a
            folder that has this name itself, everything is replaced.

    Raises:
        DownloadError: If paths are in use everywhere.
    """
    folder = as_folder(folder)
    known = [_recorded(folder, plan) for plan in planned]
    plain = lay_out(planned)
    apart, further = (
        [
            place.within(name(aside or plan.group, plan.source_id))
            for plan, place in zip(planned, plain, strict=True)
        ]
        for name in (lambda name, _: safe_name(name), tagged_name)
    )
    taken: Path | str | None = None
    for places in (plain, apart, further):
        chosen = [before or place for before, place in zip(known, places, strict=True)]
        taken = _taken(folder, planned, chosen, known)
        if taken is None or (aside is not None and subfolder(folder, aside) is None):
            return chosen
    raise in_use(taken)


def subfolder(folder: Path | Folder, aside: str) -> str | None:
    """Return the name of the subfolder for what can't lie in a folder; None if nothing needs one.

    The default folder of a job has the name of its subfolders: whatever is there is the job's own,
    also if a download was killed before it recorded its files.
    """
    name = safe_name(aside)
    return None if folder.name == name else name


def free_subfolder(
    folder: Path | Folder,
    files: Sequence[Parts],
    asides: Sequence[str],
    is_ours: Callable[[Path | str], bool],
) -> Parts:
    """Return the subfolder in which files replace none of others; empty for the folder itself.

    Args:
        folder: The folder.
        files: The files' paths below the folder or its subfolder.
        asides: Names of subfolders, in order of preference.
        is_ours: Whether a file at a path may be replaced.

    Raises:
        DownloadError: If paths are in use everywhere.
    """
    folder = as_folder(folder)
    taken: Path | str | None = None
    for above in ((), *((name,) for name in asides)):
        names = ("/".join((*above, *parts)) for parts in files)
        found = (folder.obstacle(name, is_ours=is_ours(folder.location(name))) for name in names)
        taken = next((path for path in found if path is not None), None)
        if taken is None:
            return above
    raise in_use(taken)


def in_use(path: Path | str | None) -> DownloadError:
    """Return the error for a path that others use."""
    return DownloadError(
        f"{path} exists and isn't known to come from this download, so it isn't replaced: remove "
        "it, or choose another output_directory."
    )


def _place(plan: Planned, level: int, is_alone: bool) -> Place:
    name = safe_name(plan.name) if level < 2 else tagged_name(plan.name, plan.source_id)
    above = (safe_name(plan.group),) if level else ()
    if not plan.is_unpacked or is_alone:
        return Place((*above, name), above)
    stem = safe_name(_ARCHIVE_SUFFIX.sub("", name))
    return Place((*above, name), (*above, stem))


def _claims(plan: Planned, place: Place) -> set[Parts]:
    """Return the paths that nothing else may have: of the file, and of an archive's folder."""
    paths = {place.file, place.folder} if plan.is_unpacked else {place.file}
    return {tuple(map(fold, path)) for path in paths if path}


def _clashing(claims: Sequence[set[Parts]]) -> list[int]:
    count = Counter(path for paths in claims for path in paths)
    folders = {path[:depth] for path in count for depth in range(1, len(path))}

    def clashes(path: Parts) -> bool:
        above = (path[:depth] for depth in range(1, len(path)))
        return count[path] > 1 or path in folders or any(part in count for part in above)

    return [index for index, paths in enumerate(claims) if any(map(clashes, paths))]


def _recorded(folder: Folder, plan: Planned) -> Place | None:
    """Return where a single file was delivered before."""
    record = None if plan.is_unpacked else read_record(folder, plan.source_id)
    if record is None or len(record.files) != 1:
        return None
    name = record.files[0].name
    parts = tuple(name.split("/"))
    is_ours = folder.location(name) in record.owned()
    return None if folder.obstacle(name, is_ours=is_ours) else Place(parts, parts[:-1])


def _taken(
    folder: Folder,
    planned: Sequence[Planned],
    places: Sequence[Place],
    known: Sequence[Place | None],
) -> Path | str | None:
    """Return a path of others that a new file would have."""
    kept = {place.file for place in known if place is not None}
    for plan, place, before in zip(planned, places, known, strict=True):
        if before is not None:
            continue
        # Which members of an archive are in use shows when it is unpacked. Whatever turns out
        # not to be one becomes a file, and might be there already.
        name = "/".join(place.file)
        path = folder.location(name)
        is_ours = plan.is_unpacked and path in owned_paths(folder, plan.source_id)
        found = folder.obstacle(name, is_ours=is_ours)
        if found is not None or place.file in kept:
            return found or path
    return None
