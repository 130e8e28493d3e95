"""Jobs of the legacy analytics API, and their tasks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define, field

from up42_facade._common.html import Status, table
from up42_facade._common.values import check_string
from up42_facade.analytics._api import (
    SUCCEEDED,
    TERMINAL_STATUSES,
    UNKNOWN,
    data_of,
    documented_status,
    object_of,
    with_message,
)
from up42_facade.analytics._results import Results, is_absent
from up42_facade.downloads import open_stream, safe_name, upload_to_bucket
from up42_facade.errors import (
    ApiError,
    BadRequestError,
    InvalidInputError,
    NoResultsError,
    NotFoundError,
    UnexpectedResponseError,
)

if TYPE_CHECKING:
    from up42_client.models import DownloadUrl
    from up42_client.models import Job as ApiJob
    from up42_client.models import JobTask as ApiJobTask
    from up42_client.types import Request
    from up42_facade.analytics._api import Envelope

T = TypeVar("T")
# Seconds between polls, and their number: as for processing jobs, three days in all.
TRACK_WAIT = 60
TRACK_RETRIES = 60 * 24 * 3
# Statuses of a task that will never have results.
FRUITLESS_STATUSES = tuple(status for status in TERMINAL_STATUSES if status != SUCCEEDED)


@define(eq=False, repr=False)
class Job(Results):
    """A job of the legacy analytics API: one run of a workflow. Creating one sends no request.

    Attributes:
        job_id: ID of the job (a UUID).
        project_id: ID of its project.
        session: The session that the job belongs to.
        results: Paths of the results that were downloaded last, or None.
        quicklooks: Paths of the quicklooks that were downloaded last, or None.
    """

    _known: ApiJob | None = None

    def __repr__(self) -> str:
        known = {"name": self._known and self._known.name, "status": self._last_status}
        return (
            f"AnalyticsJob(job_id={self.job_id!r}, project_id={self.project_id!r}"
            f"{arguments(known)})"
        )

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
        return table(f"Analytics job {self.job_id}", {**rows, "Project": self.project_id})

    @property
    def id(self) -> str:
        """The same as `job_id`."""
        return self.job_id

    @property
    def status(self) -> str:
        """Status of the job in its documented spelling, such as `NOT STARTED`.

        One of `STATUSES`; an undocumented status is kept unchanged. Sends a request each time.

        Raises:
            NotFoundError: As `info`.

        Endpoint: GET /projects/{project_id}/jobs/{job_id}.
        """
        return documented_status(self._refreshed().status)

    @property
    def is_succeeded(self) -> bool:
        """Whether the status is `SUCCEEDED`. Sends a request each time.

        Endpoint: GET /projects/{project_id}/jobs/{job_id}.
        """
        return self.status == SUCCEEDED

    def refresh(self) -> Job:
        """Update the metadata that the repr shows, and return the job.

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
        """Poll the job until it has ended, and return it.

        Outages of the server or network are tolerated: each failed poll counts as one of the
        `retries`.

        Args:
            wait: Seconds between polls.
            retries: Number of polls.
            on_update: Called with the job after the first poll and after each change of its
                status.
            progress: Show status, elapsed time, and a countdown to the next poll, in terminals
                and notebooks. UP42_PROGRESS=0 turns it off.

        Returns:
            This job. It has ended, but might not have succeeded: see `is_succeeded`.

        Raises:
            UnfinishedJob: If the job hasn't finished after all polls; its `job` is this job.
            InvalidInputError: If `wait` or `retries` isn't positive.
            NotFoundError: As `info`.
            AuthenticationError: If the credentials are rejected.

        Example:
            >>> job = up42.initialize_job(job_id, project_id).track(wait=0.05)

        Endpoint: GET /projects/{project_id}/jobs/{job_id}.
        """
        from up42_facade._common.tracking import Polling, track

        return track(
            self,
            Polling(wait, TERMINAL_STATUSES),
            status_of=lambda job: job._last_status or "",
            retries=retries,
            on_update=on_update,
            progress=progress,
        )

    def get_credits(self) -> dict[str, Any]:
        """Return the cost of the job.

        Returns:
            `creditsUsed` in credits, and the shares of the tasks if the server returns them.

        Raises:
            NotFoundError: As `info`.

        Example:
            >>> credits = job.get_credits()["creditsUsed"]

        Endpoint: GET /projects/{project_id}/jobs/{job_id}/credits.
        """
        from up42_client.api.analytics import get_job_credits

        request = get_job_credits.request(self.project_id, self.job_id)
        return self._object(request).to_dict()

    def cancel(self) -> Job:
        """Request that the server stops the job, and return the job; `track()` sees it end.

        Raises:
            NotFoundError: If the project has no such job.
            ApiError: If the server refuses, for example because the job has ended.

        Example:
            >>> job = running_job.cancel()

        Endpoint: POST /projects/{project_id}/jobs/{job_id}/cancel.
        """
        from up42_client.api.analytics import cancel_job

        try:
            self.session.call(cancel_job.request(self.project_id, self.job_id))
        except (BadRequestError, NotFoundError) as error:
            error.add_note(f"The status of the job is {self.status!r}.")
            raise
        return self

    def rename(self, name: str) -> Job:
        """Rename the job and return it. This works at any time.

        Raises:
            InvalidInputError: If the name isn't a non-empty string.
            NotFoundError: If the project has no such job.
            UnexpectedResponseError: If the server doesn't return the job's workflow.

        Example:
            >>> job = job.rename("NDVI of Berlin")

        Endpoint: PUT /projects/{project_id}/workflows/{workflow_id}/jobs/{job_id}.
        """
        from up42_client.api.analytics import rename_job
        from up42_client.models import JobRename

        check_string("name", name)
        workflow_id = (self._known or self._refreshed()).workflow_id
        if workflow_id is None:
            raise UnexpectedResponseError(
                f"The server didn't return the workflow of job {self.job_id}, without which the "
                "job can't be renamed.",
                status_code=200,
            )
        body = JobRename(name=name)
        request = rename_job.request(self.project_id, workflow_id, self.job_id, body=body)
        try:
            self._known = object_of(self.session, request)
        except NotFoundError as error:
            raise self._unknown(error) from error
        return self

    def download_results(
        self,
        output_directory: str | Path | None = None,
        unpacking: bool = True,
        *,
        progress: bool = True,
    ) -> list[str]:
        """Download the results of the job.

        Args:
            output_directory: The folder. Defaults to `project_<id>/job_<id>` in the current one.
            unpacking: Unpack the archive while it arrives, instead of keeping it as
                `<job id>.tgz` (or `.zip`, depending on its content).
            progress: Show a progress bar.

        Returns:
            The paths of the files in the order of the archive, or the path of the archive;
            `results` keeps them. If a path is in use, for example by another job's results,
            all files go to the subfolder `job_<id>`. Complete files aren't downloaded again.

        Raises:
            UnfinishedJob: If the job hasn't finished.
            NoResultsError: If the job ended without results.
            NotFoundError: If the project has no such job.
            DownloadError: If the archive can't be downloaded completely or is rejected. No
                partly written file has its final name.

        Example:
            >>> paths = job.download_results(output_directory=folder, unpacking=False)

        Endpoint: GET /projects/{project_id}/jobs/{job_id}/downloads/results.
        """
        self.results = self._download(output_directory, unpacking=unpacking, progress=progress)
        return self.results

    def download_quicklooks(
        self, output_directory: str | Path | None = None, *, progress: bool = True
    ) -> list[str]:
        """Download the low-resolution previews of the job's input images.

        Args:
            output_directory: The folder. Defaults to `project_<id>/job_<id>` in the current one.
            progress: Show a progress bar.

        Returns:
            The paths `quicklook_<name>`, empty if there are none; `quicklooks` keeps them.

        Raises:
            UnfinishedJob: If the images aren't available yet.
            NoResultsError: If the job ended before its images were available.
            NotFoundError: If the project has no such job.
            DownloadError: If an image can't be downloaded completely.

        Example:
            >>> paths = job.download_quicklooks(output_directory=folder)

        Endpoints: GET /projects/{project_id}/jobs/{job_id}/tasks, GET
        …/tasks/{task_id}/outputs/quicklooks and …/quicklooks/{image_name}.
        """
        tasks = self._tasks()
        # Only tasks that fetch data have quicklooks: those without parents.
        first = [id for id, task in tasks.items() if not task.parents_ids] or [*tasks][:1]
        names = {id: self._jobtask(id)._quicklook_names() for id in first}
        self.quicklooks = self._download_quicklooks(names, output_directory, progress=progress)
        return self.quicklooks

    def upload_results_to_bucket(
        self,
        gs_client: Any,
        bucket: Any,
        folder: str,
        extension: str = ".tgz",
        version: str = "v0",
        *,
        progress: bool = True,
    ) -> str:
        """Stream the archive of the results into a Google Cloud Storage bucket.

        The archive passes through memory in small parts, never through the disk. Needs the
        extra `gcs`.

        Args:
            gs_client: A client of google-cloud-storage. If None or a string, the default one.
            bucket: A bucket of that package, or the name of one.
            folder: Folder in the bucket.
            extension: Suffix of the blob's name; it doesn't change the content.
            version: First part of the blob's name.
            progress: Show a progress bar.

        Returns:
            The `gs://` URL of the blob `<version>/<folder>/<job id><extension>`. An existing
            blob is replaced.

        Raises:
            UnfinishedJob: If the job hasn't finished.
            NoResultsError: If the job ended without results.
            NotFoundError: If the project has no such job.
            MissingExtraError: If the extra `gcs` isn't installed.
            ConfigurationError: If there are no Google credentials for the default client.
            InvalidInputError: If an argument has another type.
            UploadError: If the bucket doesn't exist, refuses, or can't be reached.
            DownloadError: If the archive can't be read completely; no blob is created.

        Example:
            >>> url = job.upload_results_to_bucket(client, "storage", "job results")

        Endpoint: GET /projects/{project_id}/jobs/{job_id}/downloads/results.
        """
        parts = {"folder": folder, "extension": extension, "version": version}
        for name, value in parts.items():
            if not isinstance(value, str):
                raise InvalidInputError(f"{name}={value!r}: expected a string.")
        blob = f"{version}/{folder}/{safe_name(self.job_id)}{extension}"
        open_file = partial(self._open_archive, progress=progress)
        return upload_to_bucket(open_file, gs_client, bucket, blob)

    def get_jobtasks(self, return_json: bool = False) -> list[JobTask] | list[dict[str, Any]]:
        """Return the tasks of the job.

        Args:
            return_json: Return their metadata as dicts instead of objects.

        Raises:
            NotFoundError: If the project has no such job.

        Example:
            >>> names = [task["name"] for task in job.get_jobtasks(return_json=True)]

        Endpoint: GET /projects/{project_id}/jobs/{job_id}/tasks.
        """
        tasks = self._tasks()
        if return_json:
            return [task.to_dict() for task in tasks.values()]
        return [self._jobtask(id, task) for id, task in tasks.items()]

    def get_logs(self, as_print: bool = True, as_return: bool = False) -> dict[str, str] | None:
        """Print or return the logs of all tasks.

        Args:
            as_print: Print them.
            as_return: Return them.

        Returns:
            The logs by task ID, empty for a task that hasn't run; None without `as_return`.

        Raises:
            NotFoundError: If the project has no such job.

        Example:
            >>> logs = job.get_logs(as_print=False, as_return=True)

        Endpoints: GET /projects/{project_id}/jobs/{job_id}/tasks and …/tasks/{task_id}/logs.
        """
        tasks = self._tasks()
        found = self.session.executor.map(JobTask.get_logs, map(self._jobtask, tasks))
        logs = dict(zip(tasks, found, strict=True))
        if as_print:
            for id, text in logs.items():
                print(f"Logs of task {tasks[id].name} ({id}):\n{text}")
        return logs if as_return else None

    def get_jobtasks_results_json(self) -> dict[str, dict[str, Any]]:
        """Return the resulting features of each task.

        Returns:
            FeatureCollections by task ID. Tasks that ended without results are left out.

        Raises:
            UnfinishedJob: If a task hasn't finished.
            NoResultsError: If no task has results.
            NotFoundError: If the project has no such job.

        Example:
            >>> collections = job.get_jobtasks_results_json()
            >>> counts = {id: len(found["features"]) for id, found in collections.items()}

        Endpoints: GET /projects/{project_id}/jobs/{job_id}/tasks and
        …/tasks/{task_id}/outputs/data-json.
        """
        tasks = self._tasks()
        fruitful = [
            id
            for id, task in tasks.items()
            if documented_status(task.status) not in FRUITLESS_STATUSES
        ]
        if tasks and not fruitful:
            raise NoResultsError(
                f"No task of job {self.job_id} has results. get_logs() might tell why.", self
            )
        found = self.session.executor.map(JobTask.get_results_json, map(self._jobtask, fruitful))
        return dict(zip(fruitful, found, strict=True))

    def _title(self) -> str:
        known = self._known
        name = (known and known.name) or f"Analytics job {self.job_id}"
        date = f"{known.created_at:%Y-%m-%d}" if known and known.created_at else None
        workflow = known.workflow_name if known else None
        return " · ".join(filter(None, (name, date, workflow)))

    def _refreshed(self) -> ApiJob:
        from up42_client.api.analytics import get_job

        self._known = self._object(get_job.request(self.project_id, self.job_id))
        return self._known

    @property
    def _last_status(self) -> str | None:
        return documented_status(self._known.status) if self._known else None

    def _features_request(self) -> Request[dict[str, Any]]:
        from up42_client.api.analytics import get_job_results

        return get_job_results.request(self.project_id, self.job_id)

    def _url_request(self) -> Request[Envelope[DownloadUrl]]:
        from up42_client.api.analytics import get_job_download_url

        return get_job_download_url.request(self.project_id, self.job_id)

    def _open_archive(self, *, progress: bool) -> Any:
        return open_stream(self._urls(), http=self.session.storage, progress=progress)

    def _jobtask(self, jobtask_id: str, known: ApiJobTask | None = None) -> JobTask:
        return JobTask(
            self.job_id, self.project_id, self.session, known=known, jobtask_id=jobtask_id
        )

    def _tasks(self) -> dict[str, ApiJobTask]:
        """Return the metadata of the tasks by ID, in the server's order."""
        from up42_client.api.analytics import list_job_tasks

        try:
            request = list_job_tasks.request(self.project_id, self.job_id)
            tasks = data_of(self.session, request) or []
        except UNKNOWN as error:
            raise self._unknown(error) from error
        return {task.id: task for task in tasks if task.id}

    def _object(self, request: Request[Envelope[T]]) -> T:
        try:
            return object_of(self.session, request)
        except UNKNOWN as error:
            raise self._unknown(error) from error

    def _unknown(self, error: ApiError) -> ApiError:
        """Return the error for a job that the server doesn't find or whose ID it can't read."""
        response = f"The server returned: {error.title or error}"
        if isinstance(error, NotFoundError):
            return with_message(
                error,
                f"Job {self.job_id!r} was not found in project {self.project_id!r}: it doesn't "
                "exist, belongs to another project, or isn't visible to this account. Pass the "
                "project_id that it belongs to; get_jobs(project_id=…) lists a project's jobs. "
                f"{response}",
            )
        return with_message(
            error,
            f"Job {self.job_id!r} of project {self.project_id!r} can't be requested: IDs are "
            f"UUIDs, 36 characters long. {response}",
        )


