"""Compare and copy folders of generated code."""

from __future__ import annotations

import filecmp
import shutil
from collections.abc import Iterator
from pathlib import Path

# Left behind by Python and ruff, never part of the package.
CACHES = ("__pycache__", ".ruff_cache")


def files(folder: Path) -> set[str]:
    """Return the relative paths of all files in a folder, caches left out."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not set(CACHES) & set(path.parts)
    }


def compare(fresh: Path, present: Path) -> Iterator[str]:
    """Yield the differences between two folders, for people."""
    wanted, found = files(fresh), files(present)
    yield from (f"missing: {name}" for name in wanted - found)
    yield from (f"not generated: {name}" for name in found - wanted)
    for name in wanted & found:
        if not filecmp.cmp(fresh / name, present / name, shallow=False):
            yield f"changed: {name}"


def copy(source: Path, target: Path) -> None:
    """Copy a folder without caches to where nothing is."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(*CACHES))
