"""What goes to stdout: a table for people, or JSON or CSV with the same fields for programs."""

from __future__ import annotations

import csv
import functools
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from io import StringIO, TextIOWrapper
from typing import Any

import click
from attrs import frozen

from up42_facade.cli.tables import Column, card, table
from up42_facade.errors import CONTROLS, escape_for_terminal

Record = Mapping[str, Any]

JSON_OPTION = "--json"
CSV_OPTION = "--csv"
# Where spreadsheets begin to calculate, or skip to where they do.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


class ClosedOutput(Exception):  # noqa: N818 - nothing went wrong
    """Whoever reads the output has had enough."""


class Form(Enum):
    """The form of the output."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


@frozen
class Output:
    """Writes the data of one command."""

    form: Form = Form.TABLE

    def records(
        self, records: Iterable[Record], fields: Sequence[str], columns: Sequence[Column]
    ) -> None:
        """Write a list.

        Args:
            records: The data, each with all fields.
            fields: Names of the fields, in their order in JSON and CSV.
            columns: What people see of them.
        """
        rows = list(records)
        if self.form is Form.JSON:
            write_json([ordered(row, fields) for row in rows])
        elif self.form is Form.CSV:
            write_csv(rows, fields)
        else:
            write(table(rows, columns))

    def record(self, record: Record, fields: Sequence[str], text: str | None = None) -> None:
        """Write one thing with all its fields; people get the text, if there is one."""
        if self.form is Form.JSON:
            write_json(ordered(record, fields))
        elif self.form is Form.CSV:
            write_csv([record], fields)
        else:
            write(card(ordered(record, fields)) if text is None else text)

    def text(self, text: str, records: Iterable[Record], fields: Sequence[str]) -> None:
        """Write a text for people, or a list of records that says the same."""
        if self.form is Form.TABLE:
            write(escape_for_terminal(text))
        else:
            self.records(records, fields, ())


def printed(command: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command: give it --json and --csv, and an `Output` as `out`."""

    @functools.wraps(command)
    def wrapped(*arguments: Any, as_json: bool, as_csv: bool, **options: Any) -> None:
        if as_json and as_csv:
            raise click.UsageError(f"{JSON_OPTION} and {CSV_OPTION} exclude each other.")
        form = Form.JSON if as_json else Form.CSV if as_csv else Form.TABLE
        command(*arguments, out=Output(form), **options)

    with_csv = click.option(CSV_OPTION, "as_csv", is_flag=True, help="Print CSV.")(wrapped)
    return click.option(JSON_OPTION, "as_json", is_flag=True, help="Print JSON.")(with_csv)


def ordered(record: Record, fields: Sequence[str]) -> dict[str, Any]:
    return {name: record.get(name) for name in fields}


def write_json(content: Any) -> None:
    for_programs()
    text = json.dumps(content, indent=2, ensure_ascii=False)
    write(CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def write_csv(records: Sequence[Record], fields: Sequence[str]) -> None:
    for_programs()
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(fields)
    writer.writerows([[cell(record.get(name)) for name in fields] for record in records])
    write(text.getvalue())


def cell(value: Any) -> str:
    """Return a value as a CSV cell: empty for None, JSON for what has parts.

    A string that a spreadsheet would take for a formula begins with an apostrophe, which makes
    it text there; a number in a string stays as it is.
    """
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    is_formula = text.startswith(FORMULA_STARTS) and not NUMBER.fullmatch(text)
    return escape_for_terminal(f"'{text}" if is_formula else text)


def for_programs() -> None:
    """Write UTF-8, whatever the locale says: that is what JSON has to be."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")


def write(text: str) -> None:
    """Write a text, with a newline at its end if it has none.

    Raises:
        ClosedOutput: Nobody takes it.
    """
    try:
        sys.stdout.write(text if not text or text.endswith("\n") else f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError as error:
        # click would take it for its own, and end with a code that means something else.
        raise ClosedOutput from error
