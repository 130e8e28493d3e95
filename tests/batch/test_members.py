"""A batch is a sequence: what gets in, how often, and what can be taken out of it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

import up42_facade as up42
from tests.batch.conftest import Make, job_titles
from up42_facade import processing_templates
from up42_sandbox import Sandbox


def test_making_one_costs_no_request(sandbox: Sandbox, make: Make, tmp_path: Path) -> None:
    with up42.Batch(make(5), path=tmp_path / "a.db") as batch:
        assert len(batch) == 5
        assert [entry.title for entry in batch] == [f"Scene {k}" for k in range(5)]
        assert batch.counts == {"pending": 5}
        assert repr(batch).startswith("Batch(5 entries: pending 5")
    assert sandbox.requests == []


def test_looking_at_it_costs_no_request(batch: up42.Batch, sandbox: Sandbox) -> None:
    batch.execute().track(wait=0.05)
    sandbox.clear_requests()
    assert "<table" in batch._repr_html_()
    assert "captured" in batch[0]._repr_html_()
    assert batch.report()
    assert len(batch.to_dataframe()) == 3
    assert batch.counts == {"captured": 3}
    assert sandbox.requests == []


def test_slices_filters_and_sums(batch: up42.Batch) -> None:
    assert [entry.index for entry in batch[1:]] == [1, 2]
    assert batch[-1].index == 2
    assert [entry.index for entry in batch[2:] + batch[:2]] == [0, 1, 2]
    assert [entry.index for entry in batch[:2] + batch[1:]] == [0, 1, 2]
    assert len(batch.filter(status="pending")) == 3
    assert len(batch.filter(status=["captured", "failed"])) == 0
    assert len(batch.filter(process_id="true-color-conversion")) == 3
    assert len(batch.filter(process_id=["pansharpening"])) == 0
    assert [e.index for e in batch.filter(predicate=lambda entry: entry.title == "Scene 1")] == [1]
    batch.estimate()
    assert batch.cost.credits == sum(entry.cost.credits for entry in batch if entry.cost)
    assert batch[:1].cost < batch.cost


def test_parts_of_two_batches_do_not_add(make: Make) -> None:
    with up42.Batch(make(1)) as one, up42.Batch(make(1)) as other:
        with pytest.raises(up42.InvalidInputError, match="different journals"):
            one + other
        with pytest.raises(TypeError):
            one + (1,)  # type: ignore[operator]  # noqa: RUF005 - this is what is tested


def test_a_part_executes_only_its_own(batch: up42.Batch, sandbox: Sandbox) -> None:
    batch[1:2].execute()
    assert job_titles(sandbox) == ["Scene 1"]
    assert batch.counts == {"pending": 2, "created": 1} or batch[1].job is not None


def test_equal_templates_run_once(
    make: Make, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        batch = up42.Batch(make("a", "b", "a"))
    assert "more than once" in caplog.text
    assert len(batch) == 2
    batch.execute()
    assert job_titles(sandbox) == ["a", "b"]
    batch.close()


def test_equal_templates_repeat_if_asked_for(make: Make, sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with up42.Batch(make("a", "b", "a"), path=path, allow_duplicates=True) as batch:
        assert len(batch) == 3
        batch.execute()
        assert len({job.id for job in batch.jobs}) == 3
    assert job_titles(sandbox) == ["a", "a", "b"]
    with up42.Batch(make("a", "b", "a"), path=path, allow_duplicates=True) as batch:
        assert len(batch) == 3
        batch.execute()
    assert job_titles(sandbox) == ["a", "a", "b"]


def test_templates_of_two_sessions(make: Make, second: up42.Session) -> None:
    mixed = [*make("a"), *make("b", session=second)]
    with pytest.raises(up42.InvalidInputError, match="2 sessions"):
        up42.Batch(mixed)
    with pytest.raises(up42.InvalidInputError, match="another session"):
        up42.Batch(make("a"), session=second)


@pytest.mark.parametrize("wrong", ["text", 3, None, {"title": "a"}])
def test_what_is_no_template(make: Make, wrong: Any) -> None:
    with pytest.raises(up42.InvalidInputError, match="Entry 1 of the batch"):
        up42.Batch([*make("a"), wrong])


def test_inputs_that_are_no_json(session: up42.Session, sandbox: Sandbox) -> None:
    weight = processing_templates.GreyWeight("red", float("nan"))
    template = processing_templates.Pansharpening(
        title="a", item=sandbox.item_url(), grey_weights=[weight], session=session
    )
    with pytest.raises(up42.InvalidInputError, match="can't be written as JSON"):
        up42.Batch([template])


def test_an_empty_batch(session: up42.Session) -> None:
    with up42.Batch([], session=session) as batch:
        assert len(batch.estimate()) == 0
        assert batch.estimate().crs == "EPSG:4326"
        assert batch.cost <= 0
        batch.execute(max_credits=0).track(wait=0.1)
        assert batch.download("unused") == {}
        assert len(batch.to_dataframe()) == 0
        assert "0 entries" in repr(batch)


def test_without_a_session() -> None:
    with pytest.raises(up42.NotAuthenticatedError):
        up42.Batch([])


def test_replacing_a_template(batch: up42.Batch, make: Make, sandbox: Sandbox) -> None:
    batch.estimate()
    batch.replace(1, make("better")[0])
    assert batch[1].title == "better"
    assert batch[1].cost is None
    batch.execute()
    assert job_titles(sandbox) == ["Scene 0", "Scene 2", "better"]
    with pytest.raises(up42.InvalidInputError, match="only an entry that has no job"):
        batch.replace(1, make("best")[0])


def test_replacing_by_what_is_there(batch: up42.Batch, make: Make) -> None:
    with pytest.raises(up42.InvalidInputError, match="already"):
        batch.replace(1, make("Scene 0")[0])
    with pytest.raises(up42.InvalidInputError, match="no entry 7"):
        batch.replace(7, make("new")[0])
    with pytest.raises(up42.InvalidInputError, match="expected a template"):
        batch.replace(1, "text")  # type: ignore[arg-type]  # wrong on purpose
