"""Inputs of a process that are given as strings: on a command line or in cells of a table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from up42_facade._common.hints import did_you_mean
from up42_facade._common.values import as_dict
from up42_facade.errors import InvalidInputError
from up42_facade.processing._items import item_url
from up42_facade.processing._process import Process
from up42_facade.session import Session

STRING = "string"
ARRAY = "array"
URI = "uri"


def parse_inputs(process: Process, texts: Mapping[str, str]) -> dict[str, Any]:
    """Parse inputs that are given as strings, each by its schema.

    Args:
        process: The process of the inputs.
        texts: Strings by the name of the input. JSON is parsed; everything else stays a string.
            An input that must be a string stays one, even if it is `2024`.

    Returns:
        The inputs, as `Process.template` takes them.

    Raises:
        InvalidInputError: If the process doesn't have such an input; the error lists its inputs.
        NotFoundError: If the process doesn't exist.

    Example:
        >>> process = up42.Process.get("detection-change-simularity")
        >>> up42.parse_inputs(process, {"title": "2024", "sensitivity": "3"})
        {'title': '2024', 'sensitivity': 3}
    """
    if not process.inputs:
        # The list of processes omits them.
        process = Process.get(process.id, session=process._session)
    return {name: parse_text(text, schema_of(process, name)) for name, text in texts.items()}


def schema_of(process: Process, name: str) -> dict[str, Any]:
    """Return the JSON schema of one input; an empty one if the API doesn't describe any.

    Raises:
        InvalidInputError: If there is no such input.
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
    """Parse one input; one that takes items can have several URLs, separated by spaces."""
    try:
        value = json.loads(text, parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        return parse_urls(text, schema) if is_item(schema) else text
    return text if schema.get("type") == STRING and not isinstance(value, str) else value


def parse_urls(text: str, schema: Mapping[str, Any]) -> str | list[str]:
    urls = text.split()
    return urls if len(urls) > 1 or schema.get("type") == ARRAY else text.strip()


def is_item(schema: Mapping[str, Any]) -> bool:
    """Return whether an input takes the URLs of items, by its schema."""
    kinds = [schema, *map(as_dict, schema.get("anyOf") or ())]
    kinds += [as_dict(kind.get("items")) for kind in kinds]
    return any(kind.get("format") == URI for kind in kinds)


def refuse_constant(name: str) -> None:
    # Python reads NaN and Infinity, which aren't JSON.
    raise ValueError(name)


def check_items(schema: Mapping[str, Any], value: Any, session: Session) -> None:
    """Check that the items of an input are in the session's storage.

    Raises:
        InvalidInputError: If one isn't.
    """
    if not is_item(schema):
        return
    for url in value if isinstance(value, list) else [value]:
        if isinstance(url, str):
            item_url(url, session)
