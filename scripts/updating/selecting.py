"""Convert a document to the form of the stored one: OpenAPI 3.1, with our operations alone."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from difflib import get_close_matches

from updating.pointers import (
    METHODS,
    Json,
    UpdateError,
    join,
    operations,
    reachable,
    resolve,
    walk,
)

VERSION = "3.1.0"
BOUNDS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
PLACEHOLDER = re.compile(r"{([^}]*)}")


def normalize(document: Json) -> Json:
    """Return a document in OpenAPI 3.1; one in 3.1 is returned unchanged."""
    if not str(document["openapi"]).startswith("3.0"):
        return document
    document = copy.deepcopy(document)
    document["openapi"] = VERSION
    for _, node in list(walk(document)):
        if isinstance(node, dict):
            upgrade(node)
    return document


def upgrade(schema: Json) -> None:
    """Rewrite keywords of 3.0 for 3.1, in place.

    In a mapping that isn't a schema, they are names of schemas, and have other values.
    """
    for exclusive, bound in BOUNDS.items():
        if isinstance(schema.get(exclusive), bool) and schema.pop(exclusive) and bound in schema:
            schema[exclusive] = schema.pop(bound)
    if isinstance(schema.get("type"), str) and "example" in schema:
        schema.setdefault("examples", [schema.pop("example")])
    if isinstance(schema.get("nullable"), bool) and schema.pop("nullable"):
        allow_null(schema)


def allow_null(schema: Json) -> None:
    null = {"type": "null"}
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        schema["type"] = [schema["type"], "null"]
    elif "anyOf" in schema or "oneOf" in schema:
        union = "anyOf" if "anyOf" in schema else "oneOf"
        schema[union] = [*schema[union], null]
    elif "type" in schema or "allOf" in schema:
        # The generator turns an enum into a class, to which null is an alternative.
        notes: Json = {key: schema.pop(key) for key in ("description", "title") if key in schema}
        inner = {**schema, **({"enum": values(schema)} if "enum" in schema else {})}
        parts = inner.get("allOf", ())
        plain = parts[0] if len(inner) == len(parts) == 1 else inner
        schema.clear()
        schema |= {**notes, "anyOf": [plain, null]}


def values(schema: Json) -> list[object]:
    return [value for value in schema["enum"] if value is not None]


def label(method: str, path: str) -> str:
    """Return an operation as it's shown: `GET /v2/processing/jobs`."""
    return f"{method.upper()} {path}"


def shape(operation: str) -> str:
    """Return an operation without the names of its path parameters, which aren't on the wire."""
    return PLACEHOLDER.sub("{}", operation)


def labels(document: Json) -> list[str]:
    return [label(method, path) for method, path, _, _ in operations(document)]


def select(document: Json, stored: Json, taken: Sequence[str] = ()) -> tuple[Json, list[str]]:
    """Return a document with our operations alone, and the operations that were left out.

    Args:
        document: The new document.
        stored: The current document. Its operations are ours; if the new document lacks some,
            the comparison reports them as removed.
        taken: New operations to add, for example `GET /v2/orders`.

    Raises:
        UpdateError: If the new document doesn't have an operation of `taken`.
    """
    offered = labels(document)
    known = {shape(name) for name in offered}
    for name in taken:
        if shape(name) not in known:
            near = get_close_matches(name, offered, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise UpdateError(f"--take {name!r}: the new document has no such operation.{hint}")
    ours = {shape(name) for name in [*labels(stored), *taken]}
    left_out = [name for name in offered if shape(name) not in ours]
    value = {key: part for key, part in document.items() if key != "webhooks"}
    value["paths"] = {}
    names = {shape(path): path for path in stored["paths"]}
    for path, item in (document.get("paths") or {}).items():
        kept = {
            key: part
            for key, part in item.items()
            if key not in METHODS or shape(label(key, path)) in ours
        }
        if kept.keys() & set(METHODS):
            known_path = names.get(shape(path), path)
            value["paths"][known_path] = with_names_of(document, kept, path, known_path)
    return pruned(value), left_out


def with_names_of(document: Json, item: Json, path: str, known: str) -> Json:
    """Return a path item whose path parameters are called as in the stored document."""
    if path == known:
        return item
    renamed = dict(zip(PLACEHOLDER.findall(path), PLACEHOLDER.findall(known), strict=True))
    item = copy.deepcopy(item)
    for node in (item, *(item[method] for method in METHODS if method in item)):
        for index, entry in enumerate(node.get("parameters") or []):
            parameter = resolve(document, entry)
            if parameter["in"] == "path":
                name = renamed.get(parameter["name"], parameter["name"])
                node["parameters"][index] = {**parameter, "name": name}
    return item


def pruned(document: Json) -> Json:
    """Return a document without unused components and tags."""
    value = dict(document)
    requirements = [value.get("security") or []]
    requirements += [operation.get("security") or [] for *_, operation in operations(value)]
    schemes = {name for each in requirements for one in each for name in one}
    known = (value.get("components") or {}).get("securitySchemes") or {}
    used = {join("/components/securitySchemes", name) for name in schemes & known.keys()}
    used |= reachable(value, value["paths"], *({"$ref": f"#{pointer}"} for pointer in used))
    if "components" in value:
        kept = {
            section: entries
            if section.startswith("x-")
            else {
                name: entry
                for name, entry in (entries or {}).items()
                if join("/components", section, name) in used
            }
            for section, entries in value["components"].items()
        }
        value["components"] = {section: entries for section, entries in kept.items() if entries}
    tags = {tag for *_, operation in operations(value) for tag in operation.get("tags", [])}
    if "tags" in value:
        value["tags"] = [tag for tag in value["tags"] if tag.get("name") in tags]
    return value
