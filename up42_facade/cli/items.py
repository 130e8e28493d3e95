"""`up42 items`: STAC items in storage, with the URLs that processes take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import up42_facade as up42
from up42_facade.cli.options import LIMIT, Group, LocalPath, auth_options
from up42_facade.cli.output import Output, format_time, output_options
from up42_facade.cli.tables import Column

if TYPE_CHECKING:
    import pystac

FIELDS = (
    "id", "title", "datetime", "collection_name", "cloud_cover", "asset_id", "is_result", "job_id",
    "bbox", "url",
)  # fmt: skip
COLUMNS = (
    Column("datetime", "acquired (UTC)", is_time=True, rank=2),
    Column("collection_name", "collection", rank=1),
    Column("is_result", "result"),
    Column("title", is_cut=True, rank=3),
    Column("url", is_below=True),
)
NEWEST_FIRST = "-properties.datetime"


@click.group(cls=Group)
def items() -> None:
    """STAC items in storage, the inputs of processes."""


@items.command("list")
@click.option("--collection", metavar="NAME", help="Only items of this collection, such as PNEO.")
@click.option(
    "--bbox", metavar="W,S,E,N", help="Only items within these bounds, in degrees (EPSG:4326)."
)
@click.option(
    "--intersects",
    type=LocalPath(exists=True, dir_okay=False),
    metavar="FILE",
    help="Only items that intersect the features of this file, such as GeoJSON.",
)
@click.option("--acquired-after", metavar="TIME", help="Only items from this time or later.")
@click.option("--acquired-before", metavar="TIME", help="Only items from before this time.")
@click.option("--max-cloud-cover", type=float, metavar="PERCENT", help="Maximum cloud cover.")
@click.option(
    "--results/--no-results", default=None, help="Only results of jobs, or only other items."
)
@click.option("--asset", metavar="ID", help="Only items of this asset.")
@click.option("--job", metavar="ID", help="Only results of this job.")
@click.option("--filter", metavar="JSON", help="Only items that match this CQL2-JSON.")
@click.option(
    "--sort", "sortby", default=NEWEST_FIRST, metavar="FIELD", help=f"Sort field. [{NEWEST_FIRST}]"
)
@click.option("--limit", type=LIMIT, metavar="N", help="Only the first N items.")
@output_options
@auth_options
def list_items(
    bbox: str | None,
    intersects: Path | None,
    asset: str | None,
    job: str | None,
    filter: str | None,
    out: Output,
    session: up42.Session,
    **options: Any,
) -> None:
    """List items, the newest first, with the URLs that processes take.

    TIME is a date or a time such as 2024-06-01T12:00:00Z, in UTC if it has no time zone.
    """
    conditions = [parse_filter(filter)] if filter is not None else []
    conditions += [
        {"op": "=", "args": [{"property": name}, value]}
        for name, value in (("asset_id", asset), ("job_id", job))
        if value is not None
    ]
    found = up42.search_items(
        {"op": "and", "args": conditions} if len(conditions) > 1 else next(iter(conditions), None),
        bbox=parse_bounds(bbox) if bbox is not None else None,
        intersects=read_features(intersects) if intersects is not None else None,
        session=session,
        **options,
    )
    out.records(map(item_record, found), FIELDS, COLUMNS)


def parse_bounds(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise click.BadParameter(
            f"{text!r}: expected west,south,east,north.", param_hint="--bbox"
        ) from error


def read_features(path: Path) -> Any:
    import geopandas

    try:
        found = geopandas.read_file(path)
    except Exception as error:  # of its engines, each with its own
        reason = f"can't be read: {str(error).partition(';')[0]}"
        raise click.BadParameter(f"{path} {reason}", param_hint="--intersects") from error
    if not isinstance(found, geopandas.GeoDataFrame):
        raise click.BadParameter(f"{path} has no geometries.", param_hint="--intersects")
    return found


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
    job_id = properties.get("up42-system:job_id") or None
    return {
        "id": item.id,
        "title": properties.get("title"),
        "datetime": format_time(item.datetime),
        "collection_name": properties.get("up42-product:collection_name"),
        "cloud_cover": properties.get("eo:cloud_cover"),
        "asset_id": properties.get("up42-system:asset_id"),
        "is_result": job_id is not None,
        "job_id": job_id,
        "bbox": item.bbox,
        "url": item.get_self_href(),
    }
