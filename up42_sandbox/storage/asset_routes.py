"""Endpoints below `/v2/assets` other than STAC: signed URLs, and metadata of deliveries."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from starlette.responses import RedirectResponse, Response

from up42_sandbox.core.problems import ApiError
from up42_sandbox.core.routing import Call, Route, reply
from up42_sandbox.core.values import stamp
from up42_sandbox.stac.records import StoredFile, StoredItem

DEFAULT_PAGE_SIZE = 20


def _file(call: Call) -> tuple[StoredItem, StoredFile]:
    asset_id = call.params["asset_id"]
    found = call.world.storage_catalog.file(asset_id)
    if found is None:
        raise ApiError(404, f"There is no asset {asset_id}.")
    return found


def _signed_url(call: Call) -> str:
    _, file = _file(call)
    storage, name = call.world.storage, f"assets/{file.id}"
    if file.product.url_form != "disposition":
        name += f"/{file.product.name}"
    storage.offer(name, file.build, content=file.content)
    return storage.sign(name, filename=_proposed_name(file))


def _proposed_name(file: StoredFile) -> str | None:
    """Return the file name in `Content-Disposition`, if there is one."""
    product = file.product
    if product.url_form == "path":
        return None
    if product.url_form == "disposition":
        return f'"{product.name}"'
    # The real service sometimes quotes the name, and never includes the suffix.
    stem = PurePosixPath(product.name).stem
    return f'"{stem}"' if int(file.id[0], 16) % 2 else stem


def download_url(call: Call) -> Response:
    """Return a signed URL of a file."""
    return reply({"url": _signed_url(call)})


def redirect_to_file(call: Call) -> Response:
    """Redirect to the file."""
    return RedirectResponse(_signed_url(call), status_code=302)


def _metadata(item: StoredItem) -> dict[str, Any]:
    properties = item.properties
    return {
        "id": item.asset_id,
        "accountId": properties["up42-system:account_id"],
        "workspaceId": properties.get("up42-system:workspace_id"),
        "createdAt": stamp(item.moment),
        "updatedAt": stamp(item.moment),
        "title": properties["up42-user:title"],
        "tags": properties["up42-user:tags"],
        "source": properties["up42-system:source"],
        "productId": properties["up42-product:product_id"],
        "collectionName": item.product_collection,
        "orderId": properties.get("up42-order:id"),
    }


def metadata(call: Call) -> Response:
    """Return the metadata of a delivery."""
    item, _ = _file(call)
    return reply(_metadata(item))


def _page_number(call: Call, name: str, default: int, least: int) -> int:
    text = call.one(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= least):
        raise ApiError(400, f"{name} must be an integer from {least}, got {text!r}.")
    return int(text)


def list_assets(call: Call) -> Response:
    """List deliveries in pages counted from 0."""
    page = _page_number(call, "page", 0, 0)
    size = _page_number(call, "size", DEFAULT_PAGE_SIZE, 1)
    items = list(call.world.storage_catalog.items())
    chosen = items[page * size : (page + 1) * size]
    return reply(
        {
            "content": [_metadata(item) for item in chosen],
            "totalPages": -(-len(items) // size),
            "totalElements": len(items),
            "number": page,
            "size": size,
        }
    )


ROUTES = (
    Route("GET", "/v2/assets", list_assets),
    Route("GET", "/v2/assets/{asset_id}", redirect_to_file),
    Route("GET", "/v2/assets/{asset_id}/metadata", metadata),
    Route("POST", "/v2/assets/{asset_id}/download-url", download_url),
)
