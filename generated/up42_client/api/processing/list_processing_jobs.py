from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.job_status import JobStatus
from ...models.problem import Problem
from ...models.processing_job_list import ProcessingJobList
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    workspace_id: str | Unset = UNSET,
    process_id: list[str] | Unset = UNSET,
    status: list[JobStatus] | Unset = UNSET,
    ids: list[str] | Unset = UNSET,
    min_duration: int | Unset = UNSET,
    max_duration: int | Unset = UNSET,
    limit: int | Unset = UNSET,
    sort: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["workspaceId"] = workspace_id

    json_process_id: list[str] | Unset = UNSET
    if not isinstance(process_id, Unset):
        json_process_id = process_id

    params["processId"] = json_process_id

    json_status: list[str] | Unset = UNSET
    if not isinstance(status, Unset):
        json_status = []
        for status_item_data in status:
            status_item = status_item_data.value
            json_status.append(status_item)

    params["status"] = json_status

    json_ids: list[str] | Unset = UNSET
    if not isinstance(ids, Unset):
        json_ids = ids

    params["ids"] = json_ids

    params["minDuration"] = min_duration

    params["maxDuration"] = max_duration

    params["limit"] = limit

    params["sort"] = sort

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    params = {k: ",".join(map(str, v)) if isinstance(v, list) else v for k, v in params.items()}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v2/processing/jobs",
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | ProcessingJobList | None:
    if response.status_code == 200:
        response_200 = ProcessingJobList.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = Problem.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = Problem.from_dict(response.json())

        return response_403

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
) -> Response[Problem | ProcessingJobList]:
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
    workspace_id: str | Unset = UNSET,
    process_id: list[str] | Unset = UNSET,
    status: list[JobStatus] | Unset = UNSET,
    ids: list[str] | Unset = UNSET,
    min_duration: int | Unset = UNSET,
    max_duration: int | Unset = UNSET,
    limit: int | Unset = UNSET,
    sort: str | Unset = UNSET,
) -> Response[Problem | ProcessingJobList]:
    """List processing jobs, page by page

     Jobs of the account, or of one workspace. The next page is behind the link with relation `next`; its
    address is opaque, usually relative to the API host, and missing on the last page. There is no total
    count. List parameters travel as one comma-joined value.

    Args:
        workspace_id (str | Unset):
        process_id (list[str] | Unset):
        status (list[JobStatus] | Unset):
        ids (list[str] | Unset):
        min_duration (int | Unset):
        max_duration (int | Unset):
        limit (int | Unset):
        sort (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | ProcessingJobList]
    """

    kwargs = _get_kwargs(
        workspace_id=workspace_id,
        process_id=process_id,
        status=status,
        ids=ids,
        min_duration=min_duration,
        max_duration=max_duration,
        limit=limit,
        sort=sort,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    workspace_id: str | Unset = UNSET,
    process_id: list[str] | Unset = UNSET,
    status: list[JobStatus] | Unset = UNSET,
    ids: list[str] | Unset = UNSET,
    min_duration: int | Unset = UNSET,
    max_duration: int | Unset = UNSET,
    limit: int | Unset = UNSET,
    sort: str | Unset = UNSET,
) -> Problem | ProcessingJobList | None:
    """List processing jobs, page by page

     Jobs of the account, or of one workspace. The next page is behind the link with relation `next`; its
    address is opaque, usually relative to the API host, and missing on the last page. There is no total
    count. List parameters travel as one comma-joined value.

    Args:
        workspace_id (str | Unset):
        process_id (list[str] | Unset):
        status (list[JobStatus] | Unset):
        ids (list[str] | Unset):
        min_duration (int | Unset):
        max_duration (int | Unset):
        limit (int | Unset):
        sort (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | ProcessingJobList
    """

    return sync_detailed(
        client=client,
        workspace_id=workspace_id,
        process_id=process_id,
        status=status,
        ids=ids,
        min_duration=min_duration,
        max_duration=max_duration,
        limit=limit,
        sort=sort,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    workspace_id: str | Unset = UNSET,
    process_id: list[str] | Unset = UNSET,
    status: list[JobStatus] | Unset = UNSET,
    ids: list[str] | Unset = UNSET,
    min_duration: int | Unset = UNSET,
    max_duration: int | Unset = UNSET,
    limit: int | Unset = UNSET,
    sort: str | Unset = UNSET,
) -> Response[Problem | ProcessingJobList]:
    """List processing jobs, page by page

     Jobs of the account, or of one workspace. The next page is behind the link with relation `next`; its
    address is opaque, usually relative to the API host, and missing on the last page. There is no total
    count. List parameters travel as one comma-joined value.

    Args:
        workspace_id (str | Unset):
        process_id (list[str] | Unset):
        status (list[JobStatus] | Unset):
        ids (list[str] | Unset):
        min_duration (int | Unset):
        max_duration (int | Unset):
        limit (int | Unset):
        sort (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | ProcessingJobList]
    """

    kwargs = _get_kwargs(
        workspace_id=workspace_id,
        process_id=process_id,
        status=status,
        ids=ids,
        min_duration=min_duration,
        max_duration=max_duration,
        limit=limit,
        sort=sort,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    workspace_id: str | Unset = UNSET,
    process_id: list[str] | Unset = UNSET,
    status: list[JobStatus] | Unset = UNSET,
    ids: list[str] | Unset = UNSET,
    min_duration: int | Unset = UNSET,
    max_duration: int | Unset = UNSET,
    limit: int | Unset = UNSET,
    sort: str | Unset = UNSET,
) -> Problem | ProcessingJobList | None:
    """List processing jobs, page by page

     Jobs of the account, or of one workspace. The next page is behind the link with relation `next`; its
    address is opaque, usually relative to the API host, and missing on the last page. There is no total
    count. List parameters travel as one comma-joined value.

    Args:
        workspace_id (str | Unset):
        process_id (list[str] | Unset):
        status (list[JobStatus] | Unset):
        ids (list[str] | Unset):
        min_duration (int | Unset):
        max_duration (int | Unset):
        limit (int | Unset):
        sort (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | ProcessingJobList
    """

    return (
        await asyncio_detailed(
            client=client,
            workspace_id=workspace_id,
            process_id=process_id,
            status=status,
            ids=ids,
            min_duration=min_duration,
            max_duration=max_duration,
            limit=limit,
            sort=sort,
        )
    ).parsed
