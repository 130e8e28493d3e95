"""Batches: many templates and their jobs as one unit, with a journal."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, overload

from up42_facade._common.progress import StatusLine
from up42_facade._common.values import check_seconds
from up42_facade.batch import _tables as tables
from up42_facade.batch import _templates as entering
from up42_facade.batch._downloads import FOLDERS, BatchDownload
from up42_facade.batch._entries import PENDING, UNCERTAIN, BatchEntry, Failures
from up42_facade.batch._execution import BatchExecution
from up42_facade.batch._journal import Journal, checked, open_journal, read_journal
from up42_facade.batch._tracking import Tracker
from up42_facade.errors import InvalidInputError, PartialBatchError, UnfinishedJob
from up42_facade.processing import Cost, Job, JobTemplate
from up42_facade.results import wanted_assets
from up42_facade.session import Session, resolve_session

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pandas import DataFrame

__all__ = ["Batch", "BatchEntry"]

# Seconds between polls of all jobs, as for a single one.
TRACK_WAIT = 60
# Errors that a message names before it says how many more there are.
NAMED_FAILURES = 3


class Batch(Sequence[BatchEntry]):
    """Templates that are estimated, executed, tracked, and downloaded as one unit.

    Every step is recorded in a journal before and after it happens. If the script is killed, run
    it again with the same path: no job runs twice and none is lost.

    Two templates are equal if they have the same process, workspace, and inputs, including the
    title and the URLs of the items. A journal recognizes its entries by these: a template with a
    new title, or of another item, is a new entry that costs credits.

    Args:
        templates: Templates of one session. Equal ones run once.
        path: Path of the journal file. If it exists, its entries continue where they stopped. A
            batch of another session that has it open in this program is closed. If None, the
            journal is kept in memory.
        allow_duplicates: Let equal templates run as often as they are given.
        add_new: Add templates that an existing journal doesn't contain. By default they are
            refused, since a restart would spend credits on them.
        allow_own_results: Also add those whose items are results of this batch.
        session: Only needed if `templates` is empty. Defaults to the one set by `authenticate()`.

    Raises:
        InvalidInputError: If something isn't a template, or the templates have several sessions.
        NewTemplatesError: If an existing journal doesn't contain some of the templates. The
            message tells how many, and what they would cost.
        JournalLockedError: If another program runs the batch.
        JournalError: If the file isn't a journal, is damaged, is the rest of one, or belongs to
            another account.

    Example:
        >>> with up42.Batch(templates, path=journal) as batch:
        ...     table = batch.estimate()
        ...     batch.execute(max_credits=500).track(wait=0.2)
        ...     files = batch.download(folder)
    """

    _journal: Journal
    _entries: Sequence[BatchEntry]

    def __init__(
        self,
        templates: Iterable[JobTemplate],
        path: str | os.PathLike[str] | None = None,
        *,
        allow_duplicates: bool = False,
        add_new: bool = False,
        allow_own_results: bool = False,
        session: Session | None = None,
    ) -> None:
        given = entering.checked_templates(templates, session)
        # Before the journal is created: what can't be entered leaves no file behind.
        entries = [entering.new_entry(template) for template in given]
        shared = given[0]._session if given else resolve_session(session)
        journal = open_journal(path, shared)
        with journal.entering:
            entering.enter(
                journal,
                entries,
                allow_duplicates=allow_duplicates,
                add_new=add_new,
                allow_own_results=allow_own_results,
            )
        self._journal = journal
        self._entries = journal.entries

    @classmethod
    def resume(
        cls,
        path: str | os.PathLike[str],
        *,
        session: Session | None = None,
        read_only: bool = False,
    ) -> Batch:
        """Resume a batch from its journal, without templates.

        Args:
            path: Path of the journal file.
            session: Session to use. Defaults to the one set by `authenticate()`.
            read_only: Only show the batch; possible while another program runs it.

        Raises:
            JournalError: If the journal doesn't exist, is in use, or belongs to another account.

        Example:
            >>> batch = up42.Batch.resume(journal, read_only=True)
            >>> counts = batch.counts
        """
        session = resolve_session(session)
        if read_only or not checked(path).exists():
            return cls._of(read_journal(path, session))
        return cls._of(open_journal(path, session))

    @classmethod
    def _of(cls, journal: Journal, entries: Sequence[BatchEntry] | None = None) -> Self:
        batch = cls.__new__(cls)
        batch._journal = journal
        batch._entries = journal.entries if entries is None else entries
        return batch

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, index: int) -> BatchEntry: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> BatchEntry | Self:
        if isinstance(index, slice):
            return self._of(self._journal, self._entries[index])
        return self._entries[index]

    def __iter__(self) -> Iterator[BatchEntry]:
        return iter(self._entries)

    def __add__(self, other: Self) -> Self:
        """Return the entries of both, each once; they must come from one journal."""
        if not isinstance(other, Batch):
            return NotImplemented
        if other._journal is not self._journal:
            raise InvalidInputError(
                "Only parts of one batch can be added: these two have different journals."
            )
        both = {entry.index: entry for entry in (*self._entries, *other._entries)}
        return self._of(self._journal, [both[index] for index in sorted(both)])

    def __repr__(self) -> str:
        where = f", path={self.path!r}" if self.path else ""
        return f"Batch({len(self)} entries: {tables.summary(self._entries)}{where})"

    def _repr_html_(self) -> str:
        return tables.to_html(self._entries)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the journal, so that other programs can open it. Jobs continue on the server."""
        self._journal.close()

    @property
    def path(self) -> str | None:
        """Absolute path of the journal; None if it is in memory."""
        return self._journal.path

    @property
    def session(self) -> Session:
        """The session that all entries belong to."""
        return self._journal.session

    @property
    def jobs(self) -> list[Job]:
        """The jobs, as of their last poll."""
        return [entry.job for entry in self._entries if entry.job is not None]

    @property
    def cost(self) -> Cost:
        """The sum of the estimates, which compares like any cost; 0 credits before `estimate`."""
        return entering.total(self._entries)

    @property
    def credits(self) -> int:
        """Credits that the jobs have cost or hold, without those that were returned."""
        return tables.charged(self._entries)

    @property
    def counts(self) -> dict[str, int]:
        """The number of entries with each status, the most frequent first."""
        return tables.counts_of(self._entries)

    def filter(
        self,
        status: str | Iterable[str] | None = None,
        process_id: str | Iterable[str] | None = None,
        predicate: Callable[[BatchEntry], bool] | None = None,
    ) -> Self:
        """Return the entries that match, as a batch with the same journal.

        Args:
            status: One or several values of `BatchEntry.status`.
            process_id: IDs of one or several processes.
            predicate: Called with each entry; True keeps it.

        Example:
            >>> cheap = batch.filter(predicate=lambda entry: entry.cost and entry.cost <= 10)
        """
        statuses = None if status is None else names("status", status)
        processes = None if process_id is None else names("process_id", process_id)
        chosen = [
            entry
            for entry in self._entries
            if (statuses is None or entry.status in statuses)
            and (processes is None or entry.process_id in processes)
            and (predicate is None or predicate(entry))
        ]
        return self._of(self._journal, chosen)

    def failed(self) -> Self:
        """Return the entries that have no results and won't get any without a new job.

        Their `reason` says why: validation errors, a rejection, or a job that failed.
        """
        return self._of(self._journal, [entry for entry in self._entries if entry.has_failed])

    def to_dataframe(self) -> DataFrame:
        """Return a row for each entry: template, estimate, and job.

        Returns:
            Index `index`; columns process_id, title, status, estimated_credits and credits
            (Int64), job_id, created, started and finished (UTC), duration (timedelta), reason;
            strings are `<NA>` if missing.
        """
        return tables.batch_frame(self._entries)

    def report(self) -> str:
        """Report what ran, its cost compared with the estimate, and what failed and why.

        Returns:
            Markdown, without a request.

        Example:
            >>> print(batch.report())
            # Report of …
        """
        return tables.report(self._entries, Path(self.path).name if self.path else "a batch")

    def estimate(self, *, progress: bool = True) -> GeoDataFrame:
        """Validate all entries without a job and estimate their cost, concurrently.

        An estimate is valid for an hour; until then, only entries without one are estimated.

        Args:
            progress: Show a progress bar.

        Returns:
            A row for each entry with the columns process_id, title, credits, strategy, size,
            unit, is_valid, and errors, and as geometry the footprints of its items in EPSG:4326,
            unless these are URLs. The total is `cost`.

        Raises:
            PartialBatchError: If some entries can't be estimated; the others are.
            AuthenticationError: If the credentials are rejected.

        Example:
            >>> table = batch.estimate()
            >>> batch.cost <= 500
            True

        Endpoints: POST /v2/processing/processes/{processId}/validation and …/cost for each.
        """
        with self._resumable("estimate()"):
            wanted = [entry for entry in self._entries if entering.needs_estimate(entry)]
            failures = entering.estimate(self._journal, wanted, progress)
            self._require_complete(failures, "can't be estimated", "estimate()")
            return tables.estimate_frame(self._entries)

    def execute(
        self,
        max_credits: float | Decimal | None = None,
        max_concurrent: int | None = None,
        *,
        cheapest_first: bool = False,
        budget_id: str | None = None,
        wait: float = TRACK_WAIT,
        progress: bool = True,
    ) -> Self:
        """Execute all entries that have no job yet; those that aren't valid are skipped.

        Each request is recorded in the journal before it is sent, and its job after it. If a
        response was lost, or the program was killed in between, the job is searched for first.
        The entry becomes `uncertain` if several jobs fit, if another request could have created
        the only one, or if new jobs have other inputs, which the server might have changed. The
        same holds if the account has a job with the inputs of a pending entry that appeared
        since the first execution and that the journal didn't record. An uncertain entry isn't
        executed before you decide, with `assign` or `retry(include_uncertain=True)`.

        Args:
            max_credits: Limit for the batch as a whole, including what was executed before.
            max_concurrent: Number of jobs of the batch that may be unfinished at once; the call
                waits for some to end before it executes more. If None, there is no limit.
            cheapest_first: If the cost of all exceeds `max_credits`, execute the cheapest that
                fit.
            budget_id: UUID of the budget to charge. Not a limit: that is `max_credits`.
            wait: Seconds between polls while it waits.
            progress: Show a progress bar.

        Returns:
            This batch.

        Raises:
            CostLimitError: If the cost of all exceeds `max_credits`: of the jobs as the server
                reports it, of the rest as estimated. Nothing more was executed.
            PartialBatchError: If some entries have no job although they are valid. Call it again.
            InsufficientCreditsError: If the balance doesn't cover an entry. Jobs that were
                executed before are in the journal.
            AuthenticationError: If the credentials are rejected.
            JournalError: If the journal can't be written, or is executed elsewhere.
            InvalidInputError: If `max_credits` isn't a number or is negative, `budget_id` isn't
                the string of a UUID, or another argument makes no sense. Nothing was sent.

        Example:
            >>> batch = up42.Batch(templates).execute(max_credits=500)

        Endpoint: POST /v2/processing/processes/{processId}/execution.
        """
        execution = BatchExecution(
            self._journal,
            self._entries,
            max_credits,
            max_concurrent,
            cheapest_first,
            budget_id,
            wait,
            progress,
        )
        return self._execute(execution, "execute()")

    def retry(
        self,
        max_credits: float | Decimal | None = None,
        max_concurrent: int | None = None,
        *,
        cheapest_first: bool = False,
        include_uncertain: bool = False,
        budget_id: str | None = None,
        wait: float = TRACK_WAIT,
        progress: bool = True,
    ) -> Self:
        """Execute the failed entries again, if they are valid now.

        Each is validated and estimated again first: an entry that is still invalid stays as it
        is. Uncertain entries are searched for, and executed if no job of theirs has appeared.

        Args:
            max_credits, max_concurrent, cheapest_first, budget_id, wait, progress: As for
                `execute`.
            include_uncertain: Also execute the entries that stay uncertain, although they might
                have a job already. Choose them, for example with `filter(status="uncertain")`.

        Raises:
            Up42Error: As for `execute`.

        Example:
            >>> batch = batch.retry(max_credits=500)
        """
        execution = BatchExecution(
            self._journal,
            self._entries,
            max_credits,
            max_concurrent,
            cheapest_first,
            budget_id,
            wait,
            progress,
        )
        return self._execute(
            execution, "retry()", is_retry=True, include_uncertain=include_uncertain
        )

    def _execute(self, execution: BatchExecution, call: str, **options: bool) -> Self:
        with self._resumable(call):
            failures = execution.run(**options)
            self._require_complete(failures, "have no job yet", call)
        return self

    def track(
        self,
        wait: float = TRACK_WAIT,
        timeout: float | None = None,
        on_update: Callable[[BatchEntry], object] | None = None,
        *,
        progress: bool = True,
    ) -> Self:
        """Poll all jobs until they end, with one request per hundred jobs and poll.

        Server and network outages are tolerated.

        Args:
            wait: Seconds between polls.
            timeout: Seconds after which the call gives up, even during a request. If None, there
                is no limit.
            on_update: Called with the entry whenever the status of its job has changed.
            progress: Show counts by status, credits, elapsed time, and a countdown to the next
                poll, in terminals and notebooks. UP42_PROGRESS=0 turns it off.

        Returns:
            This batch. All jobs have ended, but might not have succeeded: see `failed`.

        Raises:
            UnfinishedJob: If the time is up; its `batch` has the unfinished entries.
            InvalidInputError: If `wait` or `timeout` isn't positive.

        Example:
            >>> batch = batch.track(wait=0.2, timeout=600)

        Endpoint: GET /v2/processing/jobs.
        """
        tracker = Tracker(self._journal, self._entries, wait)
        if timeout is not None:
            check_seconds(timeout=timeout)
        with self._resumable("track()"), StatusLine("batch", progress=progress) as shown:
            if tracker.track(timeout, on_update, shown):
                return self
        uncertain = [entry for entry in self._entries if entry.status == UNCERTAIN]
        left = sorted([*tracker.open(), *uncertain], key=lambda entry: entry.index)
        raise UnfinishedJob(
            f"{len(left)} of {len(self.jobs) + len(uncertain)} jobs haven't ended within {timeout} "
            "s. They continue on the server: call track() again to keep waiting.",
            batch=self._of(self._journal, left),
        ) from tracker.failure

    def download(
        self,
        output_directory: str | Path,
        executor: Executor | None = None,
        *,
        folders: str = FOLDERS,
        assets: str | Sequence[str] | None = None,
        unpacking: bool = True,
        overwrite: bool = False,
        items: bool = False,
        progress: bool = True,
        storage_options: Mapping[str, Any] | None = None,
    ) -> dict[str, list[str]]:
        """Download the results of all jobs that have succeeded, several at a time.

        Args:
            output_directory: A folder, or a URL in cloud storage (extra `cloud`). Each job gets
                a folder in it.
            executor: Runs the downloads, one job each. Defaults to threads. Python processes and
                other machines, for example through dask's `Client.get_executor()`, authenticate
                from their own environment.
            folders: Pattern for the names of these folders, such as `"{title}_{item_id}"`. Its
                fields are `{title}`, `{item_id}`, `{job_id}`, and `{process_id}`; a missing title
                or item is replaced by the job's ID. Characters that aren't safe in a file name
                are replaced. If names are equal, all but the earliest job's get the job's ID.
            assets, unpacking, overwrite, items, storage_options: As for `Job.download_results`.
            progress: Show a progress bar.

        Returns:
            The paths by ID of the job, in the order of the entries. Files of an earlier call
            aren't downloaded again.

        Raises:
            PartialBatchError: If some results can't be downloaded; the others are. Call it again.
            InvalidInputError: If `output_directory`, `executor`, or `folders` can't be used.
                Nothing was downloaded.

        Example:
            >>> paths = batch.download(folder, folders="{title}_{item_id}", assets="data")

        Endpoints: As for `Job.download_results`.
        """
        options = {
            "assets": wanted_assets(assets),
            "unpacking": unpacking,
            "overwrite": overwrite,
            "items": items,
            "storage_options": storage_options,
        }
        download = BatchDownload(
            self._journal, output_directory, executor, folders, progress, options
        )
        with self._resumable("download()"):
            download.run(self._entries)
            self._require_complete(download.failures, "can't be downloaded", "download()")
        return {job.id: download.paths[job.id] for job in self.jobs if job.id in download.paths}

    def replace(self, index: int, template: JobTemplate) -> None:
        """Replace the template of an entry that has no job or whose job failed.

        Args:
            index: `BatchEntry.index`.
            template: The corrected template; `execute` or `retry` runs it.

        Raises:
            InvalidInputError: If there is no such entry, its job runs or has succeeded, or the
                batch already has an equal template.
        """
        with self._journal.exclusively():
            entry = self._entry(index)
            if not (entry.has_failed or entry.status == PENDING):
                raise InvalidInputError(
                    f"Entry {index} is {entry.status!r}: only an entry that has no job, or whose "
                    "job failed, can be replaced."
                )
            [checked] = entering.checked_templates([template], self.session)
            other = entering.new_entry(checked)
            if self._journal.find(other.fingerprint, entry.duplicate) not in (None, entry):
                raise InvalidInputError(
                    f"The batch already has a template that equals {template!r}."
                )
            self._journal.replace(entry, other)

    def assign(self, index: int, job: Job | str) -> None:
        """Choose the job of an uncertain entry.

        Args:
            index: `BatchEntry.index`.
            job: The job or its ID.

        Raises:
            InvalidInputError: If the entry isn't uncertain, or the job belongs to another one, in
                this batch or another one that this program has opened.
            NotFoundError: If there is no such job.
        """
        with self._journal.exclusively():
            entry = self._entry(index)
            if entry.status != UNCERTAIN:
                raise InvalidInputError(f"Entry {index} is {entry.status!r}, not {UNCERTAIN!r}.")
            found = job if isinstance(job, Job) else Job.get(job, session=self.session)
            if self._journal.is_taken(found) or found.process_id != entry.process_id:
                raise InvalidInputError(
                    f"Job {found.id} of process {found.process_id!r} can't be that of entry "
                    f"{index}: expected a job of {entry.process_id!r} that no other entry has, "
                    "in this batch or another one."
                )
            self._journal.mark_executed(entry.attempts[-1], found)

    def _entry(self, index: int) -> BatchEntry:
        for entry in self._entries:
            if entry.index == index and not isinstance(index, bool):
                return entry
        raise InvalidInputError(f"The batch has no entry {index!r}.")

    def _require_complete(self, failures: Failures, what: str, call: str) -> None:
        if not failures:
            return
        first = [
            # Some errors, such as that of a canceled task, have no message.
            f"{index}: {str(error).rstrip('.') or type(error).__name__}"
            for index, error in islice(sorted(failures.items()), NAMED_FAILURES)
        ]
        more = len(failures) - len(first)
        listed = "; ".join([*first, *([f"and {more} more"] if more else [])])
        raise PartialBatchError(
            f"{len(failures)} of {len(self)} entries {what} ({listed}). Call {call} again: "
            "completed work isn't repeated.",
            failures,
        ) from next(iter(failures.values()))

    @contextmanager
    def _resumable(self, call: str) -> Iterator[None]:
        """Add to Ctrl-C how to continue."""
        try:
            yield
        except KeyboardInterrupt as interruption:
            if self.path is None:
                how = f"Keep the batch, whose journal is in memory, and call {call} again on it."
            else:
                part = "the same part of " if len(self) < len(self._journal.entries) else ""
                how = (
                    f"The journal {self.path} is complete: start the script again, or call {call} "
                    f"with the same arguments on {part}Batch.resume({self.path!r})."
                )
            interruption.add_note(f"Nothing was canceled on the server. {how}")
            raise


def names(argument: str, value: Any) -> set[str]:
    if isinstance(value, str):
        return {value}
    if not isinstance(value, Iterable):
        raise InvalidInputError(f"{argument}={value!r}: expected one or several strings.")
    return set(value)
