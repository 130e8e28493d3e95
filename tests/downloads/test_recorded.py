"""What is complete isn't fetched again, and what isn't is."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from up42_facade.downloads import Download, download_archive, download_files
from up42_facade.errors import ArchiveError, DownloadError

ID = "https://api.example.com/v2/assets/1"


def archive(text: bytes) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as file:
        for name in ("output/a.json", "output/b/c.tif"):
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            file.addfile(entry, io.BytesIO(text))
    return gzip.compress(target.getvalue())


def fetch_archive(blob, folder, **options):
    return [Path(path) for path in download_archive(blob.link, folder, source_id=ID, **options)]


def fetch_file(blob, folder, **options):
    return download_files([Download(blob.link, folder / "a.tif", source_id=ID)], **options)


WAYS = {"archive": fetch_archive, "file": fetch_file}


@pytest.fixture(params=WAYS)
def fetch(request):
    return WAYS[request.param]


def was_fetched_again(blob):
    """More than one byte was requested since the first time."""
    asked = [request.headers.get("Range") for request in blob.requests[1:]]
    return any(range_ != "bytes=0-0" for range_ in asked)


def test_what_is_complete_is_confirmed_by_one_byte(store, tmp_path, fetch):
    blob = store.put(archive(b"one"))
    paths = fetch(blob, tmp_path)
    assert fetch(blob, tmp_path) == paths
    assert len(blob.requests) == 2
    assert not was_fetched_again(blob)


@pytest.mark.parametrize(
    "change",
    [
        lambda blob, path: path.unlink(),
        lambda blob, path: path.write_bytes(b"changed"),
        lambda blob, path: setattr(blob, "etag", '"v2"'),
        lambda blob, path: setattr(blob, "data", archive(bytes(range(256)))),
        lambda blob, path: (setattr(blob, "etag", None), setattr(blob, "modified", None)),
    ],
    ids=["gone", "edited", "other version", "other length", "no validator"],
)
def test_what_changed_is_fetched_again(store, tmp_path, fetch, change):
    blob = store.put(archive(b"one"))
    path = fetch(blob, tmp_path)[-1]
    change(blob, path)
    fetched = fetch(blob, tmp_path)
    assert was_fetched_again(blob)
    assert all(path.exists() for path in fetched)


def test_overwrite_fetches_again(store, tmp_path, fetch):
    blob = store.put(archive(b"one"))
    fetch(blob, tmp_path)
    fetch(blob, tmp_path, overwrite=True)
    assert was_fetched_again(blob)


def test_a_failure_leaves_no_record(store, tmp_path, fetch):
    blob = store.put(b"<html>", headers={"Content-Type": "text/html"})
    with pytest.raises(DownloadError):
        fetch(blob, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_refused_archive_leaves_no_record(store, tmp_path):
    with pytest.raises(ArchiveError):
        fetch_archive(store.put(archive(b"one")[:-20]), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_file_of_equal_length_counts_only_with_its_record(store, tmp_path):
    one, two = store.put(b"one", etag='"1"'), store.put(b"two", etag='"2"')
    fetch_file(one, tmp_path)
    [path] = download_files([Download(two.link, tmp_path / "a.tif", 3, source_id="other")])
    assert path.read_bytes() == b"two"
