"""Paths that no file can have, and pages that can't be written, are errors of this package."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import up42_facade as up42
from up42_facade import viz
from up42_sandbox import Sandbox

POINT = {
    "type": "Feature",
    "properties": {},
    "geometry": {"type": "Point", "coordinates": [13, 52]},
}
USES: dict[str, Callable[[Any, up42.Job], object]] = {
    "cfg_file": lambda path, job: up42.Session(path),
    "ca_file": lambda path, job: up42.get_balance(
        up42.Session(username="u", password="p", options=up42.TransportOptions(ca_file=path))
    ),
    "templates": lambda path, job: up42.read_templates(path, job.session),
    "journal": lambda path, job: up42.Batch([], path, session=job.session),
    "resume": lambda path, job: up42.Batch.resume(path, session=job.session),
    "results": lambda path, job: job.download_results(path),
    "inputs": lambda path, job: job.download_inputs(path),
    "images": lambda path, job: viz.plot_results(path),
    "page": lambda path, job: job.map_results(save_html=path),
}


@pytest.fixture
def job(sandbox: Sandbox, session: up42.Session, tmp_path: Path) -> up42.Job:
    """A job with a downloaded result."""
    job = up42.Job.get(sandbox.add_job(status="captured").id, session=session)
    result = tmp_path / "result.geojson"
    result.write_text(json.dumps(POINT))
    job.results = [str(result)]
    return job


@pytest.mark.parametrize("path", ["a\0b", "x" * 300, "\ud800"], ids=["null", "long", "surrogate"])
@pytest.mark.parametrize("use", USES)
def test_a_path_that_no_file_can_have(use: str, path: str, job: up42.Job) -> None:
    with pytest.raises(up42.Up42Error):
        USES[use](path, job)


@pytest.mark.parametrize("use", ["cfg_file", "ca_file"])
def test_a_home_folder_of_nobody(use: str, job: up42.Job) -> None:
    with pytest.raises(up42.ConfigurationError, match="~nobody-here"):
        USES[use]("~nobody-here/x.json", job)


def test_a_page_that_cannot_be_written(tmp_path: Path, job: up42.Job) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(up42.InvalidInputError, match=r"save_html=.*file"):
        USES["page"](tmp_path / "file" / "map.html", job)
