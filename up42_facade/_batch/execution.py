"""Execute the templates of a batch: within a budget, each once, whatever happens in between."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from numbers import Integral

from attrs import frozen

from up42_facade._batch.journal import Journal
from up42_facade._batch.lookup import exclusively, explained, resolve, take_late
from up42_facade._batch.pricing import is_priced, price, total
from up42_facade._batch.records import PENDING, UNCERTAIN, Attempt, Record
from up42_facade._batch.tracking import Tracker
from up42_facade._batch.work import FATAL, spread
from up42_facade._common.progress import bar
from up42_facade._common.tracking import PASSING
from up42_facade._common.values import is_number
from up42_facade._processing.execution import Execution
from up42_facade._processing.job_templates import check_limit
from up42_facade._processing.types import Cost
from up42_facade.errors import (
    BatchCostLimitError,
    ExecutionUncertainError,
    InvalidInputError,
    JournalError,
    RateLimitError,
    Up42Error,
)
from up42_facade.processing import Job

logger = logging.getLogger(__name__)

# Executions that are under way at the same time.
WORKERS = 8

Failures = dict[int, Exception]


@frozen
class Order:
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
    order: Order

    def run(self, is_wanted: Callable[[Record], bool], *, fresh: bool = False) -> Failures:
        """Execute the records that are wanted, each unless its job runs or has succeeded.

        Args:
            is_wanted: Chooses the records.
            fresh: Validate and price again also what was priced a moment ago.

        Returns:
            What kept records without a job, by index.
        """
        with exclusively(self.journal):
            wanted = [record for record in self.records if is_wanted(record)]
            failures = self._resolve(wanted)
            # Whatever is still in doubt may run, whether its look-up has told why or not.
            wanted = [r for r in wanted if r.status == PENDING or r.has_failed]
            unpriced = [record for record in wanted if fresh or not is_priced(record)]
            failures |= price(self.journal, unpriced, self.order.progress)
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
        with bar(progress=self.order.progress, total=count, unit="job", desc="look up") as shown:
            return spread(doubtful, self._resolve_one, workers=WORKERS, shown=shown).failures

    def _resolve_one(self, record: Record, stop: threading.Event) -> None:
        if not stop.is_set():
            resolve(self.journal, record, stop)

    def _affordable(self, wanted: list[Record]) -> list[Record]:
        """Return what fits the limit, cheapest first if that was asked for.

        Raises:
            BatchCostLimitError: It doesn't fit, and choosing wasn't asked for.
        """
        limit = self.order.max_credits
        if limit is None:
            return wanted
        spent = sum(record.spent for record in self.records)
        cost = total(wanted)
        all_in_all = Cost(cost.strategy, cost.credits + spent, cost.size, cost.unit)
        if all_in_all <= limit:
            return wanted
        if not self.order.cheapest_first:
            raise BatchCostLimitError(all_in_all, limit, spent)
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
        with bar(progress=self.order.progress, total=count, unit="job", desc="execute") as shown:
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
                    tracker.wait_and_look(self.order.wait)
        return failures

    def _free(self, tracker: Tracker) -> int:
        if self.order.max_concurrent is None:
            return len(self.records)
        return max(0, self.order.max_concurrent - tracker.running() - self._doubtful())

    def _doubtful(self) -> int:
        return sum(record.status == UNCERTAIN for record in self.records)

    def _no_place(self) -> Up42Error:
        return Up42Error(
            f"All places of max_concurrent={self.order.max_concurrent} are taken by entries whose "
            "answers were lost: execute() looks for their jobs."
        )

    def _execute_one(self, record: Record, stop: threading.Event) -> None:
        """Execute one template, patiently while it is certain that the server didn't take it."""
        options = self.journal.session.options
        pause = options.backoff
        for repetition in range(options.retries + 1):
            if stop.is_set():
                return
            try:
                send(self.journal, record, self.order.budget_id, stop)
                return
            except ExecutionUncertainError:
                raise
            except PASSING as error:
                if repetition == options.retries:
                    raise
                asked = error.retry_after if isinstance(error, RateLimitError) else None
                stop.wait(min(asked or pause, options.longest_wait))
                pause *= 2


def send(journal: Journal, record: Record, budget_id: str | None, stop: threading.Event) -> None:
    """Execute a template once, with a note before and after.

    Args:
        stop: Ends the search for the job of a request whose answer was lost.

    Raises:
        ExecutionUncertainError: Its answer was lost. Other Up42Errors: There is no job, and
        another try may succeed. A refusal of these inputs is noted, not raised.
    """
    workspace_id = record.workspace_id or journal.session.workspace_id
    if take_late(journal, record, workspace_id):
        return
    attempts: list[Attempt] = []

    def note(known: Collection[str]) -> None:
        attempts.append(journal.begin(record, workspace_id, known))

    def is_excluded(job: Job) -> bool:
        return journal.is_claimed(job) or journal.namesake(record, job) is not None

    session, process_id = journal.session, record.process_id
    execution = Execution(
        session, process_id, record.inputs, workspace_id, budget_id, is_excluded, stop
    )
    try:
        job = execution.run(note)
        if not journal.settle(attempts[0], job):
            raise another_entrys(record, job)
    except BaseException as error:
        if attempts:
            conclude(journal, record, attempts[0], error)
        else:
            raise
    else:
        record.lost = None


def conclude(journal: Journal, record: Record, attempt: Attempt, error: BaseException) -> None:
    """Note what an error says of a request.

    Raises:
        BaseException: The error, unless it is a refusal of these inputs.
    """
    if isinstance(error, ExecutionUncertainError) or not isinstance(error, Up42Error):
        journal.doubt(attempt, explained(error) or repr(error))
        raise error
    if isinstance(error, JournalError):
        # The note before the request is on disk: the job is found with it.
        raise error
    if isinstance(error, (*FATAL, *PASSING)):
        journal.withdraw(record, attempt, str(error))
        raise error
    journal.refuse(attempt, str(error))
    logger.warning("Entry %d of the batch was refused: %s", record.index, error)


def another_entrys(record: Record, job: Job) -> ExecutionUncertainError:
    return ExecutionUncertainError(
        f"The server answered with job {job.id}, which another entry has. Call execute() again.",
        process_id=record.process_id,
        inputs=record.inputs,
        find_jobs=list,
    )


def credits_of(record: Record) -> int:
    return record.cost.credits if record.cost else 0
