"""What all job templates have in common: validation, price, execution."""

from __future__ import annotations

import copy
import datetime as dt
import math
import uuid
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import field, frozen

from up42_facade._common.html import table
from up42_facade._common.once import Once
from up42_facade._common.values import is_number, whole
from up42_facade.errors import (
    BadRequestError,
    CostLimitError,
    InvalidInputError,
    InvalidTemplateError,
    NotFoundError,
    UnexpectedResponseError,
)
from up42_facade.processing._job import Job, validation_errors
from up42_facade.processing._process import Process, process_errors
from up42_facade.processing._stac_links import item_url
from up42_facade.processing._types import Cost, ValidationError
from up42_facade.session import Session, resolve_session

if TYPE_CHECKING:
    import pystac

    Item = pystac.Item | str

# How long an estimate counts before it is asked for again.
PRICE_LIFETIME = dt.timedelta(hours=1)
# Status for inputs that fit the schema and are invalid otherwise.
UNPROCESSABLE = 422


@frozen
class Assessment:
    """What the server says of a template: its errors, or else its cost."""

    errors: frozenset[ValidationError]
    cost: Cost | None
    inputs: Mapping[str, Any]
    at: dt.datetime = field(factory=lambda: dt.datetime.now(dt.UTC))

    def is_current(self, inputs: Mapping[str, Any]) -> bool:
        """Return whether this holds for these inputs, which may have been changed, and now."""
        try:
            return bool(self.inputs == inputs) and is_recent(self.at)
        except Exception:  # whatever comparing raises, for instance that of arrays
            return False


def is_recent(told_at: dt.datetime) -> bool:
    """Return whether a price is new enough to spend credits on it."""
    # A price from the future is one from before the clock was put back.
    return dt.timedelta(0) <= dt.datetime.now(dt.UTC) - told_at < PRICE_LIFETIME


def copied(inputs: dict[str, Any]) -> dict[str, Any]:
    """Return inputs that stay as they are when a list among them is changed."""
    try:
        return copy.deepcopy(inputs)
    except (TypeError, RecursionError):
        # They can't be sent either, and who sends them says so.
        return inputs


