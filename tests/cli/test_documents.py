"""The documentation of the command is true."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from scripts import record_cli
from tests.cli.conftest import ROOT, Up42
from up42_facade.cli import auth, batch, check, items, jobs, processes, run
from up42_facade.cli.errors import ExitCode
from up42_facade.cli.main import commands
from up42_sandbox import Sandbox

PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHELL_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def rows_of(heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading."""
    lines = PAGE.partition(f"\n## {heading}\n")[2].splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("|"))
    table = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return table


def names_in(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", re.sub(r"\([^)]*\)", "", cell))


def test_the_recorded_session_and_the_table_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/record_cli.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_exit_codes() -> None:
    listed = [(int(code), names_in(name)[0]) for code, name, _ in rows_of("Exit codes")]
    assert listed == [(int(code), code.name) for code in ExitCode]


def test_fields() -> None:
    listed = {}
    for names, fields in (row for row in rows_of("Output")):
        for name in names_in(names):
            listed[name] = names_in(fields)
    assert listed["auth check"] == list(auth.FIELDS)
    assert listed["check-api"] == list(check.FIELDS)
    assert listed["auth login"] == listed["auth logout"] == list(auth.LOGIN_FIELDS)
    assert listed["balance"] == list(auth.BALANCE_FIELDS)
    assert listed["processes list"] == list(processes.FIELDS)
    shown = [*processes.FIELDS, *listed["processes show"]]
    assert shown == list(processes.DETAIL_FIELDS)
    assert listed["items list"] == list(items.FIELDS)
    for name in ("jobs list", "jobs show", "jobs track"):
        assert listed[name] == list(jobs.FIELDS)
    assert [*jobs.FIELDS, *listed["run"]] == list(run.RUN_FIELDS)
    assert listed["jobs download"] == listed["batch download"] == list(jobs.FILE_FIELDS)
    assert listed["estimate"] == list(run.ESTIMATE_FIELDS)
    assert ("index", *run.ESTIMATE_FIELDS) == batch.ESTIMATE_FIELDS
    for name in ("batch run", "batch status"):
        assert listed[name] == list(batch.FIELDS)


@pytest.fixture
def run_blocks(sandbox: Sandbox, home: Path, command: list[str]) -> Callable[[str], list[str]]:
    """Run the shell blocks of a page, and return the lines that they print."""
    shim = home / "bin" / "up42"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {" ".join(command)} "$@"\n')
    shim.chmod(0o755)
    (shim.parent / "python").symlink_to(sys.executable)
    environment = {
        **os.environ,
        "PATH": f"{shim.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "generated")]),
    }

    def run_them(page: str) -> list[str]:
        script = "\n".join(["set -eu", *SHELL_BLOCK.findall(page)])
        done = subprocess.run(
            ["/bin/sh", "-c", script], capture_output=True, text=True, env=environment
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run_them


def test_the_batch_of_the_readme_runs(run_blocks: Callable[[str], list[str]], home: Path) -> None:
    assert sum(" captured " in line for line in run_blocks(README)) == 2
    assert {path.name for path in home.rglob("found/*/*.*")} >= {"trees.tif", "cars.geojson"}


def test_the_scripts_run(run_blocks: Callable[[str], list[str]], home: Path) -> None:
    lines = run_blocks(PAGE)
    assert lines[0] == "0"
    assert "results are in the folder results" in lines
    assert lines[-1].split() == ["3", '"status":', '"captured",']
    assert (home / "results" / "trees.tif").is_file()


def test_help_names_every_option(up42_here: Up42) -> None:
    for path, command in record_cli.leaves(commands).items():
        text = up42_here(*path.split()[1:], "--help").out
        assert command.help.splitlines()[0].split()[0] in text
        options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
        assert all(option.help for option in options)
