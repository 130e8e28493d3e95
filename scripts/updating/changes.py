"""Facts about a document, by which two documents are compared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from updating.pointers import Json, operations, resolve
from updating.selecting import label

# Keywords that only people read.
TEXTS = frozenset(
    {"description", "title", "summary", "example", "examples", "deprecated", "externalDocs"}
    | {"$comment", "default", "readOnly", "writeOnly", "xml", "x-enum-varnames"}
)
VARIANTS = {"allOf": " and ", "anyOf": " or ", "oneOf": " or "}
# Keywords that are listed in another way than the constraints.
STRUCTURE = frozenset(
    {"$ref", "type", "enum", "properties", "required", "items", "additionalProperties", *VARIANTS}
)
AUTHENTICATION = "authentication"
SERVER = "server"
VALUE = "value"


@dataclass(frozen=True)
class Change:
    """A fact that was added, removed, or changed.

    Attributes:
        owner: The operation (`GET /v2/eulas/{eulaId}`) or schema that it's about.
        part: Part of the owner, for example a field; None for the whole.
        old, new: The fact in each document; None if one of them doesn't have it.
    """

    owner: str
    part: str | None
    old: str | None
    new: str | None

    @property
    def subject(self) -> str:
        """Owner and part: `Job.status`, or `GET /v2/jobs: query parameter limit`."""
        separator = ": " if " " in self.owner else "."
        return self.owner if self.part is None else f"{self.owner}{separator}{self.part}"

    def __str__(self) -> str:
        if self.old is None:
            return f"Added `{self.subject}`: {self.new}"
        if self.new is None:
            return f"Removed `{self.subject}`: {self.old}"
        return f"Changed `{self.subject}`: {self.old} → {self.new}"


Fact = tuple[tuple[str, str | None], str]


def compare(old: Json, new: Json) -> list[Change]:
    """Return the differences between two documents, in the order of the documents."""
    before, after = dict(facts(old)), dict(facts(new))
    return [
        Change(*key, before.get(key), after.get(key))
        for key in {**before, **after}
        if before.get(key) != after.get(key)
    ]


def facts(document: Json) -> Iterator[Fact]:
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
        yield (name, None), words(schema)
        yield from schema_facts(name, "", schema)


def operation_facts(document: Json, name: str, item: Json, operation: Json) -> Iterator[Fact]:
    tag = (operation.get("tags") or ["default"])[0]
    yield (name, None), f"{operation.get('operationId')} ({tag})"
    requirements = operation.get("security", document.get("security"))
    yield (name, AUTHENTICATION), json.dumps(requirements or "none")
    for server in operation.get("servers") or item.get("servers") or []:
        yield (name, f"{SERVER} {server.get('url')}"), VALUE
    for entry in [*(item.get("parameters") or []), *(operation.get("parameters") or [])]:
        parameter = resolve(document, entry)
        part = f"{parameter['in']} parameter {parameter['name']}"
        style = [f"{key}: {parameter[key]}" for key in ("style", "explode") if key in parameter]
        rest = ", ".join([need(parameter.get("required")), *style])
        yield from typed(name, part, parameter.get("schema") or {}, rest)
    body = resolve(document, operation.get("requestBody") or {})
    for media_type, content in (body.get("content") or {}).items():
        part = f"request body ({media_type})"
        yield from typed(name, part, content.get("schema") or {}, need(body.get("required")))
    for status, entry in (operation.get("responses") or {}).items():
        response = resolve(document, entry)
        yield (name, f"response {status}"), VALUE
        for media_type, content in (response.get("content") or {}).items():
            yield from typed(name, f"response {status} ({media_type})", content.get("schema") or {})


def typed(owner: str, part: str, schema: Any, rest: str = "") -> Iterator[Fact]:
    """Yield the type of something, and the facts of its schema."""
    yield (owner, part), ", ".join(filter(None, (words(schema), rest)))
    yield from schema_facts(owner, part, schema)


def schema_facts(owner: str, part: str, schema: Any) -> Iterator[Fact]:
    """Yield the fields and enum values of a schema, with those of its inline parts."""
    if not isinstance(schema, dict) or "$ref" in schema:
        return
    for value in schema.get("enum") or ():
        yield (owner, f"{part} {json.dumps(value)}".strip()), VALUE
    required = schema.get("required") or ()
    for name, field in (schema.get("properties") or {}).items():
        place = f"{part}.{name}" if part else name
        yield from typed(owner, place, field, need(name in required))
    for variants in VARIANTS:
        for variant in schema.get(variants) or ():
            yield from schema_facts(owner, part, variant)
    yield from schema_facts(owner, f"{part}[]", schema.get("items"))
    yield from schema_facts(owner, f"{part}{{}}", schema.get("additionalProperties"))


def need(is_required: object) -> str:
    return "required" if is_required else "optional"


def words(schema: Any) -> str:
    """Return a schema without its fields, for people: `string or null, maxLength: 5`."""
    if not isinstance(schema, dict):
        return "anything" if schema else "nothing"
    types = schema.get("type", [])
    found = [
        str(schema.get("$ref", "")).rpartition("/")[2],
        " or ".join(sorted([types] if isinstance(types, str) else types)),
    ]
    for variants, word in VARIANTS.items():
        found.append(word.join(sorted({words(each) for each in schema.get(variants) or ()})))
    for part in ("items", "additionalProperties"):
        if isinstance(schema.get(part), dict):
            found.append(f"of {words(schema[part])}")
    found += [
        f"{key}: {json.dumps(value, sort_keys=True)}"
        for key, value in sorted(schema.items())
        if key not in TEXTS | STRUCTURE
    ]
    return ", ".join(filter(None, found)) or "anything"
