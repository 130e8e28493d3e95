"""Listing processing jobs: filters, sorting, pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from up42_sandbox.core.problems import ApiError
from up42_sandbox.core.routing import Call
from up42_sandbox.processing.records import STATUSES, JobRecord

MAX_LIMIT = 1000
"""Largest page; a larger `limit` is reduced to this."""

PATH = "/v2/processing/jobs"

_SORT_KEYS: Mapping[str, Callable[[JobRecord], Any]] = {
    "processID": lambda job: job.process_id,
    "status": lambda job: job.status,
    "created": lambda job: job.created,
    # Jobs without consumption come before those that cost 0 credits.
    "creditConsumption.credits": lambda job: (
        -1 if job.consumed_credits is None else job.consumed_credits
    ),
}
_INTEGER = re.compile(r"-?\d{1,18}")
_TOKEN = re.compile(r"(\d{1,18})-(.+)")


def _tests(call: Call) -> Iterator[Callable[[JobRecord], bool]]:
    """Yield the filters of a request.

    Raises:
        ApiError: 400, if a value is invalid.
    """
    if (workspace_id := call.one("workspaceId")) is not None:
        yield lambda job: job.workspace_id == workspace_id
    # A list without any non-empty string filters nothing.
    if process_ids := [value for value in call.many("processId") or () if value]:
        yield lambda job: job.process_id in process_ids
    if ids := frozenset(call.many("ids") or ()) - {""}:
        yield lambda job: job.id in ids
    if (statuses := call.many("status")) is not None:
        if unknown := [value for value in statuses if value not in STATUSES]:
            known = ", ".join(STATUSES)
            raise ApiError(400, f"{unknown[0]!r} isn't a status; expected one of {known}.")
        yield lambda job: job.status in statuses
    if (least := _integer(call, "minDuration", 0)) is not None:
        yield lambda job: job.duration is not None and job.duration >= least
    if (most := _integer(call, "maxDuration", 0)) is not None:
        yield lambda job: job.duration is not None and job.duration <= most


def _order(call: Call) -> tuple[Callable[[JobRecord], Any], bool]:
    field, _, direction = call.query.get("sort", ["created,desc"])[0].partition(",")
    if field not in _SORT_KEYS or direction not in ("asc", "desc"):
        known = ", ".join(_SORT_KEYS)
        raise ApiError(400, f"sort must be <field>,asc or <field>,desc with a field of {known}.")
    return _SORT_KEYS[field], direction == "desc"


def _integer(call: Call, name: str, least: int) -> int | None:
    text = call.one(name)
    if text is None:
        return None
    if not _INTEGER.fullmatch(text):
        raise ApiError(400, f"{name}: {text!r} isn't an integer.")
    value = int(text)
    if value < least:
        raise ApiError(400, f"{name} must be at least {least}, got {value}.")
    return value


def page(call: Call) -> dict[str, Any]:
    """Return the requested page; pages of one listing share the sorting.

    Raises:
        ApiError: 400, if a query parameter is invalid.
    """
    tests, (key, is_descending) = list(_tests(call)), _order(call)
    limit = min(_integer(call, "limit", 1) or call.world.page_size, MAX_LIMIT)

    def choose(jobs: Iterable[JobRecord]) -> list[JobRecord]:
        found = [job for job in jobs if all(test(job) for test in tests)]
        # Newest first among equals, whatever the direction.
        found.sort(key=lambda job: -job.number)
        found.sort(key=key, reverse=is_descending)
        return found

    rest = {name: values for name, values in call.query.items() if name != "token"}
    jobs = call.world.jobs.select(repr(sorted(rest.items())), choose)
    start = _position(jobs, call.one("token"))
    chosen = jobs[start : start + limit]
    links = [{"rel": "self", "href": PATH}]
    if start + limit < len(jobs):
        query = urlencode({**rest, "token": f"{start + limit}-{chosen[-1].id}"}, doseq=True)
        links.append({"rel": "next", "href": f"{PATH}?{query}"})
    return {"jobs": [job.metadata(call.base_url) for job in chosen], "links": links}


def _position(jobs: list[JobRecord], token: str | None) -> int:
    if token is None:
        return 0
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise ApiError(400, "The token isn't from this listing.")
    # New jobs shift the offset, so the last job of the previous page decides.
    offset, last_id = int(match[1]), match[2]
    if 0 < offset <= len(jobs) and jobs[offset - 1].id == last_id:
        return offset
    found = (index + 1 for index, job in enumerate(jobs) if job.id == last_id)
    return next(found, offset)
