"""Journals that are copied, deleted, emptied, or opened by two programs."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import up42_facade as up42
from tests import inside
from tests.batch import workers
from tests.batch.conftest import Make, job_titles
from tests.batch.zygote import Zygote
from up42_facade.processing_templates import UpsamplingNS
from up42_sandbox import Fault, Sandbox

TITLES = ["Scene 0", "Scene 1", "Scene 2"]
EXECUTION = "*/execution"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.db"


def test_one_file_has_all_that_was_sent(
    make: Make, path: Path, sandbox: Sandbox, second: up42.Session
) -> None:
    copy = path.with_name("copy.db")
    with up42.Batch(make(3), path=path) as batch:
        batch[:2].execute()
        shutil.copy(path, copy)
        with up42.Batch.resume(copy, session=second, read_only=True) as shown:
            assert {job.id for job in shown.jobs} == set(sandbox.jobs)


def test_jobs_of_another_copy_are_noticed(
    make: Make, path: Path, sandbox: Sandbox, second: up42.Session
) -> None:
    copy = path.with_name("copy.db")
    with up42.Batch(make(3), path=path) as batch:
        batch[:1].execute()
        shutil.copy(path, copy)
        with up42.Batch.resume(copy, session=second) as elsewhere:
            elsewhere.execute()
        with pytest.raises(up42.PartialBatchError, match="another copy of the journal"):
            batch.execute()
        assert batch.counts["uncertain"] == 2
        assert job_titles(sandbox) == TITLES
        made = {job.inputs["title"]: job.id for job in sandbox.jobs.values()}
        batch.assign(1, made["Scene 1"])
        batch.retry(include_uncertain=True)
        assert job_titles(sandbox) == [*TITLES[:2], "Scene 2", "Scene 2"]
        assert {job.id for job in batch.jobs} < set(sandbox.jobs)


def test_more_jobs_of_another_copy_than_one_page_has(
    make: Make, path: Path, sandbox: Sandbox, second: up42.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside.few_recent_jobs(monkeypatch, 5)
    copy = path.with_name("copy.db")
    with up42.Batch(make(12), path=path) as batch:
        batch[:1].execute()
        shutil.copy(path, copy)
        batch.execute()
    with up42.Batch.resume(copy, session=second) as elsewhere:
        with pytest.raises(up42.PartialBatchError, match="another copy of the journal"):
            elsewhere.execute()
        assert elsewhere.counts["uncertain"] == 11
    assert len(sandbox.jobs) == 12


def test_a_copy_from_before_the_first_job_of_another_process(
    make: Make, path: Path, sandbox: Sandbox, session: up42.Session, second: up42.Session
) -> None:
    copy = path.with_name("copy.db")
    other = UpsamplingNS(title="Other", item=sandbox.item_url("pneo-berlin"), session=session)
    with up42.Batch([*make(1), other], path=path) as batch:
        batch[:1].execute()
        shutil.copy(path, copy)
        batch.execute()
    with (
        up42.Batch.resume(copy, session=second) as elsewhere,
        pytest.raises(up42.PartialBatchError, match="another copy of the journal"),
    ):
        elsewhere.execute()
    assert len(sandbox.jobs) == 2


def test_a_retry_of_another_copy_is_noticed(
    make: Make, path: Path, sandbox: Sandbox, second: up42.Session
) -> None:
    copy = path.with_name("copy.db")
    with up42.Batch(make(1), path=path) as batch:
        sandbox.inject(Fault(path=EXECUTION, status=422))
        batch.execute()
        assert batch.counts == {"refused": 1}
        shutil.copy(path, copy)
        batch.retry()
    with (
        up42.Batch.resume(copy, session=second) as elsewhere,
        pytest.raises(up42.PartialBatchError, match="another copy of the journal"),
    ):
        elsewhere.retry()
    assert len(sandbox.jobs) == 1


def test_who_has_lost_the_journal_sends_nothing_more(
    make: Make, path: Path, sandbox: Sandbox, zygote: Zygote
) -> None:
    with up42.Batch(make(3), path=path) as batch:
        batch.estimate()
        path.with_name(f"{path.name}.lock").unlink()
        account = [sandbox.url, sandbox.username, sandbox.password]
        item = sandbox.item_url("pneo-berlin")
        assert zygote.run(workers.with_small_files, account, item, 3, str(path), -1) == 0
        with pytest.raises(up42.JournalLockedError, match="Another program"):
            batch.execute()
    assert job_titles(sandbox) == TITLES


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_file_that_is_gone(make: Make, path: Path, sandbox: Sandbox, is_replaced: bool) -> None:
    with up42.Batch(make(3), path=path) as batch:
        batch.estimate()
        content = path.read_bytes()
        path.unlink()
        if is_replaced:
            path.write_bytes(content)
        with pytest.raises(up42.JournalError, match="deleted, moved, or replaced"):
            batch.execute()
    assert not sandbox.jobs


@pytest.mark.parametrize(("suffix", "content"), [("-wal", b"x" * 40), ("-journal", b"x" * 40)])
def test_the_rest_of_a_journal_is_not_a_new_one(
    make: Make, path: Path, suffix: str, content: bytes
) -> None:
    path.touch()
    path.with_name(f"{path.name}{suffix}").write_bytes(content)
    with pytest.raises(up42.JournalError, match="is empty, but"):
        up42.Batch(make(1), path=path)


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_part_of_a_file_is_refused(make: Make, path: Path, share: float) -> None:
    up42.Batch(make(300), path=path).close()
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(up42.JournalError):
        up42.Batch(make(300), path=path)


def test_a_database_without_tables_is_not_a_new_journal(make: Make, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    assert path.stat().st_size
    with pytest.raises(up42.JournalError, match="not a journal"):
        up42.Batch(make(1), path=path)


def test_reopening_goes_on_looking(
    make: Make, path: Path, sandbox: Sandbox, second: up42.Session
) -> None:
    """Jobs that existed before a request are still known as such."""
    inputs = make(1)[0].inputs
    older = sandbox.add_job("true-color-conversion", "captured", inputs=inputs)
    with up42.Batch(make(1), path=path) as batch:
        batch.estimate()
        sandbox.inject(
            Fault(path=EXECUTION, drop="after"),
            Fault(path="/v2/processing/jobs", status=503, after=1, times=12),
        )
        with pytest.raises(up42.PartialBatchError):
            batch.execute()
    sandbox.clear_faults()
    with up42.Batch.resume(path, session=second) as batch:
        batch.execute()
        [job] = batch.jobs
    assert {older.id, job.id} == set(sandbox.jobs)
    assert older.id != job.id
