"""A server that sends exactly what a test says, to which a session can belong."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, NamedTuple, Self

import up42_facade as up42
from tests.conftest import IMPATIENT

TOKEN_PATH = "/realms/public/protocol/openid-connect/token"
TOKEN = "TOKEN-0123456789-abcdef"
PASSWORD = "pass/word + Ünicode&0123"
ITEMS = "/v2/assets/stac/collections/c/items"
SEARCH = "/v2/assets/stac/search"
JOBS = "/v2/processing/jobs"
PROCESSES = "/v2/processing/processes"


class Reply(NamedTuple):
    """A response: a body, or parts of one that are sent as they come."""

    body: bytes | Iterable[bytes]
    status: int = 200
    headers: Mapping[str, str] = {"Content-Type": "application/json"}


Route = Reply | Callable[[http.server.BaseHTTPRequestHandler], Reply]


def as_json(content: Any, status: int = 200) -> Reply:
    return Reply(json.dumps(content).encode(), status)


class SmallServer:
    """Replies by path; `paths` tells what was requested."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {
            TOKEN_PATH: as_json({"access_token": TOKEN, "expires_in": 300})
        }
        self.paths: list[str] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.paths.append(self.path)
                route = outer.routes.get(self.path.partition("?")[0], Reply(b"{}", 404))
                outer.send(self, route(self) if callable(route) else route)

            do_POST = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - http.server's

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def send(self, handler: http.server.BaseHTTPRequestHandler, reply: Reply) -> None:
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        if isinstance(reply.body, bytes):
            handler.send_header("Content-Length", str(len(reply.body)))
        else:
            handler.send_header("Connection", "close")
        handler.end_headers()
        parts = [reply.body] if isinstance(reply.body, bytes) else reply.body
        try:
            for part in parts:
                handler.wfile.write(part)
                handler.wfile.flush()
        except OSError:
            handler.close_connection = True

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def small_world(**options: Any) -> Iterator[tuple[SmallServer, up42.Session]]:
    """Give a small server and a session with it; options are those of the transport."""
    from attrs import evolve

    with SmallServer() as server:
        session = up42.Session(
            username="user@example.com",
            password=PASSWORD,
            base_url=server.url,
            options=evolve(IMPATIENT, **options),
        )
        with session:
            yield server, session


def feature(item_id: str = "i", **members: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": item_id,
        "geometry": {"type": "Point", "coordinates": [13, 52]},
        "bbox": [13, 52, 13, 52],
        "properties": {"datetime": "2024-01-01T00:00:00Z"},
        "links": [],
        "assets": {},
        "collection": "c",
        **members,
    }


def item_page(*features: Any, links: Any = ()) -> Reply:
    return as_json({"type": "FeatureCollection", "features": features, "links": list(links)})


def job_with_collection(server: SmallServer, session: up42.Session) -> up42.Job:
    """Return a job whose collection `c` the server has."""
    server.routes["/v2/assets/stac/collections/c"] = as_json(
        {
            "type": "Collection",
            "id": "c",
            "stac_version": "1.0.0",
            "description": "d",
            "license": "x",
            "extent": {
                "spatial": {"bbox": [[0, 0, 1, 1]]},
                "temporal": {"interval": [[None, None]]},
            },
            "links": [],
        }
    )
    return up42.Job.from_metadata(
        {
            "jobID": "1b2c3d4e-0000-4000-8000-000000000000",
            "processID": "pansharpening",
            "status": "captured",
            "accountID": "a",
            "definition": {"inputs": {}},
            "results": {"collection": f"{server.url}/v2/assets/stac/collections/c"},
        },
        session=session,
    )
