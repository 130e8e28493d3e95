from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import models as _models
from ...errors import UnexpectedStatus
from ...types import UNSET, Request, Response, Unset
from .. import json_object, respond

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client
    from ...models.problem import Problem
    from ...models.stac_item_collection import StacItemCollection


def request(
    collection_id: str,
    *,
    limit: int | Unset = UNSET,
    token: str | Unset = UNSET,
) -> Request[StacItemCollection]:
    """List the items of a collection, page by page

    A GeoJSON FeatureCollection of STAC items. The next page is behind the link with relation
    `next`.

    Args:
        collection_id: Id of the collection (a UUID).
        limit: Entries per page. The server's default is 10.
        token: Opaque page token, taken from a `next` or `prev` link.

    Endpoint: GET /v2/assets/stac/collections/{collection_id}/items.
    """

    params: dict[str, Any] = {}

    params["limit"] = limit

    params["token"] = token

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v2/assets/stac/collections/{collection_id}/items".format(
            collection_id=quote(str(collection_id), safe="", errors="surrogatepass"),
        ),
        "params": params,
    }
    return Request(_kwargs, read)


def read(response: httpx.Response) -> StacItemCollection:
    """Read the body of a successful response."""
    return _models.StacItemCollection.from_dict(json_object(response))


def _parse(response: httpx.Response) -> StacItemCollection | Problem:
    status = response.status_code
    if status == 200:
        return read(response)
    if status in (400, 401, 404, 429) or 500 <= status <= 599:
        return _models.Problem.from_dict(json_object(response))
    raise UnexpectedStatus(status, response.content)


def sync_detailed(
    collection_id: str,
    *,
    client: AuthenticatedClient | Client,
    limit: int | Unset = UNSET,
    token: str | Unset = UNSET,
) -> Response[StacItemCollection | Problem]:
    """Do the same as `sync`, with status, headers, and bytes of the response."""
    built = request(
        collection_id=collection_id,
        limit=limit,
        token=token,
    )
    return respond(client, client.get_httpx_client().request(**built.arguments), _parse)


async def asyncio_detailed(
    collection_id: str,
    *,
    client: AuthenticatedClient | Client,
    limit: int | Unset = UNSET,
    token: str | Unset = UNSET,
) -> Response[StacItemCollection | Problem]:
    """Do the same as `asyncio`, with status, headers, and bytes of the response."""
    built = request(
        collection_id=collection_id,
        limit=limit,
        token=token,
    )
    return respond(client, await client.get_async_httpx_client().request(**built.arguments), _parse)


def sync(
    collection_id: str,
    *,
    client: AuthenticatedClient | Client,
    limit: int | Unset = UNSET,
    token: str | Unset = UNSET,
) -> StacItemCollection | Problem | None:
    """List the items of a collection, page by page

    A GeoJSON FeatureCollection of STAC items. The next page is behind the link with relation
    `next`.

    Args:
        collection_id: Id of the collection (a UUID).
        limit: Entries per page. The server's default is 10.
        token: Opaque page token, taken from a `next` or `prev` link.

    Endpoint: GET /v2/assets/stac/collections/{collection_id}/items.
    """
    return sync_detailed(
        collection_id=collection_id,
        client=client,
        limit=limit,
        token=token,
    ).parsed


async def asyncio(
    collection_id: str,
    *,
    client: AuthenticatedClient | Client,
    limit: int | Unset = UNSET,
    token: str | Unset = UNSET,
) -> StacItemCollection | Problem | None:
    """List the items of a collection, page by page

    A GeoJSON FeatureCollection of STAC items. The next page is behind the link with relation
    `next`.

    Args:
        collection_id: Id of the collection (a UUID).
        limit: Entries per page. The server's default is 10.
        token: Opaque page token, taken from a `next` or `prev` link.

    Endpoint: GET /v2/assets/stac/collections/{collection_id}/items.
    """
    return (
        await asyncio_detailed(
            collection_id=collection_id,
            client=client,
            limit=limit,
            token=token,
        )
    ).parsed
