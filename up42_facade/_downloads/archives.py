"""Archives unpacked while they arrive: safe, resumable, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen, validators

from up42_facade._downloads.locations import expanded
from up42_facade.errors import UnsafeArchiveError, UnsupportedArchiveError

if TYPE_CHECKING:
    import httpx

    from up42_facade._downloads.byte_stream import ByteStream
    from up42_facade._downloads.forward import ForwardReader
    from up42_facade._downloads.staging import Staging
    from up42_facade._downloads.transfer import Source

# Members of one archive: results have tens, a tile pyramid has some ten thousand.
DEFAULT_MEMBERS = 100_000
# Bytes of everything unpacked: far above a large order, below a typical disk array.
DEFAULT_TOTAL_BYTES = 1_000 * 10**9
# Bytes of one member: a GeoTIFF of a whole country.
DEFAULT_MEMBER_BYTES = 500 * 10**9
# Unpacked bytes per packed byte: imagery has 1.5, masks some 100, a bomb of zeros 1,000.
DEFAULT_EXPANSION_RATIO = 200.0
# Unpacked bytes up to which no ratio counts: a small archive may hold an empty mask.
DEFAULT_EXPANSION_FREE_BYTES = 1 * 10**9
# Times that unpacking begins anew because the archive was replaced while being read.
MAX_RESTARTS = 3
# Bytes of an unknown content that an error shows, to tell an error page from a damaged file.
_SHOWN_BYTES = 60

_positive: Any = validators.gt(0)


@frozen(kw_only=True)
class ArchiveLimits:
    """What an archive may hold before it is refused. Raise what your results need.

    Example:
        >>> ArchiveLimits(members=1_000_000).members
        1000000
    """

    members: int = field(default=DEFAULT_MEMBERS, validator=_positive)
    """Files and folders in the archive."""
    total_bytes: int = field(default=DEFAULT_TOTAL_BYTES, validator=_positive)
    """Bytes of all members together, unpacked."""
    member_bytes: int = field(default=DEFAULT_MEMBER_BYTES, validator=_positive)
    """Bytes of a single member, unpacked."""
    expansion_ratio: float = field(default=DEFAULT_EXPANSION_RATIO, validator=_positive)
    """Unpacked bytes per byte of the archive."""
    expansion_free_bytes: int = field(
        default=DEFAULT_EXPANSION_FREE_BYTES, validator=validators.ge(0)
    )
    """Unpacked bytes up to which the ratio doesn't count."""


def download_archive(
    get_url: Callable[[], str],
    directory: str | Path,
    *,
    http: httpx.Client | None = None,
    size: int | None = None,
    checksum: str | None = None,
    limits: ArchiveLimits = ArchiveLimits(),
    progress: bool = True,
) -> list[str]:
    """Download a tar, tgz or zip archive and unpack it while it arrives.

    The kind is recognised by content. A leading `output/` is stripped once. A lost connection
    is continued where it broke, with a new URL if the old one expired. Files that already have
    the name of a member are replaced, but only when everything arrived and is verified.

    Args:
        get_url: Gives a URL of the archive; called again when a signed URL has expired.
        directory: Folder to unpack into; made if missing.
        http: Client to fetch with; None for a shared one without credentials.
        size: Length of the archive in bytes, if known.
        checksum: Of the archive, as multihash (hexadecimal) or `algorithm:digest`, if known.
        limits: What the archive may hold.
        progress: Whether to show a bar.

    Returns:
        The paths of the unpacked files in the order of the archive, empty if it holds none.

    Raises:
        UnsafeArchiveError: A member would leave the folder, is a link or device, or passes a limit.
        CorruptArchiveError: The archive is cut off or damaged.
        UnsupportedArchiveError: The content is no tar, tgz or zip archive.
        ChecksumError: Length or checksum of the archive aren't the announced ones.
        ConnectionFailedError: The connection failed, also after retries.
        DownloadError: The server refuses, or the folder can't be written.

    Example:
        paths = download_archive(lambda: job_download_url(), "results")
    """
    from up42_facade._downloads.transfer import ContentChanged, Source

    source = Source(get_url, http=http, size=size, checksum=checksum)
    for _ in range(MAX_RESTARTS):
        try:
            return _unpack(source, expanded(directory), limits, progress)
        except ContentChanged:
            continue
    return _unpack(source, expanded(directory), limits, progress)


def _unpack(source: Source, directory: Path, limits: ArchiveLimits, progress: bool) -> list[str]:
    from up42_facade._common.progress import bar
    from up42_facade._downloads.byte_stream import ByteStream
    from up42_facade._downloads.forward import ForwardReader
    from up42_facade._downloads.inflate import ReadAhead
    from up42_facade._downloads.staging import Staging

    with (
        Staging(directory) as staging,
        bar(progress=progress, unit="B", unit_scale=True, desc=directory.name) as shown,
        ByteStream(source, on_bytes=shown.update) as stream,
    ):
        stream.open()
        shown.total = stream.total
        shown.refresh()
        with ReadAhead(iter(stream)) as ahead:
            reader = ForwardReader(ahead)
            _Unpacker(source, stream, staging, limits).run(reader, ahead)
            staging.commit()
        return [str(path) for path in staging.paths]


