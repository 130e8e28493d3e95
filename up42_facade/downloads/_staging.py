"""A hidden folder that holds unpacked files until all of them may move to their final paths."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from up42_facade.downloads._folders import RESERVED_NAME
from up42_facade.downloads._layout import free_subfolder
from up42_facade.downloads._notes import open_plain
from up42_facade.errors import ArchiveError, DownloadError, UnsafeArchiveError, Up42Error

T = TypeVar("T")

# The hidden folder lies inside the target: the same file system, so that moving is renaming,
# and no rights on the folder above are needed.
_PREFIX = f"{RESERVED_NAME}-unpacking-"
# The file that marks such a folder as ours: its owner holds a lock on it as long as it lives.
_MARKER = "owner"
_MARKER_CONTENT = b"A folder of up42-facade for unpacking. Without a running owner it's removed.\n"
# Everything that such a folder can hold.
_CONTENT = "new"
_SPOOL = "archive.zip"
# Times that a folder is created again because another, failing download removed it.
MAX_FOLDER_RACES = 100


@contextmanager
def local_errors(path: Path | str) -> Iterator[None]:
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


def in_new_folder(folder: Path, act: Callable[[], T]) -> tuple[list[Path], T]:
    """Create a folder and act in it at once, whatever other downloads create and remove meanwhile.

    Args:
        folder: The folder.
        act: Puts something into the folder, so that others don't remove it from then on.

    Returns:
        The folders that were created, from the top, and what `act` returned.
    """
    for _ in range(MAX_FOLDER_RACES):
        made: list[Path] = []
        try:
            for path in (*reversed(folder.parents), folder):
                with contextlib.suppress(FileExistsError):
                    if not path.is_dir():
                        path.mkdir()
                        made.append(path)
            if not folder.is_dir():
                raise NotADirectoryError(20, "it is a file, not a folder", str(folder))
            return made, act()
        except FileNotFoundError:
            # Another download, which failed, removed a folder that it had created.
            remove_folders(made)
        except BaseException:
            remove_folders(made)
            raise
    raise FileNotFoundError(2, "it is removed again and again", str(folder))


def remove_folders(made: list[Path]) -> None:
    """Remove folders that were created, from the bottom up to the first that is in use."""
    for folder in reversed(made):
        try:
            folder.rmdir()
        except OSError:
            return


class Staging:
    """Files on their way into a target folder: none moves there before all are complete.

    Args:
        target: The folder. It and the folders above are created if missing, and removed again
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
        self._is_committing = False
        self._root: Path
        self._lock: int | None = None

    def __enter__(self) -> Staging:
        with local_errors(self.target):
            self._made, self._root = in_new_folder(self.target, self._new_root)
            try:
                _remove_dead(self.target, but=self._root)
                self._lock = _mark(self._root)
            except BaseException:
                self.__exit__()
                raise
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._root, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
        if not self._is_committing:
            remove_folders(self._made)

    @property
    def paths(self) -> list[str]:
        """The final paths of the files, in the order in which they were created."""
        # Strings: a hundred thousand paths would take a third of the memory of the whole.
        return [os.path.join(self.target, *parts) for parts in self._files]  # noqa: PTH118

    @property
    def spool(self) -> Path:
        """A path for a copy of the archive, which is removed in the end."""
        return self._root / _SPOOL

    def create(self, parts: tuple[str, ...]) -> int:
        """Create a file in the hidden folder.

        Args:
            parts: Its path below the target, checked before.

        Returns:
            A file descriptor for writing, to be closed.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        path = self._content(len(self._files))
        handle = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)
        self._files.append(parts)
        return handle

    def add_folder(self, parts: tuple[str, ...]) -> None:
        """Remember a folder that shall exist even if it's empty."""
        self._folders.append(parts)

    def make_way(self, asides: Sequence[str], owned: Collection[Path | str]) -> None:
        """Turn to a subfolder if a file of others would be replaced.

        Args:
            asides: Names of subfolders, in order of preference.
            owned: Paths of files that may be replaced.

        Raises:
            DownloadError: If paths are in use everywhere. Nothing was moved.
        """
        if all(path.name.startswith(RESERVED_NAME) for path in self.target.iterdir()):
            # As in a new folder: nothing of others is there.
            return
        above = free_subfolder(self.target, self._files, asides, owned.__contains__)
        self.target = self.target.joinpath(*above)

    def commit(self, record: Callable[[Iterable[str]], object] | None = None) -> None:
        """Move everything to its final path, one file after another.

        A file that is replaced is the old or the new one at every moment. What can be known to
        fail is found before the first file moves; after another failure, files that moved stay.

        Args:
            record: Called just before the first file moves, with the present paths of all.

        Raises:
            UnsafeArchiveError: A folder on the way is a symbolic link.
            ArchiveError: A file and a folder have one path. Nothing was moved.
            DownloadError: A file can't be moved, for instance for want of rights.
        """
        folders = self._checked_folders()
        self._is_committing = True
        for folder in folders:
            with local_errors(folder):
                folder.mkdir(exist_ok=True)
        if record is not None:
            record(map(self._content, range(len(self._files))))
        for number, parts in enumerate(self._files):
            final = self.target.joinpath(*parts)
            with local_errors(final):
                os.replace(self._content(number), final)  # noqa: PTH105 - a third faster

    def _new_root(self) -> Path:
        root = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self.target))
        (root / _CONTENT).mkdir()
        return root

    def _content(self, number: int) -> str:
        # By number: a long path costs nothing before the whole archive is found to be harmless.
        return f"{self._root}/{_CONTENT}/{number}"

    def _checked_folders(self) -> list[Path]:
        """Return the folders that are needed, from the top, after a look at what is there."""
        wanted: dict[Path, tuple[str, ...]] = {self.target: ()}
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


def _mark(root: Path) -> int | None:
    """Mark a hidden folder as ours and lock the mark; None without locks."""
    handle = os.open(root / _MARKER, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    # Locked before it says anything: whoever finds the content unlocked finds a dead owner.
    if not _lock(handle):
        os.close(handle)
        return None
    os.write(handle, _MARKER_CONTENT)
    return handle


def _lock(handle: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _remove_dead(target: Path, but: Path) -> None:
    """Remove the hidden folders of processes that were killed, and nothing else."""
    for folder in target.glob(f"{_PREFIX}*"):
        if folder == but or folder.is_symlink():
            continue
        with contextlib.suppress(OSError):
            handle = open_plain(folder / _MARKER, os.O_RDWR)
            try:
                is_ours = _lock(handle) and os.read(handle, 1000) == _MARKER_CONTENT
                if is_ours and {path.name for path in folder.iterdir()} <= {
                    _MARKER,
                    _CONTENT,
                    _SPOOL,
                }:
                    # The marker goes last: a removal that is interrupted can be continued.
                    for name in (_CONTENT, _SPOOL):
                        _remove(folder / name)
                    (folder / _MARKER).unlink()
                    folder.rmdir()
            finally:
                os.close(handle)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
