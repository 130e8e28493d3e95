"""JSON pointers (RFC 6901): where something is in a document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# These keys have invented values, which can look like anything, even like a reference.
VALUES = frozenset({"example", "default", "enum", "const", "value"})


def escape(key: str | int) -> str:
    """Return a key as it's written in a pointer."""
    return str(key).replace("~", "~0").replace("/", "~1")


def join(pointer: str, *keys: str | int) -> str:
    """Return the pointer that these keys lead to from a pointer."""
    return "".join([pointer, *(f"/{escape(key)}" for key in keys)])


def split(pointer: str) -> list[str]:
    """Return the keys of a pointer."""
    return [key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")[1:]]


def look_up(document: Any, pointer: str) -> Any:
    """Return the value at a pointer.

    Raises:
        KeyError: If there is none.
    """
    value = document
    for key in split(pointer):
        if isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, dict):
            value = value[key]
        else:
            raise KeyError(key)
    return value


def walk(node: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every part of a document with its pointer, examples and other values left out."""
    yield pointer, node
    entries: list[tuple[str | int, Any]] = []
    if isinstance(node, dict):
        entries = list(node.items())
    elif isinstance(node, list):
        entries = list(enumerate(node))
    for key, value in entries:
        if not is_value(pointer, key):
            yield from walk(value, join(pointer, key))


def is_value(pointer: str, key: str | int) -> bool:
    """Return whether a key has an invented value, which says nothing about the API."""
    parent = pointer.rpartition("/")[2]
    # A property may be called `default` or `value`; then it is a schema like any other.
    return key in VALUES and parent not in {"properties", "schemas", "examples"}


def references(node: Any, pointer: str = "") -> Iterator[tuple[str, Json]]:
    """Yield every mapping that is a reference, with its pointer."""
    for where, value in walk(node, pointer):
        if isinstance(value, dict) and isinstance(value.get("$ref"), str):
            yield where, value


def resolve(document: Json, node: Json) -> Json:
    """Follow references to what they name."""
    while isinstance(node.get("$ref"), str):
        node = look_up(document, node["$ref"].removeprefix("#"))
    return node


def operations(document: Json) -> Iterator[tuple[str, str, Json, Json]]:
    """Yield method, path, path item, and operation of all operations."""
    for path, item in (document.get("paths") or {}).items():
        for method in METHODS:
            if isinstance(item, dict) and isinstance(item.get(method), dict):
                yield method, path, item, item[method]
