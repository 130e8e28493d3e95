"""URLs of STAC items, as processes take them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from up42_facade._common.urls import is_same_host, without_query
from up42_facade.errors import InvalidInputError

if TYPE_CHECKING:
    import pystac

    from up42_facade.session import Session


def item_url(item: pystac.Item | str, session: Session) -> str:
    """Return the absolute URL of an item in the session's storage.

    Raises:
        InvalidInputError: If the item has no absolute self link, or one to another host.
    """
    url = item if isinstance(item, str) else self_link(item)
    if not is_same_host(url, session.hosts.api):
        raise InvalidInputError(
            f"The item {without_query(url)!r} isn't in the storage of {session.hosts.api}: "
            "items, like accounts, belong to one region. Expected a URL such as "
            f"{session.hosts.api}/v2/assets/stac/collections/…/items/…."
        )
    return url


def self_link(item: pystac.Item) -> str:
    read = getattr(item, "get_self_href", None)
    if read is None:
        raise InvalidInputError(f"{item!r} isn't a STAC item: expected a pystac.Item or its URL.")
    url = read()
    if not isinstance(url, str) or not url:
        raise InvalidInputError(
            f"The STAC item {item.id!r} has no self link, so the server can't find it. Take it "
            "from initialize_asset(…).stac_items or search_items(…), or set its self link."
        )
    return url


def item_urls(inputs: Mapping[str, Any]) -> list[str]:
    """Return the URLs of STAC items among the inputs of a process."""
    values = [
        v for value in inputs.values() for v in (value if isinstance(value, list) else [value])
    ]
    return [value for value in values if isinstance(value, str) and "/items/" in value]
