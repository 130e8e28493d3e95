"""The files of STAC items: their formats and names, and downloading them."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

from attrs import evolve, frozen

from up42_facade._common.urls import is_same_host, without_query
from up42_facade._common.values import as_list
from up42_facade.downloads import (
    HEAD_BYTES,
    Download,
    Fetch,
    RemoteFile,
    archive_suffix,
    header_name,
    link_name,
    open_folder,
    open_stream,
    suffix_of,
    usable_checksum,
)
from up42_facade.errors import InvalidInputError, UnexpectedResponseError
from up42_facade.results._formats import HEADER_BYTES, format_of_bytes
from up42_facade.session import resolve_session

if TYPE_CHECKING:
    import pystac

    from up42_facade.session import Session

ARCHIVE_SUFFIXES = (".zip", ".tgz", ".tar", ".tar.gz")
ARCHIVE_TYPES = {
    "application/zip": ".zip",
    "application/gzip": ".tgz",
    "application/x-gzip": ".tgz",
    "application/x-tar": ".tar",
}
# Media types that say nothing about the content.
UNTYPED = ("", "application/octet-stream", "binary/octet-stream")
# Suffixes that say what a file contains.
DATA_SUFFIXES = (".tif", ".tiff", ".jp2", ".png", ".jpg", ".jpeg", ".geojson", ".json", ".gpkg")
DOWNLOAD_URL = "/download-url"


@frozen
class ItemFile:
    """One asset of one item, as a file."""

    item: pystac.Item
    key: str
    asset: pystac.Asset
    session: Session

    @property
    def is_archive(self) -> bool:
        """Whether unpacking is worth a try; the content decides."""
        return self.media_type in ARCHIVE_TYPES or self.key.lower().endswith(ARCHIVE_SUFFIXES)

    @property
    def media_type(self) -> str:
        """The media type without its parameters, empty if unknown."""
        return (self.asset.media_type or "").partition(";")[0].strip().lower()

    @property
    def size(self) -> int | None:
        """Length in bytes, if known."""
        value = self.asset.extra_fields.get("file:size")
        return value if isinstance(value, int) else None

    @property
    def checksum(self) -> str | None:
        """Multihash or digest, if known and usable."""
        return usable_checksum(self.asset.extra_fields.get("file:checksum"), self.key)

    def is_wanted(self, wanted: Sequence[str] | None) -> bool:
        """Return whether the key, a role, or the media type is one of those wanted."""
        if wanted is None:
            return True
        known = {self.key, self.asset.media_type or "", self.media_type}
        return bool(known.union(self.asset.roles or ()).intersection(wanted))

    def download(self, *, unpacking: bool) -> Download:
        """Return the download of the file, without its place."""
        download = Download(
            self.url,
            size=self.size,
            checksum=self.checksum,
            media_type=self.asset.media_type,
            source_id=f"{without_query(self.asset.href)}#{self.key}",
            name=self.key,
            group=str(self.item.id),
            is_unpacked=unpacking and self.is_archive,
        )
        if self.media_type not in UNTYPED or suffix_of(self.key):
            return download
        name = file_name(RemoteFile(self.url, http=self.session.storage), self.key)
        is_archive = name.lower().endswith(ARCHIVE_SUFFIXES)
        return evolve(download, name=name, is_unpacked=unpacking and is_archive)

    def as_delivered(self, *, is_member: bool) -> tuple[str | None, dict[str, Any]]:
        """Return key and content of the asset that a delivered file is; no key for a member."""
        if is_member:
            return None, {"roles": self.asset.roles} if self.asset.roles else {}
        return self.key, self.asset.to_dict()

    @property
    def url(self) -> Callable[[], str]:
        """Returns a fresh URL that needs no token, each time it's called."""
        return partial(signed_url, self.asset.href, self.session)


def files_of_items(items: Iterable[pystac.Item], session: Session) -> list[ItemFile]:
    """Return all files of the items, in the order of items and assets."""
    return [
        ItemFile(item, key, asset, session) for item in items for key, asset in item.assets.items()
    ]


