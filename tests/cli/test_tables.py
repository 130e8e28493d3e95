"""Tables for people: narrow, plain where nobody looks, and harmless."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.cli.conftest import TREES, Up42
from up42_facade.cli import tables
from up42_facade.cli.tables import Column, card
from up42_facade.cli.tables import table as table_and_hidden
from up42_sandbox import Sandbox

COLUMNS = (
    Column("id"),
    Column("process", is_cut=True),
    Column("credits", is_number=True, rank=1),
    Column("created", is_time=True, rank=2),
)
ROW: dict[str, Any] = {
    "id": "710290e3-ba57-4f64-b212-d8647ff276c3",
    "process": "detection-wind-turbines-airbus",
    "credits": 12,
    "created": "2024-06-01T12:34:56Z",
}


def table(records: list[dict[str, Any]], columns: tuple[Column, ...]) -> str:
    return table_and_hidden(records, columns)[0]


@pytest.fixture(autouse=True)
def no_width(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


@pytest.mark.parametrize("columns", ["", "0", "wide"])
def test_where_there_is_no_terminal_nothing_is_cut(
    monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    heading, row = table([{**ROW, "process": "x" * 500}], COLUMNS).splitlines()
    assert heading.split() == ["id", "process", "credits", "created"]
    assert row.split() == [ROW["id"], "x" * 500, "12", "2024-06-01", "12:34"]
    assert "\x1b" not in heading + row


@pytest.mark.parametrize(
    ("columns", "headings", "process"),
    [
        (120, "id process credits created", "detection-wind-turbines-airbus"),
        (81, "id process credits created", "detection-wind-…"),
        (70, "id process credits", "detection-wind-turbine…"),
        (54, "id process", "detection-wind-…"),
    ],
)
def test_narrow_terminals(
    monkeypatch: pytest.MonkeyPatch, columns: int, headings: str, process: str
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    text = table([ROW], COLUMNS)
    assert text.splitlines()[0].split() == headings.split()
    assert text.splitlines()[1].split()[:2] == [ROW["id"], process]
    assert all(len(line) <= columns for line in text.splitlines())


def test_what_must_not_be_cut_never_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    assert ROW["id"] in table([ROW], COLUMNS)
    url = "http://127.0.0.1/" + "x" * 200
    assert url in table([{"url": url}], (Column("url"),))
    assert url in card({"url": url})


def test_columns_of_one_rank_go_together(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = (Column("id"), Column("size", is_number=True, rank=1), Column("unit", rank=1))
    record = {"id": ROW["id"], "size": 9.004536, "unit": "SQ_KM"}
    monkeypatch.setenv("COLUMNS", "54")
    assert table([record], pair).splitlines()[0].split() == ["id", "size", "unit"]
    monkeypatch.setenv("COLUMNS", "50")
    assert table([record], pair).splitlines()[0].split() == ["id"]


@pytest.mark.parametrize("columns", [20, 80, 120])
def test_what_is_too_long_for_the_line_stands_below(
    monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    rows = [{**ROW, "id": name, "url": f"http://127.0.0.1/{name}/" + "x" * 90} for name in "ab"]
    found = table(rows, (*COLUMNS, Column("url", is_below=True))).splitlines()
    assert found[0].split()[0] == "id"
    assert "url" not in found[0]
    assert [line.split()[0] for line in found[1::2]] == ["a", "b"]
    assert [line.strip() for line in found[2::2]] == [row["url"] for row in rows]
    assert all(len(line) <= columns for line in (found[0], *found[1::2]))
    monkeypatch.setenv("COLUMNS", "200")
    heading, *lines = table(rows, (*COLUMNS, Column("url", is_below=True))).splitlines()
    assert heading.split()[-1] == "url"
    assert [line.split()[-1] for line in lines] == [row["url"] for row in rows]


def test_wide_characters_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.cells import cell_len

    monkeypatch.setenv("COLUMNS", "60")
    text = table([{**ROW, "process": "東京の木を見つける" * 5}], COLUMNS)
    assert all(cell_len(line) <= 60 for line in text.splitlines())


def test_nothing_steers_the_terminal() -> None:
    evil = "\x1b[2J\x07\r\n\u202e[red]title[/red]"
    for text in (table([{**ROW, "process": evil}], COLUMNS), card({"title": evil})):
        assert not {"\x1b", "\x07", "\r", "\u202e"} & set(text)
        assert "[red]title[/red]" in text
    assert len(table([{**ROW, "process": evil}], COLUMNS).splitlines()) == 2


def test_cards() -> None:
    record = {
        "id": "1",
        "is_valid": True,
        "missing": None,
        "nothing": [],
        "size": 9.004536,
        "errors": [{"name": "Bad", "message": "It is."}],
        "inputs": {"title": "T", "items": ["a", "b"], "bbox": [13.3186853, 52.5352472]},
    }
    assert card(record).splitlines() == [
        "id        1",
        "is_valid  yes",
        "size      9.004536",
        "errors    Bad: It is.",
        "inputs    title: T",
        "          items: a",
        "          items: b",
        "          bbox: 13.3186853, 52.5352472",
    ]
    assert card({}) == ""


@pytest.mark.parametrize(
    ("environment", "is_coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_colours(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], is_coloured: bool
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("shutil.get_terminal_size", lambda fallback: os.terminal_size((200, 24)))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    row = {**ROW, "process": "captured"}
    assert ("\x1b[32m" in table([row], COLUMNS)) is is_coloured
    assert ("\x1b[32m" in card({"status": "captured"})) is is_coloured
    assert ("\x1b" in table([ROW], COLUMNS)) is is_coloured


def test_every_status_has_a_style_or_none(sandbox: Sandbox, up42_here: Up42) -> None:
    sandbox.add_job(TREES, "captured", inputs={"title": "\x1b[31mred"})
    ended = up42_here("jobs", "list")
    assert "\x1b" not in ended.out
    assert up42_here("jobs", "list", "--json").json[0]["title"] == "\x1b[31mred"
    assert set(tables.STATUS_STYLES.values()) == {tables.GOOD, tables.BAD, tables.BUSY}
