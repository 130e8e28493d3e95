"""Whether facade and sandbox fit a new document: existing tools decide."""

from __future__ import annotations

import ast
import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import griffe
from openapi_python_client.strings import ClassName, PythonIdentifier

from updating import trees
from updating.errors import UpdateError
from updating.facts import AUTHENTICATION, SERVER, VALUE, Change
from updating.generating import read_by_libraries
from updating.pointers import Json, operations
from updating.repository import Repository
from updating.selection import label

ERROR = re.compile(r"^(?P<file>[^:]+):(?P<line>\d+): error: (?P<text>.*)$")
FAILED = re.compile(r"^(?:FAILED|ERROR) (?:\S+ - AssertionError: )?(?P<text>.*)$")
# What the facade does most, over real sockets.
FACADE_TESTS = (
    "tests/facade/test_jobs.py",
    "tests/facade/test_processes.py",
    "tests/facade/test_stac.py",
    "tests/analytics/test_job.py",
)
CONTRACT_TESTS = ("tests/contract/test_good_requests.py", "tests/contract/test_bad_requests.py")
JSON = "application/json"
# Contract tests name the schema, and a field only by chance.
ANY_FIELD = "*"


@dataclass(frozen=True)
class Finding:
    """A reason why the facade or the sandbox doesn't fit the new document.

    Attributes:
        text: What is wrong, and where.
        names: Names in it by which it's attributed to changes, as Python and JSON spell them.
    """

    text: str
    names: frozenset[str] = frozenset()


def judge(
    repository: Repository,
    stored: Json,
    served: Json,
    fresh: Path,
    changes: list[Change],
    folder: Path,
) -> list[Finding]:
    """Return why facade and sandbox don't fit a new document; nothing if they do.

    Args:
        repository: Where facade, sandbox, tests, and the current client are.
        stored: The current document.
        served: The new document, with the operations that the sandbox serves.
        fresh: Folder of the new client.
        changes: Differences between the documents.
        folder: Folder for temporary files.
    """
    client = folder / "judged" / fresh.name
    trees.copy(fresh, client)
    for name in trees.files(repository.client) - trees.files(fresh):
        # An empty module: otherwise, Python and mypy would find the one that is installed.
        client.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
        client.joinpath(name).touch()
    spec = folder / "served.json"
    spec.write_text(json.dumps(for_contract_tests(served, stored)), encoding="utf-8")
    tools = Tools(repository.root, client.parent, spec)
    with tools.mypy() as mypy, tools.pytest(*CONTRACT_TESTS) as contract:
        found = [
            *ruled(repository, stored, changes),
            *type_errors(repository.root, mypy),
            *failures(contract, "the sandbox doesn't fit", gone(stored, served)),
        ]
    if not found:
        with tools.pytest(*FACADE_TESTS) as tests:
            found = failures(tests, "the facade doesn't work with the new client")
    return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Tools:
    """How the tools are started.

    Attributes:
        root: The repository.
        generated: The folder of the new client.
        spec: The new document, for the contract tests.
    """

    root: Path
    generated: Path
    spec: Path

    def mypy(self) -> subprocess.Popen[str]:
        # A cache of its own, as the usual one is about the current client.
        cache = self.root / ".mypy_cache" / "update"
        return self._start(
            "mypy", "--no-error-summary", "--no-pretty", "--hide-error-context", "--cache-dir",
            str(cache), "up42_facade", "up42_sandbox",
        )  # fmt: skip

    def pytest(self, *tests: str) -> subprocess.Popen[str]:
        return self._start(
            "pytest", "-q", "-rfE", "--tb=no", "-p", "no:cacheprovider", "-k",
            "not test_every_operation_has_a_recipe", *tests,
        )  # fmt: skip

    def _start(self, *arguments: str) -> subprocess.Popen[str]:
        environment = {
            "MYPYPATH": str(self.generated),
            "PYTHONPATH": str(self.generated),
            "UP42_OPENAPI": str(self.spec),
            # pytest cuts its summary at the width of the terminal.
            "COLUMNS": "1000",
        }
        return subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=self.root,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def type_errors(root: Path, mypy: subprocess.Popen[str]) -> list[Finding]:
    """Return the errors of mypy, each with the function that it's in.

    Raises:
        UpdateError: If mypy couldn't run.
    """
    text, _ = mypy.communicate()
    lines = text.splitlines()
    found = []
    for index, line in enumerate(lines):
        error = ERROR.match(line)
        if error is None:
            continue
        notes = itertools.takewhile(lambda each: ": note: " in each, lines[index + 1 :])
        file, number = root / error["file"], int(error["line"])
        source = file.read_text(encoding="utf-8").splitlines()[number - 1]
        function = function_at(file, number)
        names = identifiers("\n".join([error["text"], *notes, source]))
        place = f"{error['file']}:{number}" + (f" in {function}" if function else "")
        found.append(Finding(f"{place}: {error['text']}", names))
    if mypy.returncode and not found:
        raise UpdateError(f"mypy couldn't check facade and sandbox:\n{text}")
    return found


