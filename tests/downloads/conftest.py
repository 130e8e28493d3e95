"""A small object store with faults, on a real socket."""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from attrs import Factory, define, frozen

from tests import inside

# Bytes per write of the test server: small, so that cuts and throttling are precise enough.
_PIECE = 32 << 10


@frozen
class Request:
    """What the server saw, and what it answered."""

    path: str
    start: int | None
    status: int
    headers: dict[str, str]


@define(eq=False)
class Blob:
    """An object of the store and how badly it behaves."""

    path: str
    data: bytes
    base: str
    etag: str | None = '"v1"'
    modified: str | None = "Wed, 05 Jun 2024 13:12:48 GMT"
    ranges: bool = True
    chunked: bool = False
    total: str | None = None
    """What ranges say about the length, if it isn't the length."""
    longest_range: int | None = None
    """Bytes after which the server ends a range, whatever was requested."""
    cuts: list[int] = Factory(list)
    """Offsets in the object at which the connection is closed, each once."""
    cut_every_answer_after: int | None = None
    """Bytes after which every answer is cut."""
    statuses: list[int] = Factory(list)
    """Answers to give first, before behaving."""
    headers: dict[str, str] = Factory(dict)
    bytes_per_second: float | None = None
    piece: int = _PIECE
    """Bytes per write."""
    latency: float = 0.0
    signed: bool = False
    """Whether only links with a valid signature are served."""
    expired_status: int = 403
    on_request: Callable[[Blob], None] | None = None
    requests: list[Request] = Factory(list)
    links_made: int = 0
    valid: set[str] = Factory(set)
    lock: threading.Lock = Factory(threading.Lock)

    def link(self) -> str:
        """A link to the object; a fresh signature each time if it is signed."""
        with self.lock:
            self.links_made += 1
            signature = f"s{self.links_made}"
            self.valid.add(signature)
        query = f"?Expires=1&Signature={signature}" if self.signed else ""
        return f"{self.base}{self.path}{query}"

    def expire(self) -> None:
        """Make every link that was given out invalid."""
        with self.lock:
            self.valid.clear()

    @property
    def starts(self) -> list[int]:
        """First bytes of the answers with content, in order."""
        return [request.start or 0 for request in self.requests if request.status in (200, 206)]


class Store:
    """The server and its objects."""

    def __init__(self) -> None:
        self.blobs: dict[str, Blob] = {}
        self._names = itertools.count()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def put(self, data: bytes, path: str | None = None, **behaviour: object) -> Blob:
        """Add an object."""
        path = path or f"/bucket/{next(self._names)}/output.tgz"
        blob = Blob(path, data, self.base, **behaviour)
        self.blobs[path] = blob
        return blob

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(store: Store) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def log_message(self, *_: object) -> None:
            """Stay silent."""

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            blob = store.blobs.get(parts.path)
            if blob is None:
                self._refuse(404, None)
                return
            latency = blob.latency
            if blob.on_request:
                blob.on_request(blob)
            time.sleep(latency)
            if blob.signed and parse_qs(parts.query).get("Signature", [""])[0] not in blob.valid:
                self._refuse(blob.expired_status, blob)
                return
            with blob.lock:
                status = blob.statuses.pop(0) if blob.statuses else 0
            if status:
                self._refuse(status, blob)
            else:
                self._serve(blob)

        def _refuse(self, status: int, blob: Blob | None) -> None:
            self._note(blob, None, status)
            body = b"<Error>no</Error>"
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            for name, value in (blob.headers if blob else {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def _serve(self, blob: Blob) -> None:
            data, etag = blob.data, blob.etag
            start, end = self._range(blob)
            partial = start is not None
            first, last = (start, end) if partial else (0, len(data))
            if partial and first >= len(data):
                self._refuse(416, blob)
                return
            self._note(blob, start, 206 if partial else 200)
            self.send_response(206 if partial else 200)
            if partial:
                total = blob.total or len(data)
                self.send_header("Content-Range", f"bytes {first}-{last - 1}/{total}")
            if etag is not None:
                self.send_header("ETag", etag)
            if blob.modified is not None:
                self.send_header("Last-Modified", blob.modified)
            for name, value in blob.headers.items():
                self.send_header(name, value)
            if blob.chunked:
                self.send_header("Transfer-Encoding", "chunked")
            else:
                self.send_header("Content-Length", str(last - first))
            self.end_headers()
            self._send(blob, data, first, last)

        def _send(self, blob: Blob, data: bytes, first: int, last: int) -> None:
            position = first
            started = time.monotonic()
            while position < last:
                stop = min(position + blob.piece, last)
                cut = self._cut(blob, first, position, stop)
                piece = data[position : stop if cut is None else cut]
                self._write(piece, blob.chunked)
                position += len(piece)
                if cut is not None:
                    self.close_connection = True
                    return
                if blob.bytes_per_second:
                    due = started + (position - first) / blob.bytes_per_second
                    time.sleep(max(0.0, due - time.monotonic()))
            if blob.chunked:
                self.wfile.write(b"0\r\n\r\n")

        def _cut(self, blob: Blob, first: int, position: int, stop: int) -> int | None:
            with blob.lock:
                for cut in blob.cuts:
                    if position <= cut < stop:
                        blob.cuts.remove(cut)
                        return cut
            if blob.cut_every_answer_after is not None:
                cut = first + blob.cut_every_answer_after
                if position <= cut < stop:
                    return cut
            return None

        def _write(self, piece: bytes, chunked: bool) -> None:
            if chunked and piece:
                piece = b"%x\r\n%s\r\n" % (len(piece), piece)
            try:
                self.wfile.write(piece)
            except OSError:
                self.close_connection = True

        def _range(self, blob: Blob) -> tuple[int | None, int]:
            size = len(blob.data)
            match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            condition = self.headers.get("If-Range")
            if not match or not blob.ranges:
                return None, size
            if condition and condition not in (blob.etag, blob.modified):
                return None, size
            end = int(match[2]) + 1 if match[2] else size
            if blob.longest_range is not None:
                end = min(end, int(match[1]) + blob.longest_range)
            return int(match[1]), min(end, size)

        def _note(self, blob: Blob | None, start: int | None, status: int) -> None:
            if blob is not None:
                request = Request(self.path, start, status, dict(self.headers.items()))
                blob.requests.append(request)

    return Handler


@pytest.fixture(scope="session")
def _store() -> Iterator[Store]:
    store = Store()
    yield store
    store.close()


@pytest.fixture
def store(_store: Store) -> Store:
    """The object store; every test puts its own objects."""
    return _store


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the pauses between attempts short, for tests that use up all attempts."""
    inside.without_pauses(monkeypatch)
