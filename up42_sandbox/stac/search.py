"""Item search: everything that a search body can ask for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from shapely.geometry import box, mapping

from up42_sandbox.stac.cql2 import (
    Predicate,
    as_moment,
    bad_filter,
    compile_filter,
    intersects,
)
from up42_sandbox.stac.records import StoredItem

DEFAULT_LIMIT = 10
MAX_LIMIT = 500
"""Items per page; pystac-client asks for 100."""

SEARCH_MEMBERS = (
    "ids",
    "collections",
    "bbox",
    "intersects",
    "datetime",
    "filter",
    "limit",
    "sortby",
    "token",
)
"""Members of a search body that mean something."""

_TOKEN = re.compile(r"(next|prev):(.+)")


def find(items: Iterable[StoredItem], body: dict[str, Any]) -> list[StoredItem]:
    """Return the items that a search body asks for, sorted, all pages in one.

    Raises:
        ApiError: 400, the body can't be understood.
    """
    tests = list(_tests(body))
    found = [item for item in items if all(test(item) for test in tests)]
    for key, descending in reversed(_sorting(body.get("sortby"))):
        found.sort(key=key, reverse=descending)
    return found


def page_limit(value: Any) -> int:
    """Return a page size from a body or query value; more than `MAX_LIMIT` is cut to that.

    Raises:
        ApiError: 400, it isn't a positive whole number.
    """
    if value is None:
        return DEFAULT_LIMIT
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise bad_filter("limit is a whole number from 1")
    return min(value, MAX_LIMIT)


def page_start(ids: list[str], token: Any, limit: int) -> int:
    """Return where a page begins.

    Args:
        ids: Ids of everything that was found.
        token: `next:<id>` begins behind that id, `prev:<id>` ends before it.
        limit: Page size.

    Raises:
        ApiError: 400, the token isn't one.
    """
    if token is None:
        return 0
    match = _TOKEN.fullmatch(token) if isinstance(token, str) else None
    if match is None or match[2] not in ids:
        raise bad_filter(f"the token {token!r} isn't one of this listing")
    index = ids.index(match[2])
    return index + 1 if match[1] == "next" else max(0, index - limit)


def _tests(body: dict[str, Any]) -> Iterable[Predicate]:
    for name, read in (
        ("ids", lambda item: item.id),
        ("collections", lambda item: item.collection_id),
    ):
        if body.get(name) is not None:
            yield _one_of(name, body[name], read)
    if body.get("bbox") is not None:
        yield _in_box(body["bbox"])
    if body.get("intersects") is not None:
        if body.get("bbox") is not None:
            raise bad_filter("bbox and intersects exclude each other")
        yield intersects(body["intersects"])
    if body.get("datetime") is not None:
        yield _in_time(body["datetime"])
    if body.get("filter") is not None:
        if body.get("filter-lang", "cql2-json") != "cql2-json":
            raise bad_filter("the filter language is cql2-json")
        yield compile_filter(body["filter"])


def _one_of(name: str, values: Any, read: Callable[[StoredItem], str]) -> Predicate:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise bad_filter(f"{name} is a list of texts")
    # An empty list filters nothing: pystac-client sends one when no ids are given.
    return lambda item: not values or read(item) in values


def _in_box(values: Any) -> Predicate:
    numbers = isinstance(values, list) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in values
    )
    if not numbers or len(values) not in (4, 6):
        raise bad_filter("bbox has four or six numbers")
    west, south, east, north = values if len(values) == 4 else (*values[:2], *values[3:5])
    if west > east or south > north:
        raise bad_filter("bbox is west, south, east, north")
    return intersects(mapping(box(west, south, east, north)))


def _in_time(text: Any) -> Predicate:
    if not isinstance(text, str):
        raise bad_filter("datetime is a text")
    start_text, slash, end_text = text.partition("/")
    start = _bound(start_text)
    end = _bound(end_text) if slash else start
    if start is None and end is None:
        raise bad_filter("datetime needs a bound")
    earliest = start or datetime.min.replace(tzinfo=UTC)
    latest = end or datetime.max.replace(tzinfo=UTC)
    if earliest > latest:
        raise bad_filter("datetime ends before it begins")
    return lambda item: earliest <= item.moment <= latest


def _bound(text: str) -> datetime | None:
    if text in ("", ".."):
        return None
    moment = as_moment(text)
    if moment is None:
        raise bad_filter(f"{text!r} isn't an RFC 3339 time")
    return moment


SortKey = Callable[[StoredItem], tuple[bool, Any]]


def _sorting(value: Any) -> list[tuple[SortKey, bool]]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise bad_filter("sortby is a list")
    return [_sort_entry(entry) for entry in value]


def _sort_entry(entry: Any) -> tuple[SortKey, bool]:
    if not isinstance(entry, dict) or not isinstance(entry.get("field"), str):
        raise bad_filter("sortby has objects with field and direction")
    direction = entry.get("direction", "asc")
    if direction not in ("asc", "desc"):
        raise bad_filter("a direction is asc or desc")
    name = entry["field"].removeprefix("properties.")

    def key(item: StoredItem) -> tuple[bool, Any]:
        top = {"id": item.id, "collection": item.collection_id}
        value = top.get(name, item.properties.get(name))
        return value is None, _sortable(value)

    return key, direction == "desc"


def _sortable(value: Any) -> Any:
    moment = as_moment(value)
    if moment is not None:
        return moment.timestamp()
    if isinstance(value, int | float):
        return float(value)
    # Texts and numbers never share a property, lists never matter for an order.
    return value if isinstance(value, str) else ""
