"""Folders that others can write to: what lies where the downloads keep notes of their own."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.facade.small_server import Reply, SmallServer
from up42_facade.downloads import download_archive, download_file

CONTENT = b"x" * 300_000
# Where a download of `a` keeps something beside it.
BESIDE = ("a.part.json", "a.part.json~", "a.part~")
VERSION = {"etag": '"1"', "modified": None, "size": len(CONTENT)}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    headers = {"ETag": '"1"', "Content-Encoding": "gzip"}
    with SmallServer() as server:
        server.routes["/a"] = Reply(gzip.compress(CONTENT), 200, headers)
        server.routes["/plain"] = Reply(CONTENT, 200, {"ETag": '"1"'})
        server.routes["/tar"] = Reply(bytes(10_240), 200)
        yield server.url


@pytest.mark.parametrize("name", BESIDE)
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("../outside")])
def test_pipes_and_links_beside_a_file(
    url: str, tmp_path: Path, name: str, make: Callable[[Path], None]
) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    (tmp_path / "here").mkdir()
    make(tmp_path / "here" / name)
    target = download_file(lambda: f"{url}/a", tmp_path / "here" / "a", progress=False)
    assert target.read_bytes() == CONTENT
    assert outside.read_text() == "mine"
    assert [path.name for path in target.parent.iterdir()] == ["a"]


@pytest.mark.parametrize(
    "note",
    [
        "[" * 100_000,
        json.dumps({"version": 1, "source": None, **VERSION, "done": [[0, float("inf")]]}),
        *(
            json.dumps({"version": 1, "source": None, **VERSION, "done": [[0, 10]], "etag": etag})
            for etag in ('"1"\r\nX: y', '"\u20ac"', {}, 1)
        ),
    ],
)
def test_notes_of_an_interrupted_download(url: str, tmp_path: Path, note: str) -> None:
    (tmp_path / "a.part").write_bytes(b"y" * 20)
    (tmp_path / "a.part.json").write_text(note)
    target = download_file(lambda: f"{url}/plain", tmp_path / "a", progress=False)
    assert target.read_bytes() == CONTENT


def record_path(folder: Path, url: str) -> Path:
    return folder / ".up42" / f"{hashlib.sha256(f'{url}/plain'.encode()).hexdigest()[:32]}.json"


@pytest.mark.parametrize(
    "change",
    [
        {"version": 0},
        {"source": "other"},
        {"source": 1},
        {"files": [["../x", 1, 1]]},
        {"files": [["/etc/passwd", 1, 1]]},
        {"files": [["a", "b", "c"]]},
        {"files": [1]},
        {"files": None},
        {"files": [["plain", float("inf"), 1]]},
        {"files": [["a\0b", 1, 1]]},
        {"files": [["a\ud800", 1, 1]]},
        {"files": [["a\\b", 1, 1]]},
        {"files": [["./a", 1, 1]]},
        {"files": [[".up42/x", 1, 1]]},
        {"etag": {}},
        {"etag": '"1"\r\nX: y'},
    ],
    ids=str,
)
def test_records_of_earlier_downloads(url: str, tmp_path: Path, change: dict[str, Any]) -> None:
    path = record_path(tmp_path, url)
    path.parent.mkdir()
    known = {"version": 1, "source": f"{url}/plain", **VERSION, "files": [["plain", 1, 1]]}
    path.write_text(json.dumps(known | change))
    target = download_file(lambda: f"{url}/plain", f"{tmp_path}/", progress=False)
    assert target == tmp_path / "plain"
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("content", ["", "[]", "[" * 100_000])
def test_files_that_are_not_records(url: str, tmp_path: Path, content: str) -> None:
    path = record_path(tmp_path, url)
    path.parent.mkdir()
    path.write_text(content)
    target = download_file(lambda: f"{url}/plain", f"{tmp_path}/", progress=False)
    assert target.read_bytes() == CONTENT


def test_a_file_in_place_of_the_records(url: str, tmp_path: Path) -> None:
    (tmp_path / ".up42").write_text("mine")
    target = download_file(lambda: f"{url}/plain", f"{tmp_path}/", progress=False)
    assert target.read_bytes() == CONTENT
    assert (tmp_path / ".up42").read_text() == "mine"


def test_a_pipe_for_a_record(url: str, tmp_path: Path) -> None:
    path = record_path(tmp_path, url)
    path.parent.mkdir()
    os.mkfifo(path)
    target = download_file(lambda: f"{url}/plain", f"{tmp_path}/", progress=False)
    assert target.read_bytes() == CONTENT


def test_records_stay_in_the_folder(url: str, tmp_path: Path) -> None:
    for name in ("here", "outside"):
        (tmp_path / name).mkdir()
    (tmp_path / "here" / ".up42").symlink_to(tmp_path / "outside")
    download_file(lambda: f"{url}/plain", f"{tmp_path}/here/", progress=False)
    assert not list((tmp_path / "outside").iterdir())


def test_a_pipe_in_a_folder_that_looks_like_a_dead_download(url: str, tmp_path: Path) -> None:
    pipe = tmp_path / ".up42-unpacking-x" / "owner"
    pipe.parent.mkdir()
    os.mkfifo(pipe)
    assert download_archive(lambda: f"{url}/tar", tmp_path, progress=False) == []
    assert pipe.is_fifo()
