"""The OpenAPI document, and differences between it and a response."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Any

from attrs import define, field, frozen

# Objects that may have any other field: claims, what STAC and GeoJSON extend, and blocks, of
# which nothing is read.
OPEN_SCHEMAS = """
    UserInfo Link StacCatalog StacCollection StacItem StacItemProperties StacAsset ResultFeature
    ResultFeatureCollection Block
"""
# Words of field names in OpenID Connect and OGC API - Processes that the document lacks.
STANDARD_WORDS = """
    email verified preferred username given family name locale roles scope groups outputs keywords
    metadata control options transmission version mutable subscribe callback
"""
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
# What names of fields look like. Anything else could be a value: a title, an ID, an address.
NAME = re.compile(r"[A-Za-z][A-Za-z_:-]{0,39}")
HIDDEN_NAME = "*"
JSON = "application/json"
MEDIA_TYPES = ("application/problem+json", "application/geo+json", "text/html", "text/plain")
JSON_TYPES = {
    dict: "object", list: "array", str: "string", bool: "boolean", int: "integer",
    float: "number", type(None): "null",
}  # fmt: skip
# Violations that are read of one body: the rest would say the same.
MOST_VIOLATIONS = 500


@frozen
class Operation:
    """One operation of the document."""

    id: str
    method: str
    path: str
    responses: dict[str, Any] = field(repr=False)

    def matches(self, method: str, path: str) -> bool:
        """Return whether a request is one of this operation."""
        pattern = re.sub(r"\\{\w+\\}", "[^/]*", re.escape(self.path))
        return self.method == method and re.fullmatch(pattern, path) is not None


@frozen
class Difference:
    """A difference between a response and the document; `path` leads to it from the body."""

    problem: str
    path: tuple[str | int, ...] = ()


@define
class Names:
    """Decides which names of fields are shown.

    Those that consist of words of the document are. Others are if they look like the name of a
    field, have a word of the document unless they are a single word, and none of their words was
    a part of a value in a response.
    """

    _known: set[str]
    _received: set[str] = field(factory=set)

    def receive(self, content: Any) -> None:
        """Record the strings in a JSON value."""
        waiting = [content]
        while waiting:
            value = waiting.pop()
            if isinstance(value, str):
                self._received |= words(value)
            elif isinstance(value, dict | list):
                waiting.extend(value.values() if isinstance(value, dict) else value)

    def show(self, name: str) -> str:
        """Return a name, or a placeholder if it could be a value."""
        used = words(name)
        new = used - self._known
        is_usual = name[:1].islower() and (len(used) == 1 or new != used)
        is_shown = NAME.fullmatch(name) and (not new or is_usual) and not new & self._received
        return name if is_shown else HIDDEN_NAME

    def describe(self, difference: Difference) -> str:
        """Return a difference as text."""
        steps = ("[]" if isinstance(s, int) else f".{self.show(s)}" for s in difference.path)
        path = "".join(steps).removeprefix(".")
        return f"`{path}`: {difference.problem}" if path else difference.problem


class Document:
    """The OpenAPI document that the client was generated from."""

    def __init__(self) -> None:
        from jsonschema import FormatChecker

        text = files("up42_client").joinpath("openapi.json").read_text(encoding="utf-8")
        self.words = words(text + STANDARD_WORDS)
        content = json.loads(text, object_hook=closed)
        for name in OPEN_SCHEMAS.split():
            if name in content["components"]["schemas"]:
                content["components"]["schemas"][name]["additionalProperties"] = True
        self._content: Any = content
        self._formats = FormatChecker(formats=())
        self._formats.checks("date-time", raises=ValueError)(is_time)
        self.operations = {
            node["operationId"]: Operation(
                node["operationId"], method.upper(), path, node["responses"]
            )
            for path, item in content["paths"].items()
            for method, node in item.items()
            if isinstance(node, dict)
        }

    def differences(
        self, operation: Operation, status: int, media_type: str, body: bytes
    ) -> Iterator[Difference]:
        """Yield in what a response differs from the document."""
        from jsonschema import Draft202012Validator

        kinds = operation.responses
        key = next((k for k in (str(status), f"{status // 100}XX") if k in kinds), None)
        if key is None:
            yield Difference(f"the status {status} isn't documented")
            return
        documented = self._resolve(kinds[key]).get("content", {})
        is_json = media_type.endswith("json")
        if media_type not in documented and (body or documented):
            shown = media_type if media_type in (*MEDIA_TYPES, JSON) else "another media type"
            yield Difference(f"{status} comes with {shown}")
        if JSON not in documented or not is_json:
            return
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            yield Difference(f"the body of {status} isn't JSON")
            return
        # References of the schema lead into the components.
        schema = {**documented[JSON]["schema"], "components": self._content["components"]}
        validator = Draft202012Validator(schema, format_checker=self._formats)
        for error in islice(validator.iter_errors(content), MOST_VIOLATIONS):
            yield from violation(error)

    def _resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            pointer, node = node["$ref"].split("/")[1:], self._content
            for step in pointer:
                node = node[step]
        return node


@cache
def document() -> Document:
    """Return the document, read once."""
    return Document()


def words(text: str) -> set[str]:
    return {word.lower() for word in WORD.findall(text)}


def closed(schema: dict[str, Any]) -> dict[str, Any]:
    """Close a schema to fields that it doesn't have, so that they are reported."""
    if "properties" in schema and schema.get("additionalProperties") is True:
        schema["additionalProperties"] = False
    return schema


def is_time(value: object) -> bool:
    return not isinstance(value, str) or dt.datetime.fromisoformat(value).tzinfo is not None


def json_type(value: Any) -> str:
    return JSON_TYPES[type(value)]


def violation(error: Any) -> Iterator[Difference]:
    """Yield what breaks a schema, in words that quote nothing of the body."""
    path, expected = tuple(error.absolute_path), error.validator_value
    if error.context:
        # Of several variants, the one that comes closest.
        best = max(error.context, key=lambda e: (len(e.absolute_path), e.validator != "type"))
        for each in error.context:
            if each.schema_path[0] == best.schema_path[0]:
                yield from violation(each)
    elif error.validator == "required":
        missing = (name for name in expected if name not in error.instance)
        yield from (Difference("missing", (*path, name)) for name in missing)
    elif error.validator == "additionalProperties":
        unknown = (name for name in error.instance if name not in error.schema["properties"])
        for name in islice(unknown, MOST_VIOLATIONS):
            yield Difference("unknown field", (*path, name))
    elif error.validator == "type":
        wanted = expected if isinstance(expected, str) else " or ".join(expected)
        yield Difference(f"{json_type(error.instance)} instead of {wanted}", path)
    else:
        yield Difference(f"breaks `{error.validator}`", path)
