"""Downloads: one object behind an expiring URL, to disk, as a stream, or as a seekable file.

A `RemoteFile` has the links, a `RemoteStream` the bytes: it alone requests, retries, and resumes.
From there they go to a `PartFile` (_transfer, _download), to an archive's members (_archives), or
to the caller (_streams). Where they go in a folder, and whose files may be replaced, _layout knows.

The names in `__all__` are public; the packages above this one use the others as well.
"""

from typing import TYPE_CHECKING

from up42_facade._common.lazy import lazy_names
from up42_facade.downloads._names import RESERVED_NAME as RESERVED_NAME
from up42_facade.downloads._names import below as below
from up42_facade.downloads._names import fold as fold
from up42_facade.downloads._names import header_name as header_name
from up42_facade.downloads._names import link_name as link_name
from up42_facade.downloads._names import local_folder as local_folder
from up42_facade.downloads._names import safe_name as safe_name
from up42_facade.downloads._names import scheme_of as scheme_of
from up42_facade.downloads._names import suffix_of as suffix_of

if TYPE_CHECKING:
    from up42_facade.downloads._archives import ArchiveLimits, download_archive
    from up42_facade.downloads._checksums import usable_checksum as usable_checksum
    from up42_facade.downloads._download import Fetch as Fetch
    from up42_facade.downloads._download import download_file, download_files
    from up42_facade.downloads._layout import Download
    from up42_facade.downloads._layout import open_folder as open_folder
    from up42_facade.downloads._layout import subfolder as subfolder
    from up42_facade.downloads._layout import write_own as write_own
    from up42_facade.downloads._members import HEAD_BYTES as HEAD_BYTES
    from up42_facade.downloads._members import archive_suffix as archive_suffix
    from up42_facade.downloads._members import unsupported_archive as unsupported_archive
    from up42_facade.downloads._remote import ByteRange as ByteRange
    from up42_facade.downloads._remote import RemoteFile as RemoteFile
    from up42_facade.downloads._remote import Stopped as Stopped
    from up42_facade.downloads._stores import upload_to_bucket as upload_to_bucket
    from up42_facade.downloads._streams import ByteRanges as ByteRanges
    from up42_facade.downloads._streams import open_stream, stream_to

# A package that only needs the names of files loads no HTTP client.
__getattr__ = lazy_names(
    __name__,
    {
        "_archives": "ArchiveLimits download_archive",
        "_checksums": "usable_checksum",
        "_download": "Fetch download_file download_files",
        "_layout": "Download open_folder subfolder write_own",
        "_members": "HEAD_BYTES archive_suffix unsupported_archive",
        "_remote": "ByteRange RemoteFile Stopped",
        "_stores": "upload_to_bucket",
        "_streams": "ByteRanges open_stream stream_to",
    },
)

__all__ = [
    "ArchiveLimits",
    "Download",
    "download_archive",
    "download_file",
    "download_files",
    "open_stream",
    "stream_to",
]
