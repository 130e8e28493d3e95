"""Answers that aren't what the contract promises, which no batch may founder on."""

from __future__ import annotations

import logging
from typing import Any

import pystac
import pytest

import up42_facade as up42
from up42_facade import processing_templates
from up42_facade.stac import read_item
from up42_sandbox import Fault, Sandbox

BOW = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
SQUARE = {"type": "Polygon", "coordinates": [[[2, 2], [3, 2], [3, 3], [2, 3], [2, 2]]]}
NO_SHAPES = [
    {"type": "Polygon", "coordinates": [[0, 0]]},
    {"type": "Polygon", "coordinates": [[[0, 0], [1, 0]]]},
    {"type": "Polygon"},
    {"type": "Polygn", "coordinates": []},
    {"type": "Polygon", "coordinates": [[[0, float("nan")], [1, 0], [1, 1], [0, 0]]]},
]


@pytest.mark.parametrize(
    ("sent", "charged"),
    [("5", 0), (5.0, 10), (2.5, 0), (True, 0), ([1], 0), ("many", 0), (float("inf"), 0)],
)
def test_credits_of_jobs(batch: up42.Batch, sandbox: Sandbox, sent: Any, charged: int) -> None:
    part = batch[:2]
    part.execute()
    patch = {"jobs": {"creditConsumption": {"credits": sent}}}
    sandbox.inject(Fault(path="/v2/processing/jobs", patch=patch, times=None))
    part.track(wait=0.05, timeout=20)
    assert part.credits == charged
    assert isinstance(part.credits, int)
    assert f"{charged} credits" in repr(part)
    assert f"- Charged: {charged} credits" in part.report()
    assert part._repr_html_()
    assert part.to_dataframe()["credits"].sum() == charged
    part.execute(max_credits=100)


@pytest.mark.parametrize(("sent", "credits"), [(5.0, 5), (4.2, 5), (0, 0)])
def test_prices(batch: up42.Batch, sandbox: Sandbox, sent: Any, credits: int) -> None:
    sandbox.inject(Fault(path="*/cost", patch={"totalCredits": sent, "totalSize": "1"}, times=3))
    table = batch.estimate()
    assert table["credits"].tolist() == [credits] * 3
    assert batch.cost == up42.Cost("sum", 3 * credits)


@pytest.mark.parametrize("sent", [-3, True, [1], "5", "many", float("inf"), 2**70])
def test_prices_that_are_none(batch: up42.Batch, sandbox: Sandbox, sent: Any) -> None:
    sandbox.inject(Fault(path="*/cost", patch={"totalCredits": sent}, times=3))
    with pytest.raises(up42.PartialBatchError, match="totalCredits"):
        batch.estimate()
    assert batch.cost == up42.Cost("sum", 0)


def test_times_beyond_all_years(batch: up42.Batch, sandbox: Sandbox) -> None:
    batch.execute()
    patch = {"jobs": {"created": "9999-12-31T23:59:59-10:00"}}
    sandbox.inject(Fault(path="/v2/processing/jobs", patch=patch, times=None))
    batch.track(wait=0.05, timeout=20)
    assert batch.to_dataframe()["created"].isna().all()


@pytest.mark.parametrize("geometry", NO_SHAPES)
def test_footprints_that_are_none(
    session: up42.Session, geometry: Any, caplog: pytest.LogCaptureFixture
) -> None:
    item = next(up42.search_items(session=session))
    item.geometry = geometry
    template = processing_templates.TrueColorConversion(title="a", item=item, session=session)
    with up42.Batch([template]) as batch, caplog.at_level(logging.WARNING):
        table = batch.estimate()
    assert table.geometry.isna().all()
    assert table["credits"].notna().all()
    assert "footprint is omitted" in caplog.text


def pair(sandbox: Sandbox, session: up42.Session, first: Any, second: Any) -> up42.Batch:
    source, reference = (
        pystac.Item.from_dict(read_item(sandbox.item_url(name), session).to_dict())
        for name in ("spot-berlin", "spot-berlin-later")
    )
    source.geometry, reference.geometry = first, second
    return up42.Batch(
        [
            processing_templates.CoregistrationSimularity(
                title="a", source_item=source, reference_item=reference, session=session
            )
        ]
    )


def test_pairs_have_the_footprints_of_both(sandbox: Sandbox, session: up42.Session) -> None:
    with pair(sandbox, session, BOW, SQUARE) as batch:
        found = batch.estimate().geometry.iloc[0]
    assert [shape.bounds for shape in found.geoms] == [(0, 0, 1, 1), (2, 2, 3, 3)]


@pytest.mark.parametrize("text", ["a\ud800b", "a\0b", "x" * 1_000_000], ids=["half", "NUL", "long"])
def test_every_text_of_a_job_is_recorded_or_refused_as_a_whole(
    make: Any, sandbox: Sandbox, session: up42.Session, tmp_path: Any, text: str
) -> None:
    error = {"name": text, "message": text}
    patch = {
        "jobID": text,
        "processID": text,
        "workspaceID": text,
        "accountID": text,
        "definition": {"inputs": {text: text}},
        "results": {"errors": [error], "collection": text},
    }
    # The job of each answer with one odd text exists, and isn't started twice.
    for name, value in patch.items():
        sandbox.inject(Fault(path="*/execution", patch={name: value}))
    with up42.Batch(make(len(patch)), tmp_path / "journal.db") as batch:
        batch.execute()
        sandbox.inject(Fault(path="/v2/processing/jobs", patch={"jobs": patch}))
        batch.track(wait=0.05, timeout=20)
    with up42.Batch.resume(tmp_path / "journal.db", session=session) as resumed:
        assert {entry.status for entry in resumed} == {"captured"}
        assert {entry.job.id for entry in resumed} == set(sandbox.jobs)