@define(eq=False, repr=False)
class JobTask(Results):
    """A step of a job of the legacy analytics API. Creating one sends no request.

    Attributes:
        jobtask_id: ID of the task (a UUID).
        job_id: ID of its job.
        project_id: ID of the job's project.
        session: The session that the task belongs to.
        results: Paths of the results that were downloaded last, or None.
        quicklooks: Paths of the quicklooks that were downloaded last, or None.
    """

    _known: ApiJobTask | None = None
    jobtask_id: str = field(kw_only=True)

    def __repr__(self) -> str:
        known: dict[str, object] = {}
        if self._known is not None:
            started, finished = self._known.started_at, self._known.finished_at
            known = {
                "name": self._known.name,
                "status": documented_status(self._known.status),
                "block_name": self._known.block and self._known.block.name,
                "block_version": block_version(self._known),
                "started_at": started and started.isoformat(),
                "finished_at": finished and finished.isoformat(),
            }
        return (
            f"AnalyticsJobTask(jobtask_id={self.jobtask_id!r}, job_id={self.job_id!r}, "
            f"project_id={self.project_id!r}{arguments(known)})"
        )

    def _repr_html_(self) -> str:
        known = self._known
        rows: dict[str, object] = {}
        if known is not None:
            rows = {
                "Name": known.name,
                "Status": Status(documented_status(known.status)),
                "Block": known.block and known.block.name,
                "Block version": block_version(known),
                "Started": known.started_at,
                "Finished": known.finished_at,
            }
        ids = {"Job": self.job_id, "Project": self.project_id}
        return table(f"Analytics job task {self.jobtask_id}", {**rows, **ids})

    def __str__(self) -> str:
        return f"Task {self.jobtask_id} of job {self.job_id}"

    @property
    def id(self) -> str:
        """The same as `jobtask_id`."""
        return self.jobtask_id

    def download_results(
        self, output_directory: str | Path | None = None, *, progress: bool = True
    ) -> list[str]:
        """Download and unpack the results of the task.

        Args:
            output_directory: The folder. Defaults to `project_<id>/job_<id>/jobtask_<id>` in the
                current one.
            progress: Show a progress bar.

        Returns:
            As for `download_results` of the job. If a path is in use, all files go to the
            subfolder `jobtask_<id>`.

        Raises:
            Up42Error: As for `download_results` of the job.

        Example:
            >>> paths = jobtask.download_results(output_directory=folder)

        Endpoint: GET /projects/{project_id}/jobs/{job_id}/tasks/{task_id}/downloads/results.
        """
        self.results = self._download(output_directory, unpacking=True, progress=progress)
        return self.results

    def download_quicklooks(
        self, output_directory: str | Path | None = None, *, progress: bool = True
    ) -> list[str]:
        """Download the low-resolution previews, several at a time.

        Args:
            output_directory, progress: As for `download_quicklooks` of the job.

        Returns:
            The paths `quicklook_<name>`, empty if the task has none; `quicklooks` keeps them.

        Raises:
            Up42Error: As for `download_quicklooks` of the job.

        Example:
            >>> paths = jobtask.download_quicklooks(output_directory=folder)

        Endpoints: GET /projects/{project_id}/jobs/{job_id}/tasks/{task_id}/outputs/quicklooks
        and …/quicklooks/{image_name}.
        """
        names = {self.jobtask_id: self._quicklook_names()}
        self.quicklooks = self._download_quicklooks(names, output_directory, progress=progress)
        return self.quicklooks

    def get_logs(self) -> str:
        """Return the log of the task; empty before it runs.

        Raises:
            NotFoundError: If the job has no such task.

        Example:
            >>> lines = jobtask.get_logs().splitlines()

        Endpoint: GET /projects/{project_id}/jobs/{job_id}/tasks/{task_id}/logs.
        """
        from up42_client.api.analytics import get_job_task_logs

        request = get_job_task_logs.request(self.project_id, self.job_id, self.jobtask_id)
        try:
            return decoded(self.session.call(request))
        except ApiError as error:
            if not is_absent(error):
                raise
            self._refreshed()
            return ""

    @property
    def _job(self) -> Job:
        return Job(self.job_id, self.project_id, self.session)

    @property
    def _folder(self) -> Path:
        return self._job._folder / safe_name(f"jobtask_{self.jobtask_id}")

    def _refreshed(self) -> ApiJobTask:
        tasks = self._job._tasks()
        wanted = self.jobtask_id.lower()
        self._known = next((task for id, task in tasks.items() if id.lower() == wanted), None)
        if self._known is None:
            listed = ", ".join(f"{id} ({task.name})" for id, task in tasks.items()) or "none"
            raise NotFoundError(
                f"Job {self.job_id!r} has no task {self.jobtask_id!r}. Its tasks are: {listed}.",
                status_code=404,
            )
        return self._known

    def _features_request(self) -> Request[dict[str, Any]]:
        from up42_client.api.analytics import get_job_task_results

        return get_job_task_results.request(self.project_id, self.job_id, self.jobtask_id)

    def _url_request(self) -> Request[Envelope[DownloadUrl]]:
        from up42_client.api.analytics import get_job_task_download_url

        return get_job_task_download_url.request(self.project_id, self.job_id, self.jobtask_id)

    def _quicklook_names(self) -> list[str]:
        """Return the names of the task's quicklooks; empty if it has none."""
        from up42_client.api.analytics import list_job_task_quicklooks

        request = list_job_task_quicklooks.request(self.project_id, self.job_id, self.jobtask_id)
        try:
            names = data_of(self.session, request) or []
        except ApiError as error:
            reason = self._explained(error)
            if reason is error and is_absent(error):
                return []
            raise reason from error
        # Names that consist of dots would lead to another resource.
        return [name for name in names if name.strip(".")]


def decoded(log: str) -> str:
    """Return a log; some servers send it as a JSON string."""
    if not log.startswith('"'):
        return log
    try:
        found = json.loads(log)
    except ValueError:
        return log
    return found if isinstance(found, str) else log


def block_version(task: ApiJobTask) -> str | None:
    return task.block_version or (task.block.version if task.block else None)


def arguments(known: Mapping[str, object]) -> str:
    """Return known values as further arguments of a repr."""
    return "".join(f", {name}={value!r}" for name, value in known.items() if value is not None)
