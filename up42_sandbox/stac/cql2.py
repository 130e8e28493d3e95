"""CQL2-JSON filters over items."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from shapely.errors import ShapelyError
from shapely.geometry import shape

from up42_sandbox.core.problems import ApiError
from up42_sandbox.stac.records import StoredItem

Predicate = Callable[[StoredItem], bool]
Reader = Callable[[StoredItem], Any]

_PROPERTIES: Mapping[str, str] = {
    "job_id": "up42-system:job_id",
    "asset_id": "up42-system:asset_id",
    "workspace_id": "up42-system:workspace_id",
    "order_id": "up42-order:id",
    "collection_name": "up42-product:collection_name",
    "data_product_id": "up42-product:product_id",
    "title": "up42-user:title",
    "tags": "up42-user:tags",
    "datetime": "datetime",
    "eo:cloud_cover": "eo:cloud_cover",
    "cloud_cover": "eo:cloud_cover",
    "constellation": "constellation",
    "gsd": "gsd",
}
QUERYABLES = (*_PROPERTIES, "id", "collection", "geometry")
"""Names that filters can use."""

MAX_DEPTH = 20
"""Maximum nesting of a filter."""

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARGUMENTS = {
    **dict.fromkeys(_COMPARISONS, 2),
    **{"not": 1, "isnull": 1, "between": 3, "in": 2, "like": 2, "a_contains": 2, "s_intersects": 2},
}
"""Number of arguments by operator; `and` and `or` take any number but 0."""


def bad_filter(message: str) -> ApiError:
    """Return the error of an invalid search."""
    return ApiError(400, f"The search is invalid: {message}")


def compile_filter(expression: Any, depth: int = 0) -> Predicate:
    """Return a function over items for a parsed CQL2-JSON expression.

    Raises:
        ApiError: 400, if it isn't a filter, or uses something unknown.
    """
    if depth > MAX_DEPTH:
        raise bad_filter(f"it is nested deeper than {MAX_DEPTH} levels")
    if not isinstance(expression, dict):
        raise bad_filter("a filter is an object with op and args")
    if "op" not in expression and "filter" in expression:
        # up42-py 0.37.2 sends the complete search as the filter.
        return compile_filter(expression["filter"], depth + 1)
    op, args = expression.get("op"), expression.get("args")
    if not isinstance(op, str) or not isinstance(args, list):
        raise bad_filter("a filter has a string op and a list args")
    name = op.lower()
    if name not in ("and", "or") and name not in _ARGUMENTS:
        raise bad_filter(f"the operator {op!r} is unknown")
    count = _ARGUMENTS.get(name)
    if len(args) != count if count else not args:
        raise bad_filter(f"{op} takes {count or 'more than 0'} arguments, got {len(args)}")
    if name in ("and", "or", "not"):
        parts = [compile_filter(argument, depth + 1) for argument in args]
        if name == "not":
            return lambda item: not parts[0](item)
        combine = all if name == "and" else any
        return lambda item: combine(part(item) for part in parts)
    if name in _COMPARISONS:
        return _comparison(_COMPARISONS[name], *args)
    return _special(name, *args)


def _special(name: str, subject: Any, *args: Any) -> Predicate:
    if name == "s_intersects":
        if subject != {"property": "geometry"}:
            raise bad_filter("s_intersects compares the property geometry")
        return intersects(args[0])
    read = _operand(subject)
    if name == "isnull":
        return lambda item: read(item) is None
    if name == "between":
        above = _comparison(operator.ge, subject, args[0])
        below = _comparison(operator.le, subject, args[1])
        return lambda item: above(item) and below(item)
    (wanted,) = args
    if not isinstance(wanted, str if name == "like" else list):
        raise bad_filter(f"{name} takes a {'string' if name == 'like' else 'list'}")
    if name == "in":
        return lambda item: read(item) in wanted
    if name == "a_contains":
        return lambda item: all(entry in (read(item) or []) for entry in wanted)
    parts = [{"%": ".*", "_": "."}.get(sign, re.escape(sign)) for sign in wanted]
    regex = re.compile("".join(parts), re.DOTALL)
    return lambda item: regex.fullmatch(str(read(item))) is not None


def _comparison(compare: Callable[[Any, Any], bool], left: Any, right: Any) -> Predicate:
    read_left, read_right = _operand(left), _operand(right)

    def holds(item: StoredItem) -> bool:
        one, other = read_left(item), read_right(item)
        times = as_moment(one), as_moment(other)
        one, other = times if None not in times else (one, other)
        if one is None or other is None:
            return False
        try:
            return bool(compare(one, other))
        except TypeError:
            return False

    return holds


def _operand(value: Any) -> Reader:
    if not isinstance(value, dict):
        return lambda item: value
    if "property" in value:
        return _property(value["property"])
    constant = value.get("timestamp", value.get("date"))
    if not isinstance(constant, str):
        raise bad_filter("an argument is neither a value nor a property")
    return lambda item: constant


def _property(name: Any) -> Reader:
    if name == "id":
        return lambda item: item.id
    if name == "collection":
        return lambda item: item.collection_id
    if not isinstance(name, str) or name not in _PROPERTIES:
        raise bad_filter(f"the property {name!r} is unknown, expected {', '.join(QUERYABLES)}")
    key = _PROPERTIES[name]
    return lambda item: item.properties.get(key)


def as_moment(value: Any) -> datetime | None:
    """Return a value as a time, or None if it isn't one."""
    if not isinstance(value, str) or len(value) < 8:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def intersects(geometry: Any) -> Predicate:
    """Return the test for intersecting a GeoJSON geometry.

    Raises:
        ApiError: 400, if it isn't a geometry.
    """
    try:
        wanted = shape(geometry)
        if wanted.is_empty:
            raise ValueError("it is empty")
    except (ShapelyError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise bad_filter(f"intersects isn't a GeoJSON geometry ({error})") from error
    return lambda item: bool(item.shape.intersects(wanted))
