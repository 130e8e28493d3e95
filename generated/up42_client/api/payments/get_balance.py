from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models as _models
from ...errors import UnexpectedStatus
from ...types import Request, Response
from .. import json_object, respond

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client
    from ...models.balance_list import BalanceList
    from ...models.problem import Problem


def request() -> Request[BalanceList]:
    """Read the balance of the account

    Credits that the account can spend. What running jobs hold is no longer among them.

    Endpoint: GET /v2/payments/balances.
    """

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v2/payments/balances",
    }
    return Request(_kwargs, read)


def read(response: httpx.Response) -> BalanceList:
    """Read the body of a successful response."""
    return _models.BalanceList.from_dict(json_object(response))


def _parse(response: httpx.Response) -> BalanceList | Problem:
    status = response.status_code
    if status == 200:
        return read(response)
    if status in (401, 403, 429) or 500 <= status <= 599:
        return _models.Problem.from_dict(json_object(response))
    raise UnexpectedStatus(status, response.content)


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
) -> Response[BalanceList | Problem]:
    """Do the same as `sync`, with status, headers, and bytes of the response."""
    built = request()
    return respond(client, client.get_httpx_client().request(**built.arguments), _parse)


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
) -> Response[BalanceList | Problem]:
    """Do the same as `asyncio`, with status, headers, and bytes of the response."""
    built = request()
    return respond(client, await client.get_async_httpx_client().request(**built.arguments), _parse)


def sync(
    *,
    client: AuthenticatedClient | Client,
) -> BalanceList | Problem | None:
    """Read the balance of the account

    Credits that the account can spend. What running jobs hold is no longer among them.

    Endpoint: GET /v2/payments/balances.
    """
    return sync_detailed(
        client=client,
    ).parsed


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
) -> BalanceList | Problem | None:
    """Read the balance of the account

    Credits that the account can spend. What running jobs hold is no longer among them.

    Endpoint: GET /v2/payments/balances.
    """
    return (
        await asyncio_detailed(
            client=client,
        )
    ).parsed
