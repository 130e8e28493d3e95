"""Job tasks: the steps of an analytics job, each with results of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from attrs import define, field

from up42_facade._common.html import Status, table
from up42_facade.analytics._answers import JobAddress
from up42_facade.analytics._outputs import Outputs, download_quicklooks
from up42_facade.analytics._types import documented_status
from up42_facade.session import Session, resolve_session
from up42_facade.viz import Viz

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from up42_client.models import JobTask as ApiJobTask


@define(eq=False)
class JobTask(Viz):
    """A step of an analytics job. Making one costs no request.

    Attributes:
        jobtask_id: Id of the task (a UUID).
        job_id: Id of its job.
        project_id: Id of the job's project.
        results: Paths of the results that were downloaded last, or None.
        quicklooks: Paths of the quicklooks that were downloaded last, or None.
    """

    jobtask_id: str
    job_id: str
    project_id: str
    _session: Session | None = None
    _known: ApiJobTask | None = None
    results: list[str] | None = field(default=None, init=False)
    quicklooks: list[str] | None = field(default=None, init=False)

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
        shown = "".join(f", {name}={value!r}" for name, value in known.items() if value is not None)
        return (
            f"JobTask(jobtask_id={self.jobtask_id!r}, job_id={self.job_id!r}, "
            f"project_id={self.project_id!r}{shown})"
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
        places = {"Job": self.job_id, "Project": self.project_id}
        return table(f"Job task {self.jobtask_id}", {**rows, **places})

    @property
    def id(self) -> str:
        """The same as `jobtask_id`."""
        return self.jobtask_id

    @property
    def session(self) -> Session:
        """The session that the task belongs to."""
        return resolve_session(self._session)

    @property
    def info(self) -> dict[str, Any]:
        """Metadata of the task, as the server has it now. Asks each time.

        Raises:
            NotFoundError: The job has no such task (the error lists those that it has), or the
                project no such job.

        Endpoint: GET /projects/{project_id}/jobs/{job_id}/tasks.
        """
        self._known = self._outputs.address.task(self.jobtask_id)
        return self._known.to_dict()

    @overload
    def get_results_json(self, as_dataframe: Literal[False] = False) -> dict[str, Any]: ...

    @overload
    def get_results_json(self, as_dataframe: Literal[True]) -> GeoDataFrame: ...

    @overload
    def get_results_json(self, as_dataframe: bool) -> dict[str, Any] | GeoDataFrame: ...

    def get_results_json(self, as_dataframe: bool = False) -> dict[str, Any] | GeoDataFrame:
        """Return the features that the task has made.

        Args:
            as_dataframe: Return a GeoDataFrame instead of the GeoJSON as a dict.

        Returns:
            A FeatureCollection, or a GeoDataFrame in EPSG:4326 with the properties of the
            features as columns; without features an empty one with geometry and CRS.

        Raises:
            UnfinishedJob: The task has not finished yet. NoResultsError: It ended without
                results. NotFoundError: The job has no such task.

        Example:
            >>> frame = jobtask.get_results_json(as_dataframe=True)

        Endpoint: GET /projects/{project_id}/jobs/{job_id}/tasks/{task_id}/outputs/data-json.
        """
        return self._outputs.results(as_dataframe)

    def download_results(
        self, output_directory: str | Path | None = None, *, progress: bool = True
    ) -> list[str]:
        """Download and unpack the results of the task.

        Args:
            output_directory: Default: `project_<id>/job_<id>/jobtask_<id>` below the current
                folder.
            progress: Show a bar.

        Returns:
            The paths of the files in the order of the archive; `results` remembers them. If a
            path is in use, all files go to the subfolder `jobtask_<id>`.

        Raises:
            UnfinishedJob: The task has not finished yet. NoResultsError: It ended without
                results. NotFoundError: The job has no such task.
            DownloadError: The archive could not be fetched whole or is refused. Nothing of it
                stands under its final name.

        Example:
            >>> paths = jobtask.download_results(output_directory=folder)

        Endpoint: GET /projects/{project_id}/jobs/{job_id}/tasks/{task_id}/downloads/results.
        """
        self.results = self._outputs.download(output_directory, unpacking=True, progress=progress)
        return self.results

    def download_quicklooks(
        self, output_directory: str | Path | None = None, *, progress: bool = True
    ) -> list[str]:
        """Download the low-resolution previews, several at a time.

        Args:
            output_directory: Default: the job's folder, `project_<id>/job_<id>` below the
                current one.
            progress: Show a bar.

        Returns:
            The paths `quicklook_<name>`, empty if the task has none; `quicklooks` remembers
            them.

        Raises:
            UnfinishedJob: The task has not finished yet. NoResultsError: It ended badly.
            NotFoundError: The job has no such task.
            DownloadError: An image could not be fetched whole.

        Example:
            >>> paths = jobtask.download_quicklooks(output_directory=folder)

        Endpoints: GET /projects/{project_id}/jobs/{job_id}/tasks/{task_id}/outputs/quicklooks
        and …/quicklooks/{image_name}.
        """
        self.quicklooks = download_quicklooks([self._outputs], output_directory, progress=progress)
        return self.quicklooks

    def get_logs(self) -> str:
        """Return the log of the task; empty before it runs.

        Raises:
            NotFoundError: The job has no such task.

        Example:
            >>> lines = jobtask.get_logs().splitlines()

        Endpoint: GET /projects/{project_id}/jobs/{job_id}/tasks/{task_id}/logs.
        """
        return self._outputs.logs()

    @property
    def _outputs(self) -> Outputs:
        return Outputs(JobAddress(self.session, self.project_id, self.job_id), self.jobtask_id)


def block_version(task: ApiJobTask) -> str | None:
    return task.block_version or (task.block.version if task.block else None)
