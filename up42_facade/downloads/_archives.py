"""Archives that are unpacked while they arrive: safe, resumable, all or nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from attrs import field, frozen, validators

from up42_facade._common.progress import ByteBar
from up42_facade.downloads._folders import Folder, exclusive, local_errors
from up42_facade.downloads._inflate import ForwardReader, gunzip
from up42_facade.downloads._layout import owned_names, read_record, write_record
from up42_facade.downloads._members import (
    HEAD_BYTES,
    MemberNames,
    archive_suffix,
    is_zip_folder,
    opened_zip,
    tar_members,
    unsupported_archive,
    zip_content,
)
from up42_facade.downloads._names import local_folder, safe_name, tagged_name
from up42_facade.downloads._remote import MAX_RESTARTS, ContentChanged, RemoteFile, RemoteStream
from up42_facade.downloads._staging import Staging
from up42_facade.errors import UnsafeArchiveError

# Memory of all member names together: some 200 bytes for each of the most members.
MAX_NAMES_BYTES = 20 << 20
# Bytes after the end of an archive: the padding of the largest tape block, many times over.
MAX_TRAILING_BYTES = 16 << 20
# What an error names if it isn't about a member.
_END = "(the end of the archive)"
_SPOOL = "(the zip archive)"

_positive: Any = validators.gt(0)


@frozen(kw_only=True)
class ArchiveLimits:
    """Limits above which an archive is refused. Raise those that your results need.

    Example:
        >>> ArchiveLimits(max_members=1_000_000).max_members
        1000000
    """

    # Results have tens, a tile pyramid has some ten thousand.
    max_members: int = field(default=100_000, validator=_positive)
    """Files and folders in the archive, including folders that are only part of a path."""
    # Far above a large order, below a typical disk array.
    total_bytes: int = field(default=1_000 * 10**9, validator=_positive)
    """Bytes of all members together, unpacked."""
    # A GeoTIFF of an entire country.
    member_bytes: int = field(default=500 * 10**9, validator=_positive)
    """Bytes of a single member, unpacked."""
    # Imagery has 1.5, masks some 100, a bomb of zeros 1,000.
    max_compression_ratio: float = field(default=200.0, validator=_positive)
    """Unpacked bytes per byte of the archive."""
    # A small archive may hold an empty mask.
    ratio_exempt_bytes: int = field(default=1 * 10**9, validator=validators.ge(0))
    """Unpacked bytes up to which the ratio doesn't count."""
    # A tile pyramid has ten. It bounds what one long path can create.
    depth: int = field(default=32, validator=_positive)
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

    The kind is recognized by content. A leading `output/` is stripped once. After a lost connection
    the download resumes where it broke, with a new URL if the old one expired. Existing files at
    the paths of members are replaced one by one, after everything arrived and is verified. A tar or
    tgz is unpacked while it arrives; a zip passes through a temporary file in the folder.

    Args:
        get_url: Returns a URL of the archive; called again when a signed URL has expired.
        directory: Folder to unpack into; created if missing.
        http: Client to use. Defaults to a shared one without credentials.
        size: Length of the archive in bytes, if known.
        checksum: Of the archive, as multihash (hexadecimal) or `algorithm:digest`, if known.
        limits: Limits above which the archive is refused.
        progress: Whether to show a progress bar.
        overwrite: Fetch the archive even if all of its files exist.
        source_id: Stable ID of the archive, such as its URL without the query. The delivered files
            are then recorded in the folder `.up42` of the directory, and a later call with this
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
        UnsafeArchiveError: If a member would leave the folder, is a link or device, or exceeds a
            limit.
        ArchiveError: If the archive is cut off or damaged.
        UnsupportedArchiveError: If the content isn't a tar, tgz, or zip archive.
        ChecksumError: If the length or checksum of the archive isn't the expected one.
        ConnectionFailedError: If the connection failed, even after retries.
        DownloadError: If the server refuses, or the folder can't be written.

    Example:
        paths = download_archive(lambda: job_download_url(), "results")
    """
    target = local_folder(directory, "directory")
    kept_in = Folder(target if folder is None else local_folder(folder, "folder"))
    record = None if overwrite else read_record(kept_in, source_id)
    restarts = 0
    while True:
        source = RemoteFile(get_url, http=http, size=size, checksum=checksum)
        if record is not None and record.is_current(source):
            return record.paths
        with (
            Staging(target) as staging,
            ByteBar(progress=progress, desc=target.name) as shown,
            RemoteStream(source, shown=shown) as stream,
        ):
            try:
                _Unpacker(stream, staging, limits).run()
            except ContentChanged:
                restarts += 1
                if restarts > MAX_RESTARTS:
                    raise
                continue
            with exclusive(kept_in.path), local_errors(target):
                if aside is not None:
                    # Read again: another program might have fetched the same archive.
                    names = (safe_name(aside), tagged_name(aside, source_id or ""))
                    staging.make_way(names, owned_names(kept_in, source_id))
                paths = staging.paths
                found = [Path(path).relative_to(kept_in.path).as_posix() for path in paths]
                version = stream.validator
                staging.commit(
                    None
                    if source_id is None
                    else partial(write_record, kept_in, source_id, version, found)
                )
        return paths


class _Unpacker:
    """Unpacks one archive into the staging folder and enforces the limits."""

    def __init__(self, stream: RemoteStream, staging: Staging, limits: ArchiveLimits) -> None:
        self._stream = stream
        self._staging = staging
        self._limits = limits
        self._names = MemberNames()
        self._members = 0
        self._claimed = 0
        self._unpacked = 0

    def run(self) -> None:
        """Unpack an archive of any kind, and read what comes after it to the end."""
        packed = ForwardReader(self._stream.connect().verified())
        if archive_suffix(packed.peek(HEAD_BYTES)) == ".tgz":
            with closing(gunzip(packed, self._stream.abort)) as plain:
                self._unpack(ForwardReader(plain), "gzip of ")
            self._finish(packed)
        else:
            self._unpack(packed, "")

    def _unpack(self, reader: ForwardReader, container: str) -> None:
        head = reader.peek(HEAD_BYTES)
        kind = archive_suffix(head)
        if kind == ".zip":
            self._zip(reader)
        elif kind == ".tar":
            self._tar(reader)
        else:
            raise unsupported_archive(head, container)
        self._finish(reader)

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
        for name, size, is_folder in tar_members(reader, self._count):
            parts = self._admit(name, is_folder, size)
            if is_folder:
                self._staging.add_folder(parts)
            else:
                self._write(name, parts, reader.blocks(size))

    def _zip(self, reader: ForwardReader) -> None:
        spool = self._staging.spool
        with local_errors(spool), spool.open("xb") as file:
            for block in reader.remaining():
                self._count(_SPOOL, len(block))
                file.write(block)
        # The copy is on disk next to the unpacked files, and smaller.
        self._unpacked = 0
        with opened_zip(spool) as archive:
            admitted = [
                (member, self._admit(member.orig_filename, is_zip_folder(member), member.file_size))
                for member in archive.infolist()
            ]
            # Everything is checked before anything is written.
            for member, parts in admitted:
                if is_zip_folder(member):
                    self._staging.add_folder(parts)
                else:
                    self._write(member.orig_filename, parts, zip_content(archive, member))

    def _admit(self, name: str, is_folder: bool, size: int) -> tuple[str, ...]:
        """Check a member's name and claimed size, before anything of it is held or created."""
        limits = self._limits
        parts = self._names.accept(name, is_folder=is_folder)
        self._members += 1
        self._claimed += size
        reason = None
        if len(parts) > limits.depth:
            reason = f"it is {len(parts)} levels deep, above {limits.depth} (limits.depth)"
        elif self._names.held_bytes > MAX_NAMES_BYTES:
            reason = f"the names up to it take more than {MAX_NAMES_BYTES:,} bytes"
        elif self._members + self._names.folders > limits.max_members:
            reason = (
                f"the archive has more than {limits.max_members:,} members, with the folders of "
                "their paths (limits.max_members)"
            )
        elif size > limits.member_bytes:
            reason = f"it has {size:,} bytes, above {limits.member_bytes:,} (limits.member_bytes)"
        elif self._claimed > limits.total_bytes:
            reason = (
                f"the members up to it have {self._claimed:,} bytes, "
                f"above {limits.total_bytes:,} (limits.total_bytes)"
            )
        if reason:
            raise UnsafeArchiveError(name, reason)
        return parts

    def _write(
        self, name: str, parts: tuple[str, ...], blocks: Iterable[bytes | memoryview]
    ) -> None:
        target = self._staging.target.joinpath(*parts)
        with local_errors(target):
            file = self._staging.create(parts)
        try:
            for block in blocks:
                self._count(name, len(block))
                view = memoryview(block)
                with local_errors(target):
                    while view:
                        view = view[os.write(file, view) :]
        finally:
            os.close(file)

    def _count(self, name: str, unpacked: int) -> None:
        """Compare the unpacked bytes with the packed ones, whatever the headers claim."""
        limits = self._limits
        self._unpacked += unpacked
        if self._unpacked > limits.total_bytes:
            raise UnsafeArchiveError(
                name,
                f"the archive has more than {limits.total_bytes:,} bytes (limits.total_bytes)",
            )
        if self._unpacked <= limits.ratio_exempt_bytes:
            return
        if self._unpacked > self._stream.position * limits.max_compression_ratio:
            raise UnsafeArchiveError(
                name,
                f"the archive grows more than {limits.max_compression_ratio:g} times when unpacked "
                "(limits.max_compression_ratio)",
            )