class _Unpacker:
    """Unpacks one archive into the staging folder and keeps count of the limits."""

    def __init__(
        self, source: Source, stream: ByteStream, staging: Staging, limits: ArchiveLimits
    ) -> None:
        from up42_facade._downloads.names import MemberNames

        self._source = source
        self._stream = stream
        self._staging = staging
        self._limits = limits
        self._names = MemberNames()
        self._members = 0
        self._claimed = 0
        self._unpacked = 0

    def run(self, reader: ForwardReader, ahead: Any) -> None:
        from up42_facade._downloads.inflate import GZIP_MAGIC
        from up42_facade._downloads.tar_members import BLOCK_BYTES, is_tar
        from up42_facade._downloads.zip_members import ZIP_MAGICS

        head = reader.peek(BLOCK_BYTES)
        if head.startswith(GZIP_MAGIC):
            self._gzipped(reader, ahead)
        elif head.startswith(ZIP_MAGICS):
            self._zip(reader)
        elif is_tar(head):
            self._tar(reader)
        else:
            raise _unsupported(head, "")
        for _ in reader.remaining():
            pass

    def _gzipped(self, packed: ForwardReader, ahead: Any) -> None:
        from up42_facade._downloads.forward import ForwardReader
        from up42_facade._downloads.inflate import ReadAhead, gunzip
        from up42_facade._downloads.tar_members import BLOCK_BYTES, is_tar

        with ReadAhead(gunzip(packed.remaining()), upstream=ahead) as plain:
            reader = ForwardReader(plain)
            head = reader.peek(BLOCK_BYTES)
            if not is_tar(head):
                raise _unsupported(head, "gzip of ")
            self._tar(reader)

    def _tar(self, reader: ForwardReader) -> None:
        from up42_facade._downloads.tar_members import tar_members

        for member in tar_members(reader):
            parts = self._admit(member.name, member.isdir(), member.size)
            if member.isdir():
                self._staging.add_folder(parts)
            else:
                self._write(member.name, parts, reader.blocks(member.size))
        for block in reader.remaining():
            self._count("(the end of the archive)", len(block))

    def _zip(self, reader: ForwardReader) -> None:
        from up42_facade._downloads.zip_access import open_zip
        from up42_facade._downloads.zip_members import is_folder, member_content, read_directory

        spool = self._staging.scratch("archive.zip")
        with open_zip(self._source, self._stream, reader, spool) as (directory, content):
            members = read_directory(directory)
            admitted = [
                (member, self._admit(member.orig_filename, is_folder(member), member.file_size))
                for member in members
            ]
            # Everything is checked before anything is written; then one pass from the front.
            for member, parts in sorted(admitted, key=lambda pair: pair[0].header_offset):
                if is_folder(member):
                    self._staging.add_folder(parts)
                    continue
                blocks = member_content(content, member)
                self._write(member.orig_filename, parts, blocks)
            for _ in content.remaining():
                pass
        self._staging.sort([parts for _, parts in admitted])

    def _admit(self, name: str, is_folder: bool, size: int) -> tuple[str, ...]:
        """Check a member's name and claimed size, before anything of it is written."""
        limits = self._limits
        parts = self._names.accept(name, is_folder=is_folder)
        self._members += 1
        self._claimed += size
        if self._members > limits.members:
            raise UnsafeArchiveError(
                name, f"the archive has more than {limits.members:,} members (limits.members)"
            )
        if size > limits.member_bytes:
            raise UnsafeArchiveError(
                name,
                f"it has {size:,} bytes, above {limits.member_bytes:,} (limits.member_bytes)",
            )
        if self._claimed > limits.total_bytes:
            raise UnsafeArchiveError(
                name,
                f"the members up to it have {self._claimed:,} bytes, "
                f"above {limits.total_bytes:,} (limits.total_bytes)",
            )
        return parts

    def _write(
        self,
        name: str,
        parts: tuple[str, ...],
        blocks: Iterable[bytes | memoryview],
    ) -> None:
        from up42_facade._downloads.staging import local_errors

        target = self._staging.target.joinpath(*parts)
        with local_errors(target):
            file = self._staging.create(parts)
        try:
            for block in blocks:
                self._count(name, len(block))
                with local_errors(target):
                    write_all(file, block)
        finally:
            os.close(file)

    def _count(self, name: str, unpacked: int) -> None:
        """Hold what really comes out against what came in, whatever the headers claim."""
        limits = self._limits
        self._unpacked += unpacked
        if self._unpacked <= limits.expansion_free_bytes:
            return
        if self._unpacked > self._stream.position * limits.expansion_ratio:
            raise UnsafeArchiveError(
                name,
                f"the archive grows more than {limits.expansion_ratio:g} times when unpacked "
                "(limits.expansion_ratio)",
            )


def write_all(file: int, block: bytes | memoryview) -> None:
    """Write a block to a file descriptor, also when the system takes it in parts."""
    view = memoryview(block)
    while view:
        view = view[os.write(file, view) :]


def _unsupported(head: bytes, prefix: str) -> UnsupportedArchiveError:
    if not head:
        return UnsupportedArchiveError(f"The content is no archive: {prefix}nothing at all.")
    return UnsupportedArchiveError(
        f"The content is no tar, tgz or zip archive: {prefix}{head[:_SHOWN_BYTES]!r}."
    )
