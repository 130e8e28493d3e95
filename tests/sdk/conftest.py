"""The official SDK as a foreign client: it runs in an environment and a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from up42_sandbox import Sandbox

SCRIPTS = Path(__file__).with_name("scripts")
VARIABLE = "UP42_RIVAL_PYTHON"
# Seconds. A script takes two; more than this means that it waits for something for ever.
TIMEOUT = 60

Rival = Callable[..., Any]


@pytest.fixture(scope="session")
def rival_python() -> str:
    """The interpreter that has the official SDK."""
    python = os.environ.get(VARIABLE)
    if python:
        return python
    reason = f"{VARIABLE} names no interpreter with up42-py; `make test` makes one"
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}. In CI these tests must not be skipped.", pytrace=False)
    pytest.skip(reason)


@pytest.fixture
def rival(rival_python: str) -> Rival:
    """Run a script with the official SDK against a sandbox, and return what it found."""

    def run(script: str, sandbox: Sandbox, **settings: Any) -> Any:
        access = {
            "url": sandbox.url,
            "username": sandbox.username,
            "password": sandbox.password,
        }
        finished = subprocess.run(
            [rival_python, str(SCRIPTS / f"{script}.py")],
            input=json.dumps({**access, **settings}),
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )
        assert finished.returncode == 0, finished.stderr
        return json.loads(finished.stdout)

    return run


def clean_environment() -> dict[str, str]:
    """Return an environment in which the SDK asks nobody but the sandbox."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("UP42_", "PYTHON", "COV_")) and not name.lower().endswith("_proxy")
    }
    return {**kept, "UP42_DISABLE_VERSION_CHECK": "True", "PYTHONDONTWRITEBYTECODE": "1"}
