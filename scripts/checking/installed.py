"""The wheel, installed where nothing else of the project is."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from checking.environments import Environment, call
from checking.errors import CheckError
from checking.project import ROOT

SMOKE = Path(__file__).with_name("smoke")
CONSTRAINTS = ROOT / "constraints.txt"
# A slip that only a type checker with our types sees.
RIGHT, SLIP = "max_credits=10", 'max_credits="ten"'


@dataclass(frozen=True)
class Installation:
    """An installation of the wheel on one Python, with all extras or without any."""

    version: str
    base: Path
    wheel: Path
    folder: Path
    with_extras: bool

    @property
    def name(self) -> str:
        return f"Python {self.version}, {'all extras' if self.with_extras else 'no extras'}"

    @property
    def environment(self) -> Environment:
        return Environment(self.place / "environment")

    @property
    def place(self) -> Path:
        return self.folder / f"{self.version}-{'all' if self.with_extras else 'core'}"

    def check(self, sandbox: Mapping[str, str]) -> None:
        """Install the wheel and run the programs.

        Args:
            sandbox: Variables that lead to a sandbox outside of the environment.

        Raises:
            CheckError: The installation or a program failed.
        """
        environment = Environment.make(self.place / "environment", self.base)
        wanted = f"{self.wheel}[all]" if self.with_extras else str(self.wheel)
        # The sandbox's fixtures are for people who have pytest.
        pytest = ("pytest",) if self.with_extras else ()
        environment.install("--constraint", CONSTRAINTS, wanted, *pytest)
        self.run("core.py", sandbox)
        if self.with_extras:
            self.run("extras.py", {})
            environment.run("-m", "pytest", "-q", self.copy("test_fixture.py"), cwd=self.place)
        else:
            self.run("without_extras.py", sandbox)

    def run(self, program: str, variables: Mapping[str, str]) -> None:
        """Run a program of the folder `smoke`, away from the tree and with warnings as errors."""
        self.environment.run("-W", "error", self.copy(program), cwd=self.place, variables=variables)

    def copy(self, program: str) -> Path:
        target = self.place / program
        target.write_text((SMOKE / program).read_text(encoding="utf-8"), encoding="utf-8")
        return target


def type_check(installation: Installation) -> None:
    """Check that mypy knows the types of the installed package, and finds a slip with them.

    Raises:
        CheckError: It complains about a right program, or doesn't about a wrong one.
    """
    right = installation.copy("typed.py")
    text = right.read_text(encoding="utf-8")
    wrong = right.with_name("slip.py")
    wrong.write_text(text.replace(RIGHT, SLIP), encoding="utf-8")
    mypy(installation, right)
    try:
        mypy(installation, wrong)
    except CheckError as error:
        if "arg-type" not in str(error):
            raise
        return
    raise CheckError(f"mypy finds nothing wrong with {SLIP}: the package's types are not used.")


def mypy(installation: Installation, program: Path) -> None:
    call(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--config-file="),
            *("--python-executable", installation.environment.python),
            *("--cache-dir", installation.place / "mypy"),
            program,
        ],
        cwd=installation.place,
    )
