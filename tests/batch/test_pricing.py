"""Estimates: every entry is validated and priced, or it is said which is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from geopandas import GeoDataFrame

import up42_facade as up42
from tests import inside
from tests.batch.conftest import Make, posts
from up42_facade import processing_templates
from up42_sandbox import Fault, Sandbox


def mixed(sandbox: Sandbox, session: up42.Session) -> list[processing_templates.JobTemplate]:
    items = list(up42.search_items(session=session))
    potsdam = sandbox.item_url("pleiades-potsdam")
    return [
        processing_templates.TrueColorConversion(title="a", item=items[0], session=session),
        processing_templates.Pansharpening(title="b", item=potsdam, session=session),
        processing_templates.CoregistrationSimularity(
            title="c",
            source_item=sandbox.item_url("spot-berlin"),
            reference_item=sandbox.item_url("spot-berlin-later"),
            session=session,
        ),
    ]


def test_the_table(sandbox: Sandbox, session: up42.Session) -> None:
    with up42.Batch(mixed(sandbox, session)) as batch:
        table = batch.estimate()
    assert isinstance(table, GeoDataFrame)
    assert table.crs == "EPSG:4326"
    assert list(table.columns) == [
        "process_id", "title", "credits", "strategy", "size", "unit", "is_valid", "errors",
        "geometry",
    ]  # fmt: skip
    assert list(table["is_valid"]) == [True, False, True]
    assert "MissingPanchromaticAsset" in table["errors"][1]
    assert table["credits"].isna().tolist() == [False, True, False]
    assert table["credits"].sum() == batch.cost.credits
    assert table.geometry.notna().tolist() == [True, False, False]
    assert table.geometry[0].bounds == pytest.approx((13.3, 52.5, 13.5, 52.6), abs=0.2)


def test_the_total_compares_like_a_cost(batch: up42.Batch) -> None:
    assert batch.cost == up42.Cost("sum", 0)
    batch.estimate()
    single = batch[0].cost
    assert single is not None
    assert batch.cost.credits == 3 * single.credits
    assert single < batch.cost <= 3 * single.credits < batch.cost.credits + 0.5
    assert batch.cost.unit == "SQ_KM"
    assert batch.cost.size == pytest.approx(3 * (single.size or 0))


def test_each_is_asked_for_once(batch: up42.Batch, sandbox: Sandbox) -> None:
    batch.estimate()
    assert posts(sandbox, "/validation") == posts(sandbox, "/cost") == 3
    assert not any("/items/" in request.path for request in sandbox.requests)
    sandbox.clear_requests()
    assert batch[0].template.cost == batch[0].cost
    assert sandbox.requests == []


def test_execute_uses_fresh_prices_only(
    batch: up42.Batch, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch.estimate()
    sandbox.clear_requests()
    batch[:1].execute()
    assert posts(sandbox, "/cost") == 0
    inside.outdated_estimates(monkeypatch)
    batch[1:].execute()
    assert posts(sandbox, "/cost") == 2


def test_what_may_have_been_executed_keeps_its_price(
    batch: up42.Batch, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else what turns invalid meanwhile no longer counts against the limit."""
    cost = batch.estimate()["credits"].iloc[0]
    sandbox.inject(Fault(path="*/execution", drop="before"))
    with pytest.raises(up42.PartialBatchError):
        batch[:1].execute()
    assert batch[0].status == "uncertain"
    inside.outdated_estimates(monkeypatch)
    sandbox.inject(Fault(path="*/validation", status=400, times=None))
    assert batch.estimate()["credits"].fillna(0).tolist() == [cost, 0, 0]


def test_faults_do_not_stop_the_others(batch: up42.Batch, sandbox: Sandbox) -> None:
    sandbox.inject(Fault(path="*/cost", status=503, times=6))
    with pytest.raises(up42.PartialBatchError, match=r"Call estimate\(\) again") as caught:
        # One after another, so that all six attempts fall on one template.
        batch[:1].estimate()
    assert list(caught.value.failures) == [0]
    assert isinstance(caught.value.failures[0], up42.ServerError)
    assert batch.estimate()["is_valid"].all()


def test_an_outage_ends_soon(sandbox: Sandbox, make: Make) -> None:
    sandbox.inject(Fault(path="*/cost", drop="before", times=None))
    with up42.Batch(make(60)) as batch, pytest.raises(up42.PartialBatchError) as caught:
        batch.estimate()
    assert len(caught.value.failures) == 60
    assert posts(sandbox, "/cost") < 60 * 6


