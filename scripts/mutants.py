"""Change one detail of a module at a time, and count the changes that its tests don't notice.

It works on a copy of the repository, and needs a system with fork. See CONTRIBUTING.md.
"""

from __future__ import annotations

import argparse
import ast
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "up42_facade"
# Module, and the files of tests that are about it.
MODULES = {
    "_common/paging.py": "facade/endless facade/jobs",
    "batch/_journal.py": "batch/journal batch/journal_copies",
    "downloads/_checksums.py": "downloads/bodies downloads/engine_files",
    "downloads/_members.py": "downloads/hostile_archives downloads/engine_archives",
    "downloads/_names.py": "downloads/names downloads/layout cloud/locations",
    "processing/_execution.py": "facade/execution batch/execution",
    "processing/_ledger.py": "facade/execution batch/lost_answers",
    "session/_hosts.py": "facade/credentials facade/auth facade/stac",
    "session/_network.py": "facade/network facade/transport facade/session_client",
    "session/_redaction.py": "facade/secrets facade/credentials facade/network",
}
PAIRS: tuple[tuple[type[ast.AST], type[ast.AST]], ...] = (
    (ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Eq, ast.NotEq), (ast.Is, ast.IsNot),
    (ast.In, ast.NotIn), (ast.And, ast.Or), (ast.Add, ast.Sub), (ast.Mult, ast.Div),
)  # fmt: skip
SWAPS: dict[type[object], type[ast.AST]] = {**dict(PAIRS), **{new: old for old, new in PAIRS}}
COPIED = ("up42_facade", "up42_sandbox", "generated", "tests", "openapi", "pyproject.toml")
# Loaded once: importing them takes longer than most tests.
SHARED = ("geopandas", "httpx", "jsonschema", "pystac", "rasterio", "starlette")


def mutants(tree: ast.Module, node: ast.AST) -> Iterator[tuple[int, str, str]]:
    """Yield line, description, and code of each mutant in a part of a module."""
    for name, value in ast.iter_fields(node):
        # Annotations and messages have no effect.
        if name in ("annotation", "returns") or isinstance(node, ast.Raise | ast.JoinedStr):
            continue
        parts = value if isinstance(value, list) else [value]
        for index, part in enumerate(parts):
            if isinstance(part, ast.AST):
                yield from mutants(tree, part)
            if (new := replacement(node, part)) is not None:
                line = getattr(part, "lineno", getattr(node, "lineno", 0))
                # An operator is shown with its operands.
                before = shown(part if isinstance(part, ast.expr | ast.stmt) else node)
                changed = [*parts[:index], new, *parts[index + 1 :]]
                setattr(node, name, changed if isinstance(value, list) else new)
                after = shown(new if isinstance(new, ast.expr | ast.stmt) else node)
                yield line, f"{before} => {after}", ast.unparse(tree)
                setattr(node, name, value)


def replacement(parent: ast.AST, part: object) -> ast.AST | None:
    """Return what can stand in the place of a part, or None to leave it."""
    if type(part) in SWAPS:
        return SWAPS[type(part)]()
    match part:
        case ast.Raise() | ast.Expr(ast.Call()):
            return ast.Pass()
        case ast.UnaryOp(ast.Not(), operand):
            return operand
        case ast.Constant(bool() as value):
            return ast.Constant(not value)
        case ast.Constant(int() | float() as value):
            return ast.Constant(value + 1)
        case ast.Constant(str() as value):
            is_listed = isinstance(parent, ast.Compare | ast.List | ast.Set | ast.Tuple)
            return ast.Constant(f"{value}X") if is_listed else None
        case ast.expr() if isinstance(parent, ast.Return):
            return ast.Constant(None)
    return None


def shown(code: ast.AST) -> str:
    return " ".join(ast.unparse(code).split())[:70]


def run_tests(folder: Path, tests: str) -> None:
    """Run tests in a copy of the repository, and end the process with pytest's exit code."""
    os.setsid()
    os.chdir(folder)
    sys.path[:0] = [str(folder), str(folder / "generated")]
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path[:2])
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    paths = [f"tests/{name.replace('/', '/test_')}.py" for name in tests.split()]
    os._exit(int(pytest.main(["-q", "-x", "--tb=no", "-p", "no:cacheprovider", *paths])))


def pass_in(folder: Path, tests: str, seconds: float | None = None) -> bool:
    """Return whether tests pass within a time."""
    process = multiprocessing.get_context("fork").Process(target=run_tests, args=(folder, tests))
    process.start()
    process.join(seconds)
    if process.is_alive() and process.pid is not None:
        os.killpg(process.pid, signal.SIGKILL)
        process.join()
    return process.exitcode == 0


def try_module(module: str, folder: Path, most: int) -> str:
    """Print the mutants that the tests of a module accept, and return how many there are."""
    file, tests = folder / PACKAGE / module, MODULES[module]
    original = file.read_text(encoding="utf-8")
    started = time.monotonic()
    if not pass_in(folder, tests):
        raise SystemExit(f"{tests} fail without any change")
    tree = ast.parse(original)
    # A change can make a loop endless.
    seconds = 10 + 4 * (time.monotonic() - started)
    found = list(mutants(tree, tree))
    tried = sorted(random.Random(0).sample(found, min(most, len(found))))
    survivors = 0
    for line, text, code in tried:
        file.write_text(code, encoding="utf-8")
        if pass_in(folder, tests, seconds):
            survivors += 1
            print(f"{module}:{line}: {text}", flush=True)
    file.write_text(original, encoding="utf-8")
    return f"{module}: {len(tried) - survivors} of {len(tried)} killed; {len(found)} possible"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", help=f"paths below {PACKAGE}")
    parser.add_argument("--most", type=int, default=40, help="mutants per module (%(default)s)")
    options = parser.parse_args()
    for name in SHARED:
        __import__(name)
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        folder = Path(name)
        for part in COPIED:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
            copy(ROOT / part, folder / part)
        for module in options.modules or MODULES:
            print(try_module(module, folder, options.most), flush=True)


if __name__ == "__main__":
    main()
