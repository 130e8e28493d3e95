"""File names and locations: one rule for IDs, asset keys, proposed names, and archive members."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath
from typing import overload
from urllib.parse import parse_qs, unquote, urlsplit
from urllib.request import url2pathname

from up42_facade._common.paths import expanded
from up42_facade.errors import DownloadError, InvalidInputError

# Everything that downloads keep for themselves in an output folder begins with this name.
RESERVED_NAME = ".up42"
# Bytes of one name: the limit of every common file system.
MAX_NAME_BYTES = 255
# Bytes of a name created here: leaves room for the prefix "quicklook_" and for the suffixes of
# temporary files, such as ".part.json~".
MAX_SAFE_NAME_BYTES = 200
# Hexadecimal digits that keep changed names distinct.
TAG_DIGITS = 10
# The name of a file if nothing of the proposed one can be used.
FALLBACK_NAME = "download"

_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(\.|$)", re.I)
_DRIVE = re.compile(r"[A-Za-z]:")
_SEPARATORS = re.compile(r"[/\\]")
_WINDOWS_ONLY = re.compile(r'[<>:"|?*]')
# Where readers of STAC end a path, as if it were a link.
_ENDS_LINK = re.compile("[#;]")
# Control characters, line separators, and marks that change the direction of a line or are
# invisible: a name must look like what it is.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\uffff]"
)
# Temporary files of a download next to its target.
_TEMPORARY = re.compile(r"\.part(\.json)?~?$", re.I)
_SUFFIX = re.compile(r"((\.tar)?\.[A-Za-z0-9]{1,12})$")
# A single letter is a Windows drive. A colon is part of URLs of one store inside another, which
# are recognized in order to be refused.
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.:_-]+)://")
_LOCAL_SCHEMES = ("file", "local")
_FILE_NAME = re.compile(r"""filename\s*=\s*("(?:[^"\\]|\\.)*"|[^;]+)""", re.IGNORECASE)
_FILE_NAME_STAR = re.compile(r"filename\*\s*=\s*([\w-]+)'[^']*'([^;]+)", re.IGNORECASE)


def safe_name(name: str) -> str:
    """Return a string as the name of one file or folder.

    A name that works on every file system and in links is returned unchanged. Any other one is
    changed and gets a short hash of the original, so that different strings never become one name.
    The result is one component of a path, never a special one, of at most 200 bytes in UTF-8.

    Raises:
        DownloadError: If the name isn't a string.

    Example:
        >>> safe_name("ndvi.tif"), safe_name("../ndvi.tif")
        ('ndvi.tif', 'ndvi-75dcd20f44.tif')
    """
    if not isinstance(name, str):
        raise DownloadError(f"{name!r} can't name a file or folder: expected a string.")
    return name if _is_portable(name) else _tagged(_cleaned(name), name)


def tagged_name(name: str, source: str) -> str:
    """Return a safe name that also distinguishes sources that have the same name.

    Example:
        >>> tagged_name("ndvi.tif", "https://api.example.com/v2/assets/1")
        'ndvi-14d0274622.tif'
    """
    return _tagged(safe_name(name), source)


def suffix_of(name: str) -> str:
    """Return the suffix of a file name, `.tar.gz` included; empty if there is none.

    Example:
        >>> suffix_of("a.tar.gz"), suffix_of("data"), suffix_of("v1.2 final")
        ('.tar.gz', '', '')
    """
    found = _SUFFIX.search(name)
    return found[0] if found else ""


def fold(name: str) -> str:
    """Return a name as a file system that ignores case and Unicode forms compares it."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def unsafe_reason(part: str) -> str | None:
    """Return why a name can't be one component of a path; None if it can."""
    # Some file systems normalize names, and turn look-alikes into real dots and slashes.
    plain = unicodedata.normalize("NFKC", part)
    if not plain.strip(".") or _SEPARATORS.search(plain):
        return "its path leaves the target folder, or would on Windows"
    if _INVISIBLE.search(part):
        return "its name has control characters or invisible ones"
    if _DRIVE.match(plain):
        return "its path names a drive"
    if part != part.rstrip(". "):
        return "a name in it ends in a dot or space, which Windows drops"
    if _RESERVED.match(plain):
        return f"{part!r} is a device on Windows"
    if fold(part).startswith(RESERVED_NAME):
        return f"names that begin with {RESERVED_NAME!r} are reserved"
    if os.name == "nt" and _WINDOWS_ONLY.search(part):
        return "its name has a character that Windows forbids"
    try:
        size = len(part.encode())
    except UnicodeEncodeError:
        return "its name is not valid UTF-8"
    return f"a name in it is longer than {MAX_NAME_BYTES} bytes" if size > MAX_NAME_BYTES else None


def _is_portable(name: str) -> bool:
    return (
        unsafe_reason(name) is None
        and not _WINDOWS_ONLY.search(name)
        and not _ENDS_LINK.search(name)
        and not _TEMPORARY.search(name)
        and not name.startswith((".", " "))
        # Python's `ntpath` takes any character before a colon for a drive.
        and unicodedata.normalize("NFKC", name)[1:2] != ":"
        and len(name.encode()) <= MAX_SAFE_NAME_BYTES
    )


