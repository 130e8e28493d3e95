"""Jobs and job tasks of the analytics API."""

from __future__ import annotations

from collections.abc import Iterator

from up42_facade._common.sorting import SortingField
from up42_facade.analytics._jobs import Job
from up42_facade.analytics._tasks import JobTask
from up42_facade.analytics._types import (
    STATUSES,
    TERMINAL_STATUSES,
    AnalyticsJobSorting,
    check_text,
)
from up42_facade.errors import ConfigurationError
from up42_facade.session import Session, resolve_session

__all__ = [
    "STATUSES",
    "TERMINAL_STATUSES",
    "AnalyticsJobSorting",
    "Job",
    "JobTask",
    "get_jobs",
    "initialize_job",
    "initialize_jobtask",
]


def initialize_job(
    job_id: str, project_id: str | None = None, session: Session | None = None
) -> Job:
    """Return an analytics job to work with. Nothing is sent: an unknown id shows at first use.

    Args:
        job_id: Id of the job.
        project_id: Id of its project; default: that of the session.
        session: Default: that of `authenticate()`.

    Raises:
        InvalidInputError: `job_id` is no text or empty.
        ConfigurationError: There is no project id.
        NotAuthenticatedError: There is no session.

    Example:
        >>> job = up42.initialize_job(job_id=job_id, project_id=project_id)
    """
    check_text("job_id", job_id)
    session = resolve_session(session)
    return Job(job_id, project_of(project_id, session), session)


def initialize_jobtask(
    jobtask_id: str,
    job_id: str,
    project_id: str | None = None,
    session: Session | None = None,
) -> JobTask:
    """Return a task of an analytics job. Nothing is sent: an unknown id shows at first use.

    Args:
        jobtask_id: Id of the task.
        job_id: Id of its job.
        project_id: Id of the job's project; default: that of the session.
        session: Default: that of `authenticate()`.

    Raises:
        InvalidInputError: An id is no text or empty.
        ConfigurationError: There is no project id.
        NotAuthenticatedError: There is no session.

    Example:
        >>> jobtask = up42.initialize_jobtask(jobtask_id, job_id, project_id)
    """
    check_text("jobtask_id", jobtask_id)
    check_text("job_id", job_id)
    session = resolve_session(session)
    return JobTask(jobtask_id, job_id, project_of(project_id, session), session)


def get_jobs(
    project_id: str | None = None,
    sort_by: SortingField | None = None,
    session: Session | None = None,
) -> Iterator[Job]:
    """Yield the analytics jobs of a project.

    Args:
        project_id: Id of the project; default: that of the session.
        sort_by: A field of `AnalyticsJobSorting`, with `.asc` or `.desc` if its default isn't
            meant; default: the server's order.
        session: Default: that of `authenticate()`.

    Returns:
        An iterator that fetches pages as they are needed, the next one ahead. Each job knows
        what the list says of it, and comes once.

    Raises:
        InvalidInputError: The jobs can't be sorted so. Raised at once.
        ConfigurationError: There is no project id.
        NotFoundError: There is no such project; raised when the first job is asked for.

    Example:
        >>> newest = next(up42.get_jobs(project_id, sort_by=up42.AnalyticsJobSorting.created.desc))

    Endpoint: GET /projects/{project_id}/jobs.
    """
    from up42_facade.analytics._listing import Listing, ordering

    order = ordering(sort_by)
    session = resolve_session(session)
    project = project_of(project_id, session)
    return (
        Job(job_id, project, session, known=known)
        for job_id, known in Listing(session, project, order)
    )


def project_of(project_id: str | None, session: Session) -> str:
    """Return the given project id, else that of the session.

    Raises:
        ConfigurationError: There is none.
    """
    if project_id is not None:
        check_text("project_id", project_id)
        return project_id
    if session.project_id is None:
        raise ConfigurationError(
            "No project: pass project_id=…, authenticate with project_id=…, or set UP42_PROJECT_ID."
        )
    return session.project_id
