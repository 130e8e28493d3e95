"""Downloads: one object behind an expiring URL, to disk, as a stream, or as a seekable file."""

from up42_facade.downloads._archives import ArchiveLimits, download_archive
from up42_facade.downloads._download import (
    Download,
    download_file,
    download_files,
    open_stream,
    stream_to,
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
