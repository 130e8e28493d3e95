from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.stac_item_collection import StacItemCollection
from ...models.stac_search import StacSearch
from ...types import Response


def _get_kwargs(
    *,
    body: StacSearch,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v2/assets/stac/search",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
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
    *,
    client: AuthenticatedClient | Client,
    body: StacSearch,
) -> Response[Problem | StacItemCollection]:
    """Search items in storage

     Search with a CQL2-JSON filter, a geometry, or both. Filter names have no `up42-*` prefix (`job_id`,
    not `up42-system:job_id`). The next page is asked for by sending the body of the link with relation
    `next` to the same address.

    Args:
        body (StacSearch): What to look for. Filter names: `job_id`, `asset_id`, `order_id`,
            `workspace_id`, `collection_name`, `data_product_id`, `title`, `tags`, `datetime`,
            `eo:cloud_cover`, `constellation`, `gsd`, `geometry`, `id`, `collection`.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | StacItemCollection]
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
    body: StacSearch,
) -> Problem | StacItemCollection | None:
    """Search items in storage

     Search with a CQL2-JSON filter, a geometry, or both. Filter names have no `up42-*` prefix (`job_id`,
    not `up42-system:job_id`). The next page is asked for by sending the body of the link with relation
    `next` to the same address.

    Args:
        body (StacSearch): What to look for. Filter names: `job_id`, `asset_id`, `order_id`,
            `workspace_id`, `collection_name`, `data_product_id`, `title`, `tags`, `datetime`,
            `eo:cloud_cover`, `constellation`, `gsd`, `geometry`, `id`, `collection`.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | StacItemCollection
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: StacSearch,
) -> Response[Problem | StacItemCollection]:
    """Search items in storage

     Search with a CQL2-JSON filter, a geometry, or both. Filter names have no `up42-*` prefix (`job_id`,
    not `up42-system:job_id`). The next page is asked for by sending the body of the link with relation
    `next` to the same address.

    Args:
        body (StacSearch): What to look for. Filter names: `job_id`, `asset_id`, `order_id`,
            `workspace_id`, `collection_name`, `data_product_id`, `title`, `tags`, `datetime`,
            `eo:cloud_cover`, `constellation`, `gsd`, `geometry`, `id`, `collection`.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | StacItemCollection]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: StacSearch,
) -> Problem | StacItemCollection | None:
    """Search items in storage

     Search with a CQL2-JSON filter, a geometry, or both. Filter names have no `up42-*` prefix (`job_id`,
    not `up42-system:job_id`). The next page is asked for by sending the body of the link with relation
    `next` to the same address.

    Args:
        body (StacSearch): What to look for. Filter names: `job_id`, `asset_id`, `order_id`,
            `workspace_id`, `collection_name`, `data_product_id`, `title`, `tags`, `datetime`,
            `eo:cloud_cover`, `constellation`, `gsd`, `geometry`, `id`, `collection`.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | StacItemCollection
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
