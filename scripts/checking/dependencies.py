"""Environments with the lowest and with the newest versions that pyproject.toml allows."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from checking.environments import Environment, uv
from checking.errors import CheckError
from checking.project import Project

PIN = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)
# The tests' own packages, next to those under test.
TEST_GROUP = "test-facade"


def install_lowest(project: Project, environment: Environment, python: str) -> None:
    """Install the project with all extras, each direct dependency as low as it may be.

    Raises:
        CheckError: There is no such set of versions, or a bound is not the true one.
    """
    environment.install("--requirement", pin_lowest(project.root, python))
    environment.install("--no-deps", "--editable", project.root)
    if faults := list(bound_faults(project.requirements, environment.versions())):
        raise CheckError("\n".join(faults))


def pin_lowest(root: Path, python: str) -> Path:
    """Bring the file of the lowest versions up to date and return its path.

    uv keeps what an output file has already, as far as it fits: what the direct dependencies
    and the tests need in turn stays as it is until somebody deletes the file. A release of
    somebody else must not break our tests over night.
    """
    pins = root / "constraints-lowest.txt"
    with tempfile.TemporaryDirectory() as folder:
        direct = Path(folder) / "direct.txt"
        shutil.copyfile(pins if pins.exists() else os.devnull, direct)
        lowest = ("--all-extras", "--resolution", "lowest-direct")
        compile_pins(root, direct, python, "pyproject.toml", *lowest)
        if not pins.exists():
            shutil.copyfile(root / "constraints.txt", pins)
        compile_pins(root, pins, python, direct, "--group", TEST_GROUP)
    return pins


def compile_pins(root: Path, output: Path, python: str, *wanted: str | Path) -> None:
    options = ("--python-version", python, "--no-annotate", "--output-file", output)
    header = ("--custom-compile-command", "make lowest")
    uv("pip", "compile", *wanted, *options, *header, cwd=root)


def bound_faults(
    requirements: Iterable[Requirement], installed: Mapping[str, str]
) -> Iterator[str]:
    """Yield where the installed version of a direct dependency isn't its lower bound."""
    versions = by_name(installed)
    for name, bound in sorted(lower_bounds(requirements).items()):
        if bound is None:
            yield f"{name} has no lower bound in pyproject.toml: give it one, as in {name}>=1.0."
        elif versions.get(name) != bound:
            yield (
                f"{name}>={bound} in pyproject.toml, but {versions.get(name)} is installed: "
                "other requirements ask for more, or it was never published; raise the bound. "
                "If it was lowered, delete constraints-lowest.txt and try again."
            )


def lower_bounds(requirements: Iterable[Requirement]) -> dict[str, Version | None]:
    """Return the highest of the lower bounds of each package that this Python needs."""
    bounds: dict[str, Version | None] = {}
    for line in requirements:
        if line.marker is not None and not line.marker.evaluate():
            continue
        name = canonicalize_name(line.name)
        found = [Version(spec.version) for spec in line.specifier if spec.operator == ">="]
        known = bounds.get(name)
        bounds[name] = max([*found, *([known] if known else [])], default=None)
    return bounds


def by_name(installed: Mapping[str, str]) -> dict[str, Version]:
    return {canonicalize_name(name): Version(text) for name, text in installed.items()}


def install_newest(project: Project, environment: Environment) -> None:
    """Install the project with all extras and the newest of everything.

    Raises:
        CheckError: There is no set of versions that fits together.
    """
    wanted = ("--editable", f"{project.root}[all]", "--group", TEST_GROUP)
    environment.install("--upgrade", *wanted, cwd=project.root)


def newer(constraints: Path, installed: Mapping[str, str]) -> Iterator[str]:
    """Yield the packages that are newer than the file has them: "httpx 0.28.1 -> 0.29.0"."""
    versions = by_name(installed)
    for line in constraints.read_text(encoding="utf-8").splitlines():
        name, _, pinned = line.partition("==")
        now = versions.get(canonicalize_name(name))
        if now is not None and pinned and now > Version(pinned):
            yield f"{name} {pinned} -> {now}"
