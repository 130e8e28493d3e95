"""The checks of the package notice what they are for."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import check_package
import pytest
from checking import interpreters
from checking.contents import sdist_faults, wheel_faults
from checking.dependencies import bound_faults, lower_bounds, newer
from checking.environments import call, outside
from checking.errors import CheckError
from checking.project import Project
from packaging.requirements import Requirement

PYPROJECT = """
[project]
name = "some-thing"
dependencies = ["attrs>=23.2"]
classifiers = ["Programming Language :: Python :: 3.11", "Programming Language :: Python :: 3"]

[project.optional-dependencies]
viz = ["rasterio>=1.4"]
all = ["some-thing[viz]"]

[tool.hatch.version]
path = "thing/_version.py"

[tool.hatch.build.targets.wheel]
packages = ["thing"]

[tool.hatch.build.targets.sdist]
include = ["/thing"]
"""
METADATA = """\
Metadata-Version: 2.4
Name: some-thing
Version: 1.2
License-Expression: MIT
Provides-Extra: all
Provides-Extra: viz

Read me.
"""
WHEEL = {
    "thing/__init__.py": "",
    "thing/_version.py": '__version__ = "1.2"\n',
    "thing/py.typed": "",
    "some_thing-1.2.dist-info/METADATA": METADATA,
    "some_thing-1.2.dist-info/RECORD": "",
    "some_thing-1.2.dist-info/WHEEL": "",
    "some_thing-1.2.dist-info/licenses/LICENSE": "",
}
Fake = Callable[[str, str], Path]


@pytest.fixture
def small(tmp_path: Path) -> Project:
    """A project with one package."""
    root = tmp_path / "project"
    (root / "thing").mkdir(parents=True)
    (root / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    for name in WHEEL:
        if name.startswith("thing/"):
            (root / name).write_text(WHEEL[name], encoding="utf-8")
    return Project(root)


@pytest.fixture
def fake_python(tmp_path: Path) -> Fake:
    """Makes a program that answers like a Python of a version."""

    def make(place: str, answer: str) -> Path:
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{answer}\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    return make


def wheel_of(folder: Path, files: Mapping[str, str]) -> Path:
    path = folder / "x.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def sdist_of(folder: Path, *members: tarfile.TarInfo) -> Path:
    path = folder / "x.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for member in members:
            archive.addfile(member, io.BytesIO())
    return path


def test_what_the_project_says(small: Project) -> None:
    assert (small.name, small.version, small.pythons) == ("some-thing", "1.2", ["3.11"])
    assert list(small.packages) == small.sdist_paths == ["thing"]
    assert [line.name for line in small.requirements] == ["attrs", "rasterio"]


def test_a_good_wheel(small: Project, tmp_path: Path) -> None:
    assert list(wheel_faults(wheel_of(tmp_path, WHEEL), small)) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"thing/py.typed": None}, "thing/py.typed is missing"),
        ({"thing/__init__.py": None}, "thing/__init__.py of the tree is missing"),
        ({"thing/tests/test_it.py": ""}, "thing/tests/test_it.py is a test"),
        ({"thing/conftest.py": ""}, "thing/conftest.py is a test"),
        ({"thing/notes.txt": ""}, "thing/notes.txt is of no kind"),
        ({"other/__init__.py": ""}, "other/__init__.py comes from nowhere"),
        ({"some_thing-1.2.dist-info/licenses/LICENSE": None}, "LICENSE is missing"),
        ({"some_thing-1.2.dist-info/METADATA": METADATA.replace("1.2", "1.3")}, "version 1.3"),
        ({"some_thing-1.2.dist-info/METADATA": METADATA.replace("viz", "vis")}, "extras"),
        ({"some_thing-1.2.dist-info/METADATA": METADATA.replace("MIT", "My own")}, "metadata"),
        ({"some_thing-1.2.dist-info/METADATA": METADATA.partition("\n\n")[0]}, "README"),
    ],
)
def test_faults_of_a_wheel(
    small: Project, tmp_path: Path, changes: dict[str, str | None], fault: str
) -> None:
    files = {name: text for name, text in {**WHEEL, **changes}.items() if text is not None}
    assert fault in "\n".join(wheel_faults(wheel_of(tmp_path, files), small))


def test_faults_of_an_sdist(small: Project, tmp_path: Path) -> None:
    link = tarfile.TarInfo("some_thing-1.2/link")
    link.type, link.linkname = tarfile.SYMTYPE, "elsewhere"
    cached = tarfile.TarInfo("some_thing-1.2/thing/__pycache__/a.pyc")
    faults = "\n".join(sdist_faults(sdist_of(tmp_path, link, cached), small))
    assert "some_thing-1.2/link is a link" in faults
    assert "thing/__pycache__/a.pyc is left from a run" in faults
    assert "openapi/up42.yaml is missing" in faults


def test_strays_in_an_sdist(small: Project, tmp_path: Path) -> None:
    call(["git", "init", "--quiet", small.root])
    (small.root / ".gitignore").write_text("*.log\n", encoding="utf-8")
    (small.root / "thing/new.py").write_text("", encoding="utf-8")
    stray = tarfile.TarInfo("some_thing-1.2/thing/run.log")
    (small.root / "thing/run.log").write_text("", encoding="utf-8")
    faults = "\n".join(sdist_faults(sdist_of(tmp_path, stray), small))
    assert "thing/run.log is a stray file" in faults
    assert "thing/new.py is missing" in faults


def test_the_newest_working_python_of_pyenv_is_taken(
    fake_python: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "shims"))
    # pyenv's shims are there for versions that aren't chosen, too.
    fake_python("shims/python3.7", "exit 127")
    fake_python("versions/3.7.9/bin/python", "echo 3.7")
    newest = fake_python("versions/3.7.17/bin/python", "echo 3.7")
    fake_python("versions/3.7.18/bin/python", "echo 3.8")
    fake_python("versions/3.7.99t/bin/python", "echo 3.7")
    assert interpreters.find(["3.6", "3.7"]) == {"3.7": newest}


def test_the_running_python_comes_first() -> None:
    assert list(interpreters.find([interpreters.running()])) == [interpreters.running()]


def test_missing_pythons(
    small: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(interpreters, "find", lambda versions: {})
    with pytest.raises(CheckError, match=r"no Python 3\.11"):
        check_package.chosen(small, None)
    with pytest.raises(CheckError, match=r"no Python 3\.99"):
        check_package.chosen(small, ["3.99"])
    monkeypatch.setattr(interpreters, "find", lambda versions: {"3.99": Path("python")})
    monkeypatch.setattr(interpreters, "running", lambda: "3.11")
    monkeypatch.delenv("CI", raising=False)
    assert check_package.chosen(small, None) == {"3.99": Path("python")}
    assert "not checked" in capsys.readouterr().out
    monkeypatch.setenv("CI", "true")
    with pytest.raises(CheckError, match=r"no Python 3\.11"):
        check_package.chosen(small, None)


def test_bounds() -> None:
    lines = [
        Requirement(text)
        for text in ("a>=1.0", "a>=1.2,<2", "b<3", "c>=1; python_version < '3'", "d>=4.0")
    ]
    assert {name: str(bound) for name, bound in lower_bounds(lines).items()} == {
        "a": "1.2",
        "b": "None",
        "d": "4.0",
    }
    faults = list(bound_faults(lines, {"A": "1.2.0", "b": "2", "d": "4.1"}))
    assert [fault.partition(" ")[0] for fault in faults] == ["b", "d>=4.0"]


def test_newer_versions(tmp_path: Path) -> None:
    (tmp_path / "all.txt").write_text("some-thing==2\npytest==9\n", encoding="utf-8")
    found = newer(tmp_path / "all.txt", {"pytest": "9.1", "some_thing": "2"})
    assert list(found) == ["pytest 9 -> 9.1"]


def test_nothing_leaks_into_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "UP42_PASSWORD", "VIRTUAL_ENV", "MYPYPATH"):
        monkeypatch.setenv(name, "x")
    assert not {"PYTHONPATH", "UP42_PASSWORD", "VIRTUAL_ENV", "MYPYPATH"} & outside().keys()
    assert outside()["PATH"] == os.environ["PATH"]


def test_a_failed_command_says_why() -> None:
    with pytest.raises(CheckError, match=r"ended with 3:\nline 99\n$|line 99"):
        call(["sh", "-c", "seq -f 'line %g' 1 99; exit 3"])
