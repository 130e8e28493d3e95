"""A server that responds with the examples of the OpenAPI document, and keeps every request."""

from __future__ import annotations

import copy
import http.server
import json
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

import up42_facade as up42
from tests.contract.document import OPERATIONS, Operation, follow

FILE = "/bucket/file.tif"
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


class Reply(NamedTuple):
    """What the server sends."""

    body: bytes
    status: int = 200
    media_type: str = "application/json"


def as_json(content: Any, status: int = 200) -> Reply:
    return Reply(json.dumps(content).encode(), status)


def example_of(operation: Operation, path: str) -> Any:
    """Return an example of a successful response: of several, the one with the ID in the path."""
    _, response = follow(operation.node["responses"]["200"])
    examples = [
        follow(example)[1]["value"]
        for content in response.get("content", {}).values()
        for example in content.get("examples", {}).values()
    ]
    identity = path.rpartition("/")[2]
    examples.sort(key=lambda e: not isinstance(e, dict) or e.get("id", identity) != identity)
    return copy.deepcopy(examples[0]) if examples else None


class ExampleServer:
    """Responds as the document says, unless `replies` has something else for an operation.

    Attributes:
        replies: Responses by the ID of the operation; a function gets the example.
        requests: Method, path, and operation ID (None if there is none) of every request.
    """

    def __init__(self) -> None:
        self.replies: dict[str, Reply | Callable[[Any], Any]] = {}
        self.requests: list[tuple[str, str, str | None]] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body go together: the client would wait 40 ms for the second part.
            wbufsize = -1

            def log_message(self, *_: object) -> None:
                pass

            def handle_any(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                reply = outer.reply(self.command, urlsplit(self.path).path)
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.media_type)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any  # noqa: N815

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def reply(self, method: str, path: str) -> Reply:
        operation = find(method, path)
        self.requests.append((method, path, operation and operation.id))
        if path == FILE:
            return Reply(b"II*\0", 206, "image/tiff")
        if operation is None:
            return as_json({"title": "Not Found", "status": 404}, 404)
        given = self.replies.get(operation.id)
        if isinstance(given, Reply):
            return given
        if path.endswith(UNKNOWN_ID):
            return as_json({"title": "Not Found", "status": 404}, 404)
        content = self._at_home(example_of(operation, path))
        if given is not None:
            content = given(content)
        if operation.id in ("validateProcess", "validateJob"):
            return Reply(b"")
        if operation.id == "getJobTaskLogs":
            return Reply(b"log", media_type="text/plain")
        if operation.id == "getJobTaskQuicklook":
            return Reply(b"\xff\xd8", media_type="image/jpeg")
        return as_json(content)

    def _at_home(self, content: Any) -> Any:
        """Let the URLs of an example lead to this server."""
        text = json.dumps(content).replace("https://api.up42.com", self.url)
        return json.loads(re.sub(r"https://storage\.example\.com[^\"]*", self.url + FILE, text))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def find(method: str, path: str) -> Operation | None:
    """Return the operation of a request, the one without parameters first."""
    for operation in sorted(OPERATIONS.values(), key=lambda each: each.path.count("{")):
        pattern = re.sub(r"\{\w+\}", "[^/]+", operation.path)
        if operation.method == method and re.fullmatch(pattern, path):
            return operation
    return None


@pytest.fixture
def server() -> Iterator[ExampleServer]:
    made = ExampleServer()
    yield made
    made.close()


@pytest.fixture
def account(server: ExampleServer) -> Iterator[up42.Session]:
    """A session on the server."""
    with up42.Session(
        username="ada@example.com",
        password="s3cret-pass",
        base_url=server.url,
        project_id="3b5f7d91-0e2a-4c68-b4f3-6a9d8c1e7052",
        options=up42.TransportOptions(retries=2, backoff=0.01, rate=10_000, burst=10_000),
    ) as made:
        yield made


Check = Callable[[], dict[str, Any]]


@pytest.fixture
def check(account: up42.Session) -> Check:
    """Check the server; return what was checked by the ID of the operation."""

    def run() -> dict[str, Any]:
        report = up42.check_api(account, progress=False)
        return {operation.id: operation for operation in report.operations}

    return run
