"""The generated client is what the document gives, and the script that makes it says no."""

from __future__ import annotations

import copy
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import regenerate  # noqa: E402 - the scripts are no package
from updating import generating  # noqa: E402 - likewise
from updating.pointers import UpdateError  # noqa: E402 - likewise

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Small", "version": "1"},
    "paths": {
        "/things": {
            "get": {
                "operationId": "listThings",
                "tags": ["things"],
                "parameters": [
                    {
                        "name": "ids",
                        "in": "query",
                        "explode": False,
                        "schema": {"type": "array", "items": {"type": "string"}},
                    }
                ],
                "responses": {
                    "200": {
                        "description": "ok",
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}
                        },
                    }
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Thing": {
                "type": "object",
                "required": ["id", "part"],
                "properties": {
                    "id": {"type": "string"},
                    "part": {"$ref": "#/components/schemas/Part"},
                    "kinds": {"type": ["array"], "items": {"type": "string"}},
                    "choice": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
                    "fixed": {"type": "string", "enum": ["a"]},
                    "free": {},
                },
            },
            "Part": {
                "type": "object",
                "required": ["size"],
                "properties": {"size": {"type": "number"}},
            },
        }
    },
}


@pytest.fixture
def document() -> dict[str, Any]:
    return copy.deepcopy(DOCUMENT)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the client beside which the script works."""
    client = tmp_path / "generated" / "up42_client"
    shutil.copytree(regenerate.CLIENT, client, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(regenerate, "CLIENT", client)
    monkeypatch.setattr(regenerate, "ROOT", tmp_path)
    return client


def test_the_client_in_the_repository_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert regenerate.main(["--check"]) == 0
    assert "up to date" in capsys.readouterr().out


def test_differences_are_named(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "client.py").write_text("edited by hand")
    (tree / "extra.py").write_text("")
    (tree / "types.py").unlink()
    assert regenerate.main(["--check"]) == 1
    said = capsys.readouterr().err
    assert "changed: client.py" in said
    assert "not generated: extra.py" in said
    assert "missing: types.py" in said
    assert "make generate" in said


def test_writing_replaces_the_whole(tree: Path) -> None:
    (tree / "extra.py").write_text("")
    (tree / "types.py").unlink()
    assert regenerate.main([]) == 0
    assert not (tree / "extra.py").exists()
    assert not generating.differences(regenerate.ROOT / "generated/up42_client", tree)
    assert regenerate.main(["--check"]) == 0


def test_a_failing_generator_leaves_the_client_alone(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(yaml.safe_dump({**DOCUMENT, "openapi": "2.0"}))
    monkeypatch.setattr(regenerate, "SPEC", broken)
    before = generating.files(tree)
    assert regenerate.main([]) == 1
    assert "the generator failed" in capsys.readouterr().err
    assert generating.files(tree) == before


def test_what_is_sent_is_marked(document: dict[str, Any]) -> None:
    operation = document["paths"]["/things"]["get"]
    operation["requestBody"] = {
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Wish"}}}
    }
    wish = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}
    document["components"]["schemas"]["Wish"] = wish
    prepared = generating.prepare(document)["components"]["schemas"]
    assert prepared["Wish"] == {**wish, "x-sent": True}
    assert prepared["Thing"] == document["components"]["schemas"]["Thing"]


def test_a_schema_for_both_ways_is_refused(document: dict[str, Any]) -> None:
    operation = document["paths"]["/things"]["get"]
    operation["requestBody"] = {
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Part"}}}
    }
    with pytest.raises(UpdateError, match="'Part' is both sent and received"):
        generating.prepare(document)


def test_lists_in_another_form_are_refused(document: dict[str, Any]) -> None:
    del document["paths"]["/things"]["get"]["parameters"][0]["explode"]
    with pytest.raises(UpdateError, match="'ids' has no 'explode: false'"):
        generating.prepare(document)


def test_the_templates_say_why_they_exist() -> None:
    templates = list((generating.GENERATOR / "templates").iterdir())
    assert len(templates) == 9
    for template in templates:
        head = template.read_text().partition("#}")[0]
        assert "0.29.1" in head
        assert "Reason:" in head
        assert "Remove when:" in head
