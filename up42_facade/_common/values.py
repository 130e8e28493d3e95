"""Values of JSON and of the generated models, and checks of arguments."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from decimal import Decimal
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

from up42_client.types import UNSET, Unset
from up42_facade.errors import InvalidInputError, UnexpectedResponseError

if TYPE_CHECKING:
    from up42_client.models import Link, ProcessingJobList, StacItemCollection

T = TypeVar("T")
LARGEST_INT64 = 2**63 - 1
# Fields of a link that say how the next page is requested; unknown ones don't matter.
NEXT_FIELDS = ("href", "method", "body", "merge")


def sent(value: T | None) -> T | Unset:
    """Return a value as the generated client expects it: `UNSET` instead of None."""
    return UNSET if value is None else value


def entries(value: Any) -> list[Any]:
    """Return the entries of a list that aren't null; an empty list if it isn't a list."""
    return [entry for entry in value if entry is not None] if isinstance(value, list) else []


def is_number(value: Any) -> TypeGuard[int | float | Decimal]:
    """Return whether a value can be compared as a number, including numpy's. NaN and bool can't."""
    if isinstance(value, Decimal):
        return not value.is_nan()
    return isinstance(value, Real) and not isinstance(value, bool) and value == value


def whole(value: object) -> int | None:
    """Return a whole number that fits into 64 bits, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, float) and not value.is_integer():
        return None
    try:
        number = int(value)
    except ValueError:
        return None
    return number if abs(number) <= LARGEST_INT64 else None


def check_count(name: str, value: object, least: int = 1) -> int:
    """Return a whole number; raise InvalidInputError if the argument isn't one, or is too small.

    No list is longer than `sys.maxsize`, so that a greater number is returned as this one.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise InvalidInputError(f"{name}={value!r}: expected a whole number of at least {least}.")
    return min(int(value), sys.maxsize)


def check_seconds(**times: Any) -> None:
    """Raise InvalidInputError if an argument isn't a positive number of seconds."""
    for name, value in times.items():
        if not is_number(value) or not 0 < value < math.inf:
            raise InvalidInputError(f"{name}={value!r}: expected a positive number of seconds.")


def check_string(name: str, value: object) -> None:
    """Raise InvalidInputError if an argument isn't a non-empty string."""
    if not isinstance(value, str) or not value:
        raise InvalidInputError(f"{name}={value!r}: expected a non-empty string.")


def as_list(values: Any) -> list[Any]:
    """Return an argument that is one value or several as a list."""
    is_one = isinstance(values, str) or not isinstance(values, Iterable)
    return [values] if is_one else [*values]


def as_dict(value: Any) -> dict[str, Any]:
    """Return a dict, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def next_link(page: ProcessingJobList | StacItemCollection) -> tuple[str, Link] | None:
    """Return URL and link of the next page, or None on the last page.

    Raises:
        UnexpectedResponseError: If there might be a next page, but nothing that leads to it.
    """
    for link in page.links or ():
        if (link.rel or "").lower() == "next":
            damaged = [name for name in NEXT_FIELDS if link.additional_properties.get(name)]
            if damaged or not link.href:
                raise lost_page(f"its {' and '.join(damaged) or 'href'} can't be used")
            return link.href, link
        if link.additional_properties.get("rel"):
            raise lost_page("a link has a relation that isn't a string")
    unread = page.additional_properties.get("links")
    if isinstance(unread, list):
        unread = [entry for entry in unread if not isinstance(entry, dict | None)]
    if unread:
        raise lost_page("the page has links that aren't JSON objects")
    return None


def lost_page(reason: str) -> UnexpectedResponseError:
    return UnexpectedResponseError(
        f"The server sent no usable link to the next page: {reason}. The list is complete up to "
        "there. Try again, and report it to UP42 if it persists.",
        status_code=200,
    )
