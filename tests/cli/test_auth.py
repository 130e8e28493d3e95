"""Stored logins: `up42 auth`, and the Python functions that read the same files."""

from __future__ import annotations

import json
import logging
import os
import pickle
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import up42_facade as up42
from tests.cli.conftest import Up42
from tests.cli.test_terminal import Open, at_terminal
from up42_facade.cli.errors import ExitCode
from up42_sandbox import Sandbox

__all__ = ["at_terminal"]
CREDENTIALS = ("UP42_USERNAME", "UP42_PASSWORD")


@pytest.fixture
def folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of stored logins, and no credentials in the environment."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    return home / "config" / "up42" / "credentials"


@pytest.fixture
def logged_in(folder: Path, up42_here: Up42, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stored login, and neither credentials nor hosts in the environment."""
    assert up42_here("auth", "login").code == ExitCode.OK
    for name in (*CREDENTIALS, "UP42_BASE_URL"):
        monkeypatch.delenv(name)
    return folder / "default.json"


def test_login_at_a_terminal(
    sandbox: Sandbox, folder: Path, at_terminal: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in CREDENTIALS:
        monkeypatch.delenv(name)
    terminal = at_terminal("auth", "login", "--profile", "work")
    terminal.expect("Email address of the UP42 account: ")
    terminal.type(f"{sandbox.username}\n")
    terminal.expect("Password: ")
    terminal.type(f"{sandbox.password}\n")
    assert terminal.end() == ExitCode.OK
    assert sandbox.password not in terminal.text
    (path,) = folder.iterdir()
    assert path.name == "work.json"
    # From now on nothing is asked.
    checked = at_terminal("auth", "check", "--profile", "work")
    assert checked.end() == ExitCode.OK
    assert sandbox.workspace_id in checked.text


def test_a_stored_login_is_used(sandbox: Sandbox, logged_in: Path, up42_here: Up42) -> None:
    assert stat.S_IMODE(logged_in.stat().st_mode) == 0o600
    assert [path.name for path in logged_in.parent.iterdir()] == ["default.json"]
    assert up42_here("auth", "check", "--json").json["api"] == sandbox.url
    with up42.authenticate() as session:
        assert session.workspace_id == sandbox.workspace_id
        assert sandbox.password not in repr(session)


def test_profiles(
    sandbox: Sandbox, logged_in: Path, up42_here: Up42, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged_in.rename(logged_in.with_name("work.json"))
    assert "No credentials found. Run `up42 auth login`" in up42_here("auth", "check").err
    assert up42_here("--profile", "work", "auth", "check").code == ExitCode.OK
    with up42.Session(profile="work") as session:
        assert session.hosts.api == sandbox.url
    monkeypatch.setenv("UP42_PROFILE", "work")
    assert up42_here("auth", "check").code == ExitCode.OK
    unknown = up42_here("auth", "check", "--profile", "play")
    assert unknown.code == ExitCode.ERROR
    assert "There is no stored login 'play'" in unknown.err
    assert "Stored: work." in unknown.err
    assert up42_here("auth", "check", "--profile", "../x").code == ExitCode.ERROR


def test_order_of_precedence(
    sandbox: Sandbox, logged_in: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def username(**arguments: str) -> str:
        with up42.Session(base_url=sandbox.url, **arguments) as session:
            return str(session._credentials.username)  # type: ignore[union-attr]

    stored = sandbox.username
    assert username() == stored
    monkeypatch.setenv("UP42_USERNAME", "environment@example.com")
    monkeypatch.setenv("UP42_PASSWORD", "x")
    assert username() == "environment@example.com"
    assert username(profile="default") == stored
    assert username(username="argument@example.com") == "argument@example.com"
    with pytest.raises(up42.ConfigurationError, match="pass one"):
        username(profile="default", username="argument@example.com")
    monkeypatch.setenv("UP42_PROFILE", "default")
    with pytest.raises(up42.ConfigurationError, match="UP42_PROFILE and UP42_USERNAME"):
        username()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_others_can_use_is_refused(
    sandbox: Sandbox, logged_in: Path, up42_here: Up42, mode: int
) -> None:
    sandbox.clear_requests()
    logged_in.chmod(mode)
    refused = up42_here("auth", "check")
    assert refused.code == ExitCode.ERROR
    assert f"chmod 600 {logged_in}" in refused.err
    assert not sandbox.requests


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"username": "a", "password": "b"}', '{"username": 1}', "\x00"],
)
def test_a_file_that_is_no_login(logged_in: Path, content: str) -> None:
    logged_in.write_text(content)
    with pytest.raises(up42.ConfigurationError, match="up42 auth login --profile default"):
        up42.Session()


def test_it_is_sent_to_its_own_server_only(
    sandbox: Sandbox, logged_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    up42.Session(base_url=sandbox.url).close()
    for arguments in ({"region": "sa"}, {"base_url": "http://127.0.0.1:1"}):
        with pytest.raises(up42.ConfigurationError, match=f"is for {sandbox.url}"):
            up42.Session(**arguments)  # type: ignore[arg-type]
    monkeypatch.setenv("UP42_REGION", "eu")
    with pytest.raises(up42.ConfigurationError, match="UP42_REGION"):
        up42.Session()


def test_a_wrong_password_is_not_stored(
    sandbox: Sandbox, folder: Path, up42_here: Up42, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UP42_PASSWORD", "wrong-one")
    assert up42_here("auth", "login").code == ExitCode.ERROR
    assert not folder.exists()
    monkeypatch.delenv("UP42_PASSWORD")
    missing = up42_here("auth", "login")
    assert missing.code == ExitCode.USAGE
    assert "UP42_PASSWORD" in missing.err


def test_another_python_process_reads_it(
    sandbox: Sandbox, logged_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with up42.Session() as session:
        pickled = pickle.dumps(session)
    monkeypatch.setenv("UP42_USERNAME", "environment@example.com")
    monkeypatch.setenv("UP42_PASSWORD", "x")
    code = f"import pickle; print(pickle.loads({pickled!r}).workspace_id)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == (sandbox.workspace_id, "")
    assert sandbox.password.encode() not in pickled
    logged_in.unlink()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "AuthenticationError" in done.stderr


def test_logout(logged_in: Path, up42_here: Up42) -> None:
    assert up42_here("auth", "logout", "--json").json == {
        "profile": "default",
        "path": str(logged_in),
    }
    assert not logged_in.exists()
    again = up42_here("auth", "logout", "--json")
    assert (again.code, again.error["type"]) == (ExitCode.ERROR, "ConfigurationError")
    assert "There is no stored login 'default'" in again.error["message"]


def test_the_file_is_replaced_as_a_whole(
    sandbox: Sandbox, logged_in: Path, up42_here: Up42, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = logged_in.read_text()
    for name, value in sandbox.environment.items():
        monkeypatch.setenv(name, value)

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    failed = up42_here("auth", "login")
    assert failed.code == ExitCode.ERROR
    assert "No space left on device" in failed.err
    assert logged_in.read_text() == before
    assert json.loads(before)["username"] == sandbox.username
    assert len(list(logged_in.parent.iterdir())) == 1


def test_verbose(sandbox: Sandbox, up42_here: Up42) -> None:
    shown = up42_here("-v", "jobs", "list")
    assert f"GET {sandbox.url}/v2/processing/jobs" in shown.err
    assert sandbox.password not in shown.err
    assert up42_here("jobs", "list").err == ""
    assert not logging.getLogger("up42_facade").handlers
