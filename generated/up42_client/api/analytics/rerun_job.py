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
    from ...models.job_response import JobResponse


def request(
    project_id: str,
    workflow_id: str,
    job_id: str,
    *,
    name: str | Unset = UNSET,
) -> Request[JobResponse]:
    """Run a job again as a new job

    Copies the inputs of a job into a new one and runs it. NOT idempotent: sent twice, it runs
    and charges two jobs. Left out, the name is the old one with `Rerun ` before it. The request
    has no body.

    Args:
        project_id: Id of the project (a UUID).
        workflow_id: Id of the workflow (a UUID).
        job_id: Id of the analytics job (a UUID).
        name: Name of the new job.

    Endpoint: POST /projects/{project_id}/workflows/{workflow_id}/jobs/{job_id}.
    """

    params: dict[str, Any] = {}

    params["name"] = name

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/projects/{project_id}/workflows/{workflow_id}/jobs/{job_id}".format(
            project_id=quote(str(project_id), safe="", errors="surrogatepass"),
            workflow_id=quote(str(workflow_id), safe="", errors="surrogatepass"),
            job_id=quote(str(job_id), safe="", errors="surrogatepass"),
        ),
        "params": params,
    }
    return Request(_kwargs, read)


def read(response: httpx.Response) -> JobResponse:
    """Read the body of a successful response."""
    return _models.JobResponse.from_dict(json_object(response))


def _parse(response: httpx.Response) -> JobResponse | AnalyticsErrorResponse:
    status = response.status_code
    if status == 200:
        return read(response)
    if status in (400, 401, 403, 404, 429) or 500 <= status <= 599:
        return _models.AnalyticsErrorResponse.from_dict(json_object(response))
    raise UnexpectedStatus(status, response.content)


def sync_detailed(
    project_id: str,
    workflow_id: str,
    job_id: str,
    *,
    client: AuthenticatedClient | Client,
    name: str | Unset = UNSET,
) -> Response[JobResponse | AnalyticsErrorResponse]:
    """Do the same as `sync`, with status, headers, and bytes of the response."""
    built = request(
        project_id=project_id,
        workflow_id=workflow_id,
        job_id=job_id,
        name=name,
    )
    return respond(client, client.get_httpx_client().request(**built.arguments), _parse)


async def asyncio_detailed(
    project_id: str,
    workflow_id: str,
    job_id: str,
    *,
    client: AuthenticatedClient | Client,
    name: str | Unset = UNSET,
) -> Response[JobResponse | AnalyticsErrorResponse]:
    """Do the same as `asyncio`, with status, headers, and bytes of the response."""
    built = request(
        project_id=project_id,
        workflow_id=workflow_id,
        job_id=job_id,
        name=name,
    )
    return respond(client, await client.get_async_httpx_client().request(**built.arguments), _parse)


def sync(
    project_id: str,
    workflow_id: str,
    job_id: str,
    *,
    client: AuthenticatedClient | Client,
    name: str | Unset = UNSET,
) -> JobResponse | AnalyticsErrorResponse | None:
    """Run a job again as a new job

    Copies the inputs of a job into a new one and runs it. NOT idempotent: sent twice, it runs
    and charges two jobs. Left out, the name is the old one with `Rerun ` before it. The request
    has no body.

    Args:
        project_id: Id of the project (a UUID).
        workflow_id: Id of the workflow (a UUID).
        job_id: Id of the analytics job (a UUID).
        name: Name of the new job.

    Endpoint: POST /projects/{project_id}/workflows/{workflow_id}/jobs/{job_id}.
    """
    return sync_detailed(
        project_id=project_id,
        workflow_id=workflow_id,
        job_id=job_id,
        client=client,
        name=name,
    ).parsed


async def asyncio(
    project_id: str,
    workflow_id: str,
    job_id: str,
    *,
    client: AuthenticatedClient | Client,
    name: str | Unset = UNSET,
) -> JobResponse | AnalyticsErrorResponse | None:
    """Run a job again as a new job

    Copies the inputs of a job into a new one and runs it. NOT idempotent: sent twice, it runs
    and charges two jobs. Left out, the name is the old one with `Rerun ` before it. The request
    has no body.

    Args:
        project_id: Id of the project (a UUID).
        workflow_id: Id of the workflow (a UUID).
        job_id: Id of the analytics job (a UUID).
        name: Name of the new job.

    Endpoint: POST /projects/{project_id}/workflows/{workflow_id}/jobs/{job_id}.
    """
    return (
        await asyncio_detailed(
            project_id=project_id,
            workflow_id=workflow_id,
            job_id=job_id,
            client=client,
            name=name,
        )
    ).parsed