def test_refused_credentials(sandbox: Sandbox, make: Make) -> None:
    batch = up42.Batch(make(3))
    sandbox.inject(Fault(path="*/token", status=401, times=None))
    with pytest.raises(up42.AuthenticationError):
        batch.estimate()
    batch.close()


def test_prices_survive(sandbox: Sandbox, make: Make, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with up42.Batch(make(2), path=path) as batch:
        batch.estimate()
        cost = batch.cost
    sandbox.clear_requests()
    with up42.Batch.resume(path, session=batch.session) as batch:
        assert batch.cost == cost
        assert batch[1].errors == set()
    assert sandbox.requests == []


def test_a_process_that_is_unknown(session: up42.Session, sandbox: Sandbox) -> None:
    class Unknown(processing_templates.SingleItemJobTemplate):
        process_id = "no-such-process"

    template = Unknown(title="a", item=sandbox.item_url(), session=session)
    with up42.Batch([template]) as batch:
        table = batch.estimate()
        assert "ProcessNotFound" in table["errors"][0]
        assert batch.counts == {"invalid": 1}
        assert batch.execute().jobs == []
        assert "ProcessNotFound" in (batch.failed()[0].reason or "")


def test_what_waits_for_long_is_estimated_again(
    batch: up42.Batch, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch.estimate()
    limit = batch.cost.credits
    inside.outdated_estimates(monkeypatch)
    # The first three are those of execute() itself.
    dearer = {"totalCredits": limit}
    sandbox.inject(Fault(path="*/cost", patch=dearer, after=3, times=None))
    with pytest.raises(up42.CostLimitError):
        batch.execute(max_credits=limit, max_concurrent=1, wait=0.01)
    assert len(sandbox.jobs) == 1


def test_negative_credits_of_a_job_do_not_raise_the_limit(
    batch: up42.Batch, sandbox: Sandbox
) -> None:
    batch.estimate()
    limit = batch[0].cost.credits if batch[0].cost else 0
    batch.execute(max_credits=limit, cheapest_first=True)
    negative = {"jobs": {"creditConsumption": {"credits": -100_000}}}
    sandbox.inject(Fault(path="/v2/processing/jobs", times=None, patch=negative))
    batch.track(wait=0.01)
    assert posts(sandbox, "/execution") == 1
    with pytest.raises(up42.CostLimitError):
        batch.execute(max_credits=limit)
    assert posts(sandbox, "/execution") == 1


@pytest.fixture
def dear_jobs(sandbox: Sandbox) -> None:
    """Let all jobs report a hundred times the credits of their estimate."""

    def raised(_: object, page: dict[str, Any]) -> dict[str, Any]:
        held = [job["creditConsumption"] for job in page["jobs"] if job["creditConsumption"]]
        for consumption in held:
            consumption["credits"] *= 100
        return page

    sandbox.inject(Fault(path="/v2/processing/jobs", times=None, patch=raised))


@pytest.mark.usefixtures("dear_jobs")
def test_a_job_that_costs_more_than_estimated_ends_the_execution(
    batch: up42.Batch, sandbox: Sandbox
) -> None:
    batch.estimate()
    with pytest.raises(up42.CostLimitError, match="Nothing more was executed"):
        batch.execute(max_credits=batch.cost.credits, max_concurrent=1, wait=0.2)
    assert len(sandbox.jobs) == 1


@pytest.mark.usefixtures("dear_jobs")
def test_a_batch_without_anything_left_is_within_its_limit(
    batch: up42.Batch, sandbox: Sandbox
) -> None:
    batch.estimate()
    limit = batch.cost.credits
    batch.execute(max_credits=limit).track(wait=0.2)
    assert batch.credits > limit
    assert batch.execute(max_credits=limit).counts == {"captured": 3}


@pytest.mark.usefixtures("dear_jobs")
def test_the_limit_counts_what_untracked_jobs_cost(batch: up42.Batch, sandbox: Sandbox) -> None:
    batch.estimate()
    limit = batch.cost.credits
    batch[:1].execute(max_credits=limit)
    sandbox.clock.advance(120)
    with pytest.raises(up42.CostLimitError):
        batch.execute(max_credits=limit)
    assert len(sandbox.jobs) == 1
