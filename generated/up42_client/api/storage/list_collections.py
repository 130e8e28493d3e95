from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models as _models
from ...errors import UnexpectedStatus
from ...types import UNSET, Request, Response, Unset
from .. import json_object, respond

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client
    from ...models.problem import Problem
    from ...models.stac_collection_list import StacCollectionList


def request(
    *,
    workspace_id: str | Unset = UNSET,
    limit: int | Unset = UNSET,
    token: str | Unset = UNSET,
) -> Request[StacCollectionList]:
    """List STAC collections, page by page

    Collections in storage. The next page is behind the link with relation `next`, usually with
    an absolute address.

    Args:
        workspace_id: Only collections of this workspace (a UUID).
        limit: Entries per page. The server's default is 10.
        token: Opaque page token, taken from a `next` or `prev` link.

    Endpoint: GET /v2/assets/stac/collections.
    """

    params: dict[str, Any] = {}

    params["workspace_id"] = workspace_id

    params["limit"] = limit

    params["token"] = token

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v2/assets/stac/collections",
        "params": params,
    }
    return Request(_kwargs, read)


def read(response: httpx.Response) -> StacCollectionList:
    """Read the body of a successful response."""
    return _models.StacCollectionList.from_dict(json_object(response))


def _parse(response: httpx.Response) -> StacCollectionList | Problem:
    status = response.status_code
    if status == 200:
        return read(response)
    if status in (400, 401, 429) or 500 <= status <= 599:
        return _models.Problem.from_dict(json_object(response))
    raise UnexpectedStatus(status, response.content)


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    workspace_id: str | Unset = UNSET,
    limit: int | Unset = UNSET,
    token: str | Unset = UNSET,
) -> Response[StacCollectionList | Problem]:
    """Do the same as `sync`, with status, headers, and bytes of the response."""
    built = request(
        workspace_id=workspace_id,
        limit=limit,
        token=token,
    )
    return respond(client, client.get_httpx_client().request(**built.arguments), _parse)


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    workspace_id: str | Unset = UNSET,
    limit: int | Unset = UNSET,
    token: str | Unset = UNSET,
) -> Response[StacCollectionList | Problem]:
    """Do the same as `asyncio`, with status, headers, and bytes of the response."""
    built = request(
        workspace_id=workspace_id,
        limit=limit,
        token=token,
    )
    return respond(client, await client.get_async_httpx_client().request(**built.arguments), _parse)


def sync(
    *,
    client: AuthenticatedClient | Client,
    workspace_id: str | Unset = UNSET,
    limit: int | Unset = UNSET,
    token: str | Unset = UNSET,
) -> StacCollectionList | Problem | None:
    """List STAC collections, page by page

    Collections in storage. The next page is behind the link with relation `next`, usually with
    an absolute address.

    Args:
        workspace_id: Only collections of this workspace (a UUID).
        limit: Entries per page. The server's default is 10.
        token: Opaque page token, taken from a `next` or `prev` link.

    Endpoint: GET /v2/assets/stac/collections.
    """
    return sync_detailed(
        client=client,
        workspace_id=workspace_id,
        limit=limit,
        token=token,
    ).parsed


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    workspace_id: str | Unset = UNSET,
    limit: int | Unset = UNSET,
    token: str | Unset = UNSET,
) -> StacCollectionList | Problem | None:
    """List STAC collections, page by page

    Collections in storage. The next page is behind the link with relation `next`, usually with
    an absolute address.

    Args:
        workspace_id: Only collections of this workspace (a UUID).
        limit: Entries per page. The server's default is 10.
        token: Opaque page token, taken from a `next` or `prev` link.

    Endpoint: GET /v2/assets/stac/collections.
    """
    return (
        await asyncio_detailed(
            client=client,
            workspace_id=workspace_id,
            limit=limit,
            token=token,
        )
    ).parsed
