"""What the command asks for and shows at a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import TREES
from tests.terminal import COLUMNS, CTRL_C, CTRL_D, Terminal
from up42_facade.cli.errors import ExitCode
from up42_sandbox import Sandbox

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
    assert f"job {job.id[:8]}: captured, 00:0" in terminal.text
    # In color.
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
