"""The processes on offer: what they take, what they cost, which EULA they need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from up42_facade._common.html import table
from up42_facade._common.logs import get_logger
from up42_facade._common.values import as_dict
from up42_facade.errors import NotFoundError, UnexpectedResponseError
from up42_facade.processing._types import ValidationError
from up42_facade.session import Session, resolve_session

if TYPE_CHECKING:
    from up42_client.models import Process as ApiProcess
    from up42_client.models import ProcessInput, ProcessSummary
    from up42_facade.processing._templates import ProcessTemplate

logger = get_logger(__name__)


@frozen
class Price:
    """A price: so many credits per unit, for instance per `SQ_KM`."""

    credits: float
    unit: str | None = None

    def __str__(self) -> str:
        return f"{self.credits:g} credits" + (f"/{self.unit}" if self.unit else "")


@frozen
class Process:
    """A process that UP42 offers.

    Attributes:
        id: For instance `detection-trees-spacept`.
        title, description: For people.
        inputs: The inputs by name, each with `title`, `description` and JSON `schema`; empty
            where the list of processes didn't tell: `Process.get` does.
        prices: Prices as the process's description gives them.
        eula_ids: Ids of the EULAs that must be accepted.
    """

    id: str
    title: str | None = None
    description: str | None = field(default=None, repr=False)
    inputs: dict[str, Any] = field(factory=dict, repr=False)
    prices: tuple[Price, ...] = ()
    eula_ids: tuple[str, ...] = field(default=(), repr=False)
    _session: Session | None = field(default=None, repr=False, eq=False, kw_only=True)

    def _repr_html_(self) -> str:
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
            # OGC's default is "required"; as the API leaves the number out for optional inputs
            # too, only what is named as required counts, and the server has the last word.
            "required": [name for name, spec in inputs.items() if (spec.min_occurs or 0) >= 1],
            "additionalProperties": not self.inputs,
        }

    @property
    def is_eula_accepted(self) -> bool:
        """True if all EULAs of the process are accepted, or it has none.

        Acceptance is remembered by the session; a missing one is asked for again, as it can be
        given in the console meanwhile.

        Endpoint: GET /v2/eulas/{eulaId}.
        """
        session = resolve_session(self._session)
        return all(is_eula_accepted(eula_id, session) for eula_id in self.eula_ids)

    def template(self, *, workspace_id: str | None = None, **inputs: Any) -> ProcessTemplate:
        """Make a template of this process, also where it has no class of its own.

        Args:
            workspace_id: Default: the user's own workspace.
            inputs: As the process names them, for instance `title="…"`, `item=item`. STAC
                items stand for their URLs.

        Returns:
            A template that checks its inputs against the process's schema before it asks the
            server.

        Raises:
            InvalidInputError: An item has no usable URL.

        Example:
            >>> process = up42.Process.get("true-color-conversion")
            >>> template = process.template(title="Berlin in true colour", item=item)
        """
        from up42_facade.processing._templates import ProcessTemplate

        process = self if self.inputs else Process.get(self.id, session=self._session)
        return ProcessTemplate(
            process, inputs, workspace_id=workspace_id, session=resolve_session(self._session)
        )

    def check(self, inputs: dict[str, Any]) -> set[ValidationError]:
        """Check inputs against the schema, without a request; return what is wrong."""
        import jsonschema

        try:
            kind = jsonschema.validators.validator_for(
                self.inputs_schema, default=jsonschema.Draft202012Validator
            )
            kind.check_schema(self.inputs_schema)
            found = list(kind(self.inputs_schema).iter_errors(inputs))
        except (jsonschema.SchemaError, jsonschema.exceptions.UnknownType):
            logger.warning("The schema of %s is not valid: only the server checks.", self.id)
            return set()
        return {
            ValidationError(name="InvalidSchema", message=f"{place(error)}: {error.message}")
            for error in found
        }

    @classmethod
    def all(cls, session: Session | None = None) -> list[Process]:
        """Return all processes on offer.

        Example:
            >>> ids = [process.id for process in up42.Process.all()]

        Endpoint: GET /v2/processing/processes.
        """
        from up42_client.api.processing import list_processes

        session = resolve_session(session)
        answer = session.call(list_processes.request())
        listed = answer if isinstance(answer, list) else answer.processes or []
        if not all(entry.id for entry in listed):
            logger.warning("The list of processes has entries without an ID: skipped.")
        return [cls._adapt(entry, session) for entry in listed if entry.id]

    @classmethod
    def get(cls, id: str, session: Session | None = None) -> Process:
        """Return one process with its inputs; asked for once per session.

        Raises:
            NotFoundError: There is no such process.

        Example:
            >>> up42.Process.get("pansharpening").prices
            (Price(credits=4, unit='SQ_KM'),)

        Endpoint: GET /v2/processing/processes/{processId}.
        """
        session = resolve_session(session)
        return session.once(("process", id), lambda: cls._ask(id, session))

    @classmethod
    def _ask(cls, process_id: str, session: Session) -> Process:
        from up42_client.api.processing import get_process

        return cls._adapt(session.call(get_process.request(process_id)), session)

    @classmethod
    def _adapt(cls, content: ApiProcess | ProcessSummary, session: Session) -> Process:
        if not content.id:
            raise UnexpectedResponseError("The server sent a process without id.", status_code=200)
        from up42_client.models import Process as ApiProcess

        facts = content.additional_parameters
        values = {fact.name: fact.value or [] for fact in (facts and facts.parameters) or ()}
        prices = [value for value in values.get("price", []) if not isinstance(value, str)]
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
            eula_ids=tuple(value for value in values.get("eula-id", []) if isinstance(value, str)),
            session=session,
        )


def described(inputs: dict[str, Any]) -> dict[str, ProcessInput]:
    """Return the descriptions of a process's inputs."""
    from up42_client.models import ProcessInput

    return {name: ProcessInput.from_dict(as_dict(spec)) for name, spec in inputs.items()}


def input_schema(spec: ProcessInput) -> dict[str, Any]:
    """Return the JSON schema of one input, which may be a list where several are allowed."""
    schema = spec.schema or {}
    if spec.max_occurs in (None, 1):
        return schema
    return {"anyOf": [schema, {"type": "array", "items": schema}]}


def input_line(name: str, spec: ProcessInput) -> str:
    """Return an input's name and what it is in one line."""
    told = spec.description or spec.title
    return f"{name}: {told}" if told else name


def place(error: Any) -> str:
    return ".".join(["inputs", *map(str, error.absolute_path)])


def is_eula_accepted(eula_id: str, session: Session) -> bool:
    known = session.once(("eula", eula_id), lambda: ask_eula(eula_id, session))
    if not known:
        session.forget(("eula", eula_id))
    return known


def ask_eula(eula_id: str, session: Session) -> bool:
    from up42_client.api.eulas import get_eula

    return session.call(get_eula.request(eula_id)).is_accepted or False


def process_errors(process_id: str, session: Session) -> set[ValidationError]:
    """Return why a process can't be executed at all: unknown, or its EULA isn't accepted."""
    try:
        process = Process.get(process_id, session=session)
    except NotFoundError:
        message = f"The process {process_id} does not exist."
        return {ValidationError(name="ProcessNotFound", message=message)}
    if process.is_eula_accepted:
        return set()
    message = (
        f"The EULA of the process {process_id} is not accepted. Accept it in the UP42 console."
    )
    return {ValidationError(name="EulaNotAccepted", message=message)}
