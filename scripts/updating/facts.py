"""What a document says, fact by fact, so that two documents can be compared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from updating.pointers import Json, operations, resolve
from updating.selection import label

# Keywords that only people read.
TEXTS = frozenset(
    {"description", "title", "summary", "example", "examples", "deprecated", "externalDocs"}
    | {"$comment", "default", "readOnly", "writeOnly", "xml", "x-enum-varnames"}
)
STRUCTURE = frozenset(
    {"type", "format", "$ref", "enum", "const", "properties", "required", "items"}
    | {"additionalProperties", "allOf", "anyOf", "oneOf"}
)
VARIANTS = ("allOf", "anyOf", "oneOf")
AUTHENTICATION = "authentication"
SERVER = "server"
VALUE = "value"
Fact = tuple[str, str]


@dataclass(frozen=True)
class Change:
    """A fact that was added, removed, or changed.

    Attributes:
        owner: The operation (`GET /v2/eulas/{eulaId}`) or schema that it's about.
        part: Part of the owner, for example a field; empty for the whole.
        old, new: What the documents say; None if one of them doesn't have it.
    """

    owner: str
    part: str
    old: str | None
    new: str | None

    @property
    def subject(self) -> str:
        """Owner and part: `Job.status`, or `GET /v2/jobs: query parameter limit`."""
        separator = ": " if " " in self.owner else "."
        return f"{self.owner}{separator}{self.part}" if self.part else self.owner

    def __str__(self) -> str:
        if self.old is None:
            return f"Added `{self.subject}`: {self.new}"
        if self.new is None:
            return f"Removed `{self.subject}`: {self.old}"
        return f"Changed `{self.subject}`: {self.old} → {self.new}"


def compare(old: Json, new: Json) -> list[Change]:
    """Return the differences between two documents, in the order of the documents."""
    before, after = dict(facts(old)), dict(facts(new))
    keys = [*before, *(key for key in after if key not in before)]
    return [
        Change(*key, before.get(key), after.get(key))
        for key in keys
        if before.get(key) != after.get(key)
    ]


def facts(document: Json) -> Iterator[tuple[Fact, str]]:
    """Yield everything that a document says about what goes over the wire."""
    for server in document.get("servers") or []:
        yield ("API", f"{SERVER} {server.get('url')}"), VALUE
    for method, path, item, operation in operations(document):
        yield from operation_facts(document, label(method, path), item, operation)
    components = document.get("components") or {}
    for name, scheme in (components.get("securitySchemes") or {}).items():
        plain = {key: value for key, value in scheme.items() if key not in TEXTS}
        yield ("API", f"{AUTHENTICATION} {name}"), json.dumps(plain, sort_keys=True)
    for name, schema in (components.get("schemas") or {}).items():
        yield (name, ""), words(schema)
        yield from schema_facts(name, "", schema)


def operation_facts(
    document: Json, name: str, item: Json, operation: Json
) -> Iterator[tuple[Fact, str]]:
    tag = (operation.get("tags") or ["default"])[0]
    yield (name, ""), f"{operation.get('operationId')} ({tag})"
    requirements = operation.get("security", document.get("security"))
    yield (name, AUTHENTICATION), json.dumps(requirements or "none")
    for server in operation.get("servers") or item.get("servers") or []:
        yield (name, f"{SERVER} {server.get('url')}"), VALUE
    for entry in [*(item.get("parameters") or []), *(operation.get("parameters") or [])]:
        parameter = resolve(document, entry)
        part = f"{parameter['in']} parameter {parameter['name']}"
        schema = parameter.get("schema") or {}
        style = [f"{key}: {parameter[key]}" for key in ("style", "explode") if key in parameter]
        need = "required" if parameter.get("required") else "optional"
        yield (name, part), ", ".join([words(schema), need, *style])
        yield from schema_facts(name, part, schema)
    body = resolve(document, operation.get("requestBody") or {})
    need = "required" if body.get("required") else "optional"
    for media_type, content in (body.get("content") or {}).items():
        part = f"request body ({media_type})"
        yield (name, part), f"{words(content.get('schema') or {})}, {need}"
        yield from schema_facts(name, part, content.get("schema") or {})
    for status, entry in (operation.get("responses") or {}).items():
        response = resolve(document, entry)
        yield (name, f"response {status}"), VALUE
        for media_type, content in (response.get("content") or {}).items():
            part = f"response {status} ({media_type})"
            yield (name, part), words(content.get("schema") or {})
            yield from schema_facts(name, part, content.get("schema") or {})


def schema_facts(owner: str, part: str, schema: Any) -> Iterator[tuple[Fact, str]]:
    """Yield the fields and enum values of a schema, with those of its inline parts."""
    if not isinstance(schema, dict) or "$ref" in schema:
        return
    for value in schema.get("enum") or ():
        yield (owner, f"{part} {json.dumps(value)}".strip()), VALUE
    required = schema.get("required") or ()
    for name, field in (schema.get("properties") or {}).items():
        place = f"{part}.{name}" if part else name
        need = "required" if name in required else "optional"
        yield (owner, place), f"{words(field)}, {need}"
        yield from schema_facts(owner, place, field)
    for variants in VARIANTS:
        for variant in schema.get(variants) or ():
            yield from schema_facts(owner, part, variant)
    yield from schema_facts(owner, f"{part}[]", schema.get("items"))
    yield from schema_facts(owner, f"{part}{{}}", schema.get("additionalProperties"))


def words(schema: Any) -> str:
    """Return the type of a schema with its constraints, for people."""
    if not isinstance(schema, dict):
        return "anything" if schema else "nothing"
    rules = [
        f"{key}: {json.dumps(value, sort_keys=True)}"
        for key, value in sorted(schema.items())
        if key not in TEXTS | STRUCTURE
    ]
    return ", ".join([kind(schema), *rules])


def kind(schema: Json) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for variants, word in (("allOf", " and "), ("anyOf", " or "), ("oneOf", " or ")):
        if schema.get(variants):
            return word.join(sorted({words(variant) for variant in schema[variants]}))
    if "const" in schema:
        return json.dumps(schema["const"])
    types = schema.get("type", "object" if "properties" in schema else "anything")
    found = [types] if isinstance(types, str) else types
    form = f" ({schema['format']})" if "format" in schema else ""
    return " or ".join(sorted(f"{each}{form}{inner(schema, each)}" for each in found))


def inner(schema: Json, type: str) -> str:
    if type == "array" and "items" in schema:
        return f" of {words(schema['items'])}"
    if type == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f" of {words(schema['additionalProperties'])}"
    return ""
