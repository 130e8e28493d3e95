"""List the analytics jobs of a project: page by page, until one brings nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from attrs import frozen

from up42_facade._common.logs import get_logger
from up42_facade._common.paging import read_pages
from up42_facade._common.sorting import SortingField
from up42_facade._common.values import sent
from up42_facade.analytics._answers import UNKNOWN, data_of, retold
from up42_facade.analytics._types import SORTING_FIELDS
from up42_facade.errors import InvalidInputError
from up42_facade.session import Session

if TYPE_CHECKING:
    from up42_client.models import Job

logger = get_logger(__name__)


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

    def __iter__(self) -> Iterator[tuple[str, Job]]:
        """Yield the ID and metadata of each job once; pages are fetched as they are needed.

        The list has neither a size nor links, and moves on while it is read: new jobs push
        old ones to the next page. A page with nothing new is taken for its end.
        """
        seen: set[str] = set()
        number = 0

        def following(page: dict[str, Job]) -> tuple[int, Callable[[], dict[str, Job]]] | None:
            nonlocal number
            number += 1
            if seen.issuperset(page):
                return None
            next_number = number
            return next_number, lambda: self.page(next_number)

        for page in read_pages("jobs", lambda: self.page(0), following, list):
            fresh = {id: job for id, job in page.items() if id not in seen}
            seen.update(fresh)
            yield from fresh.items()

    def page(self, number: int) -> dict[str, Job]:
        """Return the jobs of one page by ID, without entries that have none.

        Raises:
            NotFoundError: There is no such project, or this account can't see it.

        Endpoint: GET /projects/{project_id}/jobs.
        """
        from up42_client.api.analytics import list_jobs

        order = sent(None if self.sort_by is None else str(self.sort_by))
        request = list_jobs.request(self.project_id, page=number, sort=order)
        try:
            entries = data_of(self.session, request) or []
        except UNKNOWN as error:
            raise retold(
                error,
                f"Project {self.project_id!r} was not found: check the id, and that it belongs "
                f"to this account and region. The server said: {error.title or error}",
            ) from error
        if not all(job.id for job in entries):
            logger.warning("The list of jobs has entries without a job ID: skipped.")
        return {job.id: job for job in entries if job.id}
