"""List processing jobs: check the filters, request page by page, apply the date bounds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from up42_client.api import json_object
from up42_client.types import UNSET, Request
from up42_facade._common.hints import did_you_mean
from up42_facade._common.paging import read_pages
from up42_facade._common.sorting import SortingField
from up42_facade._common.times import DatetimeLike, moment
from up42_facade._common.values import check_count, next_link, sent
from up42_facade.errors import InvalidInputError, UnexpectedResponseError
from up42_facade.processing._types import JobSorting, JobStatus
from up42_facade.session import Session

if TYPE_CHECKING:
    import httpx

    from up42_client.models import ProcessingJob, ProcessingJobList

# IDs per request: with a hundred UUIDs, a URL has 4 kB, which every server accepts.
IDS_PER_REQUEST = 100


def strings(name: str, value: Any) -> list[str] | None:
    """Return a list of strings; a single one counts as a list of one."""
    if value is None:
        return None
    values = [value] if isinstance(value, str) else list(value)
    for entry in values:
        if not isinstance(entry, str) or not entry or "," in entry:
            raise InvalidInputError(
                f"{name} contains {entry!r}: expected non-empty strings without commas."
            )
    return values


def statuses(value: Sequence[JobStatus | str] | None) -> list[str] | None:
    """Return status values; a string that isn't a known status is taken for a typo."""
    wanted = strings("status", value)
    known = [status.value for status in JobStatus]
    for entry in wanted or ():
        if isinstance(entry, JobStatus) or entry in known:
            continue
        raise InvalidInputError(
            f"Unknown status {entry!r}: expected some of {', '.join(known)}."
            f"{did_you_mean(entry.lower(), known)}"
        )
    return None if wanted is None else [str(entry) for entry in wanted]


def count(name: str, value: Any, least: int) -> int | None:
    return None if value is None else check_count(name, value, least)


def bound(name: str, value: DatetimeLike | None) -> dt.datetime | None:
    return None if value is None else moment(name, value)


def sort_order(value: SortingField | None) -> SortingField | None:
    if value is not None and not isinstance(value, SortingField):
        raise InvalidInputError(
            f"sort_by={value!r}: expected a field of JobSorting, for example "
            "JobSorting.created.desc."
        )
    return value


@frozen(kw_only=True)
class Query:
    """The filters of one listing; `checked` creates it from the caller's arguments."""

    process_id: list[str] | None = None
    workspace_id: str | None = None
    status: list[str] | None = None
    min_duration: int | None = None
    max_duration: int | None = None
    sort_by: SortingField | None = None
    ids: list[str] | None = None
    page_size: int | None = None
    created_after: dt.datetime | None = None
    created_before: dt.datetime | None = None
    is_strict: bool = False
    """Whether an entry that isn't a job raises, instead of being skipped."""

    @classmethod
    def checked(cls, **given: Any) -> Query:
        """Check the arguments of `Job.all`.

        Raises:
            InvalidInputError: If a filter has a value that can't match anything.
        """
        return cls(
            process_id=strings("process_id", given["process_id"]),
            workspace_id=given["workspace_id"],
            status=statuses(given["status"]),
            min_duration=count("min_duration", given["min_duration"], 0),
            max_duration=count("max_duration", given["max_duration"], 0),
            sort_by=sort_order(given["sort_by"]),
            ids=strings("ids", given["ids"]),
            page_size=count("page_size", given["page_size"], 1),
            created_after=bound("created_after", given["created_after"]),
            created_before=bound("created_before", given["created_before"]),
        )

    @property
    def order(self) -> SortingField | None:
        bounded = self.created_after is not None or self.created_before is not None
        return self.sort_by or (JobSorting.created.desc if bounded else None)

    def run(self, session: Session) -> Iterator[ProcessingJob]:
        """Yield the entries that match, as the API sends them."""
        if any(filtered == [] for filtered in (self.process_id, self.status, self.ids)):
            return iter(())
        jobs = each_once(job for part in self._parts() for job in part._entries(session))
        if self.created_after is None and self.created_before is None:
            return jobs
        return within(jobs, self.created_after, self.created_before, self.order)

    def _parts(self) -> Iterator[Query]:
        if self.ids is None or self.order is not None:
            yield self
            return
        for start in range(0, len(self.ids), IDS_PER_REQUEST):
            yield evolve(self, ids=self.ids[start : start + IDS_PER_REQUEST])

    def _entries(self, session: Session) -> Iterator[ProcessingJob]:
        def following(page: Page) -> tuple[str, Callable[[], Page]] | None:
            href = page.next_href
            if href is None:
                return None
            return href, lambda: session.follow(href, Page)

        request = Request(self.request().arguments, Page)
        pages = read_pages("jobs", lambda: session.call(request), following, Page.job_ids)
        for page in pages:
            yield from entries_of(page.content, is_strict=self.is_strict)

    def request(self) -> Request[ProcessingJobList]:
        """Return the request for the first page."""
        from up42_client.api.processing import list_processing_jobs
        from up42_client.models import JobStatus as ApiStatus

        return list_processing_jobs.request(
            workspace_id=sent(self.workspace_id),
            process_id=sent(self.process_id),
            status=UNSET if self.status is None else [ApiStatus(s) for s in self.status],
            ids=sent(self.ids),
            min_duration=sent(self.min_duration),
            max_duration=sent(self.max_duration),
            limit=sent(self.page_size),
            sort=sent(str(self.order) if self.order else None),
        )


