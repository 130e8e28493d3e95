"""Plots and maps as methods of jobs and job tasks, over what they downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import up42_facade as up42
from up42_facade import processing_templates as templates
from up42_sandbox import Sandbox


def executed(sandbox: Sandbox, session: up42.Session, kind: Any) -> up42.Job:
    wanted = {"op": "=", "args": [{"property": "collection_name"}, "PNEO"]}
    item = next(up42.search_items(wanted, session=session))
    job: up42.Job = kind(title="t", item=item, session=session).execute()
    sandbox.clock.advance(280)
    return job.track(progress=False)


def titles(figure: Any) -> list[str]:
    return [axes.get_title() for axes in figure.axes if axes.get_title()]


def images(figure: Any) -> int:
    return sum(bool(axes.images) for axes in figure.axes)


def test_processing_raster(sandbox: Sandbox, session: up42.Session, tmp_path: Path) -> None:
    job = executed(sandbox, session, templates.DetectionTreesSpacept)
    for method in (job.plot_results, job.map_results):
        with pytest.raises(up42.InvalidInputError, match=r"download_results\(\) first"):
            method()
    with pytest.raises(up42.InvalidInputError, match=r"download_quicklooks\(\) first"):
        job.plot_quicklooks()
    paths = job.download_results(tmp_path, assets="data", progress=False)
    assert job.results == paths
    assert titles(job.plot_results()) == ["trees.tif"] or images(job.plot_results()) == 1
    page = tmp_path / "page"
    page.mkdir()
    job.map_results(save_html=page)
    assert (page / "final_map.html").stat().st_size > 10_000
    today = f"{job.created:%Y-%m-%d}"
    assert job.plot_results().get_suptitle() == f"t · {today} · detection-trees-spacept"
    assert job.plot_results(title="Trees").get_suptitle() == "Trees"
    assert job.refresh().results == paths


def test_processing_quicklooks(sandbox: Sandbox, session: up42.Session, tmp_path: Path) -> None:
    job = executed(sandbox, session, templates.DetectionTreesSpacept)
    paths = job.download_quicklooks(tmp_path, progress=False)
    assert paths == job.quicklooks
    assert [Path(path).name for path in paths] == ["thumbnail.png"]
    assert images(job.plot_quicklooks(titles=["A thumbnail"])) == 1
    assert titles(job.plot_quicklooks(titles=["A thumbnail"])) == ["A thumbnail"]


def test_features_lie_over_the_inputs(
    sandbox: Sandbox, session: up42.Session, tmp_path: Path
) -> None:
    job = executed(sandbox, session, templates.DetectionShipsAirbus)
    job.download_results(tmp_path / "results", assets="data", progress=False)
    alone = job.plot_results()
    assert images(alone) == 0
    inputs = job.download_inputs(tmp_path / "inputs", assets="multispectral.tif", progress=False)
    assert [Path(path).name for path in inputs] == ["multispectral.tif"]
    over = job.plot_results()
    assert images(over) == 1
    assert any(axes.collections or axes.patches or axes.lines for axes in over.axes)


def test_default_folders(
    sandbox: Sandbox, session: up42.Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    job = executed(sandbox, session, templates.DetectionShipsAirbus)
    folder = tmp_path / f"job_{job.id}"
    [path] = job.download_inputs(assets="thumbnail", progress=False)
    assert Path(path).parent == folder / "inputs"
    for path in job.download_quicklooks(progress=False):
        assert Path(path).parent == folder


def test_analytics(sandbox: Sandbox, session: up42.Session, tmp_path: Path) -> None:
    known = sandbox.analytics
    job = up42.initialize_job(known.jobs["ndvi"], known.project_id, session=session)
    with pytest.raises(up42.InvalidInputError, match=r"download_results\(\) first"):
        job.plot_results()
    job.download_results(tmp_path / "job")
    assert images(job.plot_results(figsize=(10, 10), bands=[1], plot_file_format=[".tif"])) == 2
    page = tmp_path / "map.html"
    job.map_results(bands=[1], show_features=False, name_column="uid", save_html=page)
    assert page.exists()
    job.download_quicklooks(tmp_path)
    assert images(job.plot_quicklooks()) == 2
    assert job.plot_quicklooks().get_suptitle() == f"Analytics job {job.id}"
    assert job.refresh().plot_quicklooks().get_suptitle().startswith("NDVI of Berlin · 20")
    task = job.get_jobtasks()[-1]
    task.download_results(tmp_path / "task")
    assert images(task.plot_results()) == 2
