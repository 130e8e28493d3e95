"""Many templates and their jobs as one thing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from up42_facade.batch import _pricing as pricing
from up42_facade.batch._display import Display
from up42_facade.batch._downloads import Fetching, checked_executor, checked_target
from up42_facade.batch._entry import BatchEntry
from up42_facade.batch._execution import BatchExecution, ExecutionOptions
from up42_facade.batch._lookup import exclusively, explained
from up42_facade.batch._members import checked_templates, common_session, enter, record_of
from up42_facade.batch._opening import checked, open_journal, read_journal
from up42_facade.batch._records import PENDING, UNCERTAIN, Record
from up42_facade.batch._tracking import Following, Tracker, check_times
from up42_facade.batch._view import BatchView
from up42_facade.errors import (
    InvalidInputError,
    PartialBatchError,
    UnfinishedJob,
)
from up42_facade.processing import Job
from up42_facade.results._item_files import wanted_assets
from up42_facade.session import Session, resolve_session

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from up42_facade.processing._templates import JobTemplate

# Seconds between two looks at all jobs, as for a single one.
TRACK_WAIT = 60
# Errors that a message names before it says how many more there are.
NAMED_FAILURES = 3


class Batch(BatchView):
    """Templates that are priced, executed, followed and collected together.

    Everything is recorded in a journal before and after it happens. Kill the script anywhere and
    start it again with the same path: no template runs twice, and no job is forgotten.

    Two templates are the same if they have the same process, workspace, and inputs, the title
    and the URLs of the items included. A journal recognizes its entries by these: a template
    with a new title, or of another item, is a new entry that costs credits.

    Args:
        templates: Templates of one session. Equal ones run once.
        path: File of the journal. If it exists, its entries continue where they were. If None,
            the journal is kept in memory.
        allow_duplicates: Let equal templates run as often as they are given.
        add_new: Add templates that an existing journal doesn't contain. By default they are
            refused, since a restart would spend credits on them.
        allow_own_results: Add also those whose items are results of this batch.
        session: Only needed if `templates` is empty. Defaults to the one set by `authenticate()`.

    Raises:
        InvalidInputError: If something isn't a template, or the templates have several sessions.
        NewTemplatesError: If an existing journal doesn't contain some of the templates. The
            message tells how many, and what they would cost.
        JournalLockedError: If another program runs the batch.
        JournalError: If the journal belongs to another account.
        JournalError: If the file isn't a journal, is damaged, or is the rest of one.

    Example:
        >>> with up42.Batch(templates, path=journal) as batch:
        ...     table = batch.estimate()
        ...     batch.execute(max_credits=500).track(wait=0.2)
        ...     files = batch.download(folder)
    """

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
        given = checked_templates(templates)
        shared = common_session(given, session)
        # Before the journal is made: what can't be entered leaves no file behind.
        made = [record_of(template) for template in given]
        journal = open_journal(path, shared)
        enter(
            journal,
            made,
            allow_duplicates=allow_duplicates,
            add_new=add_new,
            allow_own_results=allow_own_results,
        )
        self._journal = journal
        self._records: Sequence[Record] = journal.records

    @classmethod
    def resume(
        cls,
        path: str | os.PathLike[str],
        *,
        session: Session | None = None,
        read_only: bool = False,
    ) -> Batch:
        """Take a batch up from its journal alone.

        Args:
            path: File of the journal.
            session: Default: that of `authenticate()`.
            read_only: Only look; possible while another process runs the batch.

        Raises:
            JournalError: There is no journal, it is in use, or belongs to another account.

        Example:
            >>> batch = up42.Batch.resume(journal, read_only=True)
            >>> counts = batch.counts
        """
        session = resolve_session(session)
        if read_only or not checked(path).exists():
            return cls._of(read_journal(path, session))
        return cls._of(open_journal(path, session))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the journal and let other processes have it. The server isn't told anything."""
        self._journal.close()

    def estimate(self, *, progress: bool = True) -> GeoDataFrame:
        """Validate and price all entries that have no job, side by side; nothing is executed.

        A price counts for an hour: until then only what has none is asked for again.

        Args:
            progress: Show a bar.

        Returns:
            A row for each entry with the columns process_id, title, credits, strategy, size,
            unit, is_valid, errors and the footprints of its items as geometry, in EPSG:4326.
            The total is `cost`.

        Raises:
            PartialBatchError: Some could not be priced; the others are.
            AuthenticationError: The credentials were refused.

        Example:
            >>> table = batch.estimate()
            >>> batch.cost <= 500
            True

        Endpoints: POST /v2/processing/processes/{processId}/validation and …/cost for each.
        """
        with self._resumable("estimate()"):
            wanted = [record for record in self._records if pricing.is_wanted(record)]
            failures = pricing.price(self._journal, wanted, progress)
            self._require_complete(failures, "could not be priced", "estimate()")
            pricing.locate(self._journal, self._records)
            return pricing.table(self._records)

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
        response was lost, or the program was killed meanwhile, the job is searched for first.
        The entry becomes `uncertain` if several jobs fit, if another request could have created
        the only one, or if new jobs have other inputs, which the server may have changed. The
        same holds if the account has a job with the inputs of a pending entry that appeared
        since the first execution and that the journal didn't record. An uncertain entry isn't
        executed before you decide, with `assign` or `retry(include_uncertain=True)`.

        Args:
            max_credits: What the batch may cost in all, what was executed before included.
            max_concurrent: Most jobs of the batch that may be unfinished at once; this waits
                for some to end before it executes more. None: no limit.
            cheapest_first: Where all cost more than `max_credits`, execute the cheapest that fit.
            budget_id: UUID of the budget to charge. Not a limit: that is `max_credits`.
            wait: Seconds between two looks while it waits.
            progress: Show a bar.

        Returns:
            This batch.

        Raises:
            CostLimitError: All cost more than `max_credits`. Nothing was executed.
            PartialBatchError: Some have no job although they are valid. Call it again.
            InsufficientCreditsError, AuthenticationError, JournalError: It ended early; what
                was executed by then is in the journal.
            InvalidInputError: If `max_credits` isn't a number or is negative, `budget_id` isn't
                the string of a UUID, or another argument makes no sense. Nothing was sent.

        Example:
            >>> batch = up42.Batch(templates).execute(max_credits=500)

        Endpoint: POST /v2/processing/processes/{processId}/execution.
        """
        options = ExecutionOptions(
            max_credits, max_concurrent, cheapest_first, budget_id, wait, progress
        )
        return self._execute(options, lambda record: record.is_executable, "execute()")

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
            include_uncertain: Execute also the entries that stay uncertain, although they might
                have a job already. Choose them, for example with `filter(status="uncertain")`.

        Raises:
            As for `execute`.

        Example:
            >>> batch = batch.retry(max_credits=500)
        """
        options = ExecutionOptions(
            max_credits, max_concurrent, cheapest_first, budget_id, wait, progress
        )

        def is_wanted(record: Record) -> bool:
            # An uncertain one, too: the response to an earlier try may be lost.
            return record.has_failed or record.status == UNCERTAIN

        return self._execute(
            options, is_wanted, "retry()", fresh=True, include_uncertain=include_uncertain
        )

    def _execute(
        self,
        options: ExecutionOptions,
        is_wanted: Callable[[Record], bool],
        call: str,
        *,
        fresh: bool = False,
        include_uncertain: bool = False,
    ) -> Self:
        options.check()
        check_times(options.wait, None)
        with self._resumable(call):
            execution = BatchExecution(self._journal, self._records, options)
            failures = execution.run(is_wanted, fresh=fresh, include_uncertain=include_uncertain)
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
        """Look at all jobs until they have ended, with one request per hundred of them and look.

        Outages in between are sat out.

        Args:
            wait: Seconds between two looks.
            timeout: Seconds after which this gives up, whatever is under way; None: never.
            on_update: Called with the entry whenever the status of its job has changed.
            progress: Show counts by status, credits and the time left.

        Returns:
            This batch. All jobs have ended, but need not have succeeded: see `failed`.

        Raises:
            UnfinishedJob: The time is up; its `batch` holds the entries that still run.
            InvalidInputError: `wait` or `timeout` is not positive.

        Example:
            >>> batch = batch.track(wait=0.2, timeout=600)

        Endpoint: GET /v2/processing/jobs.
        """
        check_times(wait, timeout)
        with self._resumable("track()"), Display(self._records, progress) as display:
            tracker = Tracker(self._journal, self._records)

            def report(record: Record) -> None:
                if on_update is not None:
                    on_update(BatchEntry(record, self._journal))

            following = Following(
                tracker, self._journal, self._records, wait, timeout, report, display.show
            )
            if following.run():
                return self
            doubtful = [record for record in self._records if record.status == UNCERTAIN]
            left = [*tracker.open(), *doubtful]
            raise UnfinishedJob(
                f"{len(left)} of {len(self.jobs) + len(doubtful)} jobs have not ended within "
                f"{timeout} s. They go on at the server: call track() again to wait longer.",
                batch=self._of(self._journal, sorted(left, key=lambda record: record.index)),
            ) from following.failure

    def download(
        self,
        output_directory: str | Path,
        executor: Executor | None = None,
        *,
        assets: str | Sequence[str] | None = None,
        unpacking: bool = True,
        overwrite: bool = False,
        progress: bool = True,
        storage_options: Mapping[str, Any] | None = None,
    ) -> dict[str, list[str]]:
        """Download the results of all jobs that have succeeded, several at a time.

        Args:
            output_directory: A folder, or the URL of one in another store (extra `cloud`). Each
                job gets the folder `job_<id>` in it.
            executor: Runs the downloads, one job each; default: threads. Processes and other
                machines, for instance through dask's `Client.get_executor()`, authenticate
                from their own environment.
            assets, unpacking, overwrite, storage_options: As for `Job.download_results`.
            progress: Show a bar.

        Returns:
            The paths by id of the job, in the order of the entries. What an earlier call has
            fetched is not fetched again.

        Raises:
            PartialBatchError: Some could not be fetched; the others are. Call it again.
            InvalidInputError: `output_directory` or `executor` is not usable.

        Example:
            >>> paths = batch.download(folder, assets="data")

        Endpoints: As for `Job.download_results`.
        """
        options = {
            "assets": wanted_assets(assets),
            "unpacking": unpacking,
            "overwrite": overwrite,
            "storage_options": storage_options,
        }
        target, executor = checked_target(output_directory), checked_executor(executor)
        succeeded = [r for r in self._records if r.job is not None and r.job.is_succeeded]
        with self._resumable("download()"):
            fetched = Fetching(self._journal, target, options, progress).run(succeeded, executor)
            self._require_complete(fetched.failures, "could not be fetched", "download()")
        return {job.id: fetched.paths[job.id] for job in self.jobs if job.id in fetched.paths}

    def replace(self, index: int, template: JobTemplate) -> None:
        """Put another template in the place of one that has no job, or whose job has failed.

        Args:
            index: `BatchEntry.index`.
            template: The corrected template; `execute` or `retry` runs it.

        Raises:
            InvalidInputError: There is no such entry, its job runs or has succeeded, or the
                batch holds an equal template already.
        """
        with exclusively(self._journal):
            record = self._record(index)
            if not (record.has_failed or record.status == PENDING):
                raise InvalidInputError(
                    f"Entry {index} is {record.status!r}: only what has no job, or one that has "
                    "failed, can be replaced."
                )
            common_session([template], self.session)
            other = record_of(template)
            other.index, other.duplicate = record.index, record.duplicate
            if self._journal.find(other.fingerprint, other.duplicate) not in (None, record):
                raise InvalidInputError(
                    f"The batch holds a template that equals {template!r} already."
                )
            self._journal.replace(record, other)

    def assign(self, index: int, job: Job | str) -> None:
        """Tell which job is that of an uncertain entry.

        Args:
            index: `BatchEntry.index`.
            job: The job or its ID.

        Raises:
            InvalidInputError: If the entry isn't uncertain, or the job belongs to another one, in
                this batch or another one that this program has opened.
            NotFoundError: If there is no such job.
        """
        with exclusively(self._journal):
            record = self._record(index)
            if record.status != UNCERTAIN:
                raise InvalidInputError(f"Entry {index} is {record.status!r}, not {UNCERTAIN!r}.")
            found = job if isinstance(job, Job) else Job.get(job, session=self.session)
            is_taken = self._journal.is_claimed(found) or self._journal.is_elsewhere(found)
            if is_taken or found.process_id != record.process_id:
                raise InvalidInputError(
                    f"Job {found.id} of process {found.process_id!r} can't be that of entry "
                    f"{index}: expected a job of {record.process_id!r} that no other entry has, "
                    "in this batch or another one."
                )
            self._journal.mark_executed(record.attempts[-1], found)

    def _record(self, index: int) -> Record:
        for record in self._records:
            if record.index == index and not isinstance(index, bool):
                return record
        raise InvalidInputError(f"The batch has no entry {index!r}.")

    def _require_complete(self, failures: dict[int, Exception], what: str, call: str) -> None:
        if not failures:
            return
        first = [
            # Some errors, such as that of a cancelled task, say nothing.
            f"{index}: {explained(error).rstrip('.') or type(error).__name__}"
            for index, error in islice(sorted(failures.items()), NAMED_FAILURES)
        ]
        more = len(failures) - len(first)
        listed = "; ".join([*first, *([f"and {more} more"] if more else [])])
        raise PartialBatchError(
            f"{len(failures)} of {len(self)} entries {what} ({listed}). Call {call} again: "
            "nothing is done twice.",
            failures,
        ) from next(iter(failures.values()))

    @contextmanager
    def _resumable(self, call: str) -> Iterator[None]:
        """Say how to go on to whoever interrupts."""
        try:
            yield
        except KeyboardInterrupt as interruption:
            interruption.add_note(
                f"Nothing was cancelled at the server. {self._how_to_go_on(call)}"
            )
            raise

    def _how_to_go_on(self, call: str) -> str:
        if self.path is None:
            return f"Keep the batch, whose journal is in memory, and call {call} again on it."
        return (
            f"The journal {self.path} is complete: start the script again, or call {call} with "
            f"the same arguments on {'the same part of ' if self._is_part else ''}"
            f"Batch.resume({self.path!r})."
        )

    @property
    def _is_part(self) -> bool:
        return len(self._records) < len(self._journal.records)
