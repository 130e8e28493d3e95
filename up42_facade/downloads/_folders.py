"""Output folders, as far as records and layouts must know them: here the ones on this machine."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from attrs import frozen

from up42_facade.downloads._locations import below
from up42_facade.downloads._notes import read_plain

# Everything that the downloads keep for themselves in an output folder begins with this name.
RESERVED_NAME = ".up42"


@frozen
class FoundFile:
    """A file as it is: its name below the folder, its size, and what tells its version."""

    name: str
    size: int
    version: int | str
    """Changes if the file is replaced: its time in ns on disk, the ETag or time in a store.
    Empty if the store tells neither."""


class Folder(Protocol):
    """An output folder. A name is that of a file below it, with slashes between its parts."""

    @property
    def name(self) -> str:
        """The last part of the folder's own path."""

    def location(self, name: str) -> Path | str:
        """Return the path or URL of a file."""

    def find(self, name: str) -> FoundFile | None:
        """Return a file as it is; None if there is none."""

    def obstacle(self, name: str, *, is_ours: bool = False) -> Path | str | None:
        """Return what is in the way of a file: another file, or one instead of a folder.

        Args:
            name: Where the file goes.
            is_ours: Whether a file at this path may be replaced.
        """

    def names(self, folder: str) -> Iterable[str]:
        """Return the names of what is in a subfolder."""

    def read(self, name: str, most: int) -> bytes | None:
        """Return the content of a small file; None if there is none or it has more bytes."""

    def write(self, name: str, content: bytes) -> None:
        """Write a small file, whole or not at all."""


@frozen
class Disk:
    """A folder on this machine."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    def location(self, name: str) -> Path:
        return self.path / name

    def find(self, name: str) -> FoundFile | None:
        try:
            found = self.location(name).lstat()
        except OSError:
            return None
        return FoundFile(name, found.st_size, found.st_mtime_ns)

    def obstacle(self, name: str, *, is_ours: bool = False) -> Path | None:
        parts = name.split("/")
        paths = [below(self.path, *parts[: depth + 1]) for depth in range(len(parts))]
        for path in paths[:-1]:
            if path.is_symlink() or (path.exists() and not path.is_dir()):
                return path
        is_free = not os.path.lexists(paths[-1]) or (is_ours and not paths[-1].is_dir())
        return None if is_free else paths[-1]

    def names(self, folder: str) -> Iterable[str]:
        path = self.location(folder)
        is_ours = path.is_dir() and not path.is_symlink()
        return [entry.name for entry in path.iterdir()] if is_ours else []

    def read(self, name: str, most: int) -> bytes | None:
        path = self.location(name)
        return None if path.parent.is_symlink() else read_plain(path, most)

    def write(self, name: str, content: bytes) -> None:
        """Write a small file; one that can't be written is left out."""
        with contextlib.suppress(OSError):
            _replace(self.location(name), content)


def as_folder(folder: Path | Folder) -> Folder:
    """Return a folder, also if it's given as a path on this machine."""
    return Disk(folder) if isinstance(folder, Path) else folder


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    if path.parent.is_symlink():
        raise NotADirectoryError(20, "it is a link", str(path.parent))
    handle, draft = tempfile.mkstemp(prefix=path.stem, suffix="~", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(draft).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(draft).unlink()
        raise
