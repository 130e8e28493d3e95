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

from benchmarks.measurements.bench import MeasurementError
from up42_facade import Session, search_items

# Seconds that every request waits where the network counts, as over the internet.
LATENCY = 0.05
# Seconds. Long enough for all runs: nobody's figure shall hold a login more than the other's.
TOKEN_LIFETIME = 24 * 3600
# More than anything here spends.
CREDITS = 10**9
FINE = {"op": "<=", "args": [{"property": "gsd"}, 2]}


class Sandbox:
    """A running sandbox, steered through its control endpoints."""

    def __init__(self, control_url: str) -> None:
        self.control_url = control_url
        self.state: dict[str, Any] = self._ask("/state")
        self.url = str(self.state["url"])

    @property
    def access(self) -> dict[str, str]:
        """What a client needs to log in."""
        names = ("url", "username", "password")
        return {name: self.state[name] for name in names}

    @property
    def project(self) -> dict[str, str]:
        """What a client of the older, analytics API needs."""
        return {name: self.state[name] for name in ("url", "project_id", "project_api_key")}

    def items(self) -> list[dict[str, Any]]:
        """Return the sample scenes whose pixels are small enough to see trees, as STAC items."""
        access = {**self.access, "base_url": self.url}
        del access["url"]
        with Session(**access) as session:
            found = search_items(FINE, session=session)
            return [item.to_dict(transform_hrefs=False) for item in found]

    def add_jobs(self, count: int) -> list[str]:
        """Add jobs to the listing and return their ids."""
        ids: list[str] = self._ask("/jobs", {"count": count})["ids"]
        return ids

    def advance(self, seconds: float) -> None:
        """Push the clock."""
        self._ask("/clock", {"advance": seconds})

    def requests(self) -> list[dict[str, Any]]:
        """Return the requests since they were last forgotten."""
        found: list[dict[str, Any]] = self._ask("/requests")
        return found

    def forget_requests(self) -> None:
        """Forget the requests; they also make the sandbox grow while it is measured against."""
        request = urllib.request.Request(f"{self.control_url}/requests", method="DELETE")
        urllib.request.urlopen(request).close()

    def _ask(self, path: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(self.control_url + path, content) as response:
            return json.load(response)


@contextmanager
def running_sandbox(latency: float = 0.0, speed: float = 1.0) -> Iterator[Sandbox]:
    """Start a sandbox.

    Args:
        latency: Seconds that every request to the API waits.
        speed: Clock seconds per second.
    """
    command = [
        *(sys.executable, "-m", "up42_sandbox", "--port", "0", "--storage-port", "0"),
        *("--latency", str(latency), "--speed", str(speed)),
        *("--token-lifetime", str(TOKEN_LIFETIME), "--credits", str(CREDITS)),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if found := re.search(r"http://\S+/_sandbox/\S+", line):
                    yield Sandbox(found[0])
                    return
            raise MeasurementError("the sandbox didn't start")
        finally:
            process.terminate()
            process.communicate()
