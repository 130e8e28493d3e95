"""Write the pages on the command line: two recorded sessions, and the table of all commands.

Commands are the lines of a page's console blocks that begin with `$ `, and those after them that
begin with `> `. They run in a shell, and what they print is written below them:

- docs/cli-session.md has a fresh sandbox, whose jobs end at once.
- docs/first-hour.md starts its own. Only `--fresh` runs its first block, which clones the
  repository and installs it, and measures how long each part takes.

The table is in docs/cli.md. With `--check` nothing is written, and the exit code is 1 if a page is
outdated.
"""

from __future__ import annotations

import difflib
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from up42_facade.cli.main import commands
from up42_sandbox import Sandbox
from up42_sandbox.storage.objects import FILES_VARIABLE

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "cli-session.md"
FIRST_HOUR = ROOT / "docs" / "first-hour.md"
REFERENCE = ROOT / "docs" / "cli.md"
TABLE = re.compile(r"(?<=<!-- commands -->\n).*?(?=<!-- end of commands -->)", re.DOTALL)
TIMES = re.compile(r"(?<=<!-- times -->\n).*?(?=<!-- end of times -->)", re.DOTALL)
BLOCK = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)
COMMAND = re.compile(r"^\$ .*\n(?:> .*\n|>\n)*", re.MULTILINE)
HEADING = re.compile(r"^## (.*)$", re.MULTILINE)
# Jobs end at once, so that no output depends on the time at which it was printed.
DURATIONS = dict.fromkeys(
    ("created", "licensed", "valid", "accepted", "running", "successful", "failed"), 0.0
)
# The end of what a sandbox in the background prints when it is ready.
READY = "Stop the sandbox with Ctrl-C."
# An installation prints hundreds of lines: the first ones and the end are enough.
LONGEST_OUTPUT = 60
FIRST_LINES, LAST_LINES, WIDTH = 2, 44, 120
SHOWN_PORT = "8042"
SHOWN_URL = f"http://127.0.0.1:{SHOWN_PORT}"
SHOWN_HOME = "/home/you"
SHOWN_DATE = "2026-01-01"
CAMPAIGN = """\
process,title,item
detection-trees-spacept,"Trees, Pléiades",{0}
detection-tree-spacept,"Trees, SPOT",{1}
detection-cars-oi,"Cars, Pléiades Neo",{2}
"""


