"""Small files that the downloads keep beside theirs, in folders where others can write too."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO


def open_plain(path: Path, flags: int = os.O_RDONLY) -> int:
    """Open a plain file and return its descriptor; it never waits.

    Raises:
        OSError: There is none. A link isn't followed, and a pipe or device is none.
    """
    extra = ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY")
    handle = os.open(path, flags | sum(getattr(os, name, 0) for name in extra))
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return handle
    os.close(handle)
    raise OSError(errno.EINVAL, "it is no plain file", str(path))


def create_plain(path: Path) -> BinaryIO:
    """Create a file in place of what is at its path: a link there is removed, not followed.

    Raises:
        OSError: It can't be created.
    """
    path.unlink(missing_ok=True)
    return path.open("xb")


def read_plain(path: Path, most_bytes: int) -> bytes | None:
    """Return the content of a small file; None if there is none, or it has more bytes."""
    try:
        with os.fdopen(open_plain(path), "rb") as file:
            content = file.read(most_bytes + 1)
    except OSError:
        return None
    return content if len(content) <= most_bytes else None


def note_of(content: bytes | None) -> dict[str, Any] | None:
    """Return the JSON object in a content; None if there is none that can be used."""
    try:
        found = None if content is None else json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def read_note(path: Path, most_bytes: int) -> dict[str, Any] | None:
    """Return the JSON object in a file; None if there is none that can be used.

    Args:
        path: The file.
        most_bytes: Length of the longest one that is read.
    """
    return note_of(read_plain(path, most_bytes))


def whole_number(value: Any) -> int:
    """Return a whole number of a note.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(value, int) or value < 0:
        raise ValueError("expected a whole number")
    return value
