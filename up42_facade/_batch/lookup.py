"""Find the jobs of requests whose answers were lost, also in a process that was killed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from up42_facade._batch.journal import Journal
from up42_facade._batch.records import UNCERTAIN, Attempt, Record
from up42_facade._batch.work import spread
from up42_facade._common.lost_answers import look_for
from up42_facade._common.progress import bar
from up42_facade._processing.execution import LOOK_FIRST, Execution, several
from up42_facade.errors import ExecutionUncertainError, JournalLockedError
from up42_facade.processing import Job

# Look-ups that are under way at the same time.
WORKERS = 8


def resolve(journal: Journal, record: Record, stop: threading.Event) -> None:
    """Look for the job of a request whose answer was lost.

    Afterwards the record has its job, or is pending again because the server has had its time
    and no job has appeared.

    Args:
        stop: Ends the search; the record stays as it is.

    Raises:
        ExecutionUncertainError: It can't be told which job it is. Other Up42Errors: The list
        can't be read, or the search was stopped.
    """
    attempt = record.attempts[-1]
    execution = search(journal, record, attempt.workspace_id)
    known = journal.known_before(attempt)
    waits = journal.session.options.lookup_waits
    candidates = look_for(lambda: execution.find_new(known), pauses(attempt, waits), stop)
    if candidates:
        choose(journal, record, attempt, candidates)
        return
    journal.withdraw(record, attempt, "A request was lost before the server took it.")
    record.lost = record.lost or known


def take_late(journal: Journal, record: Record, workspace_id: str) -> bool:
    """Look once more for the job of a request that was given up, and take it if it is there.

    Raises:
        Up42Error: As `resolve` does.
    """
    if record.lost is None:
        return False
    candidates = search(journal, record, workspace_id).find_new(record.lost)
    if not candidates:
        return False
    choose(journal, record, journal.begin(record, workspace_id, record.lost), candidates)
    return True


def choose(journal: Journal, record: Record, attempt: Attempt, candidates: Sequence[Job]) -> None:
    """Give a record the only job that can be its own.

    Raises:
        ExecutionUncertainError: There is none or not only one.
    """
    own = [job for job in candidates if journal.namesake(record, job) is None]
    if len(own) == 1 and journal.settle(attempt, own[0]):
        record.lost = None
        return
    reason = described(journal, record, own or candidates)
    journal.doubt(attempt, reason)
    known = journal.known_before(attempt)
    execution = search(journal, record, attempt.workspace_id)
    raise ExecutionUncertainError(
        reason,
        process_id=record.process_id,
        inputs=record.inputs,
        candidates=candidates,
        find_jobs=lambda: execution.find_new(known),
    )


def explained(error: BaseException) -> str:
    """Return what an error says, with the advice for a batch, which looks by itself."""
    advice = "The batch looks for its job before it sends the request again."
    return str(error).replace(LOOK_FIRST, advice)


def described(journal: Journal, record: Record, candidates: Sequence[Job]) -> str:
    choosing = f"with Batch.assign({record.index}, job_id)."
    namesake = journal.namesake(record, candidates[0])
    if namesake is None:
        return f"{several(list(candidates))} Choose one {choosing}"
    return (
        f"Job {candidates[0].id} fits, but may be that of entry {namesake.index}, which has the "
        f"same inputs and more. Call execute() again, or choose {choosing}"
    )


def search(journal: Journal, record: Record, workspace_id: str) -> Execution:
    """Return what finds the jobs of a record that no entry has."""
    return Execution(
        journal.session,
        record.process_id,
        record.inputs,
        workspace_id,
        is_excluded=journal.is_claimed,
    )


def pauses(attempt: Attempt, waits: Sequence[float]) -> Iterator[float]:
    """Yield the pauses before looks: one at once, more as long as the server has time left."""
    yield 0.0
    passed = time.monotonic() - attempt.since
    for pause in waits:
        if passed >= sum(waits):
            return
        yield pause
        passed += pause


def look_up(journal: Journal, records: Sequence[Record], stop: threading.Event) -> None:
    """Look for the jobs of all doubtful records; what can't be told stays in doubt."""
    doubtful = [record for record in records if record.status == UNCERTAIN]
    if not doubtful:
        return
    try:
        with exclusively(journal), bar(progress=False) as shown:
            outcome = spread(
                doubtful,
                lambda record, _: resolve(journal, record, stop),
                workers=WORKERS,
                shown=shown,
            )
    except JournalLockedError:
        # Whoever executes looks for them, too.
        return
    for record in doubtful:
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
