"""The rows of a CSV or GeoJSON file, with everything that is wrong with the file as such."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from attrs import field, frozen

from up42_facade.errors import TemplateFileError

CSV_SUFFIXES = (".csv",)
GEOJSON_SUFFIXES = (".geojson", ".json")
# The column that every row needs.
PROCESS = "process"
# What the rows of the two kinds of files are counted in.
LINE = "line"
FEATURE = "feature"


@frozen
class FileProblem:
    """What is wrong in a file of templates.

    Attributes:
        message: For people.
        line: Line of a CSV file, or number of the feature in a GeoJSON file; both count from 1.
            None where the whole file is meant.
        column: Name of the column or property; None where the whole row is meant.
        unit: What `line` counts: `line` or `feature`.
    """

    message: str
    line: int | None = None
    column: str | None = None
    unit: str = LINE

    def __str__(self) -> str:
        place = [f"{self.unit} {self.line}"] if self.line is not None else []
        place += [f"column {self.column!r}"] if self.column is not None else []
        return f"{', '.join(place)}: {self.message}" if place else self.message


@frozen
class Row:
    """What one row says: values by column, texts in a CSV file, anything in GeoJSON."""

    line: int
    values: Mapping[str, Any]
    unit: str = LINE

    @property
    def is_text(self) -> bool:
        """True if all values are texts, False if they have the types of JSON."""
        return self.unit == LINE

    def problem(self, message: str, column: str | None = None) -> FileProblem:
        """Return a problem of this row."""
        return FileProblem(message, self.line, column, self.unit)


@frozen
class Rows:
    """The rows that can be read, and what is wrong with the others."""

    good: list[Row] = field(factory=list)
    problems: list[FileProblem] = field(factory=list)


def read_rows(file: Path) -> Rows:
    """Read a file.

    Raises:
        TemplateFileError: Nothing can be read of it.
    """
    suffix = file.suffix.lower()
    if suffix in CSV_SUFFIXES:
        return csv_rows(file)
    if suffix in GEOJSON_SUFFIXES:
        return geojson_rows(file)
    expected = ", ".join((*CSV_SUFFIXES, *GEOJSON_SUFFIXES))
    raise refused(file, f"its name should end with one of {expected}.")


def refused(
    file: Path, message: str, line: int | None = None, column: str | None = None
) -> TemplateFileError:
    return TemplateFileError(file, [FileProblem(message, line, column)])


def text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise refused(file, f"it can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        message = f"it is not in UTF-8, see byte {error.start}. Save it as UTF-8."
        raise refused(file, message) from error


def csv_rows(file: Path) -> Rows:
    content = text_of(file)
    first = content.partition("\n")[0]
    # Spreadsheets of some countries separate by semicolons.
    delimiter = ";" if ";" in first and "," not in first else ","
    # Without strict=True a quotation mark that is never closed would swallow the rest.
    lines = csv.reader(StringIO(content, newline=""), delimiter=delimiter, strict=True)
    rows = Rows()
    try:
        header = checked_header(file, [name.strip() for name in next(lines, [])])
        # A quoted cell may go over several lines: a row is named by its first.
        line = lines.line_num + 1
        for cells in lines:
            if any(cell.strip() for cell in cells):
                add_row(rows, line, header, cells)
            line = lines.line_num + 1
    except csv.Error as error:
        rows.problems.append(FileProblem(f"this is no CSV: {error}.", lines.line_num))
    return rows


def add_row(rows: Rows, line: int, header: Sequence[str], cells: Sequence[str]) -> None:
    row = Row(line, dict(zip(header, cells, strict=False)))
    if len(cells) == len(header):
        rows.good.append(row)
        return
    message = f"the row has {len(cells)} cells, but the header names {len(header)} columns."
    rows.problems.append(row.problem(message))


def checked_header(file: Path, header: Sequence[str]) -> Sequence[str]:
    if not header:
        raise refused(file, "it is empty.")
    if PROCESS not in header:
        message = (
            f"there is no column {PROCESS!r}: the header names {', '.join(header)}. Expected one "
            f"such as {PROCESS},title,item."
        )
        raise refused(file, message, 1)
    for number, name in enumerate(header):
        if name in header[:number]:
            raise refused(file, "the header names this column twice.", 1, name)
    return header


def geojson_rows(file: Path) -> Rows:
    try:
        content = json.loads(text_of(file))
    except (ValueError, RecursionError) as error:
        raise refused(file, f"this is no JSON: {error}.") from error
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, list):
        message = "this is no GeoJSON: expected a FeatureCollection with a list of features."
        raise refused(file, message)
    rows = Rows()
    for number, feature in enumerate(features, start=1):
        values = feature.get("properties") if isinstance(feature, dict) else None
        if isinstance(values, dict):
            rows.good.append(Row(number, values, FEATURE))
        else:
            message = "this is no feature with properties."
            rows.problems.append(FileProblem(message, number, unit=FEATURE))
    return rows
