"""Execute the templates of a batch: within a budget, each once, whatever happens in between."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from decimal import Decimal

from attrs import field, frozen

from up42_facade._common.logs import get_logger
from up42_facade._common.progress import bar
from up42_facade._common.tracking import TRANSIENT_ERRORS
from up42_facade._common.values import check_count, check_seconds
from up42_facade.batch._entries import (
    FATAL,
    PENDING,
    UNCERTAIN,
    Attempt,
    BatchEntry,
    Failures,
    run_concurrently,
)
from up42_facade.batch._journal import Journal
from up42_facade.batch._templates import estimate, is_estimated, total
from up42_facade.batch._tracking import Tracker, find_late, look_up, search
from up42_facade.errors import (
    CostLimitError,
    ExecutionUncertainError,
    JournalError,
    RateLimitError,
    Up42Error,
)
from up42_facade.processing import (
    OPEN,
    Cost,
    Execution,
    Intent,
    Job,
    Scope,
    State,
    check_budget,
    check_limit,
)

logger = get_logger(__name__)


@frozen
class BatchExecution:
    """One call of `Batch.execute` or `Batch.retry`, with its limits."""

    journal: Journal
    entries: Sequence[BatchEntry]
    max_credits: float | Decimal | None
    max_concurrent: int | None
    cheapest_first: bool
    budget_id: str | None
    wait: float
    progress: bool
    # Entries whose candidates were rejected by the user.
    _declined: set[int] = field(factory=set, init=False)

    def __attrs_post_init__(self) -> None:
        check_limit(self.max_credits)
        check_budget(self.budget_id)
        if self.max_concurrent is not None:
            check_count("max_concurrent", self.max_concurrent)
        check_seconds(wait=self.wait)

    def run(self, *, is_retry: bool = False, include_uncertain: bool = False) -> Failures:
        """Execute the entries, each unless its job runs or has succeeded.

        Args:
            is_retry: Execute the failed entries, not the pending ones, and estimate them again.
            include_uncertain: Also execute what stays uncertain after a search.

        Returns:
            The errors of entries that have no job, by index.
        """
        with self.journal.exclusively():
            wanted = [
                entry
                for entry in self.entries
                # In a retry, too: the response to an earlier attempt might be lost.
                if entry.status == UNCERTAIN
                or (entry.has_failed if is_retry else entry.status == PENDING)
            ]
            if wanted:
                self.journal.require_writable()
            failures = look_up(self.journal, wanted, progress=self.progress)
            if include_uncertain:
                self._give_up(wanted, failures)
            failures |= self._find_unrecorded(wanted)
            # What is still uncertain might run, whether or not its search has told why.
            wanted = [entry for entry in wanted if entry.status == PENDING or entry.has_failed]
            unknown = [entry for entry in wanted if is_retry or not is_estimated(entry)]
            failures |= estimate(self.journal, unknown, self.progress)
            valid = valid_of(wanted, failures)
            tracker = Tracker(self.journal, self.entries, self.wait)
            if valid and self.max_credits is not None:
                # What earlier jobs cost by now counts, not what was estimated.
                tracker.poll()
            failures |= self._execute(self._affordable(valid), tracker)
            # Those that were in flight when the others were given up might have succeeded.
            missing = {e.index for e in self.entries if e.job is None or e.has_failed}
            return {index: e for index, e in failures.items() if index in missing}

    def _give_up(self, wanted: Sequence[BatchEntry], failures: Failures) -> None:
        """Allow uncertain entries to be executed again, unless their search failed."""
        for entry in wanted:
            known = isinstance(failures.get(entry.index), ExecutionUncertainError)
            if entry.status == UNCERTAIN and known:
                self.journal.mark(entry.attempts[-1], State.NOT_FOUND, "Given up by the user.")
                self._declined.add(entry.index)
                del failures[entry.index]

    def _find_unrecorded(self, wanted: Sequence[BatchEntry]) -> Failures:
        """Mark entries without a job for which another copy of the journal has executed one.

        The account's jobs show it: one has the same inputs, and none of our requests created it.
        """
        failures: Failures = {}
        unrecorded: dict[Scope, list[Job]] = {}
        chosen = set(wanted)
        for entry in self.journal.entries:
            if not (entry.has_failed or (entry.status == PENDING and not entry.attempts)):
                continue
            scope = entry._scope
            try:
                # Of all processes, wanted now or not: what a copy executes later is new then.
                if scope not in unrecorded:
                    unrecorded[scope] = unrecorded_jobs(self.journal, scope)
                if entry in chosen:
                    require_unexecuted(self.journal, entry, unrecorded[scope])
            except FATAL:
                raise
            except Up42Error as error:
                failures[entry.index] = error
        return failures

    def _affordable(self, wanted: list[BatchEntry]) -> list[BatchEntry]:
        """Return what fits the limit: all, or if that was requested, the cheapest."""
        limit = self.max_credits
        if limit is None or not wanted:
            return wanted
        spent = sum(entry._spent for entry in self.entries)
        cost = total(wanted)
        all_in_all = Cost(cost.strategy, cost.credits + spent, cost.size, cost.unit)
        if all_in_all <= limit:
            return wanted
        if not self.cheapest_first:
            raise CostLimitError(all_in_all, limit, spent)
        chosen = []
        for entry in sorted(wanted, key=credits_of):
            spent += credits_of(entry)
            if spent > limit:
                break
            chosen.append(entry)
        return chosen

    def _execute(self, wanted: list[BatchEntry], tracker: Tracker) -> Failures:
        failures: Failures = {}
        queue = deque(wanted)
        with bar(progress=self.progress, total=len(wanted), unit="job", desc="execute") as shown:
            while queue:
                part = [queue.popleft() for _ in range(min(self._free(tracker), len(queue)))]
                result = run_concurrently(part, self._execute_one, shown=shown)
                failures |= result.failures
                if result.is_stopped:
                    last = next(reversed(failures.values()))
                    return failures | {entry.index: last for entry in queue}
                if queue and not tracker.running() and not self._free(tracker):
                    return failures | {entry.index: self._no_slot() for entry in queue}
                if queue:
                    tracker.wait_and_poll()
                    queue = deque(self._still_affordable(queue, failures))
        return failures

    def _still_affordable(
        self, waiting: Iterable[BatchEntry], failures: Failures
    ) -> list[BatchEntry]:
        """Return what still fits the limit, estimated again if it has waited too long."""
        left = list(waiting)
        old = [entry for entry in left if not is_estimated(entry)]
        failures |= estimate(self.journal, old, progress=False)
        return self._affordable(valid_of(left, failures))

    def _free(self, tracker: Tracker) -> int:
        if self.max_concurrent is None:
            return len(self.entries)
        uncertain = sum(entry.status == UNCERTAIN for entry in self.entries)
        return max(0, self.max_concurrent - tracker.running() - uncertain)

    def _no_slot(self) -> Up42Error:
        return Up42Error(
            f"All max_concurrent={self.max_concurrent} slots are taken by entries whose "
            "responses were lost. execute() looks up their jobs."
        )

    def _execute_one(self, entry: BatchEntry, stop: threading.Event) -> None:
        """Execute one template; retry while it is certain that the server didn't accept it."""
        options = self.journal.session.options
        pause = options.backoff
        for retry in range(options.retries + 1):
            if stop.is_set():
                return
            try:
                self._send(entry, stop)
                return
            except ExecutionUncertainError:
                raise
            except TRANSIENT_ERRORS as error:
                if retry == options.retries:
                    raise
                requested = error.retry_after if isinstance(error, RateLimitError) else None
                stop.wait(min(requested or pause, options.longest_wait))
                pause *= 2

    def _send(self, entry: BatchEntry, stop: threading.Event) -> None:
        """Execute a template once, with a record before and after.

        A rejection of its inputs is recorded; any other failure is raised.
        """
        journal = self.journal
        if entry.index not in self._declined and find_late(journal, entry):
            return
        attempt = journal.new_attempt(entry)
        execution = search(journal, entry, attempt, stop, self.budget_id)
        try:
            job = execution.run(lambda: journal.begin(entry, attempt))
            journal.mark_executed(attempt, job)
        except BaseException as error:
            if attempt not in entry.attempts:
                raise
            conclude(journal, entry, attempt, error)


