"""Members of tar and zip archives, and the check of their names."""

from __future__ import annotations

import io
import re
import stat
import struct
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from up42_facade.downloads._inflate import BLOCK_BYTES, GZIP_MAGIC, ForwardReader, reason_of
from up42_facade.downloads._names import fold, unsafe_reason
from up42_facade.errors import ArchiveError, UnsafeArchiveError, UnsupportedArchiveError

# Bytes of a tar header, which is also the unit of everything in a tar. The kind of an archive is
# recognized by as many.
HEAD_BYTES = 512
# Bytes of a complete member path: leaves room for the target within the 4,096 of Linux.
MAX_PATH_BYTES = 1024
# The folder that UP42 puts around the content of every archive.
ROOT_FOLDER = "output"
# Longest extended header: long names and attributes take kilobytes.
MAX_HEADER_BYTES = 256 << 10
# Extended headers before one member: a long name, a long link, and one of each PAX kind.
MAX_EXTENDED_HEADERS = 8
# Digits of the largest size that is read, far above any limit.
MAX_SIZE_DIGITS = 18
# Longest zip directory that is read, of some 20,000 members: zipfile holds all of them in memory.
MAX_DIRECTORY_BYTES = 2 << 20
# How a zip begins: with a member, or, if empty, with the end of its directory.
ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
# Bytes of unknown content that an error shows, to distinguish an error page from a damaged file.
SHOWN_BYTES = 60

_ENCRYPTED = 0x41
_KINDS = {
    tarfile.LNKTYPE: "a hard link",
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.CHRTYPE: "a character device",
    tarfile.BLKTYPE: "a block device",
    tarfile.FIFOTYPE: "a pipe",
    tarfile.CONTTYPE: "a contiguous file",
    tarfile.GNUTYPE_SPARSE: "a sparse file",
}
_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE)
_PAX = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.XGLTYPE)
_GNU = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
_RECORD = re.compile(rb"(\d{1,7}) ([^=]+)=", re.DOTALL)

# Name, size in bytes, and whether it's a folder.
TarMember = tuple[str, int, bool]
Names: TypeAlias = "dict[str, Names | None]"


def archive_suffix(head: bytes) -> str | None:
    """Return the suffix of an archive by its first 512 bytes; None for other content.

    It's `.tgz` for anything compressed by gzip. A tar may be empty, or lack the `ustar` mark.
    """
    if head.startswith(GZIP_MAGIC):
        return ".tgz"
    if head.startswith(ZIP_MAGICS):
        return ".zip"
    header = head[:HEAD_BYTES]
    if len(header) < HEAD_BYTES:
        return None
    if not any(header):
        return ".tar"
    try:
        tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return ".tar" if header[257:262] == b"ustar" else None
    return ".tar"


def unsupported_archive(head: bytes, container: str = "") -> UnsupportedArchiveError:
    """Return the error for content that isn't an archive, with its first bytes."""
    if not head:
        return UnsupportedArchiveError(f"The content isn't an archive: {container}nothing at all.")
    return UnsupportedArchiveError(
        f"The content isn't a tar, tgz, or zip archive: {container}{head[:SHOWN_BYTES]!r}."
    )


