"""The base of all job templates: inputs, validation, cost, and execution."""

from __future__ import annotations

import copy
import datetime as dt
import math
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from attrs import field, fields, frozen, has

from up42_facade._common.once import Once
from up42_facade._common.values import is_number, whole
from up42_facade.errors import (
    BadRequestError,
    CostLimitError,
    InvalidInputError,
    InvalidTemplateError,
    UnexpectedResponseError,
)
from up42_facade.processing._catalog import NOT_FOUND, process_errors
from up42_facade.processing._items import item_url
from up42_facade.processing._job import Job, validation_errors
from up42_facade.processing._types import Cost, ValidationError
from up42_facade.session import Session, resolve_session

# How long an estimate is valid.
ESTIMATE_LIFETIME = dt.timedelta(hours=1)
# Status for inputs that match the schema and are invalid otherwise.
UNPROCESSABLE = 422


@frozen
class Assessment:
    """The server's response to a template: its errors, or else its cost."""

    errors: frozenset[ValidationError]
    cost: Cost | None
    inputs: Mapping[str, Any]
    at: dt.datetime = field(factory=lambda: dt.datetime.now(dt.UTC))

    def is_current(self, inputs: Mapping[str, Any]) -> bool:
        """Return whether this holds for these inputs, which might have been changed, and now."""
        try:
            return bool(self.inputs == inputs) and is_recent(self.at)
        except Exception:  # whatever comparing raises, for example that of arrays
            return False


def is_recent(estimated_at: dt.datetime) -> bool:
    """Return whether an estimate is recent enough to spend credits on it."""
    # An estimate from the future is one from before the clock was set back.
    return dt.timedelta(0) <= dt.datetime.now(dt.UTC) - estimated_at < ESTIMATE_LIFETIME


@frozen(kw_only=True)
class JobTemplate:
    """A process with its inputs: the base of all templates.

    To add a template, derive a class with a `process_id` and a field for each input. The field
    `source_item` is sent as the input `sourceItem`, STAC items are sent as their URLs, and fields
    that are None or empty lists are omitted.

    Attributes:
        process_id: ID of the process.
        workspace_id: Workspace of the job. Defaults to the user's own, which is requested once
            per session when it is first needed.
    """

    process_id: ClassVar[str]

    _workspace_id: str | None = field(default=None, alias="workspace_id", repr=False)
    _session: Session = field(
        default=None, alias="session", converter=resolve_session, repr=False, eq=False
    )
    _assessed: Once[Assessment] = field(factory=Once, init=False, repr=False, eq=False)

    @property
    def inputs(self) -> dict[str, Any]:
        """The inputs as they are sent."""
        given = {
            api_name(attribute.name): getattr(self, attribute.name)
            for attribute in fields(type(self))
            if not attribute.name.startswith("_")
        }
        sent = {name: to_json(value, self._session) for name, value in given.items()}
        return {name: value for name, value in sent.items() if value is not None and value != []}

    @property
    def workspace_id(self) -> str:
        """ID of the workspace that the job runs in."""
        return self._workspace_id or self._session.workspace_id

    @property
    def errors(self) -> set[ValidationError]:
        """The validation errors; empty if the template is valid. Requested once an hour.

        Raises:
            Up42Error: If a request fails; nothing is cached then.

        Endpoints: GET /v2/processing/processes/{processId}, GET /v2/eulas/{eulaId}, POST
        /v2/processing/processes/{processId}/validation and …/cost, concurrently.
        """
        return set(self._assessment.errors)

    @property
    def is_valid(self) -> bool:
        """True if the process exists, its EULA is accepted, and the inputs are valid."""
        return not self._assessment.errors

    @property
    def cost(self) -> Cost:
        """The estimated cost of the job. Requested once an hour, together with `errors`.

        Raises:
            InvalidTemplateError: If the template isn't valid; the error lists why.
        """
        return self._require_valid()[0]

    def execute(
        self,
        budget_id: str | None = None,
        max_credits: float | Decimal | None = None,
    ) -> Job:
        """Execute the process, which costs credits, and return its job.

        The request is sent once and never retried. If its response is lost, the job is searched
        for in the list of jobs. It is used only if it has the same inputs and no other request
        of this Python process could have created it.

        Args:
            budget_id: UUID of the budget to charge. Not a limit: that is `max_credits`.
            max_credits: Refuse to execute if the job costs more credits than this.

        Raises:
            InvalidTemplateError: If the template isn't valid. Nothing was sent.
            CostLimitError: If it costs more than `max_credits`. Nothing was sent.
            ExecutionUncertainError: If the response was lost, and no job is certainly the right
                one. Its `candidates` are the jobs that might be.
            InvalidInputError: If `max_credits` isn't a number or is negative, or `budget_id`
                isn't the string of a UUID. Nothing was sent.

        Example:
            >>> job = template.execute(max_credits=500)

        Endpoint: POST /v2/processing/processes/{processId}/execution.
        """
        from up42_facade.processing._execution import Execution
        from up42_facade.processing._ledger import Intent

        check_limit(max_credits)
        check_budget(budget_id)
        cost, inputs = self._require_valid()
        if max_credits is not None and cost > max_credits:
            raise CostLimitError(cost, max_credits)
        # What was estimated is what is sent.
        intent = Intent(process_id=self.process_id, workspace_id=self.workspace_id, inputs=inputs)
        return Execution(self._session, intent, budget_id).run()

    def _repr_html_(self) -> str:
        from up42_facade._common.html import table

        rows: dict[str, object] = dict(self.inputs)
        # The server's response is shown once it is known: showing a template sends no request.
        assessed = self._assessed.known
        if assessed is not None:
            rows["Valid"] = "no" if assessed.errors else "yes"
            rows["Errors"] = sorted(map(str, assessed.errors)) or None
            rows["Credits"] = assessed.cost.credits if assessed.cost else None
        return table(f"Template of {self.process_id}", rows)

    @property
    def _assessment(self) -> Assessment:
        return self._assessed.get(lambda: assess(self), lambda known: known.is_current(self.inputs))

    def _require_valid(self) -> tuple[Cost, Mapping[str, Any]]:
        """Return the cost, and the inputs that it was estimated for."""
        assessment = self._assessment
        if assessment.cost is None:
            raise InvalidTemplateError(self.process_id, assessment.errors)
        return assessment.cost, assessment.inputs

    def _local_errors(self) -> set[ValidationError]:
        """Return errors that are found without a request; if there are any, none is sent."""
        return set()


