"""Templates from a table: a row of a CSV file or a feature of a GeoJSON file for each job."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

from attrs import define, field

from up42_facade.downloads._locations import expanded
from up42_facade.errors import InvalidInputError, NotFoundError, TemplateFileError
from up42_facade.processing._process import Process
from up42_facade.processing._rows import PROCESS, FileProblem, Row, read_rows
from up42_facade.processing._text_inputs import check_items, did_you_mean, parse_text, schema_of
from up42_facade.processing._types import ValidationError
from up42_facade.session import Session, resolve_session

if TYPE_CHECKING:
    from up42_facade.processing._templates import JobTemplate

# What a row may say besides its process and the inputs of that.
WORKSPACE = "workspace_id"
# Characters of a value that an error shows.
SHOWN_CHARACTERS = 80


def read_templates(path: str | PathLike[str], session: Session | None = None) -> list[JobTemplate]:
    """Make a template of each row of a file. Nothing is executed.

    A row has the column `process` (the id) and a column for each input of its process, such as
    `title` and `item` (the item's URL), each named as the process names it. An empty cell is
    an input that isn't given, so that rows of several processes can stand in one file; the
    column `workspace_id` is optional. Cells of a CSV file are read as `parse_inputs` does; in
    GeoJSON the properties of a feature are its columns, and its geometry is not looked at.

    Args:
        path: A `.csv` file (UTF-8, with a header, separated by commas or semicolons) or a
            `.geojson` or `.json` file with a FeatureCollection.
        session: Default: that of `authenticate()`.

    Returns:
        The templates, in the order of the rows.

    Raises:
        TemplateFileError: The file can't be read, or rows of it can't be used. Its `problems`
            are all that were found, each with line and column.

    Example:
        >>> batch = up42.Batch(up42.read_templates(csv_file))

    Endpoint: GET /v2/processing/processes/{processId}, once for each process.
    """
    session = resolve_session(session)
    file = expanded(path)
    rows = read_rows(file)
    problems = list(rows.problems)
    if not rows.good and not problems:
        raise TemplateFileError(file, [FileProblem("it has no rows.")])
    processes = KnownProcesses(session)
    templates = [RowReader(row, processes, problems).template() for row in rows.good]
    if problems:
        raise TemplateFileError(file, sorted(problems, key=lambda problem: problem.line or 0))
    return [template for template in templates if template is not None]


@define
class KnownProcesses:
    """The processes that a file names, each asked for once."""

    session: Session
    _known: dict[str, Process | None] = field(factory=dict)
    _offered: list[str] | None = None

    def get(self, process_id: str) -> Process | None:
        """Return a process, None if there is none of this id."""
        if process_id not in self._known:
            try:
                self._known[process_id] = Process.get(process_id, session=self.session)
            except NotFoundError:
                self._known[process_id] = None
        return self._known[process_id]

    def hint(self, process_id: str) -> str:
        """Return the id that was probably meant."""
        if self._offered is None:
            self._offered = [process.id for process in Process.all(session=self.session)]
        return did_you_mean(process_id, self._offered)


@define
class RowReader:
    """Makes a template of a row, and notes what prevents it."""

    row: Row
    processes: KnownProcesses
    problems: list[FileProblem]

    def template(self) -> JobTemplate | None:
        """Return the template, which counts only if there are no problems; None without process."""
        known = len(self.problems)
        given = {name: value for name, value in self.row.values.items() if not is_empty(value)}
        workspace = self._workspace(given.pop(WORKSPACE, None))
        process = self._process(given.pop(PROCESS, None))
        if process is None:
            return None
        inputs = self._inputs(process, given)
        # What a schema says of values that can't even be read only doubles the problems.
        if len(self.problems) == known:
            self._check(process, inputs)
        return process.template(workspace_id=workspace, **inputs)

    def _workspace(self, value: Any) -> str | None:
        if value is None or isinstance(value, str):
            return value
        self._note("expected the id of a workspace, which is a text.", WORKSPACE)
        return None

    def _process(self, process_id: Any) -> Process | None:
        if not isinstance(process_id, str):
            self._note("expected the id of a process.", PROCESS)
            return None
        process = self.processes.get(process_id.strip())
        if process is None:
            hint = self.processes.hint(process_id)
            self._note(f"there is no process {shown(process_id)}.{hint}", PROCESS)
        return process

    def _inputs(self, process: Process, given: Mapping[str, Any]) -> dict[str, Any]:
        inputs: dict[str, Any] = {}
        for name, value in given.items():
            try:
                schema = schema_of(process, name)
                inputs[name] = parse_text(value, schema) if self.row.is_text else value
                check_items(schema, inputs[name], self.processes.session)
            except InvalidInputError as error:
                self._note(str(error), name)
        return inputs

    def _check(self, process: Process, inputs: dict[str, Any]) -> None:
        for name in process.inputs_schema["required"]:
            if name not in inputs:
                self._note(f"it is empty or missing, but {process.id} needs it.", name)
        for error in sorted(process.check(inputs)):
            column = column_of(error)
            if column is not None:
                self._note(error.message.partition(": ")[2], column)

    def _note(self, message: str, column: str) -> None:
        self.problems.append(self.row.problem(message, column))


def is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def shown(text: str) -> str:
    return repr(text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…")


def column_of(error: ValidationError) -> str | None:
    """Return the input that a message of `Process.check` is about."""
    path = error.message.partition(": ")[0].split(".")
    return path[1] if len(path) > 1 else None
