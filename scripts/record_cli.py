"""Write the pages on the command line: a recorded session, and the table of all commands.

`python scripts/record_cli.py` writes docs/cli-session.md, with real commands and their output
against a fresh sandbox, and the table of commands in docs/cli.md. With `--check` it fails if the
pages are outdated.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from up42_facade.cli.main import commands
from up42_sandbox import Sandbox

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "cli-session.md"
REFERENCE = ROOT / "docs" / "cli.md"
TABLE = re.compile(r"(?<=<!-- commands -->\n).*?(?=<!-- end of commands -->)", re.DOTALL)
COLUMNS = "100"
# Jobs end at once, so that no output depends on the time of a poll.
DURATIONS = dict.fromkeys(
    ("created", "licensed", "valid", "accepted", "running", "successful", "failed"), 0.0
)
SHOWN_URL = "http://127.0.0.1:8042"
SHOWN_HOME = "/home/you"
SHOWN_DATE = "2026-01-01"
SHOWN_TIME = "12:00"
MOMENT = r"([T ])\d\d:\d\d(?::\d\d(?:\.\d+)?Z)?"
SHIM = """\
#!/bin/sh
exec "{python}" -m up42_facade.cli "$@"
"""

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


class Terminal:
    """Runs commands one after the other, as a shell with some variables would."""

    def __init__(self, sandbox: Sandbox, home: Path) -> None:
        tools = home / ".bin"
        tools.mkdir()
        shim = tools / "up42"
        shim.write_text(SHIM.format(python=sys.executable), encoding="utf-8")
        shim.chmod(0o755)
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("UP42_")}
        self._environment = {
            **inherited,
            **sandbox.environment,
            "COLUMNS": COLUMNS,
            "NO_COLOR": "1",
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "generated")]),
            "PYTHONUTF8": "1",
        }
        self._home = home
        self._code = 0

    def run(self, command: str) -> str:
        """Run a command and return what it prints, to both streams."""
        if command.startswith("export "):
            return ""
        if command == "echo $?":
            return f"{self._code}\n"
        name, equals, value = command.partition("=$(")
        if equals:
            self._environment[name] = self._run(value.removesuffix(")")).strip()
            return ""
        return self._run(command)

    def _run(self, command: str) -> str:
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self._home,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            check=False,
        )
        self._code = done.returncode
        return done.stdout


def recorded() -> str:
    """Run the whole session and return the page."""
    with tempfile.TemporaryDirectory() as folder, Sandbox(durations=DURATIONS) as sandbox:
        home = Path(folder).resolve()
        write_campaign(home / "campaign.csv", sandbox)
        terminal = Terminal(sandbox, home)
        parts = [*blocks(terminal)]
        text = "\n".join([INTRODUCTION, *parts])
        text = text.replace(sandbox.url, SHOWN_URL).replace(str(home), SHOWN_HOME)
        return in_order(with_fixed_times(text, sandbox), list(sandbox.jobs))


def blocks(terminal: Terminal) -> Iterator[str]:
    """Yield texts, and commands that follow one another in one block with their output."""
    lines: list[str] = []
    for line in SESSION:
        if line.startswith("$ "):
            lines += [line, *terminal.run(line.removeprefix("$ ")).splitlines()]
            continue
        if lines:
            yield fenced(lines)
            lines = []
        yield f"{line}\n"
    yield fenced(lines)


def fenced(lines: Sequence[str]) -> str:
    return "\n".join(["```console", *lines, "```", ""])


def write_campaign(path: Path, sandbox: Sandbox) -> None:
    rows = (
        ("detection-trees-spacept", "Trees, Pléiades", sandbox.item_url("pleiades-berlin")),
        ("detection-tree-spacept", "Trees, SPOT", sandbox.item_url("spot-berlin")),
        ("detection-cars-oi", "Cars, Pléiades Neo", sandbox.item_url("pneo-berlin")),
    )
    lines = ["process,title,item", *(f'{process},"{title}",{url}' for process, title, url in rows)]
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


def with_fixed_times(text: str, sandbox: Sandbox) -> str:
    """Replace the times of this run; those of the scenes are always the same."""
    today = sandbox.clock.now().date()
    dates = "|".join(str(today.fromordinal(today.toordinal() - day)) for day in (0, 1))
    found = re.compile(f"(?:{dates}){MOMENT}")
    return found.sub(lambda m: f"{SHOWN_DATE}{m[1]}{SHOWN_TIME}" + iso_rest(m), text)


def iso_rest(match: re.Match[str]) -> str:
    return ":00Z" if match[1] == "T" else ""


def in_order(text: str, ids: Sequence[str]) -> str:
    """Give the jobs of a batch, which are made side by side, their ids in the order shown."""
    if not ids:
        return text
    seen: dict[str, str] = {}
    pattern = re.compile("|".join(map(re.escape, ids)))
    free = iter(ids)

    def rename(match: re.Match[str]) -> str:
        if match[0] not in seen:
            seen[match[0]] = next(free)
        return seen[match[0]]

    return pattern.sub(rename, text)


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pages, or check them; return 1 if one is outdated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail if outdated")
    is_check = parser.parse_args(arguments).check
    reference = REFERENCE.read_text(encoding="utf-8")
    texts = {PAGE: recorded(), REFERENCE: TABLE.sub(lambda _: command_table(), reference)}
    outdated = [path for path, text in texts.items() if is_outdated(path, text)]
    for path in outdated:
        if is_check:
            print(f"{path.name} is outdated: run make cli-session", file=sys.stderr)
        else:
            path.write_text(texts[path], encoding="utf-8")
    return 1 if is_check and outdated else 0


def is_outdated(path: Path, text: str) -> bool:
    """Return whether a page has another content, and print the difference."""
    present = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = difflib.unified_diff(
        present.splitlines(), text.splitlines(), str(path.name), "now", lineterm=""
    )
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return present != text


if __name__ == "__main__":
    sys.exit(main())
