"""STAC objects of UP42 storage as pystac objects, whose links are read with the session."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import pystac
from pystac.stac_io import DefaultStacIO

from up42_facade._common.hints import did_you_mean
from up42_facade._common.logs import get_logger
from up42_facade._common.paging import read_pages
from up42_facade._common.urls import is_same_host, without_query
from up42_facade._common.values import as_dict, check_count, lost_page, next_link
from up42_facade.errors import (
    BadRequestError,
    InvalidInputError,
    NotFoundError,
    UnexpectedResponseError,
    UntrustedHostError,
    Up42Error,
)
from up42_facade.session import Session, read_public, resolve_session
from up42_facade.stac._search_arguments import (
    QUERYABLES,
    condition,
    search_body,
    unknown_properties,
)

if TYPE_CHECKING:
    from up42_client.models import StacItemCollection, StacSearch
    from up42_facade._common.times import DatetimeLike

logger = get_logger(__name__)

Content = TypeVar("Content", bound=pystac.STACObject)
FetchPage = Callable[[], "StacItemCollection"]
# Items per request; the server's own default of 10 would need ten times as many requests.
PAGE_SIZE = 100
COLLECTION_NAME = "up42-product:collection_name"
JOB_ID = "up42-system:job_id"
ITEM_URL = re.compile(r"/collections/[^/]+/items/[^/]+/?$")
# Unreadable items whose errors are shown; the others are counted.
LISTED_FAILURES = 10


class SessionStacIO(DefaultStacIO):
    """Reads STAC objects: from the API with the session's credentials, elsewhere without."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def read_text_from_href(self, href: str) -> str:
        """Return the text behind a link.

        Raises:
            UntrustedHostError: If it isn't an http link, for example a local file.
            Up42Error: If the request fails.
        """
        if is_same_host(href, self._session.hosts.api):
            return self._session.http.get(self._session.hosts.resolve(href)).text
        if not href.startswith(("http://", "https://")):
            raise UntrustedHostError(f"{without_query(href)!r} isn't an http link: it's not read.")
        return read_public(self._session.storage, href)

    def stac_object_from_dict(self, *arguments: Any, **options: Any) -> pystac.STACObject:
        """Return the object. Its links are read in the same way."""
        found: pystac.STACObject = super().stac_object_from_dict(*arguments, **options)
        return bound(found, self._session)


class StorageLink(pystac.Link):
    """A link that is read with a session, also in copies, and raises errors of this package."""

    _session: Session | None = None

    def resolve_stac_object(self, root: pystac.Catalog | None = None) -> pystac.Link:
        """Read the target of the link, once.

        Raises:
            Up42Error: If it can't be read.
        """
        if self.owner is not None and self._session is not None:
            # pystac doesn't copy it, and would read without credentials, and local files, too.
            self.owner._stac_io = SessionStacIO(self._session)  # type: ignore[attr-defined]
        try:
            return super().resolve_stac_object(root)
        except Up42Error:
            raise
        except Exception as error:  # pystac raises errors of any class
            problem, cause = type(error).__name__, error.__cause__
        # Raised here, without the error of pystac as its context: that quotes the link.
        if isinstance(cause, Up42Error):
            raise cause
        raise UnexpectedResponseError(
            f"The link {self.rel!r} of {getattr(self.owner, 'id', None)!r} doesn't lead to a STAC "
            f"object ({problem}): {without_query(str(self._target_href))!r}.",
            status_code=200,
        )

    def clone(self) -> StorageLink:
        copy = super().clone()
        assert isinstance(copy, StorageLink)  # noqa: S101 - pystac creates its own class
        copy._session = self._session
        return copy


def bound(content: Content, session: Session) -> Content:
    """Return a STAC object that reads others with a session."""
    content._stac_io = SessionStacIO(session)  # type: ignore[attr-defined]
    for link in content.links:
        link.__class__ = StorageLink
        link._session = session  # type: ignore[attr-defined]
    return content


