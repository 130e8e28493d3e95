"""The half of an analytics job that is about its tasks and what they leave behind."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from attrs import define, field

from up42_facade.analytics._answers import JobAddress
from up42_facade.analytics._outputs import Outputs, download_quicklooks, open_archive
from up42_facade.analytics._tasks import JobTask
from up42_facade.analytics._types import SUCCEEDED, TERMINAL_STATUSES, documented_status
from up42_facade.downloads._names import safe_name
from up42_facade.errors import InvalidInputError, NoResultsError
from up42_facade.session import Session, resolve_session
from up42_facade.viz import Viz

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from up42_client.models import Job as ApiJob
    from up42_client.models import JobTask as ApiJobTask

# Statuses of a task that will never have results.
FRUITLESS_STATUSES = tuple(status for status in TERMINAL_STATUSES if status != SUCCEEDED)


@define(eq=False, repr=False)
class JobOutputs(Viz):
    """What can be had of a job; see `Job`, which adds its life."""

    job_id: str
    project_id: str
    _session: Session | None = None
    _known: ApiJob | None = None
    results: list[str] | None = field(default=None, init=False)
    quicklooks: list[str] | None = field(default=None, init=False)

    @property
    def id(self) -> str:
        """The same as `job_id`."""
        return self.job_id

    @property
    def session(self) -> Session:
        """The session that the job belongs to."""
        return resolve_session(self._session)

    @overload
    def get_results_json(self, as_dataframe: Literal[False] = False) -> dict[str, Any]: ...

    @overload
    def get_results_json(self, as_dataframe: Literal[True]) -> GeoDataFrame: ...

    @overload
    def get_results_json(self, as_dataframe: bool) -> dict[str, Any] | GeoDataFrame: ...

    def get_results_json(self, as_dataframe: bool = False) -> dict[str, Any] | GeoDataFrame:
        """Return the features that the job has made: those of its last task.

        Args:
            as_dataframe: Return a GeoDataFrame instead of the GeoJSON as a dict.

        Returns:
            A FeatureCollection, or a GeoDataFrame in EPSG:4326 with the properties of the
            features as columns; without features an empty one with geometry and CRS.

        Raises:
            UnfinishedJob: The job has not finished yet. NoResultsError: It ended without
                results. NotFoundError: The project has no such job.

        Example:
            >>> frame = job.get_results_json(as_dataframe=True)

        Endpoint: GET /projects/{project_id}/jobs/{job_id}/outputs/data-json.
        """
        return self._outputs.results(as_dataframe)

    def download_results(
        self,
        output_directory: str | Path | None = None,
        unpacking: bool = True,
        *,
        progress: bool = True,
    ) -> list[str]:
        """Download the results of the job.

        Args:
            output_directory: Default: `project_<id>/job_<id>` below the current folder.
            unpacking: Unpack the archive while it arrives, instead of keeping it as
                `<job id>.tgz` (or `.zip`, by its content).
            progress: Show a bar.

        Returns:
            The paths of the files in the order of the archive, or that of the archive;
            `results` remembers them. If a path is in use, for instance by another job's results,
            all files go to the subfolder `job_<id>`. What is complete isn't fetched again.

        Raises:
            UnfinishedJob: The job has not finished yet. NoResultsError: It ended without
                results. NotFoundError: The project has no such job.
            DownloadError: The archive could not be fetched whole or is refused. Nothing of it
                stands under its final name.

        Example:
            >>> paths = job.download_results(output_directory=folder, unpacking=False)

        Endpoint: GET /projects/{project_id}/jobs/{job_id}/downloads/results.
        """
        self.results = self._outputs.download(
            output_directory, unpacking=unpacking, progress=progress
        )
        return self.results

    def download_quicklooks(
        self, output_directory: str | Path | None = None, *, progress: bool = True
    ) -> list[str]:
        """Download the low-resolution previews of the images that the job began with.

        Args:
            output_directory: Default: `project_<id>/job_<id>` below the current folder.
            progress: Show a bar.

        Returns:
            The paths `quicklook_<name>`, empty if there are none; `quicklooks` remembers them.

        Raises:
            UnfinishedJob: The images are not there yet. NoResultsError: The job ended before.
            NotFoundError: The project has no such job.
            DownloadError: An image could not be fetched whole.

        Example:
            >>> paths = job.download_quicklooks(output_directory=folder)

        Endpoints: GET /projects/{project_id}/jobs/{job_id}/tasks, GET
        …/tasks/{task_id}/outputs/quicklooks and …/quicklooks/{image_name}.
        """
        tasks = self._address.tasks()
        # Only tasks that fetch data have quicklooks: those that follow upon no other one.
        first = [id for id, task in tasks.items() if not task.parents_ids] or [*tasks][:1]
        outputs = [Outputs(self._address, id) for id in first]
        self.quicklooks = download_quicklooks(outputs, output_directory, progress=progress)
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

        It passes through memory in small parts and never touches the disk. Needs the extra
        `gcs`.

        Args:
            gs_client: A client of google-cloud-storage; None or a text for the default one.
            bucket: A bucket of that package, or the name of one.
            folder: Folder in the bucket.
            extension: Ending of the blob's name; it doesn't change the content.
            version: First part of the blob's name.
            progress: Show a bar.

        Returns:
            The `gs://` URL of the blob `<version>/<folder>/<job id><extension>`. One of this
            name is replaced.

        Raises:
            UnfinishedJob: The job has not finished yet. NoResultsError: It ended without
                results. NotFoundError: The project has no such job.
            MissingExtraError: The extra `gcs` isn't installed.
            ConfigurationError: There are no Google credentials for the default client.
            InvalidInputError: An argument is of another type.
            UploadError: The bucket doesn't exist, refuses, or can't be reached.
            DownloadError: The archive can't be read whole; no blob is made.

        Example:
            >>> url = job.upload_results_to_bucket(client, "storage", "job results")

        Endpoint: GET /projects/{project_id}/jobs/{job_id}/downloads/results.
        """
        from up42_facade.downloads._buckets import upload

        parts = {"folder": folder, "extension": extension, "version": version}
        for name, value in parts.items():
            if not isinstance(value, str):
                raise InvalidInputError(f"{name}={value!r}: expected a text.")
        blob = f"{version}/{folder}/{safe_name(self.job_id)}{extension}"
        open_file = partial(open_archive, self._outputs, progress=progress)
        return upload(open_file, gs_client, bucket, blob)

    def get_jobtasks(self, return_json: bool = False) -> list[JobTask] | list[dict[str, Any]]:
        """Return the tasks of the job.

        Args:
            return_json: Return their metadata as dicts instead of objects.

        Raises:
            NotFoundError: The project has no such job.

        Example:
            >>> names = [task["name"] for task in job.get_jobtasks(return_json=True)]

        Endpoint: GET /projects/{project_id}/jobs/{job_id}/tasks.
        """
        tasks = self._address.tasks()
        if return_json:
            return [task.to_dict() for task in tasks.values()]
        return [self._jobtask(id, task) for id, task in tasks.items()]

    def get_logs(self, as_print: bool = True, as_return: bool = False) -> dict[str, str] | None:
        """Print or return the logs of all tasks.

        Args:
            as_print: Print them.
            as_return: Return them.

        Returns:
            The logs by task id, empty for a task that hasn't run; None without `as_return`.

        Raises:
            NotFoundError: The project has no such job.

        Example:
            >>> logs = job.get_logs(as_print=False, as_return=True)

        Endpoints: GET /projects/{project_id}/jobs/{job_id}/tasks and …/tasks/{task_id}/logs.
        """
        tasks = self._address.tasks()
        outputs = [Outputs(self._address, id) for id in tasks]
        logs = dict(zip(tasks, self.session.executor.map(Outputs.logs, outputs), strict=True))
        if as_print:
            for id, text in logs.items():
                print(f"Logs of task {tasks[id].name} ({id}):\n{text}")
        return logs if as_return else None

    def get_jobtasks_results_json(self) -> dict[str, dict[str, Any]]:
        """Return the features that each task has made.

        Returns:
            FeatureCollections by task id. Tasks that ended without results are left out.

        Raises:
            UnfinishedJob: A task has not finished yet. NoResultsError: No task has results.
            NotFoundError: The project has no such job.

        Example:
            >>> collections = job.get_jobtasks_results_json()
            >>> counts = {id: len(found["features"]) for id, found in collections.items()}

        Endpoints: GET /projects/{project_id}/jobs/{job_id}/tasks and
        …/tasks/{task_id}/outputs/data-json.
        """
        tasks = self._address.tasks()
        fruitful = [
            Outputs(self._address, id)
            for id, task in tasks.items()
            if documented_status(task.status) not in FRUITLESS_STATUSES
        ]
        if tasks and not fruitful:
            raise NoResultsError(
                f"No task of job {self.job_id} has results. get_logs() may tell why.", self
            )
        found = self.session.executor.map(Outputs.features, fruitful)
        return {
            str(task.jobtask_id): features for task, features in zip(fruitful, found, strict=True)
        }

    @property
    def _address(self) -> JobAddress:
        return JobAddress(self.session, self.project_id, self.job_id)

    @property
    def _outputs(self) -> Outputs:
        return Outputs(self._address)

    def _jobtask(self, id: str, task: ApiJobTask) -> JobTask:
        return JobTask(id, self.job_id, self.project_id, self._session, known=task)
