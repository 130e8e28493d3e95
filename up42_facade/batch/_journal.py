"""The journal of a batch: an SQLite file from which a batch can be resumed after a crash."""

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

from attrs import asdict

from up42_facade.batch._entry import Attempt, BatchEntry
from up42_facade.errors import JournalError, JournalLockedError
from up42_facade.processing import Cost, Job, ValidationError
from up42_facade.processing._ledger import OPEN, Ledger, Scope, State, ledgers
from up42_facade.session import Session

if TYPE_CHECKING:
    from filelock import FileLock

# "UP42" in ASCII: tells a journal from any other SQLite file.
APPLICATION_ID = 0x55503432
VERSION = 1
TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    duplicate INTEGER NOT NULL,
    process_id TEXT NOT NULL,
    workspace_id TEXT,
    inputs TEXT NOT NULL,
    geometry TEXT,
    cost TEXT,
    errors TEXT,
    estimated_at TEXT,
    reason TEXT,
    UNIQUE (fingerprint, duplicate)
);
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entry_id INTEGER NOT NULL REFERENCES entries (id),
    number INTEGER NOT NULL,
    state TEXT NOT NULL,
    sent_at TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    job_id TEXT UNIQUE,
    job TEXT,
    reason TEXT,
    files TEXT,
    UNIQUE (entry_id, number)
);
CREATE TABLE known_jobs (
    process_id TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    job_id TEXT NOT NULL,
    before_attempt INTEGER NOT NULL,
    PRIMARY KEY (process_id, workspace_id, job_id)
) WITHOUT ROWID;
"""

# States of attempts whose job might still be found.
UNSETTLED = OPEN | {State.NOT_FOUND, State.UNRECORDED}


class Journal:
    """The entries of a batch, kept in memory and, if it has a path, on disk.

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
        self.entries: list[BatchEntry] = []
        # Held while requests that start jobs are sent.
        self.executing = threading.Lock()
        # Held while templates are compared with the entries and added.
        self.entering = threading.Lock()
        self.connection = connection
        # Identifies the journal, in copies of its file too.
        self.name = ""
        # Recorded in the file: the last program that opened it for writing owns the journal.
        self.writer = uuid.uuid4().hex
        self._file = None if path is None else identity(path)
        # How many of the known jobs of a scope are in the file.
        self._saved: dict[Scope, int] = {}
        self._pid = os.getpid()
        self._guard = threading.RLock()
        self._known: dict[tuple[str, int], BatchEntry] = {}
        self._jobs: set[str] = set()
        self._finalizer = weakref.finalize(self, release, connection, lock, self._pid)

    @property
    def is_closed(self) -> bool:
        return not self._finalizer.alive

    @property
    def is_inherited(self) -> bool:
        """True in a Python process that was forked from the one that opened it."""
        return os.getpid() != self._pid

    def close(self) -> None:
        """Close the file and release its lock."""
        with self._guard:
            self._finalizer()

    def hand_to(self, session: Session) -> None:
        """Continue with another session of the same account."""
        self.session = session
        self._move_to(ledgers.of(session))
        for entry in self.entries:
            entry._session = session
            if entry._template is not None and entry._template._session is not session:
                entry._template = None
            for attempt in entry.attempts:
                if attempt.job is not None:
                    attempt.job._session = session

    def acquire(self) -> None:
        """Become the only writer, and mark what was in flight as uncertain."""
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
        latest = [entry.attempts[-1] for entry in self.entries if entry.attempts]
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
        """Read all entries as of one moment: another program might be writing."""
        self.connection.execute("BEGIN")
        try:
            # Read now and parsed afterwards: a writer waits for the end of this.
            [(self.name,)] = self.connection.execute(
                "SELECT value FROM facts WHERE name = 'journal'"
            ).fetchall()
            entries = self.connection.execute(
                "SELECT id, process_id, workspace_id, inputs, fingerprint, duplicate, geometry, "
                "cost, errors, estimated_at, reason FROM entries ORDER BY id"
            ).fetchall()
            attempts = self.connection.execute(
                "SELECT id, entry_id, number, state, sent_at, workspace_id, job, reason, files "
                "FROM attempts ORDER BY entry_id, number"
            ).fetchall()
        finally:
            self.connection.execute("COMMIT")
        self.entries = []
        for id, process_id, workspace_id, inputs, mark, duplicate, geometry, *estimate in entries:
            cost, errors, estimated_at, reason = estimate
            self._remember(
                BatchEntry(
                    id,
                    process_id,
                    workspace_id,
                    json.loads(inputs),
                    self.session,
                    mark,
                    duplicate,
                    geometry,
                    None if cost is None else Cost(**json.loads(cost)),
                    errors_from_json(errors),
                    None if estimated_at is None else dt.datetime.fromisoformat(estimated_at),
                    reason,
                )
            )
        for id, index, number, state, sent_at, workspace_id, job, reason, files in attempts:
            entry = self.entries[index]
            attempt = self.new_attempt(entry, workspace_id, number)
            attempt.id, attempt.state, attempt.reason = id, State(state), reason
            attempt.sent_at = dt.datetime.fromisoformat(sent_at)
            attempt.files = None if files is None else json.loads(files)
            entry.attempts.append(attempt)
            if job is not None:
                attempt.job = Job.from_metadata(json.loads(job), self.session)
                self._jobs.add(attempt.job.id)
        for entry in self.entries:
            for attempt in entry.attempts[-1:]:
                if attempt.state in UNSETTLED:
                    attempt.known = self._known_before(attempt)

    def new_attempt(
        self, entry: BatchEntry, workspace_id: str, number: int | None = None
    ) -> Attempt:
        """Return the next attempt of an entry, which `begin` records, or one with a number."""
        if number is None:
            number = max((attempt.number for attempt in entry.attempts), default=0) + 1
        return Attempt(
            process_id=entry.process_id,
            workspace_id=workspace_id,
            inputs=entry._inputs,
            entry=(self.name, entry.index),
            key=(self.name, entry.index, number),
            number=number,
        )

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
        query = "SELECT job_id FROM known_jobs WHERE process_id = ? AND workspace_id = ?"
        with self._guard:
            self._require_open()
            return {job_id for (job_id,) in self.connection.execute(query, scope)}

    def has_known_jobs(self, scope: Scope) -> bool:
        """Return whether the jobs that existed before the first request were recorded."""
        query = "SELECT 1 FROM facts WHERE name = ?"
        with self._guard:
            self._require_open()
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
                # There might be no job yet, which has to be known, too.
                connection.execute(
                    "INSERT OR IGNORE INTO facts VALUES (?, '')", (listed_fact(scope),)
                )
            self._saved[scope] = saved + len(known)

    def find(self, mark: str, duplicate: int) -> BatchEntry | None:
        return self._known.get((mark, duplicate))

    def attempts(self) -> Iterator[Attempt]:
        """Yield all attempts of all entries."""
        return (attempt for entry in self.entries for attempt in entry.attempts)

    def jobs(self) -> list[Job]:
        """Return the jobs of all attempts, in the order of their requests."""
        attempts = sorted(self.attempts(), key=lambda attempt: attempt.id)
        return [attempt.job for attempt in attempts if attempt.job is not None]

    def is_claimed(self, job: Job) -> bool:
        """Return whether a job already belongs to an entry."""
        return job.id in self._jobs

    def is_elsewhere(self, job: Job) -> bool:
        """Return whether a job belongs to an entry of another journal in this Python process."""
        owner = self.ledger.owner_of(job.id)
        # Single executions have no journal: their jobs can be assigned.
        return isinstance(owner, tuple) and owner[0] != self.name

    def add(self, entries: Sequence[BatchEntry]) -> None:
        """Append entries; their indices must follow."""
        with self._writing() as connection:
            connection.executemany(
                "INSERT INTO entries (id, fingerprint, duplicate, process_id, workspace_id, "
                "inputs, geometry) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (entry.index, entry.fingerprint, entry.duplicate, *content(entry))
                    for entry in entries
                ],
            )
        # Only what is on disk may be executed: its attempts refer to it.
        for entry in entries:
            self._remember(entry)

    def replace(self, entry: BatchEntry, other: BatchEntry) -> None:
        """Replace the template of an entry."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE entries SET fingerprint = ?, process_id = ?, workspace_id = ?, inputs = ?, "
                "geometry = ?, cost = NULL, errors = NULL, estimated_at = NULL, reason = NULL "
                "WHERE id = ?",
                (other.fingerprint, *content(other), entry.index),
            )
            connection.execute(
                "DELETE FROM attempts WHERE entry_id = ? AND state = ?",
                (entry.index, State.NOT_FOUND),
            )
        entry.attempts = [a for a in entry.attempts if a.state is not State.NOT_FOUND]
        del self._known[entry.fingerprint, entry.duplicate]
        self._known[other.fingerprint, entry.duplicate] = entry
        entry.fingerprint, entry.process_id = other.fingerprint, other.process_id
        entry.workspace_id, entry._inputs = other.workspace_id, other._inputs
        entry._geometry, entry._template = other._geometry, other._template
        entry.cost = entry._errors = entry.estimated_at = entry._reason = None

    def save_estimates(self, entries: Iterable[BatchEntry]) -> None:
        """Record the results of validations and estimates."""
        rows = [
            (
                None if entry.cost is None else json.dumps(asdict(entry.cost)),
                errors_to_json(entry._errors),
                None if entry.estimated_at is None else entry.estimated_at.isoformat(),
                entry._geometry,
                entry._reason,
                entry.index,
            )
            for entry in entries
        ]
        with self._writing() as connection:
            connection.executemany(
                "UPDATE entries SET cost = ?, errors = ?, estimated_at = ?, geometry = ?, "
                "reason = ? WHERE id = ?",
                rows,
            )

    def begin(self, entry: BatchEntry, attempt: Attempt) -> None:
        """Record a request before it is sent, and the jobs that exist before it.

        Raises:
            JournalLockedError: If another program has opened the journal, or has recorded a
                request for this entry. Nothing must be sent then.
            JournalError: If the file is gone or can't be written. Nothing must be sent then.
        """
        self._require_file()
        attempt.sent_at = dt.datetime.now(dt.UTC)
        with self._guard:
            saved = self._saved.get(attempt.scope, 0)
            known = self.ledger.seen_before(attempt, saved)
            self._insert(entry, attempt, known)
            self._saved[attempt.scope] = saved + len(known)

    def add_unrecorded(self, entry: BatchEntry, workspace_id: str, reason: str) -> None:
        """Mark an entry as uncertain: a job that fits exists, but no request was recorded."""
        attempt = self.new_attempt(entry, workspace_id)
        attempt.state, attempt.reason = State.UNRECORDED, reason
        attempt.known = frozenset(self.known_jobs(attempt.scope))
        self._insert(entry, attempt, ())

    def _insert(self, entry: BatchEntry, attempt: Attempt, known: Iterable[str]) -> None:
        with self._writing() as connection:
            try:
                cursor = connection.execute(
                    "INSERT INTO attempts (entry_id, number, state, sent_at, workspace_id, reason) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        entry.index,
                        attempt.number,
                        attempt.state,
                        attempt.sent_at.isoformat(),
                        attempt.workspace_id,
                        storable(attempt.reason),
                    ),
                )
            except sqlite3.IntegrityError as error:
                if error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_UNIQUE:
                    raise self._lost() from error
                raise
            attempt.id = int(cursor.lastrowid or 0)
            connection.executemany(
                "INSERT OR IGNORE INTO known_jobs VALUES (?, ?, ?, ?)",
                [(*attempt.scope, job_id, attempt.id) for job_id in known],
            )
        entry.attempts.append(attempt)

    def mark_executed(self, attempt: Attempt, job: Job) -> None:
        """Record the job of an attempt, which the ledger has assigned to it."""
        with self._concluding(attempt) as connection:
            connection.execute(
                "UPDATE attempts SET state = ?, job_id = ?, job = ?, reason = NULL WHERE id = ?",
                (State.EXECUTED, job.id, json.dumps(job.to_metadata()), attempt.id),
            )
        self._jobs.add(job.id)
        attempt.reason = None
        if attempt.state is not State.EXECUTED:
            self.ledger.move(attempt, State.EXECUTED, job)

    def mark(self, attempt: Attempt, state: State, reason: str) -> None:
        """Record that an attempt is uncertain, refused, or not found."""
        with self._concluding(attempt) as connection:
            # The former owner of the journal might have received the response after all.
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

    def discard_attempt(self, entry: BatchEntry, attempt: Attempt, reason: str | None) -> None:
        """Forget an attempt that left nothing on the server."""
        with self._concluding(attempt) as connection:
            connection.execute(
                "DELETE FROM attempts WHERE id = ? AND job_id IS NULL", (attempt.id,)
            )
            connection.execute(
                "UPDATE entries SET reason = ? WHERE id = ?", (storable(reason), entry.index)
            )
        entry.attempts.remove(attempt)
        entry._reason = reason

    def save_jobs(self, found: Sequence[tuple[Attempt, Job]]) -> None:
        """Record the current state of jobs, all in one transaction."""
        with self._writing() as connection:
            connection.executemany(
                "UPDATE attempts SET job = ? WHERE id = ?",
                [(json.dumps(job.to_metadata()), attempt.id) for attempt, job in found],
            )
        for attempt, job in found:
            attempt.job = job if attempt.job is None else attempt.job._update(job)

    def save_files(self, attempt: Attempt, files: dict[str, Any]) -> None:
        """Record the downloaded files of an attempt's job; see `Attempt.files`."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE attempts SET files = ? WHERE id = ?", (json.dumps(files), attempt.id)
            )
        attempt.files = files

    def require_writable(self) -> None:
        """Raise JournalError if nothing can be recorded: before requests, not after them."""
        self._require_open()
        if self.is_inherited:
            raise JournalError(
                f"The journal {self.path or 'in memory'} belongs to the Python process {self._pid},"
                f" from which this one ({os.getpid()}) was forked: only that one may execute."
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
            "A batch can't be pickled, because one Python process runs it. "
            f"{how}; its `jobs` can be pickled."
        )

    def _require_open(self) -> None:
        if self.is_closed:
            raise JournalError(
                f"The journal {self.path or 'in memory'} is closed: open the batch again."
            )

    def _remember(self, entry: BatchEntry) -> None:
        self.entries.append(entry)
        self._known[entry.fingerprint, entry.duplicate] = entry

    @contextmanager
    def _concluding(self, attempt: Attempt) -> Iterator[sqlite3.Connection]:
        """Record the outcome of an attempt; if that fails it is uncertain, also to a successor.

        The successor needs this fact, so a former owner of the journal may write it, too.
        """
        try:
            with self._changing() as connection:
                yield connection
        except BaseException:
            self.ledger.move(attempt, State.UNCERTAIN)
            raise

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Change the file, unless another program has opened the journal since."""
        with self._changing() as connection:
            (writer,) = connection.execute(
                "SELECT value FROM facts WHERE name = 'writer'"
            ).fetchone()
            if writer != self.writer:
                raise self._lost()
            yield connection

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        with self._guard:
            self.require_writable()
            try:
                try:
                    # Inside, as Ctrl-C might strike right after it.
                    self.connection.execute("BEGIN IMMEDIATE")
                    yield self.connection
                    self.connection.execute("COMMIT")
                except BaseException:
                    # SQLite might have rolled back by itself, for example on a full disk.
                    with suppress(sqlite3.Error):
                        self.connection.execute("ROLLBACK")
                    raise
            # The second one: strings that SQLite can't store.
            except (sqlite3.Error, UnicodeEncodeError) as error:
                raise JournalError(
                    f"The journal {self.path or 'in memory'} can't be written: {error}. Nothing "
                    "more is executed; what was written stays. Free some space or correct the "
                    "permissions, then continue with Batch.resume(path)."
                ) from error

    def _lost(self) -> JournalLockedError:
        return JournalLockedError(
            f"Another program has opened the journal {self.path or 'in memory'} and continues the "
            "batch: this one sends nothing more. Batch.resume(path, read_only=True) shows the "
            "state of the batch."
        )

    def _require_file(self) -> None:
        """Raise JournalError if what is written would be lost with this Python process."""
        if self.path is not None and identity(self.path) != self._file:
            raise JournalError(
                f"The file of the journal {self.path} was deleted, moved, or replaced while it was "
                "open: nothing more is executed. Bring it back and continue with "
                "Batch.resume(path); to begin a new one, close this batch first."
            )


def create_tables(connection: sqlite3.Connection) -> None:
    """Create the tables within the open transaction."""
    # executescript() would commit it.
    for statement in TABLES.split(";"):
        if statement.strip():
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def check_tables(connection: sqlite3.Connection, path: str) -> None:
    """Check that a database is a complete journal of this version.

    Raises:
        JournalError: If the file contains other data, is damaged, or another version wrote it.
    """
    if pragma(connection, "application_id") != APPLICATION_ID:
        raise JournalError(
            f"{path!r} is an SQLite file, but not a journal of a batch. Choose another path."
        )
    version = pragma(connection, "user_version")
    if version != VERSION:
        raise JournalError(
            f"The journal {path!r} has schema version {version}, this package reads version "
            f"{VERSION}: open it with the version of up42-facade that wrote it, or update."
        )
    found = pragma(connection, "quick_check(1)")
    if found != "ok":
        raise sqlite3.DatabaseError(str(found))


def pragma(connection: sqlite3.Connection, name: str) -> Any:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return value


def content(entry: BatchEntry) -> tuple[str | None, ...]:
    """Return the columns of an entry that its template determines."""
    inputs = json.dumps(entry._inputs)
    return entry.process_id, entry.workspace_id, inputs, entry._geometry


def errors_to_json(errors: Iterable[ValidationError] | None) -> str | None:
    if errors is None:
        return None
    return json.dumps([[error.name, error.message] for error in sorted(errors)])


def errors_from_json(text: str | None) -> frozenset[ValidationError] | None:
    if text is None:
        return None
    return frozenset(ValidationError(message, name) for name, message in json.loads(text))


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
        # A forked process inherited what isn't its own: to unlock it would unlock the other.
        return
    connection.close()
    if lock is not None:
        lock.release()
