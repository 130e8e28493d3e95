"""Processing jobs: get, list, track, collect."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from attrs import define, field, fields

from up42_facade._common.html import Status, table
from up42_facade._common.sorting import SortingField
from up42_facade._common.times import Moment
from up42_facade._common.values import as_dict
from up42_facade.errors import InvalidInputError, UnexpectedResponseError
from up42_facade.processing import _types as types
from up42_facade.processing._job_files import Files, JobFiles
from up42_facade.processing._types import (
    TERMINAL_STATUSES,
    JobMetadata,
    JobStatus,
    ValidationError,
)
from up42_facade.session import Session, resolve_session

if TYPE_CHECKING:
    import pystac

    from up42_client.models import ProcessingJob, ProcessingJobError


# Seconds between two looks at a job, and how many: the documented defaults, three days in all.
TRACK_WAIT = 60
TRACK_RETRIES = 60 * 24 * 3
# Characters of a job ID: UUIDs have 36, and a hundred must fit into a URL.
MAX_ID_LENGTH = 300
# Characters of an ID that an error shows.
SHOWN_ID = 60


@define
class Job(JobFiles):
    """A processing job, as it was when it was last looked at.

    Attributes:
        process_id: Id of the process, for instance `pansharpening`.
        id: Id of the job (a UUID).
        account_id: Id of the account.
        workspace_id: Id of the workspace, or None.
        definition: What was executed: `{"inputs": {…}}`.
        status: See `JobStatus`.
        created, updated: Aware UTC datetimes; None only if the server left them out.
        collection_url: URL of the STAC collection with the results, once there are any.
        errors: Why the inputs were refused; None unless the status is `invalid`.
        credits: What the job costs, in credits, once they are held.
        started, finished: Aware UTC datetimes, or None as long as it hasn't.
    """

    process_id: str
    id: str
    account_id: str
    workspace_id: str | None
    definition: dict[str, Any] = field(repr=False)
    status: JobStatus
    created: dt.datetime | None
    updated: dt.datetime | None
    collection_url: str | None = None
    errors: list[ValidationError] | None = None
    credits: int | None = None
    started: dt.datetime | None = None
    finished: dt.datetime | None = None
    _session: Session | None = field(default=None, repr=False, eq=False, kw_only=True)
    # Made at the first download: long listings shouldn't pay for it.
    _downloaded: Files | None = field(default=None, init=False, repr=False, eq=False)

    def __repr__(self) -> str:
        credits = f", credits={self.credits}" if self.credits is not None else ""
        return (
            f"Job(id={self.id!r}, process_id={self.process_id!r}, status={self.status.value!r}"
            f"{credits})"
        )

    def _repr_html_(self) -> str:
        rows = {
            "Title": self.inputs.get("title"),
            "Process": self.process_id,
            "Status": Status(self.status.value),
            "Credits": self.credits,
            "Created": self.created,
            "Started": self.started,
            "Finished": self.finished,
            "Collection": self.collection_url,
            "Errors": [f"{error.name}: {error.message}" for error in self.errors or []] or None,
        }
        return table(f"Job {self.id}", rows)

    @property
    def _files(self) -> Files:
        if self._downloaded is None:
            self._downloaded = Files()
        return self._downloaded

    @property
    def inputs(self) -> dict[str, Any]:
        """The inputs of the process, from `definition`."""
        return as_dict(self.definition.get("inputs"))

    @property
    def is_succeeded(self) -> bool:
        """True for `successful` and `captured`: the results are in storage."""
        return self.status in types.SUCCEEDED_STATUSES

    @property
    def is_finished(self) -> bool:
        """True once the outcome is decided, well or badly."""
        return self.status in TERMINAL_STATUSES or self.status in types.DECIDED_STATUSES

    @property
    def session(self) -> Session:
        """The session that the job belongs to."""
        return resolve_session(self._session)

    @property
    def collection(self) -> pystac.Collection | None:
        """The STAC collection of the results; None as long as the job has none.

        Its items and links resolve with the session's credentials. Asks each time.

        Raises:
            NotFoundError: The collection was deleted from storage.

        Example:
            >>> for item in job.collection.get_items():
            ...     print(item.id, list(item.assets))

        Endpoint: GET /v2/assets/stac/collections/{collectionId}.
        """
        if self.collection_url is None:
            return None
        from up42_facade.stac import read_collection

        return read_collection(self.collection_url, self.session)

    def refresh(self) -> Job:
        """Look at the job again, update this object and return it.

        Endpoint: GET /v2/processing/jobs/{jobId}.
        """
        return self._take_over(Job.get(self.id, session=self.session))

    def _take_over(self, current: Job) -> Job:
        for attribute in fields(Job):
            if attribute.eq:
                setattr(self, attribute.name, getattr(current, attribute.name))
        return self

    def track(
        self,
        wait: float = TRACK_WAIT,
        retries: int = TRACK_RETRIES,
        *,
        on_update: Callable[[Job], object] | None = None,
        progress: bool = True,
    ) -> Job:
        """Look at the job until it has ended, and return it.

        Outages of the server or the network in between are sat out: each failed look counts
        as one of the `retries`.

        Args:
            wait: Seconds between two looks.
            retries: Number of looks.
            on_update: Called with the job at first and whenever its status has changed.
            progress: Show a bar; never where the output is no terminal or notebook, nor with
                UP42_PROGRESS=0.

        Returns:
            This job, updated. It has ended, but need not have succeeded: see `is_succeeded`.

        Raises:
            UnfinishedJob: The looks ran out; its `job` is this job.
            InvalidInputError: `wait` or `retries` is not positive.
            NotFoundError, AuthenticationError: The server can't show the job to this account.

        Example:
            >>> job = up42.Job.get(job_id).track(wait=0.05)

        Endpoint: GET /v2/processing/jobs/{jobId}.
        """
        from up42_facade._common.tracking import Course, track

        course = Course[Job](
            status=lambda job: job.status,
            life=types.LIFE,
            terminal=TERMINAL_STATUSES,
            decided=types.DECIDED_STATUSES,
        )
        return track(
            self, course, wait=wait, retries=retries, on_update=on_update, progress=progress
        )

    @classmethod
    def get(
        cls,
        job_id: str | None = None,
        *,
        id: str | None = None,
        session: Session | None = None,
    ) -> Job:
        """Return one job.

        Args:
            job_id: Id of the job.
            id: The same under its other documented name.
            session: Default: that of `authenticate()`.

        Raises:
            NotFoundError: There is no such job, or this account can't see it.
            InvalidInputError: None or both of `job_id` and `id`.

        Example:
            >>> job = up42.Job.get(id=job_id)

        Endpoint: GET /v2/processing/jobs/{jobId}.
        """
        from up42_client.api.processing import get_processing_job

        known = [value for value in (job_id, id) if value is not None]
        if len(known) != 1 or not isinstance(known[0], str) or not known[0]:
            raise InvalidInputError(
                f"Job.get(job_id={job_id!r}, id={id!r}): expected one non-empty job id."
            )
        session = resolve_session(session)
        return cls._adapt(session.call(get_processing_job.request(known[0])), session)

    @classmethod
    def all(
        cls,
        process_id: Sequence[str] | None = None,
        workspace_id: str | None = None,
        status: Sequence[JobStatus | str] | None = None,
        min_duration: int | None = None,
        max_duration: int | None = None,
        sort_by: SortingField | None = None,
        ids: Sequence[str] | None = None,
        *,
        page_size: int | None = None,
        created_after: Moment | None = None,
        created_before: Moment | None = None,
        session: Session | None = None,
    ) -> Iterator[Job]:
        """Yield all jobs that match; without arguments all that the account can see.

        Args:
            process_id: Jobs of any of these processes.
            workspace_id: Jobs of this workspace; of the whole account where it is missing.
            status: Jobs with any of these statuses.
            min_duration: Jobs that ran at least so many seconds; 0 is sent too.
            max_duration: Jobs that ran at most so many seconds; 0 is sent too.
            sort_by: A field of `JobSorting`, with `.asc` or `.desc` if its default isn't meant.
            ids: Jobs with these ids. More than 100 are asked for in several requests, unless
                they are to be sorted.
            page_size: Jobs per request; default: the server's.
            created_after: Jobs made at this moment or later; a date, a datetime or a text.
            created_before: Jobs made before this moment. The API can't filter by date: the
                facade does, and stops as soon as the order allows. With a bound and without
                `sort_by` the newest come first.
            session: Default: that of `authenticate()`.

        Returns:
            An iterator that fetches pages as they are needed, the next one ahead. An empty
            list as a filter matches nothing.

        Raises:
            InvalidInputError: A filter has a value that can't match anything. Raised at once,
                before the first request.

        Example:
            >>> slow = up42.Job.all(min_duration=600, sort_by=up42.JobSorting.created.desc)
            >>> total = sum(job.credits or 0 for job in slow)

        Endpoint: GET /v2/processing/jobs.
        """
        from up42_facade.processing._job_list import Query

        query = Query.checked(
            process_id=process_id,
            workspace_id=workspace_id,
            status=status,
            min_duration=min_duration,
            max_duration=max_duration,
            sort_by=sort_by,
            ids=ids,
            page_size=page_size,
            created_after=created_after,
            created_before=created_before,
        )
        return query.run(resolve_session(session))

    @classmethod
    def from_metadata(cls, metadata: JobMetadata, session: Session | None = None) -> Job:
        """Make a job from the JSON object that the API sends for it.

        Raises:
            UnexpectedResponseError: It has no job id.
        """
        from up42_client.models import ProcessingJob

        return cls._adapt(ProcessingJob.from_dict(metadata), session)

    def to_metadata(self) -> JobMetadata:
        """Return the job as the JSON object that `from_metadata` reads.

        Example:
            >>> up42.Job.from_metadata(job.to_metadata()) == job
            True
        """
        errors = [{"name": e.name, "message": e.message} for e in self.errors or []]
        return {
            "processID": self.process_id,
            "jobID": self.id,
            "accountID": self.account_id,
            "workspaceID": self.workspace_id,
            "definition": self.definition,
            "results": {"collection": self.collection_url, "errors": errors or None},
            "creditConsumption": {"credits": self.credits},
            "status": self.status.value,
            "created": self.created.isoformat() if self.created else None,
            "started": self.started.isoformat() if self.started else None,
            "finished": self.finished.isoformat() if self.finished else None,
            "updated": self.updated.isoformat() if self.updated else None,
        }

    @classmethod
    def _adapt(cls, content: ProcessingJob, session: Session | None) -> Job:
        job_id = content.job_id or ""
        # Half a surrogate pair isn't printable either: it could be neither stored nor requested.
        if not job_id.isprintable() or not 0 < len(job_id) <= MAX_ID_LENGTH:
            raise UnexpectedResponseError(
                f"The server sent a job whose jobID can't be used: {job_id[:SHOWN_ID]!r}. Check "
                "region and base_url.",
                status_code=200,
            )
        results, consumption = content.results, content.credit_consumption
        definition = content.definition
        return cls(
            process_id=content.process_id or "",
            id=job_id,
            account_id=content.account_id or "",
            workspace_id=content.workspace_id,
            definition=definition.to_dict() | {"inputs": definition.inputs or {}}
            if definition
            else {},
            status=JobStatus(content.status or types.UNKNOWN_STATUS),
            created=content.created,
            updated=content.updated,
            collection_url=results.collection if results else None,
            errors=(validation_errors(results.errors) or None) if results else None,
            credits=consumption.credits_ if consumption else None,
            started=content.started,
            finished=content.finished,
            session=session,
        )


def validation_errors(found: Iterable[ProcessingJobError] | None) -> list[ValidationError]:
    """Return the reasons that the API reports."""
    return [
        ValidationError(message=error.message or "", name=error.name or "") for error in found or ()
    ]
