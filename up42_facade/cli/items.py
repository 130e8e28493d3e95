"""`up42 items`: what the storage holds, with the URLs that processes take."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

import click

import up42_facade as up42
from up42_facade.cli.connecting import connected
from up42_facade.cli.output import Output, printed
from up42_facade.cli.records import ITEM_FIELDS, item_record
from up42_facade.cli.tables import Column

COLUMNS = (
    Column("datetime", "acquired (UTC)", is_time=True, rank=2),
    Column("collection_name", "collection", rank=1),
    Column("title", is_cut=True, rank=3),
    Column("url", is_below=True),
)
NEWEST_FIRST = [{"field": "properties.datetime", "direction": "desc"}]


@click.group()
def items() -> None:
    """STAC items in storage: what processes take."""


@items.command("list")
@click.option("--collection", metavar="NAME", help="Only items of this collection, such as PNEO.")
@click.option("--asset", metavar="ID", help="Only items of this asset.")
@click.option("--filter", "cql2", metavar="JSON", help="Only items that match this CQL2-JSON.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="The newest N only.")
@printed
@connected
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
    conditions += [parsed(cql2)] if cql2 is not None else []
    found = up42.search_items(together(conditions), sortby=NEWEST_FIRST, session=session)
    out.records(map(item_record, islice(found, limit)), ITEM_FIELDS, COLUMNS)


def together(conditions: list[dict[str, Any]]) -> dict[str, Any] | None:
    if len(conditions) > 1:
        return {"op": "and", "args": conditions}
    return conditions[0] if conditions else None


def parsed(cql2: str) -> dict[str, Any]:
    try:
        content = json.loads(cql2)
    except ValueError as error:
        raise click.BadParameter(f"this is no JSON: {error}", param_hint="--filter") from error
    if not isinstance(content, dict):
        raise click.BadParameter("expected a JSON object", param_hint="--filter")
    return content
