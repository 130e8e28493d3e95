"""Jobs of the sandbox's main project, by their names there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import up42_facade as up42
from tests.conftest import IMPATIENT
from up42_sandbox import Sandbox

GetJob = Callable[[str], Any]
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def session(sandbox: Sandbox) -> Iterator[up42.Session]:
    """A session whose default project is the sandbox's."""
    with up42.Session(
        username=sandbox.username,
        password=sandbox.password,
        project_id=sandbox.analytics.project_id,
        base_url=sandbox.url,
        options=IMPATIENT,
    ) as made:
        yield made


@pytest.fixture
def job(sandbox: Sandbox, session: up42.Session) -> GetJob:
    """Return what gives a job of the sandbox by its name there, and forgets the requests."""

    def get(name: str) -> Any:
        sandbox.clear_requests()
        return up42.initialize_job(sandbox.analytics.jobs[name], session=session)

    return get


@pytest.fixture
def jobtask(sandbox: Sandbox, session: up42.Session) -> Callable[[str, int], Any]:
    """Return what gives a task of a job by the job's name and the task's number."""

    def get(name: str, number: int = -1) -> Any:
        sandbox.clear_requests()
        return up42.initialize_jobtask(
            sandbox.analytics.task_ids(name)[number],
            sandbox.analytics.jobs[name],
            session=session,
        )

    return get


def paths(sandbox: Sandbox) -> list[str]:
    """Methods and paths of the requests to the API below the project, without the token's."""
    start = f"/projects/{sandbox.analytics.project_id}"
    return [
        f"{request.method} {request.path.removeprefix(start)}"
        for request in sandbox.requests
        if request.path.startswith(start)
    ]