class Page:
    """A page of jobs.

    Its link can be followed before its entries are read, which takes as long as the server needs
    for the next page.

    Args:
        response: The response to the request for the page.
    """

    def __init__(self, response: httpx.Response) -> None:
        self._json = json_object(response)

    @property
    def next_href(self) -> str | None:
        """URL of the next page, or None on the last page."""
        from up42_client.models import ProcessingJobList

        link = next_link(ProcessingJobList.from_dict({"links": self._json.get("links")}))
        return link and link[0]

    @cached_property
    def content(self) -> ProcessingJobList:
        """The page with its entries."""
        from up42_client.models import ProcessingJobList

        return ProcessingJobList.from_dict(self._json)

    def job_ids(self) -> list[str | None]:
        return [job.job_id for job in self.content.jobs or ()]


def entries_of(page: ProcessingJobList, *, is_strict: bool = False) -> Sequence[ProcessingJob]:
    """Return the entries of a page.

    Raises:
        UnexpectedResponseError: If it isn't a list of jobs. It mustn't pass for an empty one: that
            would mean that an execution has no job. If it is strict, an entry that isn't a JSON
            object raises, too.
    """
    if page.jobs is None and page.additional_properties.get("jobs", page) is not None:
        raise UnexpectedResponseError(
            "The server responded to a request for jobs with JSON that contains no list of them: "
            "expected `jobs`. Check region and base_url; a proxy might be in between.",
            status_code=200,
        )
    if is_strict and page.additional_properties.get("jobs") is not None:
        raise UnexpectedResponseError(
            "The list of jobs contains an entry that isn't a job.", status_code=200
        )
    return page.jobs or ()


def each_once(jobs: Iterable[ProcessingJob]) -> Iterator[ProcessingJob]:
    """Yield jobs, each once: pages shift if jobs are created in the meantime."""
    seen: set[str | None] = set()
    for job in jobs:
        if job.job_id not in seen:
            seen.add(job.job_id)
            yield job


def within(
    jobs: Iterator[ProcessingJob],
    after: dt.datetime | None,
    before: dt.datetime | None,
    order: SortingField | None,
) -> Iterator[ProcessingJob]:
    """Yield the jobs created in [after, before); stop once the sort order excludes others."""
    by_creation = order is not None and order.name == JobSorting.created.name
    for job in jobs:
        if job.created is None:
            continue
        too_old = after is not None and job.created < after
        too_new = before is not None and job.created >= before
        if by_creation and order is not None and (too_new if order.ascending else too_old):
            return
        if not too_old and not too_new:
            yield job