def file_name(source: RemoteFile, key: str) -> str:
    """Return the file name of an asset whose key isn't one and which has no media type.

    The first of these that tells what the file contains decides: the `Content-Disposition` in
    the signed URL or the response, the URL's path, the media type, and the first bytes.
    """
    name = link_name(source.url)
    if tells_content(name):
        return name
    headers, head = source.head(HEAD_BYTES)
    for name in (header_name(headers, source.url), without_query(source.url).rpartition("/")[2]):
        if tells_content(name):
            return name
    media_type = headers.get("content-type", "").partition(";")[0].strip()
    suffix = ARCHIVE_TYPES.get(media_type) or archive_suffix(head) or format_of_bytes(head)
    return f"{key}{suffix}"


def tells_content(name: str) -> bool:
    """Return whether a file name has the suffix of an archive or a known format."""
    return name.lower().endswith(ARCHIVE_SUFFIXES + DATA_SUFFIXES)


def signed_url(href: str, session: Session) -> str:
    """Return a URL without a token for an asset's href: if the API has it, a new signed one.

    Endpoint: POST /v2/assets/{assetId}/download-url.
    """
    from up42_client.api.storage import create_asset_download_url

    if not is_same_host(href, session.hosts.api):
        return href
    path = without_query(href).rstrip("/").removesuffix(DOWNLOAD_URL)
    url = session.call(create_asset_download_url.request(path.rpartition("/")[2])).url
    if not url:
        raise UnexpectedResponseError(
            f"The server returned no download URL for {without_query(href)!r}.", status_code=200
        )
    return url


def download_items(
    items: pystac.Item | Iterable[pystac.Item],
    output_directory: str | Path,
    *,
    assets: str | Sequence[str] | None = None,
    unpacking: bool = True,
    overwrite: bool = False,
    item_files: bool = False,
    progress: bool = True,
    storage_options: Mapping[str, Any] | None = None,
    session: Session | None = None,
) -> list[str]:
    """Download the files of STAC items, several at a time.

    Args:
        items: Items from UP42 storage, or one of them.
        output_directory: A folder, or the URL of one in cloud storage, such as
            `s3://bucket/results` (extra `cloud`).
        item_files: Also write each item as `<item>.json` next to its files; `items` of
            `Job.download_results`.
        assets, unpacking, overwrite, progress, storage_options: As for `Job.download_results`.
        session: Session to use. Defaults to the one set by `authenticate()`.

    Returns:
        The paths, as for `Job.download_results`. If a path is in use, the new files go to
        subfolders named by their items.

    Raises:
        InvalidInputError: If `assets` matches nothing (the error lists what is available), or
            `output_directory` or `storage_options` can't be used.
        DownloadError: If a file can't be fetched completely. No part of it has its name.
        UploadError: If the cloud storage refuses or can't be reached.
        MissingExtraError: If fsspec or its backend for the cloud storage isn't installed.

    Example:
        >>> items = up42.initialize_asset(asset_id).stac_items
        >>> paths = up42.download_items(items, folder, assets="thumbnail")

    Endpoint: POST /v2/assets/{assetId}/download-url.
    """
    return fetch_items(
        checked_items(items),
        output_directory,
        session=resolve_session(session),
        assets=assets,
        unpacking=unpacking,
        overwrite=overwrite,
        item_files=item_files,
        progress=progress,
        storage_options=storage_options,
    )


def checked_items(items: Any) -> list[pystac.Item]:
    """Return one item or several as a list; raise InvalidInputError if one isn't an item."""
    import pystac

    found = as_list(items)
    for place, item in enumerate(found):
        if not isinstance(item, pystac.Item):
            raise InvalidInputError(
                f"Entry {place} of items is of type {type(item).__name__}: expected pystac items, "
                "as search_items() and Job.items return them."
            )
    return found


def fetch_items(
    items: Iterable[pystac.Item],
    output_directory: str | Path,
    *,
    session: Session,
    aside: str | None = None,
    assets: str | Sequence[str] | None = None,
    unpacking: bool = True,
    overwrite: bool = False,
    item_files: bool = False,
    progress: bool = True,
    storage_options: Mapping[str, Any] | None = None,
) -> list[str]:
    """Download the files of STAC items; see `download_items`.

    Args:
        aside: Name of the subfolder for files whose paths are in use, such as a job's. If None,
            one for each item.
    """
    wanted = wanted_assets(assets)
    files = files_of_items(items, session)
    chosen = [file for file in files if file.is_wanted(wanted)]
    if not chosen and wanted is not None:
        keys = ", ".join(sorted({file.key for file in files})) or "none"
        raise InvalidInputError(
            f"assets={assets!r} matches no asset: expected keys, roles, or media types. There are: "
            f"{keys}."
        )
    fetch = Fetch(
        open_folder(output_directory, storage_options),
        session.storage,
        overwrite=overwrite,
        progress=progress,
        aside=aside,
    )
    downloads = [file.download(unpacking=unpacking) for file in chosen]
    found = fetch.run(downloads)
    if item_files:
        from up42_facade.results._item_json import write_items

        delivered = [
            (file.item, *file.as_delivered(is_member=is_member(download, paths)), path)
            for file, download, paths in zip(chosen, downloads, found, strict=True)
            for path in paths
        ]
        write_items(delivered, fetch.folder)
    return [path for paths in found for path in paths]


