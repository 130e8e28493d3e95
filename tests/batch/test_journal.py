"""The journal: taken up again, locked, refused where it is somebody else's."""

from __future__ import annotations

import gc
import os
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import up42_facade as up42
from tests.batch.conftest import Make, job_titles
from tests.conftest import new_session
from up42_sandbox import Sandbox

HOLD = """
import sys, up42_facade as up42
session = up42.Session(username="a@b.c", password="x", base_url=sys.argv[2])
batch = up42.Batch.resume(sys.argv[1], session=session)
print("held", flush=True)
sys.stdin.read()
"""


def test_everything_is_there_again(
    sandbox: Sandbox, make: Make, second: up42.Session, tmp_path: Path
) -> None:
    path = tmp_path / "a.db"
    with up42.Batch(make("a", "b [failed]"), path=path) as batch:
        batch.estimate()
        batch.execute().track(wait=0.05)
        paths = batch.download(tmp_path / "out")
        before = [repr(entry) for entry in batch]
        jobs, report = batch.jobs, batch.report()
    sandbox.clear_requests()
    with up42.Batch.resume(path, session=second) as batch:
        assert [repr(entry) for entry in batch] == before
        assert batch.jobs == jobs
        assert batch.report() == report
        assert batch[0].files == next(iter(paths.values()))
        assert batch[0].template.inputs == batch[0].inputs
        assert batch.path == str(path)
        assert sandbox.requests == []
        assert batch.jobs[0].session is second


def test_new_templates_are_added(make: Make, sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with up42.Batch(make("a", "b"), path=path) as batch:
        batch.execute()
    with up42.Batch(make("c", "b"), path=path, add_new=True) as batch:
        assert [entry.title for entry in batch] == ["a", "b", "c"]
        batch.execute()
    assert job_titles(sandbox) == ["a", "b", "c"]


def test_a_cell_that_is_run_again(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    first = up42.Batch(make("a"), path=path)
    again = up42.Batch(make("a", "b"), path=path, add_new=True)
    assert len(again) == len(first) == 2
    first[:1].execute()
    assert again[0].job is not None
    again.close()
    with pytest.raises(up42.JournalError, match="closed"):
        first.execute()


def test_a_cell_that_is_run_again_after_a_new_login(
    make: Make, second: up42.Session, tmp_path: Path
) -> None:
    path = tmp_path / "a.db"
    first = up42.Batch(make("a"), path=path).execute()
    with up42.Batch(make("a", "b", session=second), path=path, add_new=True) as again:
        assert [job.id for job in again.jobs] == [job.id for job in first.jobs]
        assert again.session is again.jobs[0].session is second
        with pytest.raises(up42.JournalError, match="closed"):
            first.track()


def test_another_process_has_it(make: Make, tmp_path: Path, sandbox: Sandbox) -> None:
    path = tmp_path / "a.db"
    with new_session(sandbox) as session:
        script = HOLD.replace("a@b.c", sandbox.username)
        with up42.Batch(make("a"), path=path) as batch:
            batch.estimate()
        with subprocess.Popen(
            [sys.executable, "-c", script, str(path), sandbox.url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(up42.JournalLockedError, match="in use by another program"):
                up42.Batch.resume(path, session=session)
            with up42.Batch.resume(path, session=session, read_only=True) as shown:
                assert shown.counts == {"pending": 1}
                with pytest.raises(up42.JournalError, match="for reading only"):
                    shown.execute()
            holder.kill()
        with up42.Batch.resume(path, session=session) as batch:
            assert len(batch) == 1


def test_it_is_released_with_the_batch(make: Make, tmp_path: Path, session: up42.Session) -> None:
    path = tmp_path / "a.db"
    batch = up42.Batch(make("a"), path=path)
    part = batch[:1]
    del batch, part
    gc.collect()
    # A journal that is still open would be handed out again, with its records.
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM entries")
    connection.close()
    with up42.Batch.resume(path, session=session) as batch:
        assert len(batch) == 0


@pytest.mark.parametrize("content", [b"text, no database", b"SQLite format 3\x00 and nothing"])
def test_what_is_no_journal(make: Make, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(content)
    with pytest.raises(up42.JournalError):
        up42.Batch(make("a"), path=path)
    assert path.read_bytes() == content


def test_another_database(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mine (value)")
    connection.close()
    with pytest.raises(up42.JournalError, match="not a journal of a batch"):
        up42.Batch(make("a"), path=path)


def test_places_that_make_no_sense(make: Make, tmp_path: Path, session: up42.Session) -> None:
    with pytest.raises(up42.JournalError, match="isn't a regular file"):
        up42.Batch(make("a"), path=tmp_path)
    with pytest.raises(up42.JournalError, match="there is no folder"):
        up42.Batch(make("a"), path=tmp_path / "missing" / "a.db")
    with pytest.raises(up42.InvalidInputError, match="path=''"):
        up42.Batch(make("a"), path="")
    with pytest.raises(up42.JournalError, match="doesn't exist"):
        up42.Batch.resume(tmp_path / "a.db", session=session)
    assert list(tmp_path.iterdir()) == []


def test_another_account(make: Make, tmp_path: Path, sandbox: Sandbox) -> None:
    path = tmp_path / "a.db"
    up42.Batch(make("a"), path=path).close()
    other = up42.Session(username="other@example.com", password="x", base_url=sandbox.url)
    with other, pytest.raises(up42.JournalError, match="another account"):
        up42.Batch.resume(path, session=other)
    elsewhere = up42.Session(username=sandbox.username, password="x", region="eu")
    with elsewhere, pytest.raises(up42.JournalError, match="belongs to http://127"):
        up42.Batch.resume(path, session=elsewhere, read_only=True)
    assert sandbox.username.encode() not in path.read_bytes()


def test_a_journal_of_a_newer_version(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    up42.Batch(make("a"), path=path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(up42.JournalError, match="schema version 99"):
        up42.Batch(make("a"), path=path)


def test_no_secret_is_in_it(make: Make, tmp_path: Path, sandbox: Sandbox) -> None:
    with up42.Batch(make("a"), path=tmp_path / "a.db") as batch:
        batch.execute()
    content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert sandbox.password.encode() not in content
    assert b"Bearer" not in content


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
@pytest.mark.parametrize("read_only", [True, False])
def test_a_pipe_is_not_waited_for(
    tmp_path: Path, session: up42.Session, *, read_only: bool
) -> None:
    os.mkfifo(tmp_path / "a.db")
    with pytest.raises(up42.JournalError, match="isn't a regular file"):
        up42.Batch.resume(tmp_path / "a.db", session=session, read_only=read_only)


def test_threads_that_create_one_journal(make: Make, tmp_path: Path) -> None:
    templates = make("a")
    together = threading.Barrier(8)

    def open_together(number: int) -> int:
        together.wait(20)
        return len(up42.Batch(templates, path=tmp_path / f"{number}.db"))

    with ThreadPoolExecutor(8) as pool:
        for number in range(12):
            assert list(pool.map(open_together, [number] * 8)) == [1] * 8
