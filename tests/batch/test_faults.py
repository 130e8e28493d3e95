"""Each fault at each single request: whatever goes wrong, another try puts it right."""

from __future__ import annotations

from collections import Counter
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import up42_facade as up42
from tests.batch.chaos import HTML, kind_of
from tests.batch.conftest import delivered
from tests.conftest import new_session
from up42_facade.processing_templates import TrueColorConversion
from up42_sandbox import Fault, Sandbox

TRIES = 6
FAULTS: list[dict[str, Any]] = [
    {"status": 401},
    {"status": 418},
    # More often than a request is repeated by itself.
    {"status": 500, "times": 10, "origin": "api"},
    {"status": 200, "origin": "api", **HTML},
    {"drop": "before"},
    {"drop": "after"},
    {"drop": 30},
    {"malformed": True},
]


pytestmark = pytest.mark.usefixtures("small_results")


def campaign(batch: up42.Batch, folder: Path) -> None:
    batch.estimate()
    batch.execute()
    if batch.failed():
        batch.retry()
    batch.track(wait=0.01)
    batch.download(folder)


def tried(batch: up42.Batch, folder: Path) -> None:
    """Do it until it is done, as somebody who runs a cell of a notebook again."""
    for _ in range(TRIES):
        try:
            campaign(batch, folder)
        except up42.Up42Error:
            continue
        return
    campaign(batch, folder)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_at_each_request(tmp_path: Path, fault: dict[str, Any]) -> None:
    kinds: Counter[str] = Counter()
    with Sandbox(credits=1_000_000, speed=100_000) as sandbox:
        item = sandbox.item_url("pneo-berlin")
        for number in count():
            title, folder = f"Request {number}", tmp_path / str(number)
            sandbox.clear_requests()
            sandbox.inject(Fault(after=number, **fault))
            with new_session(sandbox) as session:
                template = TrueColorConversion(title=title, item=item, session=session)
                with up42.Batch([template], path=tmp_path / f"{number}.db") as batch:
                    tried(batch, folder)
                    assert batch.counts == {"captured": 1}
                    assert len(batch.jobs) == 1
            origin = fault.get("origin")
            asked = [r for r in sandbox.requests if origin in (None, r.origin)]
            if len(asked) <= number:
                break
            hit = asked[number]
            kinds[kind_of(hit.origin, hit.method, hit.path)] += 1
            sandbox.clear_faults()
            jobs = [job.id for job in sandbox.jobs.values() if job.inputs["title"] == title]
            assert len(jobs) == 1, (number, hit.path)
            files = sorted(path.name for path in delivered(folder))
            assert files == ["thumbnail.png", "true_color.tif"]
    assert {"token", "validation", "cost", "execution", "list", "items"} <= set(kinds)
