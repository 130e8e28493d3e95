"""Templates from a table: one for each row of a CSV file or feature of a GeoJSON file."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

from attrs import define, field

from up42_facade.downloads import expanded
from up42_facade.errors import InvalidInputError, NotFoundError, TemplateFileError
from up42_facade.processing._process import Process
from up42_facade.processing._rows import PROCESS, Row, RowError, read_rows
from up42_facade.processing._templates import JobTemplate
from up42_facade.processing._text_inputs import check_items, parse_text, schema_of
from up42_facade.processing._types import ValidationError
from up42_facade.session import Session, resolve_session

# The column of a row that is neither its process nor an input.
WORKSPACE = "workspace_id"


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
    _processes: dict[str, Process | NotFoundError] = field(factory=dict)

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
            return value
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

    def _request(self, process_id: str) -> Process | NotFoundError:
        if process_id not in self._processes:
            try:
                self._processes[process_id] = Process.get(process_id, session=self.session)
            except NotFoundError as error:
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
