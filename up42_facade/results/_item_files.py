"""The files of STAC items: which there are, how to get at them, and onto disk with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from up42_facade._common.urls import is_same_host, without_query
from up42_facade.downloads._checksums import usable_checksum
from up42_facade.downloads._destinations import Destination, Incoming, destination
from up42_facade.downloads._layout import Planned
from up42_facade.errors import (
    InvalidInputError,
    UnexpectedResponseError,
    UnsupportedArchiveError,
)
from up42_facade.session import resolve_session

if TYPE_CHECKING:
    import pystac

    from up42_facade.session import Session

ARCHIVE_SUFFIXES = (".zip", ".tgz", ".tar", ".tar.gz")
ARCHIVE_TYPES = ("application/zip", "application/gzip", "application/x-tar", "application/x-gzip")
DOWNLOAD_URL = "/download-url"


@frozen
class ItemFile:
    """One asset of one item: which file it becomes."""

    item: pystac.Item
    key: str
    asset: pystac.Asset
    session: Session

    @property
    def is_archive(self) -> bool:
        """True where unpacking is worth a try; the content decides."""
        media_type = (self.asset.media_type or "").partition(";")[0].strip()
        return media_type in ARCHIVE_TYPES or self.key.lower().endswith(ARCHIVE_SUFFIXES)

    @property
    def size(self) -> int | None:
        value = self.asset.extra_fields.get("file:size")
        return value if isinstance(value, int) else None

    @property
    def checksum(self) -> str | None:
        return usable_checksum(self.asset.extra_fields.get("file:checksum"), self.key)

    def is_wanted(self, wanted: Sequence[str] | None) -> bool:
        """Tell whether a key, a role or the media type is among those that are wanted."""
        if wanted is None:
            return True
        media_type = self.asset.media_type or ""
        known = {self.key, media_type, media_type.partition(";")[0].strip()}
        return bool(known.union(self.asset.roles or ()).intersection(wanted))

    def plan(self, *, unpacking: bool) -> Planned:
        """Return what has to be known to place the file in a folder."""
        source_id = f"{without_query(self.asset.href)}#{self.key}"
        return Planned(self.key, str(self.item.id), source_id, unpacking and self.is_archive)

    def url(self) -> str:
        """Return a fresh URL that needs no token.

        Endpoint: POST /v2/assets/{assetId}/download-url.
        """
        href = self.asset.href
        if not is_same_host(href, self.session.hosts.api):
            return href
        return signed_url(href, self.session)


def signed_url(href: str, session: Session) -> str:
    """Return a signed URL of the asset behind an API href; it lives for seconds to minutes."""
    from up42_client.api.storage import create_asset_download_url

    path = without_query(href).rstrip("/").removesuffix(DOWNLOAD_URL)
    url = session.call(create_asset_download_url.request(path.rpartition("/")[2])).url
    if not url:
        raise UnexpectedResponseError(
            f"The server gave no download URL for {without_query(href)!r}.", status_code=200
        )
    return url


def download_items(
    items: Iterable[pystac.Item],
    output_directory: str | Path,
    *,
    assets: str | Sequence[str] | None = None,
    unpacking: bool = True,
    overwrite: bool = False,
    progress: bool = True,
    storage_options: Mapping[str, Any] | None = None,
    session: Session | None = None,
) -> list[str]:
    """Download the files of STAC items, several at a time.

    Args:
        items: Items from UP42's storage.
        output_directory: Where the files go; made if it isn't there. Also the URL of a folder in
            another store, such as `s3://bucket/results`: needs the extra `cloud` and the store's
            driver for fsspec (s3fs, gcsfs, adlfs, …).
        assets: Only assets with these keys, roles or media types; default: all.
        unpacking: Unpack archives while they arrive, instead of keeping them.
        overwrite: Fetch also files that are there and unchanged. Those of others stay.
        progress: Show a bar.
        storage_options: For the driver of another store, for instance credentials; default:
            what it finds by itself, and fsspec's own configuration.
        session: Default: that of `authenticate()`.

    Returns:
        The paths, in the order of items and assets, members of archives in theirs; complete URLs
        if they are in cloud storage. A file is named by its asset's key. If keys collide, or a
        path is in use, it goes to a subfolder named by its item; an archive beside other files is
        unpacked into a subfolder named by the archive.

    Raises:
        InvalidInputError: `assets` fits nothing; the error lists what is there. Or
            `output_directory` or `storage_options` is not usable.
        DownloadError: A file could not be fetched whole. No part of it stands under its name.
        UploadError: The other store refuses or can't be reached.
        MissingExtraError, MissingExtraError: fsspec or the store's driver isn't installed.

    Example:
        >>> items = up42.initialize_asset(asset_id).stac_items
        >>> paths = up42.download_items(items, folder, assets="thumbnail")

    Endpoint: POST /v2/assets/{assetId}/download-url.
    """
    return fetch_items(
        items,
        output_directory,
        session=resolve_session(session),
        assets=assets,
        unpacking=unpacking,
        overwrite=overwrite,
        progress=progress,
        storage_options=storage_options,
    )


def fetch_items(
    items: Iterable[pystac.Item],
    output_directory: str | Path,
    *,
    session: Session,
    aside: str | None = None,
    assets: str | Sequence[str] | None = None,
    unpacking: bool = True,
    overwrite: bool = False,
    progress: bool = True,
    storage_options: Mapping[str, Any] | None = None,
) -> list[str]:
    """Download the files of STAC items; see `download_items`.

    Args:
        aside: Name of the subfolder for files whose paths are in use, such as a job's; None for
            one for each item.
    """
    wanted = wanted_assets(assets)
    files = [
        ItemFile(item, key, asset, session) for item in items for key, asset in item.assets.items()
    ]
    chosen = [file for file in files if file.is_wanted(wanted)]
    if not chosen and wanted is not None:
        keys = ", ".join(sorted({file.key for file in files})) or "none"
        raise InvalidInputError(
            f"assets={assets!r} fits no asset: expected keys, roles or media types. There are: "
            f"{keys}."
        )
    folder = destination(
        output_directory,
        storage_options,
        http=session.storage,
        overwrite=overwrite,
        progress=progress,
        aside=aside,
    )
    # An item that is listed twice has the same files.
    unique = {file.plan(unpacking=unpacking): file for file in chosen}
    places = folder.lay_out([*unique])
    incoming = [
        Incoming(file.url, plan, place, file.size, file.checksum, file.asset.media_type)
        for (plan, file), place in zip(unique.items(), places, strict=True)
    ]
    found = dict(zip(unique, fetch(incoming, folder), strict=True))
    return [path for file in chosen for path in found[file.plan(unpacking=unpacking)]]


def fetch(files: Sequence[Incoming], folder: Destination) -> list[list[str]]:
    """Fetch files into a folder; return the paths of each, members of archives in their order."""
    found: dict[int, list[str]] = {}
    for index, file in enumerate(files):
        if file.plan.is_unpacked:
            # What only looked like an archive is kept as it is.
            with suppress(UnsupportedArchiveError):
                found[index] = folder.fetch_archive(file)
    plain = [index for index in range(len(files)) if index not in found]
    if plain:
        paths = folder.fetch_files([files[index] for index in plain])
        found.update({index: [path] for index, path in zip(plain, paths, strict=True)})
    return [found[index] for index in range(len(files))]


def wanted_assets(assets: Any) -> list[str] | None:
    """Return a choice of assets as a list, whatever it was given as; None for all.

    Raises:
        InvalidInputError: It holds something that is no text.
    """
    if assets is None:
        return None
    wanted = [assets] if isinstance(assets, str) or not isinstance(assets, Iterable) else [*assets]
    if not all(isinstance(entry, str) for entry in wanted):
        raise InvalidInputError(
            f"assets={assets!r}: expected keys, roles or media types as texts, or None for all."
        )
    return [str(entry) for entry in wanted]
