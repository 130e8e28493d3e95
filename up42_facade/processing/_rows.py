"""The rows of a CSV or GeoJSON file, and the errors of the file as such."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from attrs import frozen

from up42_facade.errors import TemplateFileError

CSV_SUFFIXES = (".csv",)
GEOJSON_SUFFIXES = (".geojson", ".json")
# The column that every row needs.
PROCESS = "process"
# What the rows of the two kinds of files are counted in.
LINE = "line"
FEATURE = "feature"


@frozen
class RowError:
    """An error in a file of templates.

    Attributes:
        message: For people.
        line: Line of a CSV file, or number of the feature in a GeoJSON file; both count from 1.
            None if the error is about the whole file.
        column: Name of the column or property; None if the error is about the whole row.
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
    """The values of a row by column: strings in a CSV file, values of any type in GeoJSON."""

    line: int
    values: Mapping[str, Any]
    unit: str = LINE

    @property
    def is_text(self) -> bool:
        """True if all values are strings, False if they have JSON types."""
        return self.unit == LINE

    def error(self, message: str, column: str | None = None) -> RowError:
        """Return an error in this row."""
        return RowError(message, self.line, column, self.unit)


def read_rows(file: Path, errors: list[RowError]) -> list[Row]:
    """Return the rows that can be read, and append the errors of the others.

    Raises:
        TemplateFileError: If the file can't be read at all.
    """
    suffix = file.suffix.lower()
    if suffix in CSV_SUFFIXES:
        return csv_rows(file, errors)
    if suffix in GEOJSON_SUFFIXES:
        return geojson_rows(file, errors)
    expected = ", ".join((*CSV_SUFFIXES, *GEOJSON_SUFFIXES))
    raise unusable(file, f"expected a file name that ends with one of {expected}.")


def unusable(
    file: Path, message: str, line: int | None = None, column: str | None = None
) -> TemplateFileError:
    return TemplateFileError(file, [RowError(message, line, column)])


def text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise unusable(file, f"the file can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        message = f"invalid UTF-8 at byte {error.start}. Save the file as UTF-8."
        raise unusable(file, message) from error


def csv_rows(file: Path, errors: list[RowError]) -> list[Row]:
    content = text_of(file)
    first = content.partition("\n")[0]
    # Spreadsheets of some countries separate by semicolons.
    delimiter = ";" if ";" in first and "," not in first else ","
    # Without strict=True a quotation mark that is never closed would swallow the rest.
    lines = csv.reader(StringIO(content, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    try:
        header = checked_header(file, [name.strip() for name in next(lines, [])])
        # A quoted cell may extend over several lines: a row is named by its first.
        line = lines.line_num + 1
        for cells in lines:
            row = Row(line, dict(zip(header, cells, strict=False)))
            line = lines.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) == len(header):
                rows.append(row)
                continue
            count = f"the row has {len(cells)} cells, but the header has {len(header)} columns."
            errors.append(row.error(count))
    except csv.Error as error:
        errors.append(RowError(f"this isn't CSV: {error}.", lines.line_num))
    return rows


def checked_header(file: Path, header: Sequence[str]) -> Sequence[str]:
    if not header:
        raise unusable(file, "the file is empty.")
    if PROCESS not in header:
        message = (
            f"there is no column {PROCESS!r}: the header has {', '.join(header)}. Expected a "
            f"header such as {PROCESS},title,item."
        )
        raise unusable(file, message, 1)
    for number, name in enumerate(header):
        if name in header[:number]:
            raise unusable(file, "the header has this column twice.", 1, name)
    return header


def geojson_rows(file: Path, errors: list[RowError]) -> list[Row]:
    try:
        content = json.loads(text_of(file))
    except (ValueError, RecursionError) as error:
        raise unusable(file, f"this isn't JSON: {error}.") from error
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, list):
        message = "this isn't GeoJSON: expected a FeatureCollection with a list of features."
        raise unusable(file, message)
    rows: list[Row] = []
    for number, feature in enumerate(features, start=1):
        values = feature.get("properties") if isinstance(feature, dict) else None
        if isinstance(values, dict):
            rows.append(Row(number, values, FEATURE))
        else:
            errors.append(RowError("this isn't a feature with properties.", number, unit=FEATURE))
    return rows
