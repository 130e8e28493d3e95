"""What must be, and must not be, in the wheel and in the sdist."""

from __future__ import annotations

import re
import tarfile
import zipfile
from collections.abc import Iterator
from email import message_from_string
from pathlib import Path

from packaging.metadata import Metadata
from packaging.utils import canonicalize_name

from checking.environments import call
from checking.project import Project

# Kinds of files that belong into a package. A new kind is added here by somebody who meant it.
PACKAGED = re.compile(r".+\.py|(.+/)?py\.typed|.+\.md|.+\.jinja|.+\.css|.+\.html|.+\.json")
TESTS = re.compile(r"(^|/)(tests?/|test_[^/]*$|conftest\.py$)")
CACHES = re.compile(r"(^|/)(__pycache__|\.[a-z]+_cache)(/|$)|\.py[co]$")
# Without these nobody can build, regenerate or understand the project.
NEEDED_IN_SDIST = (
    "pyproject.toml",
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "constraints.txt",
    "openapi/up42.yaml",
    "scripts/regenerate.py",
    "scripts/generator/config.yaml",
    "scripts/generator/templates/endpoint_module.py.jinja",
    "docs/index.md",
    "tests/conftest.py",
)
# Added by the build backend.
FROM_BACKEND = {"PKG-INFO", "pyproject.toml", ".gitignore"}


def wheel_faults(wheel: Path, project: Project) -> Iterator[str]:
    """Yield what is wrong with a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        info = f"{canonicalize_name(project.name).replace('-', '_')}-{project.version}.dist-info"
        yield from file_faults(names, info, project)
        if f"{info}/METADATA" in names:
            yield from metadata_faults(archive.read(f"{info}/METADATA"), project)


def file_faults(names: list[str], info: str, project: Project) -> Iterator[str]:
    present = {name for name in names if not name.startswith(f"{info}/")}
    wanted = {
        f"{package}/{path.relative_to(folder).as_posix()}"
        for package, folder in project.packages.items()
        for path in folder.rglob("*")
        if path.is_file() and not CACHES.search(path.relative_to(folder).as_posix())
    }
    for name in sorted(wanted - present):
        yield f"wheel: {name} of the tree is missing"
    for name in sorted(present - wanted):
        yield f"wheel: {name} comes from nowhere in the tree"
    for name in sorted(present):
        if TESTS.search(name):
            yield f"wheel: {name} is a test"
        if not PACKAGED.fullmatch(name):
            yield f"wheel: {name} is of no kind that is packaged, see scripts/checking/contents.py"
    typed = [f"{package}/py.typed" for package in project.packages]
    records = [f"{info}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "licenses/LICENSE")]
    for name in (*typed, *records):
        if name not in names:
            yield f"wheel: {name} is missing"


def metadata_faults(content: bytes, project: Project) -> Iterator[str]:
    try:
        metadata = Metadata.from_email(content, validate=True)
    except ExceptionGroup as group:
        yield from (f"metadata: {error}" for error in group.exceptions)
        return
    if str(metadata.version) != project.version:
        yield f"metadata: version {metadata.version}, the package says {project.version}"
    if set(metadata.provides_extra or ()) != set(project.extras):
        yield f"metadata: extras {metadata.provides_extra}, not {sorted(project.extras)}"
    if not metadata.description:
        yield "metadata: the README is missing"
    # A licence classifier contradicts the licence expression, and indexes refuse the two.
    if message_from_string(content.decode()).get("License-Expression") is None:
        yield "metadata: License-Expression is missing"


def sdist_faults(sdist: Path, project: Project) -> Iterator[str]:
    """Yield what is wrong with an sdist."""
    with tarfile.open(sdist) as archive:
        members = archive.getmembers()
    top = f"{canonicalize_name(project.name).replace('-', '_')}-{project.version}/"
    names = {member.name.removeprefix(top) for member in members if member.isfile()}
    for member in members:
        if not member.name.startswith(top) or not (member.isfile() or member.isdir()):
            yield f"sdist: {member.name} is a link, or outside {top}"
    for name in NEEDED_IN_SDIST:
        if name not in names:
            yield f"sdist: {name} is missing"
    for name in sorted(names):
        if CACHES.search(name):
            yield f"sdist: {name} is left from a run"
    known = versioned(project)
    if known is None:
        return
    for name in sorted(names - known - FROM_BACKEND):
        yield f"sdist: {name} is a stray file: git doesn't know it, or ignores it"
    for name in sorted(known - names):
        yield f"sdist: {name} is missing"


def versioned(project: Project) -> set[str] | None:
    """Return the files of the sdist's folders that git has or would take; None without git."""
    if not (project.root / ".git").exists():
        return None
    listing = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--")
    # In a container the folder may belong to another user, which git refuses otherwise.
    trusting = ("git", "-c", f"safe.directory={project.root}")
    listed = call([*trusting, *listing, *project.sdist_paths], cwd=project.root)
    names = filter(None, listed.split("\0"))
    return {name for name in names if (project.root / name).is_file()}