class StorageItem(pystac.Item):
    """An item whose copies and pickles read links with its session, too."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if isinstance(self._stac_io, SessionStacIO):
            bound(self, self._stac_io._session)


class StorageCollection(pystac.Collection):
    """A collection in UP42 storage, whose items are listed page by page."""

    # None in a collection that was read with pystac alone: the default session is used.
    _session: Session | None = None

    def get_items(self, *ids: str, recursive: bool = False) -> Iterator[pystac.Item]:
        """Yield the collection's items.

        Args:
            ids: IDs of the items to yield. Defaults to all.
            recursive: Kept for pystac; collections in storage have no children.

        Raises:
            UnexpectedResponseError: If an item can't be read, or the pages don't end.

        Endpoint: GET /v2/assets/stac/collections/{collectionId}/items.
        """
        for item in list_items(self.id, resolve_session(self._session)):
            item.set_collection(self)
            if not ids or item.id in ids:
                yield item

    def clone(self) -> StorageCollection:
        """Return a copy that lists its items with the same session."""
        copy = super().clone()
        assert isinstance(copy, StorageCollection)  # noqa: S101 - pystac creates its own class
        copy._session, copy._stac_io = self._session, self._stac_io
        return copy


def read_collection(collection_url: str, session: Session) -> StorageCollection:
    """Return the collection behind the `results.collection` of a job.

    Endpoint: GET /v2/assets/stac/collections/{collectionId}.
    """
    from up42_client.api.storage import get_collection

    collection_id = without_query(collection_url).rstrip("/").rpartition("/")[2]
    content = session.call(get_collection.request(collection_id))
    collection: StorageCollection = readable(StorageCollection.from_dict, content)
    collection._session = session
    return bound(collection, session)


def read_item(url: str, session: Session) -> pystac.Item:
    """Return the item behind a URL of UP42 storage.

    Endpoint: GET /v2/assets/stac/collections/{collectionId}/items/{itemId}.
    """
    from up42_client.api.storage import get_item

    collection_id, _, item_id = without_query(url).rstrip("/").split("/")[-3:]
    return item_of(session.call(get_item.request(collection_id, item_id)), session)


def list_items(collection_id: str, session: Session) -> Iterator[pystac.Item]:
    """Yield all items of a collection."""
    from up42_client.api.storage import list_items as endpoint

    def following(page: StacItemCollection) -> tuple[str, FetchPage] | None:
        link = next_link(page)
        if link is None:
            return None
        href, _ = link
        return href, lambda: session.follow(href, endpoint.read)

    request = endpoint.request(collection_id, limit=PAGE_SIZE)
    pages = read_pages("items", lambda: session.call(request), following, item_keys)
    return items_of(pages, session)


def search_items(
    filter: Mapping[str, Any] | None = None,
    *,
    collection: str | None = None,
    acquired_after: DatetimeLike | None = None,
    acquired_before: DatetimeLike | None = None,
    max_cloud_cover: float | None = None,
    bbox: Sequence[float] | None = None,
    intersects: Any = None,
    results: bool | None = None,
    sortby: str | Mapping[str, str] | Sequence[str | Mapping[str, str]] | None = None,
    limit: int | None = None,
    session: Session | None = None,
) -> Iterator[pystac.Item]:
    """Yield the items in UP42 storage that match all arguments.

    Args:
        filter: CQL2-JSON, with property names without the `up42-*` prefix. Datetimes and numpy
            numbers can be used as values.
        collection: Name of the collection, such as "PNEO" (property `collection_name`).
        acquired_after: Items acquired at this time or later: a date, a datetime, or a string, in
            UTC if it has no time zone.
        acquired_before: Items acquired before this time.
        max_cloud_cover: Maximum cloud cover in percent; items without a value don't match.
        bbox: Bounds as west, south, east, north in EPSG:4326.
        intersects: A GeoJSON geometry or feature, or a shapely geometry, in EPSG:4326; a
            GeoDataFrame or GeoSeries in any CRS; or bounds.
        results: True for results of jobs only, which have the property `up42-system:job_id`,
            False for all other items. The server can't filter by it: items are chosen as they
            arrive.
        sortby: STAC sort fields, for example
            `[{"field": "properties.datetime", "direction": "desc"}]`, or `"-properties.datetime"`.
            A field that isn't known is logged.
        limit: Maximum number of items.
        session: Session to use. Defaults to the one set by `authenticate()`.

    Returns:
        Items in the server's sort order. Pages are fetched as they are needed.

    Raises:
        InvalidInputError: If an argument can't be used; nothing is sent. Also, when the items are
            consumed, if the server rejects a property of the filter, or UP42 storage has no item of
            the collection: the message lists available ones.
        UnexpectedResponseError: If an item can't be read, or the pages don't end.

    Example:
        >>> items = list(up42.search_items(collection="PNEO", bbox=(13, 52, 14, 53), limit=5))
        >>> wanted = {"op": "=", "args": [{"property": "constellation"}, "PHR"]}
        >>> items = list(up42.search_items(wanted, acquired_after="2024-06-01"))

    Endpoint: POST /v2/assets/stac/search.
    """
    session = resolve_session(session)
    if results is not None and not isinstance(results, bool):
        raise InvalidInputError(f"results={results!r}: expected True, False, or None.")
    if limit is not None:
        limit = check_count("limit", limit)
    search = search_body(
        filter,
        collection=collection,
        acquired_after=acquired_after,
        acquired_before=acquired_before,
        max_cloud_cover=max_cloud_cover,
        bbox=bbox,
        intersects=intersects,
        sortby=sortby,
        limit=min(limit or PAGE_SIZE, PAGE_SIZE) if results is None else PAGE_SIZE,
    )
    found = find(search, session)
    if sortby is not None:
        found = sorted_by_known(found, [field.field for field in search.sortby or ()])
    if collection is not None:
        found = in_known_collection(found, collection, session)
    if results is not None:
        found = (item for item in found if is_result(item) is results)
    return islice(found, limit)


def is_result(item: pystac.Item) -> bool:
    """Return whether a job created the item."""
    return bool(item.properties.get(JOB_ID))


def find(search: StacSearch, session: Session) -> Iterator[pystac.Item]:
    """Yield the items of a search."""
    pages = read_pages(
        "items",
        lambda: search_page(search, session),
        lambda page: next_search(page, search, session),
        item_keys,
    )
    return items_of(pages, session)


def in_known_collection(
    items: Iterator[pystac.Item], collection: str, session: Session
) -> Iterator[pystac.Item]:
    """Yield items, and if there are none, check that storage has the collection.

    Raises:
        InvalidInputError: If storage has items, but none of the collection.
    """
    first = next(items, None)
    if first is not None:
        yield first
        yield from items
        return
    if next(find(search_body(collection=collection, limit=1), session), None) is not None:
        return
    newest = find(search_body(sortby="-properties.datetime", limit=PAGE_SIZE), session)
    names = {item.properties.get(COLLECTION_NAME) for item in islice(newest, PAGE_SIZE)}
    known = sorted(name for name in names if isinstance(name, str))
    if known:
        raise InvalidInputError(
            f"collection={collection!r}: storage has no item of this collection. The newest "
            f"{PAGE_SIZE} items have the collections {', '.join(known)}."
            f"{did_you_mean(collection, known)}"
        )


def sorted_by_known(items: Iterator[pystac.Item], fields: Sequence[str]) -> Iterator[pystac.Item]:
    """Yield items, and log which sort fields aren't known: servers ignore them."""
    first = next(items, None)
    if first is None:
        return
    for field in fields:
        name = field.removeprefix("properties.")
        known = [*QUERYABLES, *first.properties]
        if name not in known:
            hint = did_you_mean(name, known)
            logger.warning(
                "The items might not be sorted: %r isn't a known property.%s", name, hint
            )
    yield first
    yield from items


