from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.analytics_error_response import AnalyticsErrorResponse
from ...models.job_list_response import JobListResponse
from ...types import UNSET, Response, Unset


def _get_kwargs(
    project_id: str,
    *,
    page: int | Unset = UNSET,
    sort: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["page"] = page

    params["sort"] = sort

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/projects/{project_id}/jobs".format(
            project_id=quote(str(project_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> AnalyticsErrorResponse | JobListResponse | None:
    if response.status_code == 200:
        response_200 = JobListResponse.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = AnalyticsErrorResponse.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = AnalyticsErrorResponse.from_dict(response.json())

        return response_401

    if response.status_code == 404:
        response_404 = AnalyticsErrorResponse.from_dict(response.json())

        return response_404

    if response.status_code == 429:
        response_429 = AnalyticsErrorResponse.from_dict(response.json())

        return response_429

    if 500 <= response.status_code <= 599:
        response_5xx = AnalyticsErrorResponse.from_dict(response.json())

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
) -> Response[AnalyticsErrorResponse | JobListResponse]:
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
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    page: int | Unset = UNSET,
    sort: str | Unset = UNSET,
) -> Response[AnalyticsErrorResponse | JobListResponse]:
    """List the jobs of a project, page by page

     One page of jobs. There is no total and no `next` link: count `page` up from 0 until a page is
    empty. The page size is the server's; 100 was seen.

    Args:
        project_id (str):
        page (int | Unset):
        sort (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AnalyticsErrorResponse | JobListResponse]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        page=page,
        sort=sort,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    page: int | Unset = UNSET,
    sort: str | Unset = UNSET,
) -> AnalyticsErrorResponse | JobListResponse | None:
    """List the jobs of a project, page by page

     One page of jobs. There is no total and no `next` link: count `page` up from 0 until a page is
    empty. The page size is the server's; 100 was seen.

    Args:
        project_id (str):
        page (int | Unset):
        sort (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AnalyticsErrorResponse | JobListResponse
    """

    return sync_detailed(
        project_id=project_id,
        client=client,
        page=page,
        sort=sort,
    ).parsed


async def asyncio_detailed(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    page: int | Unset = UNSET,
    sort: str | Unset = UNSET,
) -> Response[AnalyticsErrorResponse | JobListResponse]:
    """List the jobs of a project, page by page

     One page of jobs. There is no total and no `next` link: count `page` up from 0 until a page is
    empty. The page size is the server's; 100 was seen.

    Args:
        project_id (str):
        page (int | Unset):
        sort (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AnalyticsErrorResponse | JobListResponse]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        page=page,
        sort=sort,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    page: int | Unset = UNSET,
    sort: str | Unset = UNSET,
) -> AnalyticsErrorResponse | JobListResponse | None:
    """List the jobs of a project, page by page

     One page of jobs. There is no total and no `next` link: count `page` up from 0 until a page is
    empty. The page size is the server's; 100 was seen.

    Args:
        project_id (str):
        page (int | Unset):
        sort (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AnalyticsErrorResponse | JobListResponse
    """

    return (
        await asyncio_detailed(
            project_id=project_id,
            client=client,
            page=page,
            sort=sort,
        )
    ).parsed
