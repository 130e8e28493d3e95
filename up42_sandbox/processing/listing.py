"""Listing processing jobs: filters, sorting, pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
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


@dataclass(frozen=True)
class JobQuery:
    """Filters, sort order, and page size of a listing."""

    workspace_id: str | None
    process_ids: tuple[str, ...] | None
    statuses: tuple[str, ...] | None
    ids: tuple[str, ...] | None
    min_duration: int | None
    max_duration: int | None
    limit: int
    sort: str

    def matches(self, job: JobRecord) -> bool:
        """Return whether a job belongs to the listing."""
        return (
            (self.workspace_id is None or job.workspace_id == self.workspace_id)
            and (self.process_ids is None or job.process_id in self.process_ids)
            and (self.statuses is None or job.status in self.statuses)
            and (self.ids is None or job.id in self.ids)
            and (self.min_duration is None or _duration(job) >= self.min_duration)
            and (self.max_duration is None or 0 <= _duration(job) <= self.max_duration)
        )


def _duration(job: JobRecord) -> float:
    return -1.0 if job.duration is None else job.duration


def parse_query(call: Call, page_size: int) -> JobQuery:
    """Read the query parameters.

    Args:
        call: The request.
        page_size: Default of `limit`.

    Raises:
        ApiError: 400, if a value is invalid.
    """
    sort = call.query.get("sort", ["created,desc"])[0]
    field, _, direction = sort.partition(",")
    if field not in _SORT_KEYS or direction not in ("asc", "desc"):
        known = ", ".join(_SORT_KEYS)
        raise ApiError(400, f"sort must be <field>,asc or <field>,desc with a field of {known}.")
    return JobQuery(
        workspace_id=call.one("workspaceId"),
        process_ids=_strings(call, "processId"),
        statuses=_statuses(call),
        ids=_strings(call, "ids"),
        min_duration=_integer(call, "minDuration", 0),
        max_duration=_integer(call, "maxDuration", 0),
        limit=min(_integer(call, "limit", 1) or page_size, MAX_LIMIT),
        sort=sort,
    )


def _strings(call: Call, name: str) -> tuple[str, ...] | None:
    # A list without any non-empty string filters nothing.
    values = tuple(value for value in call.many(name) or () if value)
    return values or None


def _statuses(call: Call) -> tuple[str, ...] | None:
    values = call.many("status")
    for value in values or ():
        if value not in STATUSES:
            raise ApiError(400, f"{value!r} isn't a status; expected one of {', '.join(STATUSES)}.")
    return None if values is None else tuple(values)


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
    query = parse_query(call, call.world.page_size)
    jobs = call.world.jobs.select(query, partial(_select, query))
    start = _position(jobs, call.one("token"))
    chosen = jobs[start : start + query.limit]
    links = [{"rel": "self", "href": PATH}]
    if start + query.limit < len(jobs):
        rest = {**call.query, "token": [f"{start + query.limit}-{chosen[-1].id}"]}
        links.append({"rel": "next", "href": f"{PATH}?{urlencode(rest, doseq=True)}"})
    return {"jobs": [job.metadata(call.base_url) for job in chosen], "links": links}


def _select(query: JobQuery, jobs: Iterable[JobRecord]) -> list[JobRecord]:
    field, _, direction = query.sort.partition(",")
    found = [job for job in jobs if query.matches(job)]
    # Newest first among equals, whatever the direction.
    found.sort(key=lambda job: -job.number)
    found.sort(key=_SORT_KEYS[field], reverse=direction == "desc")
    return found


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
