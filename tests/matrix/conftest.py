"""One sandbox for all rows of a worker, and a second one as another host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.matrix.cells import Matrix


# Not for the session: it shortens the pauses of everything that runs meanwhile.
@pytest.fixture(scope="module")
def matrix() -> Iterator[Matrix]:
    with Matrix.running() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cells"
