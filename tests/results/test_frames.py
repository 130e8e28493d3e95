"""Jobs as a table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest

import up42_facade as up42
from up42_sandbox import Sandbox

MOMENT = "datetime64[us, UTC]"
SPAN = "timedelta64[us]"
TYPES = {
    "process_id": "string",
    "title": "string",
    "status": "string",
    "is_succeeded": "bool",
    "credits": "Int64",
    "created": MOMENT,
    "started": MOMENT,
    "finished": MOMENT,
    "updated": MOMENT,
    "duration": SPAN,
    "queue_time": SPAN,
    "workspace_id": "string",
    "account_id": "string",
    "collection_url": "string",
    "errors": "string",
}


@pytest.fixture
def made(session: up42.Session) -> Callable[..., up42.Job]:
    def make(**content: Any) -> up42.Job:
        metadata: Any = {"jobID": "a", "status": "captured", **content}
        return up42.Job.from_metadata(metadata, session)

    return make


def types_of(table: pd.DataFrame) -> dict[str, str]:
    return {str(name): str(dtype) for name, dtype in table.dtypes.items()}


@pytest.mark.parametrize("nothing", [[], (), iter([])])
def test_no_jobs(nothing: Any) -> None:
    table = up42.jobs_to_dataframe(nothing)
    assert len(table) == 0
    assert types_of(table) == TYPES
    assert table.index.name == "job_id"
    assert table.index.dtype == "string"
    assert table["credits"].sum() == 0
    assert table["duration"].sum() == pd.Timedelta(0)


def test_a_job(sandbox: Sandbox, session: up42.Session) -> None:
    job = up42.Job.get(sandbox.add_job(credits=63, duration=90).id, session=session)
    table = up42.jobs_to_dataframe([job])
    assert types_of(table) == TYPES
    row = table.loc[job.id]
    assert row["process_id"] == "detection-trees-spacept"
    assert row["title"] == "Sandbox job"
    assert row["status"] == "captured"
    assert bool(row["is_succeeded"]) is True
    assert row["credits"] == 63
    for name in ("created", "started", "finished", "updated"):
        assert row[name].to_pydatetime() == getattr(job, name)
    assert row["duration"] == pd.Timedelta(seconds=90)
    assert job.started is not None
    assert job.created is not None
    assert row["queue_time"] == job.started - job.created
    assert row["workspace_id"] == sandbox.workspace_id
    assert row["account_id"] == sandbox.account_id
    assert row["collection_url"] == job.collection_url
    assert row["errors"] is pd.NA


def test_a_listing(sandbox: Sandbox, session: up42.Session) -> None:
    sandbox.add_jobs(120)
    jobs = list(up42.Job.all(session=session))
    listing = up42.Job.all(session=session)
    assert isinstance(listing, Iterator)
    table = up42.jobs_to_dataframe(listing)
    assert list(table.index) == [job.id for job in jobs]
    assert types_of(table) == TYPES
    assert table["credits"].sum() == sum(job.credits or 0 for job in jobs)
    assert table["is_succeeded"].sum() == sum(job.is_succeeded for job in jobs)
    ran = [j.finished - j.started for j in jobs if j.finished and j.started]
    assert table["duration"].sum() == sum(ran, dt.timedelta())
    newest = table.sort_values("created", ascending=False)
    created = sorted((job.created for job in jobs if job.created), reverse=True)
    assert list(newest["created"]) == created
    dearest = table.sort_values("credits", ascending=False)["credits"].dropna()
    assert list(dearest) == sorted((j.credits for j in jobs if j.credits is not None), reverse=True)
    spent = table.groupby("process_id")["credits"].sum()
    assert spent.sum() == table["credits"].sum()


def test_a_job_of_which_nothing_is_known(made: Callable[..., up42.Job]) -> None:
    table = up42.jobs_to_dataframe([made(status=None)])
    assert types_of(table) == TYPES
    row = table.loc["a"]
    assert row["status"] == "unknown"
    known = {"process_id", "status", "is_succeeded", "account_id"}
    assert all(pd.isna(row[name]) for name in TYPES if name not in known)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (12, 12),
        (0, 0),
        (12.0, 12),
        ("12", pd.NA),
        (2**53 + 1, 2**53 + 1),
        (12.5, pd.NA),
        ("many", pd.NA),
        (True, pd.NA),
        (None, pd.NA),
        (float("nan"), pd.NA),
        (float("inf"), pd.NA),
        (2**63, pd.NA),
        ([12], pd.NA),
    ],
)
def test_odd_credits(made: Callable[..., up42.Job], sent: Any, shown: Any) -> None:
    table = up42.jobs_to_dataframe([made(creditConsumption={"credits": sent}), made()])
    assert table["credits"].dtype == "Int64"
    assert table["credits"].iloc[0] is shown or table["credits"].iloc[0] == shown


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("2024-06-01T10:00:00.123456789Z", "2024-06-01T10:00:00.123456Z"),
        ("2024-06-01T12:00:00+02:00", "2024-06-01T10:00:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        ("9999-12-31T23:59:59-10:00", None),
        ("0001-01-01T00:00:00+10:00", None),
        ("soon", None),
        (5, None),
    ],
)
def test_odd_times(made: Callable[..., up42.Job], sent: Any, shown: str | None) -> None:
    table = up42.jobs_to_dataframe([made(created=sent)])
    assert types_of(table) == TYPES
    expected = pd.NaT if shown is None else pd.Timestamp(dt.datetime.fromisoformat(shown))
    assert table["created"].iloc[0] is expected or table["created"].iloc[0] == expected


def test_other_odd_values(made: Callable[..., up42.Job]) -> None:
    jobs = [
        made(
            status="paused",
            definition={"inputs": {"title": 5}},
            workspaceID=7,
            started="2024-06-01T10:00:00Z",
            finished="2024-06-01T09:00:00Z",
        ),
        made(
            status="invalid",
            definition=None,
            results={"errors": [{"name": "A", "message": "one"}, {"name": "B", "message": "two"}]},
        ),
    ]
    table = up42.jobs_to_dataframe(job for job in jobs)
    assert types_of(table) == TYPES
    assert list(table.index) == ["a", "a"]
    assert list(table["status"]) == ["paused", "invalid"]
    assert list(table["is_succeeded"]) == [False, False]
    assert list(table["title"].fillna("-")) == ["5", "-"]
    assert list(table["workspace_id"].fillna("-")) == ["-", "-"]
    assert list(table["duration"].fillna(pd.Timedelta(0))) == [-pd.Timedelta("1h"), pd.Timedelta(0)]
    assert list(table["errors"].fillna("-")) == ["-", "A: one; B: two"]


@pytest.mark.parametrize(
    ("jobs", "message"),
    [
        (5, "jobs is of type int"),
        (None, "jobs is of type NoneType"),
        ("abc", "Entry 0 of jobs is of type str"),
        ([{"jobID": "a"}], "Entry 0 of jobs is of type dict"),
    ],
)
def test_what_are_no_jobs(jobs: Any, message: str) -> None:
    with pytest.raises(up42.InvalidInputError, match=message):
        up42.jobs_to_dataframe(jobs)


def test_one_job_is_no_list_of_jobs(made: Callable[..., up42.Job]) -> None:
    one: Any = made()
    with pytest.raises(up42.InvalidInputError, match=r"\[job\]"):
        up42.jobs_to_dataframe(one)
