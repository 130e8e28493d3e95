"""Bodies that are slow, too long, encoded, or something else than the file."""

from __future__ import annotations

import gzip
import hashlib
import random
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest

from tests import inside
from up42_facade.downloads import (
    Download,
    download_archive,
    download_file,
    download_files,
    open_stream,
    stream_to,
)
from up42_facade.errors import (
    ChecksumError,
    ConnectionFailedError,
    DownloadError,
    Up42Error,
)

DATA = random.Random(1).randbytes(600_000)
PLAIN = b'{"type": "FeatureCollection", "features": []}' * 2000
PACKED = gzip.compress(PLAIN, mtime=0)


def read_all(link, http=None):
    with open_stream(link, http=http, progress=False) as file:
        return file.read()


WAYS = {
    "file": lambda link, folder, **options: download_file(link, folder / "x.tif", **options),
    "archive": lambda link, folder, **options: download_archive(link, folder, **options),
    "stream": lambda link, folder, **options: stream_to(link, lambda _: None, **options),
    "object": lambda link, folder, http=None: read_all(link, http),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_body_of_some_bytes_per_second_is_given_up(store, tmp_path, quick, way):
    blob = store.put(DATA, bytes_per_second=20, piece=1)
    started = time.monotonic()
    with (
        httpx.Client(timeout=httpx.Timeout(5, read=0.5)) as http,
        pytest.raises(ConnectionFailedError, match=r"bytes in \d+ seconds"),
    ):
        WAYS[way](blob.link, tmp_path / "new", http=http)
    assert time.monotonic() - started < 20
    assert not (tmp_path / "new").exists()


def test_a_pause_of_the_reader_is_no_slow_body(store, monkeypatch):
    inside.impatience_with_slow_servers(monkeypatch)
    blob = store.put(DATA * 10)
    taken = []

    def write(block):
        if not taken:
            time.sleep(2.5)  # longer than the server may take
        taken.append(block)

    with httpx.Client(timeout=httpx.Timeout(5, read=2)) as http:
        assert stream_to(blob.link, write, http=http) == len(DATA) * 10
    assert b"".join(taken) == DATA * 10
    assert len(taken) > 1, "a pause before the end"
    assert len(blob.requests) == 1


@pytest.fixture(scope="module")
def endless():
    """A server that sends zeros in chunks until nobody listens, and counts them."""
    sent = [0]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Stay silent."""

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            sent[0] = 0
            piece = b"%x\r\n%s\r\n" % (1 << 18, bytes(1 << 18))
            try:
                while sent[0] < 2_000 << 20:
                    self.wfile.write(piece)
                    sent[0] += 1 << 18
            except OSError:
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/x", sent
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("way", ["file", "archive", "stream"])
def test_a_body_that_is_longer_than_announced_is_stopped_soon(endless, tmp_path, way):
    url, sent = endless
    with pytest.raises((ChecksumError, DownloadError)):
        WAYS[way](lambda: url, tmp_path / "new", size=1000)
    time.sleep(0.1)
    assert sent[0] < 64 << 20
    assert not (tmp_path / "new").exists()


def test_an_endless_archive_is_stopped_soon(endless, tmp_path):
    url, sent = endless
    with pytest.raises(Up42Error, match="come after it"):
        download_archive(lambda: url, tmp_path / "new")
    time.sleep(0.1)
    assert sent[0] < 64 << 20
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("media_type", ["text/html; charset=utf-8", "application/xhtml+xml"])
def test_a_page_instead_of_the_file_is_refused_by_name(store, tmp_path, way, media_type):
    blob = store.put(b"<html>Please log in</html>", headers={"Content-Type": media_type})
    with pytest.raises(DownloadError, match=r"output\.tgz .* HTML page"):
        WAYS[way](blob.link, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_page_that_is_wanted_arrives(store, tmp_path):
    page = b"<html>A report</html>"
    html = {"Content-Type": "text/html"}
    by_target = store.put(page, headers=html)
    by_url = store.put(page, "/bucket/report.HTML", headers=html)
    by_type = store.put(page, headers=html)
    paths = download_files(
        [
            Download(by_target.link, tmp_path / "a.html"),
            Download(by_url.link, tmp_path / "b"),
            Download(by_type.link, tmp_path / "c", media_type="text/html; charset=utf-8"),
        ]
    )
    assert [path.read_bytes() for path in paths] == [page] * 3


GZIPPED = {"Content-Encoding": "gzip"}


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZip", "aws-chunked, gzip"])
def test_what_the_store_keeps_gzipped_is_saved_unpacked(store, tmp_path, encoding):
    blob = store.put(PACKED, headers={"Content-Encoding": encoding})
    path = download_file(blob.link, tmp_path / "cars.geojson")
    assert path.read_bytes() == PLAIN
    assert [entry.name for entry in tmp_path.iterdir()] == ["cars.geojson"]
    taken = bytearray()
    stream_to(blob.link, taken.extend)
    assert bytes(taken) == PLAIN


@pytest.mark.parametrize("name", ["cars.geojson.gz", "x.tgz"])
def test_what_is_named_as_gzip_stays_packed(store, tmp_path, name):
    blob = store.put(PACKED, headers=GZIPPED)
    assert download_file(blob.link, tmp_path / name).read_bytes() == PACKED


@pytest.mark.parametrize("of", [PLAIN, PACKED])
def test_size_and_checksum_may_be_of_either_form(store, tmp_path, of):
    checksum = hashlib.sha256(of).hexdigest()
    blob = store.put(PACKED, headers=GZIPPED, cuts=[len(PACKED) // 2])
    path = download_file(blob.link, tmp_path / "a.json", size=len(of), checksum=checksum)
    assert path.read_bytes() == PLAIN


@pytest.mark.parametrize(
    ("data", "headers", "options"),
    [
        (PACKED, GZIPPED, {"checksum": "md5:" + 32 * "0"}),
        (PACKED, GZIPPED, {"size": 7}),
        (PACKED[:-9], GZIPPED, {}),
        (b"no gzip", GZIPPED, {}),
        (DATA, {"Content-Encoding": "br"}, {}),
        (gzip.compress(bytes(2_000_000)), GZIPPED, {}),
    ],
    ids=["checksum", "size", "cut", "not gzip", "brotli", "bomb"],
)
def test_an_encoding_that_cannot_be_undone_leaves_nothing(
    store, tmp_path, monkeypatch, data, headers, options
):
    inside.little_inflation(monkeypatch)
    blob = store.put(data, headers=headers)
    with pytest.raises(DownloadError):
        download_file(blob.link, tmp_path / "a.json", **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha512"])
def test_a_plain_digest_is_verified(store, tmp_path, algorithm):
    blob = store.put(DATA)
    right = hashlib.new(algorithm, DATA).hexdigest()
    assert download_file(blob.link, tmp_path / "a", checksum=right).read_bytes() == DATA
    with pytest.raises(ChecksumError):
        download_file(blob.link, tmp_path / "b", checksum=hashlib.new(algorithm, b"").hexdigest())
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("name", ["Content-Range", "ETag", "Content-Type"])
def test_odd_headers_end_in_our_own_errors(store, tmp_path, quick, name):
    blob = store.put(DATA, headers={name: "9" * 5000}, cuts=[100_000])
    try:
        assert download_file(blob.link, tmp_path / "a").read_bytes() == DATA
    except Up42Error:
        assert not (tmp_path / "a").exists()


SIGNED = "http://127.0.0.1:9/x.tif?X-Amz-Signature=" + "0123" + "SIGNED"


def test_a_traceback_with_locals_shows_no_signature(tmp_path, quick):
    with pytest.raises(ConnectionFailedError) as caught:
        download_file(lambda: SIGNED, tmp_path / "x.tif", progress=False)
    shown = "".join(
        traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    )
    assert "can't be reached" in shown
    assert "0123" + "SIGNED" not in shown
