"""Fetch the results of a batch: several jobs at a time, here or on other machines."""

from __future__ import annotations

import pickle
import uuid
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from attrs import frozen

from up42_facade._common.progress import bar
from up42_facade._common.stopping import Stop
from up42_facade.batch._journal import Journal
from up42_facade.batch._records import Attempt, Record
from up42_facade.downloads._destinations import destination
from up42_facade.downloads._locations import below, local_folder, scheme_of
from up42_facade.downloads._names import safe_name
from up42_facade.downloads._remote import Stopped
from up42_facade.errors import InvalidInputError
from up42_facade.processing import Job

# Jobs that are fetched at the same time where the caller gives no executor; each of them
# fetches several files at a time.
WORKERS = 4


@frozen
class Fetching:
    """One call of `Batch.download`."""

    journal: Journal
    target: str
    options: dict[str, Any]
    progress: bool

    def run(self, records: Sequence[Record], executor: Executor | None) -> Fetched:
        """Fetch the results of records whose jobs have succeeded."""
        if executor is not None:
            return self._run(records, executor)
        # What makes no sense for any job is said at once. Other machines may have other drivers.
        storage_options = self.options["storage_options"]
        destination(self.target, storage_options, http=self.journal.session.storage)
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="up42-batch") as pool:
            return self._run(records, pool)

    def _run(self, records: Sequence[Record], executor: Executor) -> Fetched:
        fetched = Fetched({}, {})
        futures: dict[Future[list[str]], tuple[Attempt, Record, Job]] = {}
        stop = Stop()
        with bar(progress=self.progress, total=len(records), unit="job", desc="download") as shown:
            try:
                for record in records:
                    attempt, job = record.attempt, record.job
                    if attempt is None or job is None:
                        continue
                    present = self._present(attempt)
                    if present is not None:
                        fetched.paths[job.id] = job.results = present
                        shown.update()
                        continue
                    future = self._submit(executor, job, fetched.failures, record, stop)
                    if future is not None:
                        futures[future] = attempt, record, job
                for future in completed(futures):
                    self._take(future, *futures[future], fetched)
                    shown.update()
            except BaseException:
                # Threads end soon; whatever runs elsewhere is not waited for.
                stop.set()
                for future in futures:
                    future.cancel()
                raise
        return fetched

    def _submit(
        self,
        executor: Executor,
        job: Job,
        failures: dict[int, Exception],
        record: Record,
        stop: Stop,
    ) -> Future[list[str]] | None:
        self.journal.require_writable()
        folder = folder_of(self.target, job)
        try:
            if isinstance(executor, ThreadPoolExecutor):
                return executor.submit(download_here, job, folder, self.options, stop)
            # It arrives as bytes, which are read inside the function, so that a worker without
            # credentials fails alone and not its whole pool.
            # The mark makes each try another task: dask answers equal ones from its memory.
            mark = uuid.uuid4().hex
            return executor.submit(download_job, pickle.dumps(job), folder, self.options, mark)
        except (RuntimeError, OSError) as error:
            failures[record.index] = error
            return None

    def _take(
        self,
        future: Future[list[str]],
        attempt: Attempt,
        record: Record,
        job: Job,
        fetched: Fetched,
    ) -> None:
        failure = outcome_of(future)
        if failure is not None:
            fetched.failures[record.index] = failure
            return
        paths = future.result()
        job.results = paths
        fetched.paths[job.id] = paths
        files = [[path, size_of(path)] for path in paths]
        self.journal.save_files(attempt, {"request": self._request, "files": files})

    @property
    def _request(self) -> list[Any]:
        return [self.target, self.options["assets"], self.options["unpacking"]]

    def _present(self, attempt: Attempt) -> list[str] | None:
        """Return the paths if the same was fetched before and still lies there whole."""
        known = attempt.files
        if known is None or self.options["overwrite"] or known["request"] != self._request:
            return None
        if any(size is None or size_of(path) != size for path, size in known["files"]):
            return None
        return [path for path, _ in known["files"]]


@frozen
class Fetched:
    """What `Fetching` has brought: paths by id of the job, errors by index of the entry."""

    paths: dict[str, list[str]]
    failures: dict[int, Exception]


def download_here(job: Job, folder: str, options: dict[str, Any], stop: Stop) -> list[str]:
    """Fetch the results of one job in a thread of this process."""
    if stop.is_set:
        raise Stopped("The download was stopped.")
    with stop.applied():
        return job.download_results(folder, progress=False, **options)


def download_job(sent: bytes, folder: str, options: dict[str, Any], mark: str) -> list[str]:
    """Fetch the results of one job; runs on whatever machine the executor chooses."""
    # The bytes are those that `Fetching` has just made, in this or another process of the user.
    job: Job = pickle.loads(sent)  # noqa: S301
    return job.download_results(folder, progress=False, **options)


def completed(futures: Collection[Future[list[str]]]) -> Iterator[Future[list[str]]]:
    """Yield futures as they end, one way or the other.

    Those that are cancelled because their executor is shut down too, of which `as_completed` of
    the standard library never learns.
    """
    ended: SimpleQueue[Future[list[str]]] = SimpleQueue()
    for future in futures:
        future.add_done_callback(ended.put)
    for _ in futures:
        yield ended.get()


def outcome_of(future: Future[Any]) -> Exception | None:
    """Return the error of a future; also that it was cancelled because its executor died."""
    try:
        future.result()
    except Exception as error:
        return error
    return None


def checked_target(output_directory: str | Path) -> str:
    """Return the folder as an absolute path, as workers may run elsewhere, or as the URL it is."""
    if not isinstance(output_directory, str | Path) or not str(output_directory):
        raise InvalidInputError(
            f"output_directory={output_directory!r}: expected a folder or the URL of one."
        )
    if scheme_of(output_directory) is not None:
        return str(output_directory)
    return str(local_folder(output_directory).absolute())


def checked_executor(executor: Any) -> Executor | None:
    is_made = not isinstance(executor, type) and callable(getattr(executor, "submit", None))
    if executor is None or is_made:
        return executor  # type: ignore[no-any-return]  # whatever has such a method will do
    raise InvalidInputError(
        f"executor={executor!r}: expected a concurrent.futures.Executor, for instance a "
        "ProcessPoolExecutor or dask's Client.get_executor()."
    )


def folder_of(target: str, job: Job) -> str:
    return str(below(target, safe_name(f"job_{job.id}")))


def size_of(path: str) -> int | None:
    """Return the size of a file in bytes; None where it is missing or not on this machine."""
    try:
        return Path(path).stat().st_size
    except OSError:
        return None
