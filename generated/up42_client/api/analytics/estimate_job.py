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
    from ...models.job_estimate_request import JobEstimateRequest
    from ...models.job_estimate_response import JobEstimateResponse


def request(
    project_id: str,
    *,
    body: JobEstimateRequest,
) -> Request[JobEstimateResponse]:
    """Estimate what a job would cost

    Makes no job and costs nothing.

    Args:
        project_id: Id of the project (a UUID).
        body: Tasks and inputs to estimate.

    Endpoint: POST /projects/{project_id}/estimate/job.
    """
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/projects/{project_id}/estimate/job".format(
            project_id=quote(str(project_id), safe="", errors="surrogatepass"),
        ),
    }
    _kwargs["json"] = body.to_dict()
    headers["Content-Type"] = "application/json"
    _kwargs["headers"] = headers
    return Request(_kwargs, read)


def read(response: httpx.Response) -> JobEstimateResponse:
    """Read the body of a successful response."""
    return _models.JobEstimateResponse.from_dict(json_object(response))


def _parse(response: httpx.Response) -> JobEstimateResponse | AnalyticsErrorResponse:
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
    body: JobEstimateRequest,
) -> Response[JobEstimateResponse | AnalyticsErrorResponse]:
    """Do the same as `sync`, with status, headers, and bytes of the response."""
    built = request(
        project_id=project_id,
        body=body,
    )
    return respond(client, client.get_httpx_client().request(**built.arguments), _parse)


async def asyncio_detailed(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: JobEstimateRequest,
) -> Response[JobEstimateResponse | AnalyticsErrorResponse]:
    """Do the same as `asyncio`, with status, headers, and bytes of the response."""
    built = request(
        project_id=project_id,
        body=body,
    )
    return respond(client, await client.get_async_httpx_client().request(**built.arguments), _parse)


def sync(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: JobEstimateRequest,
) -> JobEstimateResponse | AnalyticsErrorResponse | None:
    """Estimate what a job would cost

    Makes no job and costs nothing.

    Args:
        project_id: Id of the project (a UUID).
        body: Tasks and inputs to estimate.

    Endpoint: POST /projects/{project_id}/estimate/job.
    """
    return sync_detailed(
        project_id=project_id,
        client=client,
        body=body,
    ).parsed


async def asyncio(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: JobEstimateRequest,
) -> JobEstimateResponse | AnalyticsErrorResponse | None:
    """Estimate what a job would cost

    Makes no job and costs nothing.

    Args:
        project_id: Id of the project (a UUID).
        body: Tasks and inputs to estimate.

    Endpoint: POST /projects/{project_id}/estimate/job.
    """
    return (
        await asyncio_detailed(
            project_id=project_id,
            client=client,
            body=body,
        )
    ).parsed