def get_item(item: str, *, session: Session | None = None) -> pystac.Item:
    """Return an item in storage.

    Args:
        item: Its ID or URL.
        session: Session to use. Defaults to the one set by `authenticate()`.

    Raises:
        InvalidInputError: If the URL isn't one of an item in this storage, or several items have
            the ID.
        NotFoundError: If there is no such item.

    Example:
        >>> item = up42.get_item(item.id)

    Endpoint: GET /v2/assets/stac/collections/{collectionId}/items/{itemId}, for an ID
    POST /v2/assets/stac/search.
    """
    session = resolve_session(session)
    if isinstance(item, str) and "/" in item:
        if not is_same_host(item, session.hosts.api) or not ITEM_URL.search(without_query(item)):
            raise InvalidInputError(
                f"item={without_query(item)!r} isn't the URL of an item in this storage: expected "
                f"{session.hosts.api}/v2/assets/stac/collections/…/items/…."
            )
        return read_item(item, session)
    if not isinstance(item, str) or not item:
        raise InvalidInputError(f"item={item!r}: expected the ID or URL of an item.")
    wanted = condition("=", "id", item)
    found = list(islice(find(search_body(wanted, limit=2), session), 2))
    if len(found) > 1:
        urls = ", ".join(str(each.get_self_href()) for each in found)
        raise InvalidInputError(f"Several items have the ID {item!r}: pass one of {urls}.")
    if not found:
        raise NotFoundError(
            f"Storage has no item with the ID {item!r}. Check the ID, and that it belongs to this "
            "account and region.",
            status_code=404,
        )
    return found[0]


def search_page(search: StacSearch, session: Session) -> StacItemCollection:
    from up42_client.api.storage import search_stac

    try:
        return session.call(search_stac.request(body=search))
    except BadRequestError as error:
        unknown = unknown_properties(search.to_dict().get("filter"))
        if not unknown:
            raise
        raise InvalidInputError(
            f"The property {unknown[0]!r} of the filter is unknown: expected some of "
            f"{', '.join(QUERYABLES)}.{did_you_mean(unknown[0], QUERYABLES)}"
        ) from error


