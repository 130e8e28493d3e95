"""List the analytics jobs of a project: page by page, until one brings nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

from attrs import frozen

from up42_facade._analytics.answers import UNKNOWN, retold, sequence
from up42_facade._analytics.types import SORTING_FIELDS
from up42_facade._common.paging import prefetched
from up42_facade._common.sorting import SortingField
from up42_facade.errors import InvalidInputError
from up42_facade.session import Session

logger = logging.getLogger(__name__)

Page = list[dict[str, Any]]


def ordering(value: SortingField | None) -> SortingField | None:
    """Check a field to sort by.

    Raises:
        InvalidInputError: The jobs can't be sorted by it.
    """
    names = {field.name for field in SORTING_FIELDS.values()}
    if value is None or (isinstance(value, SortingField) and value.name in names):
        return value
    shown = str(value) if isinstance(value, SortingField) else repr(value)
    known = ", ".join(SORTING_FIELDS)
    raise InvalidInputError(
        f"sort_by={shown}: expected a field of AnalyticsJobSorting ({known}), for instance "
        "AnalyticsJobSorting.created.desc."
    )


@frozen
class Listing:
    """The jobs of one project in one order."""

    session: Session
    project_id: str
    sort_by: SortingField | None = None

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the metadata of each job once; pages are fetched as they are needed.

        The list has neither a size nor links, and moves on while it is read: new jobs push
        old ones to the next page. A page with nothing new is taken for its end.
        """
        seen: set[str] = set()
        number = 0

        def following(page: Page) -> Callable[[], Page] | None:
            nonlocal number
            number += 1
            if seen.issuperset(job["id"] for job in page):
                return None
            next_number = number
            return lambda: self.page(next_number)

        for page in prefetched(lambda: self.page(0), following, self.session.executor):
            fresh = [job for job in page if job["id"] not in seen]
            seen.update(job["id"] for job in fresh)
            yield from fresh

    def page(self, number: int) -> Page:
        """Return one page, without entries that are no job.

        Raises:
            NotFoundError: There is no such project, or this account can't see it.

        Endpoint: GET /projects/{project_id}/jobs.
        """
        from up42_client.api.analytics import list_jobs

        order = {} if self.sort_by is None else {"sort": str(self.sort_by)}
        try:
            entries = sequence(self.session, list_jobs, self.project_id, page=number, **order)
        except UNKNOWN as error:
            raise retold(
                error,
                f"Project {self.project_id!r} was not found: check the id, and that it belongs "
                f"to this account and region. The server said: {error.title or error}",
            ) from error
        jobs = [job for job in entries if isinstance(job, dict) and isinstance(job.get("id"), str)]
        if len(jobs) < len(entries):
            logger.warning("The list of jobs holds entries without a job id: passed over.")
        return jobs
