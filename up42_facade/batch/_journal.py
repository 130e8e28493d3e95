"""The journal of a batch: an SQLite file from which a batch can be resumed after a crash.

One program at a time has it open for writing, and only for its own account.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sqlite3
import threading
import uuid
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from attrs import asdict
from filelock import FileLock, Timeout

from up42_facade._common.paths import expanded
from up42_facade.batch._entries import Attempt, BatchEntry
from up42_facade.errors import InvalidInputError, JournalError, JournalLockedError
from up42_facade.processing import (
    OPEN,
    Assessment,
    Cost,
    Job,
    Scope,
    State,
    ValidationError,
    account_of,
    ledgers,
)
from up42_facade.session import Session

# Seconds that a reader waits for a writer, and the other way round.
BUSY_TIMEOUT = 10.0
# Seconds to wait for the lock: another thread might be about to release it.
LOCK_TIMEOUT = 0.5
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
    assessment TEXT,
    reason TEXT,
    UNIQUE (fingerprint, duplicate)
);
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entry_id INTEGER NOT NULL REFERENCES entries (id),
    number INTEGER NOT NULL,
    state TEXT NOT NULL,
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
KNOW = "INSERT OR IGNORE INTO known_jobs VALUES (?, ?, ?, ?)"
# What a replaced entry takes over from the new one, which has no estimate.
REPLACED = (
    "fingerprint", "process_id", "workspace_id", "_inputs", "_template", "_assessment", "_reason",
)  # fmt: skip
# Among the known jobs, this stands for the listing: there might be no job, which counts, too.
LISTED = ""
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
        lock: FileLock | None = None,
        *,
        is_read_only: bool = False,
    ) -> None:
        self.connection = connection
        self.path = path
        self.session = session
        # What this Python process knows about the account's jobs, other batches included.
        self.ledger = ledgers.of(session)
        self.is_read_only = is_read_only
        self.entries: list[BatchEntry] = []
        self._executing = threading.Lock()
        # Held while templates are compared with the entries and added.
        self.entering = threading.Lock()
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
        self._finalizer = weakref.finalize(self, release, connection, lock, self._pid)

    @property
    def is_usable(self) -> bool:
        """False once it is closed, and in a process that was forked from the one that opened it."""
        return self._finalizer.alive and os.getpid() == self._pid

    def close(self) -> None:
        """Close the file and release its lock."""
        with self._guard:
            self._finalizer()

    def acquire(self) -> None:
        """Become the only writer, and mark what was in flight as uncertain."""
        with self._writing(as_owner=False) as connection:
            connection.execute(
                "INSERT OR REPLACE INTO facts (name, value) VALUES ('writer', ?)", (self.writer,)
            )
            connection.execute(
                "UPDATE attempts SET state = ? WHERE state = ?", (State.UNCERTAIN, State.SENT)
            )
        self.load()
        self._register()

    def _register(self) -> None:
        """Let the ledger know the attempts and jobs."""
        latest = [entry.attempts[-1] for entry in self.entries if entry.attempts]
        for attempt in latest:
            if attempt.state in UNSETTLED:
                attempt.known = self._known_before(attempt)
        owners = {a.job.id: a.key for a in self.attempts() if a.job is not None}
        self.ledger.restore([a for a in latest if a.state in OPEN], owners)

    def load(self) -> None:
        """Read all entries as of one moment: another program might be writing."""
        self.connection.execute("BEGIN")
        try:
            # Read now and parsed afterwards: a writer waits for the end of this.
            [(self.name,)] = self._read("SELECT value FROM facts WHERE name = 'journal'")
            entries = self._read(
                "SELECT id, process_id, workspace_id, inputs, fingerprint, duplicate, "
                "assessment, reason FROM entries ORDER BY id"
            )
            attempts = self._read(
                "SELECT id, entry_id, number, state, workspace_id, job, reason, files "
                "FROM attempts ORDER BY entry_id, number"
            )
        finally:
            self.connection.execute("COMMIT")
        session = self.session
        for id, process_id, workspace_id, text, mark, duplicate, assessment, reason in entries:
            inputs = json.loads(text)
            assessed = assessment_from_json(assessment, inputs)
            entry = BatchEntry(
                id, process_id, workspace_id, inputs, session, mark, duplicate, assessed, reason
            )
            self._remember(entry)
        for id, index, number, state, workspace_id, job, reason, files in attempts:
            entry = self.entries[index]
            attempt = self.new_attempt(entry, workspace_id, number)
            attempt.id, attempt.state, attempt.reason = id, State(state), reason
            attempt.files = None if files is None else json.loads(files)
            attempt.job = None if job is None else job_from_json(job, session)
            entry.attempts.append(attempt)

    def new_attempt(
        self, entry: BatchEntry, workspace_id: str | None = None, number: int | None = None
    ) -> Attempt:
        """Return the next attempt of an entry, which `begin` records, or one with a number."""
        if number is None:
            number = max((attempt.number for attempt in entry.attempts), default=0) + 1
        return Attempt(
            process_id=entry.process_id,
            workspace_id=workspace_id or entry._scope[1],
            inputs=entry._inputs,
            entry=(self.name, entry.index),
            key=(self.name, entry.index, number),
            number=number,
        )

    def known_jobs(self, scope: Scope) -> set[str]:
        """Return the IDs of the jobs that existed before requests; empty if none were listed."""
        query = "SELECT job_id FROM known_jobs WHERE process_id = ? AND workspace_id = ?"
        return {job_id for (job_id,) in self._read(query, *scope)}

    def _known_before(self, attempt: Attempt) -> frozenset[str]:
        query = (
            "SELECT job_id FROM known_jobs WHERE process_id = ? AND workspace_id = ? AND "
            "before_attempt <= ? UNION SELECT job_id FROM attempts WHERE job_id IS NOT NULL "
            "AND id < ?"
        )
        rows = self._read(query, *attempt.scope, attempt.id, attempt.id)
        return frozenset(job_id for (job_id,) in rows)

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """Allow only one thread at a time to resolve requests or send new ones."""
        if not self._executing.acquire(blocking=False):
            raise JournalLockedError("Another thread is executing this batch: wait for it.")
        try:
            yield
        finally:
            self._executing.release()

    def find(self, mark: str, duplicate: int) -> BatchEntry | None:
        return self._known.get((mark, duplicate))

    def attempts(self) -> Iterator[Attempt]:
        """Yield all attempts of all entries."""
        return (attempt for entry in self.entries for attempt in entry.attempts)

    def jobs(self) -> list[Job]:
        """Return the jobs of all attempts, in the order of their requests."""
        attempts = sorted(self.attempts(), key=lambda attempt: attempt.id)
        return [attempt.job for attempt in attempts if attempt.job is not None]

    def is_taken(self, job: Job) -> bool:
        """Return whether a job belongs to an entry, here or in another open journal."""
        owner = self.ledger.owner_of(job.id)
        # Single executions have no journal: their jobs can be assigned.
        is_elsewhere = isinstance(owner, tuple) and owner[0] != self.name
        return is_elsewhere or any(job.id == known.id for known in self.jobs())

    def add(self, entries: Sequence[BatchEntry]) -> None:
        """Append entries; their indices must follow."""
        self._write(
            "INSERT INTO entries (id, fingerprint, duplicate, process_id, workspace_id, inputs) "
            "VALUES (?, ?, ?, ?, ?, ?)",
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
                "assessment = NULL, reason = NULL WHERE id = ?",
                (other.fingerprint, *content(other), entry.index),
            )
            connection.execute(
                "DELETE FROM attempts WHERE entry_id = ? AND state = ?",
                (entry.index, State.NOT_FOUND),
            )
        entry.attempts = [a for a in entry.attempts if a.state is not State.NOT_FOUND]
        del self._known[entry.fingerprint, entry.duplicate]
        self._known[other.fingerprint, entry.duplicate] = entry
        for name in REPLACED:
            setattr(entry, name, getattr(other, name))

    def save_estimates(self, entries: Iterable[BatchEntry]) -> None:
        """Record the results of validations and estimates."""
        self._write(
            "UPDATE entries SET assessment = ?, reason = ? WHERE id = ?",
            [(assessment_to_json(e._assessment), e._reason, e.index) for e in entries],
        )

    def save_known_jobs(self, scope: Scope) -> None:
        """Record the jobs that exist before the first request for a process in a workspace."""
        self._require_file()
        known = [LISTED, *self.ledger.seen(scope)]
        self._write(KNOW, [(*scope, job_id, 0) for job_id in known])

    def begin(self, entry: BatchEntry, attempt: Attempt) -> None:
        """Record a request before it is sent, and the jobs that exist before it.

        Raises:
            JournalError: If it can't be recorded: nothing must be sent then.
        """
        self._require_file()
        with self._guard:
            saved = self._saved.get(attempt.scope, 0)
            known = self.ledger.seen_before(attempt, saved)
            self._insert(entry, attempt, known)
            self._saved[attempt.scope] = saved + len(known)

    def add_unrecorded(self, entry: BatchEntry, attempt: Attempt, reason: str) -> None:
        """Mark an entry as uncertain: a job that fits exists, but no request was recorded."""
        attempt.state, attempt.reason = State.UNRECORDED, reason
        attempt.known = frozenset(self.known_jobs(attempt.scope))
        self._insert(entry, attempt)

    def _insert(self, entry: BatchEntry, attempt: Attempt, known: Sequence[str] = ()) -> None:
        reason = storable(attempt.reason)
        row = (entry.index, attempt.number, attempt.state, attempt.workspace_id, reason)
        with self._writing() as connection:
            cursor = connection.execute(
                "INSERT INTO attempts (entry_id, number, state, workspace_id, reason) "
                "VALUES (?, ?, ?, ?, ?)",
                row,
            )
            attempt.id = int(cursor.lastrowid or 0)
            rows = [(*attempt.scope, job_id, attempt.id) for job_id in known]
            connection.executemany(KNOW, rows)
        entry.attempts.append(attempt)

    def mark_executed(self, attempt: Attempt, job: Job) -> None:
        """Record the job of an attempt, which the ledger has assigned to it."""
        with self._concluding(attempt) as connection:
            connection.execute(
                "UPDATE attempts SET state = ?, job_id = ?, job = ?, reason = NULL WHERE id = ?",
                (State.EXECUTED, job.id, json.dumps(job.to_metadata()), attempt.id),
            )
        attempt.reason = None
        if attempt.state is not State.EXECUTED:
            self.ledger.move(attempt, State.EXECUTED, job)

    def mark(self, attempt: Attempt, state: State, reason: str) -> None:
        """Record that an attempt is uncertain, refused, or not found."""
        with self._concluding(attempt) as connection:
            # The former owner of the journal might have received the response after all.
            query = "SELECT job FROM attempts WHERE id = ?"
            (job,) = connection.execute(query, (attempt.id,)).fetchone()
            if job is None:
                connection.execute(
                    "UPDATE attempts SET state = ?, reason = ? WHERE id = ?",
                    (state, storable(reason), attempt.id),
                )
        if job is not None:
            self.mark_executed(attempt, job_from_json(job, self.session))
            return
        attempt.reason = reason
        if attempt.state is not state:
            self.ledger.move(attempt, state)

    def discard_attempt(self, entry: BatchEntry, attempt: Attempt, reason: str) -> None:
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
        self._write(
            "UPDATE attempts SET job = ? WHERE id = ?",
            [(json.dumps(job.to_metadata()), attempt.id) for attempt, job in found],
        )
        for attempt, job in found:
            attempt.job = job if attempt.job is None else attempt.job._update(job)

    def save_files(self, attempt: Attempt, files: dict[str, Any]) -> None:
        """Record the downloaded files of an attempt's job; see `Attempt.files`."""
        row = (json.dumps(files), attempt.id)
        self._write("UPDATE attempts SET files = ? WHERE id = ?", [row])
        attempt.files = files

    def require_writable(self) -> None:
        """Raise JournalError if nothing can be recorded: before requests, not after them."""
        self._require_open()
        if os.getpid() != self._pid:
            raise JournalError(
                f"The journal {self._label} belongs to the Python process {self._pid},"
                f" from which this one ({os.getpid()}) was forked: only that one may execute."
            )
        if self.is_read_only:
            raise JournalError(
                f"The journal {self._label} was opened for reading only: open it with "
                "Batch.resume(path) to change something."
            )

    def __reduce__(self) -> tuple[Any, ...]:
        raise JournalError(
            "A batch can't be pickled, because one Python process runs it. Elsewhere, open its "
            f"journal ({self._label}) with Batch.resume(path, read_only=True), or use its `jobs`, "
            "which can be pickled."
        )

    @property
    def _label(self) -> str:
        return self.path or "in memory"

    def _remember(self, entry: BatchEntry) -> None:
        self.entries.append(entry)
        self._known[entry.fingerprint, entry.duplicate] = entry

    def _read(self, query: str, *values: object) -> list[Any]:
        with self._guard:
            self._require_open()
            return self.connection.execute(query, values).fetchall()

    def _write(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        with self._writing() as connection:
            connection.executemany(statement, rows)

    @contextmanager
    def _concluding(self, attempt: Attempt) -> Iterator[sqlite3.Connection]:
        """Record the outcome of an attempt; if that fails it is uncertain, also to a successor.

        The successor needs this fact, so a former owner of the journal may write it, too.
        """
        try:
            with self._writing(as_owner=False) as connection:
                yield connection
        except BaseException:
            self.ledger.move(attempt, State.UNCERTAIN)
            raise

    @contextmanager
    def _writing(self, *, as_owner: bool = True) -> Iterator[sqlite3.Connection]:
        """Change the file, as its owner only if no other program has opened it since."""
        with self._guard:
            self.require_writable()
            try:
                # Inside, as Ctrl-C might strike right after it.
                self.connection.execute("BEGIN IMMEDIATE")
                query = "SELECT 1 FROM facts WHERE name = 'writer' AND value = ?"
                if as_owner and not self._read(query, self.writer):
                    raise JournalLockedError(
                        f"Another program has opened the journal {self._label} and continues the "
                        "batch: this one sends nothing more. Batch.resume(path, read_only=True) "
                        "shows the state of the batch."
                    )
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException as error:
                # SQLite might have rolled back by itself, for example on a full disk.
                with suppress(sqlite3.Error):
                    self.connection.execute("ROLLBACK")
                # The second one: strings that SQLite can't store.
                if not isinstance(error, sqlite3.Error | UnicodeEncodeError):
                    raise
                raise JournalError(
                    f"The journal {self._label} can't be written: {error}. Nothing more is "
                    "executed; what was written stays. Free some space or correct the "
                    "permissions, then continue with Batch.resume(path)."
                ) from error

    def _require_open(self) -> None:
        if not self._finalizer.alive:
            raise JournalError(f"The journal {self._label} is closed: open the batch again.")

    def _require_file(self) -> None:
        """Raise JournalError if what is written would be lost with this Python process."""
        if self.path is not None and identity(self.path) != self._file:
            raise JournalError(
                f"The file of the journal {self.path} was deleted, moved, or replaced while it was "
                "open: nothing more is executed. Bring it back and continue with "
                "Batch.resume(path); to begin a new one, close this batch first."
            )


# The journals that this Python process has open for writing. A notebook cell that runs again gets
# the journal that it had, instead of being locked out by its own former self.
_open: weakref.WeakValueDictionary[str, Journal] = weakref.WeakValueDictionary()
_opening = threading.Lock()


def open_journal(path: str | os.PathLike[str] | None, session: Session) -> Journal:
    """Open a journal for writing, and create it if it doesn't exist."""
    if path is None:
        return begin_journal(None, session)
    file = checked(path)
    with _opening:
        present = _open.get(str(file))
        if present is not None and present.is_usable:
            require_owner(present.connection, str(file), session)
            if present.session is session:
                return present
            # A journal has one session: the batch of the former one is closed.
            present.close()
        lock = lock_file(file)
        try:
            # Under the lock: another program or thread might be creating the journal.
            with readable(file):
                journal = begin_journal(str(file), session, lock)
        except BaseException:
            lock.release()
            raise
        _open[str(file)] = journal
        return journal


def read_journal(path: str | os.PathLike[str], session: Session) -> Journal:
    """Open a journal for reading only, also while another program runs the batch."""
    file = checked(path)
    if not file.exists():
        raise JournalError(
            f"Journal {str(file)!r} doesn't exist. Create one with Batch(templates, path=…)."
        )
    with (
        readable(file),
        # Not mode=ro: what a killed program left unfinished has to be rolled back first.
        connected(f"{file.as_uri()}?mode=rw") as connection,
    ):
        connection.execute("PRAGMA query_only = ON")
        require_journal(connection, str(file), session)
        journal = Journal(connection, str(file), session, is_read_only=True)
        journal.load()
    return journal


def begin_journal(path: str | None, session: Session, lock: FileLock | None = None) -> Journal:
    with connected(":memory:" if path is None else Path(path).as_uri()) as connection:
        # This also rolls back what a killed program left unfinished.
        connection.execute("BEGIN IMMEDIATE")
        if path is None or Path(path).stat().st_size == 0:
            create_tables(connection, session)
        else:
            require_journal(connection, path, session)
        connection.execute("COMMIT")
        # One file has everything once a transaction has ended: a copy of it is complete. A
        # write-ahead log would be a second one. EXTRA: a record that a power cut undoes could
        # make a job run twice.
        (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
        if mode not in ("delete", "memory"):
            raise sqlite3.OperationalError(f"its journal mode is {mode}, and it is in use")
        connection.execute("PRAGMA synchronous = EXTRA")
        journal = Journal(connection, path, session, lock)
        journal.acquire()
    return journal


@contextmanager
def connected(uri: str) -> Iterator[sqlite3.Connection]:
    """Connect to a database, which stays open unless the block fails."""
    connection = sqlite3.connect(
        uri,
        timeout=BUSY_TIMEOUT,
        isolation_level=None,
        # The journal's own lock lets one thread in at a time.
        check_same_thread=False,
        uri=True,
    )
    try:
        yield connection
    except BaseException:
        connection.close()
        raise


def create_tables(connection: sqlite3.Connection, session: Session) -> None:
    """Create a journal within the open transaction."""
    # executescript() would commit it.
    for statement in TABLES.split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
    facts = {
        "journal": uuid.uuid4().hex,
        "owner": account_of(session),
        "host": session.hosts.api,
        "writer": "",
    }
    connection.executemany("INSERT INTO facts (name, value) VALUES (?, ?)", facts.items())


def require_journal(connection: sqlite3.Connection, path: str, session: Session) -> None:
    """Check that a database is a complete journal of this version and account."""

    def pragma(name: str) -> Any:
        (value,) = connection.execute(f"PRAGMA {name}").fetchone()
        return value

    if pragma("application_id") != APPLICATION_ID:
        raise JournalError(
            f"{path!r} is an SQLite file, but not a journal of a batch. Choose another path."
        )
    version = pragma("user_version")
    if version != VERSION:
        raise JournalError(
            f"The journal {path!r} has schema version {version}, this package reads version "
            f"{VERSION}: open it with the version of up42-facade that wrote it, or update."
        )
    found = pragma("quick_check(1)")
    if found != "ok":
        raise sqlite3.DatabaseError(str(found))
    require_owner(connection, path, session)


def require_owner(connection: sqlite3.Connection, path: str, session: Session) -> None:
    facts = dict(connection.execute("SELECT name, value FROM facts"))
    if facts["host"] != session.hosts.api:
        raise JournalError(
            f"The journal {path!r} belongs to {facts['host']}, the session to "
            f"{session.hosts.api}. Authenticate there, or choose another path."
        )
    if facts["owner"] != account_of(session):
        raise JournalError(
            f"The journal {path!r} belongs to another account. Authenticate with that one, or "
            "choose another path."
        )


def checked(path: str | os.PathLike[str]) -> Path:
    """Return the absolute path of a journal that exists or can be created."""
    if not isinstance(path, str | os.PathLike) or not str(path):
        raise InvalidInputError(f"path={path!r}: expected the path of a file, or None.")
    try:
        file = expanded(path).resolve()
        has_folder, is_other = file.parent.is_dir(), file.exists() and not file.is_file()
    except OSError as error:
        reason = error.strerror
        raise JournalError(f"The journal {str(path)!r} can't be opened: {reason}.") from error
    if not has_folder:
        raise JournalError(
            f"The journal {str(path)!r} can't be created: there is no folder {file.parent}."
        )
    if is_other:
        raise JournalError(f"The journal {str(path)!r} can't be opened: this isn't a regular file.")
    return file


def lock_file(file: Path) -> FileLock:
    # The file stays when the lock is released: removing it would let two programs lock two
    # different files of one name.
    lock = FileLock(f"{file}.lock", timeout=LOCK_TIMEOUT, thread_local=False)
    try:
        lock.acquire(poll_interval=LOCK_TIMEOUT / 50)
    except Timeout as error:
        raise JournalLockedError(
            f"The journal {str(file)!r} is in use by another program. Wait for it or stop it; "
            "Batch.resume(path, read_only=True) shows the state of the batch."
        ) from error
    except OSError as error:
        raise JournalError(f"The journal {str(file)!r} can't be locked: {error}.") from error
    return lock


@contextmanager
def readable(file: Path) -> Iterator[None]:
    """Check that an empty file is a new journal, and explain what goes wrong while it is read."""
    try:
        if file.exists() and not file.stat().st_size:
            require_new(file)
        yield
    except (sqlite3.Error, OSError, ValueError, LookupError, TypeError) as error:
        if isinstance(error, InvalidInputError):
            raise
        raise JournalError(
            f"The journal {str(file)!r} can't be read: {error}. The file is damaged, in use, or "
            "not a journal. Bring it back from a backup, or check Job.all() before another "
            "journal executes the same templates a second time."
        ) from error


def require_new(file: Path) -> None:
    """Check that an empty file isn't the rest of a journal."""
    for suffix in ("-journal", "-wal"):
        rest = file.with_name(f"{file.name}{suffix}")
        # Here a rollback journal has the number of pages before its transaction, 0 if it was the
        # first one; the header of a write-ahead log has a random number.
        if rest.exists() and any(rest.read_bytes()[16:20]):
            raise JournalError(
                f"The journal {str(file)!r} is empty, but {rest.name} is next to it: a copy of the "
                "journal is incomplete, or its content was deleted. Bring it back from a backup, "
                "or check Job.all() before you begin a new one elsewhere."
            )


def content(entry: BatchEntry) -> tuple[str | None, ...]:
    """Return the columns of an entry that its template determines."""
    return entry.process_id, entry.workspace_id, json.dumps(entry._inputs)


def job_from_json(text: str, session: Session) -> Job:
    return Job.from_metadata(json.loads(text), session)


def assessment_to_json(assessment: Assessment | None) -> str | None:
    if assessment is None:
        return None
    known = {
        "errors": [asdict(error) for error in sorted(assessment.errors)],
        "cost": assessment.cost and asdict(assessment.cost),
        "at": assessment.at.isoformat(),
    }
    return json.dumps(known)


def assessment_from_json(text: str | None, inputs: Mapping[str, Any]) -> Assessment | None:
    if text is None:
        return None
    known = json.loads(text)
    return Assessment(
        frozenset(ValidationError(**error) for error in known["errors"]),
        known["cost"] and Cost(**known["cost"]),
        inputs,
        dt.datetime.fromisoformat(known["at"]),
    )


def identity(path: str) -> tuple[int, int] | None:
    """Return what tells a file from another one with the same path; None if there is none."""
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


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
