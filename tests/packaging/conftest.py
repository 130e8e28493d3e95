"""The scripts are no package: their folder is put on the path."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from checking.project import Project  # noqa: E402 - found through the path above


@pytest.fixture
def project() -> Project:
    return Project(ROOT)
