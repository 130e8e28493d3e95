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


def create(connection: sqlite3.Connection) -> None:
    """Create the tables, within the transaction that is open."""
    # executescript() would commit it.
    for statement in TABLES.split(";"):
        if statement.strip():
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def check(connection: sqlite3.Connection, path: str) -> None:
    """Check that a database is a complete journal of this version.

    Raises:
        JournalError: If the file contains other data, is damaged, or another version wrote it.
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
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(str(found))


def number(connection: sqlite3.Connection, pragma: str) -> int:
    (value,) = connection.execute(f"PRAGMA {pragma}").fetchone()
    return int(value)
