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
    from ...models.execute_request import ExecuteRequest
    from ...models.problem import Problem
    from ...models.processing_job import ProcessingJob
    from ...models.schema_problem import SchemaProblem
    from ...models.validation_problem import ValidationProblem


def request(
    process_id: str,
    *,
    body: ExecuteRequest,
    workspace_id: str,
    budget_id: str | Unset = UNSET,
) -> Request[ProcessingJob]:
    """Create a job and run it

    Creates a processing job, which runs by itself from then on. NOT idempotent: sent twice, it
    makes and charges two jobs, and no idempotency key is known. Credits are held once the job
    is accepted and deducted after success. A missing licence agreement or a low balance usually
    shows later, as job status `unlicensed` or `rejected`.

    Args:
        process_id: Id of the process, a readable name. The set is open.
        workspace_id: Workspace that owns the job (a UUID).
        budget_id: Budget that pays for the job (a UUID). Left out, no budget is used.
        body: The inputs of a process.

    Endpoint: POST /v2/processing/processes/{process_id}/execution.
    """
    headers: dict[str, Any] = {}

    params: dict[str, Any] = {}

    params["workspaceId"] = workspace_id

    params["budgetId"] = budget_id

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v2/processing/processes/{process_id}/execution".format(
            process_id=quote(str(process_id), safe="", errors="surrogatepass"),
        ),
        "params": params,
    }
    _kwargs["json"] = body.to_dict()
    headers["Content-Type"] = "application/json"
    _kwargs["headers"] = headers
    return Request(_kwargs, read)


def read(response: httpx.Response) -> ProcessingJob:
    """Read the body of a successful response."""
    return _models.ProcessingJob.from_dict(json_object(response))


def _parse(response: httpx.Response) -> ProcessingJob | SchemaProblem | Problem | ValidationProblem:
    status = response.status_code
    if status in (200, 201):
        return read(response)
    if status == 400:
        content = response.json()
        if isinstance(content, dict) and content.keys() >= {"title", "status", "schema-error"}:
            return _models.SchemaProblem.from_dict(content)
        if isinstance(content, dict):
            return _models.Problem.from_dict(content)
        raise TypeError(
            f"{type(content).__name__} instead of a body that matches the OpenAPI document"
        )
    if status in (401, 402, 403, 404, 429) or 500 <= status <= 599:
        return _models.Problem.from_dict(json_object(response))
    if status == 422:
        return _models.ValidationProblem.from_dict(json_object(response))
    raise UnexpectedStatus(status, response.content)


def sync_detailed(
    process_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: ExecuteRequest,
    workspace_id: str,
    budget_id: str | Unset = UNSET,
) -> Response[ProcessingJob | SchemaProblem | Problem | ValidationProblem]:
    """Do the same as `sync`, with status, headers, and bytes of the response."""
    built = request(
        process_id=process_id,
        body=body,
        workspace_id=workspace_id,
        budget_id=budget_id,
    )
    return respond(client, client.get_httpx_client().request(**built.arguments), _parse)


async def asyncio_detailed(
    process_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: ExecuteRequest,
    workspace_id: str,
    budget_id: str | Unset = UNSET,
) -> Response[ProcessingJob | SchemaProblem | Problem | ValidationProblem]:
    """Do the same as `asyncio`, with status, headers, and bytes of the response."""
    built = request(
        process_id=process_id,
        body=body,
        workspace_id=workspace_id,
        budget_id=budget_id,
    )
    return respond(client, await client.get_async_httpx_client().request(**built.arguments), _parse)


def sync(
    process_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: ExecuteRequest,
    workspace_id: str,
    budget_id: str | Unset = UNSET,
) -> ProcessingJob | SchemaProblem | Problem | ValidationProblem | None:
    """Create a job and run it

    Creates a processing job, which runs by itself from then on. NOT idempotent: sent twice, it
    makes and charges two jobs, and no idempotency key is known. Credits are held once the job
    is accepted and deducted after success. A missing licence agreement or a low balance usually
    shows later, as job status `unlicensed` or `rejected`.

    Args:
        process_id: Id of the process, a readable name. The set is open.
        workspace_id: Workspace that owns the job (a UUID).
        budget_id: Budget that pays for the job (a UUID). Left out, no budget is used.
        body: The inputs of a process.

    Endpoint: POST /v2/processing/processes/{process_id}/execution.
    """
    return sync_detailed(
        process_id=process_id,
        client=client,
        body=body,
        workspace_id=workspace_id,
        budget_id=budget_id,
    ).parsed


async def asyncio(
    process_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: ExecuteRequest,
    workspace_id: str,
    budget_id: str | Unset = UNSET,
) -> ProcessingJob | SchemaProblem | Problem | ValidationProblem | None:
    """Create a job and run it

    Creates a processing job, which runs by itself from then on. NOT idempotent: sent twice, it
    makes and charges two jobs, and no idempotency key is known. Credits are held once the job
    is accepted and deducted after success. A missing licence agreement or a low balance usually
    shows later, as job status `unlicensed` or `rejected`.

    Args:
        process_id: Id of the process, a readable name. The set is open.
        workspace_id: Workspace that owns the job (a UUID).
        budget_id: Budget that pays for the job (a UUID). Left out, no budget is used.
        body: The inputs of a process.

    Endpoint: POST /v2/processing/processes/{process_id}/execution.
    """
    return (
        await asyncio_detailed(
            process_id=process_id,
            client=client,
            body=body,
            workspace_id=workspace_id,
            budget_id=budget_id,
        )
    ).parsed
