"""Run the facade's tests with other versions of its dependencies than the pinned ones.

python scripts/check_dependencies.py lowest        the lowest that pyproject.toml allows
python scripts/check_dependencies.py newest        the newest that there are
python scripts/check_dependencies.py lowest -- tests/facade -k job -n 2     only some tests

The environment stays in .venv-lowest or .venv-newest, to look into a failure. The lowest are
tried on the oldest Python that is promised, the newest on the newest one.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from checking import interpreters
from checking.dependencies import install_lowest, install_newest, newer
from checking.environments import Environment, outside
from checking.errors import CheckError
from checking.project import Project

# Old releases warn of what has changed around them since, and can't be changed any more. A
# warning of another kind still fails its test.
TOLERATED = ("DeprecationWarning", "PendingDeprecationWarning", "FutureWarning")
# These are about the repository, its tools and its contract: other versions tell nothing there.
NOT_OF_THE_FACADE = {
    "benchmarks",
    "contract",
    "docs",
    "notebooks",
    "packaging",
    "sdk",
    "updating",
}
# Compares pages with what the pinned versions print, to the letter.
TO_THE_LETTER = "tests/cli/test_documents.py"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("versions", choices=["lowest", "newest"])
    parser.add_argument("pytest", nargs="*", help="arguments of pytest; default: all tests")
    options = parser.parse_args(arguments)
    project = Project()
    started = time.monotonic()
    try:
        environment = prepare(project, options.versions)
    except CheckError as error:
        print(f"check_dependencies: {error}", file=sys.stderr)
        return 1
    print(f"installed in {time.monotonic() - started:.0f} s: {environment.folder.name}", flush=True)
    return run_tests(project, environment, options.versions, options.pytest)


def prepare(project: Project, versions: str) -> Environment:
    """Make the environment anew."""
    pythons = interpreters.find(project.pythons)
    if not pythons:
        raise CheckError(f"There is none of the Pythons {', '.join(project.pythons)}.")
    version = list(pythons)[0 if versions == "lowest" else -1]
    environment = Environment.make(project.root / f".venv-{versions}", pythons[version])
    print(f"{versions} versions on Python {version}", flush=True)
    if versions == "lowest":
        install_lowest(project, environment, version)
        return environment
    install_newest(project, environment)
    changes = list(newer(project.root / "constraints.txt", environment.versions()))
    print("newer than constraints.txt: " + (", ".join(changes) or "nothing"))
    return environment


def run_tests(project: Project, environment: Environment, versions: str, wanted: list[str]) -> int:
    """Run pytest in the environment, seen by the user as it goes; return its exit code."""
    tolerated = TOLERATED if versions == "lowest" else ()
    filters = [part for name in tolerated for part in ("-W", f"default::{name}")]
    options = ["-p", "no:cacheprovider", f"--ignore={TO_THE_LETTER}"]
    command = [str(environment.python), "-m", "pytest", *options, *filters]
    if not any(Path(part.partition("::")[0]).exists() for part in wanted):
        command += facade_tests(project.root)
    return subprocess.run([*command, *wanted], cwd=project.root, env=outside()).returncode


def facade_tests(root: Path) -> list[str]:
    names = {path.parent.name for path in root.glob("tests/*/test_*.py")}
    return [f"tests/{name}" for name in sorted(names - NOT_OF_THE_FACADE)]


if __name__ == "__main__":
    sys.exit(main())
