"""What is complete isn't fetched again, and what isn't is."""

from __future__ import annotations

import gzip
import io
import random
import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import inside
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


def test_empty_validators_confirm_nothing(store, tmp_path, fetch):
    blob = store.put(archive(b"one"), etag="", modified="")
    fetch(blob, tmp_path)
    fetch(blob, tmp_path)
    assert was_fetched_again(blob)


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


# Another program, which is killed right after a file has moved into place.
KILLED = """
import os, pathlib, sys
from up42_facade.downloads import Download, download_archive, download_files

kind, url, source, folder = sys.argv[1:]
move = os.replace
def killed(source, target):
    move(source, target)
    if pathlib.Path(target).suffix != ".json" or kind == "archive" and ".up42" not in str(target):
        os._exit(9)
os.replace = killed
if kind == "archive":
    download_archive(lambda: url, folder, source_id=source, aside="aside")
else:
    target = pathlib.Path(folder) / "a.tif"
    download_files([Download(lambda: url, target, source_id=source, folder=folder)])
"""


@pytest.mark.parametrize("kind", WAYS)
def test_files_of_a_killed_program_are_known_as_its_own(store, tmp_path, kind):
    blob = store.put(archive(b"one"))
    command = [sys.executable, "-c", KILLED, kind, blob.link(), ID, str(tmp_path)]
    done = subprocess.run(command, capture_output=True)
    assert done.returncode == 9, done.stderr.decode()
    moved = [path for path in tmp_path.rglob("a.*") if not path.parent.name.startswith(".up42")]
    assert len(moved) == 1
    again = {
        "archive": lambda: fetch_archive(blob, tmp_path, aside="aside"),
        "file": lambda: fetch_file(blob, tmp_path),
    }
    paths = again[kind]()
    assert not (tmp_path / "aside").exists()
    assert moved[0] in paths
    blob.requests.clear()
    assert again[kind]() == paths
    assert [request.headers.get("Range") for request in blob.requests] == ["bytes=0-0"]


@pytest.mark.parametrize("kind", WAYS)
def test_a_file_that_appears_meanwhile_is_not_replaced(store, tmp_path, kind):
    blob = store.put(archive(b"one"))
    name = "a.json" if kind == "archive" else "a.tif"

    def link():
        (tmp_path / name).write_text("foreign")
        return blob.link()

    if kind == "archive":
        download_archive(link, tmp_path, source_id=ID, aside="aside")
        assert (tmp_path / "aside" / "a.json").read_bytes() == b"one"
    else:
        with pytest.raises(DownloadError, match="isn't known to come from this download"):
            download_files([Download(link, tmp_path / name, source_id=ID)])
        assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "foreign"


def test_archives_that_arrive_in_one_folder_at_once_replace_nothing_of_each_other(store, tmp_path):
    blobs = {f"{number}".encode(): store.put(archive(b"%d" % number)) for number in range(8)}

    def fetch(pair):
        text, blob = pair
        name = text.decode()
        found = download_archive(blob.link, tmp_path / "new", source_id=name, aside=name)
        return [Path(path) for path in found]

    with ThreadPoolExecutor(8) as pool:
        found = dict(zip(blobs, pool.map(fetch, blobs.items()), strict=True))
    for text, paths in found.items():
        assert [path.read_bytes() for path in paths] == [text, text]


def test_a_part_of_another_source_is_not_continued(store, tmp_path, monkeypatch):
    """Servers whose ETags are dates and lengths give equal ones to different files."""
    inside.without_pauses(monkeypatch)
    data = random.Random(1).randbytes(2_000_000)
    first = store.put(data[::-1], cut_every_answer_after=1_000_000)
    first.on_request = lambda blob: blob.statuses.append(404) if blob.requests else None
    second = store.put(data)
    with pytest.raises(DownloadError):
        download_files([Download(first.link, tmp_path / "a", source_id="1")])
    assert (tmp_path / "a.part").exists()
    [path] = download_files([Download(second.link, tmp_path / "a", source_id="2")])
    assert path.read_bytes() == data


def test_a_file_that_another_source_delivered_since_is_not_replaced(store, tmp_path):
    first, second = store.put(archive(b"one")), store.put(archive(b"two"))

    def fetch(blob, source):
        found = download_archive(blob.link, tmp_path, source_id=source, aside=f"job_{source}")
        return [Path(path) for path in found]

    paths = fetch(first, "a")
    for path in paths:
        path.unlink()
    assert fetch(second, "b") == paths
    assert fetch(first, "a") == [tmp_path / "job_a" / path.relative_to(tmp_path) for path in paths]
    assert paths[0].read_bytes() == b"two"
    # A file that was only changed is still the source's own.
    paths[0].write_bytes(b"changed")
    assert fetch(second, "b") == paths
    assert paths[0].read_bytes() == b"two"


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(source=st.text())
def test_any_string_can_be_a_source(store, tmp_path_factory, source):
    blob = store.put(b"one")
    wanted = [Download(blob.link, tmp_path_factory.mktemp("folder") / "a", source_id=source)]
    for _ in range(2):
        download_files(wanted)
    assert [request.headers.get("Range") for request in blob.requests[1:]] == ["bytes=0-0"]
