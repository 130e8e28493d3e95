from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models as _models
from ...errors import UnexpectedStatus
from ...types import Request, Response
from .. import json_object, respond

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client
    from ...models.account_token import AccountToken
    from ...models.account_token_request import AccountTokenRequest
    from ...models.token_error import TokenError


def request(
    *,
    body: AccountTokenRequest,
) -> Request[AccountToken]:
    """Exchange e-mail and password for a token

    OpenID Connect password grant, served by the auth host of the region. The token opens every
    workspace of the account and lives for `expires_in` seconds. Asking twice is safe.

    Args:
        body: Form of the OpenID Connect password grant.

    Endpoint: POST /realms/public/protocol/openid-connect/token.
    """
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/realms/public/protocol/openid-connect/token",
    }
    _kwargs["data"] = body.to_dict()
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    _kwargs["headers"] = headers
    return Request(_kwargs, read)


def read(response: httpx.Response) -> AccountToken:
    """Read the body of a successful response."""
    return _models.AccountToken.from_dict(json_object(response))


def _parse(response: httpx.Response) -> AccountToken | TokenError:
    status = response.status_code
    if status == 200:
        return read(response)
    if status in (400, 401, 429):
        return _models.TokenError.from_dict(json_object(response))
    raise UnexpectedStatus(status, response.content)


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: AccountTokenRequest,
) -> Response[AccountToken | TokenError]:
    """Do the same as `sync`, with status, headers, and bytes of the response."""
    built = request(
        body=body,
    )
    return respond(client, client.get_httpx_client().request(**built.arguments), _parse)


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: AccountTokenRequest,
) -> Response[AccountToken | TokenError]:
    """Do the same as `asyncio`, with status, headers, and bytes of the response."""
    built = request(
        body=body,
    )
    return respond(client, await client.get_async_httpx_client().request(**built.arguments), _parse)


def sync(
    *,
    client: AuthenticatedClient | Client,
    body: AccountTokenRequest,
) -> AccountToken | TokenError | None:
    """Exchange e-mail and password for a token

    OpenID Connect password grant, served by the auth host of the region. The token opens every
    workspace of the account and lives for `expires_in` seconds. Asking twice is safe.

    Args:
        body: Form of the OpenID Connect password grant.

    Endpoint: POST /realms/public/protocol/openid-connect/token.
    """
    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: AccountTokenRequest,
) -> AccountToken | TokenError | None:
    """Exchange e-mail and password for a token

    OpenID Connect password grant, served by the auth host of the region. The token opens every
    workspace of the account and lives for `expires_in` seconds. Asking twice is safe.

    Args:
        body: Form of the OpenID Connect password grant.

    Endpoint: POST /realms/public/protocol/openid-connect/token.
    """
    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
