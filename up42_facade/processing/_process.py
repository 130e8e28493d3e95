"""The available processes: their inputs, prices, and EULAs, and templates of any of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from up42_facade._common.logs import get_logger
from up42_facade._common.values import as_dict
from up42_facade.errors import UnexpectedResponseError
from up42_facade.processing._catalog import (
    Eula,
    eula_ids,
    facts,
    list_processes,
    read_eula,
    read_process,
)
from up42_facade.processing._templates import JobTemplate, to_json
from up42_facade.processing._types import ValidationError
from up42_facade.session import Session, resolve_session

if TYPE_CHECKING:
    from up42_client.models import Process as ApiProcess
    from up42_client.models import ProcessInput, ProcessSummary

logger = get_logger(__name__)


@frozen
class Price:
    """A price in credits per unit, for example per `SQ_KM`."""

    credits: float
    unit: str | None = None

    def __str__(self) -> str:
        return f"{self.credits:g} credits" + (f"/{self.unit}" if self.unit else "")


@frozen
class Process:
    """A process that UP42 offers.

    Attributes:
        id: For example `detection-trees-spacept`.
        title, description: For people.
        inputs: The inputs by name, each with `title`, `description`, and JSON `schema`. Empty if
            the list of processes omits them; `Process.get` returns them.
        prices: The prices in the description of the process.
        eula_ids: IDs of the EULAs that must be accepted.
    """

    id: str
    title: str | None = None
    description: str | None = field(default=None, repr=False)
    inputs: dict[str, Any] = field(factory=dict, repr=False)
    prices: tuple[Price, ...] = ()
    eula_ids: tuple[str, ...] = field(default=(), repr=False)
    _session: Session | None = field(default=None, repr=False, eq=False, kw_only=True)

    def _repr_html_(self) -> str:
        from up42_facade._common.html import table

        rows = {
            "Title": self.title,
            "Description": self.description,
            "Inputs": [input_line(name, spec) for name, spec in described(self.inputs).items()]
            or None,
            "Price": self.prices or None,
        }
        return table(f"Process {self.id}", rows)

    @property
    def inputs_schema(self) -> dict[str, Any]:
        """One JSON schema for all inputs together."""
        inputs = described(self.inputs)
        return {
            "type": "object",
            "properties": {name: input_schema(spec) for name, spec in inputs.items()},
            # OGC's default is "required", but the API omits the number for optional inputs, too:
            # only what is named as required counts, and the server has the last word.
            "required": [name for name, spec in inputs.items() if (spec.min_occurs or 0) >= 1],
            "additionalProperties": not self.inputs,
        }

    @property
    def eula(self) -> Eula | None:
        """The EULA of the process, with title, link, and state; None if it has none.

        If there are several, the first that isn't accepted. The session caches those that are.
        Another one is requested each time, because it can be accepted in the console at any time.

        Example:
            >>> up42.Process.get("detection-trees-spacept").eula.is_accepted
            True

        Endpoint: GET /v2/eulas/{eulaId}.
        """
        return read_eula(self.eula_ids, resolve_session(self._session))

    @property
    def is_eula_accepted(self) -> bool:
        """True if all EULAs of the process are accepted, or it has none; see `eula`."""
        eula = self.eula
        return eula is None or eula.is_accepted

    def template(self, *, workspace_id: str | None = None, **inputs: Any) -> ProcessTemplate:
        """Create a template of this process, even if `processing_templates` has no class for it.

        Args:
            workspace_id: Workspace of the job. Defaults to the user's own.
            inputs: Inputs as the process names them, for example `title="…"`, `item=item`. STAC
                items are sent as their URLs.

        Returns:
            A template that checks its inputs against the process's schema before it sends a
            request.

        Raises:
            InvalidInputError: If an item has no usable URL.

        Example:
            >>> process = up42.Process.get("true-color-conversion")
            >>> template = process.template(title="Berlin in true color", item=item)
        """
        process = self if self.inputs else Process.get(self.id, session=self._session)
        return ProcessTemplate(
            process, inputs, workspace_id=workspace_id, session=resolve_session(self._session)
        )

    def check(self, inputs: dict[str, Any]) -> set[ValidationError]:
        """Check inputs against the schema, without a request, and return the errors."""
        import jsonschema

        try:
            kind = jsonschema.validators.validator_for(
                self.inputs_schema, default=jsonschema.Draft202012Validator
            )
            kind.check_schema(self.inputs_schema)
            found = list(kind(self.inputs_schema).iter_errors(inputs))
        except (jsonschema.SchemaError, jsonschema.exceptions.UnknownType):
            logger.warning("The schema of %s isn't valid: only the server checks.", self.id)
            return set()
        return {
            ValidationError(name="InvalidSchema", message=f"{path_of(error)}: {error.message}")
            for error in found
        }

    @classmethod
    def all(cls, session: Session | None = None) -> list[Process]:
        """Return all available processes.

        Args:
            session: Session to use. Defaults to the one set by `authenticate()`.

        Example:
            >>> ids = [process.id for process in up42.Process.all()]

        Endpoint: GET /v2/processing/processes.
        """
        session = resolve_session(session)
        return [cls._adapt(entry, session) for entry in list_processes(session)]

    @classmethod
    def get(cls, id: str, session: Session | None = None) -> Process:
        """Return one process with its inputs. The session caches it.

        Args:
            id: ID of the process.
            session: Session to use. Defaults to the one set by `authenticate()`.

        Raises:
            NotFoundError: If the process doesn't exist; the error names the closest ones.

        Example:
            >>> up42.Process.get("pansharpening").prices
            (Price(credits=4, unit='SQ_KM'),)

        Endpoint: GET /v2/processing/processes/{processId}.
        """
        session = resolve_session(session)
        return cls._adapt(read_process(id, session), session)

    @classmethod
    def _adapt(cls, content: ApiProcess | ProcessSummary, session: Session) -> Process:
        if not content.id:
            raise UnexpectedResponseError(
                "The server sent a process without an ID.", status_code=200
            )
        from up42_client.models import Process as ApiProcess

        prices = [value for value in facts(content, "price") if not isinstance(value, str)]
        former = content.input_ if isinstance(content, ApiProcess) else None
        inputs = content.inputs or former
        return cls(
            id=content.id,
            title=content.title,
            description=content.description,
            inputs=inputs.to_dict() if inputs else {},
            prices=tuple(
                Price(price.credits_, price.unit) for price in prices if price.credits_ is not None
            ),
            eula_ids=eula_ids(content),
            session=session,
        )


@frozen
class ProcessTemplate(JobTemplate):
    """A template of any process, created by `Process.template`.

    Attributes:
        process: The process.
        given_inputs: The inputs as they were given; STAC items are sent as their URLs.
    """

    process: Process
    given_inputs: Mapping[str, Any]

    def __attrs_post_init__(self) -> None:
        # Items without a usable URL are refused when the template is created, as elsewhere.
        _ = self.inputs

    @property
    def process_id(self) -> str:  # type: ignore[override]  # one class serves every process
        return self.process.id

    @property
    def inputs(self) -> dict[str, Any]:
        return {name: to_json(value, self._session) for name, value in self.given_inputs.items()}

    def _local_errors(self) -> set[ValidationError]:
        return self.process.check(self.inputs) if self.process.inputs else set()


def described(inputs: dict[str, Any]) -> dict[str, ProcessInput]:
    """Return the descriptions of a process's inputs."""
    from up42_client.models import ProcessInput

    return {name: ProcessInput.from_dict(as_dict(spec)) for name, spec in inputs.items()}


def input_schema(spec: ProcessInput) -> dict[str, Any]:
    """Return the JSON schema of one input, which might be a list if several are allowed."""
    schema = spec.schema or {}
    if spec.max_occurs in (None, 1):
        return schema
    return {"anyOf": [schema, {"type": "array", "items": schema}]}


def input_line(name: str, spec: ProcessInput) -> str:
    """Return an input's name and description in one line."""
    description = spec.description or spec.title
    return f"{name}: {description}" if description else name


def path_of(error: Any) -> str:
    return ".".join(["inputs", *map(str, error.absolute_path)])
