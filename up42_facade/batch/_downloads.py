"""Download the results of a batch: several jobs at a time, here or on other machines."""

from __future__ import annotations

import pickle
import uuid
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from attrs import field, frozen

from up42_facade._common.progress import bar
from up42_facade._common.stopping import Stop
from up42_facade.batch._entry import BatchEntry
from up42_facade.batch._journal import Journal
from up42_facade.batch._work import Failures
from up42_facade.downloads import (
    Stopped,
    below,
    local_folder,
    open_folder,
    safe_name,
    scheme_of,
)
from up42_facade.errors import InvalidInputError
from up42_facade.processing import Job

# Jobs that are downloaded at the same time if the caller gives no executor; each of them
# downloads several files at a time.
WORKERS = 4


@frozen
class BatchDownload:
    """One call of `Batch.download`.

    Attributes:
        journal: Records the downloaded files.
        target: The folder or its URL.
        options: Arguments of `Job.download_results`.
        paths: The paths by ID of the job.
        failures: Errors by index of the entry.
    """

    journal: Journal
    target: str
    options: dict[str, Any]
    progress: bool
    paths: dict[str, list[str]] = field(factory=dict, init=False)
    failures: Failures = field(factory=dict, init=False)

    def run(self, entries: Sequence[BatchEntry], executor: Executor | None) -> None:
        """Download the results of entries whose jobs have succeeded."""
        if executor is not None:
            self._run(entries, executor)
            return
        # Raise at once what fails for every job. Other machines might have other fsspec backends.
        open_folder(self.target, self.options["storage_options"])
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="up42-batch") as pool:
            self._run(entries, pool)

    def _run(self, entries: Sequence[BatchEntry], executor: Executor) -> None:
        futures: dict[Future[list[str]], BatchEntry] = {}
        stop = Stop()
        with bar(progress=self.progress, total=len(entries), unit="job", desc="download") as shown:
            try:
                for entry in entries:
                    present = self._present(entry)
                    if present is not None:
                        self._keep(entry, present)
                        shown.update()
                        continue
                    self.journal.require_writable()
                    try:
                        futures[self._submit(executor, entry, stop)] = entry
                    except (RuntimeError, OSError) as error:
                        self.failures[entry.index] = error
                for future in completed(futures):
                    self._finish(future, futures[future])
                    shown.update()
            except BaseException:
                # Threads end soon; tasks elsewhere aren't waited for.
                stop.set()
                for future in futures:
                    future.cancel()
                raise

    def _submit(self, executor: Executor, entry: BatchEntry, stop: Stop) -> Future[list[str]]:
        job = job_of(entry)
        folder = str(below(self.target, safe_name(f"job_{job.id}")))
        if isinstance(executor, ThreadPoolExecutor):
            return executor.submit(download_here, job, folder, self.options, stop)
        # The job is sent as bytes and unpickled inside the function, so that a worker without
        # credentials fails alone and not its whole pool. The mark makes each try another task:
        # dask would return the cached result of an equal one.
        mark = uuid.uuid4().hex
        return executor.submit(download_job, pickle.dumps(job), folder, self.options, mark)

    def _finish(self, future: Future[list[str]], entry: BatchEntry) -> None:
        try:
            paths = future.result()
        except Exception as error:  # also that it was canceled because its executor died
            self.failures[entry.index] = error
            return
        self._keep(entry, paths)
        files = [[path, size_of(path)] for path in paths]
        self.journal.save_files(entry.attempts[-1], {"request": self._request, "files": files})

    def _keep(self, entry: BatchEntry, paths: list[str]) -> None:
        job = job_of(entry)
        self.paths[job.id] = job.results = paths

    @property
    def _request(self) -> list[Any]:
        return [self.target, self.options["assets"], self.options["unpacking"]]

    def _present(self, entry: BatchEntry) -> list[str] | None:
        """Return the paths if the same was downloaded before and is still complete."""
        known = entry.attempts[-1].files
        if known is None or self.options["overwrite"] or known["request"] != self._request:
            return None
        if any(size is None or size_of(path) != size for path, size in known["files"]):
            return None
        return [path for path, _ in known["files"]]


def job_of(entry: BatchEntry) -> Job:
    if entry.job is None:
        raise AssertionError(f"{entry!r} has no job.")
    return entry.job


def download_here(job: Job, folder: str, options: dict[str, Any], stop: Stop) -> list[str]:
    """Download the results of one job in a thread of this Python process."""
    if stop.is_set:
        raise Stopped
    with stop.applied():
        return job.download_results(folder, progress=False, **options)


def download_job(sent: bytes, folder: str, options: dict[str, Any], mark: str) -> list[str]:
    """Download the results of one job; runs on any machine that the executor chooses."""
    # The bytes were created by `BatchDownload`, in this or another Python process of the user.
    job: Job = pickle.loads(sent)  # noqa: S301
    return job.download_results(folder, progress=False, **options)


def completed(futures: Collection[Future[list[str]]]) -> Iterator[Future[list[str]]]:
    """Yield futures as they end, also those that are canceled when their executor is shut down.

    `as_completed` of the standard library never yields the latter.
    """
    ended: SimpleQueue[Future[list[str]]] = SimpleQueue()
    for future in futures:
        future.add_done_callback(ended.put)
    for _ in futures:
        yield ended.get()


def checked_target(output_directory: str | Path) -> str:
    """Return the folder as an absolute path, as workers might run elsewhere, or its URL."""
    if not isinstance(output_directory, str | Path) or not str(output_directory):
        raise InvalidInputError(
            f"output_directory={output_directory!r}: expected a folder or the URL of one."
        )
    if scheme_of(output_directory) is not None:
        return str(output_directory)
    return str(local_folder(output_directory).absolute())


def checked_executor(executor: Any) -> Executor | None:
    is_instance = not isinstance(executor, type) and callable(getattr(executor, "submit", None))
    if executor is None or is_instance:
        return executor  # type: ignore[no-any-return]  # anything with such a method will do
    raise InvalidInputError(
        f"executor={executor!r}: expected a concurrent.futures.Executor, for example a "
        "ProcessPoolExecutor or dask's Client.get_executor()."
    )


def size_of(path: str) -> int | None:
    """Return the size of a file in bytes; None if it is missing or not on this machine."""
    try:
        return Path(path).stat().st_size
    except OSError:
        return None
