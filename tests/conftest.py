"""What all tests share: a sandbox, a session on it, and no credentials from outside."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress

import pytest

import up42_facade as up42
from up42_facade.session import resolve_session
from up42_sandbox import Sandbox
from up42_sandbox.storage.objects import FILES_VARIABLE

# Hundreds of processes import facade and sandbox: with Python's cache in a third of the time.
# Container images often turn it off.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# A shell that runs the tests in the background lets them, and the programs that they interrupt,
# ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# All processes of a run share the files that sandboxes draw; some take seconds of CPU.
if FILES_VARIABLE not in os.environ:
    drawn = tempfile.TemporaryDirectory()
    os.environ[FILES_VARIABLE] = drawn.name
# What the tests themselves need from outside.
KEPT = ("UP42_RIVAL_PYTHON", FILES_VARIABLE)

# Repeats at once and gives up soon: tests of patience set their own.
IMPATIENT = up42.TransportOptions(
    connect_timeout=5,
    read_timeout=20,
    backoff=0.01,
    longest_wait=0.05,
    rate=10_000,
    burst=10_000,
    lookup_waits=(0.0, 0.05),
)


# These take longest: whoever began with one of them in the end would be the last one.
LONGEST = (
    "batch/test_killed.py", "cli/test_documents", "credits/", "docs/test_pages", "docs/test_site",
    "notebooks/", "updating/test_judges",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let each worker begin with its part of them: its items stand one after the other."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    longest = [item for item in items if any(part in item.nodeid for part in LONGEST)]
    others = [item for item in items if item not in longest]
    share = -(-len(others) // workers)
    items[:] = [
        item
        for number in range(workers)
        for item in (*longest[number::workers], *others[number * share : (number + 1) * share])
    ]


@pytest.fixture(autouse=True)
def no_outside_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Each test starts without UP42_… variables, stored logins, and a default session."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "no-config"))
    # Tests that run notebooks load it; others would take themselves for one and show progress bars.
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    for name in [name for name in os.environ if name.startswith("UP42_")]:
        if name not in KEPT:
            monkeypatch.delenv(name)
    yield
    with suppress(up42.NotAuthenticatedError):
        resolve_session(None).close()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def session(sandbox: Sandbox) -> Iterator[up42.Session]:
    with new_session(sandbox) as made:
        yield made


def new_session(sandbox: Sandbox, options: up42.TransportOptions = IMPATIENT) -> up42.Session:
    """Make a session on a sandbox."""
    return up42.Session(
        username=sandbox.username,
        password=sandbox.password,
        base_url=sandbox.url,
        options=options,
    )


def token_of(sandbox: Sandbox) -> str:
    """Return the token of the last request."""
    return sandbox.requests[-1].headers["authorization"].removeprefix("Bearer ")
