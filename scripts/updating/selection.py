"""Of all that a published document has: the operations that this project uses."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from updating.errors import UpdateError
from updating.pointers import METHODS, Json, operations, references, resolve, split

PLACEHOLDER = re.compile(r"{([^}]*)}")


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
    return pruned(with_stored_names(document, stored), ours), left_out


def with_stored_names(document: Json, stored: Json) -> Json:
    """Return a copy whose path parameters have the names that the stored document gives them."""
    document = copy.deepcopy(document)
    names = {shape(path): path for path in stored["paths"]}
    for path in list(document["paths"]):
        known = names.get(shape(path), path)
        if known == path:
            continue
        renamed = dict(zip(PLACEHOLDER.findall(path), PLACEHOLDER.findall(known), strict=True))
        item = document["paths"][path]
        for node in (item, *(item[method] for method in METHODS if method in item)):
            node["parameters"] = [
                renamed_parameter(resolve(document, entry), renamed)
                for entry in node.get("parameters") or []
            ]
        document["paths"] = {
            known if key == path else key: value for key, value in document["paths"].items()
        }
    return document


def renamed_parameter(parameter: Json, renamed: dict[str, str]) -> Json:
    if parameter.get("in") != "path":
        return parameter
    return {**parameter, "name": renamed.get(parameter["name"], parameter["name"])}


def pruned(document: Json, wanted: set[str]) -> Json:
    """Return a document without other operations, and without unused components and tags."""
    value: Json = {key: part for key, part in document.items() if key != "webhooks"}
    for path, item in list(value["paths"].items()):
        for method in METHODS:
            if method in item and shape(label(method, path)) not in wanted:
                del item[method]
        if not any(method in item for method in METHODS):
            del value["paths"][path]
    used = used_components(value)
    for section, entries in list((value.get("components") or {}).items()):
        if isinstance(entries, dict) and not section.startswith("x-"):
            kept = {name: entry for name, entry in entries.items() if (section, name) in used}
            value["components"][section] = kept
            if not kept:
                del value["components"][section]
    tags = {tag for _, _, _, operation in operations(value) for tag in operation.get("tags", [])}
    if "tags" in value:
        value["tags"] = [tag for tag in value["tags"] if tag.get("name") in tags]
    return value


def used_components(document: Json) -> set[tuple[str, str]]:
    """Return section and name of every component that an operation needs."""
    requirements = [document.get("security") or []]
    requirements += [op.get("security") or [] for _, _, _, op in operations(document)]
    used = {("securitySchemes", name) for each in requirements for one in each for name in one}
    todo: list[Any] = [document["paths"], *(component(document, one) for one in used)]
    while todo:
        for _, node in references(todo.pop()):
            _, section, name = split(node["$ref"].removeprefix("#"))[:3]
            if (section, name) not in used:
                used.add((section, name))
                todo.append(component(document, (section, name)))
    return used


def component(document: Json, place: tuple[str, str]) -> Any:
    section, name = place
    return (document.get("components") or {}).get(section, {}).get(name)
