"""Archives that are unpacked while they arrive: safe, resumable, complete or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen, validators

from up42_facade.downloads._locations import expanded
from up42_facade.errors import UnsafeArchiveError, UnsupportedArchiveError

if TYPE_CHECKING:
    import httpx

    from up42_facade.downloads._forward import ForwardReader
    from up42_facade.downloads._inflate import ReadAhead
    from up42_facade.downloads._records import Validator
    from up42_facade.downloads._remote import ByteStream, RemoteFile
    from up42_facade.downloads._staging import Staging

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
# Folders within each other: a tile pyramid has ten. It bounds what one long path can create.
DEFAULT_DEPTH = 32
# Memory of all member names together: some 200 bytes for each of the most members.
MAX_NAMES_BYTES = 20 << 20
# Bytes after the end of an archive: the filling up of the largest tape block, many times over.
MAX_TRAILING_BYTES = 16 << 20
# Times that unpacking begins anew because the archive was replaced while being read.
MAX_RESTARTS = 3
# Bytes of an unknown content that an error shows, to tell an error page from a damaged file.
_SHOWN_BYTES = 60

# Bytes by which the kind of an archive is recognized: one tar header.
_HEAD_BYTES = 512
# What an error names if it isn't about a member.
_END = "(the end of the archive)"
_SPOOL = "(the zip archive)"

_positive: Any = validators.gt(0)


@frozen(kw_only=True)
class ArchiveLimits:
    """What an archive may hold before it is refused. Raise what your results need.

    Example:
        >>> ArchiveLimits(members=1_000_000).members
        1000000
    """

    members: int = field(default=DEFAULT_MEMBERS, validator=_positive)
    """Files and folders in the archive, folders that are only part of a path included."""
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
    depth: int = field(default=DEFAULT_DEPTH, validator=_positive)
    """Folders within each other, the file included."""


def download_archive(
    get_url: Callable[[], str],
    directory: str | Path,
    *,
    http: httpx.Client | None = None,
    size: int | None = None,
    checksum: str | None = None,
    limits: ArchiveLimits = ArchiveLimits(),
    progress: bool = True,
    overwrite: bool = False,
    source_id: str | None = None,
    folder: str | Path | None = None,
    aside: str | None = None,
) -> list[str]:
    """Download a tar, tgz, or zip archive and unpack it.

    The kind is recognized by content. A leading `output/` is stripped once. A lost connection
    is continued where it broke, with a new URL if the old one expired. Existing files at the
    paths of members are replaced one by one, after everything arrived and is verified. A tar or
    tgz is unpacked while it arrives; a zip passes through a temporary file in the folder.

    Args:
        get_url: Gives a URL of the archive; called again when a signed URL has expired.
        directory: Folder to unpack into; made if missing.
        http: Client to fetch with; None for a shared one without credentials.
        size: Length of the archive in bytes, if known.
        checksum: Of the archive, as multihash (hexadecimal) or `algorithm:digest`, if known.
        limits: What the archive may hold.
        progress: Whether to show a bar.
        overwrite: Fetch the archive even if all of it is there.
        source_id: Stable ID of the archive, such as its URL without the query. What it delivers
            is then recorded in the folder `.up42` of the directory, and a later call with this
            ID fetches nothing if all files are unchanged and the server still has the same
            object.
        folder: Output folder that keeps the record, if the directory is below it. Defaults to the
            directory.
        aside: Name of a subfolder to unpack into if a member would replace a file that isn't
            recorded as this archive's; it gets a hash if files there would be replaced too. If
            None, such files are replaced.

    Returns:
        The paths of the unpacked files in the order of the archive, empty if it holds none.

    Raises:
        UnsafeArchiveError: A member would leave the folder, is a link or device, or passes a limit.
        ArchiveError: The archive is cut off or damaged.
        UnsupportedArchiveError: The content isn't a tar, tgz, or zip archive.
        ChecksumError: Length or checksum of the archive aren't the announced ones.
        ConnectionFailedError: The connection failed, also after retries.
        DownloadError: The server refuses, or the folder can't be written.

    Example:
        paths = download_archive(lambda: job_download_url(), "results")
    """
    from up42_facade.downloads._names import safe_name, tagged_name
    from up42_facade.downloads._records import (
        exclusive,
        owned_paths,
        read_record,
        write_record,
    )
    from up42_facade.downloads._remote import ContentChanged, RemoteFile

    source = RemoteFile(get_url, http=http, size=size, checksum=checksum)
    target = expanded(directory)
    kept_in = target if folder is None else expanded(folder)
    record = None if source_id is None else read_record(kept_in, source_id)
    if record is not None and not overwrite and source.is_unchanged(record):
        return [str(path) for path in record.paths]
    for attempt in range(MAX_RESTARTS + 1):
        try:
            with (
                _unpacked(source, target, limits, progress) as (staging, validator),
                exclusive(kept_in),
            ):
                if aside is not None:
                    # Read again: another program might have fetched the same archive.
                    owned = owned_paths(kept_in, source_id) if source_id else frozenset()
                    names = (safe_name(aside), tagged_name(aside, source_id or ""))
                    staging.make_way(names, owned)
                paths = staging.paths
                if source_id is None:
                    staging.commit()
                else:
                    found = [Path(path).relative_to(kept_in).as_posix() for path in paths]
                    staging.commit(partial(write_record, kept_in, source_id, validator, found))
            break
        except ContentChanged:
            if attempt == MAX_RESTARTS:
                raise
    return paths


@contextmanager
def _unpacked(
    source: RemoteFile, directory: Path, limits: ArchiveLimits, progress: bool
) -> Iterator[tuple[Staging, Validator]]:
    """Unpack an archive into a hidden folder of the directory."""
    from up42_facade._common.progress import bar
    from up42_facade.downloads._forward import ForwardReader
    from up42_facade.downloads._inflate import ReadAhead
    from up42_facade.downloads._remote import ByteStream
    from up42_facade.downloads._staging import Staging

    with (
        Staging(directory) as staging,
        bar(progress=progress, unit="B", unit_scale=True, desc=directory.name) as shown,
        ByteStream(source, on_bytes=shown.update) as stream,
    ):
        stream.open()
        shown.total = stream.total
        shown.refresh()
        with ReadAhead(iter(stream)) as ahead:
            _Unpacker(stream, staging, limits).run(ForwardReader(ahead), ahead)
            yield staging, stream.validator


class _Unpacker:
    """Unpacks one archive into the staging folder and keeps count of the limits."""

    def __init__(self, stream: ByteStream, staging: Staging, limits: ArchiveLimits) -> None:
        from up42_facade.downloads._names import MemberNames

        self._stream = stream
        self._staging = staging
        self._limits = limits
        self._names = MemberNames()
        self._members = 0
        self._claimed = 0
        self._unpacked = 0

    def run(self, reader: ForwardReader, ahead: ReadAhead) -> None:
        """Unpack an archive of any kind, and read what comes after it to the end."""
        from up42_facade.downloads._inflate import GZIP_MAGIC

        if reader.peek(_HEAD_BYTES).startswith(GZIP_MAGIC):
            self._gzipped(reader, ahead)
        else:
            self._plain(reader, "")
        self._finish(reader)

    def _gzipped(self, packed: ForwardReader, ahead: ReadAhead) -> None:
        from up42_facade.downloads._forward import ForwardReader
        from up42_facade.downloads._inflate import gunzip

        with closing(gunzip(packed.remaining())) as plain:
            try:
                reader = ForwardReader(plain)
                self._plain(reader, "gzip of ")
                self._finish(reader)
            finally:
                # First, because the inflating thread may be waiting for it.
                ahead.close()

    def _plain(self, reader: ForwardReader, prefix: str) -> None:
        from up42_facade.downloads._tar_members import is_tar
        from up42_facade.downloads._zip_members import ZIP_MAGICS

        head = reader.peek(_HEAD_BYTES)
        if head.startswith(ZIP_MAGICS):
            self._zip(reader)
        elif is_tar(head):
            self._tar(reader)
        else:
            raise _unsupported(head, prefix)

    def _finish(self, reader: ForwardReader) -> None:
        rest = 0
        for block in reader.remaining():
            rest += len(block)
            self._count(_END, len(block))
            if rest > MAX_TRAILING_BYTES:
                raise UnsafeArchiveError(
                    _END, f"more than {MAX_TRAILING_BYTES:,} bytes come after it"
                )

    def _tar(self, reader: ForwardReader) -> None:
        from up42_facade.downloads._tar_members import tar_members

        for member in tar_members(reader, self._count):
            parts = self._admit(member.name, member.is_folder, member.size)
            if member.is_folder:
                self._staging.add_folder(parts)
            else:
                self._write(member.name, parts, reader.blocks(member.size))

    def _zip(self, reader: ForwardReader) -> None:
        from up42_facade.downloads._staging import local_errors
        from up42_facade.downloads._zip_members import is_folder, member_content, opened_zip

        spool = self._staging.spool
        with local_errors(spool), spool.open("xb") as file:
            for block in reader.remaining():
                self._count(_SPOOL, len(block))
                file.write(block)
        # The copy is on disk beside what is unpacked, and smaller.
        self._unpacked = 0
        with opened_zip(spool) as archive:
            admitted = [
                (member, self._admit(member.orig_filename, is_folder(member), member.file_size))
                for member in archive.infolist()
            ]
            # Everything is checked before anything is written.
            for member, parts in admitted:
                if is_folder(member):
                    self._staging.add_folder(parts)
                else:
                    self._write(member.orig_filename, parts, member_content(archive, member))

    def _admit(self, name: str, is_folder: bool, size: int) -> tuple[str, ...]:
        """Check a member's name and claimed size, before anything of it is held or created."""
        limits = self._limits
        parts = self._names.accept(name, is_folder=is_folder)
        if len(parts) > limits.depth:
            raise UnsafeArchiveError(
                name, f"it is {len(parts)} levels deep, above {limits.depth} (limits.depth)"
            )
        if self._names.held_bytes > MAX_NAMES_BYTES:
            raise UnsafeArchiveError(
                name, f"the names up to it take more than {MAX_NAMES_BYTES:,} bytes"
            )
        self._members += 1
        self._claimed += size
        if self._members + self._names.folders > limits.members:
            raise UnsafeArchiveError(
                name,
                f"the archive has more than {limits.members:,} members, with the folders of their "
                "paths (limits.members)",
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
        from up42_facade.downloads._staging import local_errors

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
        """Compare what really comes out with what came in, whatever the headers claim."""
        limits = self._limits
        self._unpacked += unpacked
        if self._unpacked > limits.total_bytes:
            raise UnsafeArchiveError(
                name,
                f"the archive has more than {limits.total_bytes:,} bytes (limits.total_bytes)",
            )
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
        return UnsupportedArchiveError(f"The content isn't an archive: {prefix}nothing at all.")
    return UnsupportedArchiveError(
        f"The content isn't a tar, tgz, or zip archive: {prefix}{head[:_SHOWN_BYTES]!r}."
    )
