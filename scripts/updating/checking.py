"""Correct a document with our patches, and check that it is valid OpenAPI 3.0 or 3.1."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonpatch  # type: ignore[import-untyped]  # no types are published
from jsonschema import Draft4Validator, Draft202012Validator, ValidationError
from openapi_python_client.strings import snake_case
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator
from openapi_spec_validator.schemas import schema_v30, schema_v31
from referencing import Registry, Resource

from updating.pointers import Json, UpdateError, join, look_up, operations, walk
from updating.reading import Document, Source

# By version: how its form is checked, the form, and what checks the rest.
VERSIONS: dict[str, tuple[Any, Any, Any]] = {
    "3.0": (Draft4Validator, schema_v30, OpenAPIV30SpecValidator),
    "3.1": (Draft202012Validator, schema_v31, OpenAPIV31SpecValidator),
}
# More than these don't help to find the first one.
MOST_SHOWN = 20
LONGEST = 300


def patch(document: Document, path: Path) -> None:
    """Apply the patches in a file: `patches`, each with `reason` and `steps` (RFC 6902).

    Raises:
        UpdateError: If the file has other contents, or a patch doesn't apply or changes nothing.
    """
    source = Source(str(path))
    entries = source.value.get("patches")
    if not isinstance(entries, list):
        raise UpdateError(f"{source.place('/patches')}: expected a list.")
    for index, entry in enumerate(entries):
        place = source.place(f"/patches/{index}")
        reason, steps = (
            entry.get(key) if isinstance(entry, dict) else None for key in ("reason", "steps")
        )
        if not isinstance(reason, str) or not reason.strip() or not isinstance(steps, list):
            raise UpdateError(f"{place}: expected a 'reason' and a list of 'steps' as in RFC 6902.")
        try:
            changed = jsonpatch.apply_patch(document.value, steps)
            why = "it changes nothing" if changed == document.value else ""
        except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError) as error:
            why = str(error)[:LONGEST]
        if why:
            raise UpdateError(
                f"{place}: the patch no longer applies: {why}. Its reason was: {reason.strip()} "
                "If the document is correct now, remove the patch; otherwise, adapt it."
            )
        document.value = changed


def validate(document: Document) -> None:
    """Check a document.

    Raises:
        UpdateError: If it isn't valid. The message names each fault with file, line, and path.
    """
    version = document.value.get("openapi")
    if not isinstance(version, str) or version[:3] not in VERSIONS:
        raise UpdateError(
            f"{document.place('/openapi')}: openapi is {version!r}: expected '3.0.x' or '3.1.x'. "
            "Convert the document first."
        )
    try:
        faulty = list(faults(document.value, version[:3]))
    except RecursionError as error:
        raise UpdateError(
            "a schema contains itself: it's in its own allOf, or too deep."
        ) from error
    lines = (f"{place_of(document, at)}: {why.splitlines()[0][:LONGEST]}" for at, why in faulty)
    found = list(dict.fromkeys(lines))
    if found:
        more = [f"and {len(found) - MOST_SHOWN} more"] if len(found) > MOST_SHOWN else []
        shown = "\n".join(f"  {line}" for line in [*found[:MOST_SHOWN], *more])
        raise UpdateError(f"the document is not valid OpenAPI {version}:\n{shown}")


def place_of(document: Document, pointer: str) -> str:
    """Return file, line, and path, and the path for patches if it's another one."""
    place = document.place(pointer)
    return place if place.endswith(f"({pointer or '/'})") else f"{place}, bundled as {pointer}"


def faults(document: Json, version: str) -> Iterator[tuple[str, str]]:
    """Yield pointer and message of each fault: those of its form first, then others."""
    rules, form, validator = VERSIONS[version]
    # References are collected once: otherwise, that's done for each of them, in 4 times as long.
    registry = (Resource.from_contents(dict(form)) @ Registry()).crawl()
    checker = rules(dict(form), registry=registry)
    errors = [nearest_miss(error) for error in checker.iter_errors(document)]
    if errors:
        yield from ((join("", *error.absolute_path), error.message) for error in errors)
        return
    yield from doubled_ids(document)
    for error in validator(document).iter_errors():
        if type(error).__name__ != "DuplicateOperationIDError":
            yield from ((pointer, error.message) for pointer in pointers_of(error, document))


def doubled_ids(document: Json) -> Iterator[tuple[str, str]]:
    """Yield operations with the ID of another one, or with one that is the same in Python."""
    first: dict[str, str] = {}
    for method, path, _, operation in operations(document):
        pointer, name = join("/paths", path, method, "operationId"), operation.get("operationId")
        known = first.setdefault(snake_case(name or f"{path}_{method}"), pointer)
        if known != pointer:
            yield pointer, f"operationId {name!r} is already used in {known}. Each needs its own."


def nearest_miss(error: ValidationError) -> ValidationError:
    """Return what came closest if no variant of an `anyOf` matches: it says more."""
    while error.context:
        # "Is no reference" is true of everything that isn't one and never the point.
        misses = [each for each in error.context if each.validator != "required"]
        error = max(misses or error.context, key=lambda each: len(each.absolute_path))
    return error


def pointers_of(error: ValidationError, document: Json) -> list[str]:
    """Return where an error is: the validator counts from the schema, and many can be equal."""
    pointer = join("", *error.absolute_path)
    default = isinstance(error.schema, dict) and "default" in error.schema
    found = [
        join(start, *(["default"] if default else ())) + pointer
        for start, node in walk(document)
        if (node == error.schema if default else stands_at(node, pointer, error.instance))
    ]
    return found or [pointer]


def stands_at(node: Any, pointer: str, value: Any) -> bool:
    try:
        return bool(value == look_up(node, pointer))
    except KeyError:
        return False