class Terminal:
    """A shell that runs commands one after the other.

    Args:
        home: Folder that it starts in, where `up42` and `python` are ours.
        variables: Environment variables besides.
    """

    def __init__(self, home: Path, **variables: str) -> None:
        programs = home / ".bin"
        programs.mkdir()
        for name, arguments in {"up42": " -m up42_facade.cli", "python": ""}.items():
            shim = programs / name
            shim.write_text(f'#!/bin/sh\nexec "{sys.executable}"{arguments} "$@"\n')
            shim.chmod(0o755)
        ours = ("UP42_", "VIRTUAL_ENV", "PYTHON")
        outside = {
            name: value
            for name, value in os.environ.items()
            if name == FILES_VARIABLE or not name.startswith(ours)
        }
        self._shell = subprocess.Popen(
            ["/bin/sh"],
            cwd=home,
            env={
                **outside,
                "COLUMNS": "100",
                "NO_COLOR": "1",
                "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
                "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "generated")]),
                "PYTHONUTF8": "1",
                "XDG_CONFIG_HOME": str(home / ".config"),
                **variables,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )

    def block(self, commands: str) -> str:
        """Return the commands of a block, each with what it prints now."""
        found: list[str] = COMMAND.findall(commands)
        return "".join(command + self._printed(command) for command in found)

    def _printed(self, command: str) -> str:
        """Run a command, and return what it prints to both streams."""
        typed, shown = self._shell.stdin, self._shell.stdout
        assert typed is not None  # noqa: S101 - both are pipes
        assert shown is not None  # noqa: S101 - both are pipes
        code = re.sub(r"^(\$ |> ?)", "", command, flags=re.MULTILINE)
        end = uuid.uuid4().hex
        # One in the background is waited for until it is ready, any other until it has ended.
        is_background = code.endswith(" &\n")
        last = "" if is_background else f"code=$?; printf '\\n{end}\\n'; (exit $code)\n"
        typed.write(f"{{ {code}}} </dev/null\n{last}")
        typed.flush()
        lines: list[str] = []
        for line in shown:
            if line == f"{end}\n":
                return shortened("".join(lines)[:-1])
            lines.append(line)
            if is_background and READY in line:
                return "".join(lines)
        raise SystemExit(f"The shell ended at {command}{''.join(lines)}")

    def close(self) -> None:
        """End the shell, and what it has left in the background."""
        os.killpg(self._shell.pid, signal.SIGTERM)
        self._shell.communicate()


def shortened(output: str) -> str:
    lines = output.splitlines(keepends=True)
    if len(lines) <= LONGEST_OUTPUT:
        return output
    kept = [*lines[:FIRST_LINES], "…\n", *lines[-LAST_LINES:]]
    return "".join(f"{line[:WIDTH]}…\n" if len(line) > WIDTH else line for line in kept)


@contextmanager
def terminal(**variables: str) -> Iterator[tuple[Terminal, Path]]:
    """Open a terminal in a new folder, its home."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder).resolve()
        opened = Terminal(home, **variables)
        try:
            yield opened, home
        finally:
            opened.close()


def recorded(page: str) -> str:
    """Return the page of the command line with what its commands print now."""
    with (
        Sandbox(durations=DURATIONS) as sandbox,
        terminal(**sandbox.environment) as (shell, home),
    ):
        items = map(sandbox.item_url, ("pleiades-berlin", "spot-berlin", "pneo-berlin"))
        (home / "campaign.csv").write_text(CAMPAIGN.format(*items), encoding="utf-8")
        text = BLOCK.sub(lambda block: shell.block(block[0].replace(SHOWN_URL, sandbox.url)), page)
        text = text.replace(sandbox.url, SHOWN_URL).replace(str(home), SHOWN_HOME)
        text = in_order(with_fixed_times(text), list(sandbox.jobs))
        # Files are downloaded concurrently.
        return re.sub(r"(Downloaded .*\n)+", lambda m: "".join(sorted(m[0].splitlines(True))), text)


def first_hour(page: str, is_fresh: bool) -> str:
    """Return the page of the first hour with what its commands print now.

    Args:
        page: The page as it is.
        is_fresh: Clone and install, too, and measure how long everything takes.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    outside = {"PYTHONPATH": "", "PATH": os.environ["PATH"]} if is_fresh else {}
    times: dict[str, float] = {}
    before = os.times()
    with terminal(REPOSITORY=str(ROOT), **outside) as (shell, home):

        def run(block: re.Match[str]) -> str:
            if "git clone" in block[0] and not is_fresh:
                return block[0]
            started = time.monotonic()
            text = shell.block(block[0].replace(SHOWN_PORT, port))
            *_, heading = HEADING.findall(page[: block.start()])
            times[heading] = times.get(heading, 0) + time.monotonic() - started
            return text.replace(port, SHOWN_PORT).replace(str(home), SHOWN_HOME)

        text = with_fixed_times(BLOCK.sub(run, page))
    text = re.sub(r"(?<=/_sandbox/)\S+|(?<=storage on http://127.0.0.1:)\d+", "…", text)
    # How many of the statuses in between are seen depends on the machine.
    text = re.sub(r"^Job \S+ is (?!captured).*\n", "", text, flags=re.MULTILINE)
    after = os.times()
    times["In all"] = sum(times.values())
    times["CPU time of all"] = (after.children_user - before.children_user) + (
        after.children_system - before.children_system
    )
    return TIMES.sub(lambda _: time_table(times), text) if is_fresh else text


def time_table(times: Mapping[str, float]) -> str:
    """Return a table of how long each part took, as Markdown."""
    rows = [("Part", "Seconds"), ("---", "---:")]
    rows += [(heading, f"{seconds:.0f}") for heading, seconds in times.items()]
    return "".join(f"| {part} | {seconds} |\n" for part, seconds in rows)


def with_fixed_times(text: str) -> str:
    """Replace the times of this run; those of the scenes are always the same."""
    today = datetime.now(UTC).date()
    dates = "|".join(str(today.fromordinal(today.toordinal() - day)) for day in (0, 1))
    text = re.sub(rf"(?:{dates})T[\d:.]+Z", f"{SHOWN_DATE}T12:00:00Z", text)
    return re.sub(rf"(?:{dates}) \d\d:\d\d", f"{SHOWN_DATE} 12:00", text)


def in_order(text: str, ids: list[str]) -> str:
    """Assign the IDs of a batch's jobs, which are created concurrently, in the order shown."""
    pattern = "|".join(ids)
    shown = dict(zip(dict.fromkeys(re.findall(pattern, text)), ids, strict=False))
    return re.sub(pattern, lambda match: shown[match[0]], text)


def leaves(command: click.Command, path: str = "up42") -> dict[str, click.Command]:
    """Return the commands that aren't groups, by what is typed to run them."""
    if not isinstance(command, click.Group):
        return {path: command}
    found: dict[str, click.Command] = {}
    for name, part in command.commands.items():
        found |= leaves(part, f"{path} {name}")
    return found


def command_table() -> str:
    """Return the table of all commands, as Markdown."""
    shared = {option.name for option in commands.params}
    rows = ["| Command | Description | Options |", "|---|---|---|"]
    for path, command in leaves(commands).items():
        arguments = (part for part in command.params if isinstance(part, click.Argument))
        usage = [path, *(part.make_metavar(click.Context(command)) for part in arguments)]
        options = [
            f"`{option.secondary_opts[0] if option.secondary_opts else max(option.opts, key=len)}`"
            for option in command.params
            if isinstance(option, click.Option) and option.name not in shared
        ]
        description = command.get_short_help_str(limit=100).rstrip(".")
        rows.append(f"| `{' '.join(usage)}` | {description} | {', '.join(options)} |")
    return "\n".join([*rows, ""])


def main(arguments: list[str]) -> int:
    """Write the pages, or check them; return 1 if one is outdated."""
    is_check = "--check" in arguments
    table = command_table()
    writers: dict[Path, Callable[[str], str]] = {
        PAGE: recorded,
        FIRST_HOUR: lambda text: first_hour(text, "--fresh" in arguments),
        REFERENCE: lambda text: TABLE.sub(lambda _: table, text),
    }
    outdated = False
    for page, write in writers.items():
        present = page.read_text(encoding="utf-8")
        text = write(present)
        if not is_check:
            page.write_text(text, encoding="utf-8")
        elif present != text:
            outdated = True
            lines = difflib.unified_diff(present.splitlines(), text.splitlines(), lineterm="")
            print("\n".join(lines))
            print(f"{page.name} is outdated: run make cli-session", file=sys.stderr)
    return int(outdated)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
