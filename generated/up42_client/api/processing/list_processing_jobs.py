from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models as _models
from ...errors import UnexpectedStatus
from ...types import UNSET, Request, Response, Unset
from .. import json_object, respond

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client
    from ...models.job_status import JobStatus
    from ...models.problem import Problem
    from ...models.processing_job_list import ProcessingJobList


def request(
    *,
    workspace_id: str | Unset = UNSET,
    process_id: list[str] | Unset = UNSET,
    status: list[JobStatus] | Unset = UNSET,
    ids: list[str] | Unset = UNSET,
    min_duration: int | Unset = UNSET,
    max_duration: int | Unset = UNSET,
    limit: int | Unset = UNSET,
    sort: str | Unset = UNSET,
) -> Request[ProcessingJobList]:
    """List processing jobs, page by page

    Jobs of the account, or of one workspace. The next page is behind the link with relation
    `next`; its address is opaque, usually relative to the API host, and missing on the last
    page. There is no total count. List parameters travel as one comma-joined value.

    Args:
        workspace_id: Only jobs of this workspace (a UUID). Left out, jobs of the whole
            account.
        process_id: Only jobs of these processes.
        status: Only jobs with one of these statuses.
        ids: Only jobs with these ids (UUIDs). The largest allowed number is not known.
        min_duration: Only jobs that ran at least this long, in seconds.
        max_duration: Only jobs that ran at most this long, in seconds.
        limit: Jobs per page. Default and maximum are not known.
        sort: Field and direction. Known fields: `processID`, `status`, `created`,
            `creditConsumption.credits`.

    Endpoint: GET /v2/processing/jobs.
    """

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
    return Request(_kwargs, read)


def read(response: httpx.Response) -> ProcessingJobList:
    """Read the body of a successful response."""
    return _models.ProcessingJobList.from_dict(json_object(response))


def _parse(response: httpx.Response) -> ProcessingJobList | Problem:
    status = response.status_code
    if status == 200:
        return read(response)
    if status in (400, 401, 403, 429) or 500 <= status <= 599:
        return _models.Problem.from_dict(json_object(response))
    raise UnexpectedStatus(status, response.content)


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
) -> Response[ProcessingJobList | Problem]:
    """Do the same as `sync`, with status, headers, and bytes of the response."""
    built = request(
        workspace_id=workspace_id,
        process_id=process_id,
        status=status,
        ids=ids,
        min_duration=min_duration,
        max_duration=max_duration,
        limit=limit,
        sort=sort,
    )
    return respond(client, client.get_httpx_client().request(**built.arguments), _parse)


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
) -> Response[ProcessingJobList | Problem]:
    """Do the same as `asyncio`, with status, headers, and bytes of the response."""
    built = request(
        workspace_id=workspace_id,
        process_id=process_id,
        status=status,
        ids=ids,
        min_duration=min_duration,
        max_duration=max_duration,
        limit=limit,
        sort=sort,
    )
    return respond(client, await client.get_async_httpx_client().request(**built.arguments), _parse)


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
) -> ProcessingJobList | Problem | None:
    """List processing jobs, page by page

    Jobs of the account, or of one workspace. The next page is behind the link with relation
    `next`; its address is opaque, usually relative to the API host, and missing on the last
    page. There is no total count. List parameters travel as one comma-joined value.

    Args:
        workspace_id: Only jobs of this workspace (a UUID). Left out, jobs of the whole
            account.
        process_id: Only jobs of these processes.
        status: Only jobs with one of these statuses.
        ids: Only jobs with these ids (UUIDs). The largest allowed number is not known.
        min_duration: Only jobs that ran at least this long, in seconds.
        max_duration: Only jobs that ran at most this long, in seconds.
        limit: Jobs per page. Default and maximum are not known.
        sort: Field and direction. Known fields: `processID`, `status`, `created`,
            `creditConsumption.credits`.

    Endpoint: GET /v2/processing/jobs.
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
) -> ProcessingJobList | Problem | None:
    """List processing jobs, page by page

    Jobs of the account, or of one workspace. The next page is behind the link with relation
    `next`; its address is opaque, usually relative to the API host, and missing on the last
    page. There is no total count. List parameters travel as one comma-joined value.

    Args:
        workspace_id: Only jobs of this workspace (a UUID). Left out, jobs of the whole
            account.
        process_id: Only jobs of these processes.
        status: Only jobs with one of these statuses.
        ids: Only jobs with these ids (UUIDs). The largest allowed number is not known.
        min_duration: Only jobs that ran at least this long, in seconds.
        max_duration: Only jobs that ran at most this long, in seconds.
        limit: Jobs per page. Default and maximum are not known.
        sort: Field and direction. Known fields: `processID`, `status`, `created`,
            `creditConsumption.credits`.

    Endpoint: GET /v2/processing/jobs.
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
