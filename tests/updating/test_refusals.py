"""What can't be taken over is refused, with file, line and path, and nothing is touched."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.updating.mutations import EULA, JOBS, move_path, operation, remove_parameter, schema
from tests.updating.tree import ROOT, Tree

Json = dict[str, Any]
TEXT = (ROOT / "openapi" / "up42.yaml").read_text(encoding="utf-8")


def line_of(text: str, part: str, number: int = 1) -> int:
    """Return the line in which a part of a text stands for the n-th time."""
    return [i for i, line in enumerate(text.splitlines(), 1) if part in line][number - 1]


def refused(tree: Tree, spec: Path | str) -> str:
    """Update a tree, expect that it is refused and left alone; return the reason."""
    from updating import command
    from updating.errors import UpdateError
    from updating.repository import Repository

    before = tree.state()
    with pytest.raises(UpdateError) as caught:
        command.run(Repository(tree.root), command.Options(str(spec)))
    assert tree.state() == before
    return str(caught.value)


def written(tree: Tree, text: str) -> Path:
    path = tree.root.parent / "new.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_broken_yaml(tree: Tree) -> None:
    text = TEXT.replace("  title: UP42 facade contract", "  title: [UP42 facade contract", 1)
    reason = refused(tree, written(tree, text))
    assert "new.yaml:4: no YAML or JSON: " in reason


def test_a_key_twice(tree: Tree) -> None:
    text = TEXT.replace("      operationId: getEula", "      operationId: a\n      operationId: b")
    line = line_of(text, "operationId: b")
    reason = refused(tree, written(tree, text))
    assert f"new.yaml:{line} (/paths/~1v2~1eulas~1{{eulaId}}/get/operationId)" in reason
    assert f"stands in line {line - 1} already" in reason


def test_a_dangling_reference(tree: Tree) -> None:
    text = TEXT.replace("{$ref: '#/components/schemas/Eula'}", "{$ref: '#/components/schemas/No'}")
    line = line_of(text, "schemas/No'")
    reason = refused(tree, written(tree, text))
    assert f"new.yaml:{line} (/paths/~1v2~1eulas" in reason
    assert "leads nowhere: there is no 'No'" in reason


def test_a_doubled_operation_id(tree: Tree) -> None:
    text = TEXT.replace("operationId: getEula", "operationId: getProcess")
    reason = refused(tree, written(tree, text))
    first, second = (line_of(text, "operationId: getProcess\n"[:-1], n) for n in (1, 3))
    assert f"new.yaml:{second} " in reason
    assert f"new.yaml:{first} " in reason
    assert "operationId 'getProcess' is used in" in reason


def test_something_that_is_no_openapi(tree: Tree) -> None:
    key = "      operationId: getEula"
    text = TEXT.replace(key, f"{key}\n      deprecated: perhaps")
    line = line_of(text, "deprecated: perhaps")
    reason = refused(tree, written(tree, text))
    assert f"new.yaml:{line} (/paths/~1v2~1eulas~1{{eulaId}}/get/deprecated)" in reason
    swagger = TEXT.replace("openapi: 3.1.0", "swagger: '2.0'")
    assert "expected '3.0.x' or '3.1.x'" in refused(tree, written(tree, swagger))
    assert ":1:" in refused(tree, written(tree, "- a list\n"))


def test_a_type_that_does_not_exist(tree: Tree, document: Json) -> None:
    changed = copy.deepcopy(document)
    schema(changed, "Eula")["properties"]["isAccepted"]["type"] = "bool"
    path = tree.write(changed)
    reason = refused(tree, path)
    assert "/components/schemas/Eula/properties/isAccepted/type" in reason
    assert f"new.yaml:{line_of(path.read_text(), 'type: bool')} " in reason


@pytest.mark.parametrize("where", ["request", "response"])
def test_a_content_type_that_the_generator_does_not_know(
    where: str, tree: Tree, document: Json
) -> None:
    changed = copy.deepcopy(document)
    found = operation(changed, "/v2/assets/stac/search", "post")
    owner = found["requestBody"] if where == "request" else found["responses"]["200"]
    owner["content"] = {"application/xml": next(iter(owner["content"].values()))}
    reason = refused(tree, tree.write(changed))
    assert "the generator failed" in reason
    assert "application/xml" in reason
    assert "/v2/assets/stac/search" in reason


REMOVALS: dict[str, Callable[[Json], object]] = {
    "removed": lambda d: d["paths"].pop(EULA),
    "moved": move_path,
}


@pytest.mark.parametrize("name", REMOVALS)
def test_an_operation_that_is_gone(name: str, tree: Tree, document: Json) -> None:
    changed = copy.deepcopy(document)
    REMOVALS[name](changed)
    reason = refused(tree, tree.write(changed))
    line = line_of((tree.root / "openapi" / "selection.yaml").read_text(), f"GET {EULA}")
    assert f"selection.yaml:{line} (/operations/" in reason
    assert f"the document has no 'GET {EULA}'" in reason
    assert ("'GET /v3/eulas/{eulaId}'" in reason) == (name == "moved")
    assert "Process.is_eula_accepted" in reason


def test_an_operation_that_is_gone_for_good(
    tree: Tree, document: Json, monkeypatch: pytest.MonkeyPatch, answers: list[Any]
) -> None:
    """Taken from the selection too, it shows as removed, with everything that breaks."""
    from updating import command
    from updating.errors import UpdateError
    from updating.repository import Repository

    selection = tree.root / "openapi" / "selection.yaml"
    selection.write_text(selection.read_text().replace(f"  - GET {EULA}\n", ""))
    changed = copy.deepcopy(document)
    REMOVALS["removed"](changed)
    found: dict[str, Any] = {}
    monkeypatch.setattr(command, "record", lambda document: answers)
    monkeypatch.setattr(command, "new_type_errors", lambda repository, fresh: [])
    monkeypatch.setattr(command, "publish", lambda report, options: found.update(report=report))
    with pytest.raises(UpdateError, match=r"Process\.is_eula_accepted"):
        command.run(Repository(tree.root), command.Options(str(tree.write(changed))))
    classes = {str(each.change.kind): each.classes for each in found["report"].judged}
    assert classes["operation removed"] == (True, True, True)
    assert classes["model removed"][0]


def test_a_patch_is_applied_and_has_to_apply(tree: Tree, document: Json) -> None:
    from updating.errors import UpdateError
    from updating.patching import Patches

    path = "/components/schemas/Eula/properties/isAccepted/type"
    steps = [
        {"op": "test", "path": path, "value": "string"},
        {"op": "replace", "path": path, "value": "boolean"},
    ]
    patches = tree.root / "openapi" / "patches.yaml"
    entry = {"reason": "It is a boolean.", "steps": steps}
    patches.write_text(yaml.safe_dump({"patches": [entry]}))
    changed = copy.deepcopy(document)
    schema(changed, "Eula")["properties"]["isAccepted"]["type"] = "string"
    assert Patches(patches).apply(changed) == document
    reason = refused(tree, tree.write(document))
    assert "patches.yaml:2 (/patches/0): the patch no longer applies" in reason
    assert "It is a boolean." in reason
    patches.write_text(yaml.safe_dump({"patches": [{**entry, "steps": steps[1:]}]}))
    assert "it changes nothing" in refused(tree, tree.write(document))
    patches.write_text(yaml.safe_dump({"patches": [{"steps": steps}]}))
    with pytest.raises(UpdateError, match="expected a 'reason'"):
        Patches(patches)


def test_type_errors_stop_the_update(
    tree: Tree, document: Json, answers: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from updating import command

    changed = copy.deepcopy(document)
    schema(changed, "Eula")["properties"]["language"] = {"type": "string"}
    monkeypatch.setattr(command, "record", lambda document: answers)
    monkeypatch.setattr(command, "new_type_errors", lambda repository, fresh: ["a.py:1: error: x"])
    assert "with the new client: 1" in refused(tree, tree.write(changed))


def test_what_the_facade_does_not_survive_can_be_accepted(
    tree: Tree, document: Json, answers: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from updating import command
    from updating.repository import Repository

    changed = copy.deepcopy(document)
    remove_parameter(changed, "sort")
    spec = tree.write(changed)
    monkeypatch.setattr(command, "record", lambda document: answers)
    monkeypatch.setattr(command, "new_type_errors", lambda repository, fresh: [])
    assert "Job.all" in refused(tree, spec)
    options = command.Options(str(spec), accept_breaking=True)
    assert command.run(Repository(tree.root), options) == 0
    assert command.load(str(tree.spec)) == changed
    assert JOBS in tree.spec.read_text()


@pytest.mark.parametrize("location", ["missing.yaml", "http://127.0.0.1:9/openapi.yaml"])
def test_a_document_that_can_not_be_read(location: str, tree: Tree) -> None:
    assert location in refused(tree, location)