class MemberNames:
    """Checks the names of one archive, one by one and against each other.

    Attributes:
        folders: Number of folders, including those that are only part of a path.
        held_bytes: Memory of all names.

    Example:
        >>> MemberNames().accept("output/scene/ndvi.tif", is_folder=False)
        ('scene', 'ndvi.tif')
    """

    def __init__(self) -> None:
        # Folded name → content of a folder, or None for a file. A tree, as it takes a third of
        # the memory of complete paths.
        self._root: Names = {}
        # Names whose spelling isn't the folded one, by their folder and folded name.
        self._spellings: dict[tuple[int, str], str] = {}
        self.folders = 0
        self.held_bytes = 0

    def accept(self, name: str, *, is_folder: bool) -> tuple[str, ...]:
        """Return the parts of a path, none for the root folder, without the leading `output/`.

        Raises:
            UnsafeArchiveError: If the name is absolute, climbs, can't be written everywhere, or
                collides with another one, even if only without regard to case or Unicode form.
        """
        parts = _checked_parts(name)
        if parts and parts[0] == ROOT_FOLDER and (is_folder or len(parts) > 1):
            parts = parts[1:]
        if not parts and not is_folder:
            raise UnsafeArchiveError(name, "it has no name")
        folder = self._root
        for depth in range(1, len(parts) + 1):
            inner = self._register(folder, name, parts[:depth], is_folder or depth < len(parts))
            folder = folder if inner is None else inner
        return parts

    def _register(
        self, folder: Names, name: str, path: tuple[str, ...], is_folder: bool
    ) -> Names | None:
        """Check and keep the last part of a path; return the content of the folder that it is."""
        part = path[-1]
        folded = fold(part)
        key = part if folded == part else folded  # one string is enough to hold
        if key not in folder:
            folder[key] = {} if is_folder else None
            self.folders += is_folder
            self.held_bytes += sys.getsizeof(key)
            if key != part:
                self._spellings[id(folder), key] = part
                self.held_bytes += sys.getsizeof(part)
            return folder[key]
        spelling = self._spellings.get((id(folder), key), key)
        if spelling != part:
            raise UnsafeArchiveError(
                name, f"it differs from {spelling!r} only by case or Unicode form"
            )
        if (folder[key] is not None) != is_folder:
            raise UnsafeArchiveError(name, f"{'/'.join(path)!r} is a file and a folder")
        if not is_folder:
            raise UnsafeArchiveError(name, "the archive has two members of this name")
        return folder[key]


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
    for reason in filter(None, map(unsafe_reason, parts)):
        raise UnsafeArchiveError(name, reason)
    return parts


def tar_members(
    reader: ForwardReader, on_header: Callable[[str, int], object]
) -> Iterator[TarMember]:
    """Yield the members of a tar stream; the reader is then at the member's content.

    Unlike tarfile, it doesn't recurse through extended headers, keeps none of them, and reads no
    sparse maps: an archive decides neither how much memory nor how much stack is used. `on_header`
    gets the name and the bytes of every extended header.

    Raises:
        UnsafeArchiveError: If a member is neither a plain file nor a folder, or has too many or
            too long headers.
        ArchiveError: If a header is damaged, or the archive has no end mark.
    """
    known: dict[str, str] = {}
    extended = 0
    while (header := _header(reader)) is not None:
        if header.type in _PAX + _GNU:
            extended += 1
            if extended > MAX_EXTENDED_HEADERS:
                raise UnsafeArchiveError(
                    header.name, f"it has more than {MAX_EXTENDED_HEADERS} extended headers"
                )
            known |= _extended(reader, header)
            on_header(header.name, HEAD_BYTES + header.size)
            continue
        member = _member(header, known)
        known, extended = {}, 0
        end = reader.tell() + _padded(member[1])
        yield member
        reader.skip_to(end)


def _header(reader: ForwardReader) -> tarfile.TarInfo | None:
    block = reader.read(HEAD_BYTES)
    if len(block) == HEAD_BYTES and not any(block):
        return None
    if not block:
        raise ArchiveError("The tar archive is cut off: it has no end mark.")
    try:
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError, OverflowError) as error:
        raise ArchiveError(f"The tar archive is damaged: {error}.") from error
    if header.size < 0:
        raise UnsafeArchiveError(header.name, "its size is negative")
    return header


def _extended(reader: ForwardReader, header: tarfile.TarInfo) -> dict[str, str]:
    """Return the name and size that an extended header gives the next member."""
    if header.size > MAX_HEADER_BYTES:
        raise UnsafeArchiveError(
            header.name,
            f"it has an extended header of {header.size:,} bytes; "
            f"{MAX_HEADER_BYTES:,} bytes are possible",
        )
    content = reader.read(_padded(header.size))
    if len(content) < _padded(header.size):
        raise ArchiveError("The tar archive is cut off in the middle of a header.")
    content = content[: header.size]
    if header.type == tarfile.GNUTYPE_LONGLINK:
        return {}
    if header.type == tarfile.GNUTYPE_LONGNAME:
        return {"path": content.partition(b"\0")[0].decode("utf-8", "surrogateescape")}
    found = {}
    for key, value in _records(content):
        if key.startswith("GNU.sparse."):
            raise UnsafeArchiveError(header.name, "it is a sparse file")
        if key in ("path", "size"):
            found[key] = value.decode("utf-8", "surrogateescape")
    if found and header.type == tarfile.XGLTYPE:
        raise UnsafeArchiveError(header.name, f"it sets the {' and '.join(found)} of all members")
    return found


