"""A model of UP42's processing API that knows the truth: who asked for which job, and when.

The sandbox behaves like UP42; this server behaves badly in whatever way a test chooses, and knows
for each job which request created it. So a test can compare what callers are told with what
happened.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from attrs import define, field, frozen

REALM = "/realms/public/protocol/openid-connect"
PROCESS = "pansharpening"
# Few, so that listings have several pages.
PAGE_SIZE = 4
# Seconds. Long enough that another request can be sent meanwhile.
SLOW = 0.08
# Responses that say that the job wasn't created.
REFUSALS = (400, 402, 403, 404, 422, 429)
# Responses that don't say whether the job was created.
UNCLEAR = (
    *("drop", "html", "truncated", "odd-id", "no-id"),
    *(302, 307, 408, 409, 421, 425, 499, 500, 502, 503, 504, 520),
)


@frozen
class Fate:
    """What becomes of a request that starts a job.

    Attributes:
        acts: Whether the server creates the job.
        response: A status, or what's wrong with the response.
        is_slow: Whether the request takes a while to arrive.
        kills: Whether its sender dies while the request is under way.
    """

    acts: bool = True
    response: int | str = 200
    is_slow: bool = False
    kills: bool = False


@frozen
class Made:
    """A job, and the request that created it."""

    id: str
    actor: str
    key: str
    inputs: dict[str, Any]
    at: float

    def document(self) -> dict[str, Any]:
        return {
            "processID": PROCESS,
            "jobID": self.id,
            "accountID": "account",
            "workspaceID": "workspace",
            "definition": {"inputs": self.inputs},
            "results": None,
            "status": "running",
            "created": "2024-06-05T13:12:48.124568Z",
            "updated": "2024-06-05T13:12:48.124568Z",
        }


def key_of(inputs: dict[str, Any]) -> str:
    """Return a short name of inputs: the title, with a plus if there are more inputs."""
    return inputs["title"] + "+" * ("greyWeights" in inputs)


@define
class World:
    """What the server knows, and how it behaves.

    Attributes:
        username: Whose account it is; a new one for each world, as programs remember the
            jobs of an account.
        normalizes: Whether it changes the inputs that it's given.
        overlaps: Whether jobs are listed again on the next page.
        lag: Seconds until a new job is listed.
        bad_listings: Listings that fail from now on.
        fates: What becomes of the next requests, by their inputs.
        actor: Who gets the next token.
        on_death: Called when a request's sender dies.
        made: All jobs, the newest last.
    """

    username: str = field(factory=lambda: f"{uuid.uuid4().hex}@example.com")
    normalizes: bool = False
    overlaps: bool = False
    lag: float = 0.0
    bad_listings: int = 0
    fates: dict[str, list[Fate]] = field(factory=dict)
    actor: str = "nobody"
    on_death: Callable[[], object] = lambda: None
    made: list[Made] = field(factory=list)
    actors: dict[str, str] = field(factory=dict)
    dead: set[str] = field(factory=set)
    lock: threading.Lock = field(factory=threading.Lock)

    def heal(self) -> None:
        """Let nothing go wrong from now on."""
        self.bad_listings, self.lag = 0, 0.0
        self.fates.clear()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: ModelServer  # type: ignore[assignment]  # the one that makes it

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def answer(self) -> None:
        content = self.rfile.read(int(self.headers.get("content-length") or 0))
        url, world = urlsplit(self.path), self.server.world
        self.token = (self.headers.get("authorization") or "").removeprefix("Bearer ")
        if self.token in world.dead:
            self.hang_up()
        elif url.path == f"{REALM}/token":
            token = uuid.uuid4().hex
            world.actors[token] = world.actor
            self.reply(200, {"access_token": token, "expires_in": 3600, "token_type": "Bearer"})
        elif url.path == f"{REALM}/userinfo":
            self.reply(200, {"sub": "workspace"})
        elif url.path.endswith("/validation"):
            self.reply(200, b"")
        elif url.path.endswith("/cost"):
            self.reply(200, {"pricingStrategy": "none", "totalCredits": 1})
        elif url.path.endswith("/execution"):
            self.execute(world, json.loads(content)["inputs"])
        elif url.path == "/v2/processing/jobs":
            self.list_jobs(world, parse_qs(url.query))
        elif "/jobs/" in url.path:
            found = [made for made in world.made if made.id == url.path.rpartition("/")[2]]
            self.reply(200, found[0].document()) if found else self.reply(404)
        else:
            self.reply(200, {"id": PROCESS, "title": PROCESS})

    def execute(self, world: World, inputs: dict[str, Any]) -> None:
        key = key_of(inputs)
        with world.lock:
            waiting = world.fates.get(key)
            fate = waiting.pop(0) if waiting else Fate()
        if fate.is_slow:
            time.sleep(SLOW)
        with world.lock:
            if self.token in world.dead:
                self.hang_up()
                return
            if fate.kills:
                world.dead.add(self.token)
                world.on_death()
            made = Made(
                id=str(uuid.uuid4()),
                actor=world.actors.get(self.token, "nobody"),
                key=key,
                inputs=normalized(inputs) if world.normalizes else inputs,
                at=time.monotonic(),
            )
            if fate.acts:
                world.made.append(made)
        self.respond(fate, made)

    def respond(self, fate: Fate, made: Made) -> None:
        document = made.document()
        if fate.kills or fate.response == "drop":
            self.hang_up()
        elif fate.response == "html":
            self.reply(200, b"<html>Please log in</html>", "text/html")
        elif fate.response == "truncated":
            self.reply(200, json.dumps(document).encode()[:40])
        elif fate.response == "odd-id":
            self.reply(200, {**document, "jobID": 7})
        elif fate.response == "no-id":
            self.reply(200, {**document, "jobID": None})
        elif fate.response == 200:
            self.reply(200, document)
        else:
            self.reply(int(fate.response), {"title": "No", "status": fate.response})

    def list_jobs(self, world: World, query: dict[str, list[str]]) -> None:
        if world.bad_listings > 0:
            world.bad_listings -= 1
            self.reply(503)
            return
        now = time.monotonic()
        ids = ",".join(query.get("ids", [])).split(",")
        listed = [
            made
            for made in reversed(world.made)
            if now - made.at >= world.lag and (ids == [""] or made.id in ids)
        ]
        start = int(query.get("token", ["0"])[0])
        end = start + min(PAGE_SIZE, int(query.get("limit", [PAGE_SIZE])[0]))
        href = f"/v2/processing/jobs?token={end - world.overlaps}&limit={PAGE_SIZE}"
        links = [{"rel": "next", "href": href}] if end < len(listed) else []
        jobs = [made.document() for made in listed[start:end]]
        self.reply(200, {"jobs": jobs, "links": links})

    def reply(
        self, status: int, content: Any = None, content_type: str = "application/json"
    ) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status, "")
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        if 300 <= status < 400:
            self.send_header("location", "/v2/processing/jobs/other")
        self.end_headers()
        self.wfile.write(body)

    def hang_up(self) -> None:
        self.close_connection = True


def normalized(inputs: dict[str, Any]) -> dict[str, Any]:
    return {**inputs, "title": inputs["title"].strip().upper()}


class ModelServer(ThreadingHTTPServer):
    """The server on a port of its own; `world` can be replaced at any time."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.world = World()
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: Any) -> None:
        """Clients that die are nothing special."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()