def conclude(journal: Journal, entry: BatchEntry, attempt: Attempt, error: BaseException) -> None:
    """Record what an error means for a request, and raise it unless it rejects these inputs."""
    if isinstance(error, JournalError):
        # The record before the request is on disk: the job is found with it.
        raise error
    if attempt.state is not State.REFUSED:
        journal.mark(attempt, State.UNCERTAIN, str(error) or repr(error))
        raise error
    if isinstance(error, (*FATAL, *TRANSIENT_ERRORS)):
        journal.discard_attempt(entry, attempt, str(error))
        raise error
    journal.mark(attempt, State.REFUSED, str(error))
    logger.warning("Entry %d of the batch was refused: %s", entry.index, error)


def unrecorded_jobs(journal: Journal, scope: Scope) -> list[Job]:
    """List the jobs of a process that appeared since this journal was first executed."""
    process_id, workspace_id = scope
    attempts = [attempt for attempt in journal.attempts() if attempt.scope == scope]
    recorded = journal.known_jobs(scope)
    known = recorded | {job.id for job in journal.jobs()}
    intent = Intent(
        process_id=process_id, workspace_id=workspace_id, inputs={}, known=frozenset(known)
    )
    execution = Execution(journal.session, intent, ledger=journal.ledger)
    if not attempts and not recorded:
        execution.list_jobs()
        journal.save_known_jobs(scope)
        return []
    listed = execution.list_back_to_known()
    uncertain = [attempt.inputs for attempt in attempts if attempt.state in OPEN]
    return [job for job in listed if job.id not in known and job.inputs not in uncertain]


def require_unexecuted(journal: Journal, entry: BatchEntry, unrecorded: Sequence[Job]) -> None:
    """Mark an entry as uncertain, and raise, if a job that nobody recorded has its inputs."""
    found = [job for job in unrecorded if job.inputs == entry._inputs]
    if not found:
        return
    ids = ", ".join(job.id for job in found)
    attempt = journal.new_attempt(entry)
    execution = search(journal, entry, attempt)
    reason = (
        f"Job {ids} has the inputs of this entry, but the journal didn't record its request: "
        f"another copy of the journal or another program has executed it. {execution.advice}"
    )
    journal.add_unrecorded(entry, attempt, reason)
    raise execution.uncertain(reason, found)


def valid_of(entries: Iterable[BatchEntry], failures: Failures) -> list[BatchEntry]:
    return [e for e in entries if e.cost is not None and e.index not in failures]


def credits_of(entry: BatchEntry) -> int:
    return entry.cost.credits if entry.cost else 0
