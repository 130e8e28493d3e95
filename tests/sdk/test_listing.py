"""`Job.all` and `Job.get`: the official SDK, our facade and the sandbox's memory agree."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

import up42_facade as up42
from tests.conftest import new_session
from tests.sdk.conftest import Rival
from up42_sandbox import Sandbox

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
# A whole number of rounds of the twelve statuses, of which three neighbours are the same.
JOBS = 144
SORTINGS: dict[str, Callable[[Any], Any]] = {
    "process_id": lambda job: job.process_id,
    "status": lambda job: job.status,
    "created": lambda job: job.created,
    "credits": lambda job: -1 if job.consumed_credits is None else job.consumed_credits,
}
PLAIN_FACTS = (
    "id",
    "process_id",
    "account_id",
    "workspace_id",
    "definition",
    "collection_url",
    "credits",
)
# The order of `JobSorting`'s fields where none is given.
DEFAULT_DIRECTIONS = {"process_id": "asc", "status": "desc", "created": "desc", "credits": "desc"}


def queries(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """Return arguments of `Job.all` by a name to show."""
    ids = list(sandbox.jobs)
    filters: dict[str, dict[str, Any]] = {
        "everything": {},
        "one process": {"process_id": ["pansharpening"]},
        "two processes": {"process_id": ["pansharpening", "detection-trees-spacept"]},
        "unknown process": {"process_id": ["no-such-process"]},
        "workspace": {"workspace_id": sandbox.workspace_id},
        "other workspace": {"workspace_id": sandbox.other_workspace_id},
        "unknown workspace": {"workspace_id": UNKNOWN_ID},
        "one status": {"status": ["running"]},
        "two statuses": {"status": ["captured", "released"]},
        "least duration": {"min_duration": 300},
        "largest duration": {"max_duration": 300},
        "both durations": {"min_duration": 100, "max_duration": 400},
        "ids": {"ids": [ids[7], ids[3], ids[99]]},
        "known and unknown ids": {"ids": [ids[5], UNKNOWN_ID]},
        "all at once": {
            "process_id": ["pansharpening", "true-color-conversion", "upsampling-ns"],
            "workspace_id": sandbox.workspace_id,
            "status": ["captured", "successful", "failed", "running"],
            "min_duration": 1,
            "max_duration": 5000,
            "ids": ids[:100],
            "sort_by": ["credits", "asc"],
            "page_size": 2,
        },
    }
    sizes = {f"page size {size}": {"page_size": size} for size in (1, 7, JOBS, JOBS + 1)}
    sortings = {
        f"by {name} {direction or 'as usual'}": {"sort_by": [name, direction], "page_size": 50}
        for name in SORTINGS
        for direction in ("asc", "desc", None)
    }
    return {**filters, **sizes, **sortings}


def ours(query: dict[str, Any], session: up42.Session) -> list[str]:
    arguments = dict(query)
    if "sort_by" in arguments:
        name, direction = arguments["sort_by"]
        field = getattr(up42.JobSorting, name)
        arguments["sort_by"] = getattr(field, direction) if direction else field
    return [job.id for job in up42.Job.all(**arguments, session=session)]


def truth(query: dict[str, Any], sandbox: Sandbox) -> list[str]:
    """Work out from the sandbox's records what a query finds, in its order."""

    def matches(job: Any) -> bool:
        long_enough = "min_duration" not in query or (
            job.duration is not None and job.duration >= query["min_duration"]
        )
        short_enough = "max_duration" not in query or (
            job.duration is not None and job.duration <= query["max_duration"]
        )
        return (
            job.process_id in query.get("process_id", [job.process_id])
            and job.workspace_id == query.get("workspace_id", job.workspace_id)
            and job.status in query.get("status", [job.status])
            and job.id in query.get("ids", [job.id])
            and long_enough
            and short_enough
        )

    # Among equals the newest come first; without `sort_by` the newest come first altogether.
    found = sorted(filter(matches, sandbox.jobs.values()), key=lambda job: -job.number)
    if "sort_by" in query:
        name, direction = query["sort_by"]
        descending = (direction or DEFAULT_DIRECTIONS[name]) == "desc"
        found.sort(key=SORTINGS[name], reverse=descending)
    return [job.id for job in found]


def test_listings_and_single_jobs(rival: Rival, sandbox: Sandbox) -> None:
    sandbox.add_jobs(JOBS)
    asked = queries(sandbox)
    job_ids = [*list(sandbox.jobs)[:24], UNKNOWN_ID]
    found = rival("listing", sandbox, queries=asked, job_ids=job_ids)
    with new_session(sandbox) as session:
        for name, query in asked.items():
            expected = truth(query, sandbox)
            assert found["listings"][name] == expected, name
            assert ours(query, session) == expected, name
        assert len(found["listings"]["two statuses"]) == JOBS // 6
        check_facts(found["jobs"], list(up42.Job.all(session=session)))
        singles = [up42.Job.get(job_id, session=session) for job_id in job_ids[:-1]]
        check_facts(found["singles"][:-1], singles)
        with pytest.raises(up42.NotFoundError):
            up42.Job.get(job_ids[-1], session=session)
    assert found["singles"][-1]["raised"] == "HTTPError"
    assert found["singles"][-1]["status_code"] == 404


def check_facts(theirs: list[dict[str, Any]], jobs: list[up42.Job]) -> None:
    """Assert that both clients have read the same from the same jobs."""
    assert len(theirs) == len(jobs)
    for fact, job in zip(theirs, jobs, strict=True):
        plain = {name: getattr(job, name) for name in PLAIN_FACTS}
        expected = {
            **plain,
            "status": job.status.value,
            "errors": [[error.name, error.message] for error in job.errors or []],
        }
        assert {name: fact[name] for name in expected} == expected
        for name in ("created", "updated", "started", "finished"):
            assert as_the_sdk_reads(fact[name]) == in_milliseconds(getattr(job, name))


def as_the_sdk_reads(text: str | None) -> dt.datetime | None:
    """Read a time that has lost its zone unless it had no fraction."""
    if text is None:
        return None
    value = dt.datetime.fromisoformat(text)
    return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value


def in_milliseconds(value: dt.datetime | None) -> dt.datetime | None:
    """Cut a time as the SDK does: it reads the first 23 characters."""
    return value and value.replace(microsecond=value.microsecond // 1000 * 1000)


def test_a_bound_of_zero_is_sent_by_us_only(rival: Rival, sandbox: Sandbox) -> None:
    # The SDK drops filters that are false in Python; the contract knows 0 as a bound.
    for status in ("captured", "created"):
        sandbox.add_job(status=status)
    query = {"min_duration": 0}
    found = rival("listing", sandbox, queries={"zero": query}, job_ids=[])
    with new_session(sandbox) as session:
        assert ours(query, session) == truth(query, sandbox)
    assert len(truth(query, sandbox)) == 1
    assert len(found["listings"]["zero"]) == 2
