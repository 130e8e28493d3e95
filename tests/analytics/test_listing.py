"""The list of a project's jobs."""

from __future__ import annotations

import time
from typing import Any

import pytest

import up42_facade as up42
from tests.analytics.conftest import UNKNOWN_ID
from up42_facade.analytics import Job
from up42_sandbox import Fault, Sandbox

Sorting = up42.AnalyticsJobSorting
FIELDS = [name for name in vars(Sorting) if not name.startswith("_")]


def listings(sandbox: Sandbox) -> list[dict[str, list[str]]]:
    return [request.query for request in sandbox.requests if request.path.endswith("/jobs")]


def serve(sandbox: Sandbox, *pages: Any) -> None:
    """Let the server answer with these pages, then with none."""
    for page in pages:
        body = {"data": page, "error": None}
        sandbox.inject(Fault(path="/projects/*/jobs", status=200, body=body))
    empty = {"data": [], "error": None}
    sandbox.inject(Fault(path="/projects/*/jobs", status=200, body=empty, times=None))


def test_all_jobs(sandbox: Sandbox, session: up42.Session) -> None:
    analytics = sandbox.analytics
    found = list(up42.get_jobs(session=session))
    expected = {job_id for name, job_id in analytics.jobs.items() if name != "foreign"}
    assert {job.job_id for job in found} == expected
    assert len(found) == len(expected)
    assert all(isinstance(job, Job) for job in found)
    assert {job.project_id for job in found} == {analytics.project_id}


def test_another_project(sandbox: Sandbox, session: up42.Session) -> None:
    [only] = up42.get_jobs(sandbox.analytics.other_project_id, session=session)
    assert only.job_id == sandbox.analytics.jobs["foreign"]
    assert only.info["name"] == "Elsewhere"


def test_jobs_know_what_the_list_said(sandbox: Sandbox, session: up42.Session) -> None:
    found = list(up42.get_jobs(session=session))
    sandbox.clear_requests()
    assert any("name='NDVI of Berlin', status='SUCCEEDED'" in repr(job) for job in found)
    assert sandbox.requests == []


def test_pages(sandbox: Sandbox, session: up42.Session) -> None:
    sandbox.analytics.add_jobs(230)
    found = list(up42.get_jobs(session=session))
    assert len({job.job_id for job in found}) == len(found) == 242
    # The server counts its pages from 0 and tells the end by an empty one.
    assert [query["page"] for query in listings(sandbox)] == [["0"], ["1"], ["2"], ["3"]]


def test_pages_come_lazily(sandbox: Sandbox, session: up42.Session) -> None:
    sandbox.analytics.add_jobs(450)
    iterator = up42.get_jobs(session=session)
    assert listings(sandbox) == []
    next(iterator)
    time.sleep(0.3)
    assert len(listings(sandbox)) == 2


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_every_sorting(sandbox: Sandbox, session: up42.Session, field: str, direction: str) -> None:
    sorting = getattr(getattr(Sorting, field), direction)
    assert list(up42.get_jobs(sort_by=sorting, session=session))
    assert listings(sandbox)[0]["sort"] == [f"{sorting.name},{direction}"]


def test_sorting(session: up42.Session) -> None:
    for ascending in (True, False):
        sorting = Sorting.created.asc if ascending else Sorting.created
        created = [job.info["createdAt"] for job in up42.get_jobs(None, sorting, session)]
        assert created == sorted(created, reverse=not ascending)


@pytest.mark.parametrize("value", ["createdAt", 5, up42.JobSorting.process_id, Sorting])
def test_bad_sorting(sandbox: Sandbox, session: up42.Session, value: Any) -> None:
    with pytest.raises(up42.InvalidInputError, match="a field of AnalyticsJobSorting"):
        up42.get_jobs(sort_by=value, session=session)
    assert sandbox.requests == []


@pytest.mark.parametrize(
    ("project_id", "kind"), [(UNKNOWN_ID, up42.NotFoundError), ("abc", up42.BadRequestError)]
)
def test_unknown_project(
    session: up42.Session, project_id: str, kind: type[up42.Up42Error]
) -> None:
    jobs = up42.get_jobs(project_id, session=session)
    with pytest.raises(kind, match=f"Project '{project_id}' was not found: check the ID"):
        next(jobs)


def test_odd_entries_are_passed_over(
    sandbox: Sandbox, session: up42.Session, caplog: pytest.LogCaptureFixture
) -> None:
    serve(sandbox, [None, 5, {}, {"id": None}, {"id": "a", "status": 7, "name": None}])
    [only] = up42.get_jobs(session=session)
    assert only.job_id == "a"
    assert "without a job ID" in caplog.text


@pytest.mark.parametrize("data", [None, [], {}, "x"])
def test_a_list_of_nothing(sandbox: Sandbox, session: up42.Session, data: Any) -> None:
    serve(sandbox, data)
    assert list(up42.get_jobs(session=session)) == []


def test_jobs_that_move_to_the_next_page_come_once(sandbox: Sandbox, session: up42.Session) -> None:
    serve(sandbox, [{"id": "c"}, {"id": "b"}], [{"id": "b"}, {"id": "a"}])
    assert [job.job_id for job in up42.get_jobs(session=session)] == ["c", "b", "a"]


def test_a_server_without_pages_ends_too(sandbox: Sandbox, session: up42.Session) -> None:
    body = {"data": [{"id": "a"}, {"id": "b"}], "error": None}
    sandbox.inject(Fault(path="/projects/*/jobs", status=200, body=body, times=None))
    assert [job.job_id for job in up42.get_jobs(session=session)] == ["a", "b"]
    assert len(listings(sandbox)) <= 3


def test_an_error_in_the_middle(sandbox: Sandbox, session: up42.Session) -> None:
    sandbox.analytics.add_jobs(100)
    sandbox.inject(Fault(path="/projects/*/jobs", status=403, after=1))
    jobs = up42.get_jobs(session=session)
    with pytest.raises(up42.ApiError):
        list(jobs)
