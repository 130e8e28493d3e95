"""The files of STAC items: which there are, how to get at them, and onto disk with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from up42_facade.downloads import Download, download_files
from up42_facade.errors import (
    InvalidInputError,
    UnexpectedResponseError,
    UnsupportedArchiveError,
)
from up42_facade.hosts import is_same_host, without_query
from up42_facade.member_names import safe_file_name
from up42_facade.session import resolve_session
from up42_facade.values import given

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
    def name(self) -> str:
        return safe_file_name(self.key)

    @property
    def is_archive(self) -> bool:
        """True where unpacking is worth a try; the content decides."""
        media_type = (self.asset.media_type or "").partition(";")[0].strip()
        return media_type in ARCHIVE_TYPES or self.name.lower().endswith(ARCHIVE_SUFFIXES)

    @property
    def size(self) -> int | None:
        value = self.asset.extra_fields.get("file:size")
        return value if isinstance(value, int) else None

    @property
    def checksum(self) -> str | None:
        value = self.asset.extra_fields.get("file:checksum")
        return value if isinstance(value, str) else None

    def is_wanted(self, wanted: Sequence[str] | None) -> bool:
        """Tell whether a key, a role or the media type is among those that are wanted."""
        if wanted is None:
            return True
        media_type = self.asset.media_type or ""
        known = {self.key, media_type, media_type.partition(";")[0].strip()}
        return bool(known.union(self.asset.roles or ()).intersection(wanted))

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
    answer = session.call(create_asset_download_url, path.rpartition("/")[2])
    url = given(answer.url)
    if not url:
        raise UnexpectedResponseError(
            f"The server gave no download URL for {without_query(href)!r}.", status_code=200
        )
    return str(url)


def download_items(
    items: Iterable[pystac.Item],
    output_directory: str | Path,
    *,
    assets: str | Sequence[str] | None = None,
    unpacking: bool = True,
    overwrite: bool = False,
    progress: bool = True,
    session: Session | None = None,
) -> list[str]:
    """Download the files of STAC items, several at a time.

    Args:
        items: Items from UP42's storage.
        output_directory: Where the files go; made if it isn't there.
        assets: Only assets with these keys, roles or media types; default: all.
        unpacking: Unpack archives while they arrive, instead of keeping them.
        overwrite: Fetch also files that are there with the right size and checksum.
        progress: Show a bar.
        session: Default: that of `authenticate()`.

    Returns:
        The paths, in the order of items and assets, members of archives in theirs. A file is
        named by its asset's key, in a folder named by its item where several have one key.

    Raises:
        InvalidInputError: `assets` fits nothing; the error lists what is there.
        DownloadError: A file could not be fetched whole. No part of it stands under its name.

    Example:
        >>> items = up42.initialize_asset(asset_id).stac_items
        >>> paths = up42.download_items(items, folder, assets="thumbnail")

    Endpoint: POST /v2/assets/{assetId}/download-url.
    """
    session = resolve_session(session)
    wanted = [assets] if isinstance(assets, str) else assets
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
    fetch = Fetch(targets(chosen, Path(output_directory)), session, overwrite, progress)
    return fetch.run(unpacking)


def targets(files: list[ItemFile], folder: Path) -> list[tuple[ItemFile, Path]]:
    """Give each file its path; files of one name go to folders named after their items."""
    count = Counter(file.name.casefold() for file in files)
    return [
        (file, folder / file.name)
        if count[file.name.casefold()] == 1
        else (file, folder / safe_file_name(file.item.id) / file.name)
        for file in files
    ]


@frozen
class Fetch:
    """The transfer of some result files."""

    files: list[tuple[ItemFile, Path]]
    session: Session
    overwrite: bool
    progress: bool

    def run(self, unpacking: bool) -> list[str]:
        """Return the paths in the order of the files, members of archives in theirs."""
        unpacked = {
            path: members
            for file, path in self.files
            if unpacking and file.is_archive and (members := self._unpack(file, path)) is not None
        }
        plain = [(file, path) for file, path in self.files if path not in unpacked]
        if plain:
            download_files(
                [Download(file.url, path, file.size, file.checksum) for file, path in plain],
                http=self.session.storage,
                overwrite=self.overwrite,
                progress=self.progress,
            )
        return [name for _, path in self.files for name in unpacked.get(path, [str(path)])]

    def _unpack(self, file: ItemFile, path: Path) -> list[str] | None:
        from up42_facade.archives import download_archive

        options: dict[str, Any] = {"size": file.size, "checksum": file.checksum}
        try:
            return download_archive(
                file.url,
                path.parent,
                http=self.session.storage,
                progress=self.progress,
                **options,
            )
        except UnsupportedArchiveError:
            return None
