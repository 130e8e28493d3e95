"""List jobs with every filter and sorting, and get single ones."""

from __future__ import annotations

from typing import Any

import _rival
import requests
from up42.processing import Job, JobSorting, JobStatus


def listing(query: dict[str, Any]) -> list[str]:
    arguments = dict(query)
    if "status" in arguments:
        arguments["status"] = [JobStatus(status) for status in arguments["status"]]
    if "sort_by" in arguments:
        name, direction = arguments["sort_by"]
        field = getattr(JobSorting, name)
        arguments["sort_by"] = getattr(field, direction) if direction else field
    return [job.id for job in Job.all(**arguments)]


def single(job_id: str) -> dict[str, Any]:
    try:
        return _rival.job_facts(Job.get(job_id))
    except requests.HTTPError as error:
        return {**_rival.failure(error), "status_code": error.response.status_code}


given = _rival.authenticated()
_rival.reply(
    {
        "listings": {name: listing(query) for name, query in given["queries"].items()},
        "jobs": [_rival.job_facts(job) for job in Job.all()],
        "singles": [single(job_id) for job_id in given["job_ids"]],
    }
)
