"""Build the package as a release does, and prove that it works where nothing else is.

python scripts/check_package.py                     all Pythons that are found
python scripts/check_package.py --python 3.12       only this one
python scripts/check_package.py --keep dist         keep sdist and wheel if all checks pass

Each Python gets two fresh environments, one without extras and one with all of them. The
programs in scripts/checking/smoke run in them, in a folder of their own.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from checking import interpreters
from checking.building import Artefacts, build, unpack
from checking.contents import sdist_faults, wheel_faults
from checking.environments import call
from checking.errors import CheckError
from checking.installed import Installation, type_check
from checking.project import Project

from up42_sandbox import Sandbox

# Clock seconds per second of the sandbox: a job is done at once.
SPEED = 2_000
Check = tuple[str, Callable[[], object]]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    options = parse(arguments)
    project = Project()
    try:
        pythons = chosen(project, options.python)
        with tempfile.TemporaryDirectory(prefix="package-") as folder:
            return check(project, pythons, Path(folder), options.keep)
    except CheckError as error:
        print(f"check_package: {error}", file=sys.stderr)
        return 1


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--python", action="append", metavar="3.x", help="only on this Python")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep sdist and wheel here")
    return parser.parse_args(arguments)


def chosen(project: Project, wanted: list[str] | None) -> dict[str, Path]:
    """Return the Pythons to check on, and say which ones are missing.

    Raises:
        CheckError: One that was asked for, or that this script runs on, isn't there.
    """
    versions = wanted or project.pythons
    found = interpreters.find(versions)
    missing = [version for version in versions if version not in found]
    needed = wanted or ([interpreters.running()] if os.environ.get("CI") else [])
    lacking = [version for version in needed if version not in found]
    if lacking or not found:
        raise CheckError(
            f"There is no Python {', '.join(lacking or versions)}: looked on PATH and in "
            f"pyenv's folder. {project.name} is for {', '.join(project.pythons)}."
        )
    if missing:
        print(f"not checked, as it isn't on this machine: Python {', '.join(missing)}")
    return found


def check(project: Project, pythons: dict[str, Path], folder: Path, keep: Path | None) -> int:
    """Build, run all checks and print how each went; return the exit code."""
    started = time.monotonic()
    artefacts = build(project, folder)
    print(f"built {artefacts.sdist.name} and {artefacts.wheel.name}")
    with Sandbox(speed=SPEED) as sandbox, ThreadPoolExecutor(os.cpu_count()) as pool:
        checks = list(all_checks(project, artefacts, pythons, folder, variables(sandbox)))
        passed = list(pool.map(report, *zip(*checks, strict=True)))
    if keep is not None and all(passed):
        keep.mkdir(parents=True, exist_ok=True)
        for path in (artefacts.sdist, artefacts.wheel):
            shutil.copy2(path, keep)
    print(f"{sum(passed)} of {len(passed)} passed in {time.monotonic() - started:.0f} s")
    return 0 if all(passed) else 1


def variables(sandbox: Sandbox) -> dict[str, str]:
    """Return what programs in other processes must know of the sandbox."""
    return {
        **sandbox.environment,
        "SMOKE_PROJECT_ID": sandbox.project_id,
        "SMOKE_JOB_ID": sandbox.analytics.jobs["zip"],
    }


def all_checks(
    project: Project,
    artefacts: Artefacts,
    pythons: dict[str, Path],
    folder: Path,
    sandbox: dict[str, str],
) -> Iterator[Check]:
    """Yield what is to be checked, what takes longest first."""
    installations = [
        Installation(version, python, artefacts.wheel, folder, with_extras=with_extras)
        for with_extras in (True, False)
        for version, python in pythons.items()
    ]
    yield "contents", partial(contents, project, artefacts)
    # The types don't depend on the Python: one installation is enough.
    typed, *others = installations
    yield f"{typed.name}, types", partial(check_with_types, typed, sandbox)
    for installation in others:
        yield installation.name, partial(installation.check, sandbox)
    yield "the sdist regenerates the client", partial(regenerate, artefacts, folder)
    yield "twine", partial(twine, artefacts)


def report(name: str, run: Callable[[], object]) -> bool:
    """Run one check and print how it went."""
    started = time.monotonic()
    try:
        run()
    except CheckError as error:
        print(f"FAILED  {name}\n{error}", flush=True)
        return False
    print(f"passed  {name} ({time.monotonic() - started:.0f} s)", flush=True)
    return True


def check_with_types(installation: Installation, sandbox: dict[str, str]) -> None:
    installation.check(sandbox)
    type_check(installation)


def contents(project: Project, artefacts: Artefacts) -> None:
    found = [*wheel_faults(artefacts.wheel, project), *sdist_faults(artefacts.sdist, project)]
    if found:
        raise CheckError("\n".join(found))


def twine(artefacts: Artefacts) -> None:
    command = [sys.executable, "-m", "twine", "--no-color", "check", "--strict"]
    call([*command, artefacts.sdist, artefacts.wheel])


def regenerate(artefacts: Artefacts, folder: Path) -> None:
    top = unpack(artefacts.sdist, folder / "sdist")
    call([sys.executable, "scripts/regenerate.py", "--check"], cwd=top)


if __name__ == "__main__":
    sys.exit(main())
