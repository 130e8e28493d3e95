"""The states of an execution, and which job belongs to which: one ledger for each account.

    intent ──▶ sent ──▶ executed     the response names the job
                │ └───▶ refused      a documented refusal: there is no job
                ▼
               lost ──▶ executed     one job fits, and nothing else can claim it
                │ └───▶ not found    nothing new was listed within the lookup delays
                ▼
            uncertain                several jobs or owners are possible: people decide
                │
                └─────▶ executed     assigned, or found in a later search

An `unrecorded` execution is uncertain too: a job that fits is listed, but this journal didn't
record a request for it.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import islice
from typing import Any

from attrs import define, field, frozen

from up42_facade.processing._job import Job
from up42_facade.session import Session

# Seconds after which the known jobs are listed again before an execution: jobs that others have
# created since then would count as new if a response is lost.
LISTING_LIFETIME = 300.0

# ID of the process and of the workspace: jobs elsewhere can't be confused with each other.
Scope = tuple[str, str]


class State(StrEnum):
    """The state of one request to execute a process; see the diagram of this module."""

    INTENT = "intent"
    SENT = "sent"
    LOST = "lost"
    EXECUTED = "executed"
    REFUSED = "refused"
    NOT_FOUND = "not found"
    UNCERTAIN = "uncertain"
    UNRECORDED = "unrecorded"


UNDERWAY = frozenset({State.INTENT, State.SENT, State.LOST})
# In these states, an intent can still claim a job.
OPEN = UNDERWAY | {State.UNCERTAIN}
NEXT: dict[State, frozenset[State]] = {
    State.INTENT: frozenset({State.SENT, State.UNRECORDED}),
    State.SENT: frozenset({State.EXECUTED, State.REFUSED, State.LOST, State.UNCERTAIN}),
    State.LOST: frozenset({State.EXECUTED, State.NOT_FOUND, State.UNCERTAIN}),
    State.UNCERTAIN: frozenset({State.EXECUTED, State.NOT_FOUND, State.UNCERTAIN}),
    State.NOT_FOUND: frozenset({State.EXECUTED, State.UNCERTAIN}),
    State.UNRECORDED: frozenset({State.EXECUTED, State.NOT_FOUND, State.UNRECORDED}),
    # If the record of an outcome can't be written, the outcome has to be found again.
    State.EXECUTED: frozenset({State.UNCERTAIN}),
    State.REFUSED: frozenset({State.UNCERTAIN}),
}


@define(eq=False, kw_only=True)
class Intent:
    """One request to execute a process.

    Attributes:
        process_id, workspace_id, inputs: The request.
        entry: Its owner. Two intents with the same entry don't compete for a job.
        key: Identifies the intent, also after its journal was opened again.
        state: See `State`.
        job: Its job, once it is known.
        known: IDs of jobs that existed before the request, as a journal recorded them.
        tick: Jobs that the ledger has seen up to this tick existed before the request, too.
        since: Monotonic time in seconds from which this Python process knows of the intent. The
            wall clock may be changed: it can't tell how much time the server has had.
    """

    process_id: str
    workspace_id: str
    inputs: Mapping[str, Any]
    entry: Hashable = field(factory=lambda: uuid.uuid4().hex)
    key: Hashable = field(factory=lambda: uuid.uuid4().hex)
    state: State = State.INTENT
    job: Job | None = None
    known: frozenset[str] = frozenset()
    tick: int = -1
    since: float = field(factory=time.monotonic)

    @property
    def scope(self) -> Scope:
        return self.process_id, self.workspace_id


@frozen
class Finding:
    """The result of a search for the job of an intent.

    Attributes:
        job: The job that was claimed; None if none could be.
        candidates: Jobs that might be the right one.
        fits: True if the inputs of the candidates are those of the intent. The inputs of others
            might have been changed by the server.
        rivals: Other intents that could claim the only candidate.
    """

    job: Job | None = None
    candidates: Sequence[Job] = ()
    fits: bool = True
    rivals: Sequence[Intent] = ()


@define
class KnownJobs:
    """The known jobs of one scope, each with the tick when it was listed or returned."""

    seen: dict[str, int] = field(factory=dict)
    tick: int = 0
    listed_at: float | None = None
    listing: threading.Lock = field(factory=threading.Lock)

    def see(self, job_ids: Iterable[str]) -> None:
        self.tick += 1
        for job_id in job_ids:
            self.seen.setdefault(job_id, self.tick)


class Ledger:
    """The jobs and executions of one account, as far as this Python process knows them.

    Attributes:
        sessions: Sessions that use it.
    """

    def __init__(self) -> None:
        self.sessions: weakref.WeakSet[Session] = weakref.WeakSet()
        self._changed = threading.Condition()
        self._known: dict[Scope, KnownJobs] = {}
        self._open: dict[Hashable, Intent] = {}
        # Keys of the intents that the jobs belong to, by job ID.
        self._owners: dict[str, Hashable] = {}

    def list_jobs(
        self, scope: Scope, list_recent: Callable[[], list[Job]], *, lifetime: float
    ) -> list[Job] | None:
        """List the recent jobs of a scope, unless they were listed a moment ago.

        Args:
            scope: Process and workspace.
            list_recent: Requests the list.
            lifetime: Seconds for which an earlier list counts.

        Returns:
            The jobs; None if they weren't listed again.
        """
        known = self._jobs_of(scope)
        with known.listing:
            if known.listed_at is not None and time.monotonic() - known.listed_at < lifetime:
                return None
            jobs = list_recent()
            self.see(scope, [job.id for job in jobs])
            known.listed_at = time.monotonic()
        return jobs

    def see(self, scope: Scope, job_ids: Iterable[str]) -> None:
        """Remember that jobs exist."""
        known = self._jobs_of(scope)
        with self._changed:
            known.see(job_ids)

    def begin(self, intent: Intent) -> None:
        """Mark as sent, once no other request is in flight whose job could be confused with its."""
        known = self._jobs_of(intent.scope)
        with self._changed:
            self._changed.wait_for(lambda: not self._is_blocked(intent))
            intent.tick = known.tick
            self._open[intent.key] = intent
            self._move(intent, State.SENT)

    def withdraw(self, intent: Intent) -> None:
        """Forget an intent that left nothing on the server."""
        with self._changed:
            self._open.pop(intent.key, None)
            self._changed.notify_all()

    def move(self, intent: Intent, state: State, job: Job | None = None) -> None:
        """Record the new state of an intent, and the job if it has one."""
        with self._changed:
            self._move(intent, state)
            intent.job = job
            if job is not None:
                self._own(intent, job.id)

    def restore(self, intents: Iterable[Intent], owners: Mapping[str, Hashable]) -> None:
        """Adopt the records of a journal.

        Args:
            intents: Those that can still claim a job.
            owners: Keys of intents by the IDs of their jobs.
        """
        with self._changed:
            self._open.update({intent.key: intent for intent in intents})
            self._owners.update(owners)

    def owner_of(self, job_id: str) -> Hashable | None:
        """Return the key of the intent that a job belongs to, if any does."""
        with self._changed:
            return self._owners.get(job_id)

    def seen(self, scope: Scope) -> list[str]:
        """Return the IDs of the jobs of a scope, in the order in which they were seen."""
        known = self._jobs_of(scope)
        with self._changed:
            return list(known.seen)

    def seen_before(self, intent: Intent, start: int) -> list[str]:
        """Return the IDs of jobs that were seen before a request, without the first `start`."""
        known = self._jobs_of(intent.scope)
        with self._changed:
            new = islice(known.seen.items(), start, None)
            return [job_id for job_id, tick in new if tick <= intent.tick]

    def existed_before(self, intent: Intent, job_id: str) -> bool:
        """Return whether a job existed before a request was sent."""
        known = self._jobs_of(intent.scope)
        with self._changed:
            return self._existed(known, intent, job_id)

    def accept(self, intent: Intent, job: Job) -> bool:
        """Claim the job that a response names; False if it can't be that of this request."""
        known = self._jobs_of(intent.scope)
        with self._changed:
            if job.process_id != intent.process_id or not self._is_free(known, intent, job):
                return False
            known.see([job.id])
            self._settle(intent, job)
            return True

    def claim(self, intent: Intent, listed: Iterable[Job], *, dry: bool = False) -> Finding:
        """Claim the only listed job that can be that of an intent, and nobody else's.

        Args:
            intent: A request whose response was lost.
            listed: All jobs that might have been created since.
            dry: Return the candidates, and claim none.
        """
        known = self._jobs_of(intent.scope)
        with self._changed:
            # Pages shift while they are read: a job that is listed twice is one.
            new = {job.id: job for job in listed if self._is_free(known, intent, job)}
            own = [job for job in new.values() if job.process_id == intent.process_id]
            equal = [job for job in own if job.inputs == intent.inputs]
            fitting = equal or [job for job in own if contains(job.inputs, intent.inputs)]
            if not fitting:
                return Finding(candidates=self._unexplained(intent, new.values()), fits=False)
            rivals = self._rivals(known, intent, fitting[0])
            if len(fitting) > 1 or rivals or dry:
                return Finding(candidates=fitting, rivals=rivals)
            self._settle(intent, fitting[0])
            return Finding(job=fitting[0])

    def _jobs_of(self, scope: Scope) -> KnownJobs:
        with self._changed:
            return self._known.setdefault(scope, KnownJobs())

    def _existed(self, known: KnownJobs, intent: Intent, job_id: str) -> bool:
        return job_id in intent.known or known.seen.get(job_id, intent.tick + 1) <= intent.tick

    def _is_free(self, known: KnownJobs, intent: Intent, job: Job) -> bool:
        """Return whether a job is new, and nobody else's."""
        is_owned = self._owners.get(job.id, intent.key) != intent.key
        return not is_owned and not self._existed(known, intent, job.id)

    def _is_blocked(self, intent: Intent) -> bool:
        return any(
            other.state in UNDERWAY
            and other is not intent
            and other.scope == intent.scope
            and are_related(other.inputs, intent.inputs)
            for other in self._open.values()
        )

    def _rivals(self, known: KnownJobs, intent: Intent, job: Job) -> list[Intent]:
        return [
            other
            for other in self._open.values()
            if other.entry != intent.entry
            and other.scope == intent.scope
            and are_related(other.inputs, job.inputs)
            and not self._existed(known, other, job.id)
        ]

    def _unexplained(self, intent: Intent, jobs: Collection[Job]) -> list[Job]:
        # Each request has one job: two jobs that one other request would explain are one too many.
        left = list(jobs)
        for other in self._open.values():
            if other.entry == intent.entry or other.scope != intent.scope:
                continue
            explained = next((job for job in left if contains(job.inputs, other.inputs)), None)
            if explained is not None:
                left.remove(explained)
        return [job for job in jobs if any(job.inputs == other.inputs for other in left)]

    def _settle(self, intent: Intent, job: Job) -> None:
        self._move(intent, State.EXECUTED)
        intent.job = job
        self._own(intent, job.id)

    def _own(self, intent: Intent, job_id: str) -> None:
        self._owners[job_id] = intent.key

    def _move(self, intent: Intent, state: State) -> None:
        if state not in NEXT[intent.state]:
            raise AssertionError(f"An execution that is {intent.state} can't become {state}.")
        intent.state = state
        if state in OPEN:
            self._open[intent.key] = intent
        else:
            self._open.pop(intent.key, None)
        self._changed.notify_all()


def contains(inputs: Mapping[str, Any], part: Mapping[str, Any]) -> bool:
    """Return whether inputs are equal to others, or have more than these."""
    missing = object()
    return all(inputs.get(name, missing) == value for name, value in part.items())


def are_related(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Return whether the job of one request could be taken for that of another."""
    return contains(first, second) or contains(second, first)


def account_of(session: Session) -> str:
    """Return what tells accounts and hosts apart without naming them."""
    return hashlib.sha256(f"{session.hosts.api} {session.payer}".encode()).hexdigest()


class Ledgers:
    """The ledgers of this Python process: one for each account that has an open session."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start over: after a fork, the threads whose requests are in flight don't exist."""
        self._lock = threading.Lock()
        self._by_account: dict[str, Ledger] = {}

    def of(self, session: Session) -> Ledger:
        """Return the ledger that all open sessions of one account share."""
        account = account_of(session)
        with self._lock:
            ledger = self._by_account.get(account)
            if ledger is None or all(user._is_closed for user in ledger.sessions):
                # With the last session, everything known about its requests has ended; later
                # requests begin with a listing of their own.
                ledger = self._by_account[account] = Ledger()
            ledger.sessions.add(session)
            return ledger


ledgers = Ledgers()
if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=ledgers.reset)
