"""Endpoints under `/v2/assets/stac`."""

from __future__ import annotations

import re
from typing import Any

from starlette.responses import Response

from up42_sandbox.core.problems import ApiError
from up42_sandbox.core.routing import Call, Route, reply
from up42_sandbox.stac.cql2 import QUERYABLES, bad_filter
from up42_sandbox.stac.records import StoredItem
from up42_sandbox.stac.render import (
    GEO_JSON,
    STAC,
    collection_document,
    item_document,
    link,
)
from up42_sandbox.stac.search import SEARCH_MEMBERS, find, page_limit, page_start

_API = "https://api.stacspec.org/v1.0.0-rc.1"
CONFORMANCE = (
    f"{_API}/core",
    f"{_API}/collections",
    f"{_API}/ogcapi-features",
    f"{_API}/item-search",
    f"{_API}/item-search#filter",
    f"{_API}/item-search#sort",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-json",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-cql2",
)


def landing_page(call: Call) -> Response:
    """Return the root catalog."""
    base = call.base_url
    return reply(
        {
            "type": "Catalog",
            "stac_version": "1.0.0",
            "id": "up42-storage",
            "title": "UP42 Storage",
            "description": "Imagery and results in the account's storage.",
            "conformsTo": list(CONFORMANCE),
            "links": [
                link("self", f"{base}{STAC}"),
                link("root", f"{base}{STAC}"),
                link("data", f"{base}{STAC}/collections"),
                link("search", f"{base}{STAC}/search", GEO_JSON, method="POST"),
                link(
                    "http://www.opengis.net/def/rel/ogc/1.0/queryables",
                    f"{base}{STAC}/queryables",
                    "application/schema+json",
                ),
            ],
        }
    )


def queryables(call: Call) -> Response:
    """Return the properties that filters can use."""
    types: dict[str, dict[str, Any]] = {
        "eo:cloud_cover": {"type": "number"},
        "cloud_cover": {"type": "number", "deprecated": True},
        "gsd": {"type": "number"},
        "datetime": {"type": "string", "format": "date-time"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "geometry": {"$ref": "https://geojson.org/schema/Geometry.json"},
    }
    return reply(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"{call.base_url}{STAC}/queryables",
            "type": "object",
            "title": "Queryables of UP42 Storage",
            "properties": {name: types.get(name, {"type": "string"}) for name in QUERYABLES},
            "additionalProperties": False,
        },
        media_type="application/schema+json",
    )


def _query_limit(call: Call) -> int:
    text = call.one("limit")
    if text is None:
        return page_limit(None)
    return page_limit(int(text) if re.fullmatch(r"[+-]?[0-9]{1,18}", text) else text)


def _page_links(
    call: Call, path: str, ids: list[str], start: int, limit: int
) -> list[dict[str, Any]]:
    url = f"{call.base_url}{path}"
    links = [link("self", url), link("root", f"{call.base_url}{STAC}")]
    if start + limit < len(ids):
        token = f"next:{ids[start + limit - 1]}"
        links.append(link("next", f"{url}?limit={limit}&token={token}", method="GET"))
    if start > 0:
        links.append(link("prev", f"{url}?limit={limit}&token=prev:{ids[start]}", method="GET"))
    return links


def list_collections(call: Call) -> Response:
    """List collections in pages."""
    limit = _query_limit(call)
    workspace = call.one("workspace_id")
    if workspace == "":
        raise bad_filter("workspace_id is empty")
    items = [
        item
        for item in call.world.storage_catalog.items()
        if workspace in (None, item.extension.get("up42-system:workspace_id"))
    ]
    ids = [item.collection_id for item in items]
    start = page_start(ids, call.one("token"), limit)
    page = items[start : start + limit]
    documents = [collection_document(item, call.base_url) for item in page]
    links = _page_links(call, f"{STAC}/collections", ids, start, limit)
    return reply({"collections": documents, "links": links})


def _collection(call: Call) -> StoredItem:
    collection_id = call.params["collection_id"]
    item = call.world.storage_catalog.collection(collection_id)
    if item is None:
        raise ApiError(404, f"There is no collection {collection_id}.")
    return item


def get_collection(call: Call) -> Response:
    """Return one collection."""
    return reply(collection_document(_collection(call), call.base_url))


def list_items(call: Call) -> Response:
    """List the items of a collection in pages."""
    item, limit = _collection(call), _query_limit(call)
    start = page_start([item.id], call.one("token"), limit)
    path = f"{STAC}/collections/{item.collection_id}/items"
    return _features(call, [item][start:], _page_links(call, path, [item.id], start, limit))


def get_item(call: Call) -> Response:
    """Return one item."""
    item = _collection(call)
    if item.id != call.params["item_id"]:
        raise ApiError(404, f"There is no item {call.params['item_id']} in this collection.")
    return reply(item_document(item, call.base_url))


def search(call: Call) -> Response:
    """Search all items."""
    body = call.json()
    if not isinstance(body, dict):
        raise bad_filter("the body is an object")
    if empty := sorted(name for name in SEARCH_MEMBERS if name in body and body[name] is None):
        raise bad_filter(f"{', '.join(empty)} must not be null")
    limit = page_limit(body.get("limit"))
    items = find(call.world.storage_catalog.items(), body)
    ids = [item.id for item in items]
    start = page_start(ids, body.get("token"), limit)
    url = f"{call.base_url}{STAC}/search"
    links = [link("root", f"{call.base_url}{STAC}")]
    if start + limit < len(items):
        next_body = {**body, "token": f"next:{ids[start + limit - 1]}"}
        links.append(link("next", url, GEO_JSON, method="POST", body=next_body))
    return _features(call, items[start : start + limit], links)


def _features(call: Call, items: list[StoredItem], links: list[dict[str, Any]]) -> Response:
    features = [item_document(item, call.base_url) for item in items]
    document = {"type": "FeatureCollection", "features": features, "links": links}
    return reply(document)


_COLLECTION = f"{STAC}/collections/{{collection_id}}"
_ITEM = f"{_COLLECTION}/items/{{item_id}}"

ROUTES = (
    Route("GET", STAC, landing_page),
    Route("GET", f"{STAC}/queryables", queryables),
    Route("GET", f"{STAC}/collections", list_collections),
    Route("GET", _COLLECTION, get_collection),
    Route("GET", f"{_COLLECTION}/items", list_items),
    Route("GET", _ITEM, get_item),
    Route("POST", f"{STAC}/search", search),
)
