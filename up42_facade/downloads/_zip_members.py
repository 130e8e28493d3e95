"""Zip archives on disk, read by zipfile; every member is checked before any of it is."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from up42_facade.errors import ArchiveError, UnsafeArchiveError, UnsupportedArchiveError

# How a zip begins: with a member, or, when empty, with the end of its directory.
ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
# Longest directory that is read, of some 20,000 members: zipfile holds all of them in memory.
MAX_DIRECTORY_BYTES = 2 << 20
# Bytes that are inflated at once.
BLOCK_BYTES = 256 << 10
_ENCRYPTED = 0x41


class _BoundedFile(io.FileIO):
    """A file for zipfile, which reads the whole directory at once."""

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
            raise zipfile.BadZipFile("it refers to what lies before its beginning")
        return super().seek(offset, whence)


@contextmanager
def opened_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive and check all of its members.

    Raises:
        ArchiveError: It is damaged.
        UnsafeArchiveError: A member is encrypted, a link, or a device, or the directory is too
            long.
        UnsupportedArchiveError: A member is compressed by another method than deflate.
    """
    damage = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OverflowError, struct.error)
    try:
        with _BoundedFile(path) as file, zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                _check(member)
            yield archive
    except damage as error:
        raise ArchiveError(f"The zip archive is damaged: {error}.") from error
    except NotImplementedError as error:
        raise UnsupportedArchiveError(f"The zip archive can't be read: {error}.") from error


def member_content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield a member's content; zipfile verifies its header and CRC."""
    with archive.open(member) as file:
        while block := file.read(BLOCK_BYTES):
            yield block
        if file.tell() != member.file_size:
            raise zipfile.BadZipFile(f"{member.orig_filename!r} has not the length it claims")


def is_folder(member: zipfile.ZipInfo) -> bool:
    """Tell whether a member is a folder."""
    return member.orig_filename.endswith("/")


def _check(member: zipfile.ZipInfo) -> None:
    name = member.orig_filename
    kind = stat.S_IFMT(member.external_attr >> 16)
    if member.flag_bits & _ENCRYPTED:
        raise UnsafeArchiveError(name, "it is encrypted")
    if kind == stat.S_IFLNK:
        raise UnsafeArchiveError(name, "it is a symbolic link")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise UnsafeArchiveError(name, "it is a device, pipe or socket")
    if kind and (kind == stat.S_IFDIR) != is_folder(member):
        raise UnsafeArchiveError(name, "its type and its name disagree about being a folder")
    if is_folder(member) and member.file_size:
        raise UnsafeArchiveError(name, "it is a folder with content")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnsupportedArchiveError(
            f"Archive member {name!r} is compressed by method {member.compress_type}; "
            "only deflate is read."
        )
