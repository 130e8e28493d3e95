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
    from ...models.execute_request import ExecuteRequest
    from ...models.problem import Problem
    from ...models.schema_problem import SchemaProblem
    from ...models.validation_problem import ValidationProblem


def request(
    process_id: str,
    *,
    body: ExecuteRequest,
) -> Request[None]:
    """Check inputs without running anything

    Checks the inputs first against the schema of the process (400), then against the data they
    point at (422). Makes no job and costs nothing.

    Args:
        process_id: Id of the process, a readable name. The set is open.
        body: The inputs of a process.

    Endpoint: POST /v2/processing/processes/{process_id}/validation.
    """
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v2/processing/processes/{process_id}/validation".format(
            process_id=quote(str(process_id), safe="", errors="surrogatepass"),
        ),
    }
    _kwargs["json"] = body.to_dict()
    headers["Content-Type"] = "application/json"
    _kwargs["headers"] = headers
    return Request(_kwargs, read)


def read(response: httpx.Response) -> None:
    """Read the body of a successful response."""
    return


def _parse(response: httpx.Response) -> None | SchemaProblem | Problem | ValidationProblem:
    status = response.status_code
    if status == 200:
        return None
    if status == 400:
        return _models.SchemaProblem.from_dict(json_object(response))
    if status in (401, 404, 429) or 500 <= status <= 599:
        return _models.Problem.from_dict(json_object(response))
    if status == 422:
        return _models.ValidationProblem.from_dict(json_object(response))
    raise UnexpectedStatus(status, response.content)


def sync_detailed(
    process_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: ExecuteRequest,
) -> Response[None | SchemaProblem | Problem | ValidationProblem]:
    """Do the same as `sync`, with status, headers, and bytes of the response."""
    built = request(
        process_id=process_id,
        body=body,
    )
    return respond(client, client.get_httpx_client().request(**built.arguments), _parse)


async def asyncio_detailed(
    process_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: ExecuteRequest,
) -> Response[None | SchemaProblem | Problem | ValidationProblem]:
    """Do the same as `asyncio`, with status, headers, and bytes of the response."""
    built = request(
        process_id=process_id,
        body=body,
    )
    return respond(client, await client.get_async_httpx_client().request(**built.arguments), _parse)


def sync(
    process_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: ExecuteRequest,
) -> None | SchemaProblem | Problem | ValidationProblem:
    """Check inputs without running anything

    Checks the inputs first against the schema of the process (400), then against the data they
    point at (422). Makes no job and costs nothing.

    Args:
        process_id: Id of the process, a readable name. The set is open.
        body: The inputs of a process.

    Endpoint: POST /v2/processing/processes/{process_id}/validation.
    """
    return sync_detailed(
        process_id=process_id,
        client=client,
        body=body,
    ).parsed


async def asyncio(
    process_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: ExecuteRequest,
) -> None | SchemaProblem | Problem | ValidationProblem:
    """Check inputs without running anything

    Checks the inputs first against the schema of the process (400), then against the data they
    point at (422). Makes no job and costs nothing.

    Args:
        process_id: Id of the process, a readable name. The set is open.
        body: The inputs of a process.

    Endpoint: POST /v2/processing/processes/{process_id}/validation.
    """
    return (
        await asyncio_detailed(
            process_id=process_id,
            client=client,
            body=body,
        )
    ).parsed
