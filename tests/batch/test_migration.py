"""Journals of an older version go on in this one; nothing of them is lost on the way."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

import up42_facade as up42
from tests.batch import workers
from tests.batch.conftest import job_titles
from tests.batch.zygote import Zygote
from up42_facade._batch.schema import VERSION
from up42_facade.processing_templates import TrueColorConversion
from up42_sandbox import Sandbox

SCRIPT = Path(__file__).with_name("version_1.sql")
PROCESS = "true-color-conversion"
TITLES = ["ended", "runs", "taken", "lost", "refused", "invalid", "pending", "twice"]
STATUSES = ["captured", "running", "uncertain", "uncertain", "refused", "invalid", "pending",
            "captured"]  # fmt: skip


@pytest.fixture
def item(sandbox: Sandbox) -> str:
    return sandbox.item_url("pneo-berlin")


@pytest.fixture
def jobs(sandbox: Sandbox, item: str) -> dict[str, str]:
    """Ids of the jobs that the journal knows of, by their name in the script."""

    def add(title: str, status: str) -> str:
        return sandbox.add_job(PROCESS, status, inputs={"title": title, "item": item}).id

    return {
        "JOB0": add("ended", "captured"),
        "JOB1": add("runs", "captured"),
        "JOB7a": add("twice", "released"),
        "JOB7b": add("twice", "captured"),
    }


@pytest.fixture
def journal(sandbox: Sandbox, item: str, jobs: dict[str, str], tmp_path: Path) -> Path:
    """A journal as version 1 has left it when its process was killed."""
    owner = hashlib.sha256(f"{sandbox.url} {sandbox.username}".encode()).hexdigest()
    marks = {f"MARK{n}": mark({"title": title, "item": item}) for n, title in enumerate(TITLES)}
    facts = {
        "HOST": sandbox.url,
        "OWNER": owner,
        "ITEM": item,
        "WORKSPACE": sandbox.workspace_id,
        "ACCOUNT": sandbox.account_id,
        **marks,
        **jobs,
    }
    script = SCRIPT.read_text("utf-8")
    for name, value in facts.items():
        script = script.replace(f"{{{name}}}", value)
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    # The server took one of the two requests that nobody has noted an answer of.
    sandbox.add_job(PROCESS, "captured", inputs={"title": "taken", "item": item})
    return path


def mark(inputs: dict[str, str]) -> str:
    """Return the fingerprint of a template, as journals on people's disks have it."""
    content = json.dumps([PROCESS, None, inputs], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def require_everything(batch: up42.Batch, jobs: dict[str, str]) -> None:
    assert [entry.title for entry in batch] == TITLES
    assert [entry.status for entry in batch] == STATUSES
    assert [entry.job.id for entry in batch if entry.job] == [
        jobs["JOB0"],
        jobs["JOB1"],
        jobs["JOB7b"],
    ]
    assert batch[0].cost == up42.Cost("area", 36, 9.0, "SQ_KM")
    assert batch[0].job is not None
    assert batch[0].job.credits == 36
    assert batch[0].geometry == {"type": "Point", "coordinates": [13.4, 52.5]}
    assert batch[5].errors == {up42.ValidationError("Accept it.", "EulaNotAccepted")}
    assert all(entry.files is None for entry in batch)


def test_nothing_is_lost(journal: Path, jobs: dict[str, str], session: up42.Session) -> None:
    with up42.Batch.resume(journal, session=session) as batch:
        require_everything(batch, jobs)
        assert "lost" in batch.report()
    assert version_of(journal) == VERSION
    with up42.Batch.resume(journal, session=session) as batch:
        require_everything(batch, jobs)


def test_it_goes_on(
    journal: Path, sandbox: Sandbox, session: up42.Session, item: str, tmp_path: Path
) -> None:
    before = len(sandbox.jobs)
    templates = [TrueColorConversion(title=t, item=item, session=session) for t in TITLES]
    with up42.Batch(templates, path=journal) as batch:
        assert len(batch) == len(TITLES), "old entries are found again by their fingerprints"
        batch.execute().track(wait=0.05)
        # Executed were the one that was lost before the server took it, and the pending one.
        assert len(sandbox.jobs) == before + 2
        batch.retry()
        assert len(sandbox.jobs) == before + 4
        batch.track(wait=0.05)
        assert batch.counts == {"captured": len(TITLES)}
        batch.filter(where=lambda entry: entry.title == "pending").download(tmp_path / "out")
    assert job_titles(sandbox) == sorted([*TITLES, "twice"])
    with up42.Batch.resume(journal, session=session) as batch:
        assert batch[6].files


def test_it_cannot_be_shown_before(journal: Path, session: up42.Session) -> None:
    with pytest.raises(up42.JournalError, match=r"version 1.*open it once with Batch.resume"):
        up42.Batch.resume(journal, session=session, read_only=True)
    assert version_of(journal) == 1


def test_a_newer_version_is_left_alone(journal: Path, session: up42.Session) -> None:
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    content = journal.read_bytes()
    for read_only in (False, True):
        with pytest.raises(up42.JournalError, match=f"version {VERSION + 1}.*update up42-facade"):
            up42.Batch.resume(journal, session=session, read_only=read_only)
    assert journal.read_bytes() == content


def test_another_programs_database_is_left_alone(tmp_path: Path, session: up42.Session) -> None:
    path = tmp_path / "browser.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url)")
        connection.commit()
    content = path.read_bytes()
    with pytest.raises(up42.JournalError, match="no journal of a batch"):
        up42.Batch([], path=path, session=session)
    assert path.read_bytes() == content
    assert not path.with_name("browser.db-wal").exists()


@pytest.fixture
def zygote(tmp_path: Path) -> Iterator[Zygote]:
    with Zygote(tmp_path / "log.txt") as made:
        yield made


def test_killed_midway(
    zygote: Zygote,
    sandbox: Sandbox,
    session: up42.Session,
    journal: Path,
    jobs: dict[str, str],
    tmp_path: Path,
) -> None:
    account = [sandbox.url, sandbox.username, sandbox.password]
    versions = set()
    for step in count(1):
        path = tmp_path / f"{step}.db"
        path.write_bytes(journal.read_bytes())
        code = zygote.run(workers.migrate, account, str(path), step)
        versions.add((code, version_of(path)))
        with up42.Batch.resume(path, session=session) as batch:
            require_everything(batch, jobs)
        assert version_of(path) == VERSION
        if code != -9:
            break
    # Killed before it was done, and after.
    assert versions == {(-9, 1), (-9, VERSION), (0, VERSION)}
