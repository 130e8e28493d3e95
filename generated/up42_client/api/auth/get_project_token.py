from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models as _models
from ...errors import UnexpectedStatus
from ...types import Request, Response
from .. import json_object, respond

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient
    from ...models.project_token import ProjectToken
    from ...models.project_token_request import ProjectTokenRequest


def request(
    *,
    body: ProjectTokenRequest,
) -> Request[ProjectToken]:
    """Exchange a project id and key for a token (historic)

    Served by the API host. With `client_credentials`, project id and project key travel as user
    name and password of HTTP Basic authentication, and the token opens this one project for 300
    seconds. With `password`, the account's e-mail and password travel in the form. There is no
    refresh token.

    Args:
        body: Form of the historic token endpoint.

    Endpoint: POST /oauth/token.
    """
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/oauth/token",
    }
    _kwargs["data"] = body.to_dict()
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    _kwargs["headers"] = headers
    return Request(_kwargs, read)


def read(response: httpx.Response) -> ProjectToken:
    """Read the body of a successful response."""
    return _models.ProjectToken.from_dict(json_object(response))


def _parse(response: httpx.Response) -> ProjectToken | None:
    status = response.status_code
    if status == 200:
        return read(response)
    if status == 401:
        return None
    raise UnexpectedStatus(status, response.content)


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: ProjectTokenRequest,
) -> Response[ProjectToken | None]:
    """Do the same as `sync`, with status, headers, and bytes of the response."""
    built = request(
        body=body,
    )
    return respond(client, client.get_httpx_client().request(**built.arguments), _parse)


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: ProjectTokenRequest,
) -> Response[ProjectToken | None]:
    """Do the same as `asyncio`, with status, headers, and bytes of the response."""
    built = request(
        body=body,
    )
    return respond(client, await client.get_async_httpx_client().request(**built.arguments), _parse)


def sync(
    *,
    client: AuthenticatedClient,
    body: ProjectTokenRequest,
) -> ProjectToken | None:
    """Exchange a project id and key for a token (historic)

    Served by the API host. With `client_credentials`, project id and project key travel as user
    name and password of HTTP Basic authentication, and the token opens this one project for 300
    seconds. With `password`, the account's e-mail and password travel in the form. There is no
    refresh token.

    Args:
        body: Form of the historic token endpoint.

    Endpoint: POST /oauth/token.
    """
    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: ProjectTokenRequest,
) -> ProjectToken | None:
    """Exchange a project id and key for a token (historic)

    Served by the API host. With `client_credentials`, project id and project key travel as user
    name and password of HTTP Basic authentication, and the token opens this one project for 300
    seconds. With `password`, the account's e-mail and password travel in the form. There is no
    refresh token.

    Args:
        body: Form of the historic token endpoint.

    Endpoint: POST /oauth/token.
    """
    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
