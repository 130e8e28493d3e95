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
"""Names that filters may use."""

MAX_DEPTH = 20
"""Nesting that a filter may have."""

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def bad_filter(message: str) -> ApiError:
    """Return the error for a search that can't be understood."""
    return ApiError(400, f"The search can't be understood: {message}")


def compile_filter(expression: Any, depth: int = 0) -> Predicate:
    """Turn a CQL2-JSON expression into a function over items.

    Args:
        expression: The parsed JSON.
        depth: How deeply it is nested already.

    Raises:
        ApiError: 400, it isn't a filter or uses something unknown.
    """
    if depth > MAX_DEPTH:
        raise bad_filter(f"it nests deeper than {MAX_DEPTH} levels")
    if not isinstance(expression, dict):
        raise bad_filter("a filter is an object with op and args")
    if "op" not in expression and "filter" in expression:
        # up42-py 0.37.2 sends the whole search as the filter.
        return compile_filter(expression["filter"], depth + 1)
    op, args = expression.get("op"), expression.get("args")
    if not isinstance(op, str) or not isinstance(args, list):
        raise bad_filter("a filter has a text op and a list args")
    name = op.lower()
    if name in ("and", "or", "not"):
        return _logical(name, [compile_filter(argument, depth + 1) for argument in args])
    if name in _COMPARISONS:
        return _comparison(_COMPARISONS[name], *_exactly(args, 2, name))
    if name in _SPECIAL:
        return _SPECIAL[name](args)
    raise bad_filter(f"the operator {op!r} isn't known")


def _exactly(args: list[Any], count: int, name: str) -> list[Any]:
    if len(args) != count:
        raise bad_filter(f"{name} takes {count} arguments, got {len(args)}")
    return args


def _logical(name: str, parts: list[Predicate]) -> Predicate:
    if name == "not":
        (part,) = _exactly(parts, 1, "not")
        return lambda item: not part(item)
    if not parts:
        raise bad_filter(f"{name} needs arguments")
    combine = all if name == "and" else any
    return lambda item: combine(part(item) for part in parts)


def _comparison(compare: Callable[[Any, Any], bool], left: Any, right: Any) -> Predicate:
    read_left, read_right = _operand(left), _operand(right)

    def holds(item: StoredItem) -> bool:
        one, other = _comparable(read_left(item), read_right(item))
        if one is None or other is None:
            return False
        try:
            return bool(compare(one, other))
        except TypeError:
            return False

    return holds


def _operand(value: Any) -> Callable[[StoredItem], Any]:
    if isinstance(value, dict) and "property" in value:
        return _reader(value["property"])
    if isinstance(value, dict) and isinstance(value.get("timestamp", value.get("date")), str):
        text = value.get("timestamp", value.get("date"))
        return lambda item: text
    if isinstance(value, dict):
        raise bad_filter("an argument is neither a value nor a property")
    return lambda item: value


def _reader(name: Any) -> Callable[[StoredItem], Any]:
    if name == "id":
        return lambda item: item.id
    if name == "collection":
        return lambda item: item.collection_id
    if not isinstance(name, str) or name not in _PROPERTIES:
        raise bad_filter(f"the property {name!r} isn't known, only {', '.join(QUERYABLES)}")
    key = _PROPERTIES[name]
    return lambda item: item.properties.get(key)


def _comparable(one: Any, other: Any) -> tuple[Any, Any]:
    moments = as_moment(one), as_moment(other)
    return moments if None not in moments else (one, other)


def as_moment(value: Any) -> datetime | None:
    """Read a value as a point in time, None if it isn't one."""
    if not isinstance(value, str) or len(value) < 8:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _in(args: list[Any]) -> Predicate:
    value, choices = _exactly(args, 2, "in")
    if not isinstance(choices, list):
        raise bad_filter("in takes a list")
    read = _operand(value)
    return lambda item: read(item) in choices


def _between(args: list[Any]) -> Predicate:
    value, low, high = _exactly(args, 3, "between")
    above = _comparison(operator.ge, value, low)
    below = _comparison(operator.le, value, high)
    return lambda item: above(item) and below(item)


def _like(args: list[Any]) -> Predicate:
    value, pattern = _exactly(args, 2, "like")
    if not isinstance(pattern, str):
        raise bad_filter("like takes a text")
    parts = [{"%": ".*", "_": "."}.get(sign, re.escape(sign)) for sign in pattern]
    regex, read = re.compile("".join(parts), re.DOTALL), _operand(value)
    return lambda item: regex.fullmatch(str(read(item))) is not None


def _is_null(args: list[Any]) -> Predicate:
    (value,) = _exactly(args, 1, "isNull")
    read = _operand(value)
    return lambda item: read(item) is None


def _contains(args: list[Any]) -> Predicate:
    value, wanted = _exactly(args, 2, "a_contains")
    if not isinstance(wanted, list):
        raise bad_filter("a_contains takes a list")
    read = _operand(value)
    return lambda item: all(entry in (read(item) or []) for entry in wanted)


def _intersects(args: list[Any]) -> Predicate:
    subject, geometry = _exactly(args, 2, "s_intersects")
    if subject != {"property": "geometry"}:
        raise bad_filter("s_intersects compares the property geometry")
    return intersects(geometry)


def intersects(geometry: Any) -> Predicate:
    """Return the test for touching a GeoJSON geometry.

    Raises:
        ApiError: 400, it isn't a geometry.
    """
    try:
        wanted = shape(geometry)
        if wanted.is_empty:
            raise ValueError("it is empty")
    except (ShapelyError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise bad_filter(f"intersects isn't a GeoJSON geometry ({error})") from error
    return lambda item: bool(item.shape.intersects(wanted))


_SPECIAL: Mapping[str, Callable[[list[Any]], Predicate]] = {
    "in": _in,
    "between": _between,
    "like": _like,
    "isnull": _is_null,
    "a_contains": _contains,
    "s_intersects": _intersects,
}
