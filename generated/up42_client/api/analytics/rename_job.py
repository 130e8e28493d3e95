from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import models as _models
from ...errors import UnexpectedStatus
from ...types import Request, Response
from .. import json_object, respond

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client
    from ...models.analytics_error_response import AnalyticsErrorResponse
    from ...models.analytics_media_type_error import AnalyticsMediaTypeError
    from ...models.job_rename import JobRename
    from ...models.job_response import JobResponse


def request(
    project_id: str,
    workflow_id: str,
    job_id: str,
    *,
    body: JobRename,
) -> Request[JobResponse]:
    """Give a job another name

    Works for running and finished jobs. Asking twice is safe.

    Args:
        project_id: Id of the project (a UUID).
        workflow_id: Id of the workflow (a UUID).
        job_id: Id of the analytics job (a UUID).
        body: The new name.

    Endpoint: PUT /projects/{project_id}/workflows/{workflow_id}/jobs/{job_id}.
    """
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "put",
        "url": "/projects/{project_id}/workflows/{workflow_id}/jobs/{job_id}".format(
            project_id=quote(str(project_id), safe="", errors="surrogatepass"),
            workflow_id=quote(str(workflow_id), safe="", errors="surrogatepass"),
            job_id=quote(str(job_id), safe="", errors="surrogatepass"),
        ),
    }
    _kwargs["json"] = body.to_dict()
    headers["Content-Type"] = "application/json"
    _kwargs["headers"] = headers
    return Request(_kwargs, read)


def read(response: httpx.Response) -> JobResponse:
    """Read the body of a successful response."""
    return _models.JobResponse.from_dict(json_object(response))


def _parse(
    response: httpx.Response,
) -> JobResponse | AnalyticsErrorResponse | AnalyticsMediaTypeError:
    status = response.status_code
    if status == 200:
        return read(response)
    if status in (400, 401, 404, 429) or 500 <= status <= 599:
        return _models.AnalyticsErrorResponse.from_dict(json_object(response))
    if status == 415:
        return _models.AnalyticsMediaTypeError.from_dict(json_object(response))
    raise UnexpectedStatus(status, response.content)


def sync_detailed(
    project_id: str,
    workflow_id: str,
    job_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: JobRename,
) -> Response[JobResponse | AnalyticsErrorResponse | AnalyticsMediaTypeError]:
    """Do the same as `sync`, with status, headers, and bytes of the response."""
    built = request(
        project_id=project_id,
        workflow_id=workflow_id,
        job_id=job_id,
        body=body,
    )
    return respond(client, client.get_httpx_client().request(**built.arguments), _parse)


async def asyncio_detailed(
    project_id: str,
    workflow_id: str,
    job_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: JobRename,
) -> Response[JobResponse | AnalyticsErrorResponse | AnalyticsMediaTypeError]:
    """Do the same as `asyncio`, with status, headers, and bytes of the response."""
    built = request(
        project_id=project_id,
        workflow_id=workflow_id,
        job_id=job_id,
        body=body,
    )
    return respond(client, await client.get_async_httpx_client().request(**built.arguments), _parse)


def sync(
    project_id: str,
    workflow_id: str,
    job_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: JobRename,
) -> JobResponse | AnalyticsErrorResponse | AnalyticsMediaTypeError | None:
    """Give a job another name

    Works for running and finished jobs. Asking twice is safe.

    Args:
        project_id: Id of the project (a UUID).
        workflow_id: Id of the workflow (a UUID).
        job_id: Id of the analytics job (a UUID).
        body: The new name.

    Endpoint: PUT /projects/{project_id}/workflows/{workflow_id}/jobs/{job_id}.
    """
    return sync_detailed(
        project_id=project_id,
        workflow_id=workflow_id,
        job_id=job_id,
        client=client,
        body=body,
    ).parsed


async def asyncio(
    project_id: str,
    workflow_id: str,
    job_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: JobRename,
) -> JobResponse | AnalyticsErrorResponse | AnalyticsMediaTypeError | None:
    """Give a job another name

    Works for running and finished jobs. Asking twice is safe.

    Args:
        project_id: Id of the project (a UUID).
        workflow_id: Id of the workflow (a UUID).
        job_id: Id of the analytics job (a UUID).
        body: The new name.

    Endpoint: PUT /projects/{project_id}/workflows/{workflow_id}/jobs/{job_id}.
    """
    return (
        await asyncio_detailed(
            project_id=project_id,
            workflow_id=workflow_id,
            job_id=job_id,
            client=client,
            body=body,
        )
    ).parsed
