"""A sandbox whose jobs end at once, and the command in this process and in its own."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

import up42_facade as up42
from tests.conftest import IMPATIENT
from up42_facade.cli.main import main
from up42_sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = dict.fromkeys(
    ("created", "licensed", "valid", "accepted", "running", "successful", "failed"), 0.0
)
TREES = "detection-trees-spacept"


@frozen
class Ended:
    """What a command has left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def csv(self) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.out)))

    @property
    def error(self) -> dict[str, Any]:
        """The error that --json puts on the last line of stderr."""
        return dict(json.loads(self.err.splitlines()[-1])["error"])


Up42 = Callable[..., Ended]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(durations=AT_ONCE) as running:
        yield running


@pytest.fixture
def home(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder and the environment that commands start in."""
    monkeypatch.chdir(tmp_path)
    for name, value in sandbox.environment.items():
        monkeypatch.setenv(name, value)
    for name in ("COLUMNS", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def up42_here(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Up42:
    """Run a command in this process, with little patience."""
    monkeypatch.setattr(up42, "Session", partial(up42.Session, options=IMPATIENT))

    def run(*arguments: str) -> Ended:
        capsys.readouterr()
        code = main(arguments)
        return Ended(code, *capsys.readouterr())

    return run


@pytest.fixture
def command(home: Path) -> list[str]:
    """The command as another process runs it."""
    return [sys.executable, "-m", "up42_facade.cli"]


@pytest.fixture
def up42_there(command: list[str]) -> Up42:
    """Run a command in a process of its own."""

    def run(*arguments: str, **options: Any) -> Ended:
        done = subprocess.run(
            [*command, *arguments],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **options.pop("environment", {})},
            check=False,
            **options,
        )
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture
def campaign(home: Path, sandbox: Sandbox) -> Path:
    """A file with two rows that are right."""
    path = home / "campaign.csv"
    rows = [(TREES, "First", "pleiades-berlin"), (TREES, "Second, smaller", "pneo-berlin")]
    lines = [f'{process},"{title}",{sandbox.item_url(key)}' for process, title, key in rows]
    path.write_text("\n".join(["process,title,item", *lines, ""]), encoding="utf-8")
    return path
