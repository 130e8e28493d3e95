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
    from ...models.analytics_media_type_error import AnalyticsMediaTypeError
    from ...models.job_inputs import JobInputs
    from ...models.job_response import JobResponse


def request(
    project_id: str,
    workflow_id: str,
    *,
    body: JobInputs,
    name: str | Unset = UNSET,
) -> Request[JobResponse]:
    """Create a job of a workflow and run it

    The body maps every task of the workflow to its parameters. NOT idempotent: sent twice, it
    runs and charges two jobs. With `config` set to mode `DRY_RUN` it is a free test query.
    Answers 200, not 201.

    Args:
        project_id: Id of the project (a UUID).
        workflow_id: Id of the workflow (a UUID).
        name: Name of the new job.
        body: Parameters by task name, as the workflow names its tasks.

    Endpoint: POST /projects/{project_id}/workflows/{workflow_id}/jobs.
    """
    headers: dict[str, Any] = {}

    params: dict[str, Any] = {}

    params["name"] = name

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/projects/{project_id}/workflows/{workflow_id}/jobs".format(
            project_id=quote(str(project_id), safe="", errors="surrogatepass"),
            workflow_id=quote(str(workflow_id), safe="", errors="surrogatepass"),
        ),
        "params": params,
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
    if status in (400, 401, 403, 404, 429) or 500 <= status <= 599:
        return _models.AnalyticsErrorResponse.from_dict(json_object(response))
    if status == 415:
        return _models.AnalyticsMediaTypeError.from_dict(json_object(response))
    raise UnexpectedStatus(status, response.content)


def sync_detailed(
    project_id: str,
    workflow_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: JobInputs,
    name: str | Unset = UNSET,
) -> Response[JobResponse | AnalyticsErrorResponse | AnalyticsMediaTypeError]:
    """Do the same as `sync`, with status, headers, and bytes of the response."""
    built = request(
        project_id=project_id,
        workflow_id=workflow_id,
        body=body,
        name=name,
    )
    return respond(client, client.get_httpx_client().request(**built.arguments), _parse)


async def asyncio_detailed(
    project_id: str,
    workflow_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: JobInputs,
    name: str | Unset = UNSET,
) -> Response[JobResponse | AnalyticsErrorResponse | AnalyticsMediaTypeError]:
    """Do the same as `asyncio`, with status, headers, and bytes of the response."""
    built = request(
        project_id=project_id,
        workflow_id=workflow_id,
        body=body,
        name=name,
    )
    return respond(client, await client.get_async_httpx_client().request(**built.arguments), _parse)


def sync(
    project_id: str,
    workflow_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: JobInputs,
    name: str | Unset = UNSET,
) -> JobResponse | AnalyticsErrorResponse | AnalyticsMediaTypeError | None:
    """Create a job of a workflow and run it

    The body maps every task of the workflow to its parameters. NOT idempotent: sent twice, it
    runs and charges two jobs. With `config` set to mode `DRY_RUN` it is a free test query.
    Answers 200, not 201.

    Args:
        project_id: Id of the project (a UUID).
        workflow_id: Id of the workflow (a UUID).
        name: Name of the new job.
        body: Parameters by task name, as the workflow names its tasks.

    Endpoint: POST /projects/{project_id}/workflows/{workflow_id}/jobs.
    """
    return sync_detailed(
        project_id=project_id,
        workflow_id=workflow_id,
        client=client,
        body=body,
        name=name,
    ).parsed


async def asyncio(
    project_id: str,
    workflow_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: JobInputs,
    name: str | Unset = UNSET,
) -> JobResponse | AnalyticsErrorResponse | AnalyticsMediaTypeError | None:
    """Create a job of a workflow and run it

    The body maps every task of the workflow to its parameters. NOT idempotent: sent twice, it
    runs and charges two jobs. With `config` set to mode `DRY_RUN` it is a free test query.
    Answers 200, not 201.

    Args:
        project_id: Id of the project (a UUID).
        workflow_id: Id of the workflow (a UUID).
        name: Name of the new job.
        body: Parameters by task name, as the workflow names its tasks.

    Endpoint: POST /projects/{project_id}/workflows/{workflow_id}/jobs.
    """
    return (
        await asyncio_detailed(
            project_id=project_id,
            workflow_id=workflow_id,
            client=client,
            body=body,
            name=name,
        )
    ).parsed
