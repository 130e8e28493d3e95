"""Parts that all measurements share: sizes, runs in turns, fresh processes, and servers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self

from attrs import frozen

from benchmarks.report import Figure, Unit
from up42_facade import Session, search_items

HERE = Path(__file__).resolve().parent
SDK = "up42-py 4.3.0"
# The last version with analytics jobs, their downloads, and plots.
OLD_SDK = "up42-py 0.37.2"
FIGURES = tomllib.loads((HERE / "figures.toml").read_text(encoding="utf-8"))
RUNS = 5
MB = 10**6
# Seconds that every request waits where the network counts, as over the internet.
LATENCY = 0.05
# Long and rich enough for all runs: no figure contains a second login.
TOKEN_LIFETIME, CREDITS = 24 * 3600, 10**9
FINE = {"op": "<=", "args": [{"property": "gsd"}, 2]}

# What a process measured of itself: seconds, bytes, and a digest of what it read.
Reading = dict[str, Any]
Readings = dict[str, list[Reading]]


class MeasurementError(Exception):
    """A measurement failed."""


@frozen
class Bench:
    """Where and how much is measured.

    Attributes:
        pythons: The interpreters that have `SDK` and `OLD_SDK`.
        folder: For test data and downloads.
        once: Whether each side runs once.
    """

    pythons: Mapping[str, str]
    folder: Path
    once: bool = False

    def run(self, side: str, work: str, **settings: Any) -> Reading:
        """Run a function of children.py in a process of its own.

        Args:
            side: `ours`, `SDK`, or `OLD_SDK`.
            work: Name of the function.
            settings: Its settings.

        Raises:
            MeasurementError: If the process fails.
        """
        python = sys.executable if side == "ours" else self.pythons[side]
        name = "ours" if side == "ours" else "sdk"
        script = "importing.py" if work == "importing" else "children.py"
        # The old SDK leaves what it downloads in the temporary folder.
        with tempfile.TemporaryDirectory(dir=self.folder) as temporary:
            done = subprocess.run(
                [python, str(HERE / script), name, work],
                input=json.dumps(settings),
                env=environment(temporary),
                capture_output=True,
                text=True,
            )
        if done.returncode:
            raise MeasurementError(f"{script} {name} {work} failed:\n{done.stderr}")
        reading: Reading = json.loads(done.stdout.splitlines()[-1])
        return reading

    def compare(
        self,
        work: str,
        *sides: str,
        before: Callable[[], object] = lambda: None,
        runs: int = RUNS,
        warm_up: bool = True,
        **settings: Any,
    ) -> Readings:
        """Run the same work with the facade and other sides, in turns."""

        def run(side: str) -> Reading:
            before()
            return self.run(side, work, **settings)

        candidates = {side: partial(run, side) for side in ("ours", *sides)}
        return self.in_turns(candidates, runs=runs, warm_up=warm_up)

    def in_turns(
        self,
        candidates: Mapping[str, Callable[[], Reading]],
        runs: int = RUNS,
        warm_up: bool = True,
    ) -> Readings:
        """Run candidates in turns: the first, the second, …, the first again.

        Args:
            candidates: Functions by the names of the sides.
            runs: How often each runs.
            warm_up: Begin with a run of each that doesn't count: it fills the file system's cache.

        Raises:
            MeasurementError: If they didn't all read the same.
        """
        if warm_up:
            for run in candidates.values():
                run()
        readings: Readings = {name: [] for name in candidates}
        for _ in range(1 if self.once else runs):
            for name, run in candidates.items():
                readings[name].append(run())
        digests = [reading.get("digest") for found in readings.values() for reading in found]
        if any(digest != digests[0] for digest in digests):
            raise MeasurementError(f"{list(candidates)} didn't read the same: {digests}")
        return readings

    @contextmanager
    def working_folder(self) -> Iterator[Path]:
        """Create a folder for test data, and delete it afterwards."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            yield Path(name)


