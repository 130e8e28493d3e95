"""IDs, keys, and names that a server sends never lead outside the folder of a download."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import pystac
import pytest

import up42_facade as up42
from up42_sandbox import Fault, Sandbox

NAMES = ["../../up", "/../../../up", "{root}/absolute", "..", "C:\\up", "n" * 300, "a\0b", "\ud800"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, deep enough to climb out of."""
    folder = tmp_path / "a" / "b" / "here"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(params=NAMES, ids=ascii)
def name(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(request.param).replace("{root}", str(tmp_path))


@pytest.fixture
def done(sandbox: Sandbox, session: up42.Session) -> up42.Job:
    item = next(up42.search_items(session=session))
    template = up42.processing_templates.DetectionTreesSpacept("Trees", item, session=session)
    job = template.execute()
    sandbox.clock.advance(100_000)
    return job.track(progress=False)


@pytest.fixture
def sendable(name: str) -> str:
    """A name that can be part of a request."""
    return name.encode("utf-8", "replace").decode()


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def archive() -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        member = tarfile.TarInfo("output/x.txt")
        member.size = 1
        tar.addfile(member, io.BytesIO(b"x"))
    return target.getvalue()


def test_the_id_of_a_job(done: up42.Job, here: Path, tmp_path: Path, name: str) -> None:
    known: dict[str, Any] = {**done.to_metadata(), "jobID": name}
    if not name.isprintable():
        with pytest.raises(up42.UnexpectedResponseError, match="jobID"):
            up42.Job.from_metadata(known, session=done.session)
        return
    job = up42.Job.from_metadata(known, session=done.session)
    paths = job.download_results(progress=False)
    assert files(tmp_path) == files(here)
    assert {Path(path).parent.parent for path in paths} == {here}


def test_the_id_of_a_job_of_a_batch(
    sandbox: Sandbox, done: up42.Job, here: Path, tmp_path: Path, sendable: str
) -> None:
    template = up42.processing_templates.DetectionTreesSpacept(
        "Others", done.inputs["item"], session=done.session
    )
    answer = {**done.to_metadata(), "jobID": sendable}
    sandbox.inject(Fault(method="POST", path="*/execution", patch=answer))
    with up42.Batch([template]) as batch:
        batch.execute(progress=False).download(here / "out", progress=False)
    assert files(tmp_path) == files(here)
    # Without a usable ID, the job is the one that was found in the list, which still runs.
    assert bool(files(here / "out")) == sendable.isprintable()


@pytest.mark.parametrize("unpacking", [True, False])
@pytest.mark.parametrize("folder", [None, "out"])
def test_the_id_of_an_analytics_job(
    sandbox: Sandbox,
    session: up42.Session,
    here: Path,
    tmp_path: Path,
    sendable: str,
    unpacking: bool,
    folder: str | None,
) -> None:
    url = sandbox.storage.put("output.tgz", archive())()
    body = {"data": {"url": url}, "error": None}
    sandbox.inject(Fault(path="*/downloads/results", status=200, body=body, times=None))
    job = up42.initialize_job(sendable, "project", session)
    if sendable == "..":
        with pytest.raises(up42.InvalidInputError, match="isn't the ID of anything"):
            job.download_results(folder, unpacking, progress=False)
        return
    (path,) = job.download_results(folder, unpacking, progress=False)
    assert files(tmp_path) == files(here)
    assert (here / (folder or "project_project")) in Path(path).resolve().parents


def test_the_key_of_an_asset_and_the_id_of_an_item(
    sandbox: Sandbox, session: up42.Session, here: Path, tmp_path: Path, name: str
) -> None:
    items = list(up42.search_items(session=session))[:2]
    for number, item in enumerate(items):
        item.id = f"{name}{number}"
        url = sandbox.storage.put(f"{number}.bin", str(number).encode())()
        item.assets = {name: pystac.Asset(url)}
    paths = up42.download_items(items, "out", session=session, progress=False)
    assert [Path(path).read_text() for path in paths] == ["0", "1"]
    assert files(tmp_path) == files(here / "out")