def _cleaned(name: str) -> str:
    """Return a name without the characters that make it unusable."""
    kept = "".join("_" if _is_unusable(character) else character for character in name)
    # A name that climbs begins with dots and separators.
    kept = _TEMPORARY.sub(lambda found: found[0].replace(".", "_"), kept.strip("._ "))
    return f"_{kept}" if _RESERVED.match(unicodedata.normalize("NFKC", kept)) else kept


def _is_unusable(character: str) -> bool:
    # Both forms count, as some file systems write the other one.
    forms = character + unicodedata.normalize("NFKC", character)
    unusable = (_INVISIBLE, _WINDOWS_ONLY, _ENDS_LINK, _SEPARATORS)
    return "\ud800" <= character <= "\udfff" or any(kind.search(forms) for kind in unusable)


def _tagged(name: str, source: str) -> str:
    """Insert a hash of the source before the suffix of a name, and cut what is too long."""
    suffix = suffix_of(name)
    tag = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:TAG_DIGITS]
    room = MAX_SAFE_NAME_BYTES - len(f"-{tag}{suffix}")
    stem = name.removesuffix(suffix).encode()[:room].decode("utf-8", "ignore").strip(". ")
    tagged = f"{stem or FALLBACK_NAME}-{tag}{suffix}"
    return tagged if _is_portable(tagged) else f"{FALLBACK_NAME}-{tag}{suffix}"


def single_name(name: str) -> str:
    """Return a name; raise `DownloadError` if it might lead out of the folder that contains it."""
    leads_away = name in ("", ".", "..") or "\0" in name or _SEPARATORS.search(name)
    if leads_away or PureWindowsPath(name).drive:
        raise DownloadError(f"{name!r} can't name a file or folder: expected a single name.")
    return name


def scheme_of(location: object) -> str | None:
    """Return the scheme of a cloud storage URL; None for locations on this machine.

    Example:
        >>> scheme_of("s3://bucket/results"), scheme_of("results"), scheme_of("C://results")
        ('s3', None, None)
    """
    match = _SCHEME.match(location) if isinstance(location, str) else None
    scheme = match[1].lower() if match else None
    return None if scheme in _LOCAL_SCHEMES else scheme


@overload
def below(location: Path, *names: str) -> Path: ...


@overload
def below(location: str | Path, *names: str) -> str | Path: ...


def below(location: str | Path, *names: str) -> str | Path:
    """Return the path or URL of a file or folder in a folder; every written path comes from here.

    Raises:
        DownloadError: If a name isn't a single one, so that the path might lead elsewhere.

    Example:
        >>> below("s3://bucket/results/", "job_1", "dem.tif")
        's3://bucket/results/job_1/dem.tif'
    """
    checked = [single_name(name) for name in names]
    if scheme_of(location) is None:
        return local_folder(location, "location").joinpath(*checked)
    scheme, _, rest = str(location).partition("://")
    return f"{scheme}://{'/'.join(part for part in (rest.rstrip('/'), *checked) if part)}"


def local_folder(location: str | os.PathLike[str], argument: str = "output_directory") -> Path:
    """Return a folder on this machine, given as a path or `file://` URL, as a path.

    Raises:
        InvalidInputError: If the location is in cloud storage, on another machine, or unusable.
    """
    scheme = scheme_of(location)
    if scheme is not None:
        raise InvalidInputError(
            f"{argument} is in cloud storage, '{scheme}://': expected a path on this machine."
        )
    if not isinstance(location, str) or not _SCHEME.match(location):
        return expanded(location)
    parts = urlsplit(location)
    if parts.netloc not in ("", "localhost"):
        raise InvalidInputError(
            f"{argument}={location!r} names the machine {parts.netloc!r}: expected three slashes "
            "for a folder on this machine, such as 'file:///home/me/results'."
        )
    return expanded(url2pathname(parts.path))


def link_name(url: str) -> str:
    """Return the file name in the `Content-Disposition` in a signed URL; empty if there is none."""
    query = parse_qs(urlsplit(url).query)
    return _disposition_name(query.get("response-content-disposition", [""])[0], url)


def header_name(headers: Mapping[str, str], url: str) -> str:
    """Return the file name in the `Content-Disposition` of a response; empty if there is none."""
    return _disposition_name(headers.get("content-disposition", ""), url)


def _disposition_name(text: str, url: str) -> str:
    name = ""
    if extended := _FILE_NAME_STAR.search(text):
        # All that RFC 5987 has; others might not even be names of character sets.
        charset = "latin-1" if extended[1].lower() == "iso-8859-1" else "utf-8"
        name = unquote(extended[2].strip(), charset, "replace")
    elif plain := _FILE_NAME.search(text):
        name = re.sub(r"\\(.)", r"\1", plain[1].strip().strip('"'))
    own = Path(unquote(urlsplit(url).path).rpartition("/")[2])
    return f"{name}{own.suffix}" if name and not Path(name).suffix else name