def gone(stored: Json, served: Json) -> tuple[str, ...]:
    """Return how contract tests end that need a removed operation. mypy knows if it's needed."""
    left = {label(method, path) for method, path, _, _ in operations(served)}
    return tuple(
        f"KeyError: {operation.get('operationId')!r}"
        for method, path, _, operation in operations(stored)
        if label(method, path) not in left
    )


def failures(
    pytest: subprocess.Popen[str], what: str, ignored: tuple[str, ...] = ()
) -> list[Finding]:
    """Return the tests that failed.

    Raises:
        UpdateError: If pytest couldn't run.
    """
    text, _ = pytest.communicate()
    failed = [match["text"] for match in map(FAILED.match, text.splitlines()) if match]
    if pytest.returncode and not failed:
        raise UpdateError(f"pytest couldn't run:\n{text}")
    return [
        Finding(f"{what}: {each}", identifiers(each) | {ANY_FIELD})
        for each in failed
        if not each.endswith(ignored)
    ]


def identifiers(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[A-Za-z_][\w-]*", text))


def function_at(file: Path, line: int) -> str:
    """Return the function around a line: `Job.status`."""
    names: list[str] = []

    def visit(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                visit(child)
            elif child.lineno <= line <= (child.end_lineno or 0):
                names.append(child.name)
                visit(child)

    visit(ast.parse(file.read_text(encoding="utf-8")))
    return ".".join(names)


def ruled(repository: Repository, document: Json, changes: list[Change]) -> Iterator[Finding]:
    """Yield what no tool sees: authentication, and values that are only strings for them."""
    opaque = read_by_libraries(document)
    for change in changes:
        names = frozenset({change.subject})
        if change.part.startswith(AUTHENTICATION):
            # The authentication of an operation goes with it.
            if " " not in change.owner or None not in (change.old, change.new):
                yield Finding(f"authenticate: {change}", names)
        elif change.old is not None and change.owner in opaque:
            yield Finding(f"pystac or geopandas read it: {change}", names)
        elif change.old == VALUE and change.new is None:
            value = change.part.removeprefix(f"{SERVER} ").strip('"')
            for place in literals(repository.facade, value):
                yield Finding(f"{place}: the value {value!r} is gone", names)


def literals(folder: Path, value: str) -> Iterator[str]:
    """Yield where a string is a literal in the code of a folder."""
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and node.value == value:
                yield f"{file.relative_to(folder.parent)}:{node.lineno}"


def reasons(change: Change, findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that a change explains."""
    return [finding for finding in findings if explains(change, finding)]


def explains(change: Change, finding: Finding) -> bool:
    if change.subject in finding.names:
        return True
    if " " in change.owner:
        status = change.part.removeprefix("response ")
        if status.isdigit():
            return f"{change.owner}: status {status} " in finding.text
        # An operation: its ID or parameter, as the document or the generator names it.
        name = change.part.rpartition(" ")[2] or (change.old or "").partition(" ")[0]
        return bool({name, str(PythonIdentifier(name, "field_"))} & finding.names)
    if change.old is None and change.new is not None and not change.new.endswith("required"):
        return False
    model = str(ClassName(change.owner, ""))
    if not {change.owner, model} & finding.names:
        return False
    field = change.part.rpartition(".")[2]
    is_named = bool({field, str(PythonIdentifier(field, "field_"))} & finding.names)
    return is_named or ANY_FIELD in finding.names or f"[{model}]" in finding.text


def for_contract_tests(document: Json, stored: Json) -> Json:
    """Return a document without differences that aren't about the sandbox's responses.

    Media types like `application/problem+json` are plain JSON, and operations have their old names.
    """
    text = re.sub(r'"application/[^"/]+\+json"', f'"{JSON}"', json.dumps(document))
    plain: Json = json.loads(text)
    for method, path, _, operation in operations(plain):
        known = stored["paths"][path][method]
        operation |= {key: known[key] for key in ("operationId", "tags") if key in known}
    return plain


def broken_calls(old: Path, new: Path) -> list[str]:
    """Return what breaks for direct users of the generated client, as griffe finds it."""
    before, after = (
        griffe.load(folder.name, search_paths=[folder.parent], allow_inspection=False)
        for folder in (old, new)
    )
    found = {
        f"{breakage.obj.path}: {breakage.kind.value}"
        for breakage in griffe.find_breaking_changes(before, after)
    }
    return sorted(found)
