"""STAC items as JSON next to their downloaded files, which pystac reads without a network."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from up42_facade._common.urls import without_query
from up42_facade.downloads import write_own

if TYPE_CHECKING:
    import pystac

    from up42_facade.downloads._layout import AnyFolder

Asset = dict[str, Any]
# A downloaded file: its item, the key and content of its asset, and its path or URL. The member of
# an unpacked archive has no key.
Delivered = tuple["pystac.Item", str | None, Asset, str]
# Links that would lead pystac from the local item to UP42 when it looks for the catalog.
STRUCTURAL = ("self", "root", "parent", "child", "item")
# Characters that pystac takes for the end of a relative path.
ENDS_PATH = ("#", "?", ";")


def write_items(delivered: Sequence[Delivered], folder: AnyFolder) -> None:
    """Write a file `<item>.json` for each item, in the output folder of its files.

    Args:
        delivered: The files, in the order of items and assets.
        folder: The output folder.

    Raises:
        DownloadError: If a file can't be written.
        UploadError: If the cloud storage refuses or can't be reached.
    """
    by_item: dict[str, list[Delivered]] = {}
    for file in delivered:
        collection = quote(str(file[0].collection_id), safe="")
        by_item.setdefault(f"{collection}/{file[0].id}#item", []).append(file)
    location = str(folder.location("item.json"))
    write_own(
        folder,
        [
            (source, f"{files[0][0].id}.json", content_of(files, location))
            for source, files in by_item.items()
        ],
    )


def content_of(files: Sequence[Delivered], location: str) -> bytes:
    """Return an item as JSON whose assets are the delivered files.

    Members of an unpacked archive are assets of their own. Assets that weren't downloaded are
    left out; the link `canonical` leads to the complete item.
    """
    item = files[0][0]
    content = item.to_dict(include_self_link=False, transform_hrefs=False)
    links = [
        link
        for link in content["links"]
        if link["rel"] not in STRUCTURAL and link["href"].startswith(("http://", "https://"))
    ]
    origin = item.get_self_href()
    if origin is not None:
        links.append(
            {"rel": "canonical", "href": without_query(origin), "type": "application/json"}
        )
    assets: dict[str, Asset] = {}
    for _, key, asset, path in files:
        href = reference(path, location)
        assets[key or href.removeprefix("./")] = {**asset, "href": href}
    return json.dumps({**content, "links": links, "assets": assets}, indent=2).encode()


def reference(path: str, location: str) -> str:
    """Return the link from a file to another one in the same output folder."""
    relative = os.path.relpath(path, os.path.dirname(location)).replace(os.sep, "/")  # noqa: PTH120
    return path if any(mark in relative for mark in ENDS_PATH) else f"./{relative}"
