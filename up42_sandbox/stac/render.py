"""STAC documents of the stored collections and items."""

from __future__ import annotations

from typing import Any

from up42_sandbox.core.values import stamp
from up42_sandbox.scene.products import PNG
from up42_sandbox.stac.records import StoredFile, StoredItem
from up42_sandbox.stac.samples import STAC_EXTENSIONS

STAC = "/v2/assets/stac"
JSON = "application/json"
GEO_JSON = "application/geo+json"


def link(rel: str, href: str, media_type: str = JSON, **extra: Any) -> dict[str, Any]:
    """Return a STAC link."""
    return {"rel": rel, "href": href, "type": media_type, **extra}


def _navigation(base_url: str, path: str, parent: str, media_type: str) -> list[dict[str, Any]]:
    return [
        link("self", f"{base_url}{path}", media_type),
        link("parent", f"{base_url}{parent}"),
        link("root", f"{base_url}{STAC}"),
    ]


def item_document(item: StoredItem, base_url: str) -> dict[str, Any]:
    """Return an item's JSON form with links to `base_url`."""
    collection = f"{STAC}/collections/{item.collection_id}"
    path = f"{collection}/items/{item.id}"
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": list(STAC_EXTENSIONS),
        "id": item.id,
        "collection": item.collection_id,
        "geometry": item.geometry,
        "bbox": item.bbox,
        "properties": dict(item.properties),
        "links": [
            *_navigation(base_url, path, collection, GEO_JSON),
            link("collection", f"{base_url}{collection}"),
        ],
        "assets": {
            file.product.key or file.product.name: asset_document(file, base_url)
            for file in item.files
        },
    }


def asset_document(file: StoredFile, base_url: str) -> dict[str, Any]:
    """Return an asset's JSON form."""
    media_type = file.product.media_type
    return {
        "href": f"{base_url}/v2/assets/{file.id}",
        "title": file.product.title,
        **({"type": media_type} if media_type else {}),
        "roles": ["thumbnail" if media_type == PNG else "data"],
        **file.extra,
    }


def collection_document(item: StoredItem, base_url: str) -> dict[str, Any]:
    """Return the JSON form of an item's collection with links to `base_url`."""
    path = f"{STAC}/collections/{item.collection_id}"
    return {
        "type": "Collection",
        "stac_version": "1.0.0",
        "stac_extensions": list(STAC_EXTENSIONS),
        "id": item.collection_id,
        "title": item.properties["title"],
        "description": f"Delivery of {item.properties['title']}",
        "license": "proprietary",
        "extent": {
            "spatial": {"bbox": [item.bbox]},
            "temporal": {"interval": [[stamp(item.moment), stamp(item.moment)]]},
        },
        "links": [
            *_navigation(base_url, path, STAC, JSON),
            link("items", f"{base_url}{path}/items", GEO_JSON),
        ],
        **item.extension,
    }
