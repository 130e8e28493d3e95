"""Archives unpacked into a store."""

from __future__ import annotations

import io
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pystac
import pytest

import up42_facade as up42
from tests.cloud.conftest import Place, Serve
from up42_facade._downloads import stores

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
    assert not list(temporary.glob("up42-archive-*"))


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
    assert not list(temporary.glob("up42-archive-*"))


@pytest.mark.parametrize("end", [-1, 60])
def test_an_archive_that_is_cut_off(
    serve: Serve, session: up42.Session, place: Place, temporary: Path, end: int
) -> None:
    with pytest.raises(up42.CorruptArchiveError):
        get(serve(packed(CONTENT)[:end], "results.tgz"), place, session)
    assert place.names() == []
    assert not list(temporary.glob("up42-archive-*"))


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
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place.write("data.json", b"old")

    def refusing(kind: type[stores.Draft]) -> Any:
        own = kind._publish

        def publish(draft: stores.Draft, size: int) -> None:
            if draft._parts[-1] == "b.txt":
                raise PermissionError("Access Denied")
            own(draft, size)

        return publish

    for kind in (stores.ClosedDraft, stores.MovedDraft):
        monkeypatch.setattr(kind, "_publish", refusing(kind))
    monkeypatch.setattr("up42_facade._downloads.store_files.DEFAULT_WORKERS", 1)
    with pytest.raises(up42.UploadError, match="Access Denied"):
        get(serve(packed(CONTENT), "results.tgz"), place, session)
    # What was there before can't be brought back; it is whole, and nothing new is left.
    assert place.names() == ["data.json"]
    assert place.read("data.json") == b"{}"
    assert place.unfinished() == []
    assert not list(temporary.glob("up42-archive-*"))


def test_an_empty_archive(serve: Serve, session: up42.Session, place: Place) -> None:
    assert get(serve(packed({}), "results.tgz"), place, session) == []
    assert place.names() == []
