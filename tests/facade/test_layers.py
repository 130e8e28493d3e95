"""What the parts of the facade may import: the table in CONTRIBUTING.md."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import up42_facade as up42

ROOT = Path(up42.__file__).parent
# From the bottom to the top; each imports from its own line and from those above.
LAYERS = [
    "errors _common _version",
    "session _session",
    "downloads _downloads",
    "stac _stac _results",
    "viz _viz",
    "analytics _analytics",
    "processing processes processing_templates _processing",
    "_templates",
    "batch _batch",
    "cli",
]
RANKS = {part: rank for rank, parts in enumerate(LAYERS) for part in parts.split()}
ANALYTICS = RANKS["analytics"]


def for_types_only(tree: ast.AST) -> set[ast.AST]:
    """Return the nodes that only type checkers see."""
    blocks = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    return {inner for block in blocks for inner in ast.walk(block)}


def imported(path: Path) -> Iterator[str]:
    """Yield the parts of the facade that a module imports when it runs."""
    tree = ast.parse(path.read_text())
    unseen = for_types_only(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or node in unseen:
            continue
        package, _, inner = str(node.module).partition(".")
        if package == ROOT.name:
            yield from [inner.split(".")[0]] if inner else [name.name for name in node.names]


MODULES = sorted(path for path in ROOT.rglob("*.py") if path.parent != ROOT or path.stem in RANKS)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_part_stands_on_those_below_it(path: Path) -> None:
    own = RANKS[path.relative_to(ROOT).parts[0].removesuffix(".py")]
    for other in imported(path):
        if other not in RANKS:
            assert other in up42.__all__, f"{other} is in no layer"
            continue
        assert RANKS[other] <= own, f"imports {other} from above"
        assert RANKS[other] != ANALYTICS or own in (ANALYTICS, RANKS["cli"]), (
            "the other API doesn't know this one"
        )


def test_every_part_is_in_a_layer() -> None:
    parts = {path.stem for path in ROOT.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert parts - {"__init__", "__pycache__"} == set(RANKS)


def test_every_logger_escapes_what_it_quotes() -> None:
    direct = [
        str(path.relative_to(ROOT))
        for path in sorted(ROOT.rglob("*.py"))
        if "getLogger(" in path.read_text()
    ]
    # The second one has loggers of other packages.
    assert direct == ["_common/logs.py", "_session/redaction.py"]
