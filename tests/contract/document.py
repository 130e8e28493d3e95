"""What the OpenAPI document promises, per operation, in a form that tests can ask."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import yaml
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT202012

Json = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
# `make update` sets the variable, to check the sandbox against a newer document.
PATH = Path(os.environ.get("UP42_OPENAPI") or ROOT / "openapi" / "up42.yaml")
URI = "urn:up42"
METHODS = ("get", "put", "post", "delete", "patch")
# The loader in C where there is one: it reads the document ten times faster.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

DOCUMENT: Json = yaml.load(PATH.read_text(encoding="utf-8"), Loader=LOADER)
REGISTRY = Registry().with_resource(URI, DRAFT202012.create_resource(DOCUMENT))

FORMATS = FormatChecker(formats=())
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


@FORMATS.checks("date-time", raises=ValueError)
def is_time(value: object) -> bool:
    if not isinstance(value, str):
        return True
    return bool(RFC_3339.fullmatch(value)) and dt.datetime.fromisoformat(value).tzinfo is not None


@FORMATS.checks("uri-reference", raises=ValueError)
def is_reference(value: object) -> bool:
    if not isinstance(value, str):
        return True
    urlsplit(value)
    return value.isascii() and not re.search(r"[\s<>\"{}|\\^`]", value)


@FORMATS.checks("uri", raises=ValueError)
def is_uri(value: object) -> bool:
    return is_reference(value) and (not isinstance(value, str) or bool(urlsplit(value).scheme))


@FORMATS.checks("int64")
def is_int64(value: object) -> bool:
    return not isinstance(value, int) or -(2**63) <= value < 2**63


@FORMATS.checks("binary")
@FORMATS.checks("password")
def is_anything(value: object) -> bool:
    return True


class Body(NamedTuple):
    """A body that the document describes; without a schema it is empty."""

    media_type: str | None
    validator: Draft202012Validator | None


class Operation(NamedTuple):
    """One operation of the document."""

    id: str
    method: str
    path: str
    node: Json

    @property
    def label(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def tag(self) -> str:
        return str(self.node["tags"][0])

    @property
    def is_open(self) -> bool:
        """Whether the operation answers without a token."""
        return "security" in self.node

    @property
    def path_names(self) -> list[str]:
        """Names of the path's parameters."""
        return re.findall(r"\{(\w+)\}", self.path)

    def response(self, status: int) -> tuple[str, Json] | None:
        """Return what is promised for a status with its pointer; None if it isn't documented."""
        responses = self.node["responses"]
        key = next((k for k in (str(status), f"{status // 100}XX") if k in responses), None)
        if key is None:
            return None
        pointer = f"#/paths/{escape(self.path)}/{self.method.lower()}/responses/{key}"
        return follow(responses[key], pointer)

    def bodies(self, status: int) -> list[Body] | None:
        """Return the bodies that may come with a status; None if it isn't documented."""
        found = self.response(status)
        if found is None:
            return None
        pointer, response = found
        return [
            Body(media_type, validator(f"{pointer}/content/{escape(media_type)}/schema"))
            for media_type in response.get("content", {})
        ] or [Body(None, None)]


def escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def follow(node: Json, pointer: str = "#") -> tuple[str, Json]:
    """Return what a reference refers to, with its pointer; anything else as it is."""
    while "$ref" in node:
        pointer = node["$ref"]
        node = DOCUMENT
        for key in pointer.split("/")[1:]:
            node = node[key.replace("~1", "/").replace("~0", "~")]
    return pointer, node


@cache
def validator(pointer: str) -> Draft202012Validator:
    """Return what checks values against the schema at a pointer, formats included."""
    # The document writes components with braces, which a reference must not hold.
    reference = URI + pointer.replace("{", "%7B").replace("}", "%7D")
    return Draft202012Validator({"$ref": reference}, registry=REGISTRY, format_checker=FORMATS)


def operations() -> Iterator[Operation]:
    for path, item in DOCUMENT["paths"].items():
        for method in METHODS:
            if method in item:
                yield Operation(item[method]["operationId"], method.upper(), path, item[method])


OPERATIONS = {operation.id: operation for operation in operations()}


def formats(node: Any = DOCUMENT) -> set[str]:
    """Return all formats that schemas of the document ask for."""
    found: set[str] = set()
    entries = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for entry in entries:
        found |= formats(entry)
    if isinstance(node, dict) and isinstance(node.get("format"), str) and "type" in node:
        found.add(node["format"])
    return found


def problems(operation: Operation, status: int, media_type: str, content: bytes) -> list[str]:
    """Return in which ways an answer differs from what the document promises."""
    bodies = operation.bodies(status)
    if bodies is None:
        return [f"{operation.label}: status {status} is not documented"]
    if bodies == [Body(None, None)]:
        return [f"{operation.label}: {status} should have no body"] if content else []
    fitting = [body for body in bodies if body.media_type == media_type]
    if not fitting:
        return [f"{operation.label}: {status} came as {media_type!r}"]
    return [problem for body in fitting for problem in body_problems(body, content)]


def body_problems(body: Body, content: bytes) -> Iterator[str]:
    if body.validator is None:
        return
    for error in body.validator.iter_errors(read(str(body.media_type), content)):
        nearest = innermost(error)
        schemas = " ".join(schemas_of(nearest, body.validator.schema))
        yield f"{nearest.json_path}: {nearest.message[:300]} (schema {schemas})"


def innermost(error: ValidationError) -> ValidationError:
    """Return what came closest, if no variant of a schema matches."""
    while error.context:
        error = max(error.context, key=lambda each: len(each.absolute_path))
    return error


def schemas_of(error: ValidationError, node: Any) -> Iterator[str]:
    """Yield the names of the schemas around an error, from the outside."""
    for step in (None, *error.absolute_schema_path):
        node = node if step is None else node[step]
        while isinstance(node, dict) and "$ref" in node:
            pointer = unquote(node["$ref"].removeprefix(URI))
            if pointer.startswith("#/components/schemas/"):
                yield pointer.rpartition("/")[2]
            node = DOCUMENT
            for key in pointer.split("/")[1:]:
                node = node[key.replace("~1", "/").replace("~0", "~")]


def read(media_type: str, content: bytes) -> Any:
    """Return a body as its schema sees it: schemas can't look into images."""
    if media_type == "application/json":
        return json.loads(content)
    return content.decode() if media_type.startswith("text/") else content.decode("latin-1")
