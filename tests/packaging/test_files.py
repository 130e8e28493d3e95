"""No file of the project tells where it was written or where packages come from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.packaging.conftest import Project

CACHES = re.compile(r"(^|/)(__pycache__|\.[a-z]+_cache)(/|$)|\.py[co]$")

# Folders of a machine and of its users. Examples live with people who don't exist, and UP42's own
# logs tell of /tmp/output in its containers.
NOBODY = r"(?!(?:you|me|somebody)\b)"
MACHINE = re.compile(
    rf"(?<![\w.-])/(?:(?:home|Users)/{NOBODY}|work/|root/)\w+|[A-Z]:\\+Users\\+{NOBODY}\w+"
    r"|(?<!\w)/tmp/(?!(?:output|\w)\b)\w+"
)
HOSTS = re.compile(r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|anaconda\.org|ghcr\.io")
BINARY = {".png", ".jpg", ".webp", ".gif", ".ico"}


def text_files(project: Project) -> Iterator[tuple[str, str]]:
    """Yield the text files in the sdist, with their paths."""
    for top in project.sdist_paths:
        root = project.root / top
        for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
            name = path.relative_to(project.root).as_posix()
            if path.is_file() and path.suffix not in BINARY and not CACHES.search(name):
                yield name, path.read_text(encoding="utf-8")


def test_no_path_of_a_machine_and_no_registry(project: Project) -> None:
    found = [
        f"{name}: {match[0]}"
        for name, text in text_files(project)
        for pattern in (MACHINE, HOSTS)
        for match in pattern.finditer(text)
    ]
    assert found == []


def test_such_a_path_would_be_noticed() -> None:
    for folders in (("", "home", "ada", "x"), ("", "tmp", "tree"), ("", "work", "x")):
        assert MACHINE.search(f"see {'/'.join(folders)}")
    assert MACHINE.search("\\".join(("C:", "Users", "ada")))
    for folders in (
        ("", "tmp", "output"),
        ("docs", "work", "x"),
        ("", "home"),
        ("", "home", "you", "x"),
    ):
        assert not MACHINE.search(f"see {'/'.join(folders)}, GET it")


def test_every_top_level_file_is_released_or_known_not_to_be(project: Project) -> None:
    if not (project.root / ".git").exists():
        return
    here = {path.name for path in project.root.iterdir() if not path.name.startswith(".")}
    local = {"build", "dist", "demo-output", "mutants"}
    assert here - local - {"pyproject.toml"} <= {path.split("/")[0] for path in project.sdist_paths}


def test_mutants_have_modules_and_tests(project: Project) -> None:
    settings = project.settings["tool"]["mutmut"]
    named = ("source_paths", "only_mutate", "pytest_add_cli_args_test_selection", "also_copy")
    paths = [path for name in named for path in settings[name]]
    assert [path for path in paths if not (project.root / path).exists()] == []


def test_decisions_have_one_form(project: Project) -> None:
    folder = project.root / "docs/decisions"
    index = (folder / "index.md").read_text(encoding="utf-8")
    records = sorted(folder.glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {int(path.name[:4])}. "), path.name
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences"], path.name
        assert f"\n{path.stem}\n" in index, path.name
        assert f"({path.name})" in index, path.name
