"""Output of the commands: data to stdout, as a table, JSON, or CSV; messages to stderr."""

from __future__ import annotations

import csv
import datetime as dt
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
Command = Callable[..., None]

JSON_OPTION = "--json"
CSV_OPTION = "--csv"
# First characters of a formula in a spreadsheet, and characters that it skips before them.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


class BrokenPipe(Exception):  # noqa: N818 - not a failure
    """The reader of the output closed the pipe."""


class OutputFormat(Enum):
    """The format of the output."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


@frozen
class Output:
    """Writes the data of one command."""

    format: OutputFormat = OutputFormat.TABLE

    def records(
        self, records: Iterable[Record], fields: Sequence[str], columns: Sequence[Column]
    ) -> None:
        """Write a list.

        Args:
            records: The data, each with all fields.
            fields: Names of the fields, in their order in JSON and CSV.
            columns: Columns of the table.
        """
        rows = list(records)
        if self.format is OutputFormat.JSON:
            write_json([ordered(row, fields) for row in rows])
        elif self.format is OutputFormat.CSV:
            write_csv(rows, fields)
        else:
            text, hidden = table(rows, columns)
            write(text)
            if hidden:
                print_message(
                    f"Hidden columns: {', '.join(hidden)}. See all with {JSON_OPTION} or "
                    f"{CSV_OPTION}."
                )

    def record(self, record: Record, fields: Sequence[str], text: str | None = None) -> None:
        """Write one record with all its fields; `text` replaces its table."""
        if self.format is OutputFormat.JSON:
            write_json(ordered(record, fields))
        elif self.format is OutputFormat.CSV:
            write_csv([record], fields)
        else:
            write(card(ordered(record, fields)) if text is None else text)

    def text(self, text: str, records: Iterable[Record], fields: Sequence[str]) -> None:
        """Write plain text instead of a table, or the records with the same content."""
        if self.format is OutputFormat.TABLE:
            write(escape_for_terminal(text))
        else:
            self.records(records, fields, ())


def print_message(message: str) -> None:
    """Print a message to stderr."""
    click.echo(escape_for_terminal(message), err=True)


def is_stderr_terminal() -> bool:
    """Return whether messages and progress bars are seen as they appear."""
    return sys.stderr.isatty()


def is_interactive() -> bool:
    """Return whether there is a terminal to ask on."""
    return sys.stdin is not None and sys.stdin.isatty() and is_stderr_terminal()


def counted(number: int, noun: str) -> str:
    """Return a number with a noun, such as `2 jobs`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def format_time(time: dt.datetime | None) -> str | None:
    """Return a time as ISO 8601 in UTC."""
    if time is None:
        return None
    return time.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def record_of(source: Any, fields: Sequence[str], **others: Any) -> dict[str, Any]:
    """Return attributes of an object as values for JSON, CSV, and tables.

    Args:
        source: The object.
        fields: Names of its attributes.
        others: Values of fields that it has no attribute for.
    """
    record = {name: others[name] if name in others else getattr(source, name) for name in fields}
    if "errors" in record:
        # In a stable order.
        found = sorted(record["errors"] or ())
        record["errors"] = [{"name": error.name, "message": error.message} for error in found]
    return {name: plain(value) for name, value in record.items()}


def plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return format_time(value)
    if isinstance(value, tuple):
        return list(value)
    return value.value if isinstance(value, Enum) else value


def together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Return a decorator that adds several options, listed in the help in this order."""
    return lambda command: functools.reduce(lambda c, option: option(c), reversed(options), command)


def global_option(*names: str, **settings: Any) -> Callable[[Command], Command]:
    """Return an option that is accepted before and after the name of a command."""

    def remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value is not None and value is not False:
            # Shared by the contexts of the groups and the command.
            context.meta[str(parameter.name)] = value

    return click.option(*names, expose_value=False, callback=remember, **settings)


FORMAT_OPTIONS = (
    global_option(JSON_OPTION, "as_json", is_flag=True, help="Print JSON."),
    global_option(CSV_OPTION, "as_csv", is_flag=True, help="Print CSV."),
)


def output_options(command: Command) -> Command:
    """Decorate a command: add --json and --csv, and pass an `Output` as `out`."""

    @functools.wraps(command)
    def wrapped(*arguments: Any, **options: Any) -> None:
        chosen = click.get_current_context().meta
        if "as_json" in chosen and "as_csv" in chosen:
            raise click.UsageError(f"{JSON_OPTION} and {CSV_OPTION} exclude each other.")
        format = next((f for f in OutputFormat if f"as_{f.value}" in chosen), OutputFormat.TABLE)
        command(*arguments, out=Output(format), **options)

    return together(*FORMAT_OPTIONS)(wrapped)


def ordered(record: Record, fields: Sequence[str]) -> dict[str, Any]:
    return {name: record.get(name) for name in fields}


def write_json(content: Any) -> None:
    use_utf_8()
    text = json.dumps(content, indent=2, ensure_ascii=False)
    write(CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def write_csv(records: Sequence[Record], fields: Sequence[str]) -> None:
    use_utf_8()
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(fields)
    writer.writerows([[cell(record.get(name)) for name in fields] for record in records])
    write(text.getvalue())


def cell(value: Any) -> str:
    """Return a value as a CSV cell: empty for None, JSON for lists and objects.

    A string that a spreadsheet would read as a formula begins with an apostrophe; a number in a
    string stays unchanged.
    """
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    is_formula = text.startswith(FORMULA_STARTS) and not NUMBER.fullmatch(text)
    return escape_for_terminal(f"'{text}" if is_formula else text)


def use_utf_8() -> None:
    """Write UTF-8 in any locale, as JSON requires."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")


def write(text: str) -> None:
    """Write to stdout and end the last line.

    Raises:
        BrokenPipe: If the reader closed the pipe.
    """
    try:
        sys.stdout.write(text if not text or text.endswith("\n") else f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError as error:
        # click would handle it itself, with another exit code.
        raise BrokenPipe from error
