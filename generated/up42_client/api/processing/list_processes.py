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
    from ...models.process_list import ProcessList
    from ...models.process_summary import ProcessSummary


def request() -> Request[ProcessList | list[ProcessSummary]]:
    """List the processes that are on offer

    Every process that the account may see. The entries hold at least the id; the whole
    description of one process comes from its own address.

    Endpoint: GET /v2/processing/processes.
    """

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v2/processing/processes",
    }
    return Request(_kwargs, read)


def read(response: httpx.Response) -> ProcessList | list[ProcessSummary]:
    """Read the body of a successful response."""
    content = response.json()
    if isinstance(content, dict):
        return _models.ProcessList.from_dict(content)
    if isinstance(content, list):
        return [_models.ProcessSummary.from_dict(e) for e in content if isinstance(e, dict)]
    raise TypeError(f"{type(content).__name__} instead of a body that matches the OpenAPI document")


def _parse(response: httpx.Response) -> ProcessList | list[ProcessSummary] | Problem:
    status = response.status_code
    if status == 200:
        return read(response)
    if status in (401, 429) or 500 <= status <= 599:
        return _models.Problem.from_dict(json_object(response))
    raise UnexpectedStatus(status, response.content)


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
) -> Response[ProcessList | list[ProcessSummary] | Problem]:
    """Do the same as `sync`, with status, headers, and bytes of the response."""
    built = request()
    return respond(client, client.get_httpx_client().request(**built.arguments), _parse)


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
) -> Response[ProcessList | list[ProcessSummary] | Problem]:
    """Do the same as `asyncio`, with status, headers, and bytes of the response."""
    built = request()
    return respond(client, await client.get_async_httpx_client().request(**built.arguments), _parse)


def sync(
    *,
    client: AuthenticatedClient | Client,
) -> ProcessList | list[ProcessSummary] | Problem | None:
    """List the processes that are on offer

    Every process that the account may see. The entries hold at least the id; the whole
    description of one process comes from its own address.

    Endpoint: GET /v2/processing/processes.
    """
    return sync_detailed(
        client=client,
    ).parsed


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
) -> ProcessList | list[ProcessSummary] | Problem | None:
    """List the processes that are on offer

    Every process that the account may see. The entries hold at least the id; the whole
    description of one process comes from its own address.

    Endpoint: GET /v2/processing/processes.
    """
    return (
        await asyncio_detailed(
            client=client,
        )
    ).parsed
