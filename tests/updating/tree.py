"""A copy of the repository that a test may change."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import yaml

# That of libyaml is ten times as fast, where it's there.
Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
ROOT = Path(__file__).resolve().parents[2]
PARTS = ("openapi", "generated", "scripts", "up42_facade", "up42_sandbox", "tests")
# Enough for all but mypy.
SMALL = ("openapi", "generated", "up42_facade")
SKIPPED = shutil.ignore_patterns("__pycache__", ".ruff_cache", ".hypothesis")


class Tree(NamedTuple):
    """The copy.

    Attributes:
        root: Its folder.
    """

    root: Path

    @classmethod
    def copied(cls, root: Path, parts: tuple[str, ...] = PARTS) -> Tree:
        for name in parts:
            shutil.copytree(ROOT / name, root / name, ignore=SKIPPED)
        shutil.copy(ROOT / "pyproject.toml", root)
        return cls(root)

    @property
    def spec(self) -> Path:
        return self.root / "openapi" / "up42.yaml"

    def state(self) -> dict[str, str]:
        """Return a digest of each file that an update writes, and of other files there."""
        found = {}
        for name in ("openapi", "generated"):
            for path in sorted((self.root / name).rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    digest = hashlib.sha256(path.read_bytes()).hexdigest()
                    found[path.relative_to(self.root).as_posix()] = digest
        return found

    def write(self, document: Any, name: str = "new.yaml") -> Path:
        """Write a document next to the copy."""
        path = self.root.parent / name
        path.write_text(yaml.dump(document, Dumper=Dumper, sort_keys=False), encoding="utf-8")
        return path

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run the real command in the copy."""
        command = [sys.executable, "scripts/regenerate.py", *map(str, arguments)]
        return subprocess.run(command, cwd=self.root, capture_output=True, text=True)
