"""Versions agree: of the package, its changelog, the Pythons, the dependencies and their pins."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from datetime import date
from importlib.metadata import distributions, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.packaging.conftest import Project
from up42_facade import __version__

ROOT = Path(__file__).resolve().parents[2]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)
HEADING = re.compile(r"^## \[(.+?)\](?: - (.+))?$", re.MULTILINE)
# Packages that are part of what a declared one offers, by the declared one.
PART_OF = {"branca": "folium", "requests": "google-cloud-storage", "pystac-core": "pystac"}
# Imported by the fixture for those who have it.
FOR_TESTS = {"pytest"}


def test_the_changelog_knows_the_version(project: Project) -> None:
    (first, none), *released = HEADING.findall((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert (first, none) == ("Unreleased", "")
    versions = [Version(version) for version, _ in released]
    assert versions == sorted(set(versions), reverse=True)
    assert all(date.fromisoformat(day) for _, day in released)
    version = Version(__version__)
    newest = versions[0] if versions else version
    # A final version has its heading; only a pre-release may be ahead of them.
    assert newest == version or (version.is_prerelease and newest < version)
    assert not version.local


def test_the_pythons_agree(project: Project) -> None:
    settings = project.settings
    assert settings["project"]["requires-python"] == f">={project.pythons[0]}"
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"sys.version_info < ({project.pythons[0].replace('.', ', ')})" in makefile
    oldest = project.pythons[0].replace(".", "")
    assert settings["tool"]["ruff"]["target-version"] == f"py{oldest}"


def imported(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the top-level packages that the modules below a folder import, and where."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            for name in names:
                yield name.partition(".")[0], f"{folder.name}/{path.name}"


def test_what_is_imported_is_declared(project: Project) -> None:
    own = project.packages
    known = {canonicalize_name(line.name) for line in project.requirements}
    distributions = packages_distributions()
    undeclared = {}
    for folder in own.values():
        for name, where in imported(folder):
            if name in own or name in sys.stdlib_module_names or name in FOR_TESTS:
                continue
            offers = {canonicalize_name(found) for found in distributions.get(name, [name])}
            offers |= {PART_OF[found] for found in offers & PART_OF.keys()}
            if not offers & known:
                undeclared[name] = where
    assert undeclared == {}


def pins(name: str) -> dict[str, str]:
    """Return the versions of a file of pins, by package."""
    text = (ROOT / name).read_text(encoding="utf-8")
    lines = [line.split("==") for line in text.splitlines() if PIN.match(line)]
    return {canonicalize_name(package): version for package, version in lines}


def groups() -> Iterator[Requirement]:
    """Yield the requirements of all dependency groups."""
    for lines in Project().settings["dependency-groups"].values():
        yield from (Requirement(line) for line in lines if isinstance(line, str))


def test_the_environment_is_pinned(project: Project) -> None:
    known = pins("constraints.txt")
    for line in [*project.requirements, *groups()]:
        pinned = known.get(canonicalize_name(line.name))
        assert pinned is not None, f"{line.name} is missing in constraints.txt"
        assert line.specifier.contains(pinned), f"constraints.txt has {line.name} {pinned}"


def test_the_pins_are_installed() -> None:
    installed = {canonicalize_name(each.name): each.version for each in distributions()}
    known = pins("constraints.txt")
    others = {
        name: (version, installed[name])
        for name, version in known.items()
        if installed.get(name, version) != version
    }
    assert others == {}, "constraints.txt and the environment differ: make clean setup"


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the pins are those of Python 3.11")
def test_the_lowest_versions_are_pinned(project: Project) -> None:
    known = pins("constraints-lowest.txt")
    bounds: dict[str, Version] = {}
    for line in project.requirements:
        if line.marker is None or line.marker.evaluate():
            lowest = [Version(spec.version) for spec in line.specifier if spec.operator == ">="]
            assert lowest, f"{line.name} has no lower bound"
            name = canonicalize_name(line.name)
            bounds[name] = max(*lowest, bounds.get(name, Version("0")))
    for name, bound in bounds.items():
        assert Version(known.get(name, "0")) == bound, (
            f"{name}: run `make lowest`. If others ask for more, raise the bound"
        )
