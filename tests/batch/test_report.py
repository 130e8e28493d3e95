"""Reports, frames and downloads of a batch."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import up42_facade as up42
from tests.batch.conftest import Make
from up42_sandbox import Fault, Sandbox

HOSTILE = "<script>alert(1)</script> | `x` [failed]"


@pytest.fixture
def finished(make: Make) -> up42.Batch:
    return up42.Batch(make("good", HOSTILE)).execute().track(wait=0.05)


def test_markdown(finished: up42.Batch) -> None:
    report = finished.report()
    assert report.startswith("# Report of a batch\n")
    assert "- Entries: 2\n" in report
    assert "- Charged: 2 credits" in report
    assert "- Estimated, all: 4 credits" in report
    assert "## Failures and uncertain entries" in report
    assert "<script>" not in report
    widths = {line.replace("\\|", "").count("|") for line in report.splitlines() if line[:1] == "|"}
    assert widths == {9, 5}


def test_the_frame(finished: up42.Batch) -> None:
    frame = finished.to_dataframe()
    assert list(frame.index) == [0, 1]
    assert frame["credits"].dtype == frame["estimated_credits"].dtype == "Int64"
    assert isinstance(frame["started"].dtype, pd.DatetimeTZDtype)
    assert frame["duration"].sum() > dt.timedelta(0)
    assert frame["status"].tolist() == ["captured", "released"]
    assert frame.sort_values("finished")["job_id"].notna().all()


def test_downloads(finished: up42.Batch, sandbox: Sandbox, tmp_path: Path) -> None:
    job = finished[0].job
    assert job is not None
    paths = finished.download(tmp_path)
    assert list(paths) == [job.id]
    assert all(Path(path).parent == tmp_path / f"job_{job.id}" for path in paths[job.id])
    assert finished[0].files == job.results == paths[job.id]
    assert finished[1].files is None
    sandbox.clear_requests()
    assert finished.download(tmp_path) == paths
    assert sandbox.requests == [], "what is there is not fetched again"
    Path(paths[job.id][0]).unlink()
    assert finished.download(tmp_path) == paths
    assert Path(paths[job.id][0]).exists()


def test_downloads_that_fail(make: Make, sandbox: Sandbox, tmp_path: Path) -> None:
    with up42.Batch(make("a", "b")) as batch:
        batch.execute().track(wait=0.05)
        sandbox.inject(Fault(path="*/download-url", status=404))
        with pytest.raises(up42.PartialBatchError, match=r"download\(\) again") as caught:
            batch.download(tmp_path, assets="data")
        assert len(caught.value.failures) == 1
        assert len(list(tmp_path.rglob("*.tif"))) == 1
        assert len(batch.download(tmp_path, assets="data")) == 2


@pytest.mark.parametrize("target", ["", None, 3])
def test_targets_that_make_no_sense(finished: up42.Batch, target: Any) -> None:
    with pytest.raises(up42.InvalidInputError, match="output_directory"):
        finished.download(target)


def test_an_executor_that_is_none(finished: up42.Batch, tmp_path: Path) -> None:
    with pytest.raises(up42.InvalidInputError, match=r"expected a concurrent\.futures\.Executor"):
        finished.download(tmp_path, executor="dask")  # type: ignore[arg-type]  # wrong on purpose


def test_downloads_into_another_store(finished: up42.Batch) -> None:
    fsspec = pytest.importorskip("fsspec")
    job = finished[0].job
    assert job is not None
    folder = f"memory://batch-{job.id}"
    paths = finished.download(folder)[job.id]
    store = fsspec.filesystem("memory")
    assert all(path.startswith(f"{folder}/job_{job.id}/") for path in paths)
    assert all(store.size(path) > 0 for path in paths)
    written = [store.modified(path) for path in paths]
    assert finished.download(folder)[job.id] == paths
    assert [store.modified(path) for path in paths] == written, "what is there stays"
    store.rm(folder, recursive=True)


def test_a_file_url_is_a_folder_here(finished: up42.Batch, tmp_path: Path) -> None:
    (paths,) = finished.download(tmp_path.as_uri()).values()
    assert all(Path(path).is_relative_to(tmp_path) for path in paths)
