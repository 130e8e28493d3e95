"""A disk that is full, at the worst of moments."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

import up42_facade as up42
from tests.batch import workers
from tests.batch.conftest import Make, delivered, job_titles, posts
from tests.batch.zygote import Zygote
from up42_sandbox import Fault, Sandbox

EXECUTION = "*/execution"
JOBS = "/v2/processing/jobs"
TITLES = ["Scene 0", "Scene 1", "Scene 2"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.db"


@contextmanager
def full(batch: up42.Batch, moment: str) -> Iterator[None]:
    """Let statements of one kind fail, as they do without space."""
    connection = batch._journal.connection
    connection.execute(
        f"CREATE TEMP TRIGGER no_space BEFORE {moment} BEGIN "
        "SELECT RAISE(FAIL, 'database or disk is full'); END"
    )
    try:
        yield
    finally:
        connection.execute("DROP TRIGGER no_space")


def require_complete(batch: up42.Batch, sandbox: Sandbox, second: up42.Session) -> None:
    """What is left to do is done, here and as another process sees it, and nothing twice."""
    for _ in range(5):
        with suppress(up42.PartialBatchError):
            batch.execute()
            batch.retry()
            break
    assert job_titles(sandbox) == TITLES
    assert {job.id for job in batch.jobs} == set(sandbox.jobs)
    path = batch.path
    batch.close()
    assert path is not None
    with up42.Batch.resume(path, session=second) as again:
        assert {job.id for job in again.jobs} == set(sandbox.jobs)
        again.execute()
    assert job_titles(sandbox) == TITLES


def test_at_the_note_before_a_request_nothing_is_sent(
    make: Make, path: Path, sandbox: Sandbox, second: up42.Session
) -> None:
    batch = up42.Batch(make(3), path=path)
    with full(batch, "INSERT ON attempts"):
        with pytest.raises(up42.JournalError, match=r"disk is full.*Free some space"):
            batch.execute()
        assert posts(sandbox, "/execution") == 0
        assert batch.counts == {"pending": 3}
    require_complete(batch, sandbox, second)
    assert posts(sandbox, "/execution") == 3


# Each with what becomes of the request that the note is about.
NOTES = [
    ("UPDATE OF job_id ON attempts", {}),
    ("DELETE ON attempts", {"status": 429, "retry_after": 0}),
    ("UPDATE OF state ON attempts", {"drop": "before"}),
    ("UPDATE OF state ON attempts", {"drop": "after"}),
    ("UPDATE OF state ON attempts", {"status": 403}),
]


@pytest.mark.parametrize("is_resumed", [False, True], ids=["same process", "next process"])
@pytest.mark.parametrize(("moment", "fault"), NOTES, ids=str)
def test_at_a_note_after_the_request_its_job_is_found(
    make: Make,
    path: Path,
    sandbox: Sandbox,
    second: up42.Session,
    moment: str,
    fault: dict[str, Any],
    is_resumed: bool,
) -> None:
    batch = up42.Batch(make(3), path=path)
    batch.estimate()
    if fault:
        sandbox.inject(Fault(path=EXECUTION, times=None, **fault))
    with full(batch, moment), pytest.raises(up42.JournalError, match="disk is full"):
        batch.execute()
    sandbox.clear_faults()
    assert "executing" not in batch.counts, "nobody is executing it any more"
    assert batch.counts["uncertain"] >= 1
    if is_resumed:
        batch.close()
        batch = up42.Batch.resume(path, session=second)
    require_complete(batch, sandbox, second)


@pytest.mark.parametrize("pages", range(0, 10, 2))
def test_no_page_left(
    make: Make, path: Path, sandbox: Sandbox, second: up42.Session, pages: int
) -> None:
    """As SQLite itself sees it, wherever in the transaction it runs out of space."""
    for _ in range(100):
        # The ids of these stand in every note, which takes a page and more.
        sandbox.add_job("true-color-conversion")
    batch = up42.Batch(make(3), path=path)
    batch.estimate()
    connection = batch._journal.connection
    (present,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {present + pages}")
    with suppress(up42.JournalError):
        batch.execute()
    if pages == 0:
        assert posts(sandbox, "/execution") == 0
    connection.execute("PRAGMA max_page_count = 1000000")
    others = len(sandbox.jobs) - posts(sandbox, "/execution")
    assert others == 100
    batch.execute()
    assert sorted(set(job_titles(sandbox)) - {"Sandbox job"}) == TITLES
    assert len(sandbox.jobs) == 103
    batch.close()
    with up42.Batch.resume(path, session=second) as again:
        assert {job.id for job in again.jobs} <= set(sandbox.jobs)
        assert len(again.jobs) == 3


def test_templates_that_did_not_get_into_the_journal(
    make: Make, path: Path, sandbox: Sandbox, second: up42.Session
) -> None:
    """They must not be executed from memory: nobody would know of their jobs afterwards."""
    batch = up42.Batch(make(1), path=path)
    second_of_two = "INSERT ON entries WHEN new.id = 2"
    with full(batch, second_of_two), pytest.raises(up42.JournalError, match="disk is full"):
        up42.Batch(make(3), path=path, add_new=True)
    assert len(batch) == 1
    again = up42.Batch(make(3), path=path, add_new=True)
    assert len(again) == 3
    require_complete(again, sandbox, second)


def test_a_template_that_was_not_replaced(
    make: Make, path: Path, sandbox: Sandbox, second: up42.Session
) -> None:
    batch = up42.Batch(make("Scene 0", "old", "Scene 2"), path=path)
    (other,) = make("Scene 1")
    with full(batch, "UPDATE ON entries"), pytest.raises(up42.JournalError):
        batch.replace(1, other)
    assert batch[1].title == "old"
    batch.replace(1, other)
    require_complete(batch, sandbox, second)


def test_while_tracking_every_change_is_told_in_the_end(make: Make, path: Path) -> None:
    with up42.Batch(make(2), path=path) as batch:
        batch.execute()
        told: list[tuple[int, str]] = []

        def tell(entry: up42.BatchEntry) -> None:
            told.append((entry.index, entry.status))

        second_of_two = "UPDATE OF job ON attempts WHEN new.entry_id = 1"
        with full(batch, second_of_two), pytest.raises(up42.JournalError):
            batch.track(wait=0.05, on_update=tell)
        # A look at which the second had nothing new may have come before.
        assert {index for index, _ in told} <= {0}
        batch.track(wait=0.05, on_update=tell)
        assert {(0, "captured"), (1, "captured")} <= set(told)


def test_the_operating_system_refuses(
    zygote: Zygote, sandbox: Sandbox, second: up42.Session, tmp_path: Path
) -> None:
    account = [sandbox.url, sandbox.username, sandbox.password]
    item = sandbox.item_url("pneo-berlin")
    codes = set()
    executed = 0
    for longest in (0, 30_000, 60_000, 90_000, 120_000, 150_000, 200_000, 1_000_000):
        journal = str(tmp_path / f"{longest}.db")
        arguments = (account, item, 5, journal, longest)
        codes.add(zygote.run(workers.with_small_files, *arguments))
        with up42.Batch.resume(journal, session=second) as batch:
            batch.execute()
            executed += 5
            assert len(sandbox.jobs) == executed
            assert {job.id for job in batch.jobs} <= set(sandbox.jobs)
            assert len(batch.jobs) == 5
    assert codes == {0, 1}, zygote.log.read_text()[-3000:]
    assert "JournalError" in zygote.log.read_text()


def failing_write(where: str) -> Callable[..., int]:
    write = os.write

    def failing(file: int, *arguments: Any) -> int:
        if where in str(Path(f"/proc/self/fd/{file}").readlink()):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, *arguments)

    return failing


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc to name a file")
def test_no_room_for_results(
    batch: up42.Batch, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch.execute().track(wait=0.05)
    ids = [job.id for job in batch.jobs]
    folder = tmp_path / "out"
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", failing_write(ids[1]))
        with pytest.raises(up42.PartialBatchError, match="No space left") as caught:
            batch.download(folder)
    assert list(caught.value.failures) == [1]
    whole = {path: path.stat().st_mtime_ns for path in delivered(folder)}
    assert len(whole) == 4, "nothing half-written stays behind"
    assert not any(ids[1] in str(path) for path in whole)
    sandbox.clear_requests()
    paths = batch.download(folder)
    assert sorted(paths) == sorted(ids)
    assert {path: path.stat().st_mtime_ns for path in whole} == whole
    # By path: a request of before, given up with its job, may still be recorded.
    requested = {entry.path for entry in sandbox.requests if entry.origin == "storage"}
    assert len(requested) == 2


def test_no_room_to_note_results(make: Make, path: Path, sandbox: Sandbox, tmp_path: Path) -> None:
    with up42.Batch(make(2), path=path) as batch:
        batch.execute().track(wait=0.05)
        folder = tmp_path / "out"
        with full(batch, "UPDATE OF files ON attempts"), pytest.raises(up42.JournalError):
            batch.download(folder)
        whole = {path: path.stat().st_mtime_ns for path in folder.rglob("*.tif")}
        paths = batch.download(folder)
        assert sorted(paths) == sorted(job.id for job in batch.jobs)
        assert {path: path.stat().st_mtime_ns for path in whole} == whole
        sandbox.clear_requests()
        assert batch.download(folder) == paths
        assert sandbox.requests == []


def test_a_note_before_a_request_is_on_disk_when_the_request_leaves(
    make: Make, path: Path, sandbox: Sandbox
) -> None:
    """In the file itself, whatever becomes of this process."""
    seen: list[list[tuple[str]]] = []

    def arrived(_: object, response: Any) -> Any:
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        seen.append(connection.execute("SELECT state FROM attempts").fetchall())
        connection.close()
        return response

    sandbox.inject(Fault(path="*/execution", patch=arrived))
    with up42.Batch(make(1), path=path) as batch:
        batch.execute()
        (level,) = batch._journal.connection.execute("PRAGMA synchronous").fetchone()
    assert seen == [[("sent",)]]
    assert level == 3, "a power cut must not undo it"
