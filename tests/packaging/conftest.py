"""Settings of the project in pyproject.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PYTHON = "Programming Language :: Python :: 3."


@dataclass(frozen=True)
class Project:
    """The project's settings."""

    root: Path = ROOT

    @cached_property
    def settings(self) -> dict[str, Any]:
        return tomllib.loads((self.root / "pyproject.toml").read_text(encoding="utf-8"))

    @property
    def pythons(self) -> list[str]:
        """The Pythons that the classifiers promise, oldest first: "3.11", …"""
        classifiers = self.settings["project"]["classifiers"]
        return [line.rpartition(" ")[2] for line in classifiers if line.startswith(PYTHON)]

    @property
    def packages(self) -> dict[str, Path]:
        """The folders of the import packages in the wheel, by name."""
        wheel = self.settings["tool"]["hatch"]["build"]["targets"]["wheel"]
        return {Path(path).name: self.root / path for path in wheel["packages"]}

    @property
    def sdist_paths(self) -> list[str]:
        """The files and folders in the sdist."""
        sdist = self.settings["tool"]["hatch"]["build"]["targets"]["sdist"]
        return [path.removeprefix("/") for path in sdist["include"]]

    @property
    def requirements(self) -> list[Requirement]:
        """All requirements: those without extras and those of every extra."""
        extras = self.settings["project"]["optional-dependencies"].values()
        lines = [*self.settings["project"]["dependencies"], *(one for all in extras for one in all)]
        found = map(Requirement, lines)
        return [one for one in found if canonicalize_name(one.name) != "up42-facade"]


@pytest.fixture
def project() -> Project:
    return Project()
