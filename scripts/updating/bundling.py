"""One document from several files: parts that relative `$ref`s name move to the components."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from updating.errors import UpdateError
from updating.pointers import Json, join, look_up, references, split
from updating.sources import Source, beside, read

# Section of the components for what a reference names, by the key that the reference is under.
SECTIONS = {
    "parameters": "parameters",
    "responses": "responses",
    "requestBody": "requestBodies",
    "requestBodies": "requestBodies",
    "examples": "examples",
    "headers": "headers",
    "links": "links",
    "callbacks": "callbacks",
    "securitySchemes": "securitySchemes",
}
Target = tuple[str, str]


@dataclass
class Document:
    """A whole OpenAPI document and where each part of it came from.

    Attributes:
        value: The content; every reference in it leads to somewhere inside.
        sources: The files, the first one in front.
        origins: Pointers of parts that came from elsewhere, with file and pointer there.
    """

    value: Json
    sources: list[Source]
    origins: dict[str, tuple[Source, str]] = field(default_factory=dict)

    def place(self, pointer: str) -> str:
        """Return file, line, and path of a part in the file that it comes from."""
        above = [one for one in self.origins if pointer == one or pointer.startswith(f"{one}/")]
        nearest = max(above, key=len, default=None)
        if nearest is None:
            return self.sources[0].place(pointer)
        source, start = self.origins[nearest]
        return source.place(start + pointer[len(nearest) :])


def bundle(location: str) -> Document:
    """Read a document with all files that it refers to.

    Args:
        location: Path or URL of its main file.

    Raises:
        UpdateError: A file can't be read, or a reference leads nowhere.
    """
    return Bundler(read(location)).run()


class Bundler:
    """Moves parts of other files into the main one."""

    def __init__(self, root: Source) -> None:
        self._root = root
        self._files = {root.location: root}
        self._document = Document(copy.deepcopy(root.value), [root])
        self._names: dict[Target, str] = {}

    def run(self) -> Document:
        value = self._document.value
        paths = value.get("paths")
        for path, item in (paths if isinstance(paths, dict) else {}).items():
            self._inline(value["paths"], path, item, join("/paths", path))
        for section, entries in (value.get("components") or {}).items():
            for name, entry in (entries if isinstance(entries, dict) else {}).items():
                self._inline(entries, name, entry, join("/components", section, name))
        self._rewrite(value, self._root, "")
        for pointer, node in references(value):
            self._check(pointer, node["$ref"])
        return self._document

    def _inline(self, owner: Json, key: str, node: Any, pointer: str) -> None:
        """Put a path or component that is only a reference to another file in its place."""
        if not isinstance(node, dict) or not isinstance(node.get("$ref"), str):
            return
        if node["$ref"].startswith("#"):
            return
        source, start = target = self._target(self._root, pointer, node["$ref"])
        if pointer.startswith("/components/"):
            self._names[source.location, start] = f"#{pointer}"
        content = copy.deepcopy(self._content(self._root, pointer, node["$ref"], target))
        self._document.origins[pointer] = target
        self._rewrite(content, source, start)
        owner[key] = content

    def _rewrite(self, node: Any, source: Source, start: str) -> None:
        """Let all references of a part lead into the main file.

        Args:
            node: The part.
            source, start: The file that it comes from, and its pointer there.
        """
        for pointer, reference in list(references(node, start)):
            own = source is self._root and (
                reference["$ref"].startswith("#") or self._is_moved(pointer)
            )
            if not own:
                reference["$ref"] = self._moved(source, pointer, reference["$ref"])

    def _is_moved(self, pointer: str) -> bool:
        origins = self._document.origins
        return any(pointer == one or pointer.startswith(f"{one}/") for one in origins)

    def _moved(self, source: Source, pointer: str, reference: str) -> str:
        """Move what a reference names to the components; return its new name."""
        target = self._target(source, pointer, reference)
        if target[0] is self._root:
            return f"#{target[1]}"
        key = (target[0].location, target[1])
        if key in self._names:
            return self._names[key]
        content = copy.deepcopy(self._content(source, pointer, reference, target))
        section = section_of(pointer)
        entries = self._document.value.setdefault("components", {}).setdefault(section, {})
        name = free_name(target, entries)
        self._names[key] = f"#/components/{section}/{name}"
        self._document.origins[f"/components/{section}/{name}"] = target
        entries[name] = content
        self._rewrite(content, *target)
        return self._names[key]

    def _target(self, source: Source, pointer: str, reference: str) -> tuple[Source, str]:
        file, _, fragment = reference.partition("#")
        if not file:
            return source, unquote(fragment)
        try:
            location = beside(source.location, file)
            if location not in self._files:
                self._files[location] = read(location)
                self._document.sources.append(self._files[location])
        except UpdateError as error:
            raise UpdateError(f"{source.place(pointer)}: $ref '{reference}': {error}") from error
        return self._files[location], unquote(fragment)

    def _content(
        self, source: Source, pointer: str, reference: str, target: tuple[Source, str]
    ) -> Any:
        try:
            return look_up(target[0].value, target[1])
        except KeyError as error:
            raise dangling(source.place(pointer), reference, error) from error

    def _check(self, pointer: str, reference: str) -> None:
        try:
            look_up(self._document.value, unquote(reference.removeprefix("#")))
        except KeyError as error:
            raise dangling(self._document.place(pointer), reference, error) from error


def dangling(place: str, reference: str, error: KeyError) -> UpdateError:
    return UpdateError(
        f"{place}: $ref '{reference}' leads nowhere: there is no {error.args[0]!r}. Correct the "
        "reference or add what it names."
    )


def section_of(pointer: str) -> str:
    """Return the section of the components for what a reference at this pointer names."""
    keys = split(pointer)
    near = [keys[-1], *keys[-2:-1]] if keys else []
    # Inside of a schema a property may have any of these names.
    if "schema" in keys or "schemas" in keys or "properties" in keys:
        return "schemas"
    return next((SECTIONS[key] for key in near if key in SECTIONS), "schemas")


def free_name(target: tuple[Source, str], taken: Json) -> str:
    """Return a name for a component: the last part of its pointer, else of its file's name."""
    source, pointer = target
    stem = PurePosixPath(source.location.replace("\\", "/")).name.partition(".")[0]
    base = re.sub(r"[^A-Za-z0-9._-]", "_", split(pointer)[-1] if pointer else stem)
    name, number = base, 2
    while name in taken:
        name, number = f"{base}{number}", number + 1
    return name
