"""The journal of a batch: an SQLite file that a killed process can be taken up from."""

from __future__ import annotations

import datetime as dt
import json
import os
import sqlite3
import threading
import weakref
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from up42_facade._batch.records import (
    Attempt,
    AttemptState,
    Record,
    cost_from_json,
    cost_to_json,
    errors_from_json,
    errors_to_json,
    fingerprint,
    job_to_json,
    moment_from_text,
    moment_to_text,
)
from up42_facade.errors import JournalError
from up42_facade.processing import Job
from up42_facade.session import Session

if TYPE_CHECKING:
    from filelock import FileLock


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
        self.is_read_only = is_read_only
        self.records: list[Record] = []
        # Held by whoever sends requests that start jobs.
        self.executing = threading.Lock()
        self.connection = connection
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
        """Go on with another session of the same account."""
        self.session = session
        for record in self.records:
            if record.template is not None and record.template._session is not session:
                record.template = None
            for attempt in record.attempts:
                if attempt.job is not None:
                    attempt.job._session = session

    def load(self) -> None:
        """Read all records, as they are at one moment: another process may write."""
        self.connection.execute("BEGIN")
        try:
            self._load()
        finally:
            self.connection.execute("COMMIT")

    def _load(self) -> None:
        self.records = []
        rows = self.connection.execute(
            "SELECT id, fingerprint, repeat, process_id, workspace_id, inputs, geometry, cost, "
            "errors, priced_at, reason FROM entries ORDER BY id"
        )
        for row in rows:
            self._remember(
                Record(
                    index=row[0],
                    fingerprint=row[1],
                    repeat=row[2],
                    process_id=row[3],
                    workspace_id=row[4],
                    inputs=json.loads(row[5]),
                    geometry=row[6],
                    cost=cost_from_json(row[7]),
                    errors=errors_from_json(row[8]),
                    priced_at=moment_from_text(row[9]),
                    reason=row[10],
                )
            )
        attempts = self.connection.execute(
            "SELECT id, entry_id, state, sent_at, workspace_id, job, reason, files "
            "FROM attempts ORDER BY id"
        )
        for number, index, state, sent_at, workspace_id, job, reason, files in attempts:
            attempt = Attempt(
                id=number,
                state=AttemptState(state),
                sent_at=dt.datetime.fromisoformat(sent_at),
                workspace_id=workspace_id,
                job=None if job is None else Job.from_metadata(json.loads(job), self.session),
                reason=reason,
                files=None if files is None else json.loads(files),
            )
            self.records[index].attempts.append(attempt)
            if attempt.job is not None:
                self._jobs.add(attempt.job.id)

    def doubt_interrupted(self) -> None:
        """Mark what a former process was sending when it died: nobody knows what became of it."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE attempts SET state = ? WHERE state = ?",
                (AttemptState.UNCERTAIN, AttemptState.SENDING),
            )
        for record in self.records:
            for attempt in record.attempts:
                if attempt.state is AttemptState.SENDING:
                    attempt.state = AttemptState.UNCERTAIN

    def find(self, mark: str, repeat: int) -> Record | None:
        return self._known.get((mark, repeat))

    def is_claimed(self, job: Job) -> bool:
        """Tell whether a job belongs to an entry already."""
        return job.id in self._jobs

    def namesake(self, record: Record, job: Job) -> Record | None:
        """Return another record that asks for exactly what a job was given, if there is one."""
        if job.inputs == record.inputs:
            return None
        marks = (
            fingerprint(job.process_id, workspace_id, job.inputs)
            for workspace_id in (None, job.workspace_id)
        )
        found = (self.find(mark, 0) for mark in marks)
        return next((other for other in found if other not in (None, record)), None)

    def add(self, records: Sequence[Record]) -> None:
        """Append records; their indices must follow."""
        with self._writing() as connection:
            connection.executemany(
                "INSERT INTO entries (id, fingerprint, repeat, process_id, workspace_id, "
                "inputs, geometry) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        record.index,
                        record.fingerprint,
                        record.repeat,
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
        mark = fingerprint(other.process_id, other.workspace_id, other.inputs)
        with self._writing() as connection:
            connection.execute(
                "UPDATE entries SET fingerprint = ?, process_id = ?, workspace_id = ?, inputs = ?, "
                "geometry = ?, cost = NULL, errors = NULL, priced_at = NULL, reason = NULL "
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
        del self._known[record.fingerprint, record.repeat]
        self._known[mark, record.repeat] = record
        record.fingerprint, record.process_id = mark, other.process_id
        record.workspace_id, record.inputs = other.workspace_id, other.inputs
        record.geometry, record.template = other.geometry, other.template
        record.cost = record.errors = record.priced_at = record.reason = record.lost = None

    def save_prices(self, records: Iterable[Record]) -> None:
        """Keep what validation and pricing have found."""
        with self._writing() as connection:
            connection.executemany(
                "UPDATE entries SET cost = ?, errors = ?, priced_at = ?, geometry = ?, reason = ? "
                "WHERE id = ?",
                [
                    (
                        cost_to_json(record.cost),
                        errors_to_json(record.errors),
                        moment_to_text(record.priced_at),
                        record.geometry,
                        record.reason,
                        record.index,
                    )
                    for record in records
                ],
            )

    def begin(self, record: Record, workspace_id: str, known: Collection[str]) -> Attempt:
        """Note that a request is about to be sent.

        Args:
            workspace_id: Where the job will run.
            known: Ids of the jobs that are there before it.
        """
        sent_at = dt.datetime.now(dt.UTC)
        with self._writing() as connection:
            cursor = connection.execute(
                "INSERT INTO attempts (entry_id, state, sent_at, workspace_id, known) "
                "VALUES (?, ?, ?, ?, ?)",
                (
                    record.index,
                    AttemptState.SENDING,
                    sent_at.isoformat(),
                    workspace_id,
                    json.dumps(sorted(known)),
                ),
            )
        attempt = Attempt(int(cursor.lastrowid or 0), AttemptState.SENDING, sent_at, workspace_id)
        record.attempts.append(attempt)
        return attempt

    def known_before(self, attempt: Attempt) -> set[str]:
        """Return the ids of the jobs that were there before an attempt."""
        with self._guard:
            self._require_open()
            (known,) = self.connection.execute(
                "SELECT known FROM attempts WHERE id = ?", (attempt.id,)
            ).fetchone()
        return set(json.loads(known or "[]"))

    def settle(self, attempt: Attempt, job: Job) -> bool:
        """Note the job that came of an attempt; False if it belongs to another one already."""
        with self._guard:
            if self.is_claimed(job):
                return attempt.job is not None and attempt.job.id == job.id
            with self._concluding(attempt) as connection:
                # The ids before it have done their service; in thousands of attempts they add up.
                connection.execute(
                    "UPDATE attempts SET state = ?, job_id = ?, job = ?, reason = NULL, "
                    "known = NULL WHERE id = ?",
                    (AttemptState.EXECUTED, job.id, job_to_json(job), attempt.id),
                )
            self._jobs.add(job.id)
            attempt.state, attempt.job, attempt.reason = AttemptState.EXECUTED, job, None
        return True

    def doubt(self, attempt: Attempt, reason: str) -> None:
        """Note that it is unknown what became of an attempt."""
        self._set_state(attempt, AttemptState.UNCERTAIN, reason)

    def refuse(self, attempt: Attempt, reason: str) -> None:
        """Note that the server said no."""
        self._set_state(attempt, AttemptState.REFUSED, reason)

    def withdraw(self, record: Record, attempt: Attempt, reason: str | None) -> None:
        """Forget an attempt that left nothing at the server."""
        with self._concluding(attempt) as connection:
            connection.execute(
                "DELETE FROM attempts WHERE id = ? AND job_id IS NULL", (attempt.id,)
            )
            connection.execute("UPDATE entries SET reason = ? WHERE id = ?", (reason, record.index))
        record.attempts.remove(attempt)
        record.reason = reason

    def save_jobs(self, found: Sequence[tuple[Attempt, Job]]) -> None:
        """Note how jobs stand now, all in one transaction."""
        with self._writing() as connection:
            connection.executemany(
                "UPDATE attempts SET job = ? WHERE id = ?",
                [(job_to_json(job), attempt.id) for attempt, job in found],
            )
        for attempt, job in found:
            if attempt.job is None:
                attempt.job = job
            else:
                attempt.job._take_over(job)

    def save_files(self, attempt: Attempt, files: dict[str, Any]) -> None:
        """Note which files were downloaded, and as what."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE attempts SET files = ? WHERE id = ?", (json.dumps(files), attempt.id)
            )
        attempt.files = files

    def _set_state(self, attempt: Attempt, state: AttemptState, reason: str) -> None:
        with self._concluding(attempt) as connection:
            connection.execute(
                "UPDATE attempts SET state = ?, reason = ? WHERE id = ?",
                (state, reason, attempt.id),
            )
        attempt.state, attempt.reason = state, reason

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
        self._known[record.fingerprint, record.repeat] = record

    @contextmanager
    def _concluding(self, attempt: Attempt) -> Iterator[sqlite3.Connection]:
        """Write what became of an attempt; what can't be written stays in doubt.

        That is what the next process makes of it, too.
        """
        try:
            with self._writing() as connection:
                yield connection
        except BaseException:
            attempt.state = AttemptState.UNCERTAIN
            raise

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
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
            except sqlite3.Error as error:
                raise JournalError(
                    f"The journal {self.path or 'in memory'} can't be written: {error}. Nothing "
                    "more is executed; what was written stays. Make room or correct the "
                    "permissions, then go on with Batch.resume(path)."
                ) from error


def release(connection: sqlite3.Connection, lock: FileLock | None, pid: int) -> None:
    if os.getpid() != pid:
        # A forked process has inherited what isn't its own: to unlock it would unlock the other.
        return
    connection.close()
    if lock is not None:
        lock.release()
