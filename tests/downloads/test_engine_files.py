"""Whole files: resumed, verified, parallel, and never half there."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

import up42_facade
from tests import inside
from up42_facade.downloads import Download, download_file, download_files, open_stream, stream_to
from up42_facade.errors import (
    ChecksumError,
    ConnectionFailedError,
    DownloadError,
    InvalidInputError,
)

DATA = random.Random(42).randbytes(3_000_000)
SHA256 = "sha256:" + hashlib.sha256(DATA).hexdigest()
MULTIHASH = "1220" + hashlib.sha256(DATA).hexdigest()


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_arrives(store, tmp_path):
    blob = store.put(DATA)
    path = download_file(blob.link, tmp_path / "new" / "a.tif", checksum=MULTIHASH)
    assert path == tmp_path / "new" / "a.tif"
    assert path.read_bytes() == DATA
    assert listing(path.parent) == ["a.tif"]
    headers = {name.lower(): value for name, value in blob.requests[0].headers.items()}
    assert headers["accept-encoding"] == "identity"
    assert "authorization" not in headers


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("connections", [1, 4])
def test_an_empty_file_arrives(store, tmp_path, ranges, connections):
    blob = store.put(b"", ranges=ranges)
    path = download_file(blob.link, tmp_path / "a", connections=connections)
    assert path.read_bytes() == b""
    assert listing(tmp_path) == ["a"]


def test_cuts_are_continued_where_they_happened(store, tmp_path):
    cuts = [1, 700_000, 700_001, 2_999_999]
    blob = store.put(DATA, cuts=list(cuts))
    assert download_file(blob.link, tmp_path / "a").read_bytes() == DATA
    assert blob.starts == [0, *cuts]


def test_a_cut_without_known_length_is_continued(store, tmp_path):
    blob = store.put(DATA, chunked=True, cuts=[1_000_000])
    path = download_file(blob.link, tmp_path / "a", connections=1, checksum=SHA256)
    assert path.read_bytes() == DATA
    assert blob.starts == [0, 1_000_000]


@pytest.mark.parametrize("longest", [None, 1_000_000])
def test_a_range_of_unknown_length_is_not_taken_for_the_file(store, tmp_path, longest):
    blob = store.put(DATA, total="*", longest_range=longest)
    assert download_file(blob.link, tmp_path / "a").read_bytes() == DATA


def test_ranges_that_end_early_are_continued(store, tmp_path):
    blob = store.put(DATA, longest_range=1_000_000)
    assert download_file(blob.link, tmp_path / "a").read_bytes() == DATA


def test_a_range_beyond_the_end_leaves_nothing(store, tmp_path):
    blob = store.put(DATA, total=f"{len(DATA) - 1}")
    with pytest.raises(DownloadError, match="the server sent the range"):
        download_file(blob.link, tmp_path / "a")
    assert listing(tmp_path) == []


def test_a_server_without_ranges_leads_to_a_clean_restart(store, tmp_path):
    blob = store.put(DATA, ranges=False, cuts=[1_000_000, 2_000_000])
    assert download_file(blob.link, tmp_path / "a").read_bytes() == DATA
    assert blob.starts == [0, 0, 0]


@pytest.mark.parametrize("status", [400, 403, 410])
def test_an_expired_link_is_replaced(store, tmp_path, status):
    blob = store.put(DATA, signed=True, expired_status=status, cuts=[1_500_000])
    seen = []

    def expire_midway(blob):
        seen.append(blob)
        if len(seen) == 2:
            blob.expire()

    blob.on_request = expire_midway
    assert download_file(blob.link, tmp_path / "a").read_bytes() == DATA
    assert blob.starts == [0, 1_500_000]
    assert blob.links_made == 2


def test_a_link_that_is_always_refused_fails(store, tmp_path, quick):
    blob = store.put(DATA, signed=True, on_request=lambda blob: blob.expire())
    with pytest.raises(DownloadError, match="HTTP 403"):
        download_file(blob.link, tmp_path / "a")
    assert 2 <= len(blob.requests) <= 5
    assert listing(tmp_path) == []


def test_errors_and_logs_hide_the_signature(store, tmp_path, quick, caplog):
    caplog.set_level("INFO")
    blob = store.put(DATA, signed=True, statuses=[404])
    with pytest.raises(DownloadError) as caught:
        download_file(blob.link, tmp_path / "a")
    assert "Signature" not in str(caught.value)
    assert "output.tgz" in caplog.text
    assert "Signature" not in caplog.text


@pytest.mark.parametrize("status", [429, 500, 503])
def test_passing_failures_are_waited_out(store, tmp_path, quick, status):
    blob = store.put(DATA, statuses=[status] * 5, headers={"Retry-After": "0"})
    assert download_file(blob.link, tmp_path / "a").read_bytes() == DATA


def test_patience_ends(store, tmp_path, quick):
    blob = store.put(DATA, cut_every_answer_after=0)
    with pytest.raises(ConnectionFailedError, match=r"output\.tgz"):
        download_file(blob.link, tmp_path / "a")
    assert listing(tmp_path) == []


def test_progress_renews_patience(store, tmp_path, quick):
    blob = store.put(DATA, cut_every_answer_after=100_000)
    assert download_file(blob.link, tmp_path / "a").read_bytes() == DATA
    assert len(blob.requests) >= 30


def test_a_server_that_is_gone_is_a_connection_error(tmp_path, quick):
    with pytest.raises(ConnectionFailedError):
        download_file(lambda: "http://127.0.0.1:9/x", tmp_path / "a")
    assert listing(tmp_path) == []


def test_a_stalled_connection_is_replaced(store, tmp_path):
    blob = store.put(DATA, latency=1.0)
    blob.on_request = lambda blob: setattr(blob, "latency", 0.0)
    with httpx.Client(timeout=0.2) as http:
        assert download_file(blob.link, tmp_path / "a", http=http).read_bytes() == DATA


def test_a_url_of_another_kind_is_refused(tmp_path):
    with pytest.raises(DownloadError):
        download_file(lambda: "ftp://127.0.0.1/x", tmp_path / "a")


def test_errors_of_the_link_giver_pass(tmp_path):
    def fail() -> str:
        raise InvalidInputError("no such job")

    with pytest.raises(InvalidInputError, match="no such job"):
        download_file(fail, tmp_path / "a")


def test_an_object_that_changes_midway_is_fetched_anew(store, tmp_path):
    other = DATA[::-1]
    blob = store.put(DATA, cuts=[1_000_000])
    seen = []

    def change(blob):
        seen.append(1)
        if len(seen) == 2:
            blob.data, blob.etag = other, '"v2"'

    blob.on_request = change
    assert download_file(blob.link, tmp_path / "a").read_bytes() == other


@pytest.mark.parametrize(
    ("size", "checksum"),
    [(5, None), (None, "md5:" + 32 * "0"), (None, "1220" + 64 * "0"), (len(DATA) + 1, SHA256)],
)
def test_a_mismatch_leaves_nothing(store, tmp_path, size, checksum):
    blob = store.put(DATA)
    with pytest.raises(ChecksumError):
        download_file(blob.link, tmp_path / "a", size=size, checksum=checksum)
    assert listing(tmp_path) == []


def test_a_wrong_length_without_announcement_is_found(store, tmp_path):
    blob = store.put(DATA, chunked=True)
    with pytest.raises(ChecksumError):
        download_file(blob.link, tmp_path / "a", size=5, connections=1)
    assert listing(tmp_path) == []


def md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data).digest()).decode()


@pytest.mark.parametrize(
    "headers",
    [{"x-goog-hash": f"crc32c=AAAAAA==,md5={md5(b'x')}"}, {"Content-MD5": md5(b"x")}],
)
def test_header_checksums_are_verified(store, tmp_path, headers):
    blob = store.put(DATA, headers=headers)
    with pytest.raises(ChecksumError, match="header"):
        download_file(blob.link, tmp_path / "a", connections=1)
    assert listing(tmp_path) == []


def test_the_hash_of_a_stored_gzip_is_not_held_against_the_content(store, tmp_path):
    headers = {"x-goog-hash": f"md5={md5(b'x')}", "x-goog-stored-content-encoding": "gzip"}
    blob = store.put(DATA, headers=headers, chunked=True, ranges=False)
    assert download_file(blob.link, tmp_path / "a").read_bytes() == DATA


@pytest.mark.parametrize("checksum", ["nonsense", "1220ff", "md5:12", "9999" + 64 * "0", "x:12"])
def test_checksums_that_make_no_sense_are_refused(store, tmp_path, checksum):
    blob = store.put(DATA)
    with pytest.raises(InvalidInputError):
        download_file(blob.link, tmp_path / "a", checksum=checksum)
    assert blob.requests == []


def test_a_finished_file_is_not_fetched_again(store, tmp_path):
    blob = store.put(DATA)
    download_file(blob.link, tmp_path / "a")
    download_file(blob.link, tmp_path / "a", size=len(DATA), checksum=SHA256)
    assert len(blob.requests) == 1
    # Without size and checksum the server is asked for its length, and nothing is read.
    (tmp_path / "a").chmod(0o644)
    before = (tmp_path / "a").stat().st_ino
    download_file(blob.link, tmp_path / "a")
    assert (tmp_path / "a").stat().st_ino == before
    assert listing(tmp_path) == ["a"]
    download_file(blob.link, tmp_path / "a", overwrite=True)
    assert (tmp_path / "a").stat().st_ino != before


def test_another_file_is_replaced(store, tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    blob = store.put(DATA)
    assert download_file(blob.link, tmp_path / "a").read_bytes() == DATA


def test_a_failure_leaves_what_was_there(store, tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    blob = store.put(DATA)
    with pytest.raises(ChecksumError):
        download_file(blob.link, tmp_path / "a", checksum="md5:" + 32 * "0")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert listing(tmp_path) == ["a"]


@pytest.mark.parametrize("count", [2, 4])
def test_large_files_use_several_connections(store, tmp_path, monkeypatch, count):
    inside.small_parts(monkeypatch)
    blob = store.put(DATA, bytes_per_second=4_000_000, cuts=[900_000, 2_000_000])
    path = download_file(blob.link, tmp_path / "a", connections=count, checksum=SHA256)
    assert path.read_bytes() == DATA
    assert len(set(blob.starts)) > count
    assert blob.starts.count(0) == 1


def test_a_change_under_several_connections_is_noticed(store, tmp_path, monkeypatch):
    inside.small_parts(monkeypatch)
    other = DATA[::-1]
    blob = store.put(DATA, bytes_per_second=6_000_000)
    seen = []

    def change(blob):
        seen.append(1)
        if len(seen) == 3:
            blob.data, blob.etag = other, '"v2"'

    blob.on_request = change
    assert download_file(blob.link, tmp_path / "a").read_bytes() == other


def test_without_a_validator_one_connection_is_used(store, tmp_path, monkeypatch):
    inside.small_parts(monkeypatch)
    blob = store.put(DATA, etag='W/"1"', modified=None)
    assert download_file(blob.link, tmp_path / "a").read_bytes() == DATA
    assert blob.starts == [0]


# Where the package lies, so that other processes find it whether it is installed or not.
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(up42_facade.__file__).parents[1])}

KILLED = """
import sys
from up42_facade.downloads import download_file
download_file(lambda: sys.argv[1], sys.argv[2], progress=False, connections=int(sys.argv[3]))
"""


@pytest.mark.parametrize("connections", [1, 3])
def test_a_killed_process_is_continued(store, tmp_path, monkeypatch, connections):
    data = DATA * 10
    blob = store.put(data, bytes_per_second=10_000_000)
    target = tmp_path / "a"
    command = [sys.executable, "-c", KILLED, blob.link(), str(target), str(connections)]
    process = subprocess.Popen(command, env=ENVIRONMENT)
    note = tmp_path / "a.part.json"
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if note.exists() and json.loads(note.read_text())["done"]:
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = sum(end - start for start, end in json.loads(note.read_text())["done"])
    assert done > 1_000_000
    assert not target.exists()
    blob.requests.clear()
    blob.bytes_per_second = None
    assert download_file(blob.link, target, size=len(data)).read_bytes() == data
    assert min(blob.starts) > 0
    assert listing(tmp_path) == ["a"]


def test_ctrl_c_under_several_connections_ends_soon_and_can_be_continued(store, tmp_path):
    data = DATA * 10
    blob = store.put(data, bytes_per_second=3_000_000)
    command = [sys.executable, "-c", KILLED, blob.link(), str(tmp_path / "a"), "3"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
        while len(blob.requests) < 2:
            time.sleep(0.02)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=5)
    assert "KeyboardInterrupt" in errors
    assert listing(tmp_path) == ["a.part", "a.part.json"]
    blob.bytes_per_second = None
    blob.requests.clear()
    assert download_file(blob.link, tmp_path / "a").read_bytes() == data
    assert min(blob.starts) > 0


MANY_KILLED = """
import sys
from up42_facade.downloads import Download, download_files
url, folder = sys.argv[1:]
download_files([Download(lambda: url, f"{folder}/{i}") for i in range(20)], progress=False)
"""


@pytest.mark.parametrize("script", [KILLED, MANY_KILLED], ids=["one file", "many files"])
@pytest.mark.parametrize("hanging", [False, True], ids=["body", "headers"])
def test_ctrl_c_does_not_wait_for_connections_that_send_nothing(store, tmp_path, script, hanging):
    arrived = itertools.count(1)
    done = threading.Event()

    def answer_the_first_one(blob):
        if next(arrived) > 1 and hanging:
            done.wait()

    # One piece on each connection, and the next one after hours.
    blob = store.put(DATA * 10, bytes_per_second=1, on_request=answer_the_first_one)
    arguments = [str(tmp_path / "a"), "3"] if script == KILLED else [str(tmp_path)]
    command = [sys.executable, "-c", script, blob.link(), *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
        while len(blob.requests) < (1 if hanging else 3):
            time.sleep(0.02)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=10)
        finally:
            process.kill()
            done.set()
    assert "KeyboardInterrupt" in errors
    assert {path.suffix for path in tmp_path.iterdir()} <= {".part", ".json"}


def test_a_part_of_another_object_is_not_continued(store, tmp_path, quick):
    blob = store.put(DATA, cut_every_answer_after=1_000_000)
    blob.on_request = lambda blob: setattr(
        blob, "cut_every_answer_after", 0 if blob.requests else 1_000_000
    )
    with pytest.raises(ConnectionFailedError):
        download_file(blob.link, tmp_path / "a")
    assert listing(tmp_path) == ["a.part", "a.part.json"]
    other = DATA[::-1]
    changed = store.put(other, etag='"v2"')
    assert download_file(changed.link, tmp_path / "a").read_bytes() == other
    assert listing(tmp_path) == ["a"]


def test_the_same_target_twice_at_once_is_refused(store, tmp_path):
    blob = store.put(DATA, bytes_per_second=3_000_000)
    thread = threading.Thread(target=download_file, args=(blob.link, tmp_path / "a"))
    thread.start()
    while not blob.requests:
        time.sleep(0.01)
    with pytest.raises(DownloadError, match="another program"):
        download_file(blob.link, tmp_path / "a")
    thread.join()
    assert (tmp_path / "a").read_bytes() == DATA


def test_a_target_that_is_a_folder_or_lies_below_a_file(store, tmp_path):
    blob = store.put(DATA)
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(DownloadError, match="file"):
        download_file(blob.link, tmp_path / "file" / "a")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert listing(tmp_path) == ["file"]


def test_a_full_disk_is_a_clear_error(store, tmp_path):
    blob = store.put(DATA)
    script = """
