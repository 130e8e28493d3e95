"""Which names from an archive or a header may become files, and under which path."""

from __future__ import annotations

import os
import re
import unicodedata

from up42_facade.errors import UnsafeArchiveError

# Bytes of one name: the limit of every common file system.
MAX_NAME_BYTES = 255
# Bytes of the name of a downloaded file: leaves room for ".part.json~" behind it.
MAX_FILE_NAME_BYTES = 240
# Bytes of a whole member path: leaves room for the target within the 4,096 of Linux.
MAX_PATH_BYTES = 1024
# The folder that UP42 puts around the content of every archive.
ROOT_FOLDER = "output"
# What a file is called when neither header nor URL has a usable name.
FALLBACK_NAME = "download"

_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(\.|$)", re.I)
_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_WINDOWS_ONLY = re.compile(r'[<>:"|?*]')


class MemberNames:
    """Checks the names of one archive, one by one and against each other.

    Example:
        >>> MemberNames().accept("output/scene/ndvi.tif", is_folder=False)
        ('scene', 'ndvi.tif')
    """

    def __init__(self) -> None:
        # Folded path → (spelling, is a folder, was listed itself)
        self._seen: dict[tuple[str, ...], tuple[str, bool]] = {}
        self._files: set[tuple[str, ...]] = set()

    def accept(self, name: str, *, is_folder: bool) -> tuple[str, ...]:
        """Check a name and strip the leading `output/` once.

        Args:
            name: As it stands in the archive.
            is_folder: Whether the member is a folder.

        Returns:
            The parts of the path below the target; none for the root folder itself.

        Raises:
            UnsafeArchiveError: The name is absolute, climbs, can't be written everywhere, or
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
        folded = tuple(_fold(part) for part in parts)
        for depth in range(1, len(parts) + 1):
            key, spelling = folded[:depth], parts[depth - 1]
            folder = is_folder or depth < len(parts)
            known = self._seen.setdefault(key, (spelling, folder))
            if known[0] != spelling:
                raise UnsafeArchiveError(
                    name, f"it differs from {known[0]!r} only by case or Unicode form"
                )
            if known[1] != folder:
                raise UnsafeArchiveError(
                    name, f"{'/'.join(parts[:depth])!r} is a file and a folder"
                )
        if is_folder:
            return
        if folded in self._files:
            raise UnsafeArchiveError(name, "the archive has two members of this name")
        self._files.add(folded)


def safe_file_name(name: str, extension: str = "") -> str:
    """Make a file name out of what a header or URL proposes.

    Args:
        name: The proposal; folders in it are cut off.
        extension: With its dot; added if the proposal has none.

    Returns:
        A name that stays in its folder and works on every file system.

    Example:
        >>> safe_file_name('../"evil".tif')
        'evil.tif'
    """
    name = re.split(r"[/\\]", name)[-1]
    name = _CONTROL.sub("", _WINDOWS_ONLY.sub("", name)).strip(". ")
    if not name:
        name = FALLBACK_NAME
    if _RESERVED.match(name):
        name = f"_{name}"
    if extension and not re.search(r"\.\w{1,8}$", name):
        name += _CONTROL.sub("", _WINDOWS_ONLY.sub("", extension))
    return _shortened(name)


def _checked_parts(name: str) -> tuple[str, ...]:
    _check_text(name)
    if name.startswith("/"):
        raise UnsafeArchiveError(name, "its path is absolute")
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    for part in parts:
        _check_part(name, part)
    return parts


def _check_text(name: str) -> None:
    if _CONTROL.search(name):
        raise UnsafeArchiveError(name, "its name has control characters")
    if "\\" in name:
        raise UnsafeArchiveError(name, "its name has a backslash, a separator on Windows")
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise UnsafeArchiveError(name, "its name is not valid UTF-8") from None
    if size > MAX_PATH_BYTES:
        raise UnsafeArchiveError(name, f"its path is longer than {MAX_PATH_BYTES} bytes")


def _check_part(name: str, part: str) -> None:
    # Some file systems normalise names, and turn look-alikes into real dots and slashes.
    plain = unicodedata.normalize("NFKC", part)
    if plain in (".", "..") or "/" in plain or "\\" in plain:
        raise UnsafeArchiveError(name, "its path leaves the target folder")
    if _DRIVE.match(plain):
        raise UnsafeArchiveError(name, "its path names a drive")
    if part != part.rstrip(". "):
        raise UnsafeArchiveError(name, "a name in it ends in a dot or space, which Windows drops")
    if _RESERVED.match(plain):
        raise UnsafeArchiveError(name, f"{part!r} is a device on Windows")
    if os.name == "nt" and _WINDOWS_ONLY.search(part):
        raise UnsafeArchiveError(name, "its name has a character that Windows forbids")
    if len(part.encode()) > MAX_NAME_BYTES:
        raise UnsafeArchiveError(name, f"a name in it is longer than {MAX_NAME_BYTES} bytes")


def _shortened(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    if not stem:
        stem, dot, suffix = name, "", ""
    while len(f"{stem}{dot}{suffix}".encode()) > MAX_FILE_NAME_BYTES and len(stem) > 1:
        stem = stem[:-1]
    return f"{stem}{dot}{suffix}"


def _fold(part: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", part).casefold())
