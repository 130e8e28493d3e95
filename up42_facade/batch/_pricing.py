"""Validate and price all templates of a batch, and find where they are on the map."""

from __future__ import annotations

import datetime as dt
import json
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from attrs import fields

from up42_facade._common.logs import get_logger
from up42_facade._common.once import Once
from up42_facade._common.progress import bar
from up42_facade._common.urls import is_same_host
from up42_facade.batch._journal import Journal
from up42_facade.batch._records import UNCERTAIN, Record, RecordedTemplate
from up42_facade.batch._work import spread
from up42_facade.errors import Up42Error
from up42_facade.processing._catalog import process_errors
from up42_facade.processing._frames import string_column
from up42_facade.processing._items import item_urls
from up42_facade.processing._templates import JobTemplate, assess_in_turn, is_recent
from up42_facade.processing._types import Cost, ValidationError
from up42_facade.results._geojson import CRS

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

logger = get_logger(__name__)

# Templates that are priced at the same time. The documented rate of 100 requests per second is
# kept by the session, and at usual latencies so many threads reach it.
WORKERS = 16
# Strategy of a total, beside those of the API.
TOTAL = "sum"


def template_of(record: Record, journal: Journal) -> JobTemplate:
    """Return the template of a record, made from the journal if the caller gave none."""
    if record.template is None:
        record.template = RecordedTemplate(
            recorded_process_id=record.process_id,
            recorded_inputs=record.inputs,
            workspace_id=record.workspace_id,
            session=journal.session,
        )
    return record.template


def is_priced(record: Record) -> bool:
    """Tell whether a record has been validated, lately enough to spend credits on it."""
    if record.estimated_at is None or (record.cost is None and not record.errors):
        return False
    return is_recent(record.estimated_at)


def is_wanted(record: Record) -> bool:
    """Tell whether an estimate has to ask for the price of a record."""
    if record.job is not None:
        return False
    # What may have been executed costs what was told then.
    return record.cost is None or not (is_priced(record) or record.status == UNCERTAIN)


def price(journal: Journal, records: Sequence[Record], progress: bool) -> dict[int, Exception]:
    """Validate and price records and keep what is found; return the failures by index."""
    if not records:
        return {}
    journal.require_writable()
    session = journal.session
    processes: dict[str, Once[set[ValidationError]]] = {
        record.process_id: Once() for record in records
    }

    def process(process_id: str) -> set[ValidationError]:
        return processes[process_id].get(lambda: process_errors(process_id, session))

    def assess(record: Record, stop: threading.Event) -> None:
        if stop.is_set():
            return
        template = template_of(record, journal)
        assessment = assess_in_turn(template, record.inputs, process(record.process_id))
        record.errors, record.cost = assessment.errors, assessment.cost
        record.estimated_at, record.reason = dt.datetime.now(dt.UTC), None
        # Who asks the template itself needn't wait for the same answer.
        template._assessed.get(lambda: assessment)

    try:
        with bar(progress=progress, total=len(records), unit="template", desc="estimate") as shown:
            return spread(records, assess, workers=WORKERS, shown=shown).failures
    finally:
        journal.save_prices(records)


def total(records: Sequence[Record]) -> Cost:
    """Return the sum of the prices; it has a size if all are measured in one unit."""
    costs = [record.cost for record in records if record.cost is not None]
    units = {cost.unit for cost in costs}
    sizes = [cost.size for cost in costs if cost.size is not None]
    has_size = len(units) == 1 and None not in units and len(sizes) == len(costs)
    return Cost(
        strategy=TOTAL,
        credits=sum(cost.credits for cost in costs),
        size=math.fsum(sizes) if has_size else None,
        unit=units.pop() if has_size else None,
    )


