"""Values of JSON and of the generated models."""

from __future__ import annotations

from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

from up42_client.types import UNSET, Unset

if TYPE_CHECKING:
    from up42_client.models import Link

T = TypeVar("T")
LARGEST_INT64 = 2**63 - 1


def sent(value: T | None) -> T | Unset:
    """Return a value as the generated client expects it: `UNSET` instead of None."""
    return UNSET if value is None else value


def entries(value: Any) -> list[Any]:
    """Return the entries of a list that aren't null; an empty list if it isn't a list."""
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
    """Return a dict, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def next_link(links: list[Link] | None) -> tuple[str, Link] | None:
    """Return URL and link of the next page, or None on the last page."""
    for link in links or ():
        if link.rel == "next" and link.href:
            return link.href, link
    return None
