"""Checks that a JSON schema can't make: items that exist and suit the process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from up42_sandbox.core.problems import ApiError
from up42_sandbox.core.routing import Call
from up42_sandbox.processing.catalog import GREY_WEIGHT_BANDS, Process
from up42_sandbox.stac.records import StoredItem

MIN_OVERLAP = 0.20
"""Share of the smaller scene that two scenes must have in common."""

MAX_CLOUD_COVER = 25.0
"""Per cent; scenes to compare must have less."""

MAX_GSD_DIFFERENCE = 0.25
"""Share of the finer resolution by which the other may be coarser."""

ITEM_INPUTS = ("item", "sourceItem", "referenceItem")

InputError = dict[str, str]


def check_semantics(call: Call, process: Process, inputs: dict[str, Any]) -> list[StoredItem]:
    """Return the items that the inputs name, in the order of `ITEM_INPUTS`.

    Args:
        call: The request, whose host item URLs must have.
        process: The process that the inputs are for.
        inputs: Inputs that satisfy the process's schema.

    Raises:
        ApiError: 422 with `errors`.
    """
    errors = list(_title_errors(inputs))
    items: list[StoredItem] = []
    for name in ITEM_INPUTS:
        if name not in inputs:
            continue
        found = _find_item(call, inputs[name])
        if isinstance(found, StoredItem):
            items.append(found)
            errors.extend(_item_errors(process, found))
        else:
            errors.append(found)
    errors.extend(_grey_weight_errors(inputs.get("greyWeights", [])))
    if process.takes_two_items and len(items) == 2:
        errors.extend(_pair_errors(*items))
    if errors:
        raise ApiError(422, extras={"errors": errors})
    return items


def _error(name: str, message: str) -> InputError:
    return {"name": name, "message": message}


def _title_errors(inputs: dict[str, Any]) -> Iterator[InputError]:
    title = inputs["title"]
    if not title.strip() or not title.isprintable():
        yield _error("InvalidTitle", "The title must have visible characters and nothing else.")


def _find_item(call: Call, url: str) -> StoredItem | InputError:
    parts = urlsplit(url)
    hosts = {urlsplit(call.base_url).netloc, urlsplit(call.world.api_url).netloc}
    if parts.netloc not in hosts:
        return _error("InvalidItemUrl", f"{url} isn't in this storage.")
    match parts.path.strip("/").split("/"):
        case ["v2", "assets", "stac", "collections", collection_id, "items", item_id]:
            item = call.world.storage_catalog.item(collection_id, item_id)
            if item is not None:
                return item
            return _error("ItemNotFound", f"There is no item {item_id} in {collection_id}.")
        case _:
            return _error("InvalidItemUrl", f"{url} isn't the URL of a STAC item.")


def _item_errors(process: Process, item: StoredItem) -> Iterator[InputError]:
    if process.needs_panchromatic and not item.has_panchromatic:
        yield _error("MissingPanchromaticAsset", "The panchromatic band is missing.")
    if item.product_collection not in process.collections:
        known = ", ".join(sorted(process.collections))
        message = f"{process.id} takes {known}, not {item.product_collection}."
        yield _error("UnsupportedCollection", message)


def _grey_weight_errors(weights: list[dict[str, Any]]) -> Iterator[InputError]:
    counts = Counter(weight["band"] for weight in weights)
    if doubled := sorted(band for band, count in counts.items() if count > 1):
        message = f"Each band may occur once; repeated: {', '.join(doubled)}."
        yield _error("GreyWeightBandsNotUnique", message)
    if unknown := sorted(set(counts) - set(GREY_WEIGHT_BANDS)):
        yield _error("UnknownGreyWeightBand", f"The item has no band {', '.join(unknown)}.")


def _pair_errors(source: StoredItem, reference: StoredItem) -> Iterator[InputError]:
    if source.id == reference.id:
        yield _error("IdenticalItems", "Source and reference item are the same.")
    overlap = source.shape.intersection(reference.shape).area
    if overlap < MIN_OVERLAP * min(source.shape.area, reference.shape.area):
        yield _error("InsufficientOverlap", f"The items share less than {MIN_OVERLAP:.0%}.")
    if max(source.cloud_cover, reference.cloud_cover) >= MAX_CLOUD_COVER:
        yield _error("CloudCoverTooHigh", f"Items need less than {MAX_CLOUD_COVER:g} % cloud.")
    finer, coarser = sorted((source.gsd, reference.gsd))
    if coarser > finer * (1 + MAX_GSD_DIFFERENCE):
        message = f"Resolutions may differ by {MAX_GSD_DIFFERENCE:.0%}."
        yield _error("GsdDifferenceTooHigh", message)
