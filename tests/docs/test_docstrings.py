"""The examples in the docstrings of all modules run, and show what comes out.

Those of the analytics modules have a test of their own, with other jobs.
"""

from __future__ import annotations

import contextlib
import csv
import doctest
import json
import pkgutil
import re
import shutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import up42_facade as up42
import up42_sandbox
from tests.analytics.test_docstrings import MODULES as TESTED_ELSEWHERE
from tests.conftest import IMPATIENT
from tests.docs.run_page import hasty
from up42_facade import processing_templates
from up42_facade.session import resolve_session
from up42_sandbox import Sandbox

# A job of a minute is over in a thirtieth of a second.
SPEED = 2_000


# The ellipsis of docstrings, as doctest writes it before it compares.
ELLIPSIS = r"\u2026"
# Examples whose job has other results than images.
WITH_FEATURES = ("get_results_json",)


class WhatIsShown(doctest.OutputChecker):
    """Compares output where a docstring shows some; what it leaves out may be anything."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return not want or super().check_output(want, got, optionflags)


def examples_of(module: str, names: dict[str, Any]) -> list[doctest.DocTest]:
    """Return the docstrings of a module that have examples, without those of other programs."""
    found = doctest.DocTestFinder().find(import_module(module), extraglobs=names)
    return [test for test in found if any(map(is_runnable, test.examples))]


def is_runnable(example: doctest.Example) -> bool:
    return doctest.SKIP not in example.options


def modules_with_examples() -> list[str]:
    names = [
        module.name
        for package in (up42, up42_sandbox)
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]
    elsewhere = {module.__name__ for module in TESTED_ELSEWHERE}
    found = [up42.__name__, up42_sandbox.__name__, *names]
    return [n for n in found if not n.endswith("__main__") and n not in elsewhere]


def needs_sandbox(tests: list[doctest.DocTest]) -> bool:
    """Tell whether examples use more than the module itself."""
    sources = " ".join(e.source for test in tests for e in test.examples)
    return any(re.search(rf"\b{name}\b", sources) for name in PROVIDED)


# The names that `world` provides, and functions that need its files.
PROVIDED = (
    *("up42", "name", "password", "url", "asset_id", "known_id", "item", "template", "job"),
    *("job_id", "templates", "batch", "journal", "folder", "scene", "csv_file"),
    *("plot_results", "plot_quicklooks", "map_results"),
)


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What the examples take for granted."""
    folder = tmp_path_factory.mktemp("examples")
    with Sandbox(speed=SPEED) as sandbox, up42.Session(**account(sandbox)) as session:
        sandbox.add_jobs(20)
        with contextlib.chdir(folder):
            made = {
                "sandbox": sandbox,
                **access(sandbox),
                **things(session),
                **files(sandbox, session),
            }
        yield made


def account(sandbox: Sandbox) -> dict[str, Any]:
    return {
        "username": sandbox.username,
        "password": sandbox.password,
        "base_url": sandbox.url,
        "options": IMPATIENT,
    }


def access(sandbox: Sandbox) -> dict[str, Any]:
    return {
        "up42": up42,
        "name": sandbox.username,
        "password": sandbox.password,
        "url": sandbox.url,
        "asset_id": sandbox.asset_id(),
        "known_id": sandbox.asset_id(),
    }


def things(session: up42.Session) -> dict[str, Any]:
    scene = {"op": "=", "args": [{"property": "collection_name"}, "PNEO"]}
    item = next(up42.search_items(scene, session=session))
    kinds = (processing_templates.Pansharpening, processing_templates.DetectionShipsAirbus)
    templates = [kind(title="Berlin", item=item, session=session) for kind in kinds]
    batch = up42.Batch(templates).execute().track(wait=0.01)
    job, with_features = batch.jobs
    job.download_quicklooks("quicklooks")
    with up42.Batch(templates, path="journal.db") as noted:
        journal = noted.path
    return {
        "item": item,
        "template": templates[0],
        "job": job,
        "with_features": with_features,
        "job_id": job.id,
        "templates": templates,
        "batch": batch,
        "journal": journal,
    }


def files(sandbox: Sandbox, session: up42.Session) -> dict[str, Any]:
    """Make the files that examples name."""
    asset = up42.initialize_asset(sandbox.asset_id("pneo-berlin"), session=session)
    by_name = {Path(path).name: path for path in asset.download("scene")}
    for name in ("scene.tif", "trees.tif"):
        shutil.copy(by_name["multispectral.tif"], name)
    shutil.copy(by_name["thumbnail.png"], "thumbnail.png")
    feature = {"type": "Feature", "properties": {}, "geometry": sandbox.items[0]["geometry"]}
    ships = {"type": "FeatureCollection", "features": [feature]}
    Path("ships.geojson").write_text(json.dumps(ships), encoding="utf-8")
    with Path("rows.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["process", "title", "item"])
        rows.writerow(["true-color-conversion", "Berlin", sandbox.item_url()])
    return {"folder": Path.cwd() / "files", "scene": "scene.tif", "csv_file": "rows.csv"}


def test_examples(world: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctest, "ELLIPSIS_MARKER", ELLIPSIS)
    monkeypatch.chdir(Path(world["folder"]).parent)
    count = 0
    for module in modules_with_examples():
        tests = examples_of(module, {})
        count += len(tests)
        if not needs_sandbox(tests):
            run(tests)
            continue
        tests = examples_of(module, world)
        for test in tests:
            if test.name.endswith(WITH_FEATURES):
                test.globs["job"] = world["with_features"]
        up42.authenticate(**account(world["sandbox"]))
        with hasty():
            run(tests)
        resolve_session(None).close()
    assert count > 60


def run(tests: list[doctest.DocTest]) -> None:
    runner = doctest.DocTestRunner(WhatIsShown(), optionflags=doctest.ELLIPSIS)
    failed = [test.name for test in tests if runner.run(test).failed]
    assert failed == []
