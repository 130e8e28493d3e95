"""A sandbox in a process of its own, so that it shares no interpreter lock with the clients."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Seconds. Long enough for all runs: nobody's figure shall hold a login more than the other's.
TOKEN_LIFETIME = 3600


class Sandbox:
    """A running sandbox, steered through its control endpoints."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.state: dict[str, Any] = self._ask("/_sandbox/state")

    @property
    def access(self) -> dict[str, str]:
        """What a client needs to log in."""
        names = ("url", "username", "password")
        return {name: self.state[name] for name in names}

    @property
    def item_url(self) -> str:
        """The STAC item of a sample scene."""
        return str(next(iter(self.state["items"].values())))

    def add_jobs(self, count: int) -> list[str]:
        """Add jobs to the listing and return their ids."""
        ids: list[str] = self._ask("/_sandbox/jobs", {"count": count})["ids"]
        return ids

    def forget_requests(self) -> None:
        """Keep the sandbox from growing while it is measured against."""
        request = urllib.request.Request(f"{self.url}/_sandbox/requests", method="DELETE")
        urllib.request.urlopen(request).close()

    def _ask(self, path: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(self.url + path, content) as response:
            return json.load(response)


@contextmanager
def running_sandbox(latency: float = 0.0) -> Iterator[Sandbox]:
    """Start a sandbox.

    Args:
        latency: Seconds that every request to the API waits.
    """
    command = [
        *(sys.executable, "-m", "up42_sandbox", "--port", "0", "--storage-port", "0"),
        *("--latency", str(latency), "--token-lifetime", str(TOKEN_LIFETIME)),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            greeting = process.stdout.readline()
            found = re.search(r"http://[^\s)]+", greeting)
            if found is None:
                raise RuntimeError(f"the sandbox did not start: {greeting!r}")
            yield Sandbox(found[0])
        finally:
            process.terminate()
            process.communicate()
