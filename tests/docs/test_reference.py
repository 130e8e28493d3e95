"""Nothing public is missing in the reference, and no error in the catalog of errors."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import up42_facade as up42
from tests.docs.pages import ROOT
from up42_facade import errors, processing_templates, viz

DOCS = ROOT / "docs"
REFERENCE = [*sorted((DOCS / "reference").glob("*.md")), DOCS / "errors.md"]
DIRECTIVE = re.compile(r"^ *\.\. (?:auto\w+|currentmodule):: ([\w.]+)$", re.MULTILINE)
CATALOG = (DOCS / "errors.md").read_text(encoding="utf-8")
ERRORS = [name for name in vars(errors) if errors.is_error(name) and name != "Up42Error"]


def documented(page: Path) -> set[str]:
    """Return the full names that a page of the reference documents."""
    found, module = set(), ""
    for line in DIRECTIVE.finditer(page.read_text(encoding="utf-8")):
        if "currentmodule" in line[0]:
            module = line[1]
        else:
            found |= {line[1], f"{module}.{line[1]}"}
    return found


def test_all_public_names_are_documented() -> None:
    known = set().union(*map(documented, REFERENCE))
    public = {f"up42_facade.{name}" for name in up42.__all__} - {"up42_facade.__version__"}
    assert public - known == set()


def test_modules_are_documented_as_wholes() -> None:
    # `automodule` shows what `__all__` names: what is missing there is missing on the site.
    for module in (processing_templates, viz):
        own = {
            name
            for name, value in vars(module).items()
            if inspect.isclass(value) and value.__module__ == module.__name__
        }
        assert {name for name in own if not name.startswith("_")} <= set(module.__all__)


@pytest.mark.parametrize("name", ERRORS)
def test_each_error_has_a_condition_and_a_remedy(name: str) -> None:
    (row,) = re.findall(rf"^\| `{name}`{{#{name.lower()}}} \| (.*) \|$", CATALOG, re.MULTILINE)
    condition, remedy = row.split(" | ")
    assert condition.endswith(".")
    assert remedy.endswith(".")


def test_the_catalog_has_no_errors_of_the_past() -> None:
    assert set(re.findall(r"^\| `(\w+)`{", CATALOG, re.MULTILINE)) == set(ERRORS)


def test_each_process_has_a_plot_and_a_map_of_few_bytes(session: up42.Session) -> None:
    page = (DOCS / "pictures.md").read_text(encoding="utf-8")
    shown = re.findall(r"\(pictures/(\S+)-(plot|map)\.webp\)", page)
    ids = [process.id for process in up42.Process.all(session=session)]
    assert shown == [(name, kind) for name in ids for kind in ("plot", "map")]
    assert sum(file.stat().st_size for file in (DOCS / "pictures").iterdir()) < 1_500_000
