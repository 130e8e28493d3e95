"""Whether facade and sandbox fit a new document: existing tools decide."""

from __future__ import annotations

import ast
import copy
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import griffe
from openapi_python_client.strings import ClassName, PythonIdentifier

from updating.changes import AUTHENTICATION, SERVER, VALUE, Change
from updating.generating import CLIENT, files, read_by_libraries
from updating.pointers import Json, UpdateError, operations

FAILED = re.compile(r"^(?:FAILED|ERROR) (?:\S+ - AssertionError: )?(?P<text>.*)$", re.MULTILINE)
# What the facade does most, over real sockets.
FACADE_TESTS = (
    "tests/facade/test_jobs.py",
    "tests/facade/test_processes.py",
    "tests/facade/test_stac.py",
    "tests/analytics/test_job.py",
)
CONTRACT_TESTS = ("tests/contract/test_good_requests.py", "tests/contract/test_bad_requests.py")
# It has a cache of its own, as the usual one is about the current client.
MYPY = (
    "mypy", "--output", "json", "--cache-dir", ".mypy_cache/update", "up42_facade", "up42_sandbox",
)  # fmt: skip
PYTEST = (
    "pytest", "-q", "-rfE", "--tb=no", "-p", "no:cacheprovider",
    "-k", "not test_every_operation_has_a_recipe",
)  # fmt: skip
JSON = "application/json"
# Contract tests name the schema, and a field only by chance.
ANY_FIELD = "*"


@dataclass(frozen=True)
class Finding:
    """A reason why the facade or the sandbox doesn't fit the new document.

    Attributes:
        text: The reason, and its place.
        names: Names in it by which it's attributed to changes, as Python and JSON spell them.
    """

    text: str
    names: frozenset[str] = frozenset()


def judge(
    root: Path, stored: Json, served: Json, fresh: Path, changes: list[Change], folder: Path
) -> list[Finding]:
    """Return why facade and sandbox don't fit a new document; nothing if they do.

    Args:
        root: The repository.
        stored: The current document.
        served: The new document, with the operations that the sandbox serves.
        fresh: Folder of the new client.
        changes: Differences between the documents.
        folder: Folder for temporary files.

    Raises:
        UpdateError: If a tool couldn't run.
    """
    client = folder / "judged" / fresh.name
    shutil.copytree(fresh, client)
    for name in files(root / CLIENT).keys() - files(fresh).keys():
        # An empty module: otherwise, Python and mypy would find the one that is installed.
        client.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
        client.joinpath(name).touch()
    spec = folder / "served.json"
    spec.write_text(json.dumps(for_contract_tests(served, stored)), encoding="utf-8")
    # Both take about as long: they run at the same time.
    new = (root, client.parent, spec)
    with start(*new, *MYPY) as mypy, start(*new, *PYTEST, *CONTRACT_TESTS) as contract:
        found = [
            *ruled(root, stored, changes),
            *type_errors(root, mypy),
            *failures(contract, "the sandbox doesn't fit"),
        ]
    if not found:
        with start(*new, *PYTEST, *FACADE_TESTS) as tests:
            found = failures(tests, "the facade doesn't work with the new client")
    return list(dict.fromkeys(found))


def start(root: Path, generated: Path, spec: Path, *command: str) -> subprocess.Popen[str]:
    """Start a tool with the new client in a folder, and the new document for contract tests."""
    environment = {
        **os.environ,
        "MYPYPATH": str(generated),
        "PYTHONPATH": str(generated),
        "UP42_OPENAPI": str(spec),
        # pytest cuts its summary at the width of the terminal.
        "COLUMNS": "1000",
    }
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def type_errors(root: Path, mypy: subprocess.Popen[str]) -> list[Finding]:
    """Return the errors of mypy, each with the function that it's in."""
    text, _ = mypy.communicate()
    found = []
    for error in (json.loads(line) for line in text.splitlines() if line.startswith("{")):
        source = (root / error["file"]).read_text(encoding="utf-8")
        function = function_at(source, error["line"])
        place = f"{error['file']}:{error['line']}" + (f" in {function}" if function else "")
        code = source.splitlines()[error["line"] - 1]
        names = identifiers(f"{error['message']} {error['hint']} {code}")
        found.append(Finding(f"{place}: {error['message']}  [{error['code']}]", names))
    if mypy.returncode and not found:
        raise UpdateError(f"mypy couldn't check facade and sandbox:\n{text}")
    return found


