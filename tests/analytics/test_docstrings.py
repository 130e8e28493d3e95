"""The examples in the docstrings run."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from google.cloud import storage

import up42_facade as up42
from tests.conftest import IMPATIENT
from up42_facade import analytics
from up42_sandbox import Sandbox


def has_examples(module: ModuleType) -> bool:
    return any(test.examples for test in doctest.DocTestFinder().find(module))


PARTS = [
    import_module(f"{analytics.__name__}.{module.name}")
    for module in pkgutil.iter_modules(analytics.__path__)
]
MODULES = [module for module in (analytics, *PARTS) if has_examples(module)]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_examples(
    sandbox: Sandbox, module: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The upload itself is tested against an emulator, which one example isn't worth.
    monkeypatch.setattr(storage.Blob, "upload_from_file", lambda *_, **options: None)
    jobs = sandbox.analytics.jobs
    session = up42.authenticate(
        username=sandbox.username,
        password=sandbox.password,
        project_id=sandbox.analytics.project_id,
        base_url=sandbox.url,
        options=IMPATIENT,
    )
    with session:
        jobtask_id = sandbox.analytics.task_ids("ndvi")[0]
        names: dict[str, Any] = {
            "up42": up42,
            "folder": tmp_path,
            "job_id": jobs["ndvi"],
            "jobtask_id": jobtask_id,
            "project_id": sandbox.analytics.project_id,
            "job": up42.initialize_job(jobs["ndvi"]),
            "running_job": up42.initialize_job(jobs["running"]),
            "jobtask": up42.initialize_jobtask(jobtask_id, jobs["ndvi"]),
            "client": storage.Client.create_anonymous_client(),
        }
        runner = doctest.DocTestRunner()
        count = 0
        for test in doctest.DocTestFinder().find(module, extraglobs=names):
            count += len(test.examples)
            runner.run(test)
    assert runner.failures == 0
    assert count > 0
