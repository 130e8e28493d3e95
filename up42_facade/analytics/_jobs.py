"""The analytics job: metadata, tracking, cancellation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from attrs import define

from up42_facade._common.html import Status, table
from up42_facade.analytics._answers import object_of
from up42_facade.analytics._job_outputs import JobOutputs
from up42_facade.analytics._types import (
    LIFE,
    SUCCEEDED,
    TERMINAL_STATUSES,
    check_text,
    documented_status,
)
from up42_facade.errors import (
    BadRequestError,
    NotFoundError,
    UnexpectedResponseError,
    UnprocessableError,
)

if TYPE_CHECKING:
    from up42_client.models import Job as ApiJob

# Seconds between two looks at a job, and how many: those of processing jobs, three days in all.
TRACK_WAIT = 60
TRACK_RETRIES = 60 * 24 * 3


@define(eq=False)
class Job(JobOutputs):
    """A job of the analytics API: one run of a workflow. Making one costs no request.

    Attributes:
        job_id: Id of the job (a UUID).
        project_id: Id of its project.
        results: Paths of the results that were downloaded last, or None.
        quicklooks: Paths of the quicklooks that were downloaded last, or None.
    """

    def __repr__(self) -> str:
        known = {"name": self._known and self._known.name, "status": self._last_status}
        shown = "".join(f", {name}={value!r}" for name, value in known.items() if value is not None)
        return f"Job(job_id={self.job_id!r}, project_id={self.project_id!r}{shown})"

    def _repr_html_(self) -> str:
        known = self._known
        rows: dict[str, object] = {}
        if known is not None:
            rows = {
                "Name": known.name,
                "Status": Status(documented_status(known.status)),
                "Workflow": known.workflow_name,
                "Mode": known.mode,
                "Created": known.created_at,
                "Started": known.started_at,
                "Finished": known.finished_at,
            }
        return table(f"Job {self.job_id}", {**rows, "Project": self.project_id})

    @property
    def info(self) -> dict[str, Any]:
        """Metadata of the job, as the server has it now. Asks each time.

        Raises:
            NotFoundError: The project has no such job, or this account can't see it.

        Endpoint: GET /projects/{project_id}/jobs/{job_id}.
        """
        return self._refreshed().to_dict()

    @property
    def status(self) -> str:
        """Status of the job in its documented spelling, for instance `NOT STARTED`.

        One of `STATUSES`; a status that isn't documented is kept as it came. Asks each time.

        Raises:
            NotFoundError: As `info`.

        Endpoint: GET /projects/{project_id}/jobs/{job_id}.
        """
        return documented_status(self._refreshed().status)

    @property
    def is_succeeded(self) -> bool:
        """True if the status is `SUCCEEDED`. Asks each time.

        Endpoint: GET /projects/{project_id}/jobs/{job_id}.
        """
        return self.status == SUCCEEDED

    def refresh(self) -> Job:
        """Look at the job again and return it, so that its repr shows it as it is now.

        Endpoint: GET /projects/{project_id}/jobs/{job_id}.
        """
        self._refreshed()
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
            This job. It has ended, but need not have succeeded: see `is_succeeded`.

        Raises:
            UnfinishedJob: The looks ran out; its `job` is this job.
            InvalidInputError: `wait` or `retries` is not positive.
            NotFoundError, AuthenticationError: The server can't show the job to this account.

        Example:
            >>> job = up42.initialize_job(job_id, project_id).track(wait=0.05)

        Endpoint: GET /projects/{project_id}/jobs/{job_id}.
        """
        from up42_facade._common.tracking import Course, track

        course = Course[Job](
            status=lambda job: job._last_status or "", life=LIFE, terminal=TERMINAL_STATUSES
        )
        return track(
            self, course, wait=wait, retries=retries, on_update=on_update, progress=progress
        )

    def get_credits(self) -> dict[str, Any]:
        """Return what the job has cost.

        Returns:
            `creditsUsed` in credits, and the shares of the tasks where the server tells them.

        Raises:
            NotFoundError: As `info`.

        Example:
            >>> credits = job.get_credits()["creditsUsed"]

        Endpoint: GET /projects/{project_id}/jobs/{job_id}/credits.
        """
        return self._address.credits().to_dict()

    def cancel(self) -> Job:
        """Ask the server to stop the job, and return it; `track()` sees it end.

        Raises:
            NotFoundError: The project has no such job.
            ApiError: The server refuses, for instance because the job has ended already.

        Example:
            >>> job = running_job.cancel()

        Endpoint: POST /projects/{project_id}/jobs/{job_id}/cancel.
        """
        from up42_client.api.analytics import cancel_job

        try:
            self.session.call(cancel_job.request(*self._address.path))
        except (BadRequestError, NotFoundError, UnprocessableError) as error:
            error.add_note(f"The status of the job is {self.status!r}.")
            raise
        return self

    def rename(self, name: str) -> Job:
        """Give the job another name, at any time, and return it.

        Raises:
            InvalidInputError: The name is no text or empty.
            NotFoundError: The project has no such job.

        Example:
            >>> job = job.rename("NDVI of Berlin")

        Endpoint: PUT /projects/{project_id}/workflows/{workflow_id}/jobs/{job_id}.
        """
        from up42_client.api.analytics import rename_job
        from up42_client.models import JobRename

        check_text("name", name)
        workflow_id = (self._known or self._refreshed()).workflow_id
        if workflow_id is None:
            raise UnexpectedResponseError(
                f"The server doesn't tell the workflow of job {self.job_id}: without it the job "
                "can't be renamed.",
                status_code=200,
            )
        project_id, job_id = self._address.path
        request = rename_job.request(project_id, workflow_id, job_id, body=JobRename(name=name))
        try:
            self._known = object_of(self.session, request)
        except NotFoundError as error:
            raise self._address.unknown(error) from error
        return self

    def _refreshed(self) -> ApiJob:
        self._known = self._address.info()
        return self._known

    @property
    def _last_status(self) -> str | None:
        return documented_status(self._known.status) if self._known else None
