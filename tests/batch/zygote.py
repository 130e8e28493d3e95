"""A process that has everything imported and forks a new worker for each run.

Workers are killed by the dozen here; to start Python and import geopandas anew for each of them
would take longer than everything that is tested.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
# What a worker uses; imported once.
PRELOADED = (
    "geopandas",
    "httpx",
    "pystac",
    "shapely",
    "up42_client.api.auth.get_user_info",
    "up42_facade",
    "up42_facade.batch",
    "up42_facade.downloads",
    "up42_facade.results",
    "up42_facade.stac",
    "tests.batch.workers",
)


class Zygote:
    """Starts workers one after the other: functions of this package in processes of their own."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.batch.zygote", str(log)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def start(self, function: Callable[..., object], *arguments: Any) -> int:
        """Start a worker; return its process id."""
        name = f"{function.__module__}:{function.__qualname__}"
        assert self._process.stdin
        print(json.dumps([name, arguments]), file=self._process.stdin, flush=True)
        return int(self._read())

    def wait(self) -> int:
        """Wait for the worker; return its exit code, negative if a signal ended it."""
        return int(self._read())

    def run(self, function: Callable[..., object], *arguments: Any) -> int:
        """Start a worker and wait for it."""
        self.start(function, *arguments)
        return self.wait()

    def _read(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, f"the zygote died: {self.log.read_text() if self.log.exists() else ''}"
        return line


def serve(log: str) -> None:
    for name in PRELOADED:
        importlib.import_module(name)
    for line in sys.stdin:
        name, arguments = json.loads(line)
        pid = os.fork()
        if pid == 0:
            work(name, arguments, log)
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def work(name: str, arguments: list[Any], log: str) -> None:
    """Run a function in a forked process, which ends with it."""
    code = 1
    try:
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        module, _, function = name.partition(":")
        getattr(importlib.import_module(module), function)(*arguments)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(sys.argv[1])
