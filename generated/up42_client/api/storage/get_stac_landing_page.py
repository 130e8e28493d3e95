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
    from ...models.stac_catalog import StacCatalog


def request() -> Request[StacCatalog]:
    """Read the root of the STAC catalogue

    The catalogue's identity, conformance classes and entry links.

    Endpoint: GET /v2/assets/stac.
    """

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v2/assets/stac",
    }
    return Request(_kwargs, read)


def read(response: httpx.Response) -> StacCatalog:
    """Read the body of a successful response."""
    return _models.StacCatalog.from_dict(json_object(response))


def _parse(response: httpx.Response) -> StacCatalog | Problem:
    status = response.status_code
    if status == 200:
        return read(response)
    if status in (401, 429) or 500 <= status <= 599:
        return _models.Problem.from_dict(json_object(response))
    raise UnexpectedStatus(status, response.content)


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
) -> Response[StacCatalog | Problem]:
    """Do the same as `sync`, with status, headers, and bytes of the response."""
    built = request()
    return respond(client, client.get_httpx_client().request(**built.arguments), _parse)


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
) -> Response[StacCatalog | Problem]:
    """Do the same as `asyncio`, with status, headers, and bytes of the response."""
    built = request()
    return respond(client, await client.get_async_httpx_client().request(**built.arguments), _parse)


def sync(
    *,
    client: AuthenticatedClient | Client,
) -> StacCatalog | Problem | None:
    """Read the root of the STAC catalogue

    The catalogue's identity, conformance classes and entry links.

    Endpoint: GET /v2/assets/stac.
    """
    return sync_detailed(
        client=client,
    ).parsed


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
) -> StacCatalog | Problem | None:
    """Read the root of the STAC catalogue

    The catalogue's identity, conformance classes and entry links.

    Endpoint: GET /v2/assets/stac.
    """
    return (
        await asyncio_detailed(
            client=client,
        )
    ).parsed
