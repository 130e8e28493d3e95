"""Templates from a CSV or GeoJSON file, and inputs that are given as strings."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from io import StringIO
from os import PathLike
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from up42_facade._common.hints import did_you_mean
from up42_facade._common.paths import expanded
from up42_facade._common.values import as_dict
from up42_facade.errors import InvalidInputError, NotFoundError, TemplateFileError, Up42Error
from up42_facade.processing._items import item_url
from up42_facade.processing._process import Process
from up42_facade.processing._templates import JobTemplate
from up42_facade.processing._types import ValidationError
from up42_facade.session import Session, resolve_session

CSV_SUFFIXES = (".csv",)
GEOJSON_SUFFIXES = (".geojson", ".json")
# The column that every row needs.
PROCESS = "process"
# The characters of a line without values.
BLANK = " \t,;"
# What the rows of the two kinds of files are counted in.
LINE = "line"
FEATURE = "feature"
STRING = "string"
ARRAY = "array"
URI = "uri"
# The column of a row that is neither its process nor an input.
WORKSPACE = "workspace_id"


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
    first = next((line for line in content.splitlines() if line.strip(BLANK)), "")
    # Spreadsheets of some countries separate by semicolons.
    delimiter = ";" if ";" in first and "," not in first else ","
    # Without strict=True a quotation mark that is never closed would swallow the rest.
    lines = csv.reader(StringIO(content, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    try:
        names = next((cells for cells in lines if any(map(str.strip, cells))), [])
        header = checked_header(file, [name.strip() for name in names], lines.line_num)
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


def checked_header(file: Path, header: Sequence[str], line: int) -> Sequence[str]:
    if not header:
        raise unusable(file, "the file is empty.")
    if PROCESS not in header:
        message = (
            f"there is no column {PROCESS!r}: the header has {', '.join(header)}. Expected a "
            f"header such as {PROCESS},title,item."
        )
        raise unusable(file, message, line)
    for number, name in enumerate(header):
        if name in header[:number]:
            raise unusable(file, "the header has this column twice.", line, name)
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


def parse_inputs(process: Process, texts: Mapping[str, str]) -> dict[str, Any]:
    """Parse inputs that are given as strings, each by its schema.

    Args:
        process: The process of the inputs.
        texts: Strings by the name of the input. JSON is parsed; everything else stays a string.
            An input that must be a string stays one, even if it is `2024`.

    Returns:
        The inputs, as `Process.template` takes them.

    Raises:
        InvalidInputError: If the process doesn't have such an input; the error lists its inputs.
        NotFoundError: If the process doesn't exist.

    Example:
        >>> process = up42.Process.get("detection-change-simularity")
        >>> up42.parse_inputs(process, {"title": "2024", "sensitivity": "3"})
        {'title': '2024', 'sensitivity': 3}
    """
    if not process.inputs:
        # The list of processes omits them.
        process = Process.get(process.id, session=process._session)
    return {name: parse_text(text, schema_of(process, name)) for name, text in texts.items()}


def schema_of(process: Process, name: str) -> dict[str, Any]:
    """Return the JSON schema of one input; an empty one if the API doesn't describe any.

    Raises:
        InvalidInputError: If there is no such input.
    """
    if name in process.inputs:
        schema: dict[str, Any] = process.inputs_schema["properties"][name]
        return schema
    if not process.inputs:
        return {}
    raise InvalidInputError(
        f"The process {process.id!r} has no input {name!r}: expected some of "
        f"{', '.join(process.inputs)}.{did_you_mean(name, process.inputs)}"
    )


def parse_text(text: str, schema: Mapping[str, Any]) -> Any:
    """Parse one input; one that takes items can have several URLs, separated by spaces."""
    try:
        value = json.loads(text, parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        return parse_urls(text, schema) if is_item(schema) else text
    return text if schema.get("type") == STRING and not isinstance(value, str) else value


def parse_urls(text: str, schema: Mapping[str, Any]) -> str | list[str]:
    urls = text.split()
    return urls if len(urls) > 1 or schema.get("type") == ARRAY else text.strip()


def is_item(schema: Mapping[str, Any]) -> bool:
    """Return whether an input takes the URLs of items, by its schema."""
    kinds = [schema, *map(as_dict, schema.get("anyOf") or ())]
    kinds += [as_dict(kind.get("items")) for kind in kinds]
    return any(kind.get("format") == URI for kind in kinds)


def refuse_constant(name: str) -> None:
    # Python reads NaN and Infinity, which aren't JSON.
    raise ValueError(name)


def check_items(schema: Mapping[str, Any], value: Any, session: Session) -> None:
    """Check that the items of an input are in the session's storage.

    Raises:
        InvalidInputError: If one isn't.
    """
    if not is_item(schema):
        return
    for url in value if isinstance(value, list) else [value]:
        if isinstance(url, str):
            item_url(url, session)


def read_templates(path: str | PathLike[str], session: Session | None = None) -> list[JobTemplate]:
    """Create a template of each row of a file. Nothing is executed.

    A row has the column `process` (the ID) and a column for each input of its process, such as
    `title` and `item` (the item's URL), with the process's names. An empty cell is an omitted
    input, so one file can have rows of several processes. The column `workspace_id` is optional.
    Cells of a CSV file are read as `parse_inputs` does. In GeoJSON, the properties of a feature
    are its columns, and its geometry is ignored.

    Args:
        path: A `.csv` file (UTF-8, with a header, separated by commas or semicolons) or a
            `.geojson` or `.json` file with a FeatureCollection.
        session: Session to use. Defaults to the one set by `authenticate()`.

    Returns:
        The templates, in the order of the rows.

    Raises:
        TemplateFileError: If the file can't be read, or rows of it can't be used. Its
            `row_errors` are all errors, each with line and column.

    Example:
        >>> batch = up42.Batch(up42.read_templates(csv_file))

    Endpoint: GET /v2/processing/processes/{processId}, once for each process.
    """
    session = resolve_session(session)
    file = expanded(path)
    errors: list[RowError] = []
    rows = read_rows(file, errors)
    if not rows and not errors:
        raise TemplateFileError(file, [RowError("the file has no rows.")])
    reader = TemplateReader(session, errors)
    templates = [reader.template(row) for row in rows]
    if errors:
        raise TemplateFileError(file, sorted(errors, key=lambda error: error.line or 0))
    return [template for template in templates if template is not None]


@define
class TemplateReader:
    """Creates templates of rows, and appends to `errors` what prevents it."""

    session: Session
    errors: list[RowError]
    # The processes by ID, or why there is none; each is requested once.
    _processes: dict[str, Process | Up42Error] = field(factory=dict)

    def template(self, row: Row) -> JobTemplate | None:
        """Return the template of a row, None if its process is unknown."""
        before = len(self.errors)
        given = {name: value for name, value in row.values.items() if not is_empty(value)}
        workspace = self._workspace(row, given.pop(WORKSPACE, None))
        process = self._process(row, given.pop(PROCESS, None))
        if process is None:
            return None
        inputs = self._inputs(row, process, given)
        # The schema's errors for values that can't even be read would be the same again.
        if len(self.errors) == before:
            self._check(row, process, inputs)
        return process.template(workspace_id=workspace, **inputs)

    def _workspace(self, row: Row, value: Any) -> str | None:
        if value is None or isinstance(value, str):
            return value and value.strip()
        self.errors.append(row.error("expected the ID of a workspace, a string.", WORKSPACE))
        return None

    def _process(self, row: Row, process_id: Any) -> Process | None:
        if not isinstance(process_id, str):
            self.errors.append(row.error("expected the ID of a process.", PROCESS))
            return None
        found = self._request(process_id.strip())
        if isinstance(found, Process):
            return found
        self.errors.append(row.error(str(found), PROCESS))
        return None

    def _request(self, process_id: str) -> Process | Up42Error:
        if process_id not in self._processes:
            try:
                self._processes[process_id] = Process.get(process_id, session=self.session)
            except (NotFoundError, InvalidInputError) as error:
                self._processes[process_id] = error
        return self._processes[process_id]

    def _inputs(self, row: Row, process: Process, given: Mapping[str, Any]) -> dict[str, Any]:
        inputs: dict[str, Any] = {}
        for name, value in given.items():
            try:
                schema = schema_of(process, name)
                inputs[name] = parse_text(value, schema) if row.is_text else value
                check_items(schema, inputs[name], self.session)
            except InvalidInputError as error:
                self.errors.append(row.error(str(error), name))
        return inputs

    def _check(self, row: Row, process: Process, inputs: dict[str, Any]) -> None:
        for name in process.inputs_schema["required"]:
            if name not in inputs:
                message = f"the value is empty or missing, but {process.id} requires it."
                self.errors.append(row.error(message, name))
        for error in sorted(process.check(inputs)):
            column = column_of(error)
            if column is not None:
                self.errors.append(row.error(error.message.partition(": ")[2], column))


def is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def column_of(error: ValidationError) -> str | None:
    """Return the input that a message of `Process.check` is about."""
    path = error.message.partition(": ")[0].split(".")
    return path[1] if len(path) > 1 else None
