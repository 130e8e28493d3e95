"""`~` is the home folder wherever a path is taken."""

from __future__ import annotations

import inspect
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import certifi
import click
import pytest
from PIL import Image

import up42_facade as up42
from tests.conftest import IMPATIENT
from up42_facade import analytics, downloads, viz
from up42_facade.cli.main import commands
from up42_facade.cli.options import LocalPath
from up42_facade.processing_templates import DetectionTreesSpacept
from up42_sandbox import Sandbox

SHAPE = {"type": "Polygon", "coordinates": [[[13, 52], [14, 52], [14, 53], [13, 52]]]}
AREA = {"type": "Feature", "properties": {}, "geometry": SHAPE}
# Arguments that are paths although their annotation says more.
NAMES = ("filepaths", "aoi", "save_html")
QUIET = {"progress": False}


class World:
    """A session, one thing of each kind, and files in the home folder."""

    def __init__(self, sandbox: Sandbox, home: Path) -> None:
        self.sandbox = sandbox
        login = {"username": sandbox.username, "password": sandbox.password}
        (home / "login.json").write_text(json.dumps(login))
        (home / "area.geojson").write_text(json.dumps(AREA))
        shutil.copy(certifi.where(), home / "ca.pem")
        Image.new("RGB", (8, 8)).save(home / "image.png")
        item = sandbox.item_url("pneo-berlin")
        rows = f"process,title,item\ntrue-color-conversion,T,{item}\n"
        (home / "rows.csv").write_text(rows)
        self.session = up42.Session("~/login.json", base_url=sandbox.url, options=IMPATIENT)
        self.items = list(up42.search_items(session=self.session))[:1]
        self.url = sandbox.storage.put("x.bin", b"x")
        self.template = DetectionTreesSpacept("T", item, session=self.session)
        self.job = self.template.execute()
        sandbox.clock.advance(100_000)
        self.job.track(**QUIET)
        ndvi, project = sandbox.analytics.jobs["ndvi"], sandbox.analytics.project_id
        self.old_job = up42.initialize_job(ndvi, project, self.session)
        task = sandbox.analytics.task_ids("ndvi")[0]
        self.task = up42.initialize_jobtask(task, ndvi, project, self.session)
        self.asset = up42.initialize_asset(sandbox.asset_id(), session=self.session)

    def batch(self) -> up42.Batch:
        batch = up42.Batch([self.template]).execute(**QUIET)
        self.sandbox.clock.advance(100_000)
        return batch.track(**QUIET)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder, here = tmp_path / "home", tmp_path / "here"
    folder.mkdir()
    here.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    monkeypatch.chdir(here)
    return folder


CALLS: dict[str, Callable[[World], Any]] = {
    "Session": lambda w: w.session,
    "authenticate": lambda w: up42.authenticate("~/login.json", base_url=w.sandbox.url),
    "TransportOptions": lambda w: up42.Session(
        "~/login.json",
        base_url=w.sandbox.url,
        options=up42.TransportOptions(ca_file="~/ca.pem"),
    ).close(),
    "Batch": lambda w: up42.Batch([], "~/batch.db", session=w.session).close(),
    "Batch.resume": lambda w: up42.Batch.resume("~/batch.db", session=w.session).close(),
    "Batch.download": lambda w: w.batch().download("~/1", **QUIET),
    "Asset.download": lambda w: w.asset.download("~/2", assets="thumbnail", **QUIET),
    "processing.Job.download_results": lambda w: w.job.download_results("~/3", **QUIET),
    "processing.Job.download_quicklooks": lambda w: w.job.download_quicklooks("~/4", **QUIET),
    "processing.Job.download_inputs": lambda w: w.job.download_inputs("~/5", **QUIET),
    "download_items": lambda w: up42.download_items(w.items, "~/6", session=w.session, **QUIET),
    "read_templates": lambda w: up42.read_templates("~/rows.csv", w.session),
    "download_archive": lambda w: downloads.download_archive(w.old_job._url, "~/7", **QUIET),
    "download_file": lambda w: downloads.download_file(w.url, "~/8/x.bin", **QUIET),
    "Download": lambda w: downloads.download_files([downloads.Download(w.url, "~/9/")], **QUIET),
    "analytics.Job.download_results": lambda w: w.old_job.download_results("~/10", **QUIET),
    "analytics.Job.download_quicklooks": lambda w: w.old_job.download_quicklooks("~/11", **QUIET),
    "analytics.JobTask.download_results": lambda w: w.task.download_results("~/12", **QUIET),
    "analytics.JobTask.download_quicklooks": lambda w: w.task.download_quicklooks("~/13", **QUIET),
    "map_results": lambda w: up42.viz.map_results(
        "~/area.geojson", aoi="~/area.geojson", save_html="~/map.html"
    ),
    "plot_results": lambda w: viz.plot_results("~/image.png", plot_file_format=".png"),
    "plot_quicklooks": lambda w: viz.plot_quicklooks("~/image.png"),
    "Viz.map_results": lambda w: w.job.map_results(aoi="~/area.geojson", save_html="~/job.html"),
    "Viz.plot_results": lambda w: w.job.plot_results(
        filepaths="~/image.png", plot_file_format=".png"
    ),
    "Viz.plot_quicklooks": lambda w: w.job.plot_quicklooks(filepaths="~/image.png"),
}


def takes_a_path(value: Any) -> bool:
    try:
        parameters = inspect.signature(value).parameters.values()
    except ValueError:  # a built-in type
        return False
    return any("Path" in str(each.annotation) or each.name in NAMES for each in parameters)


def public() -> Iterator[tuple[str, Any]]:
    """Yield what is public and can be called: functions, classes, and methods, with names."""
    for owner in (up42, downloads, viz, analytics):
        for name in owner.__all__:
            value = getattr(owner, name)
            if inspect.isfunction(value) or inspect.isclass(value):
                yield name, value
            if inspect.isclass(value):
                module = value.__module__.rpartition(".")[2]
                yield from (
                    (f"{module}.{name}.{member}", each)
                    for member, each in inspect.getmembers(value, callable)
                    if not member.startswith("_")
                )


def test_every_public_path_is_called_below() -> None:
    called = {name.rpartition(".")[2] for name in CALLS}
    wanted = {
        name.rpartition(".")[2]
        for name, value in public()
        if not (inspect.isclass(value) and issubclass(value, Exception)) and takes_a_path(value)
    }
    assert wanted == called


def test_no_folder_is_named_by_a_tilde(sandbox: Sandbox, home: Path) -> None:
    world = World(sandbox, home)
    with world.session:
        for name, call in CALLS.items():
            call(world)
            assert not list(Path().iterdir()), name
    for made in [*map(str, range(1, 14)), "batch.db", "map.html", "job.html"]:
        assert (home / made).exists(), made


def options(command: click.Command) -> Iterator[click.Parameter]:
    yield from command.params
    if isinstance(command, click.Group):
        for each in command.commands.values():
            yield from options(each)


def test_paths_of_the_command_line(home: Path) -> None:
    paths = [option.type for option in options(commands) if isinstance(option.type, click.Path)]
    assert len(paths) >= 5
    for kind in paths:
        assert isinstance(kind, LocalPath)
    assert LocalPath().convert("~/x", None, None) == home / "x"
