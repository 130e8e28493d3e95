"""A sandbox on which much goes wrong, and that kills who asks it at chosen moments."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal

from attrs import define

from up42_sandbox import Fault, Sandbox
from up42_sandbox.core.recording import RecordedRequest

HTML = {"body": "<html>Please log in</html>", "content_type": "text/html"}
# The longest that an answer is delayed: a worker that looks for a lost job must wait longer.
LATENCY = 0.2
# What may go wrong with any request that only asks.
ANYWHERE: tuple[dict[str, Any], ...] = (
    {"status": 429, "retry_after": 0},
    {"status": 429},
    {"status": 500},
    {"status": 502, **HTML},
    {"status": 503, "retry_after": 0},
    {"status": 504},
    {"status": 520},
    {"status": 200, **HTML},
    {"status": 418},
    {"drop": "before"},
    {"drop": "after"},
    {"drop": 0},
    {"drop": 25},
    {"malformed": True},
    {"latency": LATENCY},
)
# What may go wrong with a request that starts a job, besides: the server took it or not.
EXECUTION: tuple[dict[str, Any], ...] = (
    *ANYWHERE,
    HTML,
    {"patch": {"jobID": None}},
    {"headers": {"content-encoding": "gzip"}},
    {"status": 200, "body": "", "content_type": "application/json"},
    {"status": 401},
    {"status": 402},
    {"status": 403},
    {"status": 404},
    {"status": 408},
    {"status": 409},
    {"latency": LATENCY, "drop": "after"},
    {"latency": LATENCY, "drop": "before"},
)
TOKEN = (*ANYWHERE, {"status": 401}, {"patch": {"access_token": None}})
LIST = (*ANYWHERE, {"status": 400}, {"status": 414})
STORAGE = (
    {"status": 403},
    {"status": 429, "retry_after": 0},
    {"status": 500},
    {"status": 503},
    {"drop": "before"},
    {"drop": "after"},
    {"drop": 0},
    {"drop": 1000},
    {"latency": LATENCY},
)


def kind_of(origin: str, method: str, path: str) -> str:
    """Return what a request is for."""
    if origin == "storage":
        return "storage"
    for ending in ("execution", "validation", "cost", "download-url", "token", "items"):
        if path.endswith(f"/{ending}"):
            return ending
    if path == "/v2/processing/jobs":
        return "list"
    for part in ("jobs", "collections", "processes", "eulas"):
        if f"/{part}/" in path:
            return part
    return "other"


PHASES = {
    "estimate": {"validation", "cost", "processes", "eulas"},
    "execute": {"execution", "list"},
    "track": {"tracking"},
    "download": {"collections", "items", "download-url", "storage"},
}


@define
class Kill:
    """When a worker is killed: at the `number`th request of a phase.

    `before` the server handles it, `after` it has and before it answers, or a little `later`.
    """

    phase: str
    number: int
    when: Literal["before", "after", "later"]


class Heard(list[RecordedRequest]):
    """The requests to a sandbox, with a listener."""

    def __init__(self, listener: Callable[[RecordedRequest], None]) -> None:
        super().__init__()
        self._listener = listener

    def append(self, entry: RecordedRequest) -> None:
        super().append(entry)
        self._listener(entry)


class Chaos:
    """Spoils a share of the requests to a sandbox, and kills at the moment that is armed."""

    def __init__(
        self,
        sandbox: Sandbox,
        seed: int = 0,
        share: float = 0.0,
        of_executions: float | None = None,
        *,
        ending: signal.Signals = signal.SIGKILL,
    ) -> None:
        self.random = random.Random(seed)
        self.spoiled: Counter[str] = Counter()
        self.killed: list[Kill] = []
        self._ending = ending
        self._share = share
        self._of_executions = share if of_executions is None else of_executions
        self._kill: Kill | None = None
        self._left = 0
        self._pid = 0
        self._lock = threading.Lock()
        world = sandbox._world
        world.requests = Heard(self._hear)
        world.faults.take = self._take  # type: ignore[method-assign]  # listens in

    def arm(self, kill: Kill) -> None:
        """Choose the next moment; `target` says who."""
        with self._lock:
            self._kill, self._left = kill, kill.number

    def target(self, pid: int) -> None:
        """Say whom to kill."""
        with self._lock:
            self._pid = pid

    @property
    def is_armed(self) -> bool:
        return self._kill is not None

    @property
    def phase(self) -> str | None:
        """The phase of the next kill."""
        kill = self._kill
        return None if kill is None else kill.phase

    def _take(self, origin: str, method: str, path: str) -> Fault | None:
        kind = kind_of(origin, method, path)
        self._pass("before", kind)
        share = self._of_executions if kind == "execution" else self._share
        if self.random.random() >= share:
            return None
        kinds = {"execution": EXECUTION, "token": TOKEN, "list": LIST, "storage": STORAGE}
        self.spoiled[kind] += 1
        return Fault(**self.random.choice(kinds.get(kind, ANYWHERE)))

    def _hear(self, entry: RecordedRequest) -> None:
        kind = kind_of(entry.origin, entry.method, entry.path)
        kind = "tracking" if kind == "list" and "ids" in entry.query else kind
        self._pass("after", kind)

    def _pass(self, moment: str, kind: str) -> None:
        """Count a request, and kill if it was the one."""
        with self._lock:
            kill = self._kill
            if kill is None or not self._pid or kind not in PHASES[kill.phase]:
                return
            if (moment == "before") != (kill.when == "before"):
                return
            self._left -= 1
            if self._left > 0:
                return
            self._kill, pid, self._pid = None, self._pid, 0
            self.killed.append(kill)
        if kill.when == "later":
            threading.Timer(self.random.uniform(0, 0.005), self._end, [pid]).start()
        else:
            self._end(pid)

    def _end(self, pid: int) -> None:
        # It may have come to its own end in between.
        with suppress(ProcessLookupError):
            os.kill(pid, self._ending)
