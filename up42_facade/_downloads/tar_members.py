"""Tar archives as a stream of safe members."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import IO, cast

from up42_facade._downloads.forward import ForwardReader
from up42_facade.errors import CorruptArchiveError, UnsafeArchiveError

# Bytes of a tar header, which is also the unit of everything in a tar.
BLOCK_BYTES = 512

_KINDS = {
    tarfile.LNKTYPE: "a hard link",
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.CHRTYPE: "a character device",
    tarfile.BLKTYPE: "a block device",
    tarfile.FIFOTYPE: "a pipe",
    tarfile.CONTTYPE: "a contiguous file",
    tarfile.GNUTYPE_SPARSE: "a sparse file",
}


def is_tar(head: bytes) -> bool:
    """Tell whether a stream that begins with these 512 bytes or more is a tar archive.

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


def tar_members(reader: ForwardReader) -> Iterator[tarfile.TarInfo]:
    """Yield the members of a tar stream; the reader then stands at the member's content.

    Args:
        reader: The plain tar stream.

    Raises:
        UnsafeArchiveError: A member is neither a plain file nor a folder.
        CorruptArchiveError: A header is damaged or the archive has no end mark.
    """
    archive = _open(reader)
    member = archive.next() if archive is not None else None
    while archive is not None and member is not None:
        _check(member)
        reader.seek(member.offset_data)
        yield member
        reader.seek(archive.offset)
        member = _next(archive)


def _open(reader: ForwardReader) -> tarfile.TarFile | None:
    if not any(reader.peek(BLOCK_BYTES)):
        return None
    try:
        # Mode "r" and not "r|": the members' content then passes us by without being copied.
        return tarfile.TarFile(fileobj=cast(IO[bytes], reader), mode="r")
    except (tarfile.TarError, ValueError, OverflowError, RecursionError) as error:
        raise CorruptArchiveError(f"The tar archive is damaged: {error}.") from error


def _next(archive: tarfile.TarFile) -> tarfile.TarInfo | None:
    # TarFile.next() takes a damaged header for the end of the archive, so it isn't used here.
    # The stubs lack the two header errors that tell an end from a cut.
    try:
        return tarfile.TarInfo.fromtarfile(archive)
    except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
        return None
    except tarfile.EmptyHeaderError as error:  # type: ignore[attr-defined]
        raise CorruptArchiveError("The tar archive is cut off: it has no end mark.") from error
    except (tarfile.TarError, ValueError, OverflowError, RecursionError) as error:
        raise CorruptArchiveError(f"The tar archive is damaged: {error}.") from error


def _check(member: tarfile.TarInfo) -> None:
    kind = _KINDS.get(member.type)
    if member.sparse is not None:
        kind = "a sparse file"
    if kind is None and not (member.isdir() or member.type in (tarfile.REGTYPE, tarfile.AREGTYPE)):
        kind = f"of the unknown type {member.type!r}"
    if kind is not None:
        raise UnsafeArchiveError(member.name, f"it is {kind}")
    if member.size < 0:
        raise UnsafeArchiveError(member.name, "its size is negative")
