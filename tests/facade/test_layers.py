"""What the packages of the facade may import: the table in CONTRIBUTING.md."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import up42_facade as up42

ROOT = Path(up42.__file__).parent
# From the bottom to the top; each imports from its own line and from those above.
LAYERS = [
    "errors _version",
    "_common",
    "session",
    "downloads",
    "stac",
    "results",
    "viz",
    "analytics",
    "processing",
    "processing_templates",
    "batch",
    "checking",
    "cli",
]
RANKS = {part: rank for rank, parts in enumerate(LAYERS) for part in parts.split()}
PATHS = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
    if path != ROOT / "__init__.py"
}


def imported(module: str) -> Iterator[str]:
    """Yield the modules of the facade that one imports, for types and in functions too."""
    for node in ast.walk(ast.parse(PATHS[module].read_text())):
        if not isinstance(node, ast.ImportFrom):
            continue
        package, _, inner = str(node.module).partition(".")
        if package == ROOT.name:
            for name in node.names:
                full = f"{inner}.{name.name}".strip(".")
                yield full if full in PATHS else inner


IMPORTS = {module: set(imported(module)) - {module, ""} for module in PATHS}


def test_each_package_imports_from_those_below_it() -> None:
    for module, others in IMPORTS.items():
        own = module.split(".")[0]
        for other in others:
            part = other.split(".")[0]
            assert RANKS[part] <= RANKS[own], f"{module} imports {other} from above"
            is_separate = part != "analytics" or own in ("analytics", "cli")
            assert is_separate, f"{module} imports {other}: the two APIs are separate"


def test_no_modules_import_each_other() -> None:
    TopologicalSorter(IMPORTS).prepare()


def test_every_package_is_in_a_layer() -> None:
    assert {module.split(".")[0] for module in PATHS} == set(RANKS)


def test_every_logger_escapes_what_it_quotes() -> None:
    direct = [
        str(path.relative_to(ROOT)) for path in PATHS.values() if "getLogger(" in path.read_text()
    ]
    # The second one shows them (`-v`), the third one has loggers of other packages.
    assert direct == ["_common/logs.py", "cli/options.py", "session/_redaction.py"]
