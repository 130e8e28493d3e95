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
    from ...models.eula import Eula
    from ...models.problem import Problem


def request(
    eula_id: str,
) -> Request[Eula]:
    """Read one licence agreement

    An end-user licence agreement, its current document, and whether the account has accepted
    it. A new document resets the acceptance.

    Args:
        eula_id: Id of the licence agreement (a UUID).

    Endpoint: GET /v2/eulas/{eula_id}.
    """

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v2/eulas/{eula_id}".format(
            eula_id=quote(str(eula_id), safe="", errors="surrogatepass"),
        ),
    }
    return Request(_kwargs, read)


def read(response: httpx.Response) -> Eula:
    """Read the body of a successful response."""
    return _models.Eula.from_dict(json_object(response))


def _parse(response: httpx.Response) -> Eula | Problem:
    status = response.status_code
    if status == 200:
        return read(response)
    if status in (401, 404, 429) or 500 <= status <= 599:
        return _models.Problem.from_dict(json_object(response))
    raise UnexpectedStatus(status, response.content)


def sync_detailed(
    eula_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[Eula | Problem]:
    """Do the same as `sync`, with status, headers, and bytes of the response."""
    built = request(
        eula_id=eula_id,
    )
    return respond(client, client.get_httpx_client().request(**built.arguments), _parse)


async def asyncio_detailed(
    eula_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[Eula | Problem]:
    """Do the same as `asyncio`, with status, headers, and bytes of the response."""
    built = request(
        eula_id=eula_id,
    )
    return respond(client, await client.get_async_httpx_client().request(**built.arguments), _parse)


def sync(
    eula_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> Eula | Problem | None:
    """Read one licence agreement

    An end-user licence agreement, its current document, and whether the account has accepted
    it. A new document resets the acceptance.

    Args:
        eula_id: Id of the licence agreement (a UUID).

    Endpoint: GET /v2/eulas/{eula_id}.
    """
    return sync_detailed(
        eula_id=eula_id,
        client=client,
    ).parsed


async def asyncio(
    eula_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> Eula | Problem | None:
    """Read one licence agreement

    An end-user licence agreement, its current document, and whether the account has accepted
    it. A new document resets the acceptance.

    Args:
        eula_id: Id of the licence agreement (a UUID).

    Endpoint: GET /v2/eulas/{eula_id}.
    """
    return (
        await asyncio_detailed(
            eula_id=eula_id,
            client=client,
        )
    ).parsed
