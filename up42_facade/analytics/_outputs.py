"""What analytics jobs and tasks leave behind: features, archives, quicklooks, logs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from attrs import evolve, frozen

from up42_facade.analytics._answers import JobAddress, check_body, data_of
from up42_facade.analytics._types import SUCCEEDED, TERMINAL_STATUSES, documented_status
from up42_facade.downloads import Download, download_archive, download_files
from up42_facade.downloads import open_stream as open_url
from up42_facade.downloads._inflate import GZIP_MAGIC
from up42_facade.downloads._layout import Planned, lay_out_in, subfolder
from up42_facade.downloads._locations import below, local_folder
from up42_facade.downloads._names import safe_name
from up42_facade.downloads._tar_members import BLOCK_BYTES, is_tar
from up42_facade.downloads._zip_members import ZIP_MAGICS
from up42_facade.errors import (
    ApiError,
    BadRequestError,
    NoResultsError,
    NotFoundError,
    UnexpectedResponseError,
    UnfinishedJob,
    UnprocessableError,
    UnsupportedArchiveError,
    Up42Error,
)

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from up42_client.models import Job as ApiJob
    from up42_client.models import JobTask as ApiJobTask

# How the server may say that there is no such output; which of them is not documented.
ABSENT = (BadRequestError, NotFoundError, UnprocessableError)
CONFLICT = 409
# Images that are fetched at the same time: each is small, so the round trip is what counts.
QUICKLOOKS_AT_ONCE = 24
# Bytes of an unknown content that an error shows, to tell an error page from a damaged file.
SHOWN_BYTES = 60


@frozen
class Outputs:
    """The outputs of a job, or of one of its tasks."""

    address: JobAddress
    jobtask_id: str | None = None

    @property
    def job_folder(self) -> Path:
        """The job's folder below the current one."""
        address = self.address
        project = safe_name(f"project_{address.project_id}")
        return Path.cwd() / project / safe_name(f"job_{address.job_id}")

    @property
    def folder(self) -> Path:
        """Where results go if nothing else is said."""
        if self.jobtask_id is None:
            return self.job_folder
        return self.job_folder / safe_name(f"jobtask_{self.jobtask_id}")

    def features(self) -> dict[str, Any]:
        """Return the FeatureCollection as the server sends it.

        Raises:
            UnfinishedJob, NoResultsError, NotFoundError: As `explained` says.
        """
        from up42_client.api.analytics import get_job_results, get_job_task_results

        request = (
            get_job_results.request(*self.address.path)
            if self.jobtask_id is None
            else get_job_task_results.request(*self.address.path, self.jobtask_id)
        )
        try:
            features = self.address.session.call(request)
            check_body(request, features)
        except ApiError as error:
            raise self._judged(error) from error
        return features

    def results(self, as_dataframe: bool) -> dict[str, Any] | GeoDataFrame:
        """Return the features as a dict or as a frame."""
        if not as_dataframe:
            return self.features()
        from up42_facade.results._geojson import to_frame

        return to_frame(self.features())

    def url(self) -> str:
        """Return a fresh signed URL of the archive.

        Raises:
            UnfinishedJob, NoResultsError, NotFoundError: As `explained` says.
        """
        from up42_client.api.analytics import get_job_download_url, get_job_task_download_url

        request = (
            get_job_download_url.request(*self.address.path)
            if self.jobtask_id is None
            else get_job_task_download_url.request(*self.address.path, self.jobtask_id)
        )
        try:
            data = data_of(self.address.session, request)
        except ApiError as error:
            raise self._judged(error) from error
        if data is None or not data.url:
            raise self.explained(
                UnexpectedResponseError(
                    f"The server returned no download URL for {self}.", status_code=200
                )
            )
        return data.url

    def download(
        self, output_directory: str | Path | None, *, unpacking: bool, progress: bool
    ) -> list[str]:
        """Bring the archive, or what is in it, to disk and return the paths."""
        folder = self.folder if output_directory is None else local_folder(output_directory)
        # Asked for before anything is made on disk: this is where a job without results shows.
        get_url = FirstKnown(self.url(), self)
        storage = self.address.session.storage
        plan = Planned("results", self.folder.name, f"{self}", is_unpacked=True)
        if unpacking:
            return download_archive(
                get_url,
                folder,
                http=storage,
                progress=progress,
                source_id=plan.record_id,
                aside=subfolder(folder, plan.group),
            )
        with open_url(get_url, http=storage, progress=False) as stream:
            suffix = archive_suffix(stream.read(BLOCK_BYTES))
        kept = evolve(plan, name=f"{self.address.job_id}{suffix}", is_unpacked=False)
        return _fetch_files({kept: get_url}, folder, plan.group, http=storage, progress=progress)

    def quicklook_names(self) -> list[str]:
        """Return the names of a task's quicklooks; empty if it has none.

        Raises:
            UnfinishedJob, NoResultsError, NotFoundError: As `explained` says.
        """
        from up42_client.api.analytics import list_job_task_quicklooks

        request = list_job_task_quicklooks.request(*self.address.path, str(self.jobtask_id))
        try:
            names = data_of(self.address.session, request) or []
        except ApiError as error:
            reason = self._judged(error)
            if reason is error and is_absent(error):
                return []
            raise reason from error
        # Names of dots only would lead elsewhere.
        return [name for name in names if name.strip(".")]

    def logs(self) -> str:
        """Return a task's log; empty if it has none yet.

        Raises:
            NotFoundError: The job has no such task.
        """
        from up42_client.api.analytics import get_job_task_logs

        request = get_job_task_logs.request(*self.address.path, str(self.jobtask_id))
        try:
            return self.address.session.call(request)
        except ApiError as error:
            if not is_absent(error):
                raise
            self.address.task(str(self.jobtask_id))
            return ""

    def explained(self, error: Up42Error) -> Up42Error:
        """Return what it means that an output isn't there.

        Returns:
            UnfinishedJob while the job or task is under way, NoResultsError if it ended badly,
            NotFoundError if it doesn't exist; the given error if it should have outputs.
        """
        try:
            status = documented_status(self._metadata().status)
        except NotFoundError as unknown:
            return unknown
        if status == SUCCEEDED:
            return error
        if status in TERMINAL_STATUSES:
            return NoResultsError(
                f"{self} ended {status!r} and has no results. get_logs() of the job may tell why.",
                self._job(),
            )
        return UnfinishedJob(
            f"{self} is {status!r} and has no results yet: call track() of the job first.",
            self._job(),
        )

    def __str__(self) -> str:
        job = f"ob {self.address.job_id}"
        return f"J{job}" if self.jobtask_id is None else f"Task {self.jobtask_id} of j{job}"

    def _judged(self, error: ApiError) -> Up42Error:
        return self.explained(error) if is_absent(error) else error

    def _metadata(self) -> ApiJob | ApiJobTask:
        if self.jobtask_id is None:
            return self.address.info()
        return self.address.task(self.jobtask_id)

    def _job(self) -> Any:
        from up42_facade.analytics._jobs import Job

        return Job(self.address.job_id, self.address.project_id, self.address.session)


