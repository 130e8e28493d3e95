"""Processing jobs: get, list, and track them, and collect their results."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from attrs import define, field, fields

from up42_facade._common.logs import get_logger
from up42_facade._common.sorting import SortingField
from up42_facade._common.times import DatetimeLike
from up42_facade._common.values import as_dict
from up42_facade.errors import (
    InvalidInputError,
    MissingExtraError,
    NoResultsError,
    UnexpectedResponseError,
    UnfinishedJob,
)
from up42_facade.processing import _types as types
from up42_facade.processing._items import item_urls
from up42_facade.processing._types import (
    TERMINAL_STATUSES,
    JobMetadata,
    JobStatus,
    ValidationError,
)
from up42_facade.session import Session, resolve_session
from up42_facade.viz import Viz

if TYPE_CHECKING:
    import pystac
    import xarray
    from geopandas import GeoDataFrame

    from up42_client.models import ProcessingJob, ProcessingJobError
    from up42_facade.processing._listing import Query

logger = get_logger(__name__)

# Seconds between polls, and their number: the documented defaults, three days in all.
TRACK_WAIT = 60
TRACK_RETRIES = 60 * 24 * 3
# Characters of a job ID: UUIDs have 36, and a hundred must fit into a URL.
MAX_ID_LENGTH = 300
# Characters of an ID that an error shows.
SHOWN_ID = 60
QUICKLOOK_ROLES = ("thumbnail", "overview")
IMAGE_SUFFIXES = (".tif", ".tiff")


@define
class Job(Viz):
    """A processing job, as of its last refresh.

    Attributes:
        process_id: ID of the process, for example `pansharpening`.
        id: ID of the job (a UUID).
        account_id: ID of the account.
        workspace_id: ID of the workspace, or None.
        definition: The request: `{"inputs": {…}}`.
        status: See `JobStatus`.
        created, updated: UTC datetimes; None only if the server omitted them.
        collection_url: URL of the STAC collection with the results, or None before there are any.
        errors: Why the inputs were rejected; None unless the status is `invalid`.
        credits: Cost of the job in credits, or None before they are held.
        started, finished: UTC datetimes, or None before the job has started or finished.
        results: Paths of the results that were downloaded last; None before the first download.
        quicklooks: Paths of the quicklooks that were downloaded last; None before the first
            download.
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
    results: list[str] | None = field(default=None, init=False, repr=False, eq=False)
    quicklooks: list[str] | None = field(default=None, init=False, repr=False, eq=False)
    _input_files: list[str] | None = field(default=None, init=False, repr=False, eq=False)

    def __repr__(self) -> str:
        title = f", title={self.title!r}" if self.title is not None else ""
        credits = f", credits={self.credits}" if self.credits is not None else ""
        return (
            f"Job(id={self.id!r}, process_id={self.process_id!r}{title}, "
            f"status={self.status.value!r}{credits})"
        )

    def _repr_html_(self) -> str:
        from up42_facade._common.html import Status, table

        rows = {
            "Title": self.title,
            "Process": self.process_id,
            "Status": Status(self.status.value),
            "Credits": self.credits,
            "Created": self.created,
            "Started": self.started,
            "Finished": self.finished,
            "Collection": self.collection_url,
            "Errors": [*map(str, self.errors or [])] or None,
        }
        return table(f"Job {self.id}", rows)

    @property
    def inputs(self) -> dict[str, Any]:
        """The inputs of the process, from `definition`."""
        return as_dict(self.definition.get("inputs"))

    @property
    def title(self) -> str | None:
        """The title in the inputs, or None if there is none."""
        title = self.inputs.get("title")
        return None if title is None else str(title)

    @property
    def is_succeeded(self) -> bool:
        """True for `successful` and `captured`: the results are in storage."""
        return self.status in types.SUCCEEDED_STATUSES

    @property
    def is_finished(self) -> bool:
        """True once the outcome is decided, whether the job succeeded or failed."""
        return self.status in TERMINAL_STATUSES or self.status in types.SETTLING_STATUSES

    @property
    def session(self) -> Session:
        """The session that the job belongs to."""
        return resolve_session(self._session)

    @property
    def collection(self) -> pystac.Collection | None:
        """The STAC collection of the results; None if the job doesn't have one yet.

        Its items and links resolve with the session's credentials. Each access sends a request.

        Raises:
            NotFoundError: If the collection was deleted from storage.

        Example:
            >>> for item in job.collection.get_items():
            ...     print(item.id, list(item.assets))

        Endpoint: GET /v2/assets/stac/collections/{collectionId}.
        """
        if self.collection_url is None:
            return None
        from up42_facade.stac import read_collection

        return read_collection(self.collection_url, self.session)

    @property
    def items(self) -> list[pystac.Item]:
        """The STAC items of the results, from all pages. Each access sends requests.

        Raises:
            UnfinishedJob: If the job doesn't have results yet.
            NoResultsError: If the job ended without results.
            UnexpectedResponseError: If an item can't be read. `collection.get_items()` yields
                the others first.

        Endpoint: GET /v2/assets/stac/collections/{collectionId}/items.
        """
        return list(self._iterate_items())

    def _iterate_items(self) -> Iterator[pystac.Item]:
        collection = self.collection
        if collection is not None:
            return collection.get_items()
        if not self.is_finished:
            raise UnfinishedJob(
                f"Job {self.id} is {self.status.value!r} and has no results yet: call track() "
                "first.",
                self,
            )
        reasons = "; ".join(map(str, self.errors or []))
        raise NoResultsError(
            f"Job {self.id} ended {self.status.value!r} and has no results."
            + (f" {reasons.rstrip('.')}." if reasons else ""),
            self,
        )

    def refresh(self) -> Job:
        """Request the job again, update this object, and return it.

        Endpoint: GET /v2/processing/jobs/{jobId}.
        """
        return self._update(Job.get(self.id, session=self.session))

    def _update(self, current: Job) -> Job:
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
        """Poll the job until it ends, and return it.

        Server and network outages are tolerated: each failed poll counts as one of the `retries`.

        Args:
            wait: Seconds between polls.
            retries: Number of polls.
            on_update: Called with the job at first and whenever its status has changed.
            progress: Show status, elapsed time, and a countdown to the next poll, in terminals
                and notebooks. UP42_PROGRESS=0 turns it off.

        Returns:
            This job, updated. It has ended, but might not have succeeded: see `is_succeeded`.

        Raises:
            UnfinishedJob: If the polls are used up; its `job` is this job.
            InvalidInputError: If `wait` or `retries` isn't positive.
            NotFoundError: If the job doesn't exist, or this account can't see it.
            AuthenticationError: If the credentials are rejected.

        Example:
            >>> job = up42.Job.get(job_id).track(wait=0.05)

        Endpoint: GET /v2/processing/jobs/{jobId}.
        """
        from up42_facade._common.tracking import Polling, track

        polling = Polling(wait, TERMINAL_STATUSES, types.SETTLING_STATUSES)
        return track(
            self,
            polling,
            status_of=lambda job: job.status,
            retries=retries,
            on_update=on_update,
            progress=progress,
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
            job_id: ID of the job.
            id: Its other documented name.
            session: Session to use. Defaults to the one set by `authenticate()`.

        Raises:
            NotFoundError: If the job doesn't exist, or this account can't see it.
            InvalidInputError: If neither or both of `job_id` and `id` are given.

        Example:
            >>> job = up42.Job.get(id=job_id)

        Endpoint: GET /v2/processing/jobs/{jobId}.
        """
        from up42_client.api.processing import get_processing_job

        known = [value for value in (job_id, id) if value is not None]
        if len(known) != 1 or not isinstance(known[0], str) or not known[0]:
            raise InvalidInputError(
                f"Job.get(job_id={job_id!r}, id={id!r}): expected one non-empty job ID."
            )
        session = resolve_session(session)
        job = cls._adapt(session.call(get_processing_job.request(known[0])), session)
        if job.id.lower() != known[0].lower():
            raise UnexpectedResponseError(
                f"The server responded with job {job.id[:SHOWN_ID]} to a request for job "
                f"{known[0][:SHOWN_ID]}. Try again; a proxy might be in between.",
                status_code=200,
            )
        return job

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
        created_after: DatetimeLike | None = None,
        created_before: DatetimeLike | None = None,
        session: Session | None = None,
    ) -> Iterator[Job]:
        """Yield all jobs that match, each once; without arguments, all that the account can see.

        Args:
            process_id: Only jobs of these processes.
            workspace_id: Only jobs of this workspace. If None, jobs of the whole account.
            status: Only jobs with one of these statuses.
            min_duration: Only jobs that ran at least this many seconds; 0 is sent, too.
            max_duration: Only jobs that ran at most this many seconds; 0 is sent, too.
            sort_by: A field of `JobSorting`. Append `.asc` or `.desc` to override its default
                direction.
            ids: Only jobs with these IDs. More than 100 are requested in several requests, unless
                `sort_by` is given.
            page_size: Jobs per request. Defaults to the server's page size.
            created_after: Only jobs created at this time or later: a date, a datetime, or a
                string.
            created_before: Only jobs created before this time. The API can't filter by date, so
                the facade does, and stops as soon as the sort order allows. With a date bound and
                no `sort_by`, the newest jobs come first.
            session: Session to use. Defaults to the one set by `authenticate()`.

        Returns:
            An iterator that fetches pages when they are needed, one page ahead. An empty list as
            a filter matches nothing.

        Raises:
            InvalidInputError: If a filter has a value that can't match anything. Raised before
                the first request.

        Example:
            >>> slow = up42.Job.all(min_duration=600, sort_by=up42.JobSorting.created.desc)
            >>> total = sum(job.credits or 0 for job in slow)

        Endpoint: GET /v2/processing/jobs.
        """
        from up42_facade.processing._catalog import unless_unknown
        from up42_facade.processing._listing import Query

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
        session = resolve_session(session)
        found = cls._list(query, session)
        return found if not query.process_id else unless_unknown(found, query.process_id, session)

    @classmethod
    def _list(cls, query: Query, session: Session) -> Iterator[Job]:
        return cls._adapt_all(query.run(session), session, is_strict=query.is_strict)

    @classmethod
    def _adapt_all(
        cls, entries: Iterable[ProcessingJob], session: Session, *, is_strict: bool = False
    ) -> Iterator[Job]:
        """Yield the jobs of a list; an entry without a usable ID is logged, or raised if strict."""
        for entry in entries:
            try:
                yield cls._adapt(entry, session)
            except UnexpectedResponseError:
                if is_strict:
                    raise
                logger.warning("The list of jobs has an entry without a usable job ID: skipped.")

    @classmethod
    def from_metadata(cls, metadata: JobMetadata, session: Session | None = None) -> Job:
        """Create a job from the JSON object that the API sends for it.

        Raises:
            UnexpectedResponseError: If it has no usable job ID.
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
        # Half a surrogate pair isn't printable: it could be neither stored nor requested.
        if not job_id.isprintable() or not 0 < len(job_id) <= MAX_ID_LENGTH:
            raise UnexpectedResponseError(
                f"The server sent a job whose jobID can't be used: {job_id[:SHOWN_ID]!r}. Check "
                "region and base_url.",
                status_code=200,
            )
        results, consumption = content.results, content.credit_consumption
        definition = content.definition
        errors = results.errors if results else None
        return cls(
            process_id=content.process_id or "",
            id=job_id,
            account_id=content.account_id or "",
            workspace_id=content.workspace_id,
            definition={**definition.additional_properties, "inputs": definition.inputs or {}}
            if definition
            else {},
            status=JobStatus(content.status or types.UNKNOWN_STATUS),
            created=content.created,
            updated=content.updated,
            collection_url=results.collection if results else None,
            errors=validation_errors(errors) if errors else None,
            credits=consumption.credits_ if consumption else None,
            started=content.started,
            finished=content.finished,
            session=session,
        )

    @overload
    def get_results_json(self, as_dataframe: Literal[False] = False) -> dict[str, Any]: ...

    @overload
    def get_results_json(self, as_dataframe: Literal[True]) -> GeoDataFrame: ...

    @overload
    def get_results_json(self, as_dataframe: bool) -> dict[str, Any] | GeoDataFrame: ...

    def get_results_json(self, as_dataframe: bool = False) -> dict[str, Any] | GeoDataFrame:
        """Return the features of all vector results (GeoJSON), read into memory.

        Args:
            as_dataframe: Return a GeoDataFrame instead of the GeoJSON as a dict.

        Returns:
            A FeatureCollection, or a GeoDataFrame in EPSG:4326 with the properties of the
            features as columns. If there are no features, it is empty, with geometry and CRS.

            Each feature has two more properties: `item_id` and `asset`, the ID of the item and
            the key of the asset that it comes from. A feature's own property with such a name is
            kept as `properties.item_id` or `properties.asset`. Files that declare another CRS,
            as GeoJSON could before 2016, are transformed to longitude and latitude.

        Raises:
            UnfinishedJob: If the job doesn't have results yet.
            NoResultsError: If the job ended without results, or has no vector results; the error
                lists its files.
            UnexpectedResponseError: If a file isn't GeoJSON.
            DownloadError: If a file can't be downloaded completely.

        Example:
            >>> frame = job.get_results_json(as_dataframe=True)

        Endpoints: GET /v2/assets/stac/collections/{collectionId}/items, POST
        /v2/assets/{assetId}/download-url.
        """
        from up42_facade.results._vector_results import feature_collection, to_results_frame

        collection = feature_collection(self.items, self)
        return to_results_frame(collection) if as_dataframe else collection

    def to_xarray(
        self,
        assets: str | Sequence[str] | None = None,
        *,
        item_ids: str | Sequence[str] | None = None,
        chunks: int | str | Mapping[str, Any] | None = None,
        masked: bool = False,
    ) -> xarray.DataArray | xarray.Dataset:
        """Open the raster results (GeoTIFF) without downloading them. Needs the extra `xarray`.

        Only headers are read now. Pixels are read lazily, window by window, each time with a
        currently valid signed URL.

        Args:
            assets: Only rasters with these keys, roles, or media types. Defaults to all.
            item_ids: Only rasters of these items. Defaults to all.
            chunks: If None, the array doesn't use dask: the requested part is read at once, and
                an array that was read completely is kept. Otherwise, the size of the chunks that
                dask reads in parallel: pixels along y and x; `auto` for multiples of the file's
                blocks up to dask's option `array.chunk-size`; or sizes by dimension, for example
                `{"y": 1024, "x": 1024}`. A dimension that isn't named has the file's blocks.
            masked: Set nodata pixels to NaN, in a type that supports it: float32, float64, or
                complex. Otherwise, keep the values of the file.

        Returns:
            A DataArray named by the asset's key, with dimensions (band, y, x), or (item, band,
            y, x) if several items have such an asset on the same grid. Rasters with several
            keys, all on one grid with the same bands, are the variables of a Dataset.

            Coordinates: `band` has the names in the file, or else those of the STAC asset, or
            else numbers from 1; `y` and `x` are pixel centers in the CRS of the file (absent if
            the image is rotated); `item` and `time` are ID and time (UTC) of the item.
            `array.rio.crs`, `array.rio.transform()`, and `array.rio.nodata` come from the file.

        Raises:
            MissingExtraError: If the extra isn't installed.
            UnfinishedJob: If the job doesn't have results yet.
            NoResultsError: If the job ended without results, or has no raster results; the error
                lists its files.
            InvalidInputError: If `assets` or `item_ids` matches nothing, `chunks` can't be used,
                or the rasters can't be combined; the error says how they differ.
            DownloadError: If a file can't be read. Reading pixels can raise it, too.

        Example:
            >>> trees = job.to_xarray(chunks=1024)
            >>> share = float((trees > 200).mean())

        Endpoints: GET /v2/assets/stac/collections/{collectionId}/items, POST
        /v2/assets/{assetId}/download-url.
        """
        try:
            from up42_facade.results._raster_results import open_rasters
        except ImportError as error:
            raise MissingExtraError("to_xarray()", "xarray") from error
        return open_rasters(
            self.items,
            self,
            assets=assets,
            item_ids=item_ids,
            chunks=chunks,
            masked=masked,
        )

    def download_results(
        self,
        output_directory: str | Path | None = None,
        *,
        assets: str | Sequence[str] | None = None,
        unpacking: bool = True,
        overwrite: bool = False,
        items: bool = False,
        progress: bool = True,
        storage_options: Mapping[str, Any] | None = None,
    ) -> list[str]:
        """Download the files of the results, several at a time.

        Args:
            output_directory: A folder, or a URL in cloud storage such as `s3://bucket/results`
                (extra `cloud`). Defaults to the folder `job_<id>` in the current directory.
            assets: Only assets with these keys, roles, or media types. Defaults to all.
            unpacking: Unpack archives while they arrive, instead of keeping them.
            overwrite: Also download files that exist and are unchanged. Files of other origin
                stay.
            items: Also write each STAC item as `<item>.json` next to its files, with relative
                links to them, for pystac without a network. The paths of these files aren't
                returned.
            progress: Show a progress bar.
            storage_options: Options of the fsspec backend, for example credentials.

        Returns:
            The paths, in the order of items and assets; complete URLs if they are in cloud
            storage. A file is named by its asset's key, or, if the key has no suffix and the asset
            no media type, as its URL or the response says. If names collide, it goes to a
            subfolder named by its item; an archive among other files is unpacked into a
            subfolder named by the archive. If a path is in use, for example by another job's
            results, all new files go to the subfolder `job_<id>`.

        Raises:
            UnfinishedJob: If the job doesn't have results yet.
            NoResultsError: If the job ended without results.
            InvalidInputError: If `assets` matches nothing (the error lists the available ones),
                or `output_directory` or `storage_options` can't be used.
            UnexpectedResponseError: If an item can't be read; the files of the others were
                downloaded, and `results` has their paths.
            DownloadError: If a file can't be downloaded completely. No partial file has its
                final name.
            UploadError: If the cloud storage refuses the files or can't be reached.
            MissingExtraError: If fsspec or its backend isn't installed.

        Example:
            >>> paths = job.download_results(folder, assets="data")

        Endpoints: GET /v2/assets/stac/collections/{collectionId}/items, POST
        /v2/assets/{assetId}/download-url.
        """
        found: list[pystac.Item] = []
        unreadable: UnexpectedResponseError | None = None
        try:
            found.extend(self._iterate_items())
        except UnexpectedResponseError as error:
            if not found:
                raise
            unreadable = error
        self.results = self._download(
            found,
            output_directory,
            assets=assets,
            unpacking=unpacking,
            overwrite=overwrite,
            item_files=items,
            progress=progress,
            storage_options=storage_options,
        )
        if unreadable is not None:
            unreadable.add_note("The files of the other items were downloaded: see `results`.")
            raise unreadable
        return self.results

    def download_quicklooks(
        self,
        output_directory: str | Path | None = None,
        *,
        progress: bool = True,
        storage_options: Mapping[str, Any] | None = None,
    ) -> list[str]:
        """Download the thumbnails or overviews of the results, for `plot_quicklooks`.

        Args:
            output_directory, progress, storage_options: As for `download_results`.

        Returns:
            The paths; empty if the results have no quicklooks.

        Raises:
            Up42Error: As for `download_results`.

        Example:
            >>> paths = job.download_quicklooks(folder)

        Endpoints: As for `download_results`.
        """
        items = self.items
        roles = {role for item in items for role in item_roles(item)}
        wanted = [role for role in QUICKLOOK_ROLES if role in roles]
        self.quicklooks = (
            self._download(
                items,
                output_directory,
                assets=wanted,
                progress=progress,
                storage_options=storage_options,
            )
            if wanted
            else []
        )
        return self.quicklooks

    def download_inputs(
        self,
        output_directory: str | Path | None = None,
        *,
        assets: str | Sequence[str] | None = "data",
        overwrite: bool = False,
        progress: bool = True,
        storage_options: Mapping[str, Any] | None = None,
    ) -> list[str]:
        """Download the files of the job's input items.

        Plots and maps then draw vector results over these images.

        Args:
            output_directory: A folder, or a URL in cloud storage (extra `cloud`). Defaults to
                the folder `job_<id>/inputs` in the current directory.
            assets, overwrite, progress, storage_options: As for `download_results`.

        Returns:
            The paths.

        Raises:
            NotFoundError: If an item is no longer in storage.
            Up42Error: As for `download_results`.

        Example:
            >>> paths = job.download_inputs(folder, assets="multispectral.tif")

        Endpoints: GET /v2/assets/stac/collections/{collectionId}/items/{itemId}, POST
        /v2/assets/{assetId}/download-url.
        """
        from up42_facade.stac import read_item

        items = [read_item(url, self.session) for url in item_urls(self.inputs)]
        folder = output_directory or self._folder / "inputs"
        self._input_files = self._download(
            items,
            folder,
            assets=assets,
            overwrite=overwrite,
            progress=progress,
            storage_options=storage_options,
            aside=f"{self._folder.name}_inputs",
        )
        return self._input_files

    @property
    def _folder(self) -> Path:
        from up42_facade.downloads import safe_name

        return Path.cwd() / safe_name(f"job_{self.id}")

    def _download(
        self, items: Iterable[pystac.Item], output_directory: str | Path | None, **options: Any
    ) -> list[str]:
        from up42_facade.results._item_files import fetch_items

        folder = output_directory or self._folder
        given = {"aside": self._folder.name, **options}
        return fetch_items(items, folder, session=self.session, **given)

    def _title(self) -> str:
        name = self.title or f"Job {self.id}"
        date = f"{self.created:%Y-%m-%d}" if self.created else None
        return " · ".join(filter(None, (name, date, self.process_id)))

    def _backdrop_paths(self) -> list[str]:
        images = [p for p in self._input_files or [] if Path(p).suffix.lower() in IMAGE_SUFFIXES]
        return images[:1]


def validation_errors(found: Iterable[ProcessingJobError] | None) -> list[ValidationError]:
    """Return the reasons that the API reports."""
    return [
        ValidationError(message=error.message or "", name=error.name or "") for error in found or ()
    ]


def item_roles(item: pystac.Item) -> set[str]:
    return {role for asset in item.assets.values() for role in asset.roles or ()}
