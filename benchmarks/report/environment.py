"""What the figures depend on: machine and versions."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from benchmarks.report.figures import OLD_SDK, SDK

Environment = dict[str, str]
# The other side's dependencies that its figures depend on most.
QUESTION = (
    "import platform; from importlib.metadata import version as v; "
    "print('up42-py', v('up42-py')); "
    "print(f'Python {platform.python_version()}, requests {v(\"requests\")}')"
)


class WrongSdkError(Exception):
    """An interpreter has no official SDK, or another version than the figures are about."""


def environment(pythons: dict[str, str]) -> Environment:
    """Return machine and versions.

    Args:
        pythons: The interpreter of each SDK that is measured, by `SDK` and `OLD_SDK`.

    Raises:
        WrongSdkError: An interpreter is missing or has another version.
    """
    httpx = version("httpx")
    facade = f"Python {platform.python_version()}, httpx {httpx}"
    return {
        "Processor": f"{processor()}, {cores()} cores",
        "Memory": f"{memory() / 1e9:.0f} GB",
        "System": f"{platform.system()} {kernel()}, {platform.machine()}",
        f"up42_facade {version('up42-facade')}": facade,
        **{sdk: sdk_facts(sdk, python) for sdk, python in pythons.items()},
    }


def sdk_facts(sdk: str, python: str) -> str:
    """Return what the other side runs on."""
    target = {SDK: ".venv-rival/.done", OLD_SDK: ".venv-rival-old/.done"}[sdk]
    advice = f"Expected an interpreter with {sdk}: `make {target}` makes one."
    try:
        answer = subprocess.run(
            [python, "-c", QUESTION], check=True, capture_output=True, text=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise WrongSdkError(f"{python} can't be asked for its SDK. {advice}") from error
    found, facts = answer.splitlines()
    if found != sdk:
        raise WrongSdkError(f"{python} has {found}. {advice}")
    return facts


def cores() -> int:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory() -> int:
    """Return the machine's memory in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def kernel() -> str:
    """Return the release of the system without what its distribution appends."""
    return platform.release().partition("-")[0]


def processor() -> str:
    """Return the processor's name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def merged(older: Environment, newer: Environment) -> Environment | None:
    """Return both as one if they don't contradict each other."""
    shared = older.keys() & newer.keys()
    if any(older[name] != newer[name] for name in shared):
        return None
    # Another version of anything is another name: then they are two.
    mine = {name for name in (*older, *newer) if name.startswith("up42_facade ")}
    return {**older, **newer} if len(mine) == 1 else None
