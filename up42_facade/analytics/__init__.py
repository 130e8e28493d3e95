"""Jobs and job tasks of the legacy analytics API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from up42_facade._common.logs import get_logger
from up42_facade._common.sorting import SortingField
from up42_facade._common.values import check_string
from up42_facade.analytics._api import (
    STATUSES,
    TERMINAL_STATUSES,
    UNKNOWN,
    AnalyticsJobSorting,
    check_sorting,
    data_of,
    with_message,
)
from up42_facade.analytics._jobs import Job, JobTask
from up42_facade.errors import ConfigurationError
from up42_facade.session import Session, resolve_session

if TYPE_CHECKING:
    from up42_client.models import Job as ApiJob

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

logger = get_logger(__name__)


def initialize_job(
    job_id: str, project_id: str | None = None, session: Session | None = None
) -> Job:
    """Return a job of the legacy analytics API. No request is sent, so the ID isn't checked.

    Args:
        job_id: ID of the job.
        project_id: ID of its project. Defaults to that of the session.
        session: Session to use. Defaults to the one set by `authenticate()`.

    Raises:
        InvalidInputError: If an ID isn't a non-empty string.
        ConfigurationError: If there is no project ID.
        NotAuthenticatedError: If there is no session.

    Example:
        >>> job = up42.initialize_job(job_id=job_id, project_id=project_id)
    """
    check_string("job_id", job_id)
    session = resolve_session(session)
    return Job(job_id, project_of(project_id, session), session)


def initialize_jobtask(
    jobtask_id: str,
    job_id: str,
    project_id: str | None = None,
    session: Session | None = None,
) -> JobTask:
    """Return a task of the legacy analytics API. No request is sent, so the ID isn't checked.

    Args:
        jobtask_id: ID of the task.
        job_id: ID of its job.
        project_id: ID of the job's project. Defaults to that of the session.
        session: Session to use. Defaults to the one set by `authenticate()`.

    Raises:
        InvalidInputError: If an ID isn't a non-empty string.
        ConfigurationError: If there is no project ID.
        NotAuthenticatedError: If there is no session.

    Example:
        >>> jobtask = up42.initialize_jobtask(jobtask_id, job_id, project_id)
    """
    check_string("jobtask_id", jobtask_id)
    check_string("job_id", job_id)
    session = resolve_session(session)
    return JobTask(job_id, project_of(project_id, session), session, jobtask_id=jobtask_id)


def get_jobs(
    project_id: str | None = None,
    sort_by: SortingField | None = None,
    session: Session | None = None,
) -> Iterator[Job]:
    """Yield the jobs of a project of the legacy analytics API.

    Args:
        project_id: ID of the project. Defaults to that of the session.
        sort_by: A field of `AnalyticsJobSorting`, with `.asc` or `.desc` unless its default
            direction fits. If None, the server's order.
        session: Session to use. Defaults to the one set by `authenticate()`.

    Returns:
        An iterator that fetches pages when they are needed, the next one ahead. Each job has
        the metadata of the list, and is yielded once.

    Raises:
        InvalidInputError: If jobs can't be sorted by `sort_by`. Raised immediately.
        ConfigurationError: If there is no project ID.
        NotFoundError: If there is no such project; raised when the first job is requested.

    Example:
        >>> newest = next(up42.get_jobs(project_id, sort_by=up42.AnalyticsJobSorting.created.desc))

    Endpoint: GET /projects/{project_id}/jobs.
    """
    if sort_by is not None:
        check_sorting(sort_by)
    session = resolve_session(session)
    return iterate_jobs(session, project_of(project_id, session), sort_by)


def iterate_jobs(session: Session, project_id: str, sort_by: SortingField | None) -> Iterator[Job]:
    """Yield each job of a project once.

    The list has neither a size nor links, and changes while it is read: new jobs move old ones
    to the next page. A page without new jobs is the end.
    """
    from up42_facade._common.paging import read_pages

    seen: set[str] = set()
    number = 0

    def fetch(number: int) -> dict[str, ApiJob]:
        return jobs_page(session, project_id, number, sort_by)

    def next_page(page: dict[str, ApiJob]) -> tuple[int, Callable[[], dict[str, ApiJob]]] | None:
        nonlocal number
        number += 1
        return None if seen.issuperset(page) else (number, partial(fetch, number))

    for page in read_pages("jobs", partial(fetch, 0), next_page, list):
        for id, known in page.items():
            if id not in seen:
                seen.add(id)
                yield Job(id, project_id, session, known=known)


def jobs_page(
    session: Session, project_id: str, number: int, sort_by: SortingField | None
) -> dict[str, ApiJob]:
    """Return the jobs of one page by ID, without entries that have none.

    Raises:
        NotFoundError: If there is no such project, or this account can't see it.

    Endpoint: GET /projects/{project_id}/jobs.
    """
    from up42_client.api.analytics import list_jobs
    from up42_client.types import UNSET

    sort = UNSET if sort_by is None else str(sort_by)
    try:
        request = list_jobs.request(project_id, page=number, sort=sort)
        entries = data_of(session, request) or []
    except UNKNOWN as error:
        raise with_message(
            error,
            f"Project {project_id!r} was not found: check the ID, and that it belongs to this "
            f"account and region. The server returned: {error.title or error}",
        ) from error
    if not all(job.id for job in entries):
        logger.warning("The list of jobs has entries without a job ID: skipped.")
    return {job.id: job for job in entries if job.id}


def project_of(project_id: str | None, session: Session) -> str:
    """Return the given project ID, or else that of the session.

    Raises:
        ConfigurationError: If there is neither.
    """
    if project_id is not None:
        check_string("project_id", project_id)
        return project_id
    if session.project_id is None:
        raise ConfigurationError(
            "No project: pass project_id=…, authenticate with project_id=…, or set UP42_PROJECT_ID."
        )
    return session.project_id
