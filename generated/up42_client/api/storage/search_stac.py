from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models as _models
from ...errors import UnexpectedStatus
from ...types import Request, Response
from .. import json_object, respond

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client
    from ...models.problem import Problem
    from ...models.stac_item_collection import StacItemCollection
    from ...models.stac_search import StacSearch


def request(
    *,
    body: StacSearch,
) -> Request[StacItemCollection]:
    """Search items in storage

    Search with a CQL2-JSON filter, a geometry, or both. Filter names have no `up42-*` prefix
    (`job_id`, not `up42-system:job_id`). The next page is asked for by sending the body of the
    link with relation `next` to the same address.

    Args:
        body: What to look for. Filter names: `job_id`, `asset_id`, `order_id`,
            `workspace_id`, `collection_name`, `data_product_id`, `title`, `tags`, `datetime`,
            `eo:cloud_cover`, `constellation`, `gsd`, `geometry`, `id`, `collection`.

    Endpoint: POST /v2/assets/stac/search.
    """
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v2/assets/stac/search",
    }
    _kwargs["json"] = body.to_dict()
    headers["Content-Type"] = "application/json"
    _kwargs["headers"] = headers
    return Request(_kwargs, read)


def read(response: httpx.Response) -> StacItemCollection:
    """Read the body of a successful response."""
    return _models.StacItemCollection.from_dict(json_object(response))


def _parse(response: httpx.Response) -> StacItemCollection | Problem:
    status = response.status_code
    if status == 200:
        return read(response)
    if status in (400, 401, 429) or 500 <= status <= 599:
        return _models.Problem.from_dict(json_object(response))
    raise UnexpectedStatus(status, response.content)


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: StacSearch,
) -> Response[StacItemCollection | Problem]:
    """Do the same as `sync`, with status, headers, and bytes of the response."""
    built = request(
        body=body,
    )
    return respond(client, client.get_httpx_client().request(**built.arguments), _parse)


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: StacSearch,
) -> Response[StacItemCollection | Problem]:
    """Do the same as `asyncio`, with status, headers, and bytes of the response."""
    built = request(
        body=body,
    )
    return respond(client, await client.get_async_httpx_client().request(**built.arguments), _parse)


def sync(
    *,
    client: AuthenticatedClient | Client,
    body: StacSearch,
) -> StacItemCollection | Problem | None:
    """Search items in storage

    Search with a CQL2-JSON filter, a geometry, or both. Filter names have no `up42-*` prefix
    (`job_id`, not `up42-system:job_id`). The next page is asked for by sending the body of the
    link with relation `next` to the same address.

    Args:
        body: What to look for. Filter names: `job_id`, `asset_id`, `order_id`,
            `workspace_id`, `collection_name`, `data_product_id`, `title`, `tags`, `datetime`,
            `eo:cloud_cover`, `constellation`, `gsd`, `geometry`, `id`, `collection`.

    Endpoint: POST /v2/assets/stac/search.
    """
    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: StacSearch,
) -> StacItemCollection | Problem | None:
    """Search items in storage

    Search with a CQL2-JSON filter, a geometry, or both. Filter names have no `up42-*` prefix
    (`job_id`, not `up42-system:job_id`). The next page is asked for by sending the body of the
    link with relation `next` to the same address.

    Args:
        body: What to look for. Filter names: `job_id`, `asset_id`, `order_id`,
            `workspace_id`, `collection_name`, `data_product_id`, `title`, `tags`, `datetime`,
            `eo:cloud_cover`, `constellation`, `gsd`, `geometry`, `id`, `collection`.

    Endpoint: POST /v2/assets/stac/search.
    """
    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
