from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.analytics_error_response import AnalyticsErrorResponse
from ...models.download_url_response import DownloadUrlResponse
from ...types import Response


def _get_kwargs(
    project_id: str,
    job_id: str,
    task_id: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/projects/{project_id}/jobs/{job_id}/tasks/{task_id}/downloads/results".format(
            project_id=quote(str(project_id), safe=""),
            job_id=quote(str(job_id), safe=""),
            task_id=quote(str(task_id), safe=""),
        ),
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> AnalyticsErrorResponse | DownloadUrlResponse | None:
    if response.status_code == 200:
        response_200 = DownloadUrlResponse.from_dict(response.json())

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
) -> Response[AnalyticsErrorResponse | DownloadUrlResponse]:
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
    job_id: str,
    task_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[AnalyticsErrorResponse | DownloadUrlResponse]:
    """Sign the download address of a task's archive

     A signed storage address of an archive, mostly a gzipped tar with the root `output/`, sometimes a
    zip. It works without a token, must not be sent one, and does not last.

    Args:
        project_id (str):
        job_id (str):
        task_id (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AnalyticsErrorResponse | DownloadUrlResponse]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        job_id=job_id,
        task_id=task_id,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    project_id: str,
    job_id: str,
    task_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> AnalyticsErrorResponse | DownloadUrlResponse | None:
    """Sign the download address of a task's archive

     A signed storage address of an archive, mostly a gzipped tar with the root `output/`, sometimes a
    zip. It works without a token, must not be sent one, and does not last.

    Args:
        project_id (str):
        job_id (str):
        task_id (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AnalyticsErrorResponse | DownloadUrlResponse
    """

    return sync_detailed(
        project_id=project_id,
        job_id=job_id,
        task_id=task_id,
        client=client,
    ).parsed


async def asyncio_detailed(
    project_id: str,
    job_id: str,
    task_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[AnalyticsErrorResponse | DownloadUrlResponse]:
    """Sign the download address of a task's archive

     A signed storage address of an archive, mostly a gzipped tar with the root `output/`, sometimes a
    zip. It works without a token, must not be sent one, and does not last.

    Args:
        project_id (str):
        job_id (str):
        task_id (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AnalyticsErrorResponse | DownloadUrlResponse]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        job_id=job_id,
        task_id=task_id,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    project_id: str,
    job_id: str,
    task_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> AnalyticsErrorResponse | DownloadUrlResponse | None:
    """Sign the download address of a task's archive

     A signed storage address of an archive, mostly a gzipped tar with the root `output/`, sometimes a
    zip. It works without a token, must not be sent one, and does not last.

    Args:
        project_id (str):
        job_id (str):
        task_id (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AnalyticsErrorResponse | DownloadUrlResponse
    """

    return (
        await asyncio_detailed(
            project_id=project_id,
            job_id=job_id,
            task_id=task_id,
            client=client,
        )
    ).parsed