def _records(content: bytes) -> Iterator[tuple[str, bytes]]:
    position = 0
    while position < len(content) and content[position]:
        match = _RECORD.match(content, position)
        end = position + int(match[1]) if match else 0
        if match is None or end <= match.end() or content[end - 1 : end] != b"\n":
            raise ArchiveError("The tar archive is damaged: invalid extended header.")
        yield match[2].decode("utf-8", "replace"), content[match.end() : end - 1]
        position = end


def _member(header: tarfile.TarInfo, known: dict[str, str]) -> TarMember:
    name = known.get("path", header.name)
    is_folder = header.isdir()
    if not is_folder and header.type not in _FILES:
        kind = _KINDS.get(header.type, f"of the unknown type {header.type!r}")
        raise UnsafeArchiveError(name, f"it is {kind}")
    digits = known.get("size", str(header.size))
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= MAX_SIZE_DIGITS):
        raise UnsafeArchiveError(name, f"its size is {digits[:40]!r}, not a number of bytes")
    # Some archives give folders a size, but no content.
    return name, 0 if is_folder else int(digits), is_folder


def _padded(size: int) -> int:
    return -(-size // HEAD_BYTES) * HEAD_BYTES


class _BoundedFile(io.FileIO):
    """A file for zipfile, which reads the complete directory at once."""

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = MAX_DIRECTORY_BYTES + 1 if size is None or size < 0 else size
        data = super().read(min(wanted, MAX_DIRECTORY_BYTES + 1)) or b""
        if len(data) > MAX_DIRECTORY_BYTES:
            raise UnsafeArchiveError(
                "(the directory)", f"it has more than {MAX_DIRECTORY_BYTES:,} bytes"
            )
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        if whence == io.SEEK_SET and offset < 0:
            raise zipfile.BadZipFile("it refers to bytes before its beginning")
        return super().seek(offset, whence)


@contextmanager
def opened_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive and check all of its members.

    Raises:
        ArchiveError: If the archive is damaged.
        UnsafeArchiveError: If a member is encrypted, a link, or a device, or the directory is too
            long.
        UnsupportedArchiveError: If a member is compressed by a method other than deflate.
    """
    damage = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OverflowError, struct.error)
    try:
        with _BoundedFile(path) as file, zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                _check(member)
            yield archive
    except damage as error:
        raise ArchiveError(f"The zip archive is damaged: {reason_of(error)}.") from error
    except NotImplementedError as error:
        what = f"The zip archive can't be read: {reason_of(error)}."
        raise UnsupportedArchiveError(what) from error


def zip_content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield a member's content; zipfile verifies its header and CRC."""
    with archive.open(member) as file:
        while block := file.read(BLOCK_BYTES):
            yield block
        if file.tell() != member.file_size:
            raise zipfile.BadZipFile(f"{member.orig_filename!r} doesn't have its claimed length")


def is_zip_folder(member: zipfile.ZipInfo) -> bool:
    """Return whether a member is a folder."""
    return member.orig_filename.endswith("/")


def _check(member: zipfile.ZipInfo) -> None:
    name = member.orig_filename
    kind = stat.S_IFMT(member.external_attr >> 16)
    reason = None
    if member.flag_bits & _ENCRYPTED:
        reason = "it is encrypted"
    elif kind == stat.S_IFLNK:
        reason = "it is a symbolic link"
    elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        reason = "it is a device, pipe, or socket"
    elif kind and (kind == stat.S_IFDIR) != is_zip_folder(member):
        reason = "its type and its name disagree about being a folder"
    elif is_zip_folder(member) and member.file_size:
        reason = "it is a folder with content"
    if reason:
        raise UnsafeArchiveError(name, reason)
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnsupportedArchiveError(
            f"Archive member {name!r} is compressed by method {member.compress_type}; "
            "only deflate is supported."
        )
