"""Of all that an upstream document offers: the operations that this project speaks."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from updating.errors import UpdateError
from updating.pointers import METHODS, Json, operations, references, split
from updating.sources import Source, read


@dataclass(frozen=True)
class Selected:
    """A document that holds only our operations.

    Attributes:
        value: The document.
        left_out: Operations that it offered besides, as `GET /path`.
    """

    value: Json
    left_out: tuple[str, ...]


class MissingOperationError(UpdateError):
    """The document lacks operations that are selected.

    Attributes:
        missing: Those, as `GET /path`.
    """

    def __init__(self, message: str, missing: list[str]) -> None:
        super().__init__(message)
        self.missing = missing


class Selection:
    """The list in a file: `operations`, each as `GET /path`.

    Raises:
        UpdateError: The file can't be read or holds something else.
    """

    def __init__(self, path: Path) -> None:
        self._source: Source = read(str(path))
        entries = self._source.value.get("operations")
        if not isinstance(entries, list) or not entries:
            raise UpdateError(f"{self._source.place('/operations')}: expected a list.")
        self.operations = [self._checked(entry, index) for index, entry in enumerate(entries)]

    def _checked(self, entry: Any, index: int) -> str:
        method, _, path = str(entry).partition(" ")
        if method.lower() not in METHODS or not path.startswith("/"):
            raise UpdateError(
                f"{self._source.place(f'/operations/{index}')}: {entry!r} is no operation: "
                "expected a method and a path, for instance 'GET /v2/processing/jobs'."
            )
        return f"{method.upper()} {path}"

    def apply(self, document: Json) -> Selected:
        """Return the document with only the selected operations and what these refer to.

        Raises:
            MissingOperationError: It lacks some.
        """
        offered = {label(method, path): op for method, path, _, op in operations(document)}
        missing = [wanted for wanted in self.operations if wanted not in offered]
        if missing:
            lines = [self._complaint(wanted, list(offered)) for wanted in missing]
            raise MissingOperationError("\n".join(lines), missing)
        wanted = set(self.operations)
        left_out = tuple(name for name in offered if name not in wanted)
        return Selected(pruned(document, wanted), left_out)

    def _complaint(self, wanted: str, offered: list[str]) -> str:
        place = self._source.place(f"/operations/{self.operations.index(wanted)}")
        near = get_close_matches(wanted, offered, n=1, cutoff=0.85)
        hint = f" The nearest that it has is '{near[0]}'." if near else ""
        return (
            f"{place}: the document has no '{wanted}'.{hint} If it was renamed or is gone for "
            "good, change the list and what uses the operation."
        )


def label(method: str, path: str) -> str:
    return f"{method.upper()} {path}"


def pruned(document: Json, wanted: set[str]) -> Json:
    """Return a copy without other operations, and without components and tags nobody uses."""
    value: Json = {key: copy.deepcopy(part) for key, part in document.items() if key != "webhooks"}
    for path, item in list(value["paths"].items()):
        for method in METHODS:
            if method in item and label(method, path) not in wanted:
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