def next_search(
    page: StacItemCollection, search: StacSearch, session: Session
) -> tuple[str, FetchPage] | None:
    """Return the address of the next page and a function that fetches it; None at the end.

    Raises:
        UnexpectedResponseError: If the body of the link, when it's followed, isn't a search.
    """
    from up42_client.api.storage import search_stac
    from up42_client.models import StacSearch

    found = next_link(page)
    if found is None:
        return None
    href, link = found
    if (link.method or "GET").upper() != "POST":
        return href, lambda: session.follow(href, search_stac.read)
    if link.body is None:
        raise lost_page("it asks for a POST without a body")
    following = {**search.to_dict(), **link.body} if link.merge else link.body

    def fetch() -> StacItemCollection:
        session.hosts.resolve(href)
        try:
            found = StacSearch.from_dict(following)
        except (ValueError, TypeError, AttributeError) as error:
            raise UnexpectedResponseError(
                f"The server sent a link to the next page whose body isn't a search: {error}.",
                status_code=200,
            ) from error
        return search_page(found, session)

    return json.dumps(following, sort_keys=True), fetch


def item_keys(page: StacItemCollection) -> list[Hashable]:
    """Return what identifies the items of a page."""
    return [(str(item.get("collection")), str(item.get("id"))) for item in page.features or ()]


def items_of(pages: Iterable[StacItemCollection], session: Session) -> Iterator[pystac.Item]:
    """Yield the items of pages, each once: pages shift if items are added in the meantime.

    Raises:
        UnexpectedResponseError: If items can't be read, after all others were yielded.
    """
    failures: list[UnexpectedResponseError] = []
    seen: set[tuple[str | None, str]] = set()
    for page in pages:
        for feature in page.features or ():
            try:
                item = item_of(feature, session)
            except UnexpectedResponseError as error:
                failures.append(error)
                continue
            if (key := (item.collection_id, item.id)) not in seen:
                seen.add(key)
                yield item
    if len(failures) > 1:
        shown = " ".join(str(error) for error in failures[:LISTED_FAILURES])
        raise UnexpectedResponseError(
            f"{len(failures)} items can't be read. {shown}", status_code=200
        )
    if failures:
        raise failures[0]


def item_of(content: dict[str, Any], session: Session) -> pystac.Item:
    item: pystac.Item = readable(StorageItem.from_dict, content)
    return bound(item, session)


def readable(read: Callable[[dict[str, Any]], Any], content: dict[str, Any]) -> Any:
    """Return the pystac object of a JSON object, without unusable links and assets.

    Raises:
        UnexpectedResponseError: If pystac can't read it. The message contains only its type and
            ID, because other parts can contain signed URLs.
    """
    try:
        return read(usable(content))
    except Exception as error:  # pystac raises errors of any class
        problem = type(error).__name__
    if problem == "FileNotFoundError":  # raised by `os.getcwd`, which pystac calls for any URL
        raise InvalidInputError(
            "The current directory doesn't exist anymore: change to another one and call again."
        )
    # Raised here, without the error of pystac as its context: that quotes the content.
    raise UnexpectedResponseError(
        f"The server sent an object that pystac can't read as STAC ({problem}): type "
        f"{content.get('type')!r}, ID {content.get('id')!r}. Report it to UP42 if it persists.",
        status_code=200,
    )


def usable(content: dict[str, Any]) -> dict[str, Any]:
    """Return a STAC object without null or unusable entries of its links and assets.

    Raises:
        ValueError: If it has no ID.
    """
    identity = content.get("id")
    if isinstance(identity, int):
        content = {**content, "id": str(identity)}
    elif not isinstance(identity, str) or not identity:
        raise ValueError("no ID")
    links = [link for link in listed(content, "links") if is_link(link)]
    if len(links) < len(listed(content, "links")):
        logger.warning("%r has links without a URL: skipped.", content.get("id"))
    kept = {**content, "links": links}
    if "assets" not in content:
        return kept
    known = as_dict(content["assets"])
    assets = {key: asset for key, asset in known.items() if has_href(asset)}
    if len(assets) < len(known):
        logger.warning("%r has assets without a URL: skipped.", content.get("id"))
    return {**kept, "assets": assets}


def listed(content: dict[str, Any], key: str) -> list[Any]:
    value = content.get(key)
    return value if isinstance(value, list) else []


def has_href(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("href"), str)


def is_link(value: Any) -> bool:
    return has_href(value) and isinstance(value.get("rel"), str)
