from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.account_token import AccountToken
from ...models.account_token_request import AccountTokenRequest
from ...models.token_error import TokenError
from ...types import Response


def _get_kwargs(
    *,
    body: AccountTokenRequest,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/realms/public/protocol/openid-connect/token",
    }

    _kwargs["data"] = body.to_dict()
    headers["Content-Type"] = "application/x-www-form-urlencoded"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> AccountToken | TokenError | None:
    if response.status_code == 200:
        response_200 = AccountToken.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = TokenError.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = TokenError.from_dict(response.json())

        return response_401

    if response.status_code == 429:
        response_429 = TokenError.from_dict(response.json())

        return response_429

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
) -> Response[AccountToken | TokenError]:
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
    client: AuthenticatedClient | Client,
    body: AccountTokenRequest,
) -> Response[AccountToken | TokenError]:
    """Exchange e-mail and password for a token

     OpenID Connect password grant, served by the auth host of the region. The token opens every
    workspace of the account and lives for `expires_in` seconds. Asking twice is safe.

    Args:
        body (AccountTokenRequest): Form of the OpenID Connect password grant.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AccountToken | TokenError]
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
    client: AuthenticatedClient | Client,
    body: AccountTokenRequest,
) -> AccountToken | TokenError | None:
    """Exchange e-mail and password for a token

     OpenID Connect password grant, served by the auth host of the region. The token opens every
    workspace of the account and lives for `expires_in` seconds. Asking twice is safe.

    Args:
        body (AccountTokenRequest): Form of the OpenID Connect password grant.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AccountToken | TokenError
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: AccountTokenRequest,
) -> Response[AccountToken | TokenError]:
    """Exchange e-mail and password for a token

     OpenID Connect password grant, served by the auth host of the region. The token opens every
    workspace of the account and lives for `expires_in` seconds. Asking twice is safe.

    Args:
        body (AccountTokenRequest): Form of the OpenID Connect password grant.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AccountToken | TokenError]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: AccountTokenRequest,
) -> AccountToken | TokenError | None:
    """Exchange e-mail and password for a token

     OpenID Connect password grant, served by the auth host of the region. The token opens every
    workspace of the account and lives for `expires_in` seconds. Asking twice is safe.

    Args:
        body (AccountTokenRequest): Form of the OpenID Connect password grant.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AccountToken | TokenError
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
