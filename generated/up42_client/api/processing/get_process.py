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
    from ...models.process import Process


def request(
    process_id: str,
) -> Request[Process]:
    """Describe one process

    Title, description, the JSON Schema of every input, and further parameters, among them the
    price and the licence agreement where there is one.

    Args:
        process_id: Id of the process, a readable name. The set is open.

    Endpoint: GET /v2/processing/processes/{process_id}.
    """

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v2/processing/processes/{process_id}".format(
            process_id=quote(str(process_id), safe="", errors="surrogatepass"),
        ),
    }
    return Request(_kwargs, read)


def read(response: httpx.Response) -> Process:
    """Read the body of a successful response."""
    return _models.Process.from_dict(json_object(response))


def _parse(response: httpx.Response) -> Process | Problem:
    status = response.status_code
    if status == 200:
        return read(response)
    if status in (401, 404, 429) or 500 <= status <= 599:
        return _models.Problem.from_dict(json_object(response))
    raise UnexpectedStatus(status, response.content)


def sync_detailed(
    process_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[Process | Problem]:
    """Do the same as `sync`, with status, headers, and bytes of the response."""
    built = request(
        process_id=process_id,
    )
    return respond(client, client.get_httpx_client().request(**built.arguments), _parse)


async def asyncio_detailed(
    process_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[Process | Problem]:
    """Do the same as `asyncio`, with status, headers, and bytes of the response."""
    built = request(
        process_id=process_id,
    )
    return respond(client, await client.get_async_httpx_client().request(**built.arguments), _parse)


def sync(
    process_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> Process | Problem | None:
    """Describe one process

    Title, description, the JSON Schema of every input, and further parameters, among them the
    price and the licence agreement where there is one.

    Args:
        process_id: Id of the process, a readable name. The set is open.

    Endpoint: GET /v2/processing/processes/{process_id}.
    """
    return sync_detailed(
        process_id=process_id,
        client=client,
    ).parsed


async def asyncio(
    process_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> Process | Problem | None:
    """Describe one process

    Title, description, the JSON Schema of every input, and further parameters, among them the
    price and the licence agreement where there is one.

    Args:
        process_id: Id of the process, a readable name. The set is open.

    Endpoint: GET /v2/processing/processes/{process_id}.
    """
    return (
        await asyncio_detailed(
            process_id=process_id,
            client=client,
        )
    ).parsed
