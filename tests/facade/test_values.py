"""Cost, times, statuses, sorting: values without a server."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
import operator
import pickle
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import up42_facade as up42
from tests.facade.small_server import JOBS, as_json, small_world
from up42_facade._common.times import to_utc  # its law is tried with thousands of times

NUMBERS = st.one_of(
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False),
    st.decimals(allow_nan=False),
)
COMPARISONS = (operator.lt, operator.le, operator.gt, operator.ge)


def cost(credits: int) -> up42.Cost:
    return up42.Cost("area", credits)


@given(st.integers(0, 10**9), NUMBERS)
def test_a_cost_compares_like_its_credits(credits: int, other: Any) -> None:
    for compare in COMPARISONS:
        assert compare(cost(credits), other) is compare(credits, other)
        assert compare(other, cost(credits)) is compare(other, credits)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_costs_compare_with_costs(one: int, two: int) -> None:
    for compare in COMPARISONS:
        assert compare(cost(one), cost(two)) is compare(one, two)
    assert (cost(one) == cost(two)) is (one == two)


@pytest.mark.parametrize("nan", [math.nan, Decimal("NaN"), Decimal("sNaN")])
@pytest.mark.parametrize("compare", COMPARISONS)
def test_any_comparison_with_nan_is_false(compare: Any, nan: Any) -> None:
    assert compare(cost(5), nan) is False


@pytest.mark.parametrize("other", ["5", None, [5], 5j, object(), True])
@pytest.mark.parametrize("compare", COMPARISONS)
def test_other_types_do_not_compare(compare: Any, other: Any) -> None:
    with pytest.raises(TypeError):
        compare(cost(5), other)


def test_equality_is_by_value() -> None:
    assert up42.Cost("area", 63, 15.8, "SQ_KM") == up42.Cost("area", 63, 15.8, "SQ_KM")
    assert up42.Cost("area", 63, 15.8, "SQ_KM") != up42.Cost("none", 63)
    assert up42.Cost("area", 63) != 63
    assert len({cost(1), cost(1)}) == 1


def is_read_as(value: Any, expected: dt.datetime) -> bool:
    """Tell whether this is the first time of the jobs that are created after it."""
    times = [expected, expected - dt.timedelta(microseconds=1)]
    jobs = [{"jobID": str(number), "created": f"{time}"} for number, time in enumerate(times)]
    with small_world() as (server, session):
        server.routes[JOBS] = as_json({"jobs": jobs})
        return [job.id for job in up42.Job.all(created_after=value, session=session)] == ["0"]


@given(
    st.datetimes(dt.datetime(1970, 1, 2), dt.datetime(2200, 1, 1)),
    st.integers(0, 9),
    st.sampled_from(["Z", "+00:00", ""]),
)
def test_server_times(time: dt.datetime, digits: int, zone: str) -> None:
    nanoseconds = f"{time.microsecond:06d}000"[:digits]
    text = time.strftime("%Y-%m-%dT%H:%M:%S") + (f".{nanoseconds}" if digits else "") + zone
    read = to_utc(text)
    kept = int(nanoseconds[:6].ljust(6, "0")) if digits else 0
    assert read == time.replace(microsecond=kept, tzinfo=dt.UTC)
    assert read is not None
    assert read.tzinfo is dt.UTC


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-06-05T15:12:48+02:00", dt.datetime(2024, 6, 5, 13, 12, 48, tzinfo=dt.UTC)),
        ("2024-06-05 13:12:48 UTC", dt.datetime(2024, 6, 5, 13, 12, 48, tzinfo=dt.UTC)),
        ("5 June 2024", dt.datetime(2024, 6, 5, tzinfo=dt.UTC)),
        ("2024-06-05 13:12:48 EST", None),
        ("10", None),
        ("Monday", None),
        ("0001-01-01T00:00:00+05:00", None),
        ("9999-12-31T23:59:59-05:00", None),
        ("no time", None),
        ("", None),
        (None, None),
        (17, None),
    ],
)
def test_odd_times(text: Any, expected: dt.datetime | None) -> None:
    assert to_utc(text) == expected


@pytest.mark.parametrize(
    "value",
    [
        "2024-06-01",
        "20240601",
        "2024-6-1",
        "2024/06/01",
        "2024-06-01T00:00:00Z",
        "2024-06-01T02:00:00+02:00",
        "Sat, 01 Jun 2024 00:00:00 GMT",
        "1 June 2024",
        "June 1, 2024",
        dt.date(2024, 6, 1),
        dt.datetime(2024, 6, 1),
        pd.Timestamp("2024-06-01"),
        pd.Timestamp("2024-06-01T02:00", tz="Europe/Berlin"),
    ],
)
def test_moments(value: Any) -> None:
    assert is_read_as(value, dt.datetime(2024, 6, 1, tzinfo=dt.UTC))


@pytest.mark.parametrize("days", [dt.date(2024, 6, 1), dt.date(2024, 12, 31), dt.date(1, 2, 3)])
@pytest.mark.parametrize("form", ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%m-%d-%Y", "%d %B %Y"])
def test_a_date_is_read_as_itself_or_refused(days: dt.date, form: str) -> None:
    with contextlib.suppress(up42.InvalidInputError):
        assert is_read_as(
            days.strftime(form), dt.datetime(days.year, days.month, days.day, tzinfo=dt.UTC)
        )


@pytest.mark.parametrize(
    "value",
    [
        "yesterday-ish",
        5,
        "",
        True,
        pd.NaT,
        "now",
        "Monday",
        "June",
        "June 2024",
        "2024",
        "2024-06",
        "12:00",
        "10",
        "24",
        "5 pm",
        "5 pm 2024",
        "last week",
        "1 June",
        "01/02/2024",
        "01.02.2024",
        "1/2/24",
        "24-06-01",
        "2024-13-01",
        "2024-02-30",
        "1704121530",
        "2024-06-01 12:00 EST",
        "2024-06-01" + " " * 100,
        "x" * 100_000,
    ],
    ids=lambda value: repr(value)[:40],
)
def test_bad_moments(value: Any) -> None:
    with small_world() as (server, session):
        with pytest.raises(up42.InvalidInputError, match="created_after"):
            up42.Job.all(created_after=value, session=session)
        assert server.paths == []


def test_known_statuses() -> None:
    assert up42.JobStatus("captured") is up42.JobStatus.CAPTURED
    assert len(up42.JobStatus) == 12
    assert {status.value for status in up42.TERMINAL_STATUSES} == {
        "captured",
        "released",
        "invalid",
        "rejected",
        "unlicensed",
    }


def test_unknown_statuses_are_kept() -> None:
    status = up42.JobStatus("paused")
    assert status.value == status == "paused"
    assert status == up42.JobStatus("paused")
    assert status not in up42.TERMINAL_STATUSES
    assert pickle.loads(pickle.dumps(status)) == status
    assert len(up42.JobStatus) == 12


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (up42.JobSorting.process_id, "processID,asc"),
        (up42.JobSorting.status, "status,desc"),
        (up42.JobSorting.created, "created,desc"),
        (up42.JobSorting.credits, "creditConsumption.credits,desc"),
        (up42.JobSorting.credits.asc, "creditConsumption.credits,asc"),
        (up42.JobSorting.process_id.desc, "processID,desc"),
        (up42.JobSorting.created.asc.desc, "created,desc"),
    ],
)
def test_sorting(field: up42.SortingField, text: str) -> None:
    assert str(field) == text


def test_validation_errors_are_values() -> None:
    one = up42.ValidationError(message="m", name="n")
    assert {one, up42.ValidationError("m", "n")} == {one}
    assert not isinstance(one, Exception)


def test_html_escapes() -> None:
    assert "<script>" not in up42.Cost("<script>", 1)._repr_html_()
