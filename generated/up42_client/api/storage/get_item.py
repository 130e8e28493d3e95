from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import models as _models
from ...errors import UnexpectedStatus
from ...types import Request, Response
from .. import json_object, respond

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client
    from ...models.problem import Problem
    from ...models.stac_item import StacItem


def request(
    collection_id: str,
    item_id: str,
) -> Request[StacItem]:
    """Read one STAC item

    One item with its assets. The `up42-*` fields stand inside `properties`.

    Args:
        collection_id: Id of the collection (a UUID).
        item_id: Id of the item (a UUID).

    Endpoint: GET /v2/assets/stac/collections/{collection_id}/items/{item_id}.
    """

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v2/assets/stac/collections/{collection_id}/items/{item_id}".format(
            collection_id=quote(str(collection_id), safe="", errors="surrogatepass"),
            item_id=quote(str(item_id), safe="", errors="surrogatepass"),
        ),
    }
    return Request(_kwargs, read)


def read(response: httpx.Response) -> StacItem:
    """Read the body of a successful response."""
    return json_object(response)


def _parse(response: httpx.Response) -> StacItem | Problem:
    status = response.status_code
    if status == 200:
        return read(response)
    if status in (401, 404, 429) or 500 <= status <= 599:
        return _models.Problem.from_dict(json_object(response))
    raise UnexpectedStatus(status, response.content)


def sync_detailed(
    collection_id: str,
    item_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[StacItem | Problem]:
    """Do the same as `sync`, with status, headers, and bytes of the response."""
    built = request(
        collection_id=collection_id,
        item_id=item_id,
    )
    return respond(client, client.get_httpx_client().request(**built.arguments), _parse)


async def asyncio_detailed(
    collection_id: str,
    item_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[StacItem | Problem]:
    """Do the same as `asyncio`, with status, headers, and bytes of the response."""
    built = request(
        collection_id=collection_id,
        item_id=item_id,
    )
    return respond(client, await client.get_async_httpx_client().request(**built.arguments), _parse)


def sync(
    collection_id: str,
    item_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> StacItem | Problem | None:
    """Read one STAC item

    One item with its assets. The `up42-*` fields stand inside `properties`.

    Args:
        collection_id: Id of the collection (a UUID).
        item_id: Id of the item (a UUID).

    Endpoint: GET /v2/assets/stac/collections/{collection_id}/items/{item_id}.
    """
    return sync_detailed(
        collection_id=collection_id,
        item_id=item_id,
        client=client,
    ).parsed


async def asyncio(
    collection_id: str,
    item_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> StacItem | Problem | None:
    """Read one STAC item

    One item with its assets. The `up42-*` fields stand inside `properties`.

    Args:
        collection_id: Id of the collection (a UUID).
        item_id: Id of the item (a UUID).

    Endpoint: GET /v2/assets/stac/collections/{collection_id}/items/{item_id}.
    """
    return (
        await asyncio_detailed(
            collection_id=collection_id,
            item_id=item_id,
            client=client,
        )
    ).parsed
