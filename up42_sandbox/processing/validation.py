"""Checks of inputs: first the JSON schema of the process, then the items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from up42_sandbox.core.problems import ApiError
from up42_sandbox.core.routing import Call
from up42_sandbox.processing.catalog import GREY_WEIGHT_BANDS, PROCESSES, Process
from up42_sandbox.stac.records import StoredItem

MIN_OVERLAP = 0.20
"""Share of the smaller scene that the overlap of two scenes must have."""

MAX_CLOUD_COVER = 25.0
"""Percent; scenes to compare must have less."""

MAX_GSD_DIFFERENCE = 0.25
"""Maximum difference, as a share of the finer resolution."""

ITEM_INPUTS = ("item", "sourceItem", "referenceItem")

InputError = dict[str, str]

_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("uri")
def _is_uri(value: object) -> bool:
    if not isinstance(value, str):
        return True
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return bool(parts.scheme and parts.netloc) and not any(c.isspace() for c in value)


@cache
def _validator(process_id: str) -> Draft202012Validator:
    schema = {
        "type": "object",
        "properties": {"inputs": PROCESSES[process_id].input_schema()},
        "required": ["inputs"],
    }
    return Draft202012Validator(schema, format_checker=_FORMATS)


def check_schema(process: Process, call: Call) -> dict[str, Any]:
    """Return the inputs of a request.

    Raises:
        ApiError: 400 with `schema-error`, if they don't match the schema.
    """
    try:
        body = call.json()
    except ApiError as error:
        raise ApiError(400, error.detail, extras={"schema-error": "data must be JSON"}) from error
    errors = _validator(process.id).iter_errors(body)
    first = min(errors, key=lambda error: (len(error.path), error.json_path), default=None)
    if first is not None:
        raise ApiError(400, extras={"schema-error": _words(first)})
    inputs: dict[str, Any] = body["inputs"]
    return inputs


_WORDS = {
    "type": "must be {}",
    "format": "must be {}",
    "minLength": "must be longer than or equal to {} characters",
    "maxLength": "must be shorter than or equal to {} characters",
    "minimum": "must be bigger than or equal to {}",
    "maximum": "must be smaller than or equal to {}",
}
"""Messages of the real service by keyword of JSON schema."""


def _words(error: ValidationError) -> str:
    where = "data" + error.json_path[1:]
    limit: Any = error.validator_value
    instance: Any = error.instance
    schema: Any = error.schema
    if error.validator == "required":
        missing = [name for name in limit if name not in instance]
        return f"{where} must contain {missing} properties"
    if error.validator == "additionalProperties":
        extra = sorted(name for name in instance if name not in schema["properties"])
        return f"{where} must not contain {extra} properties"
    if (message := _WORDS.get(str(error.validator))) is not None:
        return f"{where} {message.format(limit)}"
    return f"{where}: {error.message}"


def check_semantics(call: Call, process: Process, inputs: dict[str, Any]) -> list[StoredItem]:
    """Return the items of the inputs, in the order of `ITEM_INPUTS`.

    Raises:
        ApiError: 422 with `errors`, if the inputs match the schema but are invalid.
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
    if repeated := sorted(band for band, count in counts.items() if count > 1):
        message = f"Bands must be unique, repeated: {', '.join(repeated)}."
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
        message = f"Resolutions can differ by up to {MAX_GSD_DIFFERENCE:.0%}."
        yield _error("GsdDifferenceTooHigh", message)
