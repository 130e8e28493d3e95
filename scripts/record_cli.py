<<<<<<< HEAD
"""Write the pages on the command line: a recorded session, and the table of all commands.

`python scripts/record_cli.py` writes docs/cli-session.md, with real commands and their output
against a fresh sandbox, and the table of commands in docs/cli.md. With `--check` it fails if the
pages are outdated.
=======
"""Run the commands of docs/cli-session.md against a fresh sandbox, and write what they print.

The lines of the page that begin with `$ ` are the commands. `python scripts/record_cli.py --check`
writes nothing, and fails if the page isn't what the commands print now.
>>>>>>> e21724a (Packages, lowest versions, notebooks: existing tools instead of our own code)
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
import click

from up42_facade.cli.main import commands
from up42_sandbox import Sandbox

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "cli-session.md"
<<<<<<< HEAD
REFERENCE = ROOT / "docs" / "cli.md"
TABLE = re.compile(r"(?<=<!-- commands -->\n).*?(?=<!-- end of commands -->)", re.DOTALL)
COLUMNS = "100"
# Jobs end at once, so that no output depends on the time of a poll.
=======
REFERENCE = ROOT / "docs" / "cli.md"
TABLE = re.compile(r"(?<=<!-- commands -->\n).*?(?=<!-- end of commands -->)", re.DOTALL)
BLOCK = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)
# Jobs end at once, so that no output depends on the time at which it was printed.
>>>>>>> e21724a (Packages, lowest versions, notebooks: existing tools instead of our own code)
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

<<<<<<< HEAD
INTRODUCTION = """\
# A session at the terminal

Written by `scripts/record_cli.py`: the commands run against a [local UP42](sandbox.md), which
gives the same ids each time. Only the times and the folder are made up. [The command](cli.md)
explains them.
"""

# Headings, texts and commands, in their order.
SESSION: tuple[str, ...] = (
    "## Where am I, and what is there?",
    "The sandbox prints the credentials that it takes. Of a real account they belong into the "
    "environment, too.",
    f"$ export UP42_BASE_URL={SHOWN_URL} UP42_USERNAME=demo@sandbox.example UP42_PASSWORD=…",
    "$ up42 auth check",
    "$ up42 processes list",
    "$ up42 processes show detection-change-simularity",
    "$ up42 items list --collection PNEO",
    "## One job",
    "The URL of an item goes into a variable here, as it is long.",
    "$ ITEM=$(up42 items list --collection PNEO --json | grep -o 'http[^\"]*')",
    '$ up42 estimate detection-trees-spacept --title "Trees of Berlin" --item "$ITEM"',
    "Nothing is spent without consent: in a script that is an option.",
    '$ up42 run detection-trees-spacept --title "Trees of Berlin" --item "$ITEM"',
    "$ echo $?",
    '$ up42 run detection-trees-spacept --title "Trees of Berlin" --item "$ITEM" --max-credits 1',
    "$ echo $?",
    '$ up42 run detection-trees-spacept --title "Trees of Berlin" --item "$ITEM" '
    "--max-credits 50 --download results",
    "$ ls results",
    "A job that fails costs nothing, and ends the command with another code.",
    '$ up42 run detection-trees-spacept --title "Trees [failed]" --item "$ITEM" --max-credits 50 '
    "--track",
    "$ echo $?",
    "$ up42 jobs list",
    "$ up42 jobs list --status captured --csv | cut -d, -f1-3",
    "## Many jobs",
    "A row for each job. This file has a slip.",
    "$ cat campaign.csv",
    "$ up42 batch estimate campaign.csv",
    "$ echo $?",
    "$ sed -i.bak s/detection-tree-/detection-trees-/ campaign.csv",
    "$ up42 batch estimate campaign.csv",
    "$ up42 batch run campaign.csv --max-credits 10 --track",
    "$ echo $?",
    "$ up42 batch run campaign.csv --max-credits 200 --track",
    "$ up42 batch run campaign.csv --max-credits 200 --track",
    "The second run had nothing left to do.",
    "$ up42 batch download campaign.csv --output trees",
    "## Mistakes",
    "$ up42 run detection-trees-spacept --title Trees --item https://example.com/x --yes",
    "$ up42 run detection-tree-spacept --title Trees --yes",
    "$ up42 jobs list --status captred",
    "$ up42 jobs show 710290e3 --json",
    "$ UP42_PASSWORD=wrong up42 auth check",
)

=======
>>>>>>> e21724a (Packages, lowest versions, notebooks: existing tools instead of our own code)

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
        return in_order(with_fixed_times(text, sandbox), list(sandbox.jobs))


def with_fixed_times(text: str, sandbox: Sandbox) -> str:
    """Replace the times of this run; those of the scenes are always the same."""
    today = sandbox.clock.now().date()
    dates = "|".join(str(today.fromordinal(today.toordinal() - day)) for day in (0, 1))
    text = re.sub(rf"(?:{dates})T[\d:.]+Z", f"{SHOWN_DATE}T12:00:00Z", text)
    return re.sub(rf"(?:{dates}) \d\d:\d\d", f"{SHOWN_DATE} 12:00", text)


def in_order(text: str, ids: list[str]) -> str:
    """Give the jobs of a batch, which are created concurrently, their IDs in the order shown."""
    if not ids:
        return text
    free = iter(ids)
    seen: dict[str, str] = {}

    def rename(match: re.Match[str]) -> str:
        if match[0] not in seen:
            seen[match[0]] = next(free)
        return seen[match[0]]

    return re.sub("|".join(map(re.escape, ids)), rename, text)


<<<<<<< HEAD
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
    written = {
        PAGE: (session, recorded(session)),
        REFERENCE: (reference, TABLE.sub(lambda _: table, reference)),
    }
    outdated = False
    for page, (present, text) in written.items():
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
