"""STAC storage as pystac objects whose links resolve with the session's credentials."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pystac
from pystac.stac_io import DefaultStacIO

from up42_facade._common.html import table
from up42_facade._common.paging import prefetched
from up42_facade._common.values import next_link, sent
from up42_facade._downloads.names import safe_name
from up42_facade._session.hosts import is_same_host, without_query
from up42_facade.errors import InvalidInputError, NotFoundError, UnexpectedResponseError
from up42_facade.session import Session, resolve_session

if TYPE_CHECKING:
    from up42_client.models import StacItemCollection, StacSearch, StacSortField

# Items per request; the server's own default of 10 would need ten times as many requests.
PAGE_SIZE = 100
# What pystac raises on content that is no STAC.
UNREADABLE = (
    pystac.STACError,
    pystac.STACTypeError,
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
)


class SessionStacIO(DefaultStacIO):
    """Reads STAC objects: from the API with the session's credentials, elsewhere without."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def read_text_from_href(self, href: str) -> str:
        if is_same_host(href, self._session.hosts.api):
            return self._session.http.get(self._session.hosts.resolve(href)).text
        if href.startswith(("http://", "https://")):
            return self._session.storage.get(href).raise_for_status().text
        return super().read_text_from_href(href)


class StorageCollection(pystac.Collection):
    """A collection in UP42's storage, whose items come page by page from the API."""

    _session: Session

    def get_items(self, *ids: str, recursive: bool = False) -> Iterator[pystac.Item]:
        """Yield the collection's items.

        Args:
            ids: Only these items; all where none is given.
            recursive: Kept for pystac; collections in storage have no children.

        Endpoint: GET /v2/assets/stac/collections/{collectionId}/items.
        """
        for item in list_items(self.id, self._session):
            item.set_collection(self)
            if not ids or item.id in ids:
                yield item


def read_collection(collection_url: str, session: Session) -> StorageCollection:
    """Return the collection that a job's `results.collection` names.

    Endpoint: GET /v2/assets/stac/collections/{collectionId}.
    """
    from up42_client.api.storage import get_collection

    collection_id = without_query(collection_url).rstrip("/").rpartition("/")[2]
    content = session.call(get_collection.request(collection_id))
    collection: StorageCollection = readable(StorageCollection.from_dict, content)
    collection._session = session
    collection._stac_io = SessionStacIO(session)
    return collection


def read_item(url: str, session: Session) -> pystac.Item:
    """Return the item behind a URL of the storage.

    Endpoint: GET /v2/assets/stac/collections/{collectionId}/items/{itemId}.
    """
    from up42_client.api.storage import get_item

    collection_id, _, item_id = without_query(url).rstrip("/").split("/")[-3:]
    return item_of(session.call(get_item.request(collection_id, item_id)), session)


def list_items(collection_id: str, session: Session) -> Iterator[pystac.Item]:
    """Yield all items of a collection."""
    from up42_client.api.storage import list_items as endpoint

    def following(page: StacItemCollection) -> Callable[[], StacItemCollection] | None:
        link = next_link(page.links)
        return (lambda: session.follow(link[0], endpoint.read)) if link else None

    pages = prefetched(
        lambda: session.call(endpoint.request(collection_id, limit=PAGE_SIZE)),
        following,
        session.executor,
    )
    return (item for page in pages for item in items_of(page, session))


def search_items(
    filter: dict[str, Any] | None = None,
    *,
    intersects: dict[str, Any] | None = None,
    sortby: list[dict[str, str]] | None = None,
    session: Session | None = None,
) -> Iterator[pystac.Item]:
    """Yield the items in storage that match.

    Args:
        filter: CQL2-JSON, with property names without the `up42-*` prefix.
        intersects: GeoJSON geometry in degrees (EPSG:4326).
        sortby: STAC sort fields, for instance
            `[{"field": "properties.datetime", "direction": "desc"}]`.
        session: Default: that of `authenticate()`.

    Returns:
        Items in the server's order; pages are fetched while they are consumed.

    Example:
        >>> wanted = {"op": "=", "args": [{"property": "constellation"}, "PHR"]}
        >>> items = list(up42.search_items(wanted))

    Endpoint: POST /v2/assets/stac/search.
    """
    from up42_client.models import StacSearch

    session = resolve_session(session)
    body = StacSearch(
        filter_=sent(filter),
        intersects=sent(intersects),
        limit=PAGE_SIZE,
        sortby=sent(None if sortby is None else sort_fields(sortby)),
    )
    pages = prefetched(
        lambda: search_page(body, session),
        lambda page: next_search(page, body, session),
        session.executor,
    )
    return (item for page in pages for item in items_of(page, session))


def sort_fields(sortby: list[dict[str, str]]) -> list[StacSortField]:
    from up42_client.models import StacSortField

    try:
        return [StacSortField.from_dict(field) for field in sortby]
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidInputError(
            f"sortby={sortby!r}: expected STAC sort fields, for example "
            '[{"field": "properties.datetime", "direction": "desc"}].'
        ) from error


