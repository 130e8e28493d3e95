"""A document that can't be used is refused with file, line, and path, and nothing is changed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.updating.mutations import operation, schema
from tests.updating.tree import ROOT, Tree

Json = dict[str, Any]
TEXT = (ROOT / "openapi" / "up42.yaml").read_text(encoding="utf-8")


def line_of(text: str, part: str, number: int = 1) -> int:
    """Return the line of the n-th occurrence of a string."""
    return [i for i, line in enumerate(text.splitlines(), 1) if part in line][number - 1]


def refused(tree: Tree, spec: Path | str) -> str:
    """Update a tree, expect that it is refused and left alone; return the reason."""
    from updating import command
    from updating.pointers import UpdateError

    before = tree.state()
    with pytest.raises(UpdateError) as caught:
        command.run(tree.root, str(spec))
    assert tree.state() == before
    return str(caught.value)


def written(tree: Tree, text: str) -> Path:
    path = tree.root.parent / "new.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_broken_yaml(tree: Tree) -> None:
    text = TEXT.replace("  title: UP42 facade contract", "  title: [UP42 facade contract", 1)
    reason = refused(tree, written(tree, text))
    assert "new.yaml:4: invalid YAML or JSON: " in reason


def test_a_key_twice(tree: Tree) -> None:
    text = TEXT.replace("      operationId: getEula", "      operationId: a\n      operationId: b")
    line = line_of(text, "operationId: b")
    reason = refused(tree, written(tree, text))
    assert f"new.yaml:{line} (/paths/~1v2~1eulas~1{{eulaId}}/get/operationId)" in reason
    assert f"is already in line {line - 1}" in reason


def test_a_dangling_reference(tree: Tree) -> None:
    text = TEXT.replace("{$ref: '#/components/schemas/Eula'}", "{$ref: '#/components/schemas/No'}")
    line = line_of(text, "schemas/No'")
    reason = refused(tree, written(tree, text))
    assert f"new.yaml:{line} (/paths/~1v2~1eulas" in reason
    assert "$ref '#/components/schemas/No' leads nowhere" in reason


@pytest.mark.parametrize("name", ["getProcess", "get-process"])
def test_a_doubled_operation_id(name: str, tree: Tree) -> None:
    """Also one that is the same in Python, where it names a module."""
    text = TEXT.replace("operationId: getEula", f"operationId: {name}")
    reason = refused(tree, written(tree, text))
    line = line_of(text, f"operationId: {name}", 3 if name == "getProcess" else 1)
    assert f"new.yaml:{line} (/paths/~1v2~1eulas~1{{eulaId}}/get/operationId): " in reason
    assert f"{name!r} is already used in /paths/~1v2~1processing~1processes" in reason


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
    lines = [line.strip() for line in path.read_text().splitlines()]
    assert f"new.yaml:{lines.index('type: bool') + 1} " in reason


def test_a_content_type_that_the_generator_does_not_know(tree: Tree, document: Json) -> None:
    changed = copy.deepcopy(document)
    owner = operation(changed, "/v2/assets/stac/search", "post")["requestBody"]
    owner["content"] = {"application/xml": next(iter(owner["content"].values()))}
    reason = refused(tree, tree.write(changed))
    assert "the generator failed" in reason
    assert "application/xml" in reason
    assert "/v2/assets/stac/search" in reason


def test_a_patch_is_applied_and_has_to_apply(tree: Tree, document: Json) -> None:
    from updating.command import load

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
    assert load(str(tree.write(changed)), patches).value == document
    reason = refused(tree, tree.write(document))
    assert "patches.yaml:2 (/patches/0): the patch no longer applies" in reason
    assert "It is a boolean." in reason
    patches.write_text(yaml.safe_dump({"patches": [{**entry, "steps": steps[1:]}]}))
    assert "it changes nothing" in refused(tree, tree.write(document))
    patches.write_text(yaml.safe_dump({"patches": [{"steps": steps}]}))
    assert "expected a 'reason'" in refused(tree, tree.write(document))


def test_a_published_defect_can_be_patched(tree: Tree, document: Json) -> None:
    """As in the document that UP42 published in 2021."""
    from updating import command

    changed = copy.deepcopy(document)
    limit = changed["components"]["parameters"]["StacLimit"]["schema"]
    limit["default"] = "0"
    spec = tree.write(changed)
    line = line_of(spec.read_text(), "default: '0'")
    reason = refused(tree, spec)
    assert f"new.yaml:{line} (/components/parameters/StacLimit/schema/default)" in reason
    path = "/components/parameters/StacLimit/schema/default"
    entry = {"reason": "It's a number.", "steps": [{"op": "remove", "path": path}]}
    patches = tree.root / "openapi" / "patches.yaml"
    patches.write_text(yaml.safe_dump({"patches": [entry]}))
    command.run(tree.root, str(spec), dry_run=True)


def test_two_models_of_one_name_in_python_are_refused(tree: Tree, document: Json) -> None:
    changed = copy.deepcopy(document)
    changed["components"]["schemas"]["eula"] = {"type": "object", "properties": {}}
    schema(changed, "Link")["properties"]["a"] = {"$ref": "#/components/schemas/eula"}
    reason = refused(tree, tree.write(changed))
    assert "the generator failed" in reason
    assert "/components/schemas/eula" in reason
    assert "Traceback" not in reason


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("paths"),
        lambda d: d["components"]["schemas"].update(Eula=True),
        lambda d: operation(d, "/v2/eulas/{eulaId}").update(security=[{"nothing": []}]),
        lambda d: schema(d, "Eula").update(allOf=[{"$ref": "#/components/schemas/Eula"}]),
        lambda d: d["components"]["schemas"].update(Eula={"$ref": "#/components/schemas/Eula"}),
        lambda d: schema(d, "Eula")["properties"].update(a={"enum": [{"a": 1}, {"a": 2}]}),
        lambda d: schema(d, "Eula")["properties"].update(a={"$ref": "#/components"}),
    ],
)
def test_odd_documents_end_in_no_traceback(
    change: Callable[[Json], object], tree: Tree, document: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    from updating import command, judges
    from updating.pointers import UpdateError

    changed = copy.deepcopy(document)
    change(changed)
    # Those that can be generated are left to the judges.
    monkeypatch.setattr(judges, "judge", lambda *arguments: [judges.Finding("no")])
    with pytest.raises(UpdateError):
        command.run(tree.root, str(tree.write(changed)), dry_run=True)


@pytest.mark.parametrize("location", ["missing.yaml", "http://127.0.0.1:9/openapi.yaml"])
def test_a_document_that_can_not_be_read(location: str, tree: Tree) -> None:
    assert location in refused(tree, location)
