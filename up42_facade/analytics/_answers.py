"""The adapter of the analytics API: opens its envelopes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from attrs import frozen

from up42_facade.errors import ApiError, BadRequestError, NotFoundError, UnexpectedResponseError
from up42_facade.session import Session

if TYPE_CHECKING:
    from up42_client.models import Job, JobCredits, JobTask
    from up42_client.types import Request

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
# How the server may say that it doesn't know a job: a malformed id is a bad request.
UNKNOWN = (BadRequestError, NotFoundError)
# Values that mean "no error": some servers send a word or an empty object instead of null.
NO_ERRORS: tuple[Any, ...] = (None, {}, "", "None", "null")


class Envelope(Protocol[T_co]):
    """The body of a response: `data`, or an `error`."""

    @property
    def data(self) -> T_co | None: ...

    def to_dict(self) -> dict[str, Any]: ...


def data_of(session: Session, request: Request[Envelope[T]]) -> T | None:
    """Send a request and return what its envelope has, which is None if it is empty.

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
            f"{shown(request)}: the response has no object in `data`. Check region and base_url.",
            status_code=200,
        )
    return data


def check_body(request: Request[Any], body: dict[str, Any]) -> None:
    """Raise the error that a body contains although its status promises success.

    Raises:
        ApiError: If it has an error and no data.
    """
    from up42_client.models import AnalyticsErrorResponse

    if body.get("data") is not None or body.get("error") in NO_ERRORS:
        return
    error = AnalyticsErrorResponse.from_dict(body).error
    message = (error and error.message) or str(body["error"])
    code = f" {error.code}" if error and error.code is not None else ""
    details = error.details if error else None
    raise ApiError(
        f"{shown(request)}: the server returned the error{code}: {message.rstrip('.')}.",
        status_code=200,
        title=message,
        detail=details if isinstance(details, str) else None,
        body=body,
    )


def shown(request: Request[Any]) -> str:
    return f"{request.arguments['method'].upper()} {request.arguments['url']}"


@frozen
class JobAddress:
    """Where a job is: its session, project and id."""

    session: Session
    project_id: str
    job_id: str

    @property
    def path(self) -> tuple[str, str]:
        """What the operations take first."""
        return self.project_id, self.job_id

    def info(self) -> Job:
        """Return the job's metadata.

        Endpoint: GET /projects/{project_id}/jobs/{job_id}.
        """
        from up42_client.api.analytics import get_job

        return self._object(get_job.request(*self.path))

    def credits(self) -> JobCredits:
        """Return what the job has cost.

        Endpoint: GET /projects/{project_id}/jobs/{job_id}/credits.
        """
        from up42_client.api.analytics import get_job_credits

        return self._object(get_job_credits.request(*self.path))

    def tasks(self) -> dict[str, JobTask]:
        """Return the metadata of the job's tasks by ID, in the server's order.

        Endpoint: GET /projects/{project_id}/jobs/{job_id}/tasks.
        """
        from up42_client.api.analytics import list_job_tasks

        try:
            tasks = data_of(self.session, list_job_tasks.request(*self.path)) or []
        except UNKNOWN as error:
            raise self.unknown(error) from error
        return {task.id: task for task in tasks if task.id}

    def task(self, jobtask_id: str) -> JobTask:
        """Return the metadata of one task.

        Raises:
            NotFoundError: If the job has no such task; the error lists those that it has.
        """
        tasks = self.tasks()
        wanted = jobtask_id.lower()
        found = next((task for id, task in tasks.items() if id.lower() == wanted), None)
        if found is None:
            listed = ", ".join(f"{id} ({task.name})" for id, task in tasks.items()) or "none"
            raise NotFoundError(
                f"Job {self.job_id!r} has no task {jobtask_id!r}. Its tasks are: {listed}.",
                status_code=404,
            )
        return found

    def _object(self, request: Request[Envelope[T]]) -> T:
        try:
            return object_of(self.session, request)
        except UNKNOWN as error:
            raise self.unknown(error) from error

    def unknown(self, error: ApiError) -> ApiError:
        """Return the error for a job that the server doesn't find or whose id it can't read."""
        said = f"The server said: {error.title or error}"
        if isinstance(error, NotFoundError):
            return retold(
                error,
                f"Job {self.job_id!r} was not found in project {self.project_id!r}: it doesn't "
                "exist, belongs to another project, or this account can't see it. Pass the "
                "project_id that it belongs to; get_jobs(project_id=…) lists a project's jobs. "
                f"{said}",
            )
        return retold(
            error,
            f"Job {self.job_id!r} of project {self.project_id!r} can't be asked for: ids are "
            f"UUIDs, 36 characters long. {said}",
        )


def retold(error: ApiError, message: str, kind: type[ApiError] | None = None) -> ApiError:
    """Return an error of the server with a message that says what it means here."""
    return (kind or type(error))(
        message,
        status_code=error.status_code,
        title=error.title,
        detail=error.detail,
        body=error.body,
        method=error.method,
        url=error.url,
    )
