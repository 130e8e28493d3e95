"""Zip archives: the directory at their end, then the members in one pass from the front."""

from __future__ import annotations

import stat
import struct
import zipfile
from collections.abc import Iterator
from typing import IO, Protocol, cast

from up42_facade._downloads.forward import ForwardReader
from up42_facade._downloads.inflate import Inflater, crc32, deflate_inflater
from up42_facade.errors import CorruptArchiveError, UnsafeArchiveError, UnsupportedArchiveError

# How a zip begins: with a member, or, when empty, with the end of its directory.
ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
# Longest directory that is read into memory: about a million members.
MAX_DIRECTORY_BYTES = 64 << 20

_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_ENCRYPTED = 0x41
_SIZES_FOLLOW = 0x8
_UTF8 = 0x800
_SIZE_IN_EXTRA = 0xFFFFFFFF


class SeekableFile(Protocol):
    """What zipfile needs to find a directory."""

    def read(self, count: int = -1, /) -> bytes: ...

    def seek(self, offset: int, whence: int = 0, /) -> int: ...

    def tell(self) -> int: ...


def read_directory(file: SeekableFile) -> list[zipfile.ZipInfo]:
    """Read and check the list of members.

    Args:
        file: The archive; only its end is read.

    Returns:
        The members in the order of the directory.

    Raises:
        CorruptArchiveError: The directory is damaged or missing.
        UnsafeArchiveError: A member is encrypted, a link or a device, or members overlap.
        UnsupportedArchiveError: A member is compressed by another method than deflate.
    """
    try:
        with zipfile.ZipFile(cast(IO[bytes], file)) as archive:
            members, start = archive.infolist(), archive.start_dir
    except (zipfile.BadZipFile, ValueError, OverflowError, struct.error) as error:
        raise CorruptArchiveError(f"The zip archive is damaged: {error}.") from error
    except NotImplementedError as error:
        raise UnsupportedArchiveError(f"The zip archive can't be read: {error}.") from error
    for member in members:
        _check(member)
    _check_overlaps(members, start)
    return members


def member_content(reader: ForwardReader, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield a member's content and verify it against the directory.

    Args:
        reader: The archive from its beginning; must not stand behind the member.
        member: One of `read_directory`, in order of offset.

    Raises:
        UnsafeArchiveError: The member's own header, or its content, isn't what the directory says.
        CorruptArchiveError: The content is damaged.
    """
    reader.seek(member.header_offset)
    _check_local_header(reader, member)
    crc = size = 0
    for block in _plain(reader, member):
        size += len(block)
        if size > member.file_size:
            raise UnsafeArchiveError(
                member.orig_filename, f"it has more than the {member.file_size:,} bytes it claims"
            )
        crc = crc32(block, crc)
        yield block
    if size != member.file_size or crc != member.CRC:
        raise CorruptArchiveError(
            f"Archive member {member.orig_filename!r} is damaged: length or CRC differ."
        )


def is_folder(member: zipfile.ZipInfo) -> bool:
    """Tell whether a member is a folder."""
    return member.orig_filename.endswith("/")


def _plain(reader: ForwardReader, member: zipfile.ZipInfo) -> Iterator[bytes]:
    packed = reader.blocks(member.compress_size)
    if member.compress_type == zipfile.ZIP_STORED:
        yield from (bytes(view) for view in packed)
        return
    inflater: Inflater = deflate_inflater()
    for view in packed:
        if inflater.eof:
            raise CorruptArchiveError(
                f"Archive member {member.orig_filename!r} ends before its compressed data."
            )
        yield from inflater.feed(bytes(view))
    if not inflater.eof:
        raise CorruptArchiveError(f"Archive member {member.orig_filename!r} is cut off.")


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
    if member.compress_type == zipfile.ZIP_STORED and member.compress_size != member.file_size:
        raise UnsafeArchiveError(name, "it is stored plainly but claims two different sizes")


def _check_overlaps(members: list[zipfile.ZipInfo], directory_start: int) -> None:
    ordered = sorted(members, key=lambda member: member.header_offset)
    limits = [*(member.header_offset for member in ordered), directory_start]
    for member, limit in zip(ordered, limits[1:], strict=True):
        least = member.header_offset + _LOCAL_HEADER.size + member.compress_size
        if member.header_offset < 0 or least > limit:
            raise UnsafeArchiveError(
                member.orig_filename, "it overlaps another member or the directory"
            )


def _check_local_header(reader: ForwardReader, member: zipfile.ZipInfo) -> None:
    name = member.orig_filename
    header = reader.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size or not header.startswith(ZIP_MAGICS[0]):
        raise CorruptArchiveError(f"Archive member {name!r} has no header where it should be.")
    fields = _LOCAL_HEADER.unpack(header)
    flags, method = fields[2:4]
    crc, packed, size, name_bytes, extra_bytes = fields[6:]
    own_name = reader.read(name_bytes).decode("utf-8" if flags & _UTF8 else "cp437", "replace")
    reader.read(extra_bytes)
    if own_name != name:
        raise UnsafeArchiveError(name, f"its own header calls it {own_name!r}")
    if flags & _ENCRYPTED or method != member.compress_type:
        raise UnsafeArchiveError(name, "its own header and the directory disagree")
    if flags & _SIZES_FOLLOW or _SIZE_IN_EXTRA in (packed, size):
        return
    if (crc, packed, size) != (member.CRC, member.compress_size, member.file_size):
        raise UnsafeArchiveError(name, "its own header and the directory claim different sizes")
