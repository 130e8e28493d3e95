"""Execute the templates of a batch: within a budget, each once, whatever happens in between."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from numbers import Integral

from attrs import field, frozen

from up42_facade._common.logs import get_logger
from up42_facade._common.progress import bar
from up42_facade._common.tracking import TRANSIENT_ERRORS, check_seconds
from up42_facade._common.values import is_number
from up42_facade.batch._entry import PENDING, UNCERTAIN, Attempt, BatchEntry
from up42_facade.batch._journal import Journal
from up42_facade.batch._templates import estimate, is_estimated, total
from up42_facade.batch._tracking import (
    SEARCHED,
    Tracker,
    decide,
    exclusively,
    explained,
    find_late,
    resolve,
)
from up42_facade.batch._work import FATAL, Failures, run_concurrently
from up42_facade.errors import (
    CostLimitError,
    ExecutionUncertainError,
    InvalidInputError,
    JournalError,
    RateLimitError,
    Up42Error,
)
from up42_facade.processing import Cost, Job
from up42_facade.processing._execution import Execution
from up42_facade.processing._ledger import LISTING_LIFETIME, OPEN, Intent, Scope, State
from up42_facade.processing._templates import check_budget, check_limit

logger = get_logger(__name__)

# Executions that are in flight at the same time.
WORKERS = 8


@frozen
class ExecutionOptions:
    """The limits of an execution; see `Batch.execute`."""

    max_credits: float | Decimal | None = None
    max_concurrent: int | None = None
    cheapest_first: bool = False
    budget_id: str | None = None
    wait: float = 60
    progress: bool = True

    def check(self) -> None:
        """Raise InvalidInputError for a limit that makes no sense."""
        check_limit(self.max_credits)
        check_budget(self.budget_id)
        most = self.max_concurrent
        if most is not None and not (is_number(most) and isinstance(most, Integral) and most >= 1):
            raise InvalidInputError(
                f"max_concurrent={most!r}: expected a whole number of at least 1, or None."
            )
        check_seconds(wait=self.wait)


@frozen
class BatchExecution:
    """One call of `execute` or `retry` for some entries of a journal."""

    journal: Journal
    entries: Sequence[BatchEntry]
    options: ExecutionOptions
    # Jobs of a scope that the journal doesn't know; read once, before anything is sent.
    _unrecorded: dict[Scope, list[Job]] = field(factory=dict, init=False)
    # Entries whose candidates were rejected by the user.
    _declined: set[int] = field(factory=set, init=False)

    def run(
        self,
        is_wanted: Callable[[BatchEntry], bool],
        *,
        fresh: bool = False,
        include_uncertain: bool = False,
    ) -> Failures:
        """Execute the wanted entries, each unless its job runs or has succeeded.

        Args:
            is_wanted: Chooses the entries.
            fresh: Validate and estimate again, even if an estimate is recent.
            include_uncertain: Also execute what stays uncertain after a search.

        Returns:
            The errors of entries that have no job, by index.
        """
        with exclusively(self.journal):
            wanted = [entry for entry in self.entries if is_wanted(entry)]
            if wanted:
                self.journal.require_writable()
            failures = self._resolve(wanted)
            if include_uncertain:
                failures = self._give_up(wanted, failures)
            failures |= self._find_unrecorded(wanted)
            # What is still uncertain might run, whether or not its search has told why.
            wanted = [entry for entry in wanted if entry.status == PENDING or entry.has_failed]
            unknown = [entry for entry in wanted if fresh or not is_estimated(entry)]
            failures |= estimate(self.journal, unknown, self.options.progress)
            failures |= self._execute(self._affordable(valid_of(wanted, failures)))
            # Those that were in flight when the others were given up might have succeeded.
            missing = {e.index for e in self.entries if e.job is None or e.has_failed}
            return {index: e for index, e in failures.items() if index in missing}

    def _resolve(self, wanted: Sequence[BatchEntry]) -> Failures:
        """Find out what became of requests whose response was lost."""
        uncertain = [entry for entry in wanted if entry.status == UNCERTAIN]
        if not uncertain:
            return {}

        def resolve_one(entry: BatchEntry, stop: threading.Event) -> None:
            if not stop.is_set():
                resolve(self.journal, entry, stop)

        count = len(uncertain)
        with bar(progress=self.options.progress, total=count, unit="job", desc="look up") as shown:
            return run_concurrently(uncertain, resolve_one, workers=WORKERS, shown=shown).failures

    def _give_up(self, wanted: Sequence[BatchEntry], failures: Failures) -> Failures:
        """Allow uncertain entries to be executed again, unless their search failed."""
        for entry in wanted:
            known = isinstance(failures.get(entry.index), ExecutionUncertainError)
            if entry.status == UNCERTAIN and known:
                self.journal.mark(entry.attempts[-1], State.NOT_FOUND, "Given up by the user.")
                self._declined.add(entry.index)
                del failures[entry.index]
        return failures

    def _find_unrecorded(self, wanted: Sequence[BatchEntry]) -> Failures:
        """Mark entries without a job for which another copy of the journal has executed one.

        The account's jobs show it: one has the same inputs, and none of our requests created it.
        """
        failures: Failures = {}
        chosen = set(wanted)
        for entry in self.journal.entries:
            if not (entry.has_failed or (entry.status == PENDING and not entry.attempts)):
                continue
            try:
                # Of all processes, wanted now or not: what a copy executes later is new then.
                unrecorded = self._unrecorded_in(entry)
                if entry in chosen:
                    self._require_unexecuted(entry, unrecorded)
            except FATAL:
                raise
            except Up42Error as error:
                failures[entry.index] = error
        return failures

    def _unrecorded_in(self, entry: BatchEntry) -> list[Job]:
        scope = scope_of(entry, self.journal)
        if scope not in self._unrecorded:
            self._unrecorded[scope] = unrecorded_jobs(self.journal, scope)
        return self._unrecorded[scope]

    def _require_unexecuted(self, entry: BatchEntry, unrecorded: Sequence[Job]) -> None:
        journal = self.journal
        _, workspace_id = scope_of(entry, journal)
        found = [job for job in unrecorded if job.inputs == entry._inputs]
        if found:
            ids = ", ".join(job.id for job in found)
            reason = (
                f"Job {ids} has the inputs of this entry, but the journal didn't record its "
                "request: another copy of the journal or another program has executed it. "
                f"{decide(entry)}"
            )
            journal.add_unrecorded(entry, workspace_id, reason)
            raise Execution(journal.session, entry.attempts[-1], ledger=journal.ledger).uncertain(
                reason, found
            )

    def _affordable(self, wanted: list[BatchEntry]) -> list[BatchEntry]:
        """Return what fits the limit, cheapest first if that was requested.

        Raises:
            CostLimitError: If not all fit, and cheapest first wasn't requested.
        """
        limit = self.options.max_credits
        if limit is None:
            return wanted
        spent = sum(entry._spent for entry in self.entries)
        cost = total(wanted)
        all_in_all = Cost(cost.strategy, cost.credits + spent, cost.size, cost.unit)
        if all_in_all <= limit:
            return wanted
        if not self.options.cheapest_first:
            raise CostLimitError(all_in_all, limit, spent)
        chosen = []
        for entry in sorted(wanted, key=credits_of):
            spent += credits_of(entry)
            if spent > limit:
                break
            chosen.append(entry)
        return chosen

    def _execute(self, wanted: list[BatchEntry]) -> Failures:
        failures: Failures = {}
        queue = deque(wanted)
        tracker = Tracker(self.journal, self.entries, self.options.wait)
        count = len(wanted)
        with bar(progress=self.options.progress, total=count, unit="job", desc="execute") as shown:
            while queue:
                part = [queue.popleft() for _ in range(min(self._free(tracker), len(queue)))]
                result = run_concurrently(part, self._execute_one, workers=WORKERS, shown=shown)
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
        """Estimate again what has waited too long, and return what fits the limit then."""
        left = list(waiting)
        old = [entry for entry in left if not is_estimated(entry)]
        if not old:
            return left
        failures |= estimate(self.journal, old, progress=False)
        return self._affordable(valid_of(left, failures))

    def _free(self, tracker: Tracker) -> int:
        if self.options.max_concurrent is None:
            return len(self.entries)
        uncertain = sum(entry.status == UNCERTAIN for entry in self.entries)
        return max(0, self.options.max_concurrent - tracker.running() - uncertain)

    def _no_slot(self) -> Up42Error:
        return Up42Error(
            f"All max_concurrent={self.options.max_concurrent} slots are taken by entries whose "
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

        Raises:
            ExecutionUncertainError: If the response was lost.
            Up42Error: If there is no job, and a retry might succeed. A rejection of these inputs
                is recorded, not raised.
        """
        journal = self.journal
        _, workspace_id = scope_of(entry, journal)
        if entry.index not in self._declined and find_late(journal, entry):
            return
        attempt = journal.new_attempt(entry, workspace_id)
        execution = Execution(
            journal.session, attempt, self.options.budget_id, stop, ledger=journal.ledger
        )
        try:
            job = execution.run(lambda: journal.begin(entry, attempt))
            journal.mark_executed(attempt, job)
        except BaseException as error:
            if attempt not in entry.attempts:
                raise
            conclude(journal, entry, attempt, error)


