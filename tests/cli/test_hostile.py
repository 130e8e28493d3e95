"""Text of servers can't steer a terminal or calculate in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import unicodedata

import pytest

import up42_facade as up42
from tests.cli.conftest import TREES, Up42
from tests.hostile import STRINGS
from up42_facade.cli.output import Output, OutputFormat
from up42_facade.cli.tables import Column
from up42_sandbox import Fault, Sandbox

FIELDS = ("id", "title", "inputs")


def steers(text: str) -> set[str]:
    """Return the control characters of a text, except those that every line has."""
    kinds = ("Cc", "Cs", "Zl", "Zp", "Cf")
    return {letter for letter in text if unicodedata.category(letter) in kinds} - {"\n", "\t"}


@pytest.mark.parametrize("format", OutputFormat)
@pytest.mark.parametrize("name", STRINGS)
def test_every_form_of_output(
    name: str, format: OutputFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    text = STRINGS[name]
    record = {"id": 1, "title": text, "inputs": {text: [text]}}
    Output(format).records([record], FIELDS, [Column("title"), Column("inputs")])
    Output(format).record(record, FIELDS)
    Output(format).text(text, [record], FIELDS)
    assert not steers(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"), ("@SUM(A1)", "'@SUM(A1)"), ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-1+1", "'-1+1"), ("\t=1", "'\t=1"), ("\r=1", "'\\r=1"), ("-", "'-"),
        ("-12.5", "-12.5"), ("+3", "+3"), ("-1e-3", "-1e-3"), (-5, "-5"), (-0.25, "-0.25"),
        ("a=1", "a=1"), ("", ""), (None, ""), (True, "true"), ({"a": -1}, '{"a": -1}'),
    ],
)  # fmt: skip
def test_cells_of_csv(value: object, cell: str, capsys: pytest.CaptureFixture[str]) -> None:
    Output(OutputFormat.CSV).record({"title": value}, ("title", "id"))
    [_, row] = csv.reader(io.StringIO(capsys.readouterr().out))
    assert row[0] == cell


def test_json_is_what_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    record = {"title": "".join(STRINGS.values())}
    Output(OutputFormat.JSON).record(record, ("title",))
    assert json.loads(capsys.readouterr().out) == record


@pytest.mark.parametrize("name", STRINGS)
def test_errors_of_the_server(name: str, sandbox: Sandbox, up42_here: Up42) -> None:
    body = json.dumps({"title": STRINGS[name], "detail": STRINGS[name], "status": 400})
    sandbox.inject(Fault(path="/v2/processing/processes/*", status=400, body=body.encode()))
    ended = up42_here("processes", "show", TREES)
    assert ended.code != 0
    assert not steers(ended.out + ended.err)


@pytest.mark.parametrize("name", STRINGS)
def test_messages_of_all_errors(name: str) -> None:
    for kind in (up42.Up42Error, up42.InvalidInputError, up42.ConnectionFailedError):
        error = kind(STRINGS[name])
        assert not steers(str(error))
        assert error.args == (STRINGS[name],)
