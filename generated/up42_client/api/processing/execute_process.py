from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.execute_request import ExecuteRequest
from ...models.problem import Problem
from ...models.processing_job import ProcessingJob
from ...models.schema_problem import SchemaProblem
from ...models.validation_problem import ValidationProblem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    process_id: str,
    *,
    body: ExecuteRequest,
    workspace_id: str,
    budget_id: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    params: dict[str, Any] = {}

    params["workspaceId"] = workspace_id

    params["budgetId"] = budget_id

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v2/processing/processes/{process_id}/execution".format(
            process_id=quote(str(process_id), safe=""),
        ),
        "params": params,
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | SchemaProblem | ProcessingJob | ValidationProblem | None:
    if response.status_code == 200:
        response_200 = ProcessingJob.from_dict(response.json())

        return response_200

    if response.status_code == 201:
        response_201 = ProcessingJob.from_dict(response.json())

        return response_201

    if response.status_code == 400:

        def _parse_response_400(data: object) -> Problem | SchemaProblem:
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                response_400_type_0 = SchemaProblem.from_dict(data)

                return response_400_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            if not isinstance(data, dict):
                raise TypeError()
            response_400_type_1 = Problem.from_dict(data)

            return response_400_type_1

        response_400 = _parse_response_400(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 402:
        response_402 = Problem.from_dict(response.json())

        return response_402

    if response.status_code == 403:
        response_403 = Problem.from_dict(response.json())

        return response_403

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

    if response.status_code == 422:
        response_422 = ValidationProblem.from_dict(response.json())

        return response_422

    if response.status_code == 429:
        response_429 = Problem.from_dict(response.json())

        return response_429

    if 500 <= response.status_code <= 599:
        response_5xx = Problem.from_dict(response.json())

        return response_5xx

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _http_status(code: int) -> HTTPStatus:
    try:
        return HTTPStatus(code)
    except ValueError:
        unknown = int.__new__(HTTPStatus, code)
        vars(unknown).update(_name_=f"UNKNOWN_{code}", _value_=code, phrase="", description="")
        return unknown


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Problem | SchemaProblem | ProcessingJob | ValidationProblem]:
    try:
        parsed = _parse_response(client=client, response=response)
    except (ValueError, TypeError, KeyError, AttributeError):
        if response.is_success:
            raise
        parsed = None
    return Response(
        status_code=_http_status(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=parsed,
    )


def sync_detailed(
    process_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: ExecuteRequest,
    workspace_id: str,
    budget_id: str | Unset = UNSET,
) -> Response[Problem | SchemaProblem | ProcessingJob | ValidationProblem]:
    """Create a job and run it

     Creates a processing job, which runs by itself from then on. NOT idempotent: sent twice, it makes
    and charges two jobs, and no idempotency key is known. Credits are held once the job is accepted and
    deducted after success. A missing licence agreement or a low balance usually shows later, as job
    status `unlicensed` or `rejected`.

    Args:
        process_id (str):
        workspace_id (str):
        budget_id (str | Unset):
        body (ExecuteRequest): The inputs of a process.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Problem | SchemaProblem | ProcessingJob | ValidationProblem]
    """

    kwargs = _get_kwargs(
        process_id=process_id,
        body=body,
        workspace_id=workspace_id,
        budget_id=budget_id,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    process_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: ExecuteRequest,
    workspace_id: str,
    budget_id: str | Unset = UNSET,
) -> Problem | SchemaProblem | ProcessingJob | ValidationProblem | None:
    """Create a job and run it

     Creates a processing job, which runs by itself from then on. NOT idempotent: sent twice, it makes
    and charges two jobs, and no idempotency key is known. Credits are held once the job is accepted and
    deducted after success. A missing licence agreement or a low balance usually shows later, as job
    status `unlicensed` or `rejected`.

    Args:
        process_id (str):
        workspace_id (str):
        budget_id (str | Unset):
        body (ExecuteRequest): The inputs of a process.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Problem | SchemaProblem | ProcessingJob | ValidationProblem
    """

    return sync_detailed(
        process_id=process_id,
        client=client,
        body=body,
        workspace_id=workspace_id,
        budget_id=budget_id,
    ).parsed


async def asyncio_detailed(
    process_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: ExecuteRequest,
    workspace_id: str,
    budget_id: str | Unset = UNSET,
) -> Response[Problem | SchemaProblem | ProcessingJob | ValidationProblem]:
    """Create a job and run it

     Creates a processing job, which runs by itself from then on. NOT idempotent: sent twice, it makes
    and charges two jobs, and no idempotency key is known. Credits are held once the job is accepted and
    deducted after success. A missing licence agreement or a low balance usually shows later, as job
    status `unlicensed` or `rejected`.

    Args:
        process_id (str):
        workspace_id (str):
        budget_id (str | Unset):
        body (ExecuteRequest): The inputs of a process.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Problem | SchemaProblem | ProcessingJob | ValidationProblem]
    """

    kwargs = _get_kwargs(
        process_id=process_id,
        body=body,
        workspace_id=workspace_id,
        budget_id=budget_id,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    process_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: ExecuteRequest,
    workspace_id: str,
    budget_id: str | Unset = UNSET,
) -> Problem | SchemaProblem | ProcessingJob | ValidationProblem | None:
    """Create a job and run it

     Creates a processing job, which runs by itself from then on. NOT idempotent: sent twice, it makes
    and charges two jobs, and no idempotency key is known. Credits are held once the job is accepted and
    deducted after success. A missing licence agreement or a low balance usually shows later, as job
    status `unlicensed` or `rejected`.

    Args:
        process_id (str):
        workspace_id (str):
        budget_id (str | Unset):
        body (ExecuteRequest): The inputs of a process.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Problem | SchemaProblem | ProcessingJob | ValidationProblem
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
