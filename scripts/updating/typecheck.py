"""Do facade and tests still fit the client: what mypy sees, and imports that lead nowhere."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from updating.errors import UpdateError
from updating.repository import Repository

ERROR = re.compile(r"^(?P<file>[^:]+):\d+: error: (?P<text>.*)$")


def new_type_errors(repository: Repository, fresh: Path) -> list[str]:
    """Return complaints about facade and tests that today's client doesn't cause.

    Args:
        repository: Where facade, tests and today's client are.
        fresh: Folder of the new package.

    Raises:
        UpdateError: mypy could not run.
    """
    lost = list(lost_imports(repository, fresh))
    after = run_mypy(repository, fresh.parent)
    known = Counter(map(without_line, run_mypy(repository, repository.client.parent)))
    found = []
    for line in after:
        # Without the line: somebody may be editing a file between the two runs.
        key = without_line(line)
        if known[key]:
            known[key] -= 1
        else:
            found.append(line)
    return [*lost, *found]


def without_line(error: str) -> str:
    found = ERROR.match(error)
    return f"{found['file']}: {found['text']}" if found else error


def run_mypy(repository: Repository, generated: Path) -> list[str]:
    """Return mypy's errors about facade and tests, with the client from a folder."""
    command = [
        sys.executable, "-m", "mypy", "--no-error-summary", "--no-pretty", "--hide-error-context",
        # A cache of its own: others may check the same tree against today's client.
        "--cache-dir", str(repository.root / ".mypy_cache" / "update"),
        str(repository.facade.relative_to(repository.root)),
        str(repository.tests.relative_to(repository.root)),
    ]  # fmt: skip
    done = subprocess.run(
        command,
        cwd=repository.root,
        env={**os.environ, "MYPYPATH": str(generated)},
        capture_output=True,
        text=True,
    )
    errors = [line for line in done.stdout.splitlines() if ERROR.match(line)]
    if done.returncode not in {0, 1} or (done.returncode and not errors):
        raise UpdateError(f"mypy could not check facade and tests:\n{done.stdout}{done.stderr}")
    return errors


def lost_imports(repository: Repository, fresh: Path) -> Iterator[str]:
    """Yield imports of generated modules that are gone.

    mypy doesn't see those: where the new package lacks a module, it looks on and finds the one
    of today's installed package.
    """
    for folder in (repository.facade, repository.tests):
        for path in sorted(folder.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
                if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    for module in gone(node, fresh):
                        place = f"{path.relative_to(repository.root)}:{node.lineno}"
                        yield f'{place}: error: Cannot find module named "{module}"'


def gone(node: ast.ImportFrom, fresh: Path) -> Iterator[str]:
    """Yield the modules of an import that today's package has and the fresh one lacks."""
    package, *keys = str(node.module).split(".")
    if package != fresh.name:
        return
    folder = fresh.joinpath(*keys)
    if not folder.is_dir():
        if not folder.with_suffix(".py").is_file():
            yield str(node.module)
    elif keys[:1] == ["api"]:
        # The packages of the functions hold modules and nothing else.
        for alias in node.names:
            if not (folder / f"{alias.name}.py").is_file() and not (folder / alias.name).is_dir():
                yield f"{node.module}.{alias.name}"
