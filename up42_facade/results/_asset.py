"""Assets in UP42 storage: their items and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from up42_facade._common.html import table
from up42_facade._common.values import check_string
from up42_facade.downloads import safe_name
from up42_facade.errors import NotFoundError
from up42_facade.results._item_files import fetch_items
from up42_facade.session import Session, resolve_session
from up42_facade.stac import search_items

if TYPE_CHECKING:
    import pystac


class Asset:
    """An asset in UP42 storage: the delivered data of an order or a job."""

    def __init__(self, asset_id: str, session: Session) -> None:
        self.asset_id = asset_id
        self._session = session

    def __repr__(self) -> str:
        return f"Asset(asset_id={self.asset_id!r})"

    def _repr_html_(self) -> str:
        # Displaying an asset sends no request: its items are shown once they were requested.
        items = self._session.get_cached(("stac_items", self.asset_id)) or []
        rows = {
            "Storage": self._session.hosts.api,
            "Items": [item.properties.get("title") or item.id for item in items] or None,
            "Files": sorted({key for item in items for key in item.assets}) or None,
        }
        return table(f"Asset {self.asset_id}", rows)

    @property
    def stac_items(self) -> list[pystac.Item]:
        """The STAC items of the asset, requested once.

        Raises:
            NotFoundError: If UP42 storage has no item of this asset.

        Endpoint: POST /v2/assets/stac/search.
        """
        return self._session.get_or_create(("stac_items", self.asset_id), self._find_items)

    def download(
        self,
        output_directory: str | Path | None = None,
        *,
        assets: str | Sequence[str] | None = None,
        unpacking: bool = True,
        overwrite: bool = False,
        items: bool = False,
        progress: bool = True,
        storage_options: Mapping[str, Any] | None = None,
    ) -> list[str]:
        """Download the asset's files.

        Args:
            output_directory: A folder, or the URL of one in cloud storage (extra `cloud`).
                Defaults to the folder `asset_<id>` in the current one.
            items: Also write each item as `<item>.json`; `item_files` of `download_items`.
            assets, unpacking, overwrite, progress, storage_options: As for `download_items`.

        Returns:
            The paths.

        Raises:
            NotFoundError: If UP42 storage has no item of this asset.
            Up42Error: As for `download_items`.

        Example:
            >>> paths = up42.initialize_asset(asset_id).download(folder, assets="thumbnail")

        Endpoint: POST /v2/assets/{assetId}/download-url.
        """
        name = safe_name(f"asset_{self.asset_id}")
        return fetch_items(
            self.stac_items,
            output_directory or Path.cwd() / name,
            aside=name,
            assets=assets,
            unpacking=unpacking,
            overwrite=overwrite,
            item_files=items,
            progress=progress,
            storage_options=storage_options,
            session=self._session,
        )

    def _find_items(self) -> list[pystac.Item]:
        by_asset = {"op": "=", "args": [{"property": "asset_id"}, self.asset_id]}
        items = list(search_items(by_asset, session=self._session))
        if not items:
            raise NotFoundError(
                f"The storage has no STAC item of asset {self.asset_id!r}. Check the ID and the "
                "region; data that was added before 2023 has no STAC items.",
                status_code=404,
            )
        return items


def initialize_asset(asset_id: str, session: Session | None = None) -> Asset:
    """Return an asset by its ID, without a request.

    Args:
        asset_id: The ID (a UUID), as the console and STAC items show it.
        session: Session to use. Defaults to the one set by `authenticate()`.

    Raises:
        InvalidInputError: If `asset_id` isn't a non-empty string.
        NotAuthenticatedError: If there is no session.

    Example:
        >>> asset = up42.initialize_asset(asset_id=known_id)
        >>> item = asset.stac_items[0]
    """
    check_string("asset_id", asset_id)
    return Asset(asset_id, resolve_session(session))
