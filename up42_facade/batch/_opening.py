"""Open the journal of a batch: one process at a time, its own account, nobody else's file."""

from __future__ import annotations

import os
import sqlite3
import threading
import uuid
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from up42_facade.batch._journal import Journal
from up42_facade.batch._schema import check, create
from up42_facade.downloads._locations import expanded
from up42_facade.errors import (
    InvalidInputError,
    JournalError,
    JournalLockedError,
)
from up42_facade.processing._ledger import account_of
from up42_facade.session import Session

# Seconds that a reader waits for a writer, and the other way round.
BUSY_TIMEOUT = 10.0
LOCK_SUFFIX = ".lock"
MEMORY = ":memory:"
# An unfinished transaction leaves the first beside the file, or in other modes the second.
ROLLBACK_SUFFIX, WAL_SUFFIX = "-journal", "-wal"
SQLITE_HEADER = b"SQLite format 3\x00"
OPTIONS: dict[str, Any] = {
    "timeout": BUSY_TIMEOUT,
    "isolation_level": None,
    # The journal's own lock lets one thread in at a time.
    "check_same_thread": False,
}

# The journals that this process has open for writing. A notebook cell that is run again gets
# the journal that it had, instead of being locked out by its own former self.
_open: weakref.WeakValueDictionary[str, Journal] = weakref.WeakValueDictionary()
_opening = threading.Lock()


def open_journal(path: str | os.PathLike[str] | None, session: Session) -> Journal:
    """Open a journal for writing, made if it isn't there.

    Raises:
        JournalLockedError: Another process has it open. JournalError: It belongs to
        another account. JournalError: It is no journal, or can't be opened.
    """
    if path is None:
        return begin_journal(sqlite3.connect(MEMORY, **OPTIONS), None, session, None)
    file = checked(path)
    with _opening:
        present = _open.get(str(file))
        if present is not None and not present.is_closed and not present.is_inherited:
            require_owner(present.connection, str(file), session)
            present.hand_to(session)
            return present
        lock = lock_file(file)
        try:
            with readable(file):
                connection = sqlite3.connect(file, **OPTIONS)
                journal = begin_journal(connection, str(file), session, lock)
        except BaseException:
            lock.release()
            raise
        _open[str(file)] = journal
        return journal


def read_journal(path: str | os.PathLike[str], session: Session) -> Journal:
    """Open a journal for reading only, also while another process runs the batch."""
    file = checked(path)
    if not file.exists():
        raise JournalError(
            f"There is no journal {str(file)!r}: expected one that a batch has made. "
            "Batch(templates, path=…) begins one."
        )
    with readable(file):
        # Not mode=ro: what a killed program left unfinished has to be rolled back first.
        connection = sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True, **OPTIONS)
        try:
            connection.execute("PRAGMA query_only = ON")
            check(connection, str(file))
            require_owner(connection, str(file), session)
            journal = Journal(connection, str(file), session, None, is_read_only=True)
            journal.load()
        except BaseException:
            connection.close()
            raise
    return journal


def begin_journal(
    connection: sqlite3.Connection, path: str | None, session: Session, lock: FileLock | None
) -> Journal:
    try:
        # This also rolls back what a killed program has left.
        connection.execute("BEGIN IMMEDIATE")
        if path is None or Path(path).stat().st_size == 0:
            create(connection)
            write_facts(connection, session)
        else:
            check(connection, path or MEMORY)
            require_owner(connection, path or MEMORY, session)
        connection.execute("COMMIT")
        # One file has everything once a transaction has ended: a copy of it is complete. A
        # write-ahead log would be a second one. EXTRA: a record that a power cut undoes could
        # make a job run twice.
        (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
        if mode not in ("delete", "memory"):
            raise sqlite3.OperationalError(f"its journal mode is {mode}, and it is in use")
        connection.execute("PRAGMA synchronous = EXTRA")
        journal = Journal(connection, path, session, lock)
        journal.take_over()
    except BaseException:
        connection.close()
        raise
    return journal


def checked(path: str | os.PathLike[str]) -> Path:
    if not isinstance(path, str | os.PathLike) or not str(path):
        raise InvalidInputError(f"path={path!r}: expected the path of a file, or None.")
    file = expanded(path).resolve()
    if file.is_dir() or not file.parent.is_dir():
        raise JournalError(
            f"The journal {str(path)!r} can't be made: "
            + ("this is a folder." if file.is_dir() else f"there is no folder {file.parent}.")
        )
    if file.exists():
        require_complete(file, path)
    return file


def require_complete(file: Path, path: object) -> None:
    """Check that a file is a database, or a new one; it must not look empty if it isn't.

    Raises:
        JournalError: If it is another kind of file, or the rest of a journal.
    """
    try:
        with file.open("rb") as content:
            header = content.read(len(SQLITE_HEADER))
    except OSError as error:
        raise JournalError(f"The journal {str(path)!r} can't be read: {error}.") from error
    if header == SQLITE_HEADER:
        return
    if header:
        raise JournalError(
            f"{str(path)!r} is not a journal of a batch. Choose another path; it was left alone."
        )
    for suffix in (ROLLBACK_SUFFIX, WAL_SUFFIX):
        rest = file.with_name(f"{file.name}{suffix}")
        if rest.exists() and not is_first_transaction(rest):
            raise JournalError(
                f"The journal {str(path)!r} is empty, but {rest.name} is beside it: a copy of the "
                "journal is incomplete, or its content was deleted. Bring it back from a backup, "
                "or check Job.all() before you begin a new one elsewhere."
            )


def is_first_transaction(rest: Path) -> bool:
    """Return whether a rollback journal belongs to a database that was empty before."""
    header = rest.read_bytes()[:20]
    is_wal = rest.name.endswith(WAL_SUFFIX)
    return not header or (not is_wal and header[16:20] == bytes(4))


def lock_file(file: Path) -> FileLock:
    # The file stays when the lock is released: removing it would let two processes lock two
    # different files of one name.
    lock = FileLock(f"{file}{LOCK_SUFFIX}", timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise JournalLockedError(
            f"The journal {str(file)!r} is in use by another process. Wait for it or stop it; "
            "Batch.resume(path, read_only=True) shows how the batch stands."
        ) from error
    except OSError as error:
        raise JournalError(f"The journal {str(file)!r} can't be locked: {error}.") from error
    return lock


@contextmanager
def readable(file: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, ValueError, LookupError, TypeError) as error:
        if isinstance(error, InvalidInputError):
            raise
        raise JournalError(
            f"The journal {str(file)!r} can't be read: {error}. Its file is damaged, in use or "
            "not a journal. Bring it back from a backup, or check Job.all() before another "
            "journal executes the same templates a second time."
        ) from error


def write_facts(connection: sqlite3.Connection, session: Session) -> None:
    facts = {
        "journal": uuid.uuid4().hex,
        "owner": account_of(session),
        "host": session.hosts.api,
        "writer": "",
    }
    connection.executemany("INSERT INTO facts (name, value) VALUES (?, ?)", facts.items())


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
