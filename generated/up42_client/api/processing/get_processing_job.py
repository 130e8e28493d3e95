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
    from ...models.problem import Problem
    from ...models.processing_job import ProcessingJob


def request(
    job_id: str,
) -> Request[ProcessingJob]:
    """Read one processing job

    Definition, status, times, credits and results of one processing job.

    Args:
        job_id: Id of the processing job (a UUID).

    Endpoint: GET /v2/processing/jobs/{job_id}.
    """

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v2/processing/jobs/{job_id}".format(
            job_id=quote(str(job_id), safe="", errors="surrogatepass"),
        ),
    }
    return Request(_kwargs, read)


def read(response: httpx.Response) -> ProcessingJob:
    """Read the body of a successful response."""
    return _models.ProcessingJob.from_dict(json_object(response))


def _parse(response: httpx.Response) -> ProcessingJob | Problem:
    status = response.status_code
    if status == 200:
        return read(response)
    if status in (401, 403, 404, 429) or 500 <= status <= 599:
        return _models.Problem.from_dict(json_object(response))
    raise UnexpectedStatus(status, response.content)


def sync_detailed(
    job_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[ProcessingJob | Problem]:
    """Do the same as `sync`, with status, headers, and bytes of the response."""
    built = request(
        job_id=job_id,
    )
    return respond(client, client.get_httpx_client().request(**built.arguments), _parse)


async def asyncio_detailed(
    job_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[ProcessingJob | Problem]:
    """Do the same as `asyncio`, with status, headers, and bytes of the response."""
    built = request(
        job_id=job_id,
    )
    return respond(client, await client.get_async_httpx_client().request(**built.arguments), _parse)


def sync(
    job_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> ProcessingJob | Problem | None:
    """Read one processing job

    Definition, status, times, credits and results of one processing job.

    Args:
        job_id: Id of the processing job (a UUID).

    Endpoint: GET /v2/processing/jobs/{job_id}.
    """
    return sync_detailed(
        job_id=job_id,
        client=client,
    ).parsed


async def asyncio(
    job_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> ProcessingJob | Problem | None:
    """Read one processing job

    Definition, status, times, credits and results of one processing job.

    Args:
        job_id: Id of the processing job (a UUID).

    Endpoint: GET /v2/processing/jobs/{job_id}.
    """
    return (
        await asyncio_detailed(
            job_id=job_id,
            client=client,
        )
    ).parsed
