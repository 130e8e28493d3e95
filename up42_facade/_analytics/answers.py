"""The adapter of the analytics API: opens its envelopes, keeps its documents as they came."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from up42_facade._common.values import as_dict, entries
from up42_facade.errors import ApiError, BadRequestError, NotFoundError, UnexpectedResponseError
from up42_facade.session import Endpoint, Session

# How the server may say that it doesn't know a job: a malformed id is a bad request.
UNKNOWN = (BadRequestError, NotFoundError)
# What stands for "no error": some servers write a word or an empty object instead of null.
NO_ERRORS: tuple[Any, ...] = (None, {}, "", "None", "null")


def document(
    session: Session, operation: Endpoint, *arguments: Any, **options: Any
) -> dict[str, Any]:
    """Call an operation and return its JSON object, spelled as the server did.

    The documented results are dicts: models would round times and drop their spelling.

    Raises:
        ApiError: The answer has an error and no data, whatever its status.
        UnexpectedResponseError: It is no JSON object.
    """
    answer = session.call_object(operation, *arguments, **options)
    if answer.get("error") not in NO_ERRORS and answer.get("data") is None:
        raise refusal(operation, answer)
    return answer


def mapping(
    session: Session, operation: Endpoint, *arguments: Any, **options: Any
) -> dict[str, Any]:
    """Call an operation and return the object in its envelope."""
    data = document(session, operation, *arguments, **options).get("data")
    if not isinstance(data, dict):
        raise unexpected(operation, data)
    return data


def sequence(session: Session, operation: Endpoint, *arguments: Any, **options: Any) -> list[Any]:
    """Call an operation and return the entries in its envelope that aren't null."""
    return entries(document(session, operation, *arguments, **options).get("data"))


def unexpected(operation: Endpoint, found: Any) -> UnexpectedResponseError:
    return UnexpectedResponseError(
        f"{name_of(operation)}: the answer holds {type(found).__name__} where an object was "
        "expected. Check region and base_url.",
        status_code=200,
        body=found,
    )


def refusal(operation: Endpoint, answer: dict[str, Any]) -> ApiError:
    """Return the error for an envelope that tells one under a status that promises success."""
    told = answer["error"]
    error = as_dict(told)
    message = str(error.get("message") or told)
    code = f" {error['code']}" if error.get("code") is not None else ""
    details = error.get("details")
    return ApiError(
        f"{name_of(operation)}: the server answered with the error{code}: {message.rstrip('.')}.",
        status_code=200,
        title=message,
        detail=details if isinstance(details, str) else None,
        body=answer,
    )


def name_of(operation: Endpoint) -> str:
    return operation.__name__.rpartition(".")[2]


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

    def mapping(self, operation: Endpoint) -> dict[str, Any]:
        """Ask for an object of the job; an unknown job is told as such."""
        try:
            return mapping(self.session, operation, *self.path)
        except UNKNOWN as error:
            raise self.unknown(error) from error

    def info(self) -> dict[str, Any]:
        """Return the job's metadata.

        Endpoint: GET /projects/{project_id}/jobs/{job_id}.
        """
        from up42_client.api.analytics import get_job

        return self.mapping(get_job)

    def tasks(self) -> list[dict[str, Any]]:
        """Return the metadata of the job's tasks, in the server's order.

        Endpoint: GET /projects/{project_id}/jobs/{job_id}/tasks.
        """
        from up42_client.api.analytics import list_job_tasks

        try:
            tasks = sequence(self.session, list_job_tasks, *self.path)
        except UNKNOWN as error:
            raise self.unknown(error) from error
        return [task for task in tasks if isinstance(task, dict) and task.get("id")]

    def task(self, jobtask_id: str) -> dict[str, Any]:
        """Return the metadata of one task.

        Raises:
            NotFoundError: The job has no such task; the error lists those that it has.
        """
        tasks = self.tasks()
        wanted = jobtask_id.lower()
        found = next((task for task in tasks if str(task["id"]).lower() == wanted), None)
        if found is None:
            listed = ", ".join(f"{task['id']} ({task.get('name')})" for task in tasks) or "none"
            raise NotFoundError(
                f"Job {self.job_id!r} has no task {jobtask_id!r}. Its tasks are: {listed}.",
                status_code=404,
            )
        return found

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
