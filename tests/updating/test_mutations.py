"""Every mutation of the document gets the right class and leaves a consistent tree."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.updating.mutations import BY_NAME, MUTATIONS, Mutation
from tests.updating.tree import Tree

Seen = dict[str, Any]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch, answers: list[Any]) -> Seen:
    """What the command found; mypy is left out here, it has tests of its own."""
    from updating import command, trees

    found: Seen = {}
    generate = command.generated

    def generated(text: bytes, folder: Path) -> Path:
        package = generate(text, folder)
        found["text"] = text
        found["files"] = {name: (package / name).read_bytes() for name in trees.files(package)}
        return package

    monkeypatch.setattr(command, "generated", generated)
    monkeypatch.setattr(command, "record", lambda document: answers)
    monkeypatch.setattr(command, "new_type_errors", lambda repository, fresh: [])
    monkeypatch.setattr(command, "publish", lambda report, options: found.update(report=report))
    return found


def update(tree: Tree, document: Any, mutation: Mutation) -> None:
    from updating import command
    from updating.repository import Repository

    selection = tree.root / "openapi" / "selection.yaml"
    listed = yaml.safe_load(selection.read_text())
    listed["operations"] += mutation.select
    selection.write_text(yaml.safe_dump(listed))
    changed = copy.deepcopy(document)
    mutation.apply(changed)
    command.run(Repository(tree.root), command.Options(str(tree.write(changed))))


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.name)
def test_the_report_has_the_right_class_and_the_tree_is_consistent(
    mutation: Mutation, tree: Tree, document: dict[str, Any], seen: Seen
) -> None:
    from updating import trees
    from updating.errors import UpdateError

    before = tree.state()
    breaks_facade = any(facade for _, (_, facade, _) in mutation.expected)
    if breaks_facade:
        with pytest.raises(UpdateError, match="the facade would stop working"):
            update(tree, document, mutation)
    else:
        update(tree, document, mutation)
    report = seen["report"]
    found = Counter((str(each.change.kind), each.classes) for each in report.judged)
    assert found == Counter(mutation.expected), report.text()
    broken = [f".{method}" for method in report.broken_methods]
    for method in mutation.methods:
        assert any(name.endswith(f".{method}") for name in broken), report.text()
    after = tree.state()
    if breaks_facade or not mutation.expected:
        assert {**after, "openapi/selection.yaml": ""} == {**before, "openapi/selection.yaml": ""}
        return
    client = tree.root / "generated" / "up42_client"
    assert tree.spec.read_bytes() == seen["text"]
    assert {name: (client / name).read_bytes() for name in trees.files(client)} == seen["files"]
    assert not [name for name in after if Path(name).name.startswith(".")]


def test_an_operation_that_is_not_selected_is_named(
    tree: Tree, document: dict[str, Any], seen: Seen
) -> None:
    update(tree, document, BY_NAME["operation added, not selected"])
    assert seen["report"].left_out == ("GET /v2/eulas",)
    assert "Nothing to report" in seen["report"].text()


def test_a_change_of_texts_alone_changes_no_code(
    tree: Tree, document: dict[str, Any], seen: Seen
) -> None:
    client = tree.root / "generated" / "up42_client"
    before = {path: without_texts(path) for path in sorted(client.rglob("*.py"))}
    update(tree, document, BY_NAME["description only"])
    assert {path: without_texts(path) for path in sorted(client.rglob("*.py"))} == before
    assert seen["report"].count("callers") == 0


def without_texts(path: Path) -> str:
    """Return a module's code without docstrings."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = ""
    return ast.dump(tree)


def test_there_are_enough_of_them() -> None:
    assert len(MUTATIONS) >= 25
    assert len(BY_NAME) == len(MUTATIONS)
