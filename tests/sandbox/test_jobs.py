"""Processing jobs: their life, what they cost, how they are listed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.conftest import JOBS, PROCESSES, Api
from up42_sandbox import Sandbox
from up42_sandbox.processing.lifecycle import DEFAULT_DURATIONS

TREES = "detection-trees-spacept"
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d+))?Z")


def test_life_of_a_job(api: Api) -> None:
    sandbox = api.sandbox
    job_id = api.execute(TREES)
    seen = [api.status(job_id)]
    credits = sandbox.jobs[job_id].credits
    for status in ("created", "licensed", "valid", "accepted", "running", "successful"):
        sandbox.clock.advance(DEFAULT_DURATIONS[status])
        seen.append(api.status(job_id))
        held = seen[-1] in ("accepted", "running", "successful")
        assert sandbox.balance.held == (credits if held else 0)
    assert seen == [
        "created",
        "licensed",
        "valid",
        "accepted",
        "running",
        "successful",
        "captured",
    ]
    assert sandbox.balance.captured == credits
    assert sandbox.balance.available == 10_000 - credits
    balances = api.get("/v2/payments/balances")
    assert balances == {"available": {"amount": 10_000 - credits, "unit": "CREDIT"}}


def test_metadata_of_a_new_and_of_a_finished_job(api: Api) -> None:
    job_id = api.execute(TREES, title="Trees")
    job = api.get(f"{JOBS}/{job_id}")
    assert job["definition"]["inputs"]["title"] == "Trees"
    assert job["results"] is job["started"] is job["finished"] is None
    assert job["creditConsumption"] is None
    assert job["accountID"] == api.sandbox.account_id
    assert job["workspaceID"] == api.sandbox.workspace_id
    api.sandbox.clock.advance(100)
    job = api.get(f"{JOBS}/{job_id.upper()}")
    assert job["status"] == "captured"
    assert job["results"]["collection"].startswith(api.sandbox.url)
    assert job["creditConsumption"]["credits"] == api.sandbox.jobs[job_id].credits
    assert job["creditConsumption"]["holdID"] != job["creditConsumption"]["consumptionID"]
    assert job["created"] < job["started"] < job["finished"] <= job["updated"]


def test_record_tells_the_truth_about_the_request(api: Api) -> None:
    body = {"inputs": api.sandbox.inputs_for(TREES)}
    budget = "11111111-2222-4333-8444-555555555555"
    query = {"workspaceId": api.sandbox.other_workspace_id, "budgetId": budget}
    job = api.post(f"{PROCESSES}/{TREES}/execution", json=body, params=query)
    record = api.sandbox.jobs[job["jobID"]]
    assert record.budget_id == budget
    assert record.workspace_id == api.sandbox.other_workspace_id
    assert record.inputs == body["inputs"]
    assert record.process_id == TREES


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"workspaceId": "mine"}, 400),
        ({"workspaceId": "00000000-0000-4000-8000-000000000000"}, 403),
        ({"budgetId": "big"}, 400),
    ],
)
def test_execution_checks_its_query(api: Api, query: dict[str, str], status: int) -> None:
    if "budgetId" in query:
        query = {**query, "workspaceId": api.sandbox.workspace_id}
    body = {"inputs": api.sandbox.inputs_for(TREES)}
    response = api.post(f"{PROCESSES}/{TREES}/execution", status, json=body, params=query)
    assert response["status"] == status
    assert not api.sandbox.jobs


def test_failed_job_gives_the_credits_back(api: Api) -> None:
    api.sandbox.fail_next_job()
    job_id = api.execute(TREES)
    succeeding = api.execute(TREES)
    api.sandbox.clock.advance(66)
    failed = api.get(f"{JOBS}/{job_id}")
    assert failed["status"] == "failed"
    assert failed["creditConsumption"] is None
    assert failed["results"]["errors"][0]["name"]
    api.sandbox.clock.advance(2)
    assert api.status(job_id) == "released"
    assert api.status(succeeding) == "captured"
    assert api.sandbox.balance.held == 0
    assert api.sandbox.balance.available == 10_000 - api.sandbox.jobs[succeeding].credits


@pytest.mark.parametrize(
    ("title", "last"),
    [
        ("[failed] trees", "released"),
        ("[invalid] trees", "invalid"),
        ("[rejected] trees", "rejected"),
        ("[unlicensed] trees", "unlicensed"),
    ],
)
def test_magic_titles(api: Api, title: str, last: str) -> None:
    job_id = api.execute(TREES, title=title)
    api.sandbox.clock.advance(100)
    job = api.get(f"{JOBS}/{job_id}")
    assert job["status"] == last
    assert ("creditConsumption" in job) == (last == "released")
    if last == "invalid":
        assert job["results"]["errors"] == [
            {"name": "InvalidInputs", "message": "The inputs turned out to be unusable."}
        ]
    assert api.sandbox.balance.available == 10_000


def test_next_job_of_one_process_with_errors_of_its_own(api: Api) -> None:
    errors = [{"name": "TooDark", "message": "It was night."}]
    api.sandbox.fail_next_job("invalid", "pansharpening", errors)
    trees, sharp = api.execute(TREES), api.execute("pansharpening")
    api.sandbox.clock.advance(100)
    assert api.status(trees) == "captured"
    assert api.get(f"{JOBS}/{sharp}")["results"]["errors"] == errors
    with pytest.raises(ValueError, match="must be one of"):
        api.sandbox.fail_next_job("captured")


def test_eula_not_accepted(api: Api) -> None:
    process = "detection-wind-turbines-airbus"
    before = api.execute(process)
    api.sandbox.clock.advance(100)
    assert api.status(before) == "unlicensed"
    api.sandbox.accept_eula(process)
    after = api.execute(process)
    api.sandbox.accept_eula(TREES, accepted=False)
    trees = api.execute(TREES)
    api.sandbox.clock.advance(100)
    assert [api.status(job_id) for job_id in (before, after, trees)] == [
        "unlicensed",
        "captured",
        "unlicensed",
    ]


def test_low_balance(api: Api) -> None:
    first = api.execute(TREES)
    cost = api.sandbox.jobs[first].credits
    api.sandbox.top_up(cost * 2 - 10_000)
    second, third = api.execute(TREES), api.execute(TREES)
    api.sandbox.clock.advance(100)
    assert api.status(second) == "captured"
    assert api.status(third) == "rejected"
    assert api.sandbox.balance.available == 0


def test_jobs_share_the_balance_in_the_order_of_time(api: Api) -> None:
    # One look long after: the first job's failure must free the credits for the second.
    api.sandbox.fail_next_job()
    first = api.execute(TREES)
    api.sandbox.top_up(api.sandbox.jobs[first].credits - 10_000)
    api.sandbox.clock.advance(65)
    second = api.execute(TREES)
    for _ in range(2):
        api.sandbox.clock.advance(70)
    assert api.status(first) == "released"
    assert api.status(second) == "captured"


def test_server_that_stops_at_successful(api: Api) -> None:
    api.sandbox.settle_credits = False
    good, bad = api.execute(TREES), api.execute(TREES, title="[failed]")
    api.sandbox.clock.advance(200)
    assert api.status(good) == "successful"
    assert api.status(bad) == "failed"


def test_speed_and_durations_of_ones_own() -> None:
    with Sandbox(durations={"running": 1.0}) as sandbox:
        job = sandbox.add_job(status="running")
        assert job.status == "running"
        sandbox.clock.speed = 3600
        assert sandbox.clock.speed == 3600


def test_fraction_digits_take_turns(api: Api) -> None:
    digits = set()
    for _ in range(4):
        job_id = api.execute(TREES)
        match = STAMP.fullmatch(api.get(f"{JOBS}/{job_id}")["created"])
        assert match is not None
        digits.add(len(match[1] or ""))
    assert digits == {0, 3, 6, 9}


def test_unknown_job(api: Api) -> None:
    for job_id in ("00000000-0000-4000-8000-000000000000", "nonsense", "%2e%2e"):
        assert api.get(f"{JOBS}/{job_id}", 404)["status"] == 404


# Listing -------------------------------------------------------------------------------------


@pytest.fixture
def listed(api: Api) -> Api:
    api.sandbox.add_jobs(250)
    return api


def ids(jobs: list[dict[str, Any]]) -> list[str]:
    return [job["jobID"] for job in jobs]


def test_all_pages_together_are_all_jobs_once(listed: Api) -> None:
    for limit in (None, 1000, 7):
        query = {} if limit is None else {"limit": limit}
        jobs = listed.list_jobs(**query)
        assert sorted(ids(jobs)) == sorted(listed.sandbox.jobs)
        assert [job["created"][:19] for job in jobs] == sorted(
            (job["created"][:19] for job in jobs), reverse=True
        )


def test_next_links_are_relative_and_opaque(listed: Api) -> None:
    page = listed.get(JOBS)
    assert len(page["jobs"]) == 100
    (link,) = [link for link in page["links"] if link["rel"] == "next"]
    assert link["href"].startswith(f"{JOBS}?token=")


def test_new_jobs_do_not_shift_pages(listed: Api) -> None:
    page = listed.get(JOBS, params={"limit": 10})
    for _ in range(5):
        listed.sandbox.add_job()
    following = listed.get(page["links"][-1]["href"])
    assert not set(ids(page["jobs"])) & set(ids(following["jobs"]))
    whole = ids(listed.list_jobs())
    assert ids(following["jobs"]) == whole[15:25]


def test_filters(listed: Api) -> None:
    jobs = listed.sandbox.jobs.values()

    def check(keep: Any, **query: Any) -> None:
        wanted = sorted(job.id for job in jobs if keep(job))
        assert 0 < len(wanted) < 250
        assert sorted(ids(listed.list_jobs(**query))) == wanted

    check(lambda job: job.process_id == TREES, processId=TREES)
    pair = ("pansharpening", TREES)
    check(lambda job: job.process_id in pair, processId=",".join(pair))
    check(lambda job: job.status in ("failed", "valid"), status="failed,valid")
    check(lambda job: job.status in ("failed", "valid"), status=["failed", "valid"])
    other = listed.sandbox.other_workspace_id
    check(lambda job: job.workspace_id == other, workspaceId=other)
    check(lambda job: (job.duration or 0) >= 300, minDuration=300)
    check(lambda job: job.duration is not None and job.duration <= 300, maxDuration=300)
    check(lambda job: job.duration is not None, minDuration=0)
    chosen = [job.id for job in list(jobs)[10:13]]
    check(lambda job: job.id in chosen, ids=",".join([*chosen, "unknown"]))


def test_filters_combine_and_may_find_nothing(listed: Api) -> None:
    assert listed.list_jobs(status="running", minDuration=0) == []
    assert listed.list_jobs(processId="alchemy") == []
    assert listed.list_jobs(maxDuration=0) == []


@pytest.mark.parametrize(
    ("field", "read"),
    [
        ("processID", lambda job: job["processID"]),
        ("status", lambda job: job["status"]),
        ("created", lambda job: job["created"][:19]),
        (
            "creditConsumption.credits",
            lambda job: (job.get("creditConsumption") or {"credits": -1})["credits"],
        ),
    ],
)
def test_sorting(listed: Api, field: str, read: Any) -> None:
    for direction in ("asc", "desc"):
        values = [read(job) for job in listed.list_jobs(sort=f"{field},{direction}", limit=60)]
        assert values == sorted(values, reverse=direction == "desc")


@pytest.mark.parametrize(
    "query",
    [
        {"status": "sucessful"},
        {"status": "RUNNING"},
        {"limit": "-1"},
        {"limit": "0"},
        {"limit": "many"},
        {"minDuration": "-5"},
        {"maxDuration": "1.5"},
        {"sort": "created"},
        {"sort": "created,up"},
        {"sort": "color,asc"},
        {"token": "broken"},
        {"token": "W10"},
    ],
)
def test_wrong_queries(api: Api, query: dict[str, str]) -> None:
    response = api.get(JOBS, 400, params=query)
    assert response["title"] == "Bad Request"
    assert response["detail"]


def test_ten_thousand_jobs_are_added_and_listed_quickly(api: Api) -> None:
    began = datetime.now(UTC)
    api.sandbox.add_jobs(10_000)
    assert len(api.list_jobs(limit=1000)) == 10_000
    assert datetime.now(UTC) - began < timedelta(seconds=10)


def test_added_job_keeps_its_status_and_costs_nothing(api: Api) -> None:
    created = datetime(2024, 6, 1, 12, tzinfo=UTC)
    job = api.sandbox.add_job(
        "pansharpening",
        "successful",
        credits=7,
        created=created,
        duration=90,
        inputs={"title": "t"},
    )
    api.sandbox.clock.advance(200)
    shown = api.get(f"{JOBS}/{job.id}")
    assert shown["status"] == "successful"
    assert shown["created"].startswith("2024-06-01T12:00:00")
    assert job.duration == 90
    assert api.get(shown["results"]["collection"])["title"] == "t"
    assert api.sandbox.balance.available == 10_000
    with pytest.raises(ValueError, match="status must be"):
        api.sandbox.add_job(status="done")
    with pytest.raises(KeyError):
        api.sandbox.add_job("alchemy")


def test_some_jobs_have_no_workspace(api: Api) -> None:
    api.sandbox.add_jobs(100)
    listed = api.list_jobs(limit=30)
    assert [job["workspaceID"] for job in listed].count(None) == 2
    in_workspaces = [
        job
        for workspace_id in (api.sandbox.workspace_id, api.sandbox.other_workspace_id)
        for job in api.list_jobs(workspaceId=workspace_id)
    ]
    assert len(in_workspaces) == 98


def test_results_of_a_job_without_a_workspace(api: Api) -> None:
    jobs = api.sandbox.add_jobs(350)
    (job,) = [job for job in jobs if job.workspace_id is None and job.has_results]
    collection = api.get(job.metadata(api.sandbox.url)["results"]["collection"])
    assert "up42-system:workspace_id" not in collection
