"""A copy of the repository to update, and what the sandbox answers, asked for once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.updating.tree import ROOT, SMALL, Tree

sys.path.insert(0, str(ROOT / "scripts"))


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    from updating import command

    return command.load(str(ROOT / "openapi" / "up42.yaml"))


@pytest.fixture(scope="session")
def answers(document: dict[str, Any]) -> list[Any]:
    from updating.sandbox_answers import record

    return record(document)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree.copied(tmp_path / "tree", SMALL)
