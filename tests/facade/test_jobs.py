"""Get and list processing jobs."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

import up42_facade as up42
from up42_sandbox import Fault, Sandbox

JOBS = "/v2/processing/jobs"
CONTRACT = Path(__file__).resolve().parents[2] / "openapi" / "up42.yaml"


def listings(sandbox: Sandbox) -> list[Any]:
    return [request for request in sandbox.requests if request.path == JOBS]


@pytest.fixture
def jobs(sandbox: Sandbox) -> list[str]:
    """Ids of 30 jobs, one made each hour, of mixed processes and statuses."""
    statuses = itertools.cycle(["captured", "released", "running", "invalid", "created"])
    processes = itertools.cycle(["pansharpening", "detection-trees-spacept"])
    start = dt.datetime(2024, 6, 1, tzinfo=dt.UTC)
    return [
        sandbox.add_job(
            status=next(statuses),
            process_id=next(processes),
            created=start + dt.timedelta(hours=hour),
        ).id
        for hour in range(30)
    ]


def test_get(sandbox: Sandbox, session: up42.Session, jobs: list[str]) -> None:
    job = up42.Job.get(jobs[0], session=session)
    assert job == up42.Job.get(id=jobs[0], session=session)
    assert job == up42.Job.get(job_id=jobs[0], session=session)
    assert job.id == jobs[0]
    assert job.process_id == "pansharpening"
    assert job.status is up42.JobStatus.CAPTURED
    assert job.is_succeeded
    assert job.is_finished
    assert job.created == dt.datetime(2024, 6, 1, tzinfo=dt.UTC)
    assert job.account_id == sandbox.account_id
    assert job.workspace_id == sandbox.workspace_id
    assert job.inputs["title"]
    for moment in (job.created, job.updated, job.started, job.finished):
        assert moment is not None
        assert moment.tzinfo is dt.UTC


def test_get_takes_one_id(session: up42.Session) -> None:
    for arguments in ({}, {"job_id": "a", "id": "b"}, {"id": ""}, {"id": 5}):
        with pytest.raises(up42.InvalidInputError, match="one non-empty job ID"):
            up42.Job.get(session=session, **arguments)  # type: ignore[arg-type]


def test_unknown_job(session: up42.Session) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(up42.NotFoundError, match=unknown) as caught:
        up42.Job.get(unknown, session=session)
    assert caught.value.status_code == 404
    assert "Check the ID" in str(caught.value)


@pytest.mark.parametrize("job_id", ["../../etc", "a b", "ü/?#", "%2e%2e"])
def test_odd_ids_stay_one_path_segment(session: up42.Session, job_id: str) -> None:
    with pytest.raises((up42.NotFoundError, up42.BadRequestError)):
        up42.Job.get(job_id, session=session)


def test_all(session: up42.Session, jobs: list[str]) -> None:
    found = list(up42.Job.all(session=session))
    assert {job.id for job in found} == set(jobs)
    assert len(found) == len(jobs)


def test_pages_come_lazily(sandbox: Sandbox, session: up42.Session, jobs: list[str]) -> None:
    iterator = up42.Job.all(page_size=10, session=session)
    assert listings(sandbox) == []
    next(iterator)
    time.sleep(0.2)
    assert len(listings(sandbox)) == 2
    assert len(list(iterator)) == len(jobs) - 1
    assert len(listings(sandbox)) == 3


def test_the_next_page_is_fetched_ahead(
    sandbox: Sandbox, session: up42.Session, jobs: list[str]
) -> None:
    iterator = up42.Job.all(page_size=10, session=session)
    taken = [next(iterator) for _ in range(10)]
    time.sleep(0.2)
    asked = len(listings(sandbox))
    taken.append(next(iterator))
    time.sleep(0.2)
    assert asked == 2
    assert len({job.id for job in taken}) == 11


@pytest.mark.parametrize(
    ("filters", "query"),
    [
        ({"process_id": ["a", "b"]}, {"processId": ["a,b"]}),
        ({"process_id": "a"}, {"processId": ["a"]}),
        ({"workspace_id": "w"}, {"workspaceId": ["w"]}),
        ({"status": [up42.JobStatus.CAPTURED, "running"]}, {"status": ["captured,running"]}),
        ({"ids": ["x", "y"]}, {"ids": ["x,y"]}),
        ({"min_duration": 0}, {"minDuration": ["0"]}),
        ({"max_duration": 0}, {"maxDuration": ["0"]}),
        ({"page_size": 7}, {"limit": ["7"]}),
        ({"sort_by": up42.JobSorting.credits.asc}, {"sort": ["creditConsumption.credits,asc"]}),
        ({"created_after": "2024-06-01"}, {"sort": ["created,desc"]}),
    ],
)
def test_what_is_sent(
    sandbox: Sandbox, session: up42.Session, filters: dict[str, Any], query: dict[str, list[str]]
) -> None:
    list(up42.Job.all(session=session, **filters))
    assert listings(sandbox)[0].query == query


def test_filters(session: up42.Session, jobs: list[str]) -> None:
    running = list(up42.Job.all(status=[up42.JobStatus.RUNNING], session=session))
    assert [job.status for job in running] == [up42.JobStatus.RUNNING] * 6
    sharpened = list(up42.Job.all(process_id=["pansharpening"], session=session))
    assert {job.process_id for job in sharpened} == {"pansharpening"}
    some = list(up42.Job.all(ids=jobs[:3], session=session))
    assert {job.id for job in some} == set(jobs[:3])


def test_an_unknown_status_can_be_asked_for(sandbox: Sandbox, session: up42.Session) -> None:
    with pytest.raises(up42.BadRequestError):
        list(up42.Job.all(status=[up42.JobStatus("paused")], session=session))
    assert listings(sandbox)[0].query == {"status": ["paused"]}


def test_empty_filters_match_nothing(sandbox: Sandbox, session: up42.Session) -> None:
    for name in ("ids", "status", "process_id"):
        assert list(up42.Job.all(session=session, **{name: []})) == []  # type: ignore[arg-type]
    assert listings(sandbox) == []


def test_many_ids_are_asked_for_in_parts(
    sandbox: Sandbox, session: up42.Session, jobs: list[str]
) -> None:
    unknown = [f"00000000-0000-4000-8000-{number:012d}" for number in range(230)]
    found = list(up42.Job.all(ids=jobs + unknown, session=session))
    assert {job.id for job in found} == set(jobs)
    assert [len(request.query["ids"][0].split(",")) for request in listings(sandbox)] == [
        100,
        100,
        60,
    ]


def test_sorting(session: up42.Session, jobs: list[str]) -> None:
    newest = [job.id for job in up42.Job.all(sort_by=up42.JobSorting.created, session=session)]
    assert newest == jobs[::-1]
    oldest = up42.Job.all(sort_by=up42.JobSorting.created.asc, session=session)
    assert [job.id for job in oldest] == jobs


@pytest.mark.parametrize("page_size", [None, 4])
@pytest.mark.parametrize(
    "sort_by",
    [None, up42.JobSorting.created.asc, up42.JobSorting.created.desc, up42.JobSorting.status],
)
def test_date_bounds(
    session: up42.Session, jobs: list[str], sort_by: Any, page_size: int | None
) -> None:
    found = up42.Job.all(
        created_after="2024-06-01T05:00:00Z",
        created_before=dt.datetime(2024, 6, 1, 10, tzinfo=dt.UTC),
        sort_by=sort_by,
        page_size=page_size,
        session=session,
    )
    assert {job.id for job in found} == set(jobs[5:10])


def test_bounds_stop_the_listing(sandbox: Sandbox, session: up42.Session, jobs: list[str]) -> None:
    found = list(up42.Job.all(created_after=dt.date(2024, 6, 2), page_size=5, session=session))
    assert len(found) == 6
    time.sleep(0.2)
    assert len(listings(sandbox)) <= 3


@pytest.mark.parametrize(
    ("filters", "named"),
    [
        ({"status": ["sucessful"]}, "'sucessful'.*Did you mean 'successful'"),
        ({"status": ["CAPTURED"]}, "Did you mean 'captured'"),
        ({"status": "nonsense"}, "Unknown status 'nonsense'"),
        ({"min_duration": -1}, "min_duration=-1"),
        ({"max_duration": 1.5}, r"max_duration=1\.5"),
        ({"page_size": 0}, "page_size=0"),
        ({"page_size": True}, "page_size=True"),
        ({"ids": ["a,b"]}, "ids contains 'a,b'"),
        ({"ids": [""]}, "ids"),
        ({"process_id": [5]}, "process_id contains 5"),
        ({"sort_by": "created"}, "JobSorting"),
        ({"created_after": "someday"}, "created_after='someday'"),
        ({"created_before": 5}, "created_before=5"),
    ],
)
def test_bad_filters_are_refused_at_once(
    sandbox: Sandbox, session: up42.Session, filters: dict[str, Any], named: str
) -> None:
    with pytest.raises(up42.InvalidInputError, match=named):
        up42.Job.all(session=session, **filters)
    assert sandbox.requests == []


@pytest.mark.parametrize(
    "patch",
    [
        {"status": "paused"},
        {"status": None},
        {"created": None, "updated": None, "started": None, "finished": None},
        {"created": "2024-06-05T13:12:48.123456789Z"},
        {"created": "never"},
        {"results": None, "creditConsumption": None, "workspaceID": None},
        {"definition": None},
        {"results": {"collection": None, "errors": None}},
        {"results": {"errors": [{"name": "OnlyName"}, None]}},
        {"extra": {"field": [1]}, "type": None, "processID": None},
        {"creditConsumption": {"credits": None}},
    ],
)
def test_liberal_in_what_is_accepted(
    sandbox: Sandbox, session: up42.Session, patch: dict[str, Any]
) -> None:
    job_id = sandbox.add_job(status="captured").id
    sandbox.inject(Fault(path=f"{JOBS}/*", patch=patch))
    job = up42.Job.get(job_id, session=session)
    assert job.id == job_id
    assert repr(job)
    assert job._repr_html_()
    assert job.created is None or job.created.tzinfo is dt.UTC
    if patch.get("status") == "paused":
        assert job.status == "paused"
        assert not job.is_finished


def test_an_odd_entry_does_not_stop_a_listing(
    sandbox: Sandbox, session: up42.Session, jobs: list[str]
) -> None:
    body = {
        "jobs": [
            {"jobID": "one", "status": "captured"},
            None,
            {},
            "text",
            {"jobID": "two", "status": 5, "created": 17, "results": "x", "definition": []},
        ],
        "links": None,
    }
    sandbox.inject(
        Fault(path=JOBS, status=200, body=json.dumps(body), content_type="application/json")
    )
    assert [job.id for job in up42.Job.all(session=session)] == ["one", "two"]


def test_a_next_link_to_another_host_is_refused(
    sandbox: Sandbox, session: up42.Session, jobs: list[str]
) -> None:
    link = {"rel": "next", "href": f"{sandbox.storage_url}/v2/processing/jobs?token=x"}
    sandbox.inject(Fault(path=JOBS, patch={"links": [link]}))
    with pytest.raises(up42.UntrustedHostError, match="no token was sent"):
        list(up42.Job.all(session=session))
    assert all(request.origin == "api" for request in sandbox.requests)


def test_an_absolute_next_link_is_followed(
    sandbox: Sandbox, session: up42.Session, jobs: list[str]
) -> None:
    link = {"rel": "next", "href": f"{sandbox.url}{JOBS}?limit=100"}
    sandbox.inject(Fault(path=JOBS, patch={"links": [{"rel": "self"}, link]}))
    assert len(list(up42.Job.all(page_size=5, session=session))) == len(jobs)


def test_a_circle_of_pages_ends(sandbox: Sandbox, session: up42.Session, jobs: list[str]) -> None:
    link = {"rel": "next", "href": f"{JOBS}?limit=5"}
    sandbox.inject(Fault(path=JOBS, patch={"links": [link]}, times=None))
    with pytest.raises(up42.UnexpectedResponseError, match="already read"):
        list(up42.Job.all(page_size=5, session=session))


def test_jobs_of_shifted_pages_come_once(
    sandbox: Sandbox, session: up42.Session, jobs: list[str]
) -> None:
    def shifted(_: object, page: dict[str, Any]) -> dict[str, Any]:
        return {**page, "jobs": [page["jobs"][0], *page["jobs"]]}

    sandbox.inject(Fault(path=JOBS, patch=shifted, times=None))
    found = [job.id for job in up42.Job.all(page_size=7, session=session)]
    assert sorted(found) == sorted(jobs)
    twice = [job.id for job in up42.Job.all(ids=jobs * 4, session=session)]
    assert sorted(twice) == sorted(jobs)


def test_a_response_about_another_job_is_refused(
    sandbox: Sandbox, session: up42.Session, jobs: list[str]
) -> None:
    job = up42.Job.get(jobs[0].upper(), session=session)
    sandbox.inject(Fault(path=f"{JOBS}/*", patch={"jobID": jobs[1]}))
    with pytest.raises(up42.UnexpectedResponseError, match=jobs[1]):
        job.refresh()
    assert job.refresh().id == jobs[0]


def test_repr_is_one_line(session: up42.Session, jobs: list[str]) -> None:
    job = up42.Job.get(jobs[0], session=session)
    start = f"Job(id='{job.id}', process_id='pansharpening', title={job.title!r}, status='captured'"
    assert repr(job).startswith(start)
    assert job.title == job.inputs["title"]
    assert "\n" not in repr(job)
    html = job._repr_html_()
    assert job.id in html
    assert "http" not in html.replace(str(job.collection_url), "")


def test_from_metadata() -> None:
    metadata = {
        "processID": "pansharpening",
        "jobID": "j",
        "accountID": "a",
        "workspaceID": None,
        "definition": {"inputs": {"title": "t"}},
        "results": {"errors": [{"name": "N", "message": "m"}]},
        "status": "invalid",
        "created": "2023-11-19T09:12:28Z",
        "updated": "2023-11-19T09:12:28Z",
    }
    job = up42.Job.from_metadata(metadata)  # type: ignore[arg-type]
    assert job.errors == [up42.ValidationError(message="m", name="N")]
    assert job.created == dt.datetime(2023, 11, 19, 9, 12, 28, tzinfo=dt.UTC)
    assert job.credits is None
    with pytest.raises(up42.UnexpectedResponseError, match="jobID"):
        up42.Job.from_metadata({})


def contract_examples() -> list[dict[str, Any]]:
    """The jobs that the contract shows, from every operation that answers with one."""
    document = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    operations = [op for path in document["paths"].values() for op in path.values()]
    named = document["components"].get("examples", {})
    return [
        example.get("value") or named[example["$ref"].rpartition("/")[2]]["value"]
        for operation in operations
        if isinstance(operation, dict)
        and operation.get("operationId") in {"getProcessingJob", "executeProcess"}
        for status, response in operation["responses"].items()
        if status in {"200", "201"}
        for example in response["content"]["application/json"]["examples"].values()
    ]


@pytest.mark.parametrize("example", contract_examples(), ids=lambda e: e["status"])
def test_the_adapter_reads_what_the_contract_names(example: dict[str, Any]) -> None:
    """A field that the contract renames would be missed here."""
    job = up42.Job.from_metadata(example)  # type: ignore[arg-type]
    results = example.get("results") or {}
    assert [job.id, job.process_id, job.account_id, job.workspace_id] == [
        example[name] for name in ("jobID", "processID", "accountID", "workspaceID")
    ]
    assert job.status == example["status"]
    assert job.definition == example["definition"]
    assert job.collection_url == results.get("collection")
    assert len(job.errors or []) == len(results.get("errors") or [])
    assert job.credits == (example.get("creditConsumption") or {}).get("credits")
    for name in ("created", "updated", "started", "finished"):
        assert (getattr(job, name) is None) == (example.get(name) is None)