@frozen
class Measurement:
    """Some work that gives one or several figures.

    Attributes:
        figures: Its figures. The name of the first one selects it.
        run: The function that does it.
    """

    figures: tuple[Figure, ...]
    run: Callable[[Bench], Readings]

    @classmethod
    def of(cls, run: Callable[[Bench], Readings], *names: str, **variant: str) -> Self:
        """Create a measurement of figures in figures.toml; `variant` fills the {…} in them."""
        figures = []
        for name in names:
            entry = {
                key: value.format(**variant) if variant and isinstance(value, str) else value
                for key, value in FIGURES[name].items()
            }
            unit = Unit[entry.pop("unit", "SECONDS")]
            figures.append(Figure(name=name.format(**variant), unit=unit, **entry))
        return cls(tuple(figures), run)

    @property
    def name(self) -> str:
        return self.figures[0].name


def environment(temporary: str) -> dict[str, str]:
    """Return an environment in which a client asks no other servers than ours."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("UP42_") and not name.lower().endswith("_proxy")
    }
    ours = {"UP42_DISABLE_VERSION_CHECK": "True", "MPLBACKEND": "Agg", "TMPDIR": temporary}
    return {**kept, **ours}


@frozen
class Sandbox:
    """A running sandbox, steered through its control endpoints."""

    control_url: str

    @property
    def access(self) -> dict[str, str]:
        """The settings with which a client logs in."""
        names = ("url", "username", "password", "project_id", "project_api_key")
        state = self.ask("/state")
        return {**{name: state[name] for name in names}, "control_url": self.control_url}

    def items(self) -> list[dict[str, Any]]:
        """Return the sample scenes whose pixels are small enough for trees, as STAC items."""
        access = self.access
        account = {name: access[name] for name in ("username", "password")}
        with Session(**account, base_url=access["url"]) as session:
            found = search_items(FINE, session=session)
            return [item.to_dict(transform_hrefs=False) for item in found]

    def ask(self, path: str, body: Any = None, method: str | None = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.control_url + path, content, method=method)
        with urllib.request.urlopen(request) as response:
            return json.load(response) if response.status != 204 else None

    def add_jobs(self, count: int) -> list[str]:
        """Add jobs to the listing and return their IDs."""
        ids: list[str] = self.ask("/jobs", {"count": count})["ids"]
        return ids

    def forget_requests(self) -> None:
        """Forget the requests, with which the sandbox grows while it is measured against."""
        self.ask("/requests", method="DELETE")


@contextmanager
def running_sandbox(
    latency: float = 0.0, speed: float = 1.0, jobs: int = 1, folder: Path = HERE
) -> Iterator[Sandbox]:
    """Start a sandbox in a process of its own, so that it shares no lock with the clients.

    Args:
        latency: Seconds that every request waits, those to the storage, too.
        speed: Clock seconds per second.
        jobs: Jobs in the listing.
        folder: Files that the storage may serve.
    """
    command = [
        *(sys.executable, "-m", "up42_sandbox", "--port", "0", "--storage-port", "0"),
        *("--latency", str(latency), "--speed", str(speed), "--folder", str(folder)),
        *("--token-lifetime", str(TOKEN_LIFETIME), "--credits", str(CREDITS)),
    ]
    with started(command, r"http://\S+/_sandbox/\S+") as control_url:
        sandbox = Sandbox(control_url)
        sandbox.add_jobs(jobs)
        if latency:
            sandbox.ask("/faults", {"origin": "storage", "latency": latency, "times": None})
        yield sandbox


@contextmanager
def started(command: list[str], pattern: str) -> Iterator[str]:
    """Start a server, and give what it prints of its address."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            for line in process.stdout or ():
                if found := re.search(pattern, line):
                    yield found[0]
                    return
            raise MeasurementError(f"{command[1:3]} didn't start")
        finally:
            process.terminate()
            process.communicate()


@contextmanager
def file_server(folder: Path) -> Iterator[str]:
    """Serve the files of a folder from a process of its own; gives the base URL."""
    with started([sys.executable, str(HERE / "file_server.py"), str(folder)], r"\d+") as port:
        yield f"http://127.0.0.1:{port}"
