"""Inputs of a process that come as text: from a command line or from the cells of a table."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from up42_facade._common.values import as_dict
from up42_facade.errors import InvalidInputError
from up42_facade.processing._process import Process
from up42_facade.processing._stac_links import item_url
from up42_facade.session import Session

TEXT = "string"
ARRAY = "array"
URI = "uri"


def parse_inputs(process: Process, texts: Mapping[str, str]) -> dict[str, Any]:
    """Read inputs that are given as text, each by its schema.

    Args:
        process: The process that takes them.
        texts: Text by the name of the input. What is JSON is read as JSON, everything else is
            a text; an input that has to be a text stays one, even if it reads `2024`.

    Returns:
        The inputs, as `Process.template` takes them.

    Raises:
        InvalidInputError: The process has no such input; the error lists those that it has.
        NotFoundError: There is no such process.

    Example:
        >>> process = up42.Process.get("detection-change-simularity")
        >>> up42.parse_inputs(process, {"title": "2024", "sensitivity": "3"})
        {'title': '2024', 'sensitivity': 3}
    """
    process = described(process)
    return {name: parse_text(text, schema_of(process, name)) for name, text in texts.items()}


def described(process: Process) -> Process:
    """Return the process with its inputs, which the list of processes may leave out."""
    return process if process.inputs else Process.get(process.id, session=process._session)


def schema_of(process: Process, name: str) -> dict[str, Any]:
    """Return the JSON schema of one input; an empty one where the API doesn't describe any.

    Raises:
        InvalidInputError: There is no such input.
    """
    if name in process.inputs:
        schema: dict[str, Any] = process.inputs_schema["properties"][name]
        return schema
    if not process.inputs:
        return {}
    raise InvalidInputError(
        f"The process {process.id!r} has no input {name!r}: expected some of "
        f"{', '.join(process.inputs)}.{did_you_mean(name, process.inputs)}"
    )


def parse_text(text: str, schema: Mapping[str, Any]) -> Any:
    """Read one input; one that takes items may hold several URLs, with blanks between them."""
    try:
        value = json.loads(text, parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        return parse_urls(text, schema) if is_item(schema) else text
    return text if schema.get("type") == TEXT and not isinstance(value, str) else value


def parse_urls(text: str, schema: Mapping[str, Any]) -> str | list[str]:
    urls = text.split()
    return urls if len(urls) > 1 or schema.get("type") == ARRAY else text.strip()


def is_item(schema: Mapping[str, Any]) -> bool:
    """Tell whether an input takes the URLs of items, by its schema."""
    kinds = [schema, *map(as_dict, schema.get("anyOf") or ())]
    kinds += [as_dict(kind.get("items")) for kind in kinds]
    return any(kind.get("format") == URI for kind in kinds)


def refuse_constant(name: str) -> None:
    # Python reads NaN and Infinity, which are no JSON.
    raise ValueError(name)


def check_items(schema: Mapping[str, Any], value: Any, session: Session) -> None:
    """Refuse the URL of an item that isn't in the session's storage.

    Raises:
        InvalidInputError: It isn't.
    """
    if not is_item(schema):
        return
    for url in value if isinstance(value, list) else [value]:
        if isinstance(url, str):
            item_url(url, session)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint at the name that was probably meant, or nothing."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
