"""Read a document, from one file or several, and remember the line of each part."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import httpx
import yaml

from updating.pointers import (
    Json,
    UpdateError,
    is_value,
    join,
    look_up,
    references,
    resolve,
    split,
)

# Seconds to wait for a server.
FETCH_TIMEOUT = 30.0
# A few aliases of aliases can stand for any number of values.
MOST_VALUES = 1_000_000
COMPONENT = re.compile("/components/[^/]+/[^/]+")
SCHEMAS = "/components/schemas"
WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Source:
    """One file of a document, in YAML with the types of JSON: dates, `no`, and `on` are strings.

    Args:
        location: Path or URL, with http or https.

    Raises:
        UpdateError: If it can't be read, isn't YAML or JSON, or a mapping has a key twice.
    """

    def __init__(self, location: str) -> None:
        self.location = location if is_url(location) else str(Path(location).resolve())
        self.text = read(location)
        self._lines: dict[str, int] = {}
        # JSON can be indented with tabs, which YAML refuses; its strings can't contain them.
        is_json = self.text.lstrip()[:1] in {"{", "["}
        try:
            node = yaml.compose(self.text.replace("\t", " ") if is_json else self.text, Loader)
            self.value: Json = self._value(node, "", 1, ())
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise UpdateError(
                f"{self.name}:{line}: invalid YAML or JSON: {error.problem}. Correct this line "
                "or the one before it."
            ) from error
        except (yaml.YAMLError, RecursionError) as error:
            raise UpdateError(f"{self.name}: invalid YAML or JSON: {error}") from error
        if not isinstance(self.value, dict):
            raise UpdateError(f"{self.name}:1: expected a mapping.")

    @property
    def name(self) -> str:
        """The location as it is shown: a path relative to the working folder if possible."""
        return self.location.removeprefix(f"{Path.cwd()}/")

    def place(self, pointer: str) -> str:
        """Return file, line, and path of a value, or the line of the nearest one above it."""
        return f"{self.name}:{self._lines[nearest(pointer, self._lines)]} ({pointer or '/'})"

    def _value(self, node: Any, pointer: str, line: int, above: tuple[int, ...]) -> Any:
        self._lines[pointer] = line
        if id(node) in above:
            raise UpdateError(f"{self.place(pointer)}: the alias contains itself.")
        if len(self._lines) > MOST_VALUES:
            raise UpdateError(f"{self.name}: more than {MOST_VALUES} values.")
        above = (*above, id(node))
        if isinstance(node, yaml.SequenceNode):
            return [
                self._value(entry, f"{pointer}/{index}", entry.start_mark.line + 1, above)
                for index, entry in enumerate(node.value)
            ]
        return (
            self._mapping(node, pointer, above)
            if isinstance(node, yaml.MappingNode)
            else scalar(node)
        )

    def _mapping(self, node: yaml.MappingNode, pointer: str, above: tuple[int, ...]) -> Json:
        own: dict[str, int] = {}
        found: Json = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise UpdateError(f"{self.name}:{line} ({pointer or '/'}): a key isn't a string.")
            place = f"{self.name}:{line} ({join(pointer, key.value)})"
            if key.value in own:
                raise UpdateError(
                    f"{place}: the key {key.value!r} is already in line {own[key.value]}. Remove "
                    "one of the two."
                )
            own[key.value] = line
            found[key.value] = self._value(value, join(pointer, key.value), line, above)
        return found


def scalar(node: yaml.ScalarNode | None) -> Any:
    if node is None:
        return None
    if node.style:
        return node.value
    if node.value.lower() in WORDS:
        return WORDS[node.value.lower()]
    try:
        return json.loads(node.value, parse_constant=str)
    except ValueError:
        return node.value


def read(location: str) -> str:
    try:
        if not is_url(location):
            return Path(location).read_text(encoding="utf-8-sig")
        response = httpx.get(location, timeout=FETCH_TIMEOUT, follow_redirects=True)
        return response.raise_for_status().content.decode("utf-8-sig")
    except (OSError, ValueError, httpx.HTTPError, httpx.InvalidURL) as error:
        reason = getattr(error, "strerror", None) or error
        raise UpdateError(
            f"{location}: can't be read: {reason}. Expected a path or URL."
        ) from error


def is_url(location: str) -> bool:
    return location.startswith(("http://", "https://"))


def nearest(pointer: str, known: Json | dict[str, int]) -> str:
    """Return a pointer, or the nearest one above it that is known."""
    while pointer not in known:
        pointer = pointer.rpartition("/")[0]
    return pointer


class Document:
    """A document with everything that it refers to in other files.

    A schema in another file becomes a component. Anything else replaces the reference.

    Args:
        location: Path or URL of its main file.

    Attributes:
        value: The content; every reference in it names a component.
        sources: The files by location, the main one in front.

    Raises:
        UpdateError: If a file can't be read, or a reference leads nowhere.
    """

    def __init__(self, location: str) -> None:
        root = Source(location)
        self.sources = {root.location: root}
        self._root = root
        self._origins: dict[str, tuple[Source, str]] = {"": (root, "")}
        self._names: dict[tuple[str, str], str] = {}
        self._added: Json = {}
        components = root.value.get("components") or {}
        self._schemas = components.get("schemas") if isinstance(components, dict) else None
        for pointer, node in references(self._schemas, SCHEMAS):
            # A component that is a whole file keeps its name.
            if pointer.count("/") == SCHEMAS.count("/") + 1 and not node["$ref"].startswith("#"):
                file, target = self._target(root, pointer, node["$ref"])
                self._names[file.location, target] = split(pointer)[-1]
        self.value: Json = self._copy(root.value, (root, ""), "", ())
        if self._added:
            components = self.value.setdefault("components", {})
            components["schemas"] = {**(components.get("schemas") or {}), **self._added}
        for pointer, node in references(self.value):
            try:
                resolve(self.value, node)
            except (KeyError, RecursionError) as error:
                raise leads_nowhere(self.place(pointer), node["$ref"]) from error

    def place(self, pointer: str) -> str:
        """Return file, line, and path of a part in the file that it comes from."""
        known = nearest(pointer, self._origins)
        source, start = self._origins[known]
        return source.place(start + pointer[len(known) :])

    def _copy(
        self, node: Any, origin: tuple[Source, str], pointer: str, above: tuple[Any, ...]
    ) -> Any:
        """Return a part as it's written into the document.

        Args:
            node: The part.
            origin: The file that it comes from, and its pointer there.
            pointer: Its pointer in the document.
            above: Origins of the references that led to it.
        """
        source, start = origin
        if isinstance(node, list):
            return [
                self._copy(entry, (source, join(start, i)), join(pointer, i), above)
                for i, entry in enumerate(node)
            ]
        if not isinstance(node, dict):
            return node
        if isinstance(node.get("$ref"), str):
            return self._resolved(node, origin, pointer, above)
        return {
            key: copy.deepcopy(value)
            if is_value(start, key)
            else self._copy(value, (source, join(start, key)), join(pointer, key), above)
            for key, value in node.items()
        }

    def _resolved(
        self, node: Json, origin: tuple[Source, str], pointer: str, above: tuple[Any, ...]
    ) -> Any:
        keys = split(pointer)
        file, target = found = self._target(*origin, node["$ref"])
        is_path = keys[0] == "paths" and len(keys) == 2
        if file is self._root and COMPONENT.fullmatch(target) and not is_path:
            return {**node, "$ref": f"#{target}"}
        try:
            content = look_up(file.value, target)
        except KeyError as error:
            raise leads_nowhere(origin[0].place(origin[1]), node["$ref"]) from error
        is_component = pointer.startswith(SCHEMAS) and len(keys) == 3
        if {"schema", "schemas", "properties"} & set(keys) and not is_component:
            return {**node, "$ref": f"#{SCHEMAS}/{self._component(content, found)}"}
        if found in above:
            raise leads_nowhere(origin[0].place(origin[1]), node["$ref"])
        self._origins[pointer] = found
        return self._copy(content, found, pointer, (*above, found))

    def _component(self, content: Any, origin: tuple[Source, str]) -> str:
        """Return the name of the component for a schema in another place."""
        file, target = origin
        key = (file.location, target)
        if key not in self._names:
            stem = PurePosixPath(file.location.replace("\\", "/")).name.partition(".")[0]
            base = re.sub(r"[^A-Za-z0-9._-]", "_", split(target)[-1] if target else stem)
            name, number = base, 2
            while name in (self._schemas or ()) or name in self._added:
                name, number = f"{base}{number}", number + 1
            self._names[key], self._added[name] = name, {}
            self._origins[f"{SCHEMAS}/{name}"] = origin
            self._added[name] = self._copy(content, origin, f"{SCHEMAS}/{name}", (origin,))
        return self._names[key]

    def _target(self, source: Source, pointer: str, reference: str) -> tuple[Source, str]:
        name, _, fragment = reference.partition("#")
        location = source.location
        try:
            if urlsplit(name).scheme or name.startswith(("/", "\\")):
                raise UpdateError("it's absolute: only relative references are followed.")
            if name and is_url(location):
                location = urljoin(location, name)
            elif name:
                location = str((Path(location).parent / name).resolve())
            if location not in self.sources:
                self.sources[location] = Source(location)
        except (UpdateError, ValueError) as error:
            raise UpdateError(f"{source.place(pointer)}: $ref '{reference}': {error}") from error
        return self.sources[location], unquote(fragment)


def leads_nowhere(place: str, reference: str) -> UpdateError:
    return UpdateError(
        f"{place}: $ref '{reference}' leads nowhere, or back to itself. Correct the reference or "
        "add what it names."
    )
