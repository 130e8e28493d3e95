"""What the documentation says of the command is so."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from tests.cli.conftest import ROOT, Up42
from up42_facade.cli import balance, login, records
from up42_facade.cli.exit_codes import ExitCode
from up42_facade.cli.main import commands
from up42_sandbox import Sandbox

PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
SHELL_BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


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


def test_the_recorded_session_is_what_the_commands_print() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/record_cli.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_outdated_session_is_noticed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from scripts import record_cli

    monkeypatch.setattr(record_cli, "SESSION", ("## One", "$ up42 --version", "$ echo $?"))
    monkeypatch.setattr(record_cli, "PAGE", tmp_path / "session.md")
    assert record_cli.main(["--check"]) == 1
    assert record_cli.main([]) == 0
    assert "$ up42 --version\nup42 " in (tmp_path / "session.md").read_text()
    assert record_cli.main(["--check"]) == 0
    assert "outdated" in capsys.readouterr().err


def test_exit_codes() -> None:
    listed = [(int(code), names_in(name)[0]) for code, name, _ in rows_of("Exit codes")]
    assert listed == [(int(code), code.name) for code in ExitCode]


def leaves(group: Any, path: str) -> dict[str, Any]:
    if not hasattr(group, "commands"):
        return {path: group}
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        found |= leaves(command, f"{path} {name}")
    return found


def test_commands_and_options() -> None:
    known = leaves(commands, "up42")
    listed = {}
    for usage, _, options in rows_of("Commands"):
        words = [word for word in names_in(usage)[0].split() if not word.isupper()]
        listed[" ".join(words)] = options
    assert set(listed) == set(known)
    shared = set()
    everywhere = ("--json", "--csv", "--cfg-file", "--username", "--region", "--base-url")
    for path, command in known.items():
        present = {
            name
            for parameter in command.params
            for name in (*parameter.opts, *parameter.secondary_opts)
            if name.startswith("--")
        }
        documented = {name.split()[0] for name in re.findall(r"`(--[^`]+)`", listed[path])}
        assert documented <= present, path
        shared |= present - documented - set(everywhere)
        for name in documented:
            assert name in PAGE
    # What `run` has of `cost`, and the opposites of --no-unpack.
    assert shared == {"--item", "--title", "--input", "--workspace-id", "--unpack"}


def test_fields() -> None:
    listed = {}
    for names, fields in (row for row in rows_of("Output")):
        for name in names_in(names):
            listed[name] = names_in(fields)
    assert listed["login-check"] == list(login.FIELDS)
    assert listed["balance"] == list(balance.FIELDS)
    assert listed["processes list"] == list(records.PROCESS_FIELDS)
    shown = [*records.PROCESS_FIELDS, *listed["processes show"]]
    assert shown == list(records.PROCESS_DETAIL_FIELDS)
    assert listed["items list"] == list(records.ITEM_FIELDS)
    for name in ("jobs list", "jobs show", "jobs track"):
        assert listed[name] == list(records.JOB_FIELDS)
    assert [*records.JOB_FIELDS, *listed["run"]] == list(records.RUN_FIELDS)
    assert listed["jobs download"] == listed["batch download"] == list(records.FILE_FIELDS)
    assert listed["cost"] == list(records.COST_FIELDS)
    assert ("index", *records.COST_FIELDS) == records.ESTIMATE_FIELDS
    for name in ("batch run", "batch status"):
        assert listed[name] == list(records.ENTRY_FIELDS)


def test_the_scripts_run(sandbox: Sandbox, home: Path, command: list[str]) -> None:
    assert len(SHELL_BLOCKS) >= 5
    shim = home / "bin" / "up42"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {" ".join(command)} "$@"\n')
    shim.chmod(0o755)
    (shim.parent / "python").symlink_to(sys.executable)
    script = "set -eu\n" + "\n".join(SHELL_BLOCKS)
    done = subprocess.run(
        ["/bin/sh", "-c", script],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "PATH": f"{shim.parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "generated")]),
        },
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "0"
    assert "results are in the folder results" in lines
    assert lines[-1].split() == ["3", '"status":', '"captured",']
    assert (home / "results" / "trees.tif").is_file()


def test_help_names_every_option(up42_here: Up42) -> None:
    for path, command in leaves(commands, "up42").items():
        text = up42_here(*path.split()[1:], "--help").out
        assert command.help.splitlines()[0].split()[0] in text
        options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
        assert all(option.help for option in options)
