"""The calls in the tables of `docs/moving.md` exist, on both sides."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.calls import faults, roots_of
from tests.docs.pages import ROOT
from tests.sdk.conftest import rival_python

__all__ = ["rival_python"]

PAGE = (ROOT / "docs" / "moving.md").read_text(encoding="utf-8")
CHECKER = Path(__file__).with_name("calls.py")
PROCESSING = {
    "up42": "up42_facade",
    "processing_templates": "up42_facade.processing_templates",
    "template": "up42_facade.processing_templates:SingleItemJobTemplate",
    "job": "up42_facade:Job",
    "item": "pystac:Item",
}
ANALYTICS = {
    "up42": "up42_facade",
    "job": "up42_facade.analytics:Job",
    "jobtask": "up42_facade.analytics:JobTask",
}
OFFICIAL = {
    "up42": "up42",
    "base": "up42.base",
    "processing": "up42.processing",
    "processing_templates": "up42.processing_templates",
    "template": "up42.processing_templates:SingleItemJobTemplate",
    "job": "up42.processing:Job",
    "asset": "pystac:Asset",
    "item": "pystac:Item",
}
# What the table shows of earlier versions, as the page says, and an attribute that is set late.
NOT_IN_CLASSES = ("up42.initialize_asset", "template.cost")


def column(section: str, number: int) -> list[str]:
    """Return the code in a column of the table below a heading."""
    table = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    (text,) = [part for part in table if part.startswith(section)]
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    cells = [row.split(" | ")[number].strip("| ") for row in rows]
    return [code for cell in cells for code in re.findall(r"`([^`]+)`", cell)]


@pytest.mark.parametrize("call", column("Processing", 1))
def test_our_processing_calls(call: str) -> None:
    assert faults(call, roots_of(PROCESSING)) == []


@pytest.mark.parametrize("call", column("Legacy analytics jobs and job tasks", 1))
def test_our_analytics_calls(call: str) -> None:
    assert faults(call, roots_of(ANALYTICS)) == []


def test_the_official_calls(rival_python: str) -> None:
    calls = [call for call in column("Processing", 0) if not call.startswith(NOT_IN_CLASSES)]
    assert len(calls) > 10
    done = subprocess.run(
        [rival_python, str(CHECKER)],
        input=json.dumps({"roots": OFFICIAL, "calls": calls}),
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        ("job.trakc()", "there is no Job.trakc"),
        ("job.track(retrys=1)", "unexpected keyword argument 'retrys'"),
        ("up42.Jobs.all()", "there is no up42_facade.Jobs"),
        ("job.items", None),
        ("job.created", None),
    ],
)
def test_the_check_itself(call: str, fault: str | None) -> None:
    found = faults(call, roots_of(PROCESSING))
    assert [fault in text for text in found] == [True] if fault else not found
