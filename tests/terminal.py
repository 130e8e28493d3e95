"""A terminal for tests: what a person at it types and sees."""

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
            assert self.expect_more(), f"{text!r} didn't appear in {self.text!r}"

    def type(self, text: str) -> None:
        os.write(self._file, text.encode())

    def end(self, *, pressing: str = "") -> int:
        """Read to the end and return the exit code.

        Args:
            pressing: Typed again while nothing happens, as a person does: Ctrl-C in the moment
                before Python begins to read is seen only when something comes.
        """
        while self.expect_more(pressing):
            pass
        os.close(self._file)
        return self._process.wait()

    def expect_more(self, pressing: str = "") -> bool:
        """Read what comes next; return False at the end."""
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

    @property
    def screen(self) -> list[str]:
        """The lines that a person sees now, without trailing blanks."""
        return [overwritten(line) for line in self.text.replace("\r\n", "\n").split("\n")]


def overwritten(line: str) -> str:
    """Return what remains visible of a line that carriage returns begin anew."""
    seen = ""
    for part in line.split("\r"):
        seen = part + seen[len(part) :]
    return seen.rstrip()