def conclude(journal: Journal, entry: BatchEntry, attempt: Attempt, error: BaseException) -> None:
    """Record what an error means for a request.

    Raises:
        BaseException: The error, unless it is a rejection of these inputs.
    """
    if isinstance(error, JournalError):
        # The record before the request is on disk: the job is found with it.
        raise error
    if attempt.state is not State.REFUSED:
        has_candidates = isinstance(error, ExecutionUncertainError) and error.candidates
        advice = decide(entry) if has_candidates else SEARCHED
        journal.mark(attempt, State.UNCERTAIN, explained(error, advice) or repr(error))
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
    known = journal.known_jobs(scope) | {a.job.id for a in attempts if a.job is not None}
    intent = Intent(
        process_id=process_id, workspace_id=workspace_id, inputs={}, known=frozenset(known)
    )
    execution = Execution(journal.session, intent, ledger=journal.ledger)
    if not attempts and not journal.has_known_jobs(scope):
        execution.list_jobs(LISTING_LIFETIME)
        journal.save_known_jobs(scope)
        return []
    listed = execution.list_back_to_known()
    uncertain = [attempt.inputs for attempt in attempts if attempt.state in OPEN]
    return [
        job
        for job in listed
        if job.id not in known and not journal.is_claimed(job) and job.inputs not in uncertain
    ]


def valid_of(entries: Iterable[BatchEntry], failures: Failures) -> list[BatchEntry]:
    return [e for e in entries if e.cost is not None and e.index not in failures]


def scope_of(entry: BatchEntry, journal: Journal) -> Scope:
    return entry.process_id, entry.workspace_id or journal.session.workspace_id


def credits_of(entry: BatchEntry) -> int:
    return entry.cost.credits if entry.cost else 0
