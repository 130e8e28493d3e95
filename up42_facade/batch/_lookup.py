"""Find the jobs of requests whose responses were lost, also after the program was killed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from up42_facade._common.progress import bar
from up42_facade.batch._journal import Journal
from up42_facade.batch._records import UNCERTAIN, Attempt, Record
from up42_facade.batch._work import spread
from up42_facade.errors import JournalLockedError
from up42_facade.processing._execution import LOOK_FIRST, Execution, described
from up42_facade.processing._ledger import Finding, State

# Look-ups that are under way at the same time.
WORKERS = 8
SEARCHED = "The batch looks for its job before it sends the request again."
LOST = "A request was lost before the server accepted it."


def resolve(journal: Journal, record: Record, stop: threading.Event) -> None:
    """Look for the job of a request whose response was lost.

    Afterwards the record has its job, or is pending again because the server has had its time
    and no job has appeared.

    Args:
        stop: Ends the search; the record stays as it is.

    Raises:
        ExecutionUncertainError: If it can't be told which job it is.
        Up42Error: If the list can't be read, or the search was stopped.
    """
    attempt = record.attempts[-1]
    execution = Execution(journal.session, attempt, stop=stop, ledger=journal.ledger)
    if attempt.state is State.UNRECORDED:
        raise execution.uncertain(attempt.reason or "", execution.look(dry=True).candidates)
    finding = execution.search(delays(attempt, journal.session.options.lookup_waits))
    if not keep(journal, record, execution, finding):
        journal.mark_not_found(attempt, LOST)


def find_late(journal: Journal, record: Record) -> bool:
    """Look once more for the job of a request that was given up; return whether it is there.

    Raises:
        Up42Error: As `resolve` does.
    """
    attempt = record.attempt
    if attempt is None or attempt.state is not State.NOT_FOUND:
        return False
    execution = Execution(journal.session, attempt, ledger=journal.ledger)
    finding = execution.look()
    return bool((finding.candidates and finding.fits) or finding.job) and keep(
        journal, record, execution, finding
    )


def keep(journal: Journal, record: Record, execution: Execution, finding: Finding) -> bool:
    """Record what a search has found; return False if it has found nothing.

    Raises:
        ExecutionUncertainError: If it can't be told which job is the right one.
    """
    attempt = record.attempts[-1]
    if finding.job is not None:
        journal.mark_executed(attempt, finding.job)
        return True
    if not finding.candidates:
        return False
    reason = f"{described(finding)} {decide(record)}"
    journal.mark_uncertain(attempt, reason)
    raise execution.uncertain(reason, finding.candidates)


def decide(record: Record) -> str:
    return (
        f"Choose one with Batch.assign({record.index}, job_id), or execute the entry again with "
        "retry(include_uncertain=True)."
    )


def explained(error: BaseException, advice: str = SEARCHED) -> str:
    """Return what an error says, with the advice for a batch, which searches by itself."""
    return str(error).replace(LOOK_FIRST, advice)


def delays(attempt: Attempt, waits: Sequence[float]) -> Iterator[float]:
    """Yield the delays before looks: one at once, more as long as the server has time left."""
    yield 0.0
    passed = time.monotonic() - attempt.since
    for delay in waits:
        if passed >= sum(waits):
            return
        yield delay
        passed += delay


def look_up(journal: Journal, records: Sequence[Record], stop: threading.Event) -> None:
    """Look for the jobs of all uncertain records; what can't be told stays uncertain."""
    uncertain = [record for record in records if record.status == UNCERTAIN]
    if not uncertain:
        return
    try:
        with exclusively(journal), bar(progress=False) as shown:
            outcome = spread(
                uncertain,
                lambda record, _: resolve(journal, record, stop),
                workers=WORKERS,
                shown=shown,
            )
    except JournalLockedError:
        # Another thread executes the batch, and looks for them itself.
        return
    for record in uncertain:
        if record.index in outcome.failures:
            record.reason = explained(outcome.failures[record.index])


@contextmanager
def exclusively(journal: Journal) -> Iterator[None]:
    """Let only one thread at a time decide what became of requests, or send new ones."""
    if not journal.executing.acquire(blocking=False):
        raise JournalLockedError(
            "Another thread of this process executes this batch at the moment: wait for it."
        )
    try:
        yield
    finally:
        journal.executing.release()