def search_page(body: StacSearch, session: Session) -> StacItemCollection:
    from up42_client.api.storage import search_stac

    return session.call(search_stac.request(body=body))


def next_search(
    page: StacItemCollection, body: StacSearch, session: Session
) -> Callable[[], StacItemCollection] | None:
    from up42_client.api.storage import search_stac
    from up42_client.models import StacSearch

    found = next_link(page.links)
    if found is None:
        return None
    href, link = found
    if (link.method or "GET").upper() != "POST":
        return lambda: session.follow(href, search_stac.read)
    session.hosts.resolve(href)
    wanted = link.body or {}
    content = {**body.to_dict(), **wanted} if link.merge else wanted
    try:
        following = StacSearch.from_dict(content)
    except ValueError as error:
        raise UnexpectedResponseError(
            f"The storage sent a link to the next page whose body isn't a search: {error}.",
            status_code=200,
        ) from error
    return lambda: search_page(following, session)


def items_of(page: StacItemCollection, session: Session) -> Iterator[pystac.Item]:
    for feature in page.features or ():
        yield item_of(feature, session)


def item_of(content: dict[str, Any], session: Session) -> pystac.Item:
    item: pystac.Item = readable(pystac.Item.from_dict, content)
    item._stac_io = SessionStacIO(session)
    return item


def readable(read: Callable[[dict[str, Any]], Any], content: dict[str, Any]) -> Any:
    try:
        return read(content)
    except UNREADABLE as error:
        raise UnexpectedResponseError(
            f"The storage sent an object that pystac can't read as STAC: {error!r} "
            f"(id {content.get('id')!r}).",
            status_code=200,
        ) from error


class Asset:
    """An asset in storage: the delivered data of an order or of a job."""

    def __init__(self, asset_id: str, session: Session) -> None:
        self.asset_id = asset_id
        self._session = session

    def __repr__(self) -> str:
        return f"Asset(asset_id={self.asset_id!r})"

    def _repr_html_(self) -> str:
        # Showing an asset asks for nothing: its items are there once they were asked for.
        items = self._session.known(("stac_items", self.asset_id)) or []
        rows = {
            "Storage": self._session.hosts.api,
            "Items": [item.properties.get("title") or item.id for item in items] or None,
            "Files": sorted({key for item in items for key in item.assets}) or None,
        }
        return table(f"Asset {self.asset_id}", rows)

    @property
    def stac_items(self) -> list[pystac.Item]:
        """The STAC items of the asset, asked for once.

        Raises:
            NotFoundError: The storage has no item of this asset.

        Endpoint: POST /v2/assets/stac/search.
        """
        return self._session.once(("stac_items", self.asset_id), self._find_items)

    def download(
        self,
        output_directory: str | Path | None = None,
        *,
        assets: str | Sequence[str] | None = None,
        unpacking: bool = True,
        overwrite: bool = False,
        progress: bool = True,
        storage_options: Mapping[str, Any] | None = None,
    ) -> list[str]:
        """Download the asset's files.

        Args:
            output_directory: A folder, or the URL of one in another store (extra `cloud`);
                default: the folder `asset_<id>` in the current one.
            assets, unpacking, overwrite, progress, storage_options: As for `download_items`.

        Returns:
            The paths.

        Raises:
            NotFoundError, InvalidInputError, DownloadError, UploadError: As for `stac_items` and
                `download_items`.

        Example:
            >>> paths = up42.initialize_asset(asset_id).download(folder, assets="thumbnail")

        Endpoint: POST /v2/assets/{assetId}/download-url.
        """
        from up42_facade._results.item_files import download_items

        folder = output_directory or Path.cwd() / safe_name(f"asset_{self.asset_id}")
        return download_items(
            self.stac_items,
            folder,
            assets=assets,
            unpacking=unpacking,
            overwrite=overwrite,
            progress=progress,
            storage_options=storage_options,
            session=self._session,
        )

    def _find_items(self) -> list[pystac.Item]:
        by_asset = {"op": "=", "args": [{"property": "asset_id"}, self.asset_id]}
        items = list(search_items(by_asset, session=self._session))
        if not items:
            raise NotFoundError(
                f"The storage has no STAC item of asset {self.asset_id!r}. Check the id and the "
                "region; data that was added before 2023 has no STAC items.",
                status_code=404,
            )
        return items


def initialize_asset(asset_id: str, session: Session | None = None) -> Asset:
    """Return an asset by its id, without a request.

    Args:
        asset_id: The id (a UUID), as the console and STAC items show it.
        session: Default: that of `authenticate()`.

    Raises:
        InvalidInputError: The id is no text or empty. NotAuthenticatedError: No session.

    Example:
        >>> asset = up42.initialize_asset(asset_id=known_id)
        >>> item = asset.stac_items[0]
    """
    if not isinstance(asset_id, str) or not asset_id:
        raise InvalidInputError(f"asset_id={asset_id!r} is not usable: expected a non-empty text.")
    return Asset(asset_id, resolve_session(session))
