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
    from ...models.result_feature_collection import ResultFeatureCollection


def request(
    project_id: str,
    job_id: str,
) -> Request[ResultFeatureCollection]:
    """Read the results of a job as GeoJSON

    The features that the last task of the job has made. This body has no envelope.

    Args:
        project_id: Id of the project (a UUID).
        job_id: Id of the analytics job (a UUID).

    Endpoint: GET /projects/{project_id}/jobs/{job_id}/outputs/data-json.
    """

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/projects/{project_id}/jobs/{job_id}/outputs/data-json".format(
            project_id=quote(str(project_id), safe="", errors="surrogatepass"),
            job_id=quote(str(job_id), safe="", errors="surrogatepass"),
        ),
    }
    return Request(_kwargs, read)


def read(response: httpx.Response) -> ResultFeatureCollection:
    """Read the body of a successful response."""
    return json_object(response)


def _parse(response: httpx.Response) -> ResultFeatureCollection | AnalyticsErrorResponse:
    status = response.status_code
    if status == 200:
        return read(response)
    if status in (400, 401, 404, 429) or 500 <= status <= 599:
        return _models.AnalyticsErrorResponse.from_dict(json_object(response))
    raise UnexpectedStatus(status, response.content)


def sync_detailed(
    project_id: str,
    job_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[ResultFeatureCollection | AnalyticsErrorResponse]:
    """Do the same as `sync`, with status, headers, and bytes of the response."""
    built = request(
        project_id=project_id,
        job_id=job_id,
    )
    return respond(client, client.get_httpx_client().request(**built.arguments), _parse)


async def asyncio_detailed(
    project_id: str,
    job_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[ResultFeatureCollection | AnalyticsErrorResponse]:
    """Do the same as `asyncio`, with status, headers, and bytes of the response."""
    built = request(
        project_id=project_id,
        job_id=job_id,
    )
    return respond(client, await client.get_async_httpx_client().request(**built.arguments), _parse)


def sync(
    project_id: str,
    job_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> ResultFeatureCollection | AnalyticsErrorResponse | None:
    """Read the results of a job as GeoJSON

    The features that the last task of the job has made. This body has no envelope.

    Args:
        project_id: Id of the project (a UUID).
        job_id: Id of the analytics job (a UUID).

    Endpoint: GET /projects/{project_id}/jobs/{job_id}/outputs/data-json.
    """
    return sync_detailed(
        project_id=project_id,
        job_id=job_id,
        client=client,
    ).parsed


async def asyncio(
    project_id: str,
    job_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> ResultFeatureCollection | AnalyticsErrorResponse | None:
    """Read the results of a job as GeoJSON

    The features that the last task of the job has made. This body has no envelope.

    Args:
        project_id: Id of the project (a UUID).
        job_id: Id of the analytics job (a UUID).

    Endpoint: GET /projects/{project_id}/jobs/{job_id}/outputs/data-json.
    """
    return (
        await asyncio_detailed(
            project_id=project_id,
            job_id=job_id,
            client=client,
        )
    ).parsed
