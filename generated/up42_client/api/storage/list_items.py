from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.stac_item_collection import StacItemCollection
from ...types import UNSET, Response, Unset


def _get_kwargs(
    collection_id: str,
    *,
    limit: int | Unset = UNSET,
    token: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["limit"] = limit

    params["token"] = token

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v2/assets/stac/collections/{collection_id}/items".format(
            collection_id=quote(str(collection_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | StacItemCollection | None:
    if response.status_code == 200:
        response_200 = StacItemCollection.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = Problem.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

    if response.status_code == 429:
        response_429 = Problem.from_dict(response.json())

        return response_429

    if 500 <= response.status_code <= 599:
        response_5xx = Problem.from_dict(response.json())

        return response_5xx

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
) -> Response[Problem | StacItemCollection]:
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
    collection_id: str,
    *,
    client: AuthenticatedClient | Client,
    limit: int | Unset = UNSET,
    token: str | Unset = UNSET,
) -> Response[Problem | StacItemCollection]:
    """List the items of a collection, page by page

     A GeoJSON FeatureCollection of STAC items. The next page is behind the link with relation `next`.

    Args:
        collection_id (str):
        limit (int | Unset):
        token (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | StacItemCollection]
    """

    kwargs = _get_kwargs(
        collection_id=collection_id,
        limit=limit,
        token=token,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    collection_id: str,
    *,
    client: AuthenticatedClient | Client,
    limit: int | Unset = UNSET,
    token: str | Unset = UNSET,
) -> Problem | StacItemCollection | None:
    """List the items of a collection, page by page

     A GeoJSON FeatureCollection of STAC items. The next page is behind the link with relation `next`.

    Args:
        collection_id (str):
        limit (int | Unset):
        token (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | StacItemCollection
    """

    return sync_detailed(
        collection_id=collection_id,
        client=client,
        limit=limit,
        token=token,
    ).parsed


async def asyncio_detailed(
    collection_id: str,
    *,
    client: AuthenticatedClient | Client,
    limit: int | Unset = UNSET,
    token: str | Unset = UNSET,
) -> Response[Problem | StacItemCollection]:
    """List the items of a collection, page by page

     A GeoJSON FeatureCollection of STAC items. The next page is behind the link with relation `next`.

    Args:
        collection_id (str):
        limit (int | Unset):
        token (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | StacItemCollection]
    """

    kwargs = _get_kwargs(
        collection_id=collection_id,
        limit=limit,
        token=token,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    collection_id: str,
    *,
    client: AuthenticatedClient | Client,
    limit: int | Unset = UNSET,
    token: str | Unset = UNSET,
) -> Problem | StacItemCollection | None:
    """List the items of a collection, page by page

     A GeoJSON FeatureCollection of STAC items. The next page is behind the link with relation `next`.

    Args:
        collection_id (str):
        limit (int | Unset):
        token (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | StacItemCollection
    """

    return (
        await asyncio_detailed(
            collection_id=collection_id,
            client=client,
            limit=limit,
            token=token,
        )
    ).parsed