class FirstKnown:
    """Gives the URL that is known already once, and a fresh one whenever it is called again."""

    def __init__(self, url: str, outputs: Outputs) -> None:
        self._urls = [url]
        self._outputs = outputs

    def __call__(self) -> str:
        return self._urls.pop() if self._urls else self._outputs.url()


def archive_suffix(head: bytes) -> str:
    """Return the ending that an archive is kept under, by the begin of its content.

    Raises:
        UnsupportedArchiveError: It is no archive, for instance an error page.
    """
    if head.startswith(GZIP_MAGIC):
        return ".tgz"
    if head.startswith(ZIP_MAGICS):
        return ".zip"
    if is_tar(head):
        return ".tar"
    raise UnsupportedArchiveError(
        f"The content is no tar, tgz or zip archive: {head[:SHOWN_BYTES]!r}. Nothing was kept."
    )


def is_absent(error: ApiError) -> bool:
    """Tell whether an error may mean that an output isn't there."""
    return isinstance(error, ABSENT) or error.status_code == CONFLICT


def open_archive(outputs: Outputs, *, progress: bool) -> Any:
    """Open the archive for reading, without holding it."""
    get_url = FirstKnown(outputs.url(), outputs)
    return open_url(get_url, http=outputs.address.session.storage, progress=progress)


def download_quicklooks(
    tasks: Sequence[Outputs], output_directory: str | Path | None, *, progress: bool
) -> list[str]:
    """Download the quicklooks of some tasks of one job, several at a time.

    Args:
        tasks: The tasks; quicklooks of one name go to subfolders named by their tasks.
        output_directory: Default: the job's folder.
        progress: Show a bar.

    Returns:
        The paths `quicklook_<name>` in the order of tasks and names.
    """
    job_folder = tasks[0].job_folder if tasks else Path()
    urls = {
        Planned(
            f"quicklook_{name}", f"jobtask_{task.jobtask_id}", quicklook_path(task, name)
        ): partial(quicklook_path, task, name)
        for task in tasks
        for name in task.quicklook_names()
    }
    if not urls:
        return []
    return _fetch_files(
        urls,
        job_folder if output_directory is None else local_folder(output_directory),
        job_folder.name,
        http=tasks[0].address.session.http,
        overwrite=True,
        progress=progress,
        workers=QUICKLOOKS_AT_ONCE,
    )


def _fetch_files(
    urls: Mapping[Planned, Callable[[], str]], folder: Path, aside: str, **options: Any
) -> list[str]:
    """Download files to paths of their own in a folder; see `download_files` for the options."""
    places = lay_out_in(folder, [*urls], aside)
    downloads = [
        Download(get_url, below(folder, *place.file), source_id=plan.record_id, folder=folder)
        for (plan, get_url), place in zip(urls.items(), places, strict=True)
    ]
    return [str(path) for path in download_files(downloads, **options)]


def quicklook_path(task: Outputs, name: str) -> str:
    """Return the URL of an image.

    Endpoint: GET /projects/{project_id}/jobs/{job_id}/tasks/{task_id}/outputs/quicklooks/{name}.
    """
    address = task.address
    project, job, jobtask, image = (
        quote(part, safe="") for part in (*address.path, str(task.jobtask_id), name)
    )
    path = f"/projects/{project}/jobs/{job}/tasks/{jobtask}/outputs/quicklooks/{image}"
    return f"{address.session.hosts.api}{path}"
