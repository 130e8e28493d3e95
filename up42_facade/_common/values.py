"""Read values of generated models, where anything may be missing or null."""

from __future__ import annotations

from decimal import Decimal
from numbers import Real
from typing import Any, TypeGuard, TypeVar

from up42_client.types import Unset

T = TypeVar("T")
LARGEST_INT64 = 2**63 - 1


def given(value: T | Unset | None) -> T | None:
    """Return the value, or None where it is missing or null."""
    return None if isinstance(value, Unset) else value


def entries(value: Any) -> list[Any]:
    """Return a list's entries that are not null; nothing where there is no list."""
    return [entry for entry in value if entry is not None] if isinstance(value, list) else []


def is_number(value: Any) -> TypeGuard[int | float | Decimal]:
    """Tell whether a value can be compared as a number: numpy's too, but no NaN and no bool."""
    if isinstance(value, Decimal):
        return not value.is_nan()
    return isinstance(value, Real) and not isinstance(value, bool) and value == value


def whole(value: object) -> int | None:
    """Return a whole number that fits into 64 bits; None for anything that is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, float) and not value.is_integer():
        return None
    try:
        number = int(value)
    except ValueError:
        return None
    return number if abs(number) <= LARGEST_INT64 else None


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
