"""Tar archives as a stream of safe members."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Callable, Iterator

from attrs import frozen

from up42_facade.downloads._forward import ForwardReader
from up42_facade.errors import ArchiveError, UnsafeArchiveError

# Bytes of a tar header, which is also the unit of everything in a tar.
BLOCK_BYTES = 512
# Longest extended header: long names and attributes take kilobytes.
MAX_HEADER_BYTES = 256 << 10
# Extended headers before one member: a long name, a long link, and one of each PAX kind.
MAX_EXTENDED_HEADERS = 8
# Digits of the largest size that is read, far above any limit.
MAX_SIZE_DIGITS = 18

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


@frozen
class TarMember:
    """A plain file or a folder of a tar archive."""

    name: str
    size: int
    is_folder: bool


def is_tar(head: bytes) -> bool:
    """Return whether a stream that begins with these 512 bytes or more is a tar archive.

    Args:
        head: The first bytes.

    Returns:
        True for a valid header, with or without the `ustar` mark, and for an empty archive.
    """
    header = head[:BLOCK_BYTES]
    if len(header) < BLOCK_BYTES:
        return False
    if not any(header):
        return True
    try:
        tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return header[257:262] == b"ustar"
    return True


def tar_members(
    reader: ForwardReader, on_header: Callable[[str, int], object] = lambda _name, _size: None
) -> Iterator[TarMember]:
    """Yield the members of a tar stream; the reader is then at the member's content.

    Unlike tarfile, it doesn't recurse through extended headers, keeps none of them, and reads no
    sparse maps: an archive decides neither how much memory nor how much stack is used.

    Args:
        reader: The plain tar stream.
        on_header: Called with the name and the bytes of every extended header.

    Raises:
        UnsafeArchiveError: A member is neither a plain file nor a folder, or has too many or too
            long headers.
        ArchiveError: A header is damaged or the archive has no end mark.
    """
    known: dict[str, str] = {}
    extended = 0
    while (header := _header(reader)) is not None:
        if header.type in _PAX + _GNU:
            extended += 1
            _check_extended(header, extended)
            on_header(header.name, BLOCK_BYTES + header.size)
            known |= _extended(reader, header)
            continue
        member = _member(header, known)
        known, extended = {}, 0
        end = reader.tell() + _padded(member.size)
        yield member
        reader.seek(end)


def _header(reader: ForwardReader) -> tarfile.TarInfo | None:
    block = reader.read(BLOCK_BYTES)
    if len(block) == BLOCK_BYTES and not any(block):
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


def _check_extended(header: tarfile.TarInfo, count: int) -> None:
    if count > MAX_EXTENDED_HEADERS:
        raise UnsafeArchiveError(
            header.name, f"it has more than {MAX_EXTENDED_HEADERS} extended headers"
        )
    if header.size > MAX_HEADER_BYTES:
        raise UnsafeArchiveError(
            header.name,
            f"it has an extended header of {header.size:,} bytes; "
            f"{MAX_HEADER_BYTES:,} bytes are possible",
        )


def _extended(reader: ForwardReader, header: tarfile.TarInfo) -> dict[str, str]:
    """Read what an extended header says about the next member: its name and size."""
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
    kind = _KINDS.get(header.type)
    is_folder = header.isdir()
    if kind is None and not is_folder and header.type not in _FILES:
        kind = f"of the unknown type {header.type!r}"
    if kind is not None:
        raise UnsafeArchiveError(name, f"it is {kind}")
    size = header.size
    if "size" in known:
        digits = known["size"]
        if not (digits.isascii() and digits.isdecimal() and len(digits) <= MAX_SIZE_DIGITS):
            raise UnsafeArchiveError(name, f"its size is {digits[:40]!r}, not a number of bytes")
        size = int(digits)
    # Some archives give folders a size, which has no content.
    return TarMember(name, 0 if is_folder else size, is_folder)


def _padded(size: int) -> int:
    return -(-size // BLOCK_BYTES) * BLOCK_BYTES