def api_name(name: str) -> str:
    """Return the name of an input in the API: `sourceItem` for `source_item`."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def to_json(value: Any, session: Session) -> Any:
    """Return a value as it is sent: STAC items as their URLs, objects of attrs as JSON objects."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return [to_json(entry, session) for entry in value]
    if hasattr(value, "get_self_href"):
        return item_url(value, session)
    if has(type(value)):
        names = [attribute.name for attribute in fields(type(value))]
        return {api_name(name): to_json(getattr(value, name), session) for name in names}
    return value


def check_limit(max_credits: float | Decimal | None) -> None:
    if max_credits is None:
        return
    if not is_number(max_credits) or not max_credits >= 0:
        raise InvalidInputError(
            f"max_credits={max_credits!r}: expected a number of credits that isn't negative."
        )


def check_budget(budget_id: str | None) -> None:
    """Refuse a budget that can't exist, such as a number of credits that was meant as a limit."""
    if budget_id is None:
        return
    try:
        if isinstance(budget_id, str):
            uuid.UUID(budget_id)
            return
    except ValueError:
        pass
    raise InvalidInputError(
        f"budget_id={budget_id!r}: expected the UUID of a budget, as a string. To limit the cost, "
        "pass max_credits=…. Nothing was sent."
    )


def assess(template: JobTemplate) -> Assessment:
    """Request everything about a template at once: process and EULA, validation, cost."""
    inputs = copied(template.inputs)
    errors = template._local_errors()
    if errors:
        return Assessment(frozenset(errors), None, inputs)
    session, process_id = template._session, template.process_id
    process = session.executor.submit(process_errors, process_id, session)
    validation = session.executor.submit(validate, process_id, inputs, session)
    cost = session.executor.submit(estimate, process_id, inputs, session)
    errors = process.result()
    if not any(error.name == NOT_FOUND for error in errors):
        errors |= validation.result()
    # An invalid template has no cost, and no news in that its cost can't be estimated.
    return Assessment(frozenset(errors), None if errors else cost.result(), inputs)


def assess_in_turn(
    template: JobTemplate, inputs: dict[str, Any], process: set[ValidationError]
) -> Assessment:
    """Assess one of many templates, with one request after the other.

    Args:
        template: The template.
        inputs: Its inputs, as they are sent.
        process: The `process_errors` of its process.
    """
    errors = template._local_errors() or set(process)
    if not any(error.name == NOT_FOUND for error in errors):
        errors = errors or validate(template.process_id, inputs, template._session)
    if errors:
        return Assessment(frozenset(errors), None, inputs)
    cost = estimate(template.process_id, inputs, template._session)
    return Assessment(frozenset(), cost, inputs)


def copied(inputs: dict[str, Any]) -> dict[str, Any]:
    """Return inputs that stay as they are if a list among them is changed."""
    try:
        return copy.deepcopy(inputs)
    except (TypeError, RecursionError):
        # They can't be sent either: the request raises an error that says so.
        return inputs


def validate(process_id: str, inputs: dict[str, Any], session: Session) -> set[ValidationError]:
    from up42_client.api.processing import validate_process
    from up42_client.models import ExecuteRequest, ValidationProblem

    try:
        session.call(validate_process.request(process_id, body=ExecuteRequest(inputs=inputs)))
    except BadRequestError as error:
        if error.status_code != UNPROCESSABLE:
            return {ValidationError(name="InvalidSchema", message=error.detail or str(error))}
        problem = ValidationProblem.from_dict(error.body if isinstance(error.body, dict) else {})
        return set(validation_errors(problem.errors)) or {
            ValidationError(name="UnprocessableEntity", message=str(error))
        }
    return set()


def estimate(process_id: str, inputs: dict[str, Any], session: Session) -> Cost:
    from up42_client.api.processing import estimate_process_cost
    from up42_client.models import ExecuteRequest

    request = estimate_process_cost.request(process_id, body=ExecuteRequest(inputs=inputs))
    response = session.call(request)
    total, size = response.total_credits, response.total_size
    # A fraction of a credit counts as a whole one: limits have to hold.
    credits = whole(math.ceil(total) if total is not None and math.isfinite(total) else total)
    if credits is None or credits < 0:
        found = response.to_dict().get("totalCredits")
        raise UnexpectedResponseError(
            f"The server estimated {process_id} at totalCredits={found!r}: expected a number that "
            "isn't negative. Nothing was executed.",
            status_code=200,
        )
    return Cost(
        strategy=response.pricing_strategy or "",
        credits=credits,
        size=None if size is None or math.isnan(size) else size,
        unit=response.unit,
    )
