from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models as _models
from ...errors import UnexpectedStatus
from ...types import Request, Response
from .. import json_object, respond

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client
    from ...models.token_error import TokenError
    from ...models.user_info import UserInfo


def request() -> Request[UserInfo]:
    """Tell who the token belongs to

    Served by the auth host of the region. The subject is the user's id and at the same time the
    id of the default workspace. The token must have been asked for with scope `openid`.

    Endpoint: GET /realms/public/protocol/openid-connect/userinfo.
    """

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/realms/public/protocol/openid-connect/userinfo",
    }
    return Request(_kwargs, read)


def read(response: httpx.Response) -> UserInfo:
    """Read the body of a successful response."""
    return _models.UserInfo.from_dict(json_object(response))


def _parse(response: httpx.Response) -> UserInfo | TokenError:
    status = response.status_code
    if status == 200:
        return read(response)
    if status in (401, 403):
        return _models.TokenError.from_dict(json_object(response))
    raise UnexpectedStatus(status, response.content)


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
) -> Response[UserInfo | TokenError]:
    """Do the same as `sync`, with status, headers, and bytes of the response."""
    built = request()
    return respond(client, client.get_httpx_client().request(**built.arguments), _parse)


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
) -> Response[UserInfo | TokenError]:
    """Do the same as `asyncio`, with status, headers, and bytes of the response."""
    built = request()
    return respond(client, await client.get_async_httpx_client().request(**built.arguments), _parse)


def sync(
    *,
    client: AuthenticatedClient | Client,
) -> UserInfo | TokenError | None:
    """Tell who the token belongs to

    Served by the auth host of the region. The subject is the user's id and at the same time the
    id of the default workspace. The token must have been asked for with scope `openid`.

    Endpoint: GET /realms/public/protocol/openid-connect/userinfo.
    """
    return sync_detailed(
        client=client,
    ).parsed


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
) -> UserInfo | TokenError | None:
    """Tell who the token belongs to

    Served by the auth host of the region. The subject is the user's id and at the same time the
    id of the default workspace. The token must have been asked for with scope `openid`.

    Endpoint: GET /realms/public/protocol/openid-connect/userinfo.
    """
    return (
        await asyncio_detailed(
            client=client,
        )
    ).parsed
