"""A document in OpenAPI 3.0, in several files, as JSON or behind a URL is the same document."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.updating.mutations import EULA, operation
from tests.updating.tree import ROOT, Tree

Json = dict[str, Any]
SPEC = ROOT / "openapi" / "up42.yaml"


def split_up(document: Json, folder: Path) -> Path:
    """Write a document as several files that refer to each other."""
    root = copy.deepcopy(document)
    models = root["components"]["schemas"]
    (folder / "models").mkdir(parents=True)
    (folder / "paths").mkdir()
    # One model to a file, several in a file, and a path that refers back to the main file.
    write(folder / "models" / "eula.yaml", outside(models["Eula"]))
    models["Eula"] = {"$ref": "models/eula.yaml"}
    several = {"Link": outside(models["Link"]), "List": outside(models["JobRun"])}
    write(folder / "models" / "several.yaml", several)
    models["Link"] = {"$ref": "models/several.yaml#/Link"}
    models["JobRun"] = {"$ref": "models/several.yaml#/List"}
    write(folder / "models" / "problem.json", outside(models["Problem"]))
    models["Problem"] = {"$ref": "./models/problem.json"}
    write(folder / "paths" / "eula.yaml", outside(root["paths"][EULA]))
    root["paths"][EULA] = {"$ref": "paths/eula.yaml"}
    write(folder / "openapi.yaml", root)
    return folder / "openapi.yaml"


def outside(part: Any) -> Any:
    """Return a part as another file has to say it."""
    return json.loads(json.dumps(part).replace('"#/', '"../openapi.yaml#/'))


def write(path: Path, content: Any) -> None:
    text = json.dumps(content) if path.suffix == ".json" else yaml.safe_dump(content)
    path.write_text(text, encoding="utf-8")


def test_several_files_become_one(served: tuple[str, Path], document: Json) -> None:
    """From disk, and behind a URL."""
    from updating.command import load

    url, folder = served
    assert load(str(split_up(document, folder / "parts"))).value == document
    assert load(f"{url}/parts/openapi.yaml").value == document


def test_what_has_no_name_yet_gets_one(tmp_path: Path, document: Json) -> None:
    from updating.reading import Document

    changed = copy.deepcopy(document)
    found = operation(changed, EULA)["responses"]["200"]["content"]["application/json"]
    found["schema"] = {"$ref": "licence.yaml"}
    eula = {"type": "object", "properties": {"link": {"$ref": "parts.yaml#/Link"}}}
    write(tmp_path / "licence.yaml", eula)
    write(tmp_path / "parts.yaml", {"Link": {"type": "object", "properties": {}}})
    write(tmp_path / "openapi.yaml", changed)
    bundled = Document(str(tmp_path / "openapi.yaml"))
    models = bundled.value["components"]["schemas"]
    assert models["licence"]["properties"]["link"] == {"$ref": "#/components/schemas/Link2"}
    assert models["Link2"] == {"type": "object", "properties": {}}
    assert models["Link"] == document["components"]["schemas"]["Link"]
    place = bundled.place("/components/schemas/licence/properties/link")
    assert "licence.yaml:2 (/properties/link)" in place


def test_a_default_response_is_read_like_any_other(tmp_path: Path, document: Json) -> None:
    from updating.changes import compare
    from updating.command import load
    from updating.selecting import select

    changed = copy.deepcopy(document)
    content = {"application/json": {"schema": {"$ref": "fault.yaml"}}}
    added = {"description": "Anything else.", "content": content}
    operation(changed, EULA)["responses"]["default"] = added
    write(tmp_path / "fault.yaml", {"type": "object", "properties": {"code": {"type": "integer"}}})
    write(tmp_path / "openapi.yaml", changed)
    found, _ = select(load(str(tmp_path / "openapi.yaml")).value, document)
    assert [change.subject for change in compare(document, found)] == [
        f"GET {EULA}: response default",
        f"GET {EULA}: response default (application/json)",
        "fault",
        "fault.code",
    ]


@pytest.mark.parametrize("reference", ["missing.yaml", "eula.yaml#/Nothing", "/etc/hosts"])
def test_a_file_that_leads_nowhere(reference: str, tmp_path: Path, document: Json) -> None:
    from updating.command import load
    from updating.pointers import UpdateError

    path = split_up(document, tmp_path / "parts")
    eula = path.parent / "models" / "eula.yaml"
    eula.write_text(f"type: object\nproperties:\n  id: {{$ref: '{reference}'}}\n")
    with pytest.raises(UpdateError, match=r"eula\.yaml:3 \(/properties/id\)") as caught:
        load(str(path))
    assert reference in str(caught.value)


def test_a_file_elsewhere_is_not_fetched(served: tuple[str, Path], document: Json) -> None:
    from updating.command import load
    from updating.pointers import UpdateError

    url, folder = served
    changed = copy.deepcopy(document)
    changed["components"]["schemas"]["Eula"] = {"$ref": "https://example.com/eula.yaml"}
    write(folder / "openapi.yaml", changed)
    with pytest.raises(UpdateError, match="only relative references are followed"):
        load(f"{url}/openapi.yaml")


def downgraded(node: Any) -> Any:
    """Return a document as OpenAPI 3.0 says the same."""
    if isinstance(node, list):
        return [downgraded(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    found = {key: downgraded(value) for key, value in node.items()}
    if isinstance(found.get("type"), list):
        assert "null" in found["type"], f"3.0 can't say {node}"
        (found["type"],) = [each for each in found["type"] if each != "null"]
        found["nullable"] = True
    null = {"type": "null"}
    for union in ("anyOf", "oneOf"):
        if isinstance(found.get(union), list) and null in found[union]:
            found[union] = [member for member in found[union] if member != null]
            found["nullable"] = True
    if isinstance(found.get("examples"), list):
        (found["example"], *_) = found.pop("examples")
    return found


def test_nullable_of_3_0(document: Json) -> None:
    from updating.selecting import normalize

    models: Json = {
        "A": {
            "type": "object",
            "properties": {
                "plain": {"type": "string", "nullable": True, "example": "x"},
                "model": {"allOf": [{"$ref": "#/components/schemas/B"}], "nullable": True},
                "choice": {"oneOf": [{"type": "string"}, {"type": "integer"}], "nullable": True},
                "status": {"type": "string", "enum": ["a", "b"], "nullable": True},
                "size": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
                "nullable": {"type": "boolean", "nullable": False},
            },
        },
        "B": {"type": "object", "properties": {}},
    }
    old = {"openapi": "3.0.3", "paths": {}, "components": {"schemas": models}}
    before = copy.deepcopy(old)
    new = normalize(old)
    null = {"type": "null"}
    assert old == before
    assert new["openapi"].startswith("3.1")
    assert new["components"]["schemas"]["A"]["properties"] == {
        "plain": {"type": ["string", "null"], "examples": ["x"]},
        "model": {"anyOf": [{"$ref": "#/components/schemas/B"}, null]},
        "choice": {"oneOf": [{"type": "string"}, {"type": "integer"}, null]},
        "status": {"anyOf": [{"type": "string", "enum": ["a", "b"]}, null]},
        "size": {"type": "number", "exclusiveMinimum": 0},
        "nullable": {"type": "boolean"},
    }


def test_a_whole_document_in_3_0(tree: Tree, document: Json) -> None:
    """Where 3.0 can say what the document says, the same document comes out."""
    from updating.command import load

    wanted = copy.deepcopy(document)
    # In 3.0 nothing but null, or one of several types, can't be said: gone from both.
    wanted["paths"]["/oauth/token"]["post"]["responses"].pop("401")
    for model in wanted["components"]["schemas"].values():
        for name, field in model.get("properties", {}).items():
            types = field.get("type")
            if types == "null" or (isinstance(types, list) and len({*types, "null"}) > 2):
                model["properties"][name] = {"type": "string"}
    del wanted["info"]["summary"], wanted["info"]["license"]["identifier"]
    for model in wanted["components"]["schemas"].values():
        for field in model.get("properties", {}).values():
            if "examples" in field:
                field["examples"] = field["examples"][:1]
    old = {**downgraded(wanted), "openapi": "3.0.3"}
    found = load(str(tree.write(old, "old.json"))).value
    assert found == {**wanted, "openapi": "3.1.0"}


def test_a_fault_deep_in_a_3_0_document_is_found(tree: Tree, document: Json) -> None:
    from updating.command import load
    from updating.pointers import UpdateError

    text = SPEC.read_text().replace("openapi: 3.1.0", "openapi: 3.0.3")
    path = tree.root.parent / "new.yaml"
    path.write_text(text)
    line = next(i for i, one in enumerate(text.splitlines(), 1) if "schema: {type: 'null'}" in one)
    with pytest.raises(UpdateError) as caught:
        load(str(path))
    assert f"new.yaml:{line} (/paths/~1oauth~1token/post/responses/401/" in str(caught.value)
    assert "'null' is not one of" in str(caught.value)


def test_json_and_dates_and_numbers_as_keys(tmp_path: Path) -> None:
    from updating.reading import Source

    (tmp_path / "a.json").write_text('{\n\t"a": {"b": "2024-01-01"},\n\t"c": [1, true]\n}')
    source = Source(str(tmp_path / "a.json"))
    assert source.value == {"a": {"b": "2024-01-01"}, "c": [1, True]}
    assert "a.json:3 (/c/1)" in source.place("/c/1")
    (tmp_path / "a.yaml").write_text("200: 2024-01-01\nno: on\nyes: true\nn: [~, 1.5, '1', .inf]\n")
    assert Source(str(tmp_path / "a.yaml")).value == {
        "200": "2024-01-01",
        "no": "on",
        "yes": True,
        "n": [None, 1.5, "1", ".inf"],
    }


def test_an_alias_that_holds_itself(tmp_path: Path) -> None:
    from updating.pointers import UpdateError
    from updating.reading import Source

    (tmp_path / "a.yaml").write_text("a: &a\n  b: *a\n")
    with pytest.raises(UpdateError, match=r"a\.yaml:2 \(/a/b\)"):
        Source(str(tmp_path / "a.yaml"))
