"""The journal of a batch: an SQLite file that a killed process can be taken up from."""

from __future__ import annotations

import datetime as dt
import json
import os
import sqlite3
import threading
import uuid
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from up42_facade.batch._records import (
    Attempt,
    Record,
    cost_from_json,
    cost_to_json,
    errors_from_json,
    errors_to_json,
    job_to_json,
    moment_from_text,
    moment_to_text,
)
from up42_facade.errors import JournalError, JournalLockedError
from up42_facade.processing import Job
from up42_facade.processing._ledger import OPEN, Ledger, Scope, State, ledgers
from up42_facade.session import Session

if TYPE_CHECKING:
    from filelock import FileLock


# States of attempts whose job may still be found.
UNSETTLED = OPEN | {State.NOT_FOUND, State.UNRECORDED}


class Journal:
    """The records of a batch, kept in memory and, if it has a path, on disk.

    Every method that changes something has written it durably when it returns.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: str | None,
        session: Session,
        lock: FileLock | None,
        *,
        is_read_only: bool = False,
    ) -> None:
        self.path = path
        self.session = session
        # What this Python process knows about the account's jobs, other batches included.
        self.ledger = ledgers.of(session)
        self.is_read_only = is_read_only
        self.records: list[Record] = []
        # Held by whoever sends requests that start jobs.
        self.executing = threading.Lock()
        self.connection = connection
        # Identifies the journal, in copies of its file too.
        self.name = ""
        # Written into the file: whoever opens it for writing takes the journal over.
        self.writer = uuid.uuid4().hex
        self._file = None if path is None else identity(path)
        # How many of the known jobs of a scope are in the file.
        self._saved: dict[Scope, int] = {}
        self._pid = os.getpid()
        self._guard = threading.RLock()
        self._known: dict[tuple[str, int], Record] = {}
        self._jobs: set[str] = set()
        self._finalizer = weakref.finalize(self, release, connection, lock, self._pid)

    @property
    def is_closed(self) -> bool:
        return not self._finalizer.alive

    @property
    def is_inherited(self) -> bool:
        """True in a process that was forked from the one that has opened it."""
        return os.getpid() != self._pid

    def close(self) -> None:
        """Close the file and let other processes have it."""
        with self._guard:
            self._finalizer()

    def hand_to(self, session: Session) -> None:
        """Continue with another session of the same account."""
        self.session = session
        self._move_to(ledgers.of(session))
        for record in self.records:
            if record.template is not None and record.template._session is not session:
                record.template = None
            for attempt in record.attempts:
                if attempt.job is not None:
                    attempt.job._session = session

    def take_over(self) -> None:
        """Become the only one that writes, and mark what was under way as uncertain."""
        with self._changing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO facts (name, value) VALUES ('writer', ?)", (self.writer,)
            )
            connection.execute(
                "UPDATE attempts SET state = ? WHERE state = ?", (State.UNCERTAIN, State.SENT)
            )
        self.load()
        self._register()

    def _register(self) -> None:
        latest = [record.attempts[-1] for record in self.records if record.attempts]
        owners = {a.job.id: a.key for a in self.attempts() if a.job is not None}
        self.ledger.restore([a for a in latest if a.state in OPEN], owners)

    def _move_to(self, ledger: Ledger) -> None:
        if ledger is self.ledger:
            return
        for attempt in self.attempts():
            if attempt.state in UNSETTLED:
                # The ticks of one ledger mean nothing in another one.
                attempt.known |= set(self.ledger.seen_before(attempt, 0))
                attempt.tick = -1
        self.ledger = ledger
        self._saved = {}
        self._register()

    def load(self) -> None:
        """Read all records, as they are at one moment: another process may write."""
        self.connection.execute("BEGIN")
        try:
            # Read at once, and understood afterwards: a writer waits for the end of this.
            [(self.name,)] = self.connection.execute(
                "SELECT value FROM facts WHERE name = 'journal'"
            ).fetchall()
            entries = self.connection.execute(
                "SELECT id, fingerprint, duplicate, process_id, workspace_id, inputs, geometry, "
                "cost, errors, estimated_at, reason FROM entries ORDER BY id"
            ).fetchall()
            attempts = self.connection.execute(
                "SELECT id, entry_id, number, state, sent_at, workspace_id, job, reason, files "
                "FROM attempts ORDER BY entry_id, number"
            ).fetchall()
        finally:
            self.connection.execute("COMMIT")
        self.records = []
        for row in entries:
            self._remember(
                Record(
                    index=row[0],
                    fingerprint=row[1],
                    duplicate=row[2],
                    process_id=row[3],
                    workspace_id=row[4],
                    inputs=json.loads(row[5]),
                    geometry=row[6],
                    cost=cost_from_json(row[7]),
                    errors=errors_from_json(row[8]),
                    estimated_at=moment_from_text(row[9]),
                    reason=row[10],
                )
            )
        for id, index, number, state, sent_at, workspace_id, job, reason, files in attempts:
            attempt = self.new_attempt(self.records[index], workspace_id)
            attempt.id, attempt.state = id, State(state)
            attempt.sent_at = dt.datetime.fromisoformat(sent_at)
            attempt.job = None if job is None else Job.from_metadata(json.loads(job), self.session)
            attempt.reason, attempt.files = reason, None if files is None else json.loads(files)
            attempt.number, attempt.key = number, self._key(index, number)
            self.records[index].attempts.append(attempt)
            if attempt.job is not None:
                self._jobs.add(attempt.job.id)
        for record in self.records:
            for attempt in record.attempts[-1:]:
                if attempt.state in UNSETTLED:
                    attempt.known = self._known_before(attempt)

    def new_attempt(self, record: Record, workspace_id: str) -> Attempt:
        """Return the next attempt of a record, which `begin` writes down."""
        number = max((attempt.number for attempt in record.attempts), default=0) + 1
        return Attempt(
            process_id=record.process_id,
            workspace_id=workspace_id,
            inputs=record.inputs,
            entry=(self.name, record.index),
            key=self._key(record.index, number),
            number=number,
        )

    def _key(self, index: int, number: int) -> tuple[str, int, int]:
        return self.name, index, number

    def _known_before(self, attempt: Attempt) -> frozenset[str]:
        rows = self.connection.execute(
            "SELECT job_id FROM known_jobs WHERE process_id = ? AND workspace_id = ? AND "
            "before_attempt <= ? UNION SELECT job_id FROM attempts WHERE job_id IS NOT NULL "
            "AND id < ?",
            (*attempt.scope, attempt.id, attempt.id),
        )
        return frozenset(job_id for (job_id,) in rows)

    def known_jobs(self, scope: Scope) -> set[str]:
        """Return the IDs of the jobs in the file: those that existed before its requests."""
        with self._guard:
            self._require_open()
            rows = self.connection.execute(
                "SELECT job_id FROM known_jobs WHERE process_id = ? AND workspace_id = ?", scope
            )
            return {job_id for (job_id,) in rows}

    def has_known_jobs(self, scope: Scope) -> bool:
        """Return whether the jobs that existed before the first request were recorded."""
        with self._guard:
            self._require_open()
            query = "SELECT 1 FROM facts WHERE name = ?"
            return self.connection.execute(query, (listed_fact(scope),)).fetchone() is not None

    def save_known_jobs(self, scope: Scope) -> None:
        """Record the jobs that exist before the first request for a process in a workspace."""
        self._require_file()
        with self._guard:
            saved = self._saved.get(scope, 0)
            known = self.ledger.seen(scope)[saved:]
            with self._writing() as connection:
                connection.executemany(
                    "INSERT OR IGNORE INTO known_jobs VALUES (?, ?, ?, 0)",
                    [(*scope, job_id) for job_id in known],
                )
                # There may be no job yet, which has to be known too.
                connection.execute(
                    "INSERT OR IGNORE INTO facts VALUES (?, '')", (listed_fact(scope),)
                )
            self._saved[scope] = saved + len(known)

    def find(self, mark: str, duplicate: int) -> Record | None:
        return self._known.get((mark, duplicate))

    def attempts(self) -> Iterator[Attempt]:
        """Yield all attempts of all records."""
        return (attempt for record in self.records for attempt in record.attempts)

    def is_claimed(self, job: Job) -> bool:
        """Return whether a job belongs to an entry already."""
        return job.id in self._jobs

    def is_elsewhere(self, job: Job) -> bool:
        """Return whether a job belongs to an entry of another journal in this Python process."""
        owner = self.ledger.owner_of(job.id)
        # Single executions have no journal: whoever made one may assign its job.
        return isinstance(owner, tuple) and owner[0] != self.name

    def add(self, records: Sequence[Record]) -> None:
        """Append records; their indices must follow."""
        with self._writing() as connection:
            connection.executemany(
                "INSERT INTO entries (id, fingerprint, duplicate, process_id, workspace_id, "
                "inputs, geometry) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        record.index,
                        record.fingerprint,
                        record.duplicate,
                        record.process_id,
                        record.workspace_id,
                        json.dumps(record.inputs),
                        record.geometry,
                    )
                    for record in records
                ],
            )
        # Only what is on disk may be executed: its attempts refer to it.
        for record in records:
            self._remember(record)

    def replace(self, record: Record, other: Record) -> None:
        """Let a record ask for something else from now on."""
        mark = other.fingerprint
        with self._writing() as connection:
            connection.execute(
                "UPDATE entries SET fingerprint = ?, process_id = ?, workspace_id = ?, inputs = ?, "
                "geometry = ?, cost = NULL, errors = NULL, estimated_at = NULL, reason = NULL "
                "WHERE id = ?",
                (
                    mark,
                    other.process_id,
                    other.workspace_id,
                    json.dumps(other.inputs),
                    other.geometry,
                    record.index,
                ),
            )
            connection.execute(
                "DELETE FROM attempts WHERE entry_id = ? AND state = ?",
                (record.index, State.NOT_FOUND),
            )
        record.attempts = [a for a in record.attempts if a.state is not State.NOT_FOUND]
        del self._known[record.fingerprint, record.duplicate]
        self._known[mark, record.duplicate] = record
        record.fingerprint, record.process_id = mark, other.process_id
        record.workspace_id, record.inputs = other.workspace_id, other.inputs
        record.geometry, record.template = other.geometry, other.template
        record.cost = record.errors = record.estimated_at = record.reason = None

    def save_prices(self, records: Iterable[Record]) -> None:
        """Keep what validation and pricing have found."""
        with self._writing() as connection:
            connection.executemany(
                "UPDATE entries SET cost = ?, errors = ?, estimated_at = ?, geometry = ?, "
                "reason = ? WHERE id = ?",
                [
                    (
                        cost_to_json(record.cost),
                        errors_to_json(record.errors),
                        moment_to_text(record.estimated_at),
                        record.geometry,
                        record.reason,
                        record.index,
                    )
                    for record in records
                ],
            )

    def begin(self, record: Record, attempt: Attempt) -> None:
        """Record a request before it is sent, and the jobs that exist before it.

        Raises:
            JournalLockedError: If another program has taken the journal over, or has recorded a
                request for this entry. JournalError: If the file isn't there any more, or can't
                be written. Nothing must be sent then.
        """
        self._require_file()
        attempt.sent_at = dt.datetime.now(dt.UTC)
        with self._guard:
            saved = self._saved.get(attempt.scope, 0)
            known = self.ledger.seen_before(attempt, saved)
            self._insert(record, attempt, known)
            self._saved[attempt.scope] = saved + len(known)
        record.attempts.append(attempt)

    def add_unrecorded(self, record: Record, workspace_id: str, reason: str) -> None:
        """Mark an entry as uncertain: a job that fits exists, but no request was recorded."""
        attempt = self.new_attempt(record, workspace_id)
        attempt.state, attempt.reason = State.UNRECORDED, reason
        attempt.known = frozenset(self.known_jobs(attempt.scope))
        self._insert(record, attempt, ())
        record.attempts.append(attempt)

    def _insert(self, record: Record, attempt: Attempt, known: Iterable[str]) -> None:
        with self._writing() as connection:
            try:
                cursor = connection.execute(
                    "INSERT INTO attempts (entry_id, number, state, sent_at, workspace_id, reason) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        record.index,
                        attempt.number,
                        attempt.state,
                        attempt.sent_at.isoformat(),
                        attempt.workspace_id,
                        storable(attempt.reason),
                    ),
                )
            except sqlite3.IntegrityError as error:
                if error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_UNIQUE:
                    raise self._taken_over() from error
                raise
            attempt.id = int(cursor.lastrowid or 0)
            connection.executemany(
                "INSERT OR IGNORE INTO known_jobs VALUES (?, ?, ?, ?)",
                [(*attempt.scope, job_id, attempt.id) for job_id in known],
            )

    def mark_executed(self, attempt: Attempt, job: Job) -> None:
        """Record the job of an attempt, which the ledger has given to it."""
        with self._concluding(attempt) as connection:
            connection.execute(
                "UPDATE attempts SET state = ?, job_id = ?, job = ?, reason = NULL WHERE id = ?",
                (State.EXECUTED, job.id, job_to_json(job), attempt.id),
            )
        self._jobs.add(job.id)
        attempt.reason = None
        if attempt.state is not State.EXECUTED:
            self.ledger.move(attempt, State.EXECUTED, job)

    def mark_uncertain(self, attempt: Attempt, reason: str) -> None:
        """Record that it isn't known what became of an attempt."""
        self._conclude(attempt, State.UNCERTAIN, reason)

    def mark_refused(self, attempt: Attempt, reason: str) -> None:
        """Record that the server refused a request."""
        self._conclude(attempt, State.REFUSED, reason)

    def mark_not_found(self, attempt: Attempt, reason: str) -> None:
        """Record that no job of an attempt was listed in time, or that people gave it up."""
        self._conclude(attempt, State.NOT_FOUND, reason)

    def discard_attempt(self, record: Record, attempt: Attempt, reason: str | None) -> None:
        """Forget an attempt that left nothing at the server."""
        with self._concluding(attempt) as connection:
            connection.execute(
                "DELETE FROM attempts WHERE id = ? AND job_id IS NULL", (attempt.id,)
            )
            connection.execute(
                "UPDATE entries SET reason = ? WHERE id = ?", (storable(reason), record.index)
            )
        record.attempts.remove(attempt)
        record.reason = reason

    def save_jobs(self, found: Sequence[tuple[Attempt, Job]]) -> None:
        """Record how jobs stand now, all in one transaction."""
        with self._writing() as connection:
            connection.executemany(
                "UPDATE attempts SET job = ? WHERE id = ?",
                [(job_to_json(job), attempt.id) for attempt, job in found],
            )
        for attempt, job in found:
            if attempt.job is None:
                attempt.job = job
            else:
                attempt.job._update(job)

    def save_files(self, attempt: Attempt, files: dict[str, Any]) -> None:
        """Record which files were downloaded, and as what."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE attempts SET files = ? WHERE id = ?", (json.dumps(files), attempt.id)
            )
        attempt.files = files

    def _conclude(self, attempt: Attempt, state: State, reason: str) -> None:
        with self._concluding(attempt) as connection:
            # Whoever had the journal before may have got the response after all.
            (job,) = connection.execute(
                "SELECT job FROM attempts WHERE id = ?", (attempt.id,)
            ).fetchone()
            if job is None:
                connection.execute(
                    "UPDATE attempts SET state = ?, reason = ? WHERE id = ?",
                    (state, storable(reason), attempt.id),
                )
        if job is not None:
            self.mark_executed(attempt, Job.from_metadata(json.loads(job), self.session))
            return
        attempt.reason = reason
        if attempt.state is not state:
            self.ledger.move(attempt, state)

    def require_writable(self) -> None:
        """Raise JournalError where nothing can be noted: before requests, not after them."""
        self._require_open()
        if self.is_inherited:
            raise JournalError(
                f"The journal {self.path or 'in memory'} belongs to process {self._pid}, from "
                f"which this one ({os.getpid()}) was forked: only that one may execute."
            )
        if self.is_read_only:
            raise JournalError(
                f"The journal {self.path} was opened for reading only: open it with "
                "Batch.resume(path) to change something."
            )

    def __reduce__(self) -> tuple[Any, ...]:
        how = (
            "Keep it where it is: its journal is in memory"
            if self.path is None
            else f"Open it there with Batch.resume({self.path!r}, read_only=True)"
        )
        raise JournalError(
            f"A batch can't be pickled, as one process runs it. {how}; its `jobs` can be pickled."
        )

    def _require_open(self) -> None:
        if self.is_closed:
            raise JournalError(
                f"The journal {self.path or 'in memory'} is closed: open the batch again."
            )

    def _remember(self, record: Record) -> None:
        self.records.append(record)
        self._known[record.fingerprint, record.duplicate] = record

    @contextmanager
    def _concluding(self, attempt: Attempt) -> Iterator[sqlite3.Connection]:
        """Write what became of an attempt; if that fails it is uncertain, also to a successor.

        This is a fact, which a successor wants to know: it is written by a former writer, too.
        """
        try:
            with self._changing() as connection:
                yield connection
        except BaseException:
            self.ledger.move(attempt, State.UNCERTAIN)
            raise

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Change the file, unless another program has taken the journal over."""
        with self._changing() as connection:
            (writer,) = connection.execute(
                "SELECT value FROM facts WHERE name = 'writer'"
            ).fetchone()
            if writer != self.writer:
                raise self._taken_over()
            yield connection

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        with self._guard:
            self.require_writable()
            try:
                try:
                    # Inside, as Ctrl-C may strike right after it.
                    self.connection.execute("BEGIN IMMEDIATE")
                    yield self.connection
                    self.connection.execute("COMMIT")
                except BaseException:
                    # SQLite may have rolled back by itself, for instance on a full disk.
                    with suppress(sqlite3.Error):
                        self.connection.execute("ROLLBACK")
                    raise
            # The second one: text that SQLite can't store.
            except (sqlite3.Error, UnicodeEncodeError) as error:
                raise JournalError(
                    f"The journal {self.path or 'in memory'} can't be written: {error}. Nothing "
                    "more is executed; what was written stays. Free some space or correct the "
                    "permissions, then continue with Batch.resume(path)."
                ) from error

    def _taken_over(self) -> JournalLockedError:
        return JournalLockedError(
            f"Another program has opened the journal {self.path or 'in memory'} and continues the "
            "batch: this one sends nothing more. Batch.resume(path, read_only=True) shows how the "
            "batch stands."
        )

    def _require_file(self) -> None:
        """Raise JournalError if what is written would be lost with this process."""
        if self.path is not None and identity(self.path) != self._file:
            raise JournalError(
                f"The file of the journal {self.path} was deleted, moved, or replaced while it was "
                "open: nothing more is executed. Bring it back and continue with "
                "Batch.resume(path); to begin a new one, close this batch first."
            )


def identity(path: str) -> tuple[int, int] | None:
    """Return what tells a file from another one with the same path; None if there is none."""
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def listed_fact(scope: Scope) -> str:
    return f"listed {json.dumps(scope)}"


def storable(text: str | None) -> str | None:
    """Return a string without halves of surrogate pairs, which SQLite can't store."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode()


def release(connection: sqlite3.Connection, lock: FileLock | None, pid: int) -> None:
    if os.getpid() != pid:
        # A forked process has inherited what isn't its own: to unlock it would unlock the other.
        return
    connection.close()
    if lock is not None:
        lock.release()
