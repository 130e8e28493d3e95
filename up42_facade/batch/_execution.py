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
from up42_facade._common.tracking import PASSING
from up42_facade._common.values import is_number
from up42_facade.batch._journal import Journal
from up42_facade.batch._lookup import SEARCHED, decide, exclusively, explained, find_late, resolve
from up42_facade.batch._pricing import is_priced, price, total
from up42_facade.batch._records import PENDING, UNCERTAIN, Attempt, Record
from up42_facade.batch._tracking import Tracker
from up42_facade.batch._work import FATAL, spread
from up42_facade.errors import (
    CostLimitError,
    ExecutionUncertainError,
    InvalidInputError,
    JournalError,
    RateLimitError,
    Up42Error,
)
from up42_facade.processing import Job
from up42_facade.processing._execution import Execution
from up42_facade.processing._ledger import LISTING_LIFETIME, OPEN, Intent, Scope, State
from up42_facade.processing._templates import check_budget, check_limit
from up42_facade.processing._types import Cost

logger = get_logger(__name__)

# Executions that are under way at the same time.
WORKERS = 8

Failures = dict[int, Exception]


@frozen
class ExecutionOptions:
    """What is to be executed, and within which limits; see `Batch.execute`."""

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


@frozen
class BatchExecution:
    """One call of `execute` or `retry` for some records of a journal."""

    journal: Journal
    records: Sequence[Record]
    options: ExecutionOptions
    # Jobs of a scope that the journal doesn't know; read once, before anything is sent.
    _unrecorded: dict[Scope, list[Job]] = field(factory=dict, init=False)
    # Entries whose candidates the user doesn't want.
    _declined: set[int] = field(factory=set, init=False)

    def run(
        self,
        is_wanted: Callable[[Record], bool],
        *,
        fresh: bool = False,
        include_uncertain: bool = False,
    ) -> Failures:
        """Execute the records that are wanted, each unless its job runs or has succeeded.

        Args:
            is_wanted: Chooses the records.
            fresh: Validate and estimate again also what was estimated a moment ago.
            include_uncertain: Execute also what stays uncertain after a search.

        Returns:
            What kept records without a job, by index.
        """
        with exclusively(self.journal):
            wanted = [record for record in self.records if is_wanted(record)]
            if wanted:
                self.journal.require_writable()
            failures = self._resolve(wanted)
            if include_uncertain:
                failures = self._give_up(wanted, failures)
            failures |= self._find_unrecorded(wanted)
            # What is still uncertain may run, whether its search has told why or not.
            wanted = [r for r in wanted if r.status == PENDING or r.has_failed]
            unpriced = [record for record in wanted if fresh or not is_priced(record)]
            failures |= price(self.journal, unpriced, self.options.progress)
            valid = [r for r in wanted if r.cost is not None and r.index not in failures]
            failures |= self._execute(self._affordable(valid))
            # Those that were under way when the others were given up may have made it.
            missing = {r.index for r in self.records if r.job is None or r.has_failed}
            return {index: e for index, e in failures.items() if index in missing}

    def _resolve(self, wanted: Sequence[Record]) -> Failures:
        """Find out what became of requests whose answer was lost."""
        doubtful = [record for record in wanted if record.status == UNCERTAIN]
        if not doubtful:
            return {}
        count = len(doubtful)
        with bar(progress=self.options.progress, total=count, unit="job", desc="look up") as shown:
            return spread(doubtful, self._resolve_one, workers=WORKERS, shown=shown).failures

    def _resolve_one(self, record: Record, stop: threading.Event) -> None:
        if not stop.is_set():
            resolve(self.journal, record, stop)

    def _give_up(self, wanted: Sequence[Record], failures: Failures) -> Failures:
        """Let what can't be told be executed again; keep what couldn't be searched for."""
        for record in wanted:
            known = isinstance(failures.get(record.index), ExecutionUncertainError)
            if record.status == UNCERTAIN and known:
                self.journal.mark_not_found(record.attempts[-1], "Given up by the user.")
                self._declined.add(record.index)
                del failures[record.index]
        return failures

    def _find_unrecorded(self, wanted: Sequence[Record]) -> Failures:
        """Mark entries without a job for which another copy of the journal has executed one.

        The account's jobs show it: one has the same inputs, and none of our requests made it.
        """
        failures: Failures = {}
        chosen = set(wanted)
        for record in self.journal.records:
            if not (record.has_failed or (record.status == PENDING and record.attempt is None)):
                continue
            try:
                # Of all processes, wanted now or not: what a copy executes later is new then.
                unrecorded = self._unrecorded_in(record)
                if record in chosen:
                    self._require_unexecuted(record, unrecorded)
            except FATAL:
                raise
            except Up42Error as error:
                failures[record.index] = error
        return failures

    def _unrecorded_in(self, record: Record) -> list[Job]:
        scope = scope_of(record, self.journal)
        if scope not in self._unrecorded:
            self._unrecorded[scope] = unrecorded_jobs(self.journal, scope)
        return self._unrecorded[scope]

    def _require_unexecuted(self, record: Record, unrecorded: Sequence[Job]) -> None:
        journal = self.journal
        _, workspace_id = scope_of(record, journal)
        found = [job for job in unrecorded if job.inputs == record.inputs]
        if found:
            ids = ", ".join(job.id for job in found)
            reason = (
                f"Job {ids} has the inputs of this entry, but the journal didn't record its "
                "request: another copy of the journal or another program has executed it. "
                f"{decide(record)}"
            )
            journal.add_unrecorded(record, workspace_id, reason)
            raise Execution(journal.session, record.attempts[-1], ledger=journal.ledger).uncertain(
                reason, found
            )

    def _affordable(self, wanted: list[Record]) -> list[Record]:
        """Return what fits the limit, cheapest first if that was asked for.

        Raises:
            CostLimitError: It doesn't fit, and choosing wasn't asked for.
        """
        limit = self.options.max_credits
        if limit is None:
            return wanted
        spent = sum(record.spent for record in self.records)
        cost = total(wanted)
        all_in_all = Cost(cost.strategy, cost.credits + spent, cost.size, cost.unit)
        if all_in_all <= limit:
            return wanted
        if not self.options.cheapest_first:
            raise CostLimitError(all_in_all, limit, spent)
        chosen = []
        for record in sorted(wanted, key=credits_of):
            spent += credits_of(record)
            if spent > limit:
                break
            chosen.append(record)
        return chosen

    def _execute(self, wanted: list[Record]) -> Failures:
        failures: Failures = {}
        queue = deque(wanted)
        tracker = Tracker(self.journal, self.records)
        count = len(wanted)
        with bar(progress=self.options.progress, total=count, unit="job", desc="execute") as shown:
            while queue:
                part = [queue.popleft() for _ in range(min(self._free(tracker), len(queue)))]
                outcome = spread(part, self._execute_one, workers=WORKERS, shown=shown)
                failures |= outcome.failures
                if outcome.is_stopped:
                    last = next(reversed(failures.values()))
                    return failures | {record.index: last for record in queue}
                if queue and not tracker.running() and not self._free(tracker):
                    return failures | {record.index: self._no_place() for record in queue}
                if queue:
                    tracker.wait_and_look(self.options.wait)
                    queue = deque(self._still_affordable(queue, failures))
        return failures

    def _still_affordable(self, waiting: Iterable[Record], failures: Failures) -> list[Record]:
        """Estimate again what has waited too long, and return what fits the limit then."""
        left = list(waiting)
        old = [record for record in left if not is_priced(record)]
        if not old:
            return left
        failures |= price(self.journal, old, progress=False)
        valid = [r for r in left if r.cost is not None and r.index not in failures]
        return self._affordable(valid)

    def _free(self, tracker: Tracker) -> int:
        if self.options.max_concurrent is None:
            return len(self.records)
        return max(0, self.options.max_concurrent - tracker.running() - self._doubtful())

    def _doubtful(self) -> int:
        return sum(record.status == UNCERTAIN for record in self.records)

    def _no_place(self) -> Up42Error:
        return Up42Error(
            f"All places of max_concurrent={self.options.max_concurrent} are taken by entries "
            "whose responses were lost: execute() looks for their jobs."
        )

    def _execute_one(self, record: Record, stop: threading.Event) -> None:
        """Execute one template, patiently while it is certain that the server didn't take it."""
        options = self.journal.session.options
        pause = options.backoff
        for repetition in range(options.retries + 1):
            if stop.is_set():
                return
            try:
                send(
                    self.journal,
                    record,
                    self.options.budget_id,
                    stop,
                    is_declined=record.index in self._declined,
                )
                return
            except ExecutionUncertainError:
                raise
            except PASSING as error:
                if repetition == options.retries:
                    raise
                asked = error.retry_after if isinstance(error, RateLimitError) else None
                stop.wait(min(asked or pause, options.longest_wait))
                pause *= 2


