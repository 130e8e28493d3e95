"""One form for all documents, OpenAPI 3.1, so that two of them can be compared."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from updating.pointers import Json, split, walk

VERSION = "3.1.0"
BOUNDS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
SCHEMA_KEYS = frozenset({"items", "not", "additionalProperties", "schema"})
SCHEMA_LISTS = frozenset({"allOf", "anyOf", "oneOf"})


def normalize(document: Json) -> Json:
    """Return a document in OpenAPI 3.1; one in 3.1 is returned unchanged."""
    if not str(document["openapi"]).startswith("3.0"):
        return document
    document = copy.deepcopy(document)
    document["openapi"] = VERSION
    for schema in list(schemas(document)):
        upgrade(schema)
    return document


def schemas(document: Json) -> Iterator[Json]:
    """Yield every schema of a document, the outer ones first."""
    for pointer, node in walk(document):
        if isinstance(node, dict) and is_schema(pointer):
            yield node


def is_schema(pointer: str) -> bool:
    """Return whether a pointer leads to a schema."""
    keys = split(pointer)
    if len(keys) < 2:
        return False
    parent, last = keys[-2], keys[-1]
    if parent == "properties" or (parent == "schemas" and keys[:-1] == ["components", "schemas"]):
        return True
    if last.isdigit() and parent in SCHEMA_LISTS:
        return True
    # Not `properties/items`, which is handled above, but `schema` and the keywords inside one.
    return last in SCHEMA_KEYS


def upgrade(schema: Json) -> None:
    """Rewrite keywords of 3.0 for 3.1, in place."""
    for exclusive, bound in BOUNDS.items():
        if isinstance(schema.get(exclusive), bool) and schema.pop(exclusive) and bound in schema:
            schema[exclusive] = schema.pop(bound)
    if "example" in schema:
        schema.setdefault("examples", [schema.pop("example")])
    if schema.pop("nullable", False):
        allow_null(schema)


def allow_null(schema: Json) -> None:
    if isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema and None not in schema["enum"]:
            # The generator makes a class of an enum, which null is an alternative to.
            plain: Json = {**schema, "type": schema["type"][0]}
            texts: Json = {key: plain.pop(key) for key in ("description", "title") if key in plain}
            schema.clear()
            schema |= {**texts, "anyOf": [plain, {"type": "null"}]}
        return
    for union in ("anyOf", "oneOf"):
        if union in schema:
            schema[union] = [*schema[union], {"type": "null"}]
            return
    parts = schema.pop("allOf", None)
    if parts is not None:
        inner = parts[0] if len(parts) == 1 else {"allOf": parts}
        schema["anyOf"] = [inner, {"type": "null"}]
