"""Results of the legacy analytics API: features, archives, and quicklooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload
from urllib.parse import quote

from attrs import define, evolve, field

from up42_facade.analytics._api import (
    SUCCEEDED,
    TERMINAL_STATUSES,
    Envelope,
    check_body,
    data_of,
    documented_status,
)
from up42_facade.downloads import (
    HEAD_BYTES,
    Download,
    Fetch,
    archive_suffix,
    download_archive,
    local_folder,
    open_folder,
    open_stream,
    safe_name,
    subfolder,
    unsupported_archive,
)
from up42_facade.errors import (
    ApiError,
    BadRequestError,
    NoResultsError,
    NotFoundError,
    UnexpectedResponseError,
    UnfinishedJob,
    Up42Error,
)
from up42_facade.session import Session
from up42_facade.viz import Viz

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from up42_client.models import DownloadUrl
    from up42_client.models import Job as ApiJob
    from up42_client.models import JobTask as ApiJobTask
    from up42_client.types import Request

# Responses that mean "there is no such output"; the documentation doesn't say which one does.
ABSENT = (BadRequestError, NotFoundError)
CONFLICT = 409
# Images that are downloaded at the same time: each is small, so the round trip dominates.
CONCURRENT_QUICKLOOKS = 24


@define(eq=False, repr=False)
class Results(Viz):
    """The part that jobs and job tasks share: their results."""

    job_id: str
    project_id: str
    session: Session
    _known: Any = None
    results: list[str] | None = field(default=None, init=False)
    quicklooks: list[str] | None = field(default=None, init=False)

    @property
    def info(self) -> dict[str, Any]:
        """Current metadata. Sends a request each time.

        Raises:
            NotFoundError: If the job or task doesn't exist, or this account can't see it.

        Endpoints: GET /projects/{project_id}/jobs/{job_id} for a job, GET
        /projects/{project_id}/jobs/{job_id}/tasks for a task.
        """
        return self._refreshed().to_dict()

    @overload
    def get_results_json(self, as_dataframe: Literal[False] = False) -> dict[str, Any]: ...

    @overload
    def get_results_json(self, as_dataframe: Literal[True]) -> GeoDataFrame: ...

    @overload
    def get_results_json(self, as_dataframe: bool) -> dict[str, Any] | GeoDataFrame: ...

    def get_results_json(self, as_dataframe: bool = False) -> dict[str, Any] | GeoDataFrame:
        """Return the resulting features; those of a job are the ones of its last task.

        Args:
            as_dataframe: Return a GeoDataFrame instead of the GeoJSON as a dict.

        Returns:
            A FeatureCollection, or a GeoDataFrame in EPSG:4326 with the properties of the
            features as columns. Without features, the frame is empty but has a geometry column
            and a CRS.

        Raises:
            UnfinishedJob: If the job or task hasn't finished.
            NoResultsError: If the job or task ended without results.
            NotFoundError: If the job or task doesn't exist.

        Example:
            >>> frame = job.get_results_json(as_dataframe=True)

        Endpoints: GET /projects/{project_id}/jobs/{job_id}/outputs/data-json and
        …/{job_id}/tasks/{task_id}/outputs/data-json.
        """
        request = self._features_request()
        try:
            features = self.session.call(request)
            check_body(request, features)
        except ApiError as error:
            raise self._explained(error) from error
        if not as_dataframe:
            return features
        from up42_facade.results._geojson import to_frame

        return to_frame(features)

    def __str__(self) -> str:
        return f"Job {self.job_id}"

    @property
    def _job(self) -> Results:
        """The job, which errors carry."""
        return self

    @property
    def _folder(self) -> Path:
        """The default folder of the results."""
        project = safe_name(f"project_{self.project_id}")
        return Path.cwd() / project / safe_name(f"job_{self.job_id}")

    def _refreshed(self) -> ApiJob | ApiJobTask:
        raise NotImplementedError

    def _features_request(self) -> Request[dict[str, Any]]:
        raise NotImplementedError

    def _url_request(self) -> Request[Envelope[DownloadUrl]]:
        raise NotImplementedError

    def _url(self) -> str:
        """Return a new signed URL of the archive."""
        try:
            data = data_of(self.session, self._url_request())
        except ApiError as error:
            raise self._explained(error) from error
        if data is None or not data.url:
            raise self._reason() or UnexpectedResponseError(
                f"The server returned no download URL for {self}.", status_code=200
            )
        return data.url

    def _urls(self) -> Callable[[], str]:
        """Return a function that returns signed URLs; the first one is requested now.

        So a job without results raises before anything is created on disk.
        """
        prefetched = [self._url()]
        return lambda: prefetched.pop() if prefetched else self._url()

    def _download(
        self, output_directory: str | Path | None, *, unpacking: bool, progress: bool
    ) -> list[str]:
        """Download the archive or unpack its files, and return the paths."""
        folder = self._folder if output_directory is None else local_folder(output_directory)
        get_url, storage = self._urls(), self.session.storage
        archive = Download(get_url, source_id=f"{self}", group=self._folder.name, is_unpacked=True)
        if unpacking:
            return download_archive(
                get_url,
                folder,
                http=storage,
                progress=progress,
                source_id=archive.record_id,
                aside=subfolder(folder, archive.group),
            )
        with open_stream(get_url, http=storage, progress=False) as stream:
            head = stream.read(HEAD_BYTES)
        suffix = archive_suffix(head)
        if suffix is None:
            raise unsupported_archive(head)
        kept = evolve(archive, name=f"{self.job_id}{suffix}", is_unpacked=False)
        fetch = Fetch(open_folder(folder), storage, progress=progress, aside=archive.group)
        return [path for paths in fetch.run([kept]) for path in paths]

    def _download_quicklooks(
        self,
        names: Mapping[str, Sequence[str]],
        output_directory: str | Path | None,
        *,
        progress: bool,
    ) -> list[str]:
        """Download quicklooks of tasks; equal names go to subfolders named by the tasks.

        Args:
            names: Names of quicklooks by task ID.
            output_directory: The folder. If None, that of the job.
            progress: Show a progress bar.
        """
        default = self._job._folder
        images = [
            Download(
                partial(self._quicklook_url, jobtask_id, name),
                source_id=self._quicklook_url(jobtask_id, name),
                name=f"quicklook_{name}",
                group=f"jobtask_{jobtask_id}",
            )
            for jobtask_id, found in names.items()
            for name in found
        ]
        fetch = Fetch(
            open_folder(default if output_directory is None else local_folder(output_directory)),
            self.session.http,
            overwrite=True,
            progress=progress,
            aside=default.name,
            workers=CONCURRENT_QUICKLOOKS,
        )
        return [path for paths in fetch.run(images) for path in paths]

    def _quicklook_url(self, jobtask_id: str, name: str) -> str:
        """Return the URL of an image.

        Endpoint: GET
        /projects/{project_id}/jobs/{job_id}/tasks/{task_id}/outputs/quicklooks/{name}.
        """
        parts = (self.project_id, self.job_id, jobtask_id, name)
        project, job, task, image = (quote(part, safe="") for part in parts)
        path = f"/projects/{project}/jobs/{job}/tasks/{task}/outputs/quicklooks/{image}"
        return f"{self.session.hosts.api}{path}"

    def _explained(self, error: ApiError) -> Up42Error:
        """Return the reason if an error means that an output is absent, else the error."""
        return (self._reason() if is_absent(error) else None) or error

    def _reason(self) -> Up42Error | None:
        """Return the error that explains why an output is absent; None if it should exist."""
        try:
            status = documented_status(self._refreshed().status)
        except NotFoundError as unknown:
            return unknown
        if status == SUCCEEDED:
            return None
        if status in TERMINAL_STATUSES:
            return NoResultsError(
                f"{self} ended {status!r} and has no results. The job's get_logs() might tell why.",
                self._job,
            )
        return UnfinishedJob(
            f"{self} is {status!r} and has no results yet: call track() of the job first.",
            self._job,
        )


def is_absent(error: ApiError) -> bool:
    """Return whether an error might mean that there is no such output."""
    return isinstance(error, ABSENT) or error.status_code == CONFLICT
