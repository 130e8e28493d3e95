"""Read a file of an OpenAPI document, from disk or the web, and find the line of each part."""

from __future__ import annotations

import json
import re
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import yaml

from updating.errors import UpdateError
from updating.pointers import escape, split

# Seconds to wait for a server.
FETCH_TIMEOUT = 30.0
NOT_PLAIN = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")
TRUTH = re.compile("^(?:true|True|TRUE|false|False|FALSE)$")
Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Loader(Base):  # type: ignore[misc]  # which of the two is known at run time
    """YAML with the types of JSON: dates are strings, and so are `no` and `on`."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the library's way to set them
        start: [entry for entry in entries if entry[0] not in NOT_PLAIN]
        for start, entries in Base.yaml_implicit_resolvers.items()
    }


Loader.add_implicit_resolver(NOT_PLAIN[1], TRUTH, list("tTfF"))


class Source:
    """One file of a document.

    Args:
        location: Path or URL.
        text: Its content.

    Raises:
        UpdateError: If it isn't YAML or JSON, or a mapping has a key twice.
    """

    def __init__(self, location: str, text: str) -> None:
        self.location = location
        self.text = text
        self._node = self._compose()
        self._check(self._node, "", set())

    @property
    def name(self) -> str:
        """The location as it is shown: a path from here where there is one."""
        if is_url(self.location):
            return self.location
        path, here = Path(self.location), Path.cwd()
        return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)

    @cached_property
    def value(self) -> Any:
        """The content."""
        loader = Loader("")
        try:
            return as_json(loader.construct_document(self._node))
        except (yaml.YAMLError, ValueError) as error:
            raise UpdateError(f"{self.name}: {error}") from error
        finally:
            loader.dispose()

    def line(self, pointer: str) -> int:
        """Return the line of the value at a pointer, or of the nearest one above it."""
        node, line = self._node, 1
        for key in split(pointer):
            found = child(node, key)
            if found is None:
                break
            line, node = found
        return line

    def place(self, pointer: str) -> str:
        """Return file, line and path, for messages."""
        return f"{self.name}:{self.line(pointer)} ({pointer or '/'})"

    def _compose(self) -> yaml.Node:
        text = self.text
        if text.lstrip()[:1] in {"{", "["}:
            # JSON can be indented with tabs, which YAML refuses; its strings can't contain them.
            text = text.replace("\t", " ")
        try:
            node = yaml.compose(text, Loader=Loader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise UpdateError(
                f"{self.name}:{line}: invalid YAML or JSON: {error.problem}. Correct this line "
                "or the one before it."
            ) from error
        except yaml.YAMLError as error:
            raise UpdateError(f"{self.name}: invalid YAML or JSON: {error}") from error
        if not isinstance(node, yaml.MappingNode):
            raise UpdateError(f"{self.name}:1: expected a mapping.")
        return node

    def _check(self, node: yaml.Node, pointer: str, above: set[int]) -> None:
        """Refuse duplicate keys and anchors that contain themselves."""
        if id(node) in above:
            raise UpdateError(f"{self.place(pointer)}: the alias contains itself.")
        above = above | {id(node)}
        if isinstance(node, yaml.SequenceNode):
            for index, entry in enumerate(node.value):
                self._check(entry, f"{pointer}/{index}", above)
        if not isinstance(node, yaml.MappingNode):
            return
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in seen:
                raise UpdateError(
                    f"{self.name}:{line} ({pointer}/{escape(key.value)}): the key {key.value!r} "
                    f"is already in line {seen[key.value]}. Remove one of the two."
                )
            seen[key.value] = line
            self._check(value, f"{pointer}/{escape(key.value)}", above)


def child(node: yaml.Node, key: str) -> tuple[int, yaml.Node] | None:
    """Return the node under a key, and its line."""
    if isinstance(node, yaml.SequenceNode) and key.isdigit() and int(key) < len(node.value):
        entry = node.value[int(key)]
        return entry.start_mark.line + 1, entry
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == key:
                return name.start_mark.line + 1, value
    return None


def as_json(value: Any) -> Any:
    """Return a copy with strings as keys (`200:` becomes "200") and without shared parts."""
    if isinstance(value, dict):
        return {key_text(key): as_json(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [as_json(entry) for entry in value]
    return value


def key_text(key: Any) -> str:
    return key if isinstance(key, str) else json.dumps(key)


def read(location: str) -> Source:
    """Read a file or fetch a URL.

    Args:
        location: Path, or URL with http or https.

    Raises:
        UpdateError: If it can't be read, or isn't YAML or JSON.
    """
    if is_url(location):
        return Source(location, fetch(location))
    path = Path(location).resolve()
    try:
        return Source(str(path), path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UpdateError(
            f"{location}: can't be read: {reason}. Expected a path or URL."
        ) from error


def fetch(url: str) -> str:
    try:
        response = httpx.get(url, timeout=FETCH_TIMEOUT, follow_redirects=True)
        response.raise_for_status()
        return response.content.decode("utf-8-sig")
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise UpdateError(f"{url}: can't be fetched: {error}") from error


def is_url(location: str) -> bool:
    return urlsplit(location).scheme in {"http", "https"}


def beside(location: str, reference: str) -> str:
    """Return the location of a file that is named relative to another.

    Raises:
        UpdateError: The reference is absolute, or leads to another host.
    """
    if urlsplit(reference).scheme or reference.startswith(("/", "\\")):
        raise UpdateError(f"'{reference}' is absolute: only relative references are followed.")
    if not is_url(location):
        return str((Path(location).parent / reference).resolve())
    return urljoin(location, reference)