def failures(pytest: subprocess.Popen[str], what: str) -> list[Finding]:
    """Return the tests that failed."""
    text, _ = pytest.communicate()
    failed = FAILED.findall(text)
    if pytest.returncode and not failed:
        raise UpdateError(f"pytest couldn't run:\n{text}")
    return [Finding(f"{what}: {each}", identifiers(each) | {ANY_FIELD}) for each in failed]


def identifiers(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[A-Za-z_][\w-]*", text))


def function_at(source: str, line: int) -> str:
    """Return the function around a line: `Job.status`."""
    around = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.lineno <= line <= (node.end_lineno or 0)
    ]
    return ".".join(node.name for node in sorted(around, key=lambda node: node.lineno))


def ruled(root: Path, document: Json, changes: list[Change]) -> Iterator[Finding]:
    """Yield what no tool sees: authentication, and values that are only strings for them."""
    opaque = read_by_libraries(document)
    for change in changes:
        names, part = frozenset({change.subject}), change.part or ""
        if part.startswith(AUTHENTICATION):
            # The authentication of an operation goes with it.
            if " " not in change.owner or None not in (change.old, change.new):
                yield Finding(f"authenticate: {change}", names)
        elif change.old is not None and change.owner in opaque:
            yield Finding(f"pystac or geopandas read it: {change}", names)
        elif change.old == VALUE and change.new is None:
            value = part.removeprefix(f"{SERVER} ").strip('"')
            for place in literals(root / "up42_facade", value):
                yield Finding(f"{place}: the value {value!r} is gone", names)


def literals(folder: Path, value: str) -> Iterator[str]:
    """Yield where a string is a literal in the code of a folder."""
    for file in sorted(folder.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if value in text else ():
            if isinstance(node, ast.Constant) and node.value == value:
                yield f"{file.relative_to(folder.parent)}:{node.lineno}"


def explains(change: Change, finding: Finding) -> bool:
    """Return whether a change is a reason for a finding."""
    if change.subject in finding.names:
        return True
    part = change.part or ""
    if " " in change.owner:
        status = part.removeprefix("response ")
        if status.isdigit():
            return f"{change.owner}: status {status} " in finding.text
        # An operation: its ID or parameter, as the document or the generator names it.
        name = part.rpartition(" ")[2] or (change.old or "").partition(" ")[0]
        return is_named(name, finding)
    if change.old is None and not str(change.new).endswith("required"):
        return False
    model = str(ClassName(change.owner, ""))
    if not {change.owner, model} & finding.names:
        return False
    field = part.rpartition(".")[2]
    return is_named(field, finding) or ANY_FIELD in finding.names or f"[{model}]" in finding.text


def is_named(name: str, finding: Finding) -> bool:
    """Return whether a finding has a name, as the document or the generator spells it."""
    return bool({name, str(PythonIdentifier(name, "field_"))} & finding.names)


def for_contract_tests(document: Json, stored: Json) -> Json:
    """Return a document without differences that aren't about the sandbox's responses.

    Operations have their old names, and those that are gone are those of the stored document, as
    mypy knows if they are needed. Media types like `application/problem+json` are plain JSON.
    """
    both = copy.deepcopy(document)
    for section, entries in stored["components"].items():
        components = both.setdefault("components", {})
        components[section] = {**entries, **components.get(section, {})}
    for method, path, item, operation in operations(stored):
        names = {key: operation[key] for key in ("operationId", "tags") if key in operation}
        present = both["paths"].setdefault(path, {"parameters": item.get("parameters", [])})
        present[method] = {**(present.get(method) or operation), **names}
    text = re.sub(r'"application/[^"/]+\+json"', f'"{JSON}"', json.dumps(both))
    plain: Json = json.loads(text)
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
