"""Build the package as a release does, and check that it works where nothing else is installed.

python scripts/check_package.py                     on this Python
python scripts/check_package.py --python 3.12       on another one; can be given several times
python scripts/check_package.py --keep dist         keep sdist and wheel if all checks pass

Each Python gets two fresh environments, one without extras and one with all of them. The
programs in scripts/smoke run in them.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from uv import find_uv_bin

from up42_sandbox import Sandbox

ROOT = Path(__file__).resolve().parent.parent
SMOKE = Path(__file__).with_name("smoke")
THIS_PYTHON = "{}.{}".format(*sys.version_info)
# Clock seconds per second of the sandbox: a job is done at once.
SPEED = 2_000
# Variables that would let the tree or the user's settings into an environment.
LEAKING = ("PYTHON", "UP42_", "VIRTUAL_ENV", "PYTEST_", "MYPY")
# Of a failed command's output: its end says why.
LINES_SHOWN = 30


class CheckError(Exception):
    """Something isn't as it must be; the message says what and, if known, what to do."""


def call(*command: str | Path, cwd: Path, **variables: str) -> str:
    """Run a command without our variables, and return what it printed.

    Raises:
        CheckError: If it failed. The message has the end of its output.
    """
    outside = {name: value for name, value in os.environ.items() if not name.startswith(LEAKING)}
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**outside, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        end = "\n".join(done.stdout.splitlines()[-LINES_SHOWN:])
        raise CheckError(f"{' '.join(map(str, command))}\nended with {done.returncode}:\n{end}")
    return done.stdout


def uv(*arguments: str | Path, cwd: Path = ROOT) -> str:
    return call(find_uv_bin(), "--quiet", "--no-python-downloads", *arguments, cwd=cwd)


def main() -> int:
    """Build, run all checks, and print how each went; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--python", action="append", metavar="3.x", help="on this Python")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep sdist and wheel here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="package-") as name, Sandbox(speed=SPEED) as sandbox:
        folder = Path(name)
        try:
            sdist, wheel = build(folder)
        except CheckError as error:
            print(f"check_package: {error}", file=sys.stderr)
            return 1
        variables = {
            **sandbox.environment,
            "SMOKE_PROJECT_ID": sandbox.project_id,
            "SMOKE_JOB_ID": sandbox.analytics.jobs["zip"],
        }
        checks: dict[str, Callable[[], object]] = {
            f"Python {python}, {extras}": partial(install, python, extras, wheel, folder, variables)
            for extras in ("all extras", "no extras")
            for python in options.python or [THIS_PYTHON]
        }
        checks["the sdist regenerates the client"] = partial(regenerate, sdist, folder)
        checks["twine"] = partial(twine, sdist, wheel)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            passed = list(pool.map(report, checks, checks.values()))
        if options.keep is not None and all(passed):
            options.keep.mkdir(parents=True, exist_ok=True)
            for path in (sdist, wheel):
                shutil.copy2(path, options.keep)
    return 0 if all(passed) else 1


def report(name: str, check: Callable[[], object]) -> bool:
    """Run one check and print how it went."""
    started = time.monotonic()
    try:
        check()
    except CheckError as error:
        print(f"FAILED  {name}\n{error}", flush=True)
        return False
    print(f"passed  {name} ({time.monotonic() - started:.0f} s)", flush=True)
    return True


def build(folder: Path) -> tuple[Path, Path]:
    """Build the sdist, and the wheel from it; return their paths."""
    uv("build", "--out-dir", folder / "dist", ROOT)
    uv("build", "--wheel", "--out-dir", folder / "direct", ROOT)
    (sdist,), (wheel,) = (list((folder / "dist").glob(end)) for end in ("*.tar.gz", "*.whl"))
    # Builds are reproducible, so another byte is another content.
    if wheel.read_bytes() != (folder / "direct" / wheel.name).read_bytes():
        raise CheckError(
            "The wheel built from the sdist differs from the one built from the tree: "
            "add what is missing to tool.hatch.build.targets.sdist in pyproject.toml."
        )
    return sdist, wheel


def twine(sdist: Path, wheel: Path) -> None:
    call(sys.executable, "-m", "twine", "--no-color", "check", "--strict", sdist, wheel, cwd=ROOT)


def regenerate(sdist: Path, folder: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "sdist", filter="data")
    (top,) = (folder / "sdist").iterdir()
    call(sys.executable, "scripts/regenerate.py", "--check", cwd=top)


def install(
    version: str, extras: str, wheel: Path, folder: Path, variables: dict[str, str]
) -> None:
    """Install the wheel into an environment of its own, and run the programs in scripts/smoke."""
    with_all = extras == "all extras"
    place = folder / f"{version}-{extras[:3].strip()}"
    shutil.copytree(SMOKE, place)
    uv("venv", "--python", version, place / "environment")
    python = place / "environment" / ("Scripts" if os.name == "nt" else "bin") / "python"
    wanted = (f"{wheel}[all]", "pytest") if with_all else (wheel,)
    uv("pip", "install", "--python", python, "--constraint", ROOT / "constraints.txt", *wanted)
    arguments = ("all",) if with_all else ()
    call(python, "-W", "error", "smoke.py", *arguments, cwd=place, **variables)
    if not with_all:
        # What the errors say installs an extra, although no index has the package.
        uv("pip", "install", "--python", python, "up42-facade[cloud]")
        call(python, "-c", "import fsspec", cwd=place)
    if with_all:
        call(python, "-m", "pytest", "-q", "test_fixture.py", cwd=place)
    if with_all and version == THIS_PYTHON:
        mypy = (sys.executable, "-m", "mypy", "--strict", "--config-file=")
        call(*mypy, "--python-executable", python, "typed.py", cwd=place)


if __name__ == "__main__":
    sys.exit(main())
