"""Build the sdist and the wheel as a release does."""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from pathlib import Path

from checking.environments import uv
from checking.errors import CheckError
from checking.project import Project


@dataclass(frozen=True)
class Artefacts:
    """What goes to the package index."""

    sdist: Path
    wheel: Path


def build(project: Project, folder: Path) -> Artefacts:
    """Build the sdist, and the wheel out of it.

    Raises:
        CheckError: A build failed, or the wheel depends on something that the sdist lacks.
    """
    released, direct = folder / "dist", folder / "direct"
    uv("build", "--out-dir", released, project.root)
    uv("build", "--wheel", "--out-dir", direct, project.root)
    artefacts = Artefacts(only(released, "*.tar.gz"), only(released, "*.whl"))
    # Builds are reproducible, so another byte is another content.
    if only(direct, "*.whl").read_bytes() != artefacts.wheel.read_bytes():
        raise CheckError(
            "The wheel built from the sdist differs from the one built from the tree: "
            "add what is missing to tool.hatch.build.targets.sdist in pyproject.toml."
        )
    return artefacts


def only(folder: Path, pattern: str) -> Path:
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise CheckError(f"{folder} should hold one {pattern}, it holds {len(found)}.")
    return found[0]


def unpack(sdist: Path, folder: Path) -> Path:
    """Unpack an sdist and return its top folder."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return only(folder, "*")
