"""Each public operation meets the faults of the sandbox: see docs/trust.md.

A part of the cells, chosen by their names, runs here; `python -m tests.matrix` runs all of them.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from tests.matrix.cells import Matrix, rows
from tests.matrix.operations import public_operations
from tests.matrix.recipes import ELSEWHERE, LOCAL, RECIPES
from tests.matrix.report import PAGE, with_counts
from tests.matrix.samples import samples
from up42_sandbox import Fault

WHERE = {"method", "path", "times", "after", "origin"}
"""Fields of `Fault` that say which requests meet it."""


def test_every_public_operation_has_a_recipe() -> None:
    declared = {**RECIPES, **LOCAL, **ELSEWHERE}
    assert len(declared) == len(RECIPES) + len(LOCAL) + len(ELSEWHERE)
    assert sorted(declared) == sorted(public_operations())


def test_every_fault_has_a_sample() -> None:
    harmless = {
        one.name: one.default if one.default is not MISSING else None for one in fields(Fault)
    }
    tried = {
        name
        for sample in samples()
        for name, value in sample.arguments.items()
        if value != harmless[name]
    }
    assert tried | WHERE == set(harmless)


def test_local_operations_send_no_request(matrix: Matrix, folder: Path) -> None:
    assert matrix.requests_of_local(folder) == {}


def test_the_page_shows_what_is_tested() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_counts(page) == page, "run python -m tests.matrix --write"


@pytest.mark.parametrize("operation", rows())
def test_row(matrix: Matrix, folder: Path, operation: str) -> None:
    cells = list(matrix.row(operation, folder, everything=False))
    wrong = [cell.describe() for cell in cells if cell.faults]
    assert not wrong, "\n".join([f"{len(wrong)} of {len(cells)} cells:", *wrong])
