"""`up42 items`: STAC items in storage, with the URLs that processes take."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

import up42_facade as up42
from up42_facade.cli.options import Group, auth_options
from up42_facade.cli.output import Output, format_time, output_options
from up42_facade.cli.tables import Column

if TYPE_CHECKING:
    import pystac

FIELDS = (
    "id", "title", "datetime", "collection_name", "cloud_cover", "asset_id", "bbox", "url",
)  # fmt: skip
COLUMNS = (
    Column("datetime", "acquired (UTC)", is_time=True, rank=2),
    Column("collection_name", "collection", rank=1),
    Column("title", is_cut=True, rank=3),
    Column("url", is_below=True),
)
NEWEST_FIRST = "-properties.datetime"


@click.group(cls=Group)
def items() -> None:
    """STAC items in storage, the inputs of processes."""


@items.command("list")
@click.option("--collection", metavar="NAME", help="Only items of this collection, such as PNEO.")
@click.option("--asset", metavar="ID", help="Only items of this asset.")
@click.option("--filter", "cql2", metavar="JSON", help="Only items that match this CQL2-JSON.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the newest N items.")
@output_options
@auth_options
def list_items(
    collection: str | None,
    asset: str | None,
    cql2: str | None,
    limit: int | None,
    out: Output,
    session: up42.Session,
) -> None:
    """List items, the newest first, with the URLs that processes take."""
    conditions = [
        {"op": "=", "args": [{"property": name}, value]}
        for name, value in (("collection_name", collection), ("asset_id", asset))
        if value is not None
    ]
    conditions += [parse_filter(cql2)] if cql2 is not None else []
    found = up42.search_items(together(conditions), sortby=NEWEST_FIRST, session=session)
    out.records(map(item_record, islice(found, limit)), FIELDS, COLUMNS)


def together(conditions: list[dict[str, Any]]) -> dict[str, Any] | None:
    if len(conditions) > 1:
        return {"op": "and", "args": conditions}
    return conditions[0] if conditions else None


def parse_filter(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise click.BadParameter(f"this isn't JSON: {error}", param_hint="--filter") from error
    if not isinstance(content, dict):
        raise click.BadParameter("expected a JSON object", param_hint="--filter")
    return content


def item_record(item: pystac.Item) -> dict[str, Any]:
    properties = item.properties
    return {
        "id": item.id,
        "title": properties.get("title"),
        "datetime": format_time(item.datetime),
        "collection_name": properties.get("up42-product:collection_name"),
        "cloud_cover": properties.get("eo:cloud_cover"),
        "asset_id": properties.get("up42-system:asset_id"),
        "bbox": item.bbox,
        "url": item.get_self_href(),
    }
