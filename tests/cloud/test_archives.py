"""Archives unpacked into a store."""

from __future__ import annotations

import io
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from itertools import count
from pathlib import Path
from time import sleep
from typing import Any

import pystac
import pytest
from fsspec.implementations.memory import MemoryFileSystem

import up42_facade as up42
from tests.cloud.conftest import Place, Serve, bodies
from up42_facade.downloads import Download, Fetch, open_folder
from up42_sandbox import Sandbox

CONTENT = {"output/data.json": b"{}", "output/deep/a.txt": b"a", "output/deep/b.txt": b"bb"}
NAMES = ["data.json", "deep/a.txt", "deep/b.txt"]


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files; whatever was tried, nothing of ours stays."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def packed(content: dict[str, bytes], kind: str = "tgz") -> bytes:
    target = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(target, "w") as archive:
            for name, data in content.items():
                archive.writestr(name, data)
        return target.getvalue()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        for name, data in content.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return target.getvalue()


def get(items: list[pystac.Item], place: Place, session: up42.Session, **options: Any) -> list[str]:
    return up42.download_items(
        items, place.url, storage_options=place.options, session=session, progress=False, **options
    )


@pytest.mark.parametrize("kind", ["tgz", "zip"])
def test_members_are_files_of_the_store(
    serve: Serve, session: up42.Session, place: Place, temporary: Path, kind: str
) -> None:
    items = serve(packed(CONTENT, kind), f"results.{kind}")
    assert get(items, place, session) == [place.url_of(name) for name in NAMES]
    assert place.names() == NAMES
    assert [place.read(name) for name in NAMES] == list(CONTENT.values())
    assert not list(temporary.glob(".up42-*"))


def test_an_archive_can_stay_one(serve: Serve, session: up42.Session, place: Place) -> None:
    archive = packed(CONTENT)
    items = serve(archive, "results.tgz")
    assert get(items, place, session, unpacking=False) == [place.url_of("results.tgz")]
    assert place.read("results.tgz") == archive


def test_what_is_no_archive_is_kept(serve: Serve, session: up42.Session, place: Place) -> None:
    items = serve(b"just bytes", "results.zip", media_type="application/zip")
    assert get(items, place, session) == [place.url_of("results.zip")]
    assert place.read("results.zip") == b"just bytes"


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/evil.txt", "a/../../evil.txt", "a\\b"])
def test_a_member_that_would_leave_the_folder(
    serve: Serve, session: up42.Session, place: Place, temporary: Path, name: str
) -> None:
    items = serve(packed({**CONTENT, name: b"evil"}), "results.tgz")
    with pytest.raises(up42.UnsafeArchiveError):
        get(items, place, session)
    assert place.names() == []
    assert not place.folders()
    assert not list(temporary.glob(".up42-*"))


@pytest.mark.parametrize("end", [-1, 60])
def test_an_archive_that_is_cut_off(
    serve: Serve, session: up42.Session, place: Place, temporary: Path, end: int
) -> None:
    with pytest.raises(up42.ArchiveError):
        get(serve(packed(CONTENT)[:end], "results.tgz"), place, session)
    assert place.names() == []
    assert not list(temporary.glob(".up42-*"))


def test_a_wrong_checksum(serve: Serve, session: up42.Session, place: Place) -> None:
    items = serve(packed(CONTENT), "results.tgz", checksum="1220" + "00" * 32)
    with pytest.raises(up42.ChecksumError):
        get(items, place, session)
    assert place.names() == []


def test_a_store_that_refuses_one_member(
    serve: Serve,
    session: up42.Session,
    place: Place,
    temporary: Path,
    refuse: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    items = serve(packed(CONTENT), "results.tgz")
    with monkeypatch.context():
        refuse(PermissionError("Access Denied"), "b.txt")
        with pytest.raises(up42.UploadError, match="Access Denied"):
            get(items, place, session)
    assert place.everything() == []
    assert place.unfinished() == []
    assert not list(temporary.glob(".up42-*"))


def test_archives_in_one_folder(serve: Serve, session: up42.Session, place: Place) -> None:
    (one,) = serve(packed(CONTENT), "results.tgz")
    other = one.clone()
    other.id = "other"
    other.assets = {"results.tgz": serve(packed(dict.fromkeys(CONTENT, b"x")))[0].assets["a.bin"]}
    one.assets = {"results.tgz": serve(packed(CONTENT))[0].assets["a.bin"]}
    first = get([one], place, session)
    second = get([other], place, session)
    assert second == [place.url_of(f"other/{name}") for name in NAMES]
    for _ in range(2):
        assert [place.read(name) for name in NAMES] == list(CONTENT.values())
        assert [place.read(f"other/{name}") for name in NAMES] == [b"x"] * 3
        assert get([one], place, session, overwrite=True) == first
        assert get([other], place, session) == second


def test_an_archive_is_fetched_once_and_completed_if_a_member_is_gone(
    sandbox: Sandbox, serve: Serve, session: up42.Session, place: Place
) -> None:
    items = serve(packed(CONTENT), "results.tgz")
    urls = get(items, place, session)
    sandbox.clear_requests()
    assert get(items, place, session) == urls
    assert bodies(sandbox) == 0
    place.fs.rm_file(f"{place.root}/deep/a.txt")
    assert get(items, place, session) == urls
    assert [place.read(name) for name in NAMES] == list(CONTENT.values())
    assert place.names() == NAMES


def test_members_side_by_side_in_a_folder_of_the_job(
    sandbox: Sandbox,
    serve: Serve,
    session: up42.Session,
    memory: Place,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Each of many threads may be the first to look at a folder, and the last to learn what's there.
    look, delays = MemoryFileSystem.ls, count()

    def slow(fs: Any, path: str, **options: Any) -> Any:
        try:
            return look(fs, path, **options)
        finally:
            sleep(next(delays) / 100)

    monkeypatch.setattr(MemoryFileSystem, "ls", slow)
    content = {f"output/{n % 3}/{n}.txt": b"x" for n in range(20)}
    (item,) = serve(packed(content), "results.tgz")
    url = f"{memory.url}/{item.id}"
    archive = Download(
        lambda: item.assets["results.tgz"].href,
        name="results.tgz",
        group=item.id,
        source_id="results",
        is_unpacked=True,
    )

    def fetched() -> list[list[str]]:
        folder = open_folder(url, memory.options)
        return Fetch(folder, session.storage, progress=False, aside=item.id).run([archive])

    (urls,) = fetched()
    assert len(urls) == len(content)
    sandbox.clear_requests()
    assert fetched() == [urls]
    assert bodies(sandbox) == 0


def test_an_empty_archive(serve: Serve, session: up42.Session, place: Place) -> None:
    assert get(serve(packed({}), "results.tgz"), place, session) == []
    assert place.names() == []
