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
    from ...models.download_url import DownloadUrl
    from ...models.problem import Problem


def request(
    asset_id: str,
) -> Request[DownloadUrl]:
    """Sign a download address

    Makes a signed storage address for one asset. It works without a token, must not be sent
    one, and lasts for seconds to minutes: ask for it right before use. The request has no body.
    Asking twice is safe.

    Args:
        asset_id: Id of the asset (a UUID); the last part of a STAC asset's address.

    Endpoint: POST /v2/assets/{asset_id}/download-url.
    """

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v2/assets/{asset_id}/download-url".format(
            asset_id=quote(str(asset_id), safe="", errors="surrogatepass"),
        ),
    }
    return Request(_kwargs, read)


def read(response: httpx.Response) -> DownloadUrl:
    """Read the body of a successful response."""
    return _models.DownloadUrl.from_dict(json_object(response))


def _parse(response: httpx.Response) -> DownloadUrl | Problem:
    status = response.status_code
    if status == 200:
        return read(response)
    if status in (401, 403, 404, 429) or 500 <= status <= 599:
        return _models.Problem.from_dict(json_object(response))
    raise UnexpectedStatus(status, response.content)


def sync_detailed(
    asset_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[DownloadUrl | Problem]:
    """Do the same as `sync`, with status, headers, and bytes of the response."""
    built = request(
        asset_id=asset_id,
    )
    return respond(client, client.get_httpx_client().request(**built.arguments), _parse)


async def asyncio_detailed(
    asset_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[DownloadUrl | Problem]:
    """Do the same as `asyncio`, with status, headers, and bytes of the response."""
    built = request(
        asset_id=asset_id,
    )
    return respond(client, await client.get_async_httpx_client().request(**built.arguments), _parse)


def sync(
    asset_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> DownloadUrl | Problem | None:
    """Sign a download address

    Makes a signed storage address for one asset. It works without a token, must not be sent
    one, and lasts for seconds to minutes: ask for it right before use. The request has no body.
    Asking twice is safe.

    Args:
        asset_id: Id of the asset (a UUID); the last part of a STAC asset's address.

    Endpoint: POST /v2/assets/{asset_id}/download-url.
    """
    return sync_detailed(
        asset_id=asset_id,
        client=client,
    ).parsed


async def asyncio(
    asset_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> DownloadUrl | Problem | None:
    """Sign a download address

    Makes a signed storage address for one asset. It works without a token, must not be sent
    one, and lasts for seconds to minutes: ask for it right before use. The request has no body.
    Asking twice is safe.

    Args:
        asset_id: Id of the asset (a UUID); the last part of a STAC asset's address.

    Endpoint: POST /v2/assets/{asset_id}/download-url.
    """
    return (
        await asyncio_detailed(
            asset_id=asset_id,
            client=client,
        )
    ).parsed
