"""A journal that exists is continued; what is new to it costs credits, and is said before."""

from __future__ import annotations

from pathlib import Path

import pytest

import up42_facade as up42
from tests.batch.conftest import Make, job_titles
from up42_facade import processing_templates
from up42_sandbox import Sandbox


@pytest.fixture
def path(make: Make, tmp_path: Path) -> Path:
    """A journal whose jobs are done."""
    with up42.Batch(make("a", "b"), path=tmp_path / "a.db") as batch:
        batch.execute().track(wait=0.05)
    return tmp_path / "a.db"


def results_of(path: Path, session: up42.Session) -> list[processing_templates.JobTemplate]:
    """Return templates of the results, as a search without a filter makes them."""
    with up42.Batch.resume(path, session=session, read_only=True) as batch:
        return [
            processing_templates.TrueColorConversion(
                title=f"Again {job.id}", item=item, session=session
            )
            for job in batch.jobs
            for item in job.items
        ]


def test_it_says_how_many_are_new_and_what_they_cost(
    make: Make, path: Path, sandbox: Sandbox, session: up42.Session
) -> None:
    with pytest.raises(up42.NewTemplatesError, match=r"has 2 entries.*1 of the .*2 credits.*'c'"):
        up42.Batch(make("a", "c"), path=path)
    with up42.Batch.resume(path, session=session) as batch:
        assert len(batch) == 2
    assert job_titles(sandbox) == ["a", "b"]


def test_new_ones_are_added_on_request(make: Make, path: Path, sandbox: Sandbox) -> None:
    with up42.Batch(make("a", "c"), path=path, add_new=True) as batch:
        batch.execute()
    assert job_titles(sandbox) == ["a", "b", "c"]


def test_results_of_the_batch_are_named(
    path: Path, sandbox: Sandbox, session: up42.Session
) -> None:
    again = results_of(path, session)
    with pytest.raises(up42.NewTemplatesError, match="2 of them process results") as caught:
        up42.Batch(again, path=path, add_new=True)
    assert caught.value.own_results == again
    assert len(sandbox.jobs) == 2
    with up42.Batch(again, path=path, add_new=True, allow_own_results=True) as batch:
        assert len(batch) == 4
