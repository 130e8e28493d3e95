"""Download the results of a batch: several jobs at a time, here or on other machines."""

from __future__ import annotations

import pickle
import uuid
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from string import Formatter
from typing import Any
from urllib.parse import unquote

from attrs import field, frozen

from up42_facade._common.progress import ByteBar
from up42_facade._common.threads import Stop, completed
from up42_facade._common.urls import without_query
from up42_facade.batch._entries import BatchEntry, Failures
from up42_facade.batch._journal import Journal
from up42_facade.downloads import (
    Stopped,
    below,
    fold,
    local_folder,
    open_folder,
    safe_name,
    scheme_of,
)
from up42_facade.errors import InvalidInputError
from up42_facade.processing import Job, item_urls

# Jobs that are downloaded at the same time if the caller gives no executor; each of them
# downloads several files at a time.
WORKERS = 4
FOLDERS = "job_{job_id}"
FIELDS: dict[str, Callable[[Job], str | None]] = {
    "title": lambda job: job.title,
    "item_id": lambda job: "_".join(map(item_id, item_urls(job.inputs))),
    "job_id": lambda job: job.id,
    "process_id": lambda job: job.process_id,
}


def item_id(url: str) -> str:
    return unquote(without_query(url).rpartition("/")[2])


def checked_target(output_directory: Any) -> str:
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


def checked_pattern(folders: Any) -> str:
    """Return the pattern of folders if it names single folders by known fields."""
    try:
        parts = [*Formatter().parse(folders)]
        is_known = all(
            (name is None or name in FIELDS) and not spec and not conversion
            for _, name, spec, conversion in parts
        )
    except (TypeError, ValueError):
        is_known = False
    if is_known and folders and not {"/", "\\"} & set(folders):
        return str(folders)
    fields = ", ".join(f"{{{name}}}" for name in FIELDS)
    raise InvalidInputError(
        f"folders={folders!r}: expected a pattern for the name of each job's folder, without "
        f"slashes, such as '{{title}}_{{item_id}}'. Its fields are {fields}."
    )


def folder_names(jobs: Iterable[Job], pattern: str) -> dict[str, str]:
    """Return a name for the folder of each job, by its ID.

    If names are equal, the first job keeps its name, and the others' get their IDs. So a name
    doesn't change when jobs are added.
    """
    names: dict[str, str] = {}
    taken = set()
    for job in jobs:
        values = {
            name: safe_name(value_of(job) or job.id)
            for name, value_of in FIELDS.items()
            if f"{{{name}}}" in pattern
        }
        name = safe_name(pattern.format(**values))
        while fold(name) in taken:
            name = safe_name(f"{name}_{job.id}")
        taken.add(fold(name))
        names[job.id] = name
    return names


@frozen
class BatchDownload:
    """One call of `Batch.download`.

    Attributes:
        options: Arguments of `Job.download_results`.
        paths: The paths by ID of the job.
        failures: Errors by index of the entry.
    """

    journal: Journal
    target: str = field(converter=checked_target)
    executor: Executor | None = field(converter=checked_executor)
    folders: str = field(converter=checked_pattern)
    progress: bool
    options: dict[str, Any]
    paths: dict[str, list[str]] = field(factory=dict, init=False)
    failures: Failures = field(factory=dict, init=False)

    def run(self, entries: Sequence[BatchEntry]) -> None:
        """Download the results of entries whose jobs have succeeded."""
        if self.executor is not None:
            self._run(entries, self.executor)
            return
        # Raise at once what fails for every job. Other machines might have other fsspec backends.
        open_folder(self.target, self.options["storage_options"])
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="up42-batch") as pool:
            self._run(entries, pool)

    def _run(self, entries: Sequence[BatchEntry], executor: Executor) -> None:
        names = folder_names(self.journal.jobs(), self.folders)
        executed = [(e, e.job) for e in entries if e.job is not None and e.is_succeeded]
        futures: dict[Future[list[str]], tuple[BatchEntry, Job, str]] = {}
        stop = Stop()
        with ByteBar(progress=self.progress, desc="download") as shown:
            submit = submitter(executor, self.options, stop, shown)
            try:
                for entry, job in executed:
                    folder = str(below(self.target, names[job.id]))
                    if self._is_present(entry, folder):
                        self.paths[job.id] = job.results = entry.files or []
                        continue
                    self.journal.require_writable()
                    try:
                        futures[submit(job, folder)] = entry, job, folder
                    except (RuntimeError, OSError) as error:
                        self.failures[entry.index] = error
                shown.set_postfix_str(f"{len(self.paths)} of {len(executed)} jobs")
                for future in completed(futures):
                    received = self._finish(future, *futures[future])
                    # Threads have counted theirs while they arrived.
                    shown.update(0 if isinstance(executor, ThreadPoolExecutor) else received)
                    shown.set_postfix_str(f"{len(self.paths)} of {len(executed)} jobs")
            except BaseException:
                # Threads end soon; tasks elsewhere aren't waited for.
                stop.set()
                for future in futures:
                    future.cancel()
                raise

    def _finish(self, future: Future[list[str]], entry: BatchEntry, job: Job, folder: str) -> int:
        """Record the files of a job; return their bytes, as far as they are on this machine."""
        try:
            paths = future.result()
        except Exception as error:  # also that it was canceled because its executor died
            self.failures[entry.index] = error
            return 0
        self.paths[job.id] = job.results = paths
        files = [(path, size_of(path)) for path in paths]
        found = {"request": self._request(folder), "files": files}
        self.journal.save_files(entry.attempts[-1], found)
        return sum(size or 0 for _, size in files)

    def _request(self, folder: str) -> list[Any]:
        return [folder, *(self.options[name] for name in ("assets", "unpacking", "items"))]

    def _is_present(self, entry: BatchEntry, folder: str) -> bool:
        """Return whether the same was downloaded before and is still complete."""
        known = entry.attempts[-1].files
        if known is None or self.options["overwrite"] or known["request"] != self._request(folder):
            return False
        return all(size is not None and size_of(path) == size for path, size in known["files"])


def submitter(
    executor: Executor, options: dict[str, Any], stop: Stop, shown: ByteBar
) -> Callable[[Job, str], Future[list[str]]]:
    """Return what submits the download of a job into a folder."""
    if isinstance(executor, ThreadPoolExecutor):
        return lambda job, folder: executor.submit(download_here, job, folder, options, stop, shown)
    # The job is sent as bytes and unpickled inside the function, so that a worker without
    # credentials fails alone and not its whole pool. The mark makes each try another task: dask
    # would return the cached result of an equal one.
    return lambda job, folder: executor.submit(
        download_job, pickle.dumps(job), folder, options, uuid.uuid4().hex
    )


def download_here(
    job: Job, folder: str, options: dict[str, Any], stop: Stop, shown: ByteBar
) -> list[str]:
    """Download the results of one job in a thread of this Python process."""
    if stop.is_set:
        raise Stopped
    with stop.applied(), shown.counted():
        return job.download_results(folder, progress=False, **options)


def download_job(sent: bytes, folder: str, options: dict[str, Any], mark: str) -> list[str]:
    """Download the results of one job; runs on any machine that the executor chooses."""
    # The bytes were created by `BatchDownload`, in this or another Python process of the user.
    job: Job = pickle.loads(sent)  # noqa: S301
    return job.download_results(folder, progress=False, **options)


def size_of(path: str) -> int | None:
    """Return the size of a file in bytes; None if it is missing or not on this machine."""
    try:
        return Path(path).stat().st_size
    except OSError:
        return None
