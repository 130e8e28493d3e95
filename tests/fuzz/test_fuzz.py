"""Each target for a second, with the same inputs every time; `python -m tests.fuzz` goes on."""

from __future__ import annotations

import importlib

import pytest

from tests.fuzz.__main__ import TARGETS
from tests.fuzz.chance import run

SECONDS = 1


@pytest.mark.parametrize("name", TARGETS)
def test_a_second_of_fuzzing(name):
    target = importlib.import_module(f"tests.fuzz.{name}")
    for data in target.SEEDS:
        target.check(data)
    assert run(target.check, target.SEEDS, SECONDS, first_seed=0)
