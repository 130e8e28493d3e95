"""Find the Pythons of this machine that the package promises to work on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

PROBE = "import sys; print('{}.{}'.format(*sys.version_info))"
# A Python that doesn't tell its version within these seconds is broken.
PROBE_SECONDS = 20


def running() -> str:
    """Return the version of the running Python: "3.11", …"""
    return "{}.{}".format(*sys.version_info)


def find(versions: Iterable[str]) -> dict[str, Path]:
    """Return a Python for each of the versions that there is one for.

    Args:
        versions: "3.11", …; looked for as the running one, on PATH, and among pyenv's.
    """
    found = ((version, first_working(version)) for version in versions)
    return {version: path for version, path in found if path is not None}


def first_working(version: str) -> Path | None:
    return next((path for path in candidates(version) if works(path, version)), None)


def candidates(version: str) -> Iterator[Path]:
    """Yield where a Python of this version may be, the likeliest first."""
    if version == running():
        yield Path(sys.executable)
    on_path = shutil.which(f"python{version}")
    if on_path is not None:
        yield Path(on_path)
    yield from installed_by_pyenv(version)


def installed_by_pyenv(version: str) -> list[Path]:
    """Return pyenv's Pythons of a version, the newest first."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    # Released ones only: no 3.13t without the lock, no 3.13-dev.
    pattern = re.compile(rf"{re.escape(version)}\.(\d+)")
    folders = root.iterdir() if root.is_dir() else ()
    releases = {int(match[1]): path for path in folders if (match := pattern.fullmatch(path.name))}
    return [releases[patch] / "bin" / "python" for patch in sorted(releases, reverse=True)]


def works(path: Path, version: str) -> bool:
    """Tell whether a Python starts and has the version: pyenv's shims may lead nowhere."""
    try:
        done = subprocess.run(
            [path, "-I", "-c", PROBE], capture_output=True, text=True, timeout=PROBE_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.strip() == version
