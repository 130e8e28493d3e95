"""The stored document, and a copy of the repository to update."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.updating.tree import ROOT, SMALL, Tree

sys.path.insert(0, str(ROOT / "scripts"))


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    from updating.command import load

    return load(str(ROOT / "openapi" / "up42.yaml")).value


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree.copied(tmp_path / "tree", SMALL)
