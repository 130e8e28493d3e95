"""Open the journal of a batch: one process at a time, its own account, nobody else's file."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from up42_facade._batch.journal import Journal
from up42_facade._batch.schema import check, is_empty, prepare
from up42_facade._downloads.locations import expanded
from up42_facade._session.credentials import AccountCredentials
from up42_facade.errors import (
    InvalidInputError,
    JournalError,
    JournalLockedError,
    JournalMismatchError,
)
from up42_facade.session import Session

# Seconds that a reader waits for a writer, and the other way round.
BUSY_TIMEOUT = 10.0
LOCK_SUFFIX = ".lock"
MEMORY = ":memory:"
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
        JournalLockedError: Another process has it open. JournalMismatchError: It belongs to
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
        connection = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, **OPTIONS)
        try:
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
        if not is_empty(connection):
            # The next line would change a file that isn't ours.
            check(connection, path or MEMORY)
        connection.execute("PRAGMA journal_mode = WAL")
        # A note that a power cut undoes could make a job run twice.
        connection.execute("PRAGMA synchronous = FULL")
        if prepare(connection, path or MEMORY):
            note_owner(connection, session)
        require_owner(connection, path or MEMORY, session)
        journal = Journal(connection, path, session, lock)
    except BaseException:
        connection.close()
        raise
    journal.load()
    journal.doubt_interrupted()
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
    if file.exists() and not is_sqlite(file):
        raise JournalError(
            f"{str(path)!r} is not a journal of a batch. Choose another path; it was left alone."
        )
    return file


def is_sqlite(file: Path) -> bool:
    try:
        with file.open("rb") as content:
            return content.read(len(SQLITE_HEADER)) in (b"", SQLITE_HEADER)
    except OSError as error:
        raise JournalError(f"The journal {str(file)!r} can't be read: {error}.") from error


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
    except (sqlite3.Error, ValueError, IndexError, TypeError) as error:
        if isinstance(error, InvalidInputError):
            raise
        raise JournalError(
            f"The journal {str(file)!r} can't be read: {error}. Its file is damaged, in use or "
            "not a journal. Bring it back from a backup, or look at Job.all() before another "
            "journal executes the same templates a second time."
        ) from error


def note_owner(connection: sqlite3.Connection, session: Session) -> None:
    # One statement: half of it would be the note of nobody.
    connection.execute(
        "INSERT INTO facts (name, value) VALUES ('owner', ?), ('host', ?)",
        (owner_of(session), session.hosts.api),
    )


def require_owner(connection: sqlite3.Connection, path: str, session: Session) -> None:
    facts = dict(connection.execute("SELECT name, value FROM facts"))
    if "owner" not in facts:
        # The process that made the journal died before it could note whose it is.
        note_owner(connection, session)
        return
    if facts.get("host") != session.hosts.api:
        raise JournalMismatchError(
            f"The journal {path!r} belongs to {facts.get('host')}, the session to "
            f"{session.hosts.api}. Authenticate there, or choose another path."
        )
    if facts["owner"] != owner_of(session):
        raise JournalMismatchError(
            f"The journal {path!r} belongs to another account. Authenticate with that one, or "
            "choose another path."
        )


def owner_of(session: Session) -> str:
    """Return what tells accounts apart without naming them."""
    known = session._credentials
    name = known.username if isinstance(known, AccountCredentials) else known.project_id
    return hashlib.sha256(f"{session.hosts.api} {name}".encode()).hexdigest()
