"""Open the journal of a batch: for one program at a time, and only for its own account."""

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

from up42_facade.batch._journal import Journal, check_tables, create_tables
from up42_facade.downloads import expanded
from up42_facade.errors import InvalidInputError, JournalError, JournalLockedError
from up42_facade.processing._ledger import account_of
from up42_facade.session import Session

# Seconds that a reader waits for a writer, and the other way round.
BUSY_TIMEOUT = 10.0
# Seconds to wait for the lock: another thread might be about to release it.
LOCK_TIMEOUT = 0.5
LOCK_SUFFIX = ".lock"
MEMORY = ":memory:"
# An unfinished transaction leaves the first next to the file, or in other modes the second.
ROLLBACK_SUFFIX, WAL_SUFFIX = "-journal", "-wal"
SQLITE_HEADER = b"SQLite format 3\x00"
OPTIONS: dict[str, Any] = {
    "timeout": BUSY_TIMEOUT,
    "isolation_level": None,
    # The journal's own lock lets one thread in at a time.
    "check_same_thread": False,
}

# The journals that this Python process has open for writing. A notebook cell that runs again gets
# the journal that it had, instead of being locked out by its own former self.
_open: weakref.WeakValueDictionary[str, Journal] = weakref.WeakValueDictionary()
_opening = threading.Lock()


def open_journal(path: str | os.PathLike[str] | None, session: Session) -> Journal:
    """Open a journal for writing, and create it if it doesn't exist.

    Raises:
        JournalLockedError: If another program has it open.
        JournalError: If it isn't a journal, belongs to another account, or can't be opened.
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
            # Under the lock: another program or thread might be creating the journal.
            require_complete(file)
            with readable(file):
                connection = sqlite3.connect(file, **OPTIONS)
                journal = begin_journal(connection, str(file), session, lock)
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
    require_complete(file)
    with readable(file):
        # Not mode=ro: what a killed program left unfinished has to be rolled back first.
        connection = sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True, **OPTIONS)
        try:
            connection.execute("PRAGMA query_only = ON")
            check_tables(connection, str(file))
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
        # This also rolls back what a killed program left unfinished.
        connection.execute("BEGIN IMMEDIATE")
        if path is None or Path(path).stat().st_size == 0:
            create_tables(connection)
            facts = {
                "journal": uuid.uuid4().hex,
                "owner": account_of(session),
                "host": session.hosts.api,
                "writer": "",
            }
            connection.executemany("INSERT INTO facts (name, value) VALUES (?, ?)", facts.items())
        else:
            check_tables(connection, path)
            require_owner(connection, path, session)
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
    except BaseException:
        connection.close()
        raise
    return journal


def checked(path: str | os.PathLike[str]) -> Path:
    """Return the absolute path of a journal that exists or can be created.

    Raises:
        JournalError: If it can't, or another kind of file has this path.
    """
    if not isinstance(path, str | os.PathLike) or not str(path):
        raise InvalidInputError(f"path={path!r}: expected the path of a file, or None.")
    file = expanded(path).resolve()
    if not file.parent.is_dir():
        raise JournalError(
            f"The journal {str(path)!r} can't be created: there is no folder {file.parent}."
        )
    if not file.exists():
        return file
    if not file.is_file():
        raise JournalError(f"The journal {str(path)!r} can't be opened: this isn't a regular file.")
    try:
        with file.open("rb") as content:
            header = content.read(len(SQLITE_HEADER))
    except OSError as error:
        raise JournalError(f"The journal {str(path)!r} can't be read: {error}.") from error
    if header not in (b"", SQLITE_HEADER):
        raise JournalError(
            f"{str(path)!r} isn't a batch journal and was left unchanged. Choose another path."
        )
    return file


def require_complete(file: Path) -> None:
    """Check that an empty file is a new journal, and not the rest of one.

    Raises:
        JournalError: If a part of its database is next to it.
    """
    if not file.exists() or file.stat().st_size:
        return
    for suffix in (ROLLBACK_SUFFIX, WAL_SUFFIX):
        rest = file.with_name(f"{file.name}{suffix}")
        if rest.exists() and not is_first_transaction(rest):
            raise JournalError(
                f"The journal {str(file)!r} is empty, but {rest.name} is next to it: a copy of the "
                "journal is incomplete, or its content was deleted. Bring it back from a backup, "
                "or check Job.all() before you begin a new one elsewhere."
            )


def is_first_transaction(rest: Path) -> bool:
    """Return whether a rollback journal belongs to a database that was empty before."""
    header = rest.read_bytes()[:20]
    is_wal = rest.name.endswith(WAL_SUFFIX)
    return not header or (not is_wal and header[16:20] == bytes(4))


def lock_file(file: Path) -> FileLock:
    # The file stays when the lock is released: removing it would let two programs lock two
    # different files of one name.
    lock = FileLock(f"{file}{LOCK_SUFFIX}", timeout=LOCK_TIMEOUT, thread_local=False)
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
    try:
        yield
    except (sqlite3.Error, ValueError, LookupError, TypeError) as error:
        if isinstance(error, InvalidInputError):
            raise
        raise JournalError(
            f"The journal {str(file)!r} can't be read: {error}. The file is damaged, in use, or "
            "not a journal. Bring it back from a backup, or check Job.all() before another "
            "journal executes the same templates a second time."
        ) from error


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
