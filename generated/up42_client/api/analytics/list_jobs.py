from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import models as _models
from ...errors import UnexpectedStatus
from ...types import UNSET, Request, Response, Unset
from .. import json_object, respond

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client
    from ...models.analytics_error_response import AnalyticsErrorResponse
    from ...models.job_list_response import JobListResponse


def request(
    project_id: str,
    *,
    page: int | Unset = UNSET,
    sort: str | Unset = UNSET,
) -> Request[JobListResponse]:
    """List the jobs of a project, page by page

    One page of jobs. There is no total and no `next` link: count `page` up from 0 until a page
    is empty. The page size is the server's; 100 was seen.

    Args:
        project_id: Id of the project (a UUID).
        page: Number of the page, from 0.
        sort: Field and direction. Known fields: `createdAt`, `name`, `id`, `mode`, `status`,
            `startedAt`, `finishedAt`.

    Endpoint: GET /projects/{project_id}/jobs.
    """

    params: dict[str, Any] = {}

    params["page"] = page

    params["sort"] = sort

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/projects/{project_id}/jobs".format(
            project_id=quote(str(project_id), safe="", errors="surrogatepass"),
        ),
        "params": params,
    }
    return Request(_kwargs, read)


def read(response: httpx.Response) -> JobListResponse:
    """Read the body of a successful response."""
    return _models.JobListResponse.from_dict(json_object(response))


def _parse(response: httpx.Response) -> JobListResponse | AnalyticsErrorResponse:
    status = response.status_code
    if status == 200:
        return read(response)
    if status in (400, 401, 404, 429) or 500 <= status <= 599:
        return _models.AnalyticsErrorResponse.from_dict(json_object(response))
    raise UnexpectedStatus(status, response.content)


def sync_detailed(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    page: int | Unset = UNSET,
    sort: str | Unset = UNSET,
) -> Response[JobListResponse | AnalyticsErrorResponse]:
    """Do the same as `sync`, with status, headers, and bytes of the response."""
    built = request(
        project_id=project_id,
        page=page,
        sort=sort,
    )
    return respond(client, client.get_httpx_client().request(**built.arguments), _parse)


async def asyncio_detailed(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    page: int | Unset = UNSET,
    sort: str | Unset = UNSET,
) -> Response[JobListResponse | AnalyticsErrorResponse]:
    """Do the same as `asyncio`, with status, headers, and bytes of the response."""
    built = request(
        project_id=project_id,
        page=page,
        sort=sort,
    )
    return respond(client, await client.get_async_httpx_client().request(**built.arguments), _parse)


def sync(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    page: int | Unset = UNSET,
    sort: str | Unset = UNSET,
) -> JobListResponse | AnalyticsErrorResponse | None:
    """List the jobs of a project, page by page

    One page of jobs. There is no total and no `next` link: count `page` up from 0 until a page
    is empty. The page size is the server's; 100 was seen.

    Args:
        project_id: Id of the project (a UUID).
        page: Number of the page, from 0.
        sort: Field and direction. Known fields: `createdAt`, `name`, `id`, `mode`, `status`,
            `startedAt`, `finishedAt`.

    Endpoint: GET /projects/{project_id}/jobs.
    """
    return sync_detailed(
        project_id=project_id,
        client=client,
        page=page,
        sort=sort,
    ).parsed


async def asyncio(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    page: int | Unset = UNSET,
    sort: str | Unset = UNSET,
) -> JobListResponse | AnalyticsErrorResponse | None:
    """List the jobs of a project, page by page

    One page of jobs. There is no total and no `next` link: count `page` up from 0 until a page
    is empty. The page size is the server's; 100 was seen.

    Args:
        project_id: Id of the project (a UUID).
        page: Number of the page, from 0.
        sort: Field and direction. Known fields: `createdAt`, `name`, `id`, `mode`, `status`,
            `startedAt`, `finishedAt`.

    Endpoint: GET /projects/{project_id}/jobs.
    """
    return (
        await asyncio_detailed(
            project_id=project_id,
            client=client,
            page=page,
            sort=sort,
        )
    ).parsed
