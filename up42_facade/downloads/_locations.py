"""Where files go: a folder on this machine, or the URL of one in another store."""

from __future__ import annotations

import os
import re
from pathlib import Path, PureWindowsPath
from typing import overload
from urllib.parse import urlsplit
from urllib.request import url2pathname

from up42_facade.errors import DownloadError, InvalidInputError

# One letter is a drive of Windows. A colon stands in URLs of one store inside another, which
# are recognised in order to be refused.
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.:_-]+)://")
_SEPARATORS = re.compile(r"[/\\\0]")
LOCAL_SCHEMES = ("file", "local")


def scheme_of(location: object) -> str | None:
    """Return the scheme of a URL that leads to another store; None for what is on this machine.

    Example:
        >>> scheme_of("s3://bucket/results"), scheme_of("results"), scheme_of("C://results")
        ('s3', None, None)
    """
    match = _SCHEME.match(location) if isinstance(location, str) else None
    scheme = match[1].lower() if match else None
    return None if scheme in LOCAL_SCHEMES else scheme


@overload
def below(location: Path, *names: str) -> Path: ...


@overload
def below(location: str | Path, *names: str) -> str | Path: ...


def below(location: str | Path, *names: str) -> str | Path:
    """Return the location of a folder or file in a folder, wherever that is.

    Every path that is written to is made here.

    Raises:
        DownloadError: As `single_name`.

    Example:
        >>> below("s3://bucket/results/", "job_1", "dem.tif")
        's3://bucket/results/job_1/dem.tif'
    """
    checked = [single_name(name) for name in names]
    if scheme_of(location) is None:
        return local_folder(location, "location").joinpath(*checked)
    scheme, _, rest = str(location).partition("://")
    return f"{scheme}://{'/'.join(part for part in (rest.rstrip('/'), *checked) if part)}"


def single_name(name: str) -> str:
    """Return a name that stays in the folder that it is put into.

    Raises:
        DownloadError: If it's not a single one, so that the path might lead elsewhere.
    """
    if name in ("", ".", "..") or _SEPARATORS.search(name) or PureWindowsPath(name).drive:
        raise DownloadError(f"{name!r} can't name a file or folder: expected a single name.")
    return name


def expanded(path: str | os.PathLike[str]) -> Path:
    """Return a path on this machine, with the home folder for `~`.

    Example:
        >>> expanded("~/results").is_absolute()
        True
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        # There is no user of this name: it's a file or folder that begins with a tilde.
        return Path(path)


def local_folder(location: str | os.PathLike[str], argument: str = "output_directory") -> Path:
    """Return a folder on this machine as a path, also where it is given as `file://` URL.

    Raises:
        InvalidInputError: The location is in another store, or on another machine.
    """
    scheme = scheme_of(location)
    if scheme is not None:
        raise InvalidInputError(
            f"{argument} is in the store '{scheme}://': expected a folder on this machine here."
        )
    match = _SCHEME.match(location) if isinstance(location, str) else None
    if match is None:
        return expanded(location)
    parts = urlsplit(str(location))
    if parts.netloc not in ("", "localhost"):
        raise InvalidInputError(
            f"{argument}={str(location)!r} names the machine {parts.netloc!r}: expected three "
            "slashes for a folder on this one, such as 'file:///home/me/results'."
        )
    return Path(url2pathname(parts.path))
