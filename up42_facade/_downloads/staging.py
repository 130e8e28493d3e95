"""A hidden folder that holds unpacked files until all of them may take their final names."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import time

from up42_facade.errors import ArchiveError, DownloadError, UnsafeArchiveError, Up42Error

# The hidden folder lies inside the target: the same file system, so that moving is renaming,
# and no rights on the folder above are needed.
_PREFIX = ".up42-unpacking-"
# Seconds after which such a folder without a living owner is what a killed process left behind;
# a younger one may just not be locked yet.
STALE_SECONDS = 60.0


@contextmanager
def local_errors(path: Path) -> Iterator[None]:
    """Turn errors of the file system into `DownloadError`s that name the path.

    Args:
        path: What is being written.

    Raises:
        DownloadError: The disk is full or read-only, the path is a file, a right is missing, …
    """
    try:
        yield
    except Up42Error:
        # Some of ours are OSErrors too.
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise DownloadError(f"{path} can't be written: {reason}.") from error


class Staging:
    """Files on their way into a target folder: all of them arrive, or none.

    Args:
        target: The folder; it and the folders above are made if missing, and removed again
            if nothing arrives.

    Example:
        with Staging(Path("results")) as staging:
            with staging.create(("scene", "ndvi.tif")) as file:
                file.write(b"…")
            staging.commit()
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self._files: list[tuple[str, ...]] = []
        self._folders: list[tuple[str, ...]] = []
        self._made: list[Path] = []
        self._moved: list[tuple[Path, Path | None]] = []
        self._committed = False
        self._root: Path
        self._lock: int | None = None

    def __enter__(self) -> Staging:
        try:
            with local_errors(self.target):
                self._make(self.target)
                _remove_stale(self.target)
                self._root = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self.target))
                self._lock = _lock(self._root)
        except BaseException:
            self._remove_made()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if not self._committed:
            self._roll_back()
        shutil.rmtree(self._root, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
        if not self._committed:
            self._remove_made()

    @property
    def paths(self) -> list[Path]:
        """The final paths of the files, in the order in which they were created."""
        return [self.target.joinpath(*parts) for parts in self._files]

    def scratch(self, name: str) -> Path:
        """A path for a helper file that never gets a final name."""
        return self._root / name

    def create(self, parts: tuple[str, ...]) -> int:
        """Create a file below the target's stand-in.

        Args:
            parts: Its path below the target, checked before.

        Returns:
            A file descriptor for writing, to be closed.
        """
        path = self._content(parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        handle = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)
        self._files.append(parts)
        return handle

    def add_folder(self, parts: tuple[str, ...]) -> None:
        """Remember a folder that shall exist even if nothing lies in it."""
        self._folders.append(parts)

    def sort(self, order: list[tuple[str, ...]]) -> None:
        """Give the files another order than that of their creation."""
        rank = {parts: index for index, parts in enumerate(order)}
        self._files.sort(key=lambda parts: rank[parts])

    def commit(self) -> None:
        """Move everything to its final name; what stands there already is replaced.

        Raises:
            UnsafeArchiveError: A folder on the way is a symbolic link.
            ArchiveError: A file and a folder meet, or the move fails. The target is as before.
        """
        with local_errors(self.target):
            for parts in self._folders:
                self._enter(parts, parts)
            for parts in self._files:
                self._move(parts)
        self._committed = True

    def _content(self, parts: tuple[str, ...]) -> Path:
        return self._root.joinpath("new", *parts)

    def _move(self, parts: tuple[str, ...]) -> None:
        final = self._enter(parts[:-1], parts) / parts[-1]
        if final.is_dir() and not final.is_symlink():
            raise ArchiveError(f"{final} is a folder and the archive has a file of this name.")
        former = None
        if os.path.lexists(final):
            former = self._root / f"old-{len(self._moved)}"
        # Noted first: an interrupt between the two renames must find what to undo.
        self._moved.append((final, former))
        if former is not None:
            final.rename(former)
        self._content(parts).rename(final)

    def _enter(self, parts: tuple[str, ...], member: tuple[str, ...]) -> Path:
        """Make the folders below the target, without following links."""
        folder = self.target
        for part in parts:
            folder = folder / part
            if folder.is_symlink():
                raise UnsafeArchiveError("/".join(member), f"{folder} is a symbolic link")
            if not folder.exists():
                self._made.append(folder)
                folder.mkdir()
            elif not folder.is_dir():
                raise ArchiveError(f"{folder} is a file and the archive has a folder of this name.")
        return folder

    def _roll_back(self) -> None:
        for index, (final, former) in reversed(list(enumerate(self._moved))):
            parts = final.relative_to(self.target).parts
            arrived = not os.path.lexists(self._content(parts))
            if arrived and os.path.lexists(final):
                final.unlink()
            if former is not None and os.path.lexists(former):
                former.rename(final)
            del self._moved[index]

    def _make(self, folder: Path) -> None:
        missing = [folder, *folder.parents]
        missing = [path for path in missing if not path.exists()]
        for path in reversed(missing):
            self._made.append(path)
            path.mkdir()
        if not folder.is_dir():
            raise NotADirectoryError(20, "it is a file, not a folder", str(folder))

    def _remove_made(self) -> None:
        for folder in reversed(self._made):
            try:
                folder.rmdir()
            except OSError:
                # Somebody else put something there meanwhile: it stays.
                return


def _lock(folder: Path) -> int | None:
    """Lock a folder until the descriptor is closed; None if another has it or it can't be."""
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def _remove_stale(target: Path) -> None:
    for folder in target.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.is_symlink() or time() - folder.stat().st_mtime < STALE_SECONDS:
                continue
            lock = _lock(folder)
            if lock is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(lock)