import resource, signal, sys
from up42_facade.downloads import download_file
from up42_facade.errors import DownloadError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try:
    download_file(lambda: sys.argv[1], sys.argv[2], progress=False)
except DownloadError as error:
    print(error)
"""
    command = [sys.executable, "-c", script, blob.link(), str(tmp_path / "a")]
    result = subprocess.run(command, capture_output=True, text=True, check=True, env=ENVIRONMENT)
    assert "can't be written: File too large" in result.stdout
    assert listing(tmp_path) == []


@pytest.mark.parametrize(
    ("path", "query", "header", "name"),
    [
        ("/b/42/a.tif", "", "", "a.tif"),
        ("/b/42/x.zip", "attachment; filename=scene", "", "scene.zip"),
        ("/b/42/x.zip", 'attachment; filename="my scene.tif"', "", "my scene.tif"),
        ("/b/42/x.tif", "", 'attachment; filename="../../evil.tif"', "evil-12079a0996.tif"),
        ("/b/42/x.tif", "", "attachment; filename*=UTF-8''sc%C3%A8ne.tif", "scène.tif"),
        ("/b/42/x.tif", "", "attachment; filename=CON", "_CON-1574d58208.tif"),
        ("/b/42/", "", "", "download"),
        ("/b/42/x.tif", "", "attachment; filename*=nonsense''b.tif", "b.tif"),
        (f"/b/42/{300 * 'n'}", "", "", 189 * "n" + "-230b077491"),
    ],
)
def test_the_name_in_a_folder_is_the_proposed_one(store, tmp_path, path, query, header, name):
    headers = {"Content-Disposition": header} if header else {}
    blob = store.put(DATA[:1000], path, headers=headers)
    suffix = httpx.QueryParams({"response-content-disposition": query}) if query else ""
    result = download_file(lambda: f"{blob.base}{blob.path}?{suffix}", tmp_path)
    assert result == tmp_path / name
    assert download_file(blob.link, f"{tmp_path}/new/").parent == tmp_path / "new"


def test_many_files_arrive_in_order(store, tmp_path):
    # Nobody is answered before eight have asked: one after another they would wait for ever.
    together = threading.Barrier(8, timeout=20)
    blobs = [store.put(bytes([n]) * 1000, on_request=lambda _: together.wait()) for n in range(24)]
    wanted = [Download(blob.link, tmp_path / f"{n}.jpg") for n, blob in enumerate(blobs)]
    paths = download_files(wanted)
    assert [path.read_bytes()[0] for path in paths] == list(range(24))
    assert listing(tmp_path) == sorted(f"{n}.jpg" for n in range(24))


def test_one_failure_stops_the_others(store, tmp_path):
    # Ten seconds each, if they weren't stopped.
    slow = [store.put(DATA[:200_000], bytes_per_second=20_000) for _ in range(5)]
    bad = store.put(b"", statuses=[404])
    wanted = [Download(blob.link, tmp_path / f"{n}") for n, blob in enumerate([*slow, bad])]
    started = time.monotonic()
    with pytest.raises(DownloadError, match="404"):
        download_files(wanted)
    assert time.monotonic() - started < 8
    assert listing(tmp_path) == []


def test_two_downloads_to_one_target_are_refused(store, tmp_path):
    blob = store.put(DATA)
    with pytest.raises(InvalidInputError, match="same target"):
        download_files([Download(blob.link, tmp_path / "a"), Download(blob.link, tmp_path / "a")])


def test_a_stream_goes_on_after_cuts(store):
    blob = store.put(DATA, cuts=[10, 1_000_000, 2_000_000])
    taken = bytearray()
    assert stream_to(blob.link, taken.extend, checksum=SHA256) == len(DATA)
    assert bytes(taken) == DATA
    assert blob.starts == [0, 10, 1_000_000, 2_000_000]


def test_a_stream_skips_what_it_has_where_ranges_are_ignored(store, tmp_path):
    blob = store.put(DATA, cuts=[1_000_000], ranges=False)
    with (tmp_path / "a").open("wb") as file:
        assert stream_to(blob.link, file) == len(DATA)
    assert (tmp_path / "a").read_bytes() == DATA


def test_a_stream_whose_beginning_changed_fails(store):
    blob = store.put(DATA, cuts=[1_000_000], ranges=False, etag=None, modified=None)
    blob.on_request = lambda blob: setattr(blob, "data", DATA[::-1] if blob.requests else DATA)
    with pytest.raises(DownloadError, match="changed"):
        stream_to(blob.link, lambda block: None)


def test_a_stream_never_gives_the_last_bytes_of_a_wrong_file(store):
    blob = store.put(DATA)
    taken = bytearray()
    with pytest.raises(ChecksumError):
        stream_to(blob.link, taken.extend, checksum="md5:" + 32 * "0")
    assert len(taken) < len(DATA)


def test_a_file_object_reads_and_seeks(store):
    blob = store.put(DATA, cuts=[1_000_000])
    with open_stream(blob.link) as file:
        assert file.size == len(DATA)
        assert file.tell() == 0
        assert file.read(1_500_000) == DATA[:1_500_000]
        assert file.seek(500_000) == 500_000
        assert file.read(10) == DATA[500_000:500_010]
        assert file.seek(-5, os.SEEK_END) == len(DATA) - 5
        assert file.read() == DATA[-5:]
        assert file.read(1) == b""
    with open_stream(blob.link, checksum=SHA256) as file:
        assert file.read() == DATA


@pytest.mark.parametrize(
    ("progress", "ranges"), [(True, True), (True, False), (False, True)], ids=str
)
def test_the_bar_counts_each_byte_once(store, tmp_path, monkeypatch, capsys, progress, ranges):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    blob = store.put(DATA[:999], cuts=[333], ranges=ranges)
    download_file(blob.link, tmp_path / "a", progress=progress)
    last = capsys.readouterr().err.rpartition("\r")[2]
    assert " 999/999 " in last if progress else last == ""


def test_an_interrupt_leaves_only_what_can_be_continued(store, tmp_path):
    """Ctrl-C strikes before the second response."""
    is_over = threading.Event()

    def interrupt(blob):
        if blob.requests:
            blob.on_request = None
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            is_over.wait(30)

    blob = store.put(DATA, cuts=[1_000_000], on_request=interrupt)
    with pytest.raises(KeyboardInterrupt):
        download_file(blob.link, tmp_path / "a")
    assert listing(tmp_path) == ["a.part", "a.part.json"]
    blob.requests.clear()
    assert download_file(blob.link, tmp_path / "a").read_bytes() == DATA
    assert blob.starts == [1_000_000]
    is_over.set()
