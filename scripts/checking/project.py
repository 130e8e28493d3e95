"""What pyproject.toml says of the project."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PYTHON_CLASSIFIER = re.compile(r"Programming Language :: Python :: (3\.\d+)")


@dataclass(frozen=True)
class Project:
    """A checked-out or unpacked tree of the project."""

    root: Path = ROOT

    @cached_property
    def settings(self) -> dict[str, Any]:
        return tomllib.loads((self.root / "pyproject.toml").read_text(encoding="utf-8"))

    @property
    def name(self) -> str:
        return str(self.settings["project"]["name"])

    @property
    def version(self) -> str:
        """The version that the package says of itself, read without importing it."""
        path = self.root / self.settings["tool"]["hatch"]["version"]["path"]
        found = re.search(r'__version__ = "(.+)"', path.read_text(encoding="utf-8"))
        if found is None:
            raise ValueError(f"{path} holds no __version__")
        return found[1]

    @property
    def pythons(self) -> list[str]:
        """The Pythons that the classifiers promise, oldest first: "3.11", …"""
        classifiers = self.settings["project"]["classifiers"]
        found = (PYTHON_CLASSIFIER.fullmatch(line) for line in classifiers)
        return [match[1] for match in found if match]

    @property
    def packages(self) -> dict[str, Path]:
        """The folders of the import packages in the wheel, by name."""
        wheel = self.settings["tool"]["hatch"]["build"]["targets"]["wheel"]
        return {Path(path).name: self.root / path for path in wheel["packages"]}

    @property
    def sdist_paths(self) -> list[str]:
        """The files and folders that the sdist is made of."""
        sdist = self.settings["tool"]["hatch"]["build"]["targets"]["sdist"]
        return [path.removeprefix("/") for path in sdist["include"]]

    @property
    def extras(self) -> dict[str, list[Requirement]]:
        """The requirements of each extra; those on our own extras are left out."""
        listed = self.settings["project"]["optional-dependencies"]
        return {extra: self._foreign(lines) for extra, lines in listed.items()}

    @property
    def dependencies(self) -> list[Requirement]:
        """The requirements without extras."""
        return self._foreign(self.settings["project"]["dependencies"])

    @property
    def requirements(self) -> list[Requirement]:
        """All requirements: those without extras and those of every extra."""
        return [*self.dependencies, *(line for lines in self.extras.values() for line in lines)]

    def _foreign(self, lines: list[str]) -> list[Requirement]:
        found = map(Requirement, lines)
        return [line for line in found if canonicalize_name(line.name) != self.name]
