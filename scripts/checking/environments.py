"""Fresh environments, made with uv: seconds where pip takes minutes."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from checking.errors import CheckError

# Variables that would let the tree or the user's settings into the environment.
LEAKING = ("PYTHON", "UP42_", "VIRTUAL_ENV", "PYTEST_", "MYPY")

# Of a failed command's output: its end says why.
LINES_SHOWN = 30


def outside() -> dict[str, str]:
    """Return the variables of this process without those that lead back to the tree."""
    return {name: value for name, value in os.environ.items() if not name.startswith(LEAKING)}


def call(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> str:
    """Run a command and return what it printed.

    Raises:
        CheckError: It failed; the message holds the end of what it said.
    """
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**outside(), **(variables or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        line = " ".join(str(part) for part in command)
        end = "\n".join(done.stdout.splitlines()[-LINES_SHOWN:])
        raise CheckError(f"{line}\nended with {done.returncode}:\n{end}")
    return done.stdout


def uv(*arguments: str | Path, cwd: Path | None = None) -> str:
    """Run uv, which must not fetch Pythons: the ones under test are those of the machine."""
    import uv as package

    command = [package.find_uv_bin(), "--quiet", "--no-python-downloads", *arguments]
    return call(command, cwd=cwd)


@dataclass(frozen=True)
class Environment:
    """A virtual environment of its own."""

    folder: Path

    @classmethod
    def make(cls, folder: Path, python: Path) -> Environment:
        """Make an empty environment; one that is there already goes."""
        uv("venv", "--clear", "--python", python, folder)
        return cls(folder)

    @property
    def scripts(self) -> Path:
        return self.folder / ("Scripts" if os.name == "nt" else "bin")

    @property
    def python(self) -> Path:
        return self.scripts / "python"

    def install(self, *arguments: str | Path, cwd: Path | None = None) -> None:
        """Install what `uv pip install` takes as arguments."""
        uv("pip", "install", "--python", self.python, *arguments, cwd=cwd)

    def versions(self) -> dict[str, str]:
        """Return the version of each installed package."""
        listed = uv("pip", "list", "--python", self.python, "--format", "json")
        return {str(entry["name"]): str(entry["version"]) for entry in json.loads(listed)}

    def run(
        self, *arguments: str | Path, cwd: Path, variables: Mapping[str, str] | None = None
    ) -> str:
        """Run its Python in a folder and return what it printed."""
        return call([self.python, *arguments], cwd=cwd, variables=variables)
