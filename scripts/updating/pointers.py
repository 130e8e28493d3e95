"""JSON pointers (RFC 6901) and what they lead to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from jsonpointer import JsonPointer, JsonPointerException, resolve_pointer

Json = dict[str, Any]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# The values of these keys are invented and can be anything, even a reference.
VALUES = frozenset({"example", "default", "enum", "const", "value"})


class UpdateError(Exception):
    """The update can't continue; the message says what is wrong, where, and what to do."""


def join(pointer: str, *keys: str | int) -> str:
    """Return the pointer that these keys lead to from a pointer."""
    return pointer + JsonPointer.from_parts(keys).path


def split(pointer: str) -> list[str]:
    """Return the keys of a pointer."""
    return JsonPointer(pointer).parts


def look_up(document: Any, pointer: str) -> Any:
    """Return the value at a pointer.

    Raises:
        KeyError: If there is none.
    """
    try:
        return resolve_pointer(document, pointer)
    except JsonPointerException as error:
        raise KeyError(pointer) from error


def is_value(pointer: str, key: str | int) -> bool:
    """Return whether a key has an invented value, which says nothing about the API."""
    # A property may be called `default` or `value`; then it is a schema like any other.
    named = ("/properties", "/schemas", "/examples", "/responses")
    return key in VALUES and not pointer.endswith(named)


def walk(node: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every part of a document with its pointer, except for invented values."""
    yield pointer, node
    entries: Iterable[tuple[str | int, Any]] = enumerate(node) if isinstance(node, list) else ()
    for key, value in node.items() if isinstance(node, dict) else entries:
        if not is_value(pointer, key):
            yield from walk(value, join(pointer, key))


def references(node: Any, pointer: str = "") -> Iterator[tuple[str, Json]]:
    """Yield every mapping that is a reference, with its pointer."""
    for where, value in walk(node, pointer):
        if isinstance(value, dict) and isinstance(value.get("$ref"), str):
            yield where, value


def resolve(document: Json, node: Any) -> Any:
    """Follow references to what they name."""
    if isinstance(node, dict) and isinstance(node.get("$ref"), str):
        return resolve(document, look_up(document, node["$ref"].removeprefix("#")))
    return node


def operations(document: Json) -> Iterator[tuple[str, str, Json, Json]]:
    """Yield method, path, path item, and operation of all operations."""
    for path, item in (document.get("paths") or {}).items():
        for method in METHODS:
            if isinstance(item, dict) and isinstance(item.get(method), dict):
                yield method, path, item, item[method]


def reachable(document: Json, *parts: Any) -> set[str]:
    """Return the pointers of all components that parts of a document refer to, transitively."""
    found: set[str] = set()
    todo = list(parts)
    while todo:
        for _, node in references(todo.pop()):
            pointer = node["$ref"].removeprefix("#")
            if pointer not in found:
                found.add(pointer)
                todo.append(look_up(document, pointer))
    return found
