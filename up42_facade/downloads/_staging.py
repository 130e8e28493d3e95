"""A hidden folder that holds unpacked files until all of them may move to their final paths."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence, Set
from pathlib import Path

from up42_facade.downloads._folders import (
    Folder,
    exclusive,
    in_new_folder,
    local_errors,
    lock,
    remove_folders,
)
from up42_facade.downloads._layout import Parts, free_subfolder
from up42_facade.downloads._names import RESERVED_NAME
from up42_facade.errors import ArchiveError, UnsafeArchiveError

# The hidden folder is inside the target: the same file system, so that moving is renaming,
# and no rights on the folder above are needed.
_PREFIX = f"{RESERVED_NAME}-unpacking-"
# The eight characters are those that `mkdtemp` adds.
_OURS = re.compile(re.escape(_PREFIX) + r"\w{8}")
# Everything that such a folder can contain.
_CONTENT = "new"
_SPOOL = "archive.zip"


class Staging:
    """Files on their way into a target folder: none moves there before all are complete.

    The folder and those above are created if missing, and removed again if nothing arrives.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self._files: list[Parts] = []
        self._folders: list[Parts] = []
        self._is_committing = False
        self._root: Path
        self._lock: int | None = None
        with local_errors(target):
            self._created, _ = in_new_folder(target, self._open)

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._root, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
        if not self._is_committing:
            remove_folders(self._created)

    @property
    def paths(self) -> list[str]:
        """The final paths of the files, in the order of their creation."""
        # Strings: a hundred thousand `Path`s would take a third of the memory in total.
        return [os.path.join(self.target, *parts) for parts in self._files]  # noqa: PTH118

    @property
    def spool(self) -> Path:
        """A path for a temporary copy of the archive."""
        return self._root / _SPOOL

    def create(self, parts: Parts) -> int:
        """Create a file, whose path was checked before, and return its descriptor for writing."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        path = self._content(len(self._files))
        handle = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)
        self._files.append(parts)
        return handle

    def add_folder(self, parts: Parts) -> None:
        """Add a folder that is created even if it's empty."""
        self._folders.append(parts)

    def make_way(self, asides: Sequence[str], owned: Set[str]) -> None:
        """Switch to a subfolder if a file of others would be replaced; see `free_subfolder`."""
        if any(not path.name.startswith(RESERVED_NAME) for path in self.target.iterdir()):
            above = free_subfolder(Folder(self.target), self._files, asides, owned)
            self.target = self.target.joinpath(*above)

    def commit(self, record: Callable[[list[str]], object] | None = None) -> None:
        """Move everything to its final path, one file after another.

        A file that is replaced is the old or the new one at every moment. Foreseeable failures
        are found before the first file moves; after another failure, files that moved stay.
        Just before that, `record` is called with the present paths of all.

        Raises:
            UnsafeArchiveError: If a folder on the way is a symbolic link.
            ArchiveError: If a file and a folder have the same path. Nothing was moved.
            DownloadError: If a file can't be moved, for instance because a right is missing.
        """
        folders = self._checked_folders()
        self._is_committing = True
        for folder in folders:
            with local_errors(folder):
                folder.mkdir(exist_ok=True)
        if record is not None:
            record([*map(self._content, range(len(self._files)))])
        for number, parts in enumerate(self._files):
            final = self.target.joinpath(*parts)
            with local_errors(final):
                os.replace(self._content(number), final)  # noqa: PTH105 - a third faster

    def _open(self) -> None:
        # Others that remove the folders of dead programs don't see it before it's locked.
        with exclusive(self.target):
            self._root = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self.target))
            try:
                (self._root / _CONTENT).mkdir()
                if os.name != "nt":
                    self._lock = os.open(self._root, os.O_RDONLY)
                    lock(self._lock)
                for folder in self.target.glob(f"{_PREFIX}*"):
                    _remove_if_dead(folder)
            except BaseException:
                shutil.rmtree(self._root, ignore_errors=True)
                raise

    def _content(self, number: int) -> str:
        # By number: a long path costs nothing before the complete archive is known to be harmless.
        return f"{self._root}/{_CONTENT}/{number}"

    def _checked_folders(self) -> list[Path]:
        """Return the folders that are needed, from the top, after checking what exists."""
        wanted: dict[Path, Parts] = {self.target: ()}
        for parts in [*self._folders, *(parts[:-1] for parts in self._files)]:
            for depth in range(1, len(parts) + 1):
                wanted.setdefault(self.target.joinpath(*parts[:depth]), parts[:depth])
        for folder, parts in wanted.items():
            if parts and folder.is_symlink():
                raise UnsafeArchiveError("/".join(parts), f"{folder} is a symbolic link")
            if folder.exists() and not folder.is_dir():
                raise ArchiveError(f"{folder} is a file and the archive has a folder of this name.")
        for parts in self._files:
            final = self.target.joinpath(*parts)
            if final.is_dir() and not final.is_symlink():
                raise ArchiveError(f"{final} is a folder and the archive has a file of this name.")
        return list(wanted)


def _remove_if_dead(folder: Path) -> None:
    """Remove the hidden folder of a program that was killed, but nothing else."""
    if not _OURS.fullmatch(folder.name):
        return
    with contextlib.suppress(OSError, AttributeError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            # A program that is alive holds the lock.
            is_dead = lock(handle)
            if is_dead and {path.name for path in folder.iterdir()} <= {_CONTENT, _SPOOL}:
                shutil.rmtree(folder)
        finally:
            os.close(handle)
