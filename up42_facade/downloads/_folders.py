"""Folders on this machine: their files, locks, and errors."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import stat
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import takewhile
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO, TypeVar

from attrs import frozen

from up42_facade._common.threads import TransferStop
from up42_facade.downloads._names import below
from up42_facade.errors import DownloadError, Up42Error

T = TypeVar("T")
# A file's size in bytes, and its version, which changes if the file is replaced: the time in ns on
# disk, the ETag or time in cloud storage. The version is empty if the store reports neither.
State = tuple[int, int | str]

# Times that a folder is created again because another, failing download removed it.
MAX_FOLDER_RACES = 100
# Seconds to wait for a folder's lock, which is held only while files are renamed, and between two
# attempts to get it.
LOCK_SECONDS = 120.0
LOCK_POLL_SECONDS = 0.002


@frozen
class Folder:
    """A folder on this machine. Names are paths below it, with slashes between the parts."""

    path: Path

    @property
    def name(self) -> str:
        """The last part of the folder's path."""
        return self.path.name

    def location(self, name: str) -> Path | str:
        """Return the path or URL of a file."""
        return self.path / name

    def find(self, name: str) -> State | None:
        """Return the state of a file; None if there is none."""
        return state_of(self.path / name)

    def obstacle(self, name: str, *, is_ours: bool = False) -> Path | str | None:
        """Return the path of another file, or of one in place of a folder, that blocks a file.

        A file at its own path may be replaced if it `is_ours`.
        """
        parts = name.split("/")
        paths = [below(self.path, *parts[: depth + 1]) for depth in range(len(parts))]
        with local_errors(self.path):
            for path in paths[:-1]:
                if path.is_symlink() or (path.exists() and not path.is_dir()):
                    return path
            is_free = not os.path.lexists(paths[-1]) or (is_ours and not paths[-1].is_dir())
        return None if is_free else paths[-1]

    def names(self, folder: str) -> Iterable[str]:
        """Return the names in a subfolder."""
        path = self.path / folder
        with local_errors(path):
            is_ours = path.is_dir() and not path.is_symlink()
            return [entry.name for entry in path.iterdir()] if is_ours else []

    def read(self, name: str, max_bytes: int) -> bytes | None:
        """Return the content of a small file; None if it doesn't exist or has more bytes."""
        path = self.path / name
        with local_errors(self.path):
            return None if path.parent.is_symlink() else read_plain(path, max_bytes)

    def write(self, name: str, content: bytes) -> None:
        """Write a small file atomically.

        Raises:
            DownloadError: If it can't be written.
        """
        if (taken := self.obstacle(name, is_ours=True)) is not None:
            raise in_use(taken)
        path = self.path / name
        draft = path.with_name(f"{path.stem}-{secrets.token_hex(4)}~")
        with local_errors(path):
            path.parent.mkdir(exist_ok=True)
            try:
                with create_plain(draft) as file:
                    file.write(content)
                draft.replace(path)
            except BaseException:
                draft.unlink(missing_ok=True)
                raise


def state_of(path: str | Path) -> State | None:
    """Return the state of a file; None if there is none."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def in_use(path: Path | str | None) -> DownloadError:
    """Return the error for a path that others use."""
    return DownloadError(
        f"{path} exists and isn't known to come from this download, so it isn't replaced: remove "
        "it, or choose another output_directory."
    )


def create_plain(path: Path) -> BinaryIO:
    """Create a file in place of whatever has its path: a link is removed, not followed."""
    path.unlink(missing_ok=True)
    return path.open("xb")


def read_plain(path: Path, max_bytes: int) -> bytes | None:
    """Return the content of a small file; None if it's longer, a link, a pipe, or absent."""
    flags = ("O_RDONLY", "O_NOFOLLOW", "O_NONBLOCK", "O_BINARY")
    try:
        handle = os.open(path, sum(getattr(os, name, 0) for name in flags))
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            return None
        with os.fdopen(handle, "rb") as file:
            content = file.read(max_bytes + 1)
    except OSError:
        return None
    return content if len(content) <= max_bytes else None


def json_object(content: bytes | None) -> dict[str, Any]:
    """Return the JSON object in the content of a file; an empty one if there is none."""
    try:
        found = None if content is None else json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def lock(handle: int) -> bool:
    """Lock an open file and return True; raise `BlockingIOError` if another program has it."""
    try:
        import fcntl
    except ImportError:  # Windows
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        # Some network file systems have no locks.
        return False
    return True


def _lock_when_free(handle: int, folder: Path) -> None:
    """Lock an open folder as soon as no other has it."""
    stop = TransferStop(lambda: None)
    give_up_at = monotonic() + LOCK_SECONDS
    while True:
        try:
            lock(handle)
            return
        except BlockingIOError:
            if stop.wait(LOCK_POLL_SECONDS) or monotonic() > give_up_at:
                raise DownloadError(
                    f"{folder} is locked by another program, such as the shell's flock: lock "
                    "another file instead, or wait until that program ends and call again."
                ) from None


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Allow only one download at a time to take paths in a folder, across threads and programs.

    If locks don't exist (on Windows and some network file systems), nothing is excluded.

    Raises:
        DownloadError: If something else keeps the folder locked: `flock results up42 …` in a shell
            does, for as long as the command runs.
    """
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        yield
        return
    with _turn(folder, os.getpid()):
        try:
            _lock_when_free(handle, folder)
            yield
        finally:
            # Not only closed: a Python process that was forked in between would keep the lock.
            with contextlib.suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_UN)
            os.close(handle)


@lru_cache(maxsize=1000)
def _turn(folder: Path, process_id: int) -> threading.Lock:
    """Return the lock at which the threads of this program wait, so that only one of them polls.

    A forked child has locks of its own: nobody would release those of its parent.
    """
    return threading.Lock()


@contextmanager
def local_errors(path: Path | str) -> Iterator[None]:
    """Turn errors of the file system into `DownloadError`s that name a path."""
    try:
        yield
    except Up42Error:
        # Some of ours are OSErrors too.
        raise
    except OSError as error:
        reason = (error.strerror or str(error)).rstrip(".")
        raise DownloadError(f"{path} can't be written: {reason}.") from error


def in_new_folder(folder: Path, act: Callable[[], T]) -> tuple[list[Path], T]:
    """Create a folder and act in it, whatever other downloads create and remove at the same time.

    What `act` creates there keeps others from removing it. Return the folders that were created,
    from the top, and the result.
    """
    for _ in range(MAX_FOLDER_RACES):
        created: list[Path] = []
        try:
            missing = takewhile(lambda path: not path.is_dir(), (folder, *folder.parents))
            for path in reversed([*missing]):
                with contextlib.suppress(FileExistsError):
                    path.mkdir()
                    created.append(path)
            if not folder.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, "it is a file, not a folder", str(folder))
            return created, act()
        except FileNotFoundError:
            # Another download, which failed, removed a folder that it had created.
            remove_folders(created)
        except BaseException:
            remove_folders(created)
            raise
    raise FileNotFoundError(errno.ENOENT, "it is removed again and again", str(folder))


def remove_folders(created: list[Path]) -> None:
    """Remove folders that were created, from the bottom up to the first that is in use."""
    for folder in reversed(created):
        try:
            folder.rmdir()
        except OSError:
            return
