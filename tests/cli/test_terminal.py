"""What the command asks for and shows at a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import TREES
from up42_facade.cli.errors import ExitCode
from up42_sandbox import Sandbox

# Seconds after which a test gives up, and after which it presses Ctrl-C again.
PATIENCE, PAUSE = 30.0, 1.0
COLUMNS = 80
# Makes the terminal the one that Ctrl-C comes from, then becomes the command. A fork of this
# process, which has threads, could hang.
ADOPT = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""
CTRL_C, CTRL_D = "\x03", "\x04"
ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Terminal:
    """A command at a terminal of 80 columns."""

    def __init__(self, command: list[str]) -> None:
        self._file, other_end = pty.openpty()
        fcntl.ioctl(other_end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
        self._process = subprocess.Popen(
            [sys.executable, "-c", ADOPT, *command],
            stdin=other_end,
            stdout=other_end,
            stderr=other_end,
            start_new_session=True,
        )
        os.close(other_end)
        self.raw = ""

    @property
    def text(self) -> str:
        return ESCAPES.sub("", self.raw)

    def expect(self, text: str) -> None:
        """Read until a text has appeared."""
        while text not in self.text:
            assert self._read(), f"{text!r} didn't appear in {self.text!r}"

    def type(self, text: str) -> None:
        os.write(self._file, text.encode())

    def end(self, *, pressing: str = "") -> int:
        """Read to the end and return the exit code.

        Args:
            pressing: Typed again while nothing happens, as a person does: Ctrl-C in the moment
                before Python begins to read is seen only when something comes.
        """
        while self._read(pressing):
            pass
        os.close(self._file)
        return self._process.wait()

    def _read(self, pressing: str = "") -> bool:
        pause = PAUSE if pressing else PATIENCE
        for _ in range(int(PATIENCE / pause)):
            ready, _, _ = select.select([self._file], [], [], pause)
            if ready:
                break
            self.type(pressing)
        assert ready, f"nothing more came after {self.text!r}"
        try:
            data = os.read(self._file, 4096)
        except OSError:
            return False
        self.raw += data.decode(errors="replace")
        return bool(data)


Open = Callable[..., Terminal]


@pytest.fixture
def at_terminal(command: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    monkeypatch.setenv("TERM", "xterm")
    return lambda *arguments: Terminal([*command, *arguments])


@pytest.fixture
def run_trees(sandbox: Sandbox) -> tuple[str, ...]:
    return ("run", TREES, "--item", sandbox.item_url("pneo-berlin"), "--title", "T")


def test_yes(sandbox: Sandbox, at_terminal: Open, run_trees: tuple[str, ...]) -> None:
    terminal = at_terminal(*run_trees, "--track", "--wait", "0.01")
    terminal.expect(f"Execute {TREES} for 2 credits? [y/N]: ")
    assert sandbox.jobs == {}
    terminal.type("y\n")
    assert terminal.end() == ExitCode.OK
    (job,) = sandbox.jobs.values()
    assert f"Executed for 2 credits: job {job.id}" in terminal.text
    # The bar, and the status in colour.
    assert "7/7 [00:" in terminal.text
    # Statuses are no steps of equal length: a rate, or the time that is left, would be made up.
    assert "step/s" not in terminal.text
    assert "\x1b[32mcaptured" in terminal.raw


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("n\n", ExitCode.ERROR),
        ("\n", ExitCode.ERROR),
        (CTRL_C, ExitCode.INTERRUPTED),
        (CTRL_D, ExitCode.INTERRUPTED),
    ],
)
def test_no(
    sandbox: Sandbox, at_terminal: Open, run_trees: tuple[str, ...], answer: str, code: int
) -> None:
    terminal = at_terminal(*run_trees)
    terminal.expect("[y/N]: ")
    terminal.type(answer)
    assert terminal.end(pressing=answer if answer == CTRL_C else "") == code
    assert "Nothing was executed." in terminal.text
    assert "Traceback" not in terminal.text
    assert sandbox.jobs == {}


def test_a_limit_answers_the_question(
    sandbox: Sandbox, at_terminal: Open, run_trees: tuple[str, ...]
) -> None:
    assert at_terminal(*run_trees, "--max-credits", "2").end() == ExitCode.OK
    assert len(sandbox.jobs) == 1


def test_a_batch_asks_once(sandbox: Sandbox, at_terminal: Open, campaign: Path) -> None:
    terminal = at_terminal("batch", "run", "campaign.csv")
    terminal.expect("Execute 2 jobs for 8 credits? [y/N]: ")
    terminal.type("y\n")
    assert terminal.end() == ExitCode.OK
    assert len(sandbox.jobs) == 2


def test_credentials(sandbox: Sandbox, at_terminal: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UP42_USERNAME")
    monkeypatch.delenv("UP42_PASSWORD")
    terminal = at_terminal("auth", "check")
    terminal.expect("Email address of the UP42 account: ")
    terminal.type(f"{sandbox.username}\n")
    terminal.expect("Password: ")
    terminal.type(f"{sandbox.password}\n")
    assert terminal.end() == ExitCode.OK
    assert sandbox.workspace_id in terminal.text
    assert sandbox.password not in terminal.text


def test_ctrl_c_at_the_password(at_terminal: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UP42_PASSWORD")
    terminal = at_terminal("auth", "check")
    terminal.expect("Password: ")
    terminal.type(CTRL_C)
    assert terminal.end(pressing=CTRL_C) == ExitCode.INTERRUPTED
    assert "Traceback" not in terminal.text


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colours(
    sandbox: Sandbox,
    at_terminal: Open,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
) -> None:
    sandbox.add_job(inputs={"title": "long " * 30})
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    terminal = at_terminal("jobs", "list")
    assert terminal.end() == ExitCode.OK
    assert terminal.raw == terminal.text
    assert all(len(line) <= COLUMNS for line in terminal.text.splitlines())
