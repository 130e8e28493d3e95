"""Item search: everything that a search body can request."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from shapely.geometry import box, mapping

from up42_sandbox.stac.cql2 import Predicate, as_moment, bad_filter, compile_filter, intersects
from up42_sandbox.stac.records import StoredItem

DEFAULT_LIMIT = 10
MAX_LIMIT = 500
"""Items per page; pystac-client requests 100."""

SEARCH_MEMBERS = (
    *("ids", "collections", "bbox", "intersects", "datetime", "filter"),
    *("limit", "sortby", "token"),
)
"""Members of a search body that have a meaning."""

_TOKEN = re.compile(r"(next|prev):(.+)")


def find(items: Iterable[StoredItem], body: dict[str, Any]) -> list[StoredItem]:
    """Return the items that a search body requests, sorted, all pages in one.

    Raises:
        ApiError: 400, if the body is invalid.
    """
    tests = list(_tests(body))
    found = [item for item in items if all(test(item) for test in tests)]
    for key, descending in reversed(_sorting(body.get("sortby"))):
        found.sort(key=key, reverse=descending)
    return found


def page_limit(value: Any) -> int:
    """Return a page size from a body or query value, at most `MAX_LIMIT`.

    Raises:
        ApiError: 400, if it isn't a positive integer.
    """
    if value is None:
        return DEFAULT_LIMIT
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise bad_filter("limit is an integer from 1")
    return min(value, MAX_LIMIT)


def page_start(ids: list[str], token: Any, limit: int) -> int:
    """Return the index at which a page starts.

    Args:
        ids: IDs of everything that was found.
        token: `next:<id>` starts after that ID, `prev:<id>` ends before it.
        limit: Page size.

    Raises:
        ApiError: 400, if the token is invalid.
    """
    if token is None:
        return 0
    match = _TOKEN.fullmatch(token) if isinstance(token, str) else None
    if match is None or match[2] not in ids:
        raise bad_filter(f"the token {token!r} isn't from this listing")
    index = ids.index(match[2])
    return index + 1 if match[1] == "next" else max(0, index - limit)


def _tests(body: dict[str, Any]) -> Iterable[Predicate]:
    given = {name: body[name] for name in SEARCH_MEMBERS if body.get(name) is not None}
    if "ids" in given:
        yield _one_of("ids", given["ids"], lambda item: item.id)
    if "collections" in given:
        yield _one_of("collections", given["collections"], lambda item: item.collection_id)
    if "bbox" in given:
        yield _in_box(given["bbox"])
    if "intersects" in given:
        if "bbox" in given:
            raise bad_filter("bbox and intersects exclude each other")
        yield intersects(given["intersects"])
    if "datetime" in given:
        yield _in_time(given["datetime"])
    if "filter" in given:
        if body.get("filter-lang", "cql2-json") != "cql2-json":
            raise bad_filter("the filter language is cql2-json")
        yield compile_filter(given["filter"])


def _one_of(name: str, values: Any, read: Callable[[StoredItem], str]) -> Predicate:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise bad_filter(f"{name} is a list of strings")
    # An empty list filters nothing: pystac-client sends one if no IDs are given.
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


def _in_time(interval: Any) -> Predicate:
    if not isinstance(interval, str):
        raise bad_filter("datetime is a string")
    first, slash, last = interval.partition("/")
    start = _bound(first)
    end = _bound(last) if slash else start
    if start is None and end is None:
        raise bad_filter("datetime needs a bound")
    earliest = start or datetime.min.replace(tzinfo=UTC)
    latest = end or datetime.max.replace(tzinfo=UTC)
    if earliest > latest:
        raise bad_filter("datetime ends before it starts")
    return lambda item: earliest <= item.moment <= latest


def _bound(value: str) -> datetime | None:
    if value in ("", ".."):
        return None
    moment = as_moment(value)
    if moment is None:
        raise bad_filter(f"{value!r} isn't an RFC 3339 time")
    return moment


SortKey = Callable[[StoredItem], tuple[bool, Any]]


def _sorting(entries: Any) -> list[tuple[SortKey, bool]]:
    if not isinstance(entries, list | None):
        raise bad_filter("sortby is a list")
    return [_sort_entry(entry) for entry in entries or []]


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
        if (moment := as_moment(value)) is not None:
            return False, moment.timestamp()
        # Strings and numbers never share a property, and lists have no sort order.
        return value is None, value if isinstance(value, str | int | float) else ""

    return key, direction == "desc"
