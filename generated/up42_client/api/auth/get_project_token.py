from http import HTTPStatus
from typing import Any, cast

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.project_token import ProjectToken
from ...models.project_token_request import ProjectTokenRequest
from ...types import Response


def _get_kwargs(
    *,
    body: ProjectTokenRequest,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/oauth/token",
    }

    _kwargs["data"] = body.to_dict()
    headers["Content-Type"] = "application/x-www-form-urlencoded"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> None | ProjectToken:
    if response.status_code == 200:
        response_200 = ProjectToken.from_dict(response.json())

        return response_200

    if response.status_code == 401:
        response_401 = cast(None, response.json())
        return response_401

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _http_status(code: int) -> HTTPStatus:
    try:
        return HTTPStatus(code)
    except ValueError:
        unknown = int.__new__(HTTPStatus, code)
        vars(unknown).update(_name_=f"UNKNOWN_{code}", _value_=code, phrase="", description="")
        return unknown


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[None | ProjectToken]:
    try:
        parsed = _parse_response(client=client, response=response)
    except (ValueError, TypeError, KeyError, AttributeError):
        if response.is_success:
            raise
        parsed = None
    return Response(
        status_code=_http_status(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=parsed,
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: ProjectTokenRequest,
) -> Response[None | ProjectToken]:
    """Exchange a project id and key for a token (historic)

     Served by the API host. With `client_credentials`, project id and project key travel as user name
    and password of HTTP Basic authentication, and the token opens this one project for 300 seconds.
    With `password`, the account's e-mail and password travel in the form. There is no refresh token.

    Args:
        body (ProjectTokenRequest): Form of the historic token endpoint.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[None | ProjectToken]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: ProjectTokenRequest,
) -> None | ProjectToken:
    """Exchange a project id and key for a token (historic)

     Served by the API host. With `client_credentials`, project id and project key travel as user name
    and password of HTTP Basic authentication, and the token opens this one project for 300 seconds.
    With `password`, the account's e-mail and password travel in the form. There is no refresh token.

    Args:
        body (ProjectTokenRequest): Form of the historic token endpoint.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        None | ProjectToken
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: ProjectTokenRequest,
) -> Response[None | ProjectToken]:
    """Exchange a project id and key for a token (historic)

     Served by the API host. With `client_credentials`, project id and project key travel as user name
    and password of HTTP Basic authentication, and the token opens this one project for 300 seconds.
    With `password`, the account's e-mail and password travel in the form. There is no refresh token.

    Args:
        body (ProjectTokenRequest): Form of the historic token endpoint.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[None | ProjectToken]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: ProjectTokenRequest,
) -> None | ProjectToken:
    """Exchange a project id and key for a token (historic)

     Served by the API host. With `client_credentials`, project id and project key travel as user name
    and password of HTTP Basic authentication, and the token opens this one project for 300 seconds.
    With `password`, the account's e-mail and password travel in the form. There is no refresh token.

    Args:
        body (ProjectTokenRequest): Form of the historic token endpoint.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        None | ProjectToken
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
