"""Check that a document is valid OpenAPI 3.0 or 3.1."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft4Validator, Draft202012Validator, ValidationError
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator
from openapi_spec_validator.schemas import schema_v30, schema_v31

from updating.bundling import Document
from updating.errors import UpdateError
from updating.pointers import Json, join, look_up, operations, walk

# By version: how its form is checked, the form, and what checks the rest.
VERSIONS: dict[str, tuple[Any, Any, Any]] = {
    "3.0": (Draft4Validator, schema_v30, OpenAPIV30SpecValidator),
    "3.1": (Draft202012Validator, schema_v31, OpenAPIV31SpecValidator),
}
# More than these don't help to find the first one.
MOST_SHOWN = 20


def validate(document: Document) -> None:
    """Check a bundled document.

    Raises:
        UpdateError: If it isn't valid. The message names each fault with file, line, and path.
    """
    version = document.value.get("openapi")
    if not isinstance(version, str) or version[:3] not in VERSIONS:
        raise UpdateError(
            f"{document.place('/openapi')}: openapi is {version!r}: expected '3.0.x' or '3.1.x'. "
            "Convert the document first."
        )
    found = list(dict.fromkeys([*doubled_ids(document), *faults(document, version[:3])]))
    if found:
        more = [f"and {len(found) - MOST_SHOWN} more"] if len(found) > MOST_SHOWN else []
        lines = "\n".join(f"  {line}" for line in [*found[:MOST_SHOWN], *more])
        raise UpdateError(f"the document is not valid OpenAPI {version}:\n{lines}")


def doubled_ids(document: Document) -> Iterator[str]:
    """Yield duplicate operation IDs."""
    places: dict[str, list[str]] = defaultdict(list)
    for method, path, _, operation in operations(document.value):
        pointer = join("/paths", path, method)
        if "operationId" in operation:
            places[str(operation["operationId"])].append(join(pointer, "operationId"))
    for name, (first, *others) in places.items():
        for other in others:
            yield (
                f"{document.place(other)}: operationId {name!r} is used in "
                f"{document.place(first)}, too. Each operation needs its own."
            )


def faults(document: Document, version: str) -> Iterator[str]:
    """Yield the faults, with line and path: those of the schema of OpenAPI first, then others."""
    rules, form, validator = VERSIONS[version]
    errors = [nearest_miss(error) for error in rules(dict(form)).iter_errors(document.value)]
    for error in errors or validator(document.value).iter_errors():
        if type(error).__name__ != "DuplicateOperationIDError":
            place = document.place(pointer_of(error, document.value))
            yield f"{place}: {shortened(error.message)}"


def nearest_miss(error: ValidationError) -> ValidationError:
    """Return what came closest if no variant of an `anyOf` matches: it says more."""
    while error.context:
        # "Is no reference" is true of everything that isn't one and never the point.
        misses = [each for each in error.context if each.validator != "required"]
        error = max(misses or error.context, key=lambda each: len(each.absolute_path))
    return error


def pointer_of(error: ValidationError, document: Json) -> str:
    """Return where an error is: inside a schema, the validator counts from that schema."""
    pointer = join("", *error.absolute_path)
    if stands_at(document, pointer, error.instance):
        return pointer
    for start, node in walk(document):
        if stands_at(node, pointer, error.instance):
            return start + pointer
        if isinstance(node, dict) and "default" in node and node == error.schema:
            return join(start, "default") + pointer
    return pointer


def stands_at(node: Any, pointer: str, value: Any) -> bool:
    try:
        return bool(look_up(node, pointer) == value)
    except KeyError:
        return False


def shortened(message: str, longest: int = 300) -> str:
    first = message.partition("\n")[0]
    return first if len(first) <= longest else f"{first[:longest]}…"
