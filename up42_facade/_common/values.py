"""Read values of generated models, where anything may be missing or null."""

from __future__ import annotations

from typing import Any, TypeVar

from up42_client.types import Unset

T = TypeVar("T")


def given(value: T | Unset | None) -> T | None:
    """Return the value, or None where it is missing or null."""
    return None if isinstance(value, Unset) else value


def entries(value: Any) -> list[Any]:
    """Return a list's entries that are not null; nothing where there is no list."""
    return [entry for entry in value if entry is not None] if isinstance(value, list) else []


def as_dict(value: Any) -> dict[str, Any]:
    """Return a generated model or a plain mapping as a dict; empty for anything else."""
    if isinstance(value, dict):
        return value
    convert = getattr(value, "to_dict", None)
    return convert() if convert else {}


def next_link(links: Any) -> dict[str, Any] | None:
    """Return the link to the next page, or None on the last."""
    found = (as_dict(link) for link in entries(links))
    return next((link for link in found if link.get("rel") == "next" and link.get("href")), None)
