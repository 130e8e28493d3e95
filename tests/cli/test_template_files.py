"""Templates from CSV and GeoJSON, and inputs from texts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import up42_facade as up42
from tests.cli.conftest import TREES
from up42_sandbox import Fault, Sandbox

CHANGE = "detection-change-simularity"
Read = Callable[..., list[Any]]
Problems = Callable[..., list[tuple[int | None, str | None]]]


@pytest.fixture
def read(session: up42.Session, tmp_path: Path) -> Read:
    """Write a file and read it."""

    def go(content: str | bytes, suffix: str = ".csv") -> list[Any]:
        path = tmp_path / f"campaign{suffix}"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return up42.read_templates(path, session)

    return go


@pytest.fixture
def problems(read: Read) -> Problems:
    """Return where a file is wrong."""

    def go(content: str | bytes, suffix: str = ".csv") -> list[tuple[int | None, str | None]]:
        with pytest.raises(up42.TemplateFileError) as raised:
            read(content, suffix)
        assert str(raised.value.path) in str(raised.value)
        return [(problem.line, problem.column) for problem in raised.value.row_errors]

    return go


def collection(*properties: Any) -> str:
    features = [{"type": "Feature", "geometry": None, "properties": p} for p in properties]
    return json.dumps({"type": "FeatureCollection", "features": features})


def test_csv(read: Read, sandbox: Sandbox) -> None:
    item, later = sandbox.item_url(), sandbox.item_url("spot-berlin-later")
    trees, change = read(
        "process,title,item,sourceItem,referenceItem,sensitivity\n"
        f'{TREES},"Trees, all",{item},,,\n'
        "\n"
        f"{CHANGE},2024,,{item},{later},3\n"
    )
    assert (trees.process_id, trees.inputs) == (TREES, {"title": "Trees, all", "item": item})
    expected = {"title": "2024", "sourceItem": item, "referenceItem": later, "sensitivity": 3}
    assert (change.process_id, change.inputs) == (CHANGE, expected)
    assert trees.is_valid
    assert change.is_valid


def test_spreadsheets_of_some_countries(read: Read, sandbox: Sandbox) -> None:
    text = f"process;title;item\r\n{TREES};Bäume;{sandbox.item_url()}\r\n"
    (template,) = read(b"\xef\xbb\xbf" + text.encode())
    assert template.inputs["title"] == "Bäume"


def test_lines_and_spaces_that_mean_nothing(read: Read, sandbox: Sandbox) -> None:
    workspace = sandbox.other_workspace_id
    row = f"{TREES};T;{sandbox.item_url()}; {workspace} "
    (template,) = read(f"\r\n ;\r\nprocess;title;item;workspace_id\r\n{row}\r\n;;;\r\n")
    assert template.workspace_id == workspace
    given = {"process": TREES, "title": "T", "item": sandbox.item_url()}
    (feature,) = read(collection({**given, "workspace_id": f"{workspace} "}), ".geojson")
    assert feature.workspace_id == workspace


def test_geojson(read: Read, sandbox: Sandbox) -> None:
    item, later = sandbox.item_url(), sandbox.item_url("spot-berlin-later")
    trees = {"process": TREES, "title": "Trees", "item": item, "sensitivity": None}
    change = {
        "process": CHANGE, "title": "C", "sourceItem": item, "referenceItem": later,
        "sensitivity": 3, "workspace_id": sandbox.other_workspace_id,
    }  # fmt: skip
    for suffix in (".geojson", ".json", ".GeoJSON"):
        first, second = read(collection(trees, change), suffix)
        assert first.inputs == {"title": "Trees", "item": item}
        assert second.inputs["sensitivity"] == 3
        assert second.workspace_id == sandbox.other_workspace_id


def test_each_process_is_asked_for_once(read: Read, sandbox: Sandbox) -> None:
    row = f"{TREES},T,{sandbox.item_url()}\n"
    read("process,title,item\n" + row * 20)
    assert sum("processes" in request.path for request in sandbox.requests) == 1


def test_all_problems_at_once(problems: Problems, sandbox: Sandbox) -> None:
    item = sandbox.item_url()
    assert problems(
        "process,title,item,sourceItem,referenceItem,sensitivity\n"
        f"{TREES},T,{item},,,\n"
        f"detection-tree-spacept,T,{item},,,\n"
        f",T,{item},,,\n"
        f"{TREES},,,,,\n"
        f"{TREES},T,https://example.com/x,,,3\n"
        f"{CHANGE},T,,{item},{item},9\n"
        "short,row\n"
        f'{TREES},"two\nlines",{item},,,3\n'
    ) == [
        (3, "process"), (4, "process"), (5, "title"), (5, "item"), (6, "item"),
        (6, "sensitivity"), (7, "sensitivity"), (8, None), (9, "sensitivity"),
    ]  # fmt: skip


def test_problems_of_features(problems: Problems, sandbox: Sandbox) -> None:
    item = sandbox.item_url()
    content = json.loads(
        collection(
            {"process": TREES, "title": "T", "item": 5},
            None,
            {"process": 7},
            {"process": TREES, "title": "T", "item": item, "workspace_id": 3},
            {"process": TREES, "title": "T", "item": item, "colour": "red"},
        )
    )
    content["features"] += ["nonsense", {"properties": {"process": ".."}}]
    expected = [(1, "item"), (2, None), (3, "process"), (4, "workspace_id"), (5, "colour")]
    assert problems(json.dumps(content), ".geojson") == [*expected, (6, None), (7, "process")]


@pytest.mark.parametrize(
    ("content", "suffix", "expected"),
    [
        ("", ".csv", (None, None)),
        ("process,title,item\n", ".csv", (None, None)),
        ("title,item\nT,x\n", ".csv", (1, None)),
        ("process,title,title\na,b,c\n", ".csv", (1, "title")),
        ('process,title\na,"open\n', ".csv", (2, None)),
        ("process,title\na\0,b\n", ".csv", (2, "process")),
        (b"process,title\n\xff\xfe,x\n", ".csv", (None, None)),
        ("{", ".geojson", (None, None)),
        ("[" * 100_000, ".geojson", (None, None)),
        ("[]", ".geojson", (None, None)),
        ('{"type": "FeatureCollection"}', ".json", (None, None)),
        ('{"type": "FeatureCollection", "features": []}', ".json", (None, None)),
        ("process", ".xlsx", (None, None)),
    ],
)
def test_files_that_are_no_tables(
    problems: Problems, content: str | bytes, suffix: str, expected: tuple[int | None, str | None]
) -> None:
    assert problems(content, suffix)[0] == expected


def test_a_file_that_is_not_there(session: up42.Session, tmp_path: Path) -> None:
    for path in (tmp_path / "no.csv", tmp_path):
        with pytest.raises(up42.TemplateFileError):
            up42.read_templates(path, session)


def test_many_problems_are_counted(problems: Problems, read: Read) -> None:
    content = "process,title\n" + ",T\n" * 60
    assert len(problems(content)) == 60
    with pytest.raises(up42.TemplateFileError, match="and 10 more"):
        read(content)


@pytest.mark.parametrize(
    ("text", "schema", "expected"),
    [
        ("3", {"type": "integer"}, 3),
        ("3", {"type": "string"}, "3"),
        ("3", {}, 3),
        ('"3"', {"type": "string"}, "3"),
        ("true", {}, True),
        ("null", {"type": "string"}, "null"),
        ("NaN", {}, "NaN"),
        ("[1, 2]", {"type": "array"}, [1, 2]),
        ("{broken", {}, "{broken"),
        ("", {}, ""),
        ("http://a http://b", {"type": "string", "format": "uri"}, ["http://a", "http://b"]),
        ("http://a", {"type": "array", "items": {"format": "uri"}}, ["http://a"]),
        ("http://a b", {"type": "string"}, "http://a b"),
        ("[" * 100_000, {}, "[" * 100_000),
    ],
)
def test_strings(text: str, schema: dict[str, Any], expected: Any) -> None:
    process = up42.Process("odd", inputs={"value": {"schema": schema}})
    assert up42.parse_inputs(process, {"value": text}) == {"value": expected}


def test_a_process_without_described_inputs_takes_any(
    sandbox: Sandbox, session: up42.Session
) -> None:
    (listed,) = [process for process in up42.Process.all(session=session) if process.id == CHANGE]
    assert listed.inputs == {}
    assert up42.parse_inputs(listed, {"sensitivity": "4"}) == {"sensitivity": 4}
    body = '{"id": "odd"}'
    sandbox.inject(Fault(path="*/odd", status=200, body=body, content_type="application/json"))
    odd = up42.Process.get("odd", session=session)
    assert up42.parse_inputs(odd, {"anything": "1"}) == {"anything": 1}
