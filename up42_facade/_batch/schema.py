"""The tables of a batch's journal."""

from __future__ import annotations

import sqlite3

from up42_facade.errors import JournalError

# "UP42" in ASCII: tells a journal from any other SQLite file.
APPLICATION_ID = 0x55503432
VERSION = 1

TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    repeat INTEGER NOT NULL,
    process_id TEXT NOT NULL,
    workspace_id TEXT,
    inputs TEXT NOT NULL,
    geometry TEXT,
    cost TEXT,
    errors TEXT,
    priced_at TEXT,
    reason TEXT,
    UNIQUE (fingerprint, repeat)
);
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY,
    entry_id INTEGER NOT NULL REFERENCES entries (id),
    state TEXT NOT NULL,
    sent_at TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    known TEXT,
    job_id TEXT UNIQUE,
    job TEXT,
    reason TEXT,
    files TEXT
);
CREATE INDEX attempts_by_entry ON attempts (entry_id);
"""


def prepare(connection: sqlite3.Connection, path: str) -> bool:
    """Create the tables, unless they are there.

    Returns:
        True for a new journal.

    Raises:
        JournalError: If the file contains other data, or another version wrote it.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        is_new = is_empty(connection)
        if is_new:
            run(connection, TABLES)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        else:
            check(connection, path)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return is_new


def check(connection: sqlite3.Connection, path: str) -> None:
    """Check that a database is a journal of this version.

    Raises:
        JournalError: If the file contains other data, or another version wrote it.
    """
    if number(connection, "application_id") != APPLICATION_ID:
        raise JournalError(
            f"{path!r} is an SQLite file, but not a journal of a batch. Choose another path."
        )
    version = number(connection, "user_version")
    if version != VERSION:
        raise JournalError(
            f"The journal {path!r} has schema version {version}, this package reads version "
            f"{VERSION}: open it with the version of up42-facade that wrote it, or update."
        )


def is_empty(connection: sqlite3.Connection) -> bool:
    """Tell whether nothing was ever written, also by a process that died while it began."""
    (count,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return bool(count == 0) and number(connection, "application_id") == 0


def number(connection: sqlite3.Connection, pragma: str) -> int:
    (value,) = connection.execute(f"PRAGMA {pragma}").fetchone()
    return int(value)


def run(connection: sqlite3.Connection, script: str) -> None:
    # executescript() would commit the transaction that this is a part of.
    for statement in script.split(";"):
        if statement.strip():
            connection.execute(statement)
