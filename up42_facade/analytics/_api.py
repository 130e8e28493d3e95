"""The legacy analytics API: statuses, sort fields, and responses in an envelope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from up42_facade._common.sorting import SortingField
from up42_facade.errors import (
    ApiError,
    BadRequestError,
    InvalidInputError,
    NotFoundError,
    UnexpectedResponseError,
)
from up42_facade.session import Session

if TYPE_CHECKING:
    from up42_client.types import Request

SUCCEEDED = "SUCCEEDED"
# The documented spellings.
STATUSES = (
    "NOT STARTED",
    "PENDING",
    "RUNNING",
    "CANCELLING",
    "CANCELLED",
    SUCCEEDED,
    "FAILED",
    "ERROR",
)
TERMINAL_STATUSES = (SUCCEEDED, "FAILED", "CANCELLED", "ERROR")
# Stands for a missing status.
UNKNOWN_STATUS = "UNKNOWN"
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
# The server rejects a malformed ID as a bad request.
UNKNOWN = (BadRequestError, NotFoundError)
# Values that mean "no error": some servers send a word or an empty object instead of null.
NO_ERRORS: tuple[Any, ...] = (None, {}, "", "None", "null")


def documented_status(status: str | None) -> str:
    """Return a status in its documented spelling; an undocumented one is returned unchanged.

    Example:
        >>> documented_status("NOT_STARTED"), documented_status("ON_HOLD")
        ('NOT STARTED', 'ON_HOLD')
    """
    if not status:
        return UNKNOWN_STATUS
    spelled = status.replace("_", " ")
    return spelled if spelled in STATUSES else str(status)


class AnalyticsJobSorting:
    """The fields by which `get_jobs` sorts."""

    created = SortingField("createdAt", ascending=False)
    name = SortingField("name")
    id = SortingField("id")
    mode = SortingField("mode")
    status = SortingField("status")
    started = SortingField("startedAt", ascending=False)
    finished = SortingField("finishedAt", ascending=False)


def check_sorting(value: object) -> None:
    """Check a field to sort by.

    Raises:
        InvalidInputError: If it isn't a field of `AnalyticsJobSorting`.
    """
    fields = {
        name: field
        for name, field in vars(AnalyticsJobSorting).items()
        if isinstance(field, SortingField)
    }
    if isinstance(value, SortingField) and value.name in {field.name for field in fields.values()}:
        return
    given = str(value) if isinstance(value, SortingField) else repr(value)
    raise InvalidInputError(
        f"sort_by={given}: expected a field of AnalyticsJobSorting ({', '.join(fields)}), for "
        "example AnalyticsJobSorting.created.desc."
    )


class Envelope(Protocol[T_co]):
    """The body of a response: `data`, or an `error`."""

    @property
    def data(self) -> T_co | None: ...

    def to_dict(self) -> dict[str, Any]: ...


def data_of(session: Session, request: Request[Envelope[T]]) -> T | None:
    """Send a request and return the content of its envelope; None if the envelope is empty.

    Raises:
        ApiError: If the response has an error and no data, whatever its status.
    """
    envelope = session.call(request)
    if envelope.data is None:
        check_body(request, envelope.to_dict())
    return envelope.data


def object_of(session: Session, request: Request[Envelope[T]]) -> T:
    """Send a request and return the object in its envelope.

    Raises:
        ApiError: If the response has an error and no data, whatever its status.
        UnexpectedResponseError: If the response has no object.
    """
    data = data_of(session, request)
    if data is None:
        raise UnexpectedResponseError(
            f"{title_of(request)}: the response has no object in `data`. Check region and "
            "base_url.",
            status_code=200,
        )
    return data


def check_body(request: Request[Any], body: dict[str, Any]) -> None:
    """Raise the error that a body contains although its status means success.

    Raises:
        ApiError: If the body has an error and no data.
    """
    from up42_client.models import AnalyticsErrorResponse

    if body.get("data") is not None or body.get("error") in NO_ERRORS:
        return
    error = AnalyticsErrorResponse.from_dict(body).error
    message = (error and error.message) or str(body["error"])
    code = f" {error.code}" if error and error.code is not None else ""
    details = error.details if error else None
    raise ApiError(
        f"{title_of(request)}: the server returned the error{code}: {message.rstrip('.')}.",
        status_code=200,
        title=message,
        detail=details if isinstance(details, str) else None,
        body=body,
    )


def title_of(request: Request[Any]) -> str:
    return f"{request.arguments['method'].upper()} {request.arguments['url']}"


def with_message(error: ApiError, message: str) -> ApiError:
    """Return an error of the server with a message that explains it."""
    return type(error)(
        message,
        status_code=error.status_code,
        title=error.title,
        detail=error.detail,
        body=error.body,
        method=error.method,
        url=error.url,
    )