@frozen(kw_only=True)
class JobTemplate:
    """A process with its inputs: the base of all templates.

    Attributes:
        process_id: Id of the process.
        workspace_id: Where the results go; default: the user's own workspace, which is asked
            for once per session when it is first needed.
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
        raise TypeError(f"{type(self).__name__} has no inputs: use one of its subclasses.")

    @property
    def workspace_id(self) -> str:
        """Id of the workspace that the job runs in."""
        return self._workspace_id or self._session.workspace_id

    @property
    def errors(self) -> set[ValidationError]:
        """What is wrong; empty if the template is valid. Asked for once an hour.

        Raises:
            Up42Error: The server could not be asked; nothing is remembered then.

        Endpoints: GET /v2/processing/processes/{processId}, GET /v2/eulas/{eulaId}, POST
        /v2/processing/processes/{processId}/validation and …/cost, side by side.
        """
        return set(self._assessment.errors)

    @property
    def is_valid(self) -> bool:
        """True if the process exists, its EULA is accepted and the inputs are right."""
        return not self._assessment.errors

    @property
    def cost(self) -> Cost:
        """What the job would cost. Asked for once an hour, together with `errors`.

        Raises:
            InvalidTemplateError: The template is not valid; the error lists why.
        """
        assessment = self._assessment
        if assessment.cost is None:
            raise InvalidTemplateError(self.process_id, assessment.errors)
        return assessment.cost

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
        assessment = self._assessment
        cost = assessment.cost
        if cost is None:
            raise InvalidTemplateError(self.process_id, assessment.errors)
        if max_credits is not None and cost > max_credits:
            raise CostLimitError(cost, max_credits)
        # What was estimated is what is sent.
        intent = Intent(
            process_id=self.process_id, workspace_id=self.workspace_id, inputs=assessment.inputs
        )
        return Execution(self._session, intent, budget_id).run()

    def _repr_html_(self) -> str:
        rows: dict[str, object] = dict(self.inputs)
        # What the server says is shown once it was asked for: showing a template asks nothing.
        assessed = self._assessed.known
        if assessed is not None:
            rows["Valid"] = "no" if assessed.errors else "yes"
            rows["Errors"] = sorted(f"{e.name}: {e.message}" for e in assessed.errors) or None
            rows["Credits"] = assessed.cost.credits if assessed.cost else None
        return table(f"Template of {self.process_id}", rows)

    @property
    def _assessment(self) -> Assessment:
        return self._assessed.get(lambda: assess(self), lambda known: known.is_current(self.inputs))

    def _local_errors(self) -> set[ValidationError]:
        """Errors that are found without asking the server; nothing is asked if there are any."""
        return set()


def check_limit(max_credits: float | Decimal | None) -> None:
    if max_credits is None:
        return
    if not is_number(max_credits) or not max_credits >= 0:
        raise InvalidInputError(
            f"max_credits={max_credits!r}: expected a number of credits that is not negative."
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
    """Ask for everything about a template at once: process and EULA, validation, cost."""
    inputs = copied(template.inputs)
    errors = template._local_errors()
    if errors:
        return Assessment(frozenset(errors), None, inputs)
    session, process_id = template._session, template.process_id
    process = session.executor.submit(process_errors, process_id, session)
    validation = session.executor.submit(validate, process_id, inputs, session)
    cost = attempt(lambda: estimate(process_id, inputs, session))
    errors = process.result()
    if any(error.name == "ProcessNotFound" for error in errors):
        return Assessment(frozenset(errors), None, inputs)
    errors |= validation.result()
    # An invalid template has no cost: that the server refused to price it is no news.
    return Assessment(frozenset(errors), None if errors else cost(), inputs)


def assess_in_turn(
    template: JobTemplate, inputs: dict[str, Any], process: set[ValidationError]
) -> Assessment:
    """Do what `assess` does with one request after the other, as one of many templates.

    Args:
        template: The template.
        inputs: Its inputs, as they are sent.
        process: What `process_errors` has found for its process.
    """
    errors = template._local_errors() or set(process)
    if not any(error.name == "ProcessNotFound" for error in errors):
        errors = errors or validate(template.process_id, inputs, template._session)
    if errors:
        return Assessment(frozenset(errors), None, inputs)
    cost = estimate(template.process_id, inputs, template._session)
    return Assessment(frozenset(), cost, inputs)


def attempt(function: Callable[[], Cost]) -> Callable[[], Cost]:
    """Call a function now; return what gives its result or raises its refusal later."""
    try:
        value = function()
    except (BadRequestError, NotFoundError) as error:
        refusal = error

        def fail() -> Cost:
            raise refusal

        return fail
    return lambda: value


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
    answer = session.call(request)
    told = answer.total_credits
    # A price between two credits counts as the higher one: limits have to hold.
    credits = whole(math.ceil(told) if told is not None and math.isfinite(told) else told)
    if credits is None or credits < 0:
        found = answer.to_dict().get("totalCredits")
        raise UnexpectedResponseError(
            f"The server priced {process_id} without totalCredits."
            if found is None
            else f"The server priced {process_id} at totalCredits={found!r}: expected a number "
            "that is not negative. Nothing was executed.",
            status_code=200,
        )
    return Cost(
        strategy=answer.pricing_strategy or "",
        credits=credits,
        size=None
        if answer.total_size is None or math.isnan(answer.total_size)
        else answer.total_size,
        unit=answer.unit,
    )


def checked_items(instance: JobTemplate, attribute: Any, value: Any) -> None:
    """An attrs validator: an item, or each of several, has a URL that the server can read."""
    if value is None or (isinstance(value, tuple) and not value):
        raise InvalidInputError(f"{attribute.name}={value!r}: expected STAC items.")
    for item in value if isinstance(value, tuple) else (value,):
        item_url(item, instance._session)


def checked_title(instance: JobTemplate, attribute: Any, value: Any) -> None:
    if not isinstance(value, str):
        raise InvalidInputError(f"title={value!r}: expected a text of 1 to 250 characters.")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidInputError(
            f"title={value!r} can't be sent: it holds half of a surrogate pair, which is no "
            "character. Expected Unicode text."
        ) from error


@frozen
class SingleItemJobTemplate(JobTemplate):
    """Base of the templates that take one STAC item.

    Attributes:
        title: Title of the resulting STAC item and collection, 1 to 250 characters.
        item: The STAC item to process, or its URL.
    """

    title: str = field(validator=checked_title)
    item: Item = field(validator=checked_items)

    @property
    def inputs(self) -> dict[str, Any]:
        return {"title": self.title, "item": item_url(self.item, self._session)}


@frozen
class MultiItemJobTemplate(JobTemplate):
    """Base of the templates that take several STAC items.

    Attributes:
        title: Title of the resulting STAC item and collection, 1 to 250 characters.
        items: The STAC items to process, or their URLs.
    """

    title: str = field(validator=checked_title)
    items: Sequence[Item] = field(converter=tuple, validator=checked_items)

    @property
    def inputs(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "items": [item_url(item, self._session) for item in self.items],
        }


@frozen
class ProcessTemplate(JobTemplate):
    """A template of any process, made by `Process.template`.

    Attributes:
        process: The process.
        given_inputs: The inputs as they were given; STAC items stand for their URLs.
    """

    process: Process
    given_inputs: Mapping[str, Any]

    def __attrs_post_init__(self) -> None:
        # Items without a usable URL are refused when the template is made, as elsewhere.
        _ = self.inputs

    @property
    def process_id(self) -> str:  # type: ignore[override]  # one class serves every process
        return self.process.id

    @property
    def inputs(self) -> dict[str, Any]:
        return {name: self._sent(value) for name, value in self.given_inputs.items()}

    def _sent(self, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [self._sent(entry) for entry in value]
        is_item = hasattr(value, "get_self_href")
        return item_url(value, self._session) if is_item else value

    def _local_errors(self) -> set[ValidationError]:
        return self.process.check(self.inputs)