def is_member(download: Download, paths: Sequence[str]) -> bool:
    """Return whether the delivered files are members of an archive, not the archive itself."""
    is_kept = len(paths) == 1 and paths[0].lower().endswith(ARCHIVE_SUFFIXES)
    return download.is_unpacked and not is_kept


def wanted_assets(assets: Any) -> list[str] | None:
    """Return a choice of assets as a list; None for all.

    Raises:
        InvalidInputError: If it contains something that isn't a string.
    """
    if assets is None:
        return None
    wanted = as_list(assets)
    if not all(isinstance(entry, str) for entry in wanted):
        raise InvalidInputError(
            f"assets={assets!r}: expected keys, roles, or media types as strings, or None for all."
        )
    return [str(entry) for entry in wanted]


class Source(Protocol):
    """The part of a job that results need."""

    id: str

    @property
    def session(self) -> Session: ...


GEOJSON, JSON, TIFF, PICTURE = ".geojson", ".json", ".tif", ".png"
MEDIA_TYPES = {
    "application/geo+json": GEOJSON,
    "application/vnd.geo+json": GEOJSON,
    "application/json": JSON,
    "image/geotiff": TIFF,
    "image/jpeg": PICTURE,
    "image/png": PICTURE,
    "image/tiff": TIFF,
    "image/vnd.stac.geotiff": TIFF,
}
SUFFIXES = {
    GEOJSON: GEOJSON,
    JSON: JSON,
    TIFF: TIFF,
    ".tiff": TIFF,
    PICTURE: PICTURE,
    ".jpg": PICTURE,
    ".jpeg": PICTURE,
}
# Roles of files that describe or show a result, but aren't one.
SIDE_ROLES = frozenset({"thumbnail", "overview", "metadata"})
DATA_ROLE = "data"


def files_of(files: Sequence[ItemFile], formats: Container[str]) -> list[ItemFile]:
    """Return the results among the files that have one of the formats."""
    wanted = [file for file in files if not is_side_file(file)]
    if not wanted:
        return []
    found = wanted[0].session.executor.map(format_of_file, wanted)
    return [file for file, kind in zip(wanted, found, strict=True) if kind in formats]


def format_of_file(file: ItemFile) -> str:
    """Return the format of a file by media type, or else by suffix, or else by first bytes.

    Returns:
        `.tif`, `.geojson`, or `.json` for data that might be GeoJSON; anything else otherwise.
    """
    kind, named = file.media_type, suffixes(file)
    found = MEDIA_TYPES.get(kind) or next(filter(None, map(SUFFIXES.get, named)), "")
    if not found and kind in UNTYPED and not any(named):
        return format_of_bytes(first_bytes(file))
    if found == JSON and GEOJSON in named:
        return GEOJSON
    # JSON of another role is metadata.
    return "" if found == JSON and DATA_ROLE not in (file.asset.roles or ()) else found


def first_bytes(file: ItemFile) -> bytes:
    with open_stream(file.url, http=file.session.storage, progress=False) as stream:
        return stream.read(HEADER_BYTES)


def suffixes(file: ItemFile) -> list[str]:
    """Return the suffixes of the asset's key and of the path of its link."""
    names = (file.key, without_query(file.asset.href))
    return [PurePosixPath(name).suffix.lower() for name in names]


def is_side_file(file: ItemFile) -> bool:
    """Return whether a file is a thumbnail, an overview, or metadata."""
    roles = set(file.asset.roles or ())
    return bool(roles) and roles <= SIDE_ROLES


def described(files: Iterable[ItemFile]) -> str:
    """List files for an error message, those of one key and type once."""
    names = dict.fromkeys(f"{file.key} ({file.media_type or 'no media type'})" for file in files)
    return ", ".join(names) or "none"
