"""Write the pages on the command line: a recorded session, and the table of all commands.

The commands of docs/cli-session.md are its lines that begin with `$ `: they run against a fresh
sandbox, and what they print is written below them. The table is in docs/cli.md. With `--check`
nothing is written, and the exit code is 1 if a page is outdated.
"""

from __future__ import annotations

import difflib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from up42_facade.cli.main import commands
from up42_sandbox import Sandbox

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "cli-session.md"
REFERENCE = ROOT / "docs" / "cli.md"
TABLE = re.compile(r"(?<=<!-- commands -->\n).*?(?=<!-- end of commands -->)", re.DOTALL)
BLOCK = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)
# Jobs end at once, so that no output depends on the time at which it was printed.
DURATIONS = dict.fromkeys(
    ("created", "licensed", "valid", "accepted", "running", "successful", "failed"), 0.0
)
SHOWN_URL = "http://127.0.0.1:8042"
SHOWN_HOME = "/home/you"
SHOWN_DATE = "2026-01-01"
CAMPAIGN = """\
process,title,item
detection-trees-spacept,"Trees, Pléiades",{0}
detection-tree-spacept,"Trees, SPOT",{1}
detection-cars-oi,"Cars, Pléiades Neo",{2}
"""


class Terminal:
    """Runs commands one after the other, as a shell with some variables would."""

    def __init__(self, sandbox: Sandbox, home: Path) -> None:
        shim = home / ".bin" / "up42"
        shim.parent.mkdir()
        shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m up42_facade.cli "$@"\n')
        shim.chmod(0o755)
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("UP42_")},
            **sandbox.environment,
            "COLUMNS": "100",
            "NO_COLOR": "1",
            "PATH": f"{shim.parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "generated")]),
            "PYTHONUTF8": "1",
            "XDG_CONFIG_HOME": str(home / ".config"),
        }
        self._home = home
        self._code = 0

    def block(self, commands: str) -> str:
        """Return the commands of a block, each with what it prints now."""
        lines = [line for line in commands.splitlines() if line.startswith("$ ")]
        return "".join(f"{line}\n{self._printed(line.removeprefix('$ '))}" for line in lines)

    def _printed(self, command: str) -> str:
        """Run a command, and return what it prints to both streams."""
        if command.startswith("export "):
            return ""
        if command == "echo $?":
            return f"{self._code}\n"
        name, is_variable, value = command.partition("=$(")
        done = subprocess.run(
            ["/bin/sh", "-c", value.removesuffix(")") if is_variable else command],
            cwd=self._home,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self._code = done.returncode
        if is_variable:
            self._environment[name] = done.stdout.strip()
            return ""
        return done.stdout


def recorded(page: str) -> str:
    """Return a page with what its commands print now."""
    with tempfile.TemporaryDirectory() as folder, Sandbox(durations=DURATIONS) as sandbox:
        home = Path(folder).resolve()
        items = map(sandbox.item_url, ("pleiades-berlin", "spot-berlin", "pneo-berlin"))
        (home / "campaign.csv").write_text(CAMPAIGN.format(*items), encoding="utf-8")
        terminal = Terminal(sandbox, home)
        text = BLOCK.sub(lambda block: terminal.block(block[0]), page)
        text = text.replace(sandbox.url, SHOWN_URL).replace(str(home), SHOWN_HOME)
        text = in_order(with_fixed_times(text, sandbox), list(sandbox.jobs))
        # Files are downloaded concurrently.
        return re.sub(r"(Downloaded .*\n)+", lambda m: "".join(sorted(m[0].splitlines(True))), text)


def with_fixed_times(text: str, sandbox: Sandbox) -> str:
    """Replace the times of this run; those of the scenes are always the same."""
    today = sandbox.clock.now().date()
    dates = "|".join(str(today.fromordinal(today.toordinal() - day)) for day in (0, 1))
    text = re.sub(rf"(?:{dates})T[\d:.]+Z", f"{SHOWN_DATE}T12:00:00Z", text)
    return re.sub(rf"(?:{dates}) \d\d:\d\d", f"{SHOWN_DATE} 12:00", text)


def in_order(text: str, ids: list[str]) -> str:
    """Assign the IDs of a batch's jobs, which are created concurrently, in the order shown."""
    if not ids:
        return text
    free = iter(ids)
    seen: dict[str, str] = {}

    def rename(match: re.Match[str]) -> str:
        if match[0] not in seen:
            seen[match[0]] = next(free)
        return seen[match[0]]

    return re.sub("|".join(map(re.escape, ids)), rename, text)


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
        usage = [
            path,
            *(part.make_metavar(click.Context(command)) for part in arguments_of(command)),
        ]
        options = [
            f"`{option.secondary_opts[0] if option.secondary_opts else max(option.opts, key=len)}`"
            for option in command.params
            if isinstance(option, click.Option) and option.name not in shared
        ]
        description = command.get_short_help_str(limit=100).rstrip(".")
        rows.append(f"| `{' '.join(usage)}` | {description} | {', '.join(options)} |")
    return "\n".join([*rows, ""])


def arguments_of(command: click.Command) -> list[click.Argument]:
    return [part for part in command.params if isinstance(part, click.Argument)]


def main(arguments: list[str]) -> int:
    """Write the pages, or check them; return 1 if one is outdated."""
    session, reference = (page.read_text(encoding="utf-8") for page in (PAGE, REFERENCE))
    table = command_table()
    texts = {
        PAGE: (session, recorded(session)),
        REFERENCE: (reference, TABLE.sub(lambda _: table, reference)),
    }
    outdated = False
    for page, (present, text) in texts.items():
        if arguments != ["--check"]:
            page.write_text(text, encoding="utf-8")
        elif present != text:
            outdated = True
            lines = difflib.unified_diff(present.splitlines(), text.splitlines(), lineterm="")
            print("\n".join(lines))
            print(f"{page.name} is outdated: run make cli-session", file=sys.stderr)
    return int(outdated)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