def send(
    journal: Journal,
    record: Record,
    budget_id: str | None,
    stop: threading.Event,
    *,
    is_declined: bool = False,
) -> None:
    """Execute a template once, with a record before and after.

    Args:
        stop: Ends the search for the job of a request whose response was lost.
        is_declined: Don't look for the job of the request that was sent before.

    Raises:
        ExecutionUncertainError: If the response was lost.
        Up42Error: If there is no job, and another try may succeed. A refusal of these inputs is
            recorded, not raised.
    """
    _, workspace_id = scope_of(record, journal)
    if not is_declined and find_late(journal, record):
        return
    attempt = journal.new_attempt(record, workspace_id)
    execution = Execution(journal.session, attempt, budget_id, stop, ledger=journal.ledger)
    try:
        job = execution.run(lambda: journal.begin(record, attempt))
        journal.mark_executed(attempt, job)
    except BaseException as error:
        if attempt not in record.attempts:
            raise
        conclude(journal, record, attempt, error)


def conclude(journal: Journal, record: Record, attempt: Attempt, error: BaseException) -> None:
    """Record what an error means for a request.

    Raises:
        BaseException: The error, unless it is a refusal of these inputs.
    """
    if isinstance(error, JournalError):
        # The record before the request is on disk: the job is found with it.
        raise error
    if attempt.state is not State.REFUSED:
        has_candidates = isinstance(error, ExecutionUncertainError) and error.candidates
        advice = decide(record) if has_candidates else SEARCHED
        journal.mark_uncertain(attempt, explained(error, advice) or repr(error))
        raise error
    if isinstance(error, (*FATAL, *PASSING)):
        journal.discard_attempt(record, attempt, str(error))
        raise error
    journal.mark_refused(attempt, str(error))
    logger.warning("Entry %d of the batch was refused: %s", record.index, error)


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


def scope_of(record: Record, journal: Journal) -> Scope:
    return record.process_id, record.workspace_id or journal.session.workspace_id


def credits_of(record: Record) -> int:
    return record.cost.credits if record.cost else 0