def locate(journal: Journal, records: Sequence[Record]) -> None:
    """Find the footprints that aren't known yet; those of items in storage cost a request each."""
    missing = [record for record in records if record.geometry is None]
    urls = sorted({url for record in missing for url in item_urls(record.inputs)})
    read = dict(zip(urls, journal.session.executor.map(reader(journal), urls), strict=True))
    for record in missing:
        record.geometry = together([read[url] for url in item_urls(record.inputs)])
    located = [record for record in missing if record.geometry is not None]
    if located:
        journal.save_prices(located)


def reader(journal: Journal) -> Callable[[str], dict[str, Any] | None]:
    from up42_facade.stac import read_item

    def read(url: str) -> dict[str, Any] | None:
        if not is_same_host(url, journal.session.hosts.api):
            return None
        try:
            return read_item(url, journal.session).geometry
        except Up42Error as error:
            # Validation says what is wrong with the item; the table does without its place.
            logger.warning("The footprint of %s can't be read: %s", url, error)
            return None

    return read


def footprint(template: JobTemplate) -> str | None:
    """Return the place of a template's items, as far as it holds them: GeoJSON, in degrees."""
    shapes = [getattr(value, "geometry", None) for value in values_of(template)]
    return together(shapes) if shapes else None


def values_of(template: JobTemplate) -> Iterator[Any]:
    """Yield the STAC items among what a template was made from."""
    for attribute in fields(type(template)):
        value = getattr(template, attribute.name)
        entries = value.values() if isinstance(value, dict) else (value,)
        for entry in entries:
            for single in entry if isinstance(entry, list | tuple) else (entry,):
                if hasattr(single, "get_self_href"):
                    yield single


def together(geometries: Sequence[dict[str, Any] | None]) -> str | None:
    """Return one GeoJSON geometry for several; None where they can't be read."""
    known = [geometry for geometry in geometries if geometry]
    if not known:
        return None
    try:
        return json.dumps(known[0] if len(known) == 1 else union(known))
    except Exception as error:  # whatever json and shapely raise
        left_out(error)
        return None


def union(geometries: Sequence[dict[str, Any]]) -> Any:
    from shapely import make_valid, union_all
    from shapely.geometry import mapping, shape

    # A union stops at rings that cross themselves.
    return mapping(union_all([make_valid(shape(geometry)) for geometry in geometries]))


def shape_of(record: Record) -> Any:
    """Return the footprint as a shapely geometry; None where it isn't known or can't be read."""
    from shapely.geometry import shape

    if record.geometry is None:
        return None
    try:
        return shape(json.loads(record.geometry))
    except Exception as error:  # whatever shapely raises
        left_out(error)
        return None


def left_out(error: Exception) -> None:
    # Footprints are there to look at: nothing that costs credits depends on them.
    logger.warning("A footprint is left out, as it is no geometry of GeoJSON: %s", error)


def table(records: Sequence[Record]) -> GeoDataFrame:
    """Return the estimate as a frame with a row for each record, in EPSG:4326."""
    from geopandas import GeoDataFrame, GeoSeries
    from pandas import Index

    rows = {
        "process_id": string_column(record.process_id for record in records),
        "title": string_column(record.inputs.get("title") for record in records),
        "credits": [record.cost.credits if record.cost else None for record in records],
        "strategy": string_column(
            record.cost.strategy if record.cost else None for record in records
        ),
        "size": [record.cost.size if record.cost else None for record in records],
        "unit": string_column(record.cost.unit if record.cost else None for record in records),
        "is_valid": [record.cost is not None for record in records],
        "errors": string_column(listed(record) for record in records),
    }
    # Typed as anything: the stubs of geopandas know no missing shapes, geopandas does.
    places: Any = [shape_of(record) for record in records]
    index = Index([record.index for record in records], name="index", dtype="int64")
    frame = GeoDataFrame(rows, index=index, geometry=GeoSeries(places, index=index, crs=CRS))
    return frame.astype({"credits": "Int64", "size": "float64", "is_valid": "bool"})


def listed(record: Record) -> str:
    return "; ".join(sorted(f"{error.name}: {error.message}" for error in record.errors or ()))
