"""Paths of files on this machine, as callers give them."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from up42_facade.errors import InvalidInputError


def expanded(path: str | os.PathLike[str]) -> Path:
    """Return a path on this machine, with the home folder for `~`.

    Raises:
        InvalidInputError: If no file can have this path.
    """
    try:
        try:
            found = Path(path).expanduser()
        except RuntimeError:
            # There is no user of this name: it's a file or folder that begins with a tilde.
            found = Path(path)
        found.lstat()
    except (OSError, ValueError, TypeError) as error:
        if isinstance(error, OSError) and error.errno != errno.ENAMETOOLONG:
            return found
        reason = getattr(error, "strerror", None) or error
        raise InvalidInputError(f"{str(path)[:100]!r} isn't a usable path: {reason}.") from error
    return found
