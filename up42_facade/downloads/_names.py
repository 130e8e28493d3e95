"""Which names may become files: one rule for IDs, keys, proposals, and archive members."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import unicodedata
from typing import TypeAlias

from up42_facade.downloads._folders import RESERVED_NAME
from up42_facade.errors import DownloadError, UnsafeArchiveError

# Bytes of one name: the limit of every common file system.
MAX_NAME_BYTES = 255
# Bytes of a name that is made here: leaves room for "quicklook_" before it and for the names of
# temporary files, such as ".part.json~", behind it.
MAX_SAFE_NAME_BYTES = 200
# Bytes of a whole member path: leaves room for the target within the 4,096 of Linux.
MAX_PATH_BYTES = 1024
# Hexadecimal digits that keep changed names distinct.
TAG_DIGITS = 10
# The folder that UP42 puts around the content of every archive.
ROOT_FOLDER = "output"
# What a file is called if nothing of its name can be used.
FALLBACK_NAME = "download"

_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(\.|$)", re.I)
_DRIVE = re.compile(r"[A-Za-z]:")
_SEPARATORS = re.compile(r"[/\\]")
_WINDOWS_ONLY = re.compile(r'[<>:"|?*]')
# Control characters, line separators, and marks that change the direction of a line or show
# nothing: a name must look like what it is.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\uffff]"
)
# Temporary files of a download beside its target.
_TEMPORARY = re.compile(r"\.part(\.json)?~?$", re.I)
_SUFFIX = re.compile(r"((\.tar)?\.[A-Za-z0-9]{1,12})$")


Folder: TypeAlias = "dict[str, Folder | None]"


class MemberNames:
    """Checks the names of one archive, one by one and against each other.

    Attributes:
        folders: How many folders there are, those that are only part of a path included.
        held_bytes: Memory of all names.

    Example:
        >>> MemberNames().accept("output/scene/ndvi.tif", is_folder=False)
        ('scene', 'ndvi.tif')
    """

    def __init__(self) -> None:
        # Folded name → content of a folder, or None for a file. A tree, as it takes a third of
        # the memory of whole paths.
        self._root: Folder = {}
        # Names whose spelling isn't the folded one, by their folder and folded name.
        self._spellings: dict[tuple[int, str], str] = {}
        self.folders = 0
        self.held_bytes = 0

    def accept(self, name: str, *, is_folder: bool) -> tuple[str, ...]:
        """Check a name and strip the leading `output/` once.

        Args:
            name: As it stands in the archive.
            is_folder: Whether the member is a folder.

        Returns:
            The parts of the path below the target; none for the root folder itself.

        Raises:
            UnsafeArchiveError: If the name is absolute, climbs, can't be written everywhere, or
                meets another one that differs only by case or Unicode form.
        """
        parts = _checked_parts(name)
        if parts and parts[0] == ROOT_FOLDER and (is_folder or len(parts) > 1):
            parts = parts[1:]
        if not parts and not is_folder:
            raise UnsafeArchiveError(name, "it has no name")
        self._register(name, parts, is_folder)
        return parts

    def _register(self, name: str, parts: tuple[str, ...], is_folder: bool) -> None:
        folder = self._root
        for depth, part in enumerate(parts, 1):
            is_last = depth == len(parts)
            key = fold(part)
            if key == part:
                key = part  # one string is enough to hold
            is_new = key not in folder
            spelling = part if is_new else self._spellings.get((id(folder), key), key)
            if spelling != part:
                raise UnsafeArchiveError(
                    name, f"it differs from {spelling!r} only by case or Unicode form"
                )
            if is_new:
                self._add(folder, key, part, is_folder or not is_last)
            elif (folder[key] is not None) != (is_folder or not is_last):
                raise UnsafeArchiveError(
                    name, f"{'/'.join(parts[:depth])!r} is a file and a folder"
                )
            elif is_last and not is_folder:
                raise UnsafeArchiveError(name, "the archive has two members of this name")
            inner = folder[key]
            if inner is not None:
                folder = inner

    def _add(self, folder: Folder, key: str, part: str, is_folder: bool) -> None:
        folder[key] = {} if is_folder else None
        self.folders += is_folder
        self.held_bytes += sys.getsizeof(key)
        if key != part:
            self._spellings[id(folder), key] = part
            self.held_bytes += sys.getsizeof(part)


def safe_name(name: str) -> str:
    """Return a string as the name of one file or folder.

    A name that works on every file system stays as it is. Any other one is changed, and gets a
    short hash of what it was, so that different strings never become one name.

    Args:
        name: An ID, an asset's key, a proposed file name, or any other string.

    Returns:
        One component of a path, never a special one, of at most 200 bytes in UTF-8.

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
    """Return a safe name that also tells apart what has the same one, by where it comes from.

    Example:
        >>> tagged_name("ndvi.tif", "https://api.example.com/v2/assets/1")
        'ndvi-14d0274622.tif'
    """
    return _tagged(safe_name(name), source)


def fold(name: str) -> str:
    """Return what a file system that ignores case and Unicode forms makes of a name."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _is_portable(name: str) -> bool:
    return (
        _unsafe(name) is None
        and not _WINDOWS_ONLY.search(name)
        and not _TEMPORARY.search(name)
        and not name.startswith((".", " "))
        # Python's `ntpath` takes any character before a colon for a drive.
        and unicodedata.normalize("NFKC", name)[1:2] != ":"
        and len(name.encode()) <= MAX_SAFE_NAME_BYTES
    )


def _cleaned(name: str) -> str:
    """Return a name without the characters that make it unusable."""
    kept = "".join("_" if _is_unusable(character) else character for character in name)
    # What climbs begins with dots and separators.
    kept = _TEMPORARY.sub(lambda found: found[0].replace(".", "_"), kept.strip("._ "))
    return f"_{kept}" if _RESERVED.match(unicodedata.normalize("NFKC", kept)) else kept


def _is_unusable(character: str) -> bool:
    # Both forms count, as some file systems write the other one.
    forms = character + unicodedata.normalize("NFKC", character)
    return bool(
        _INVISIBLE.search(forms)
        or _WINDOWS_ONLY.search(forms)
        or _SEPARATORS.search(forms)
        or "\ud800" <= character <= "\udfff"
    )


def _tagged(name: str, source: str) -> str:
    """Put a hash of the source before the suffix of a name, and cut what is too long."""
    found = _SUFFIX.search(name)
    suffix = found[0] if found else ""
    tag = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:TAG_DIGITS]
    room = MAX_SAFE_NAME_BYTES - len(f"-{tag}{suffix}")
    stem = name.removesuffix(suffix).encode()[:room].decode("utf-8", "ignore").strip(". ")
    tagged = f"{stem or FALLBACK_NAME}-{tag}{suffix}"
    return tagged if _is_portable(tagged) else f"{FALLBACK_NAME}-{tag}{suffix}"


def _checked_parts(name: str) -> tuple[str, ...]:
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise UnsafeArchiveError(name, "its name is not valid UTF-8") from None
    if size > MAX_PATH_BYTES:
        raise UnsafeArchiveError(name, f"its path is longer than {MAX_PATH_BYTES} bytes")
    if name.startswith("/"):
        raise UnsafeArchiveError(name, "its path is absolute")
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    for part in parts:
        reason = _unsafe(part)
        if reason is not None:
            raise UnsafeArchiveError(name, reason)
    return parts


def _unsafe(part: str) -> str | None:
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
