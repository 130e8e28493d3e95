"""The command in a process of its own: streams, exit codes, signals, imports."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import up42_facade as up42
from tests.cli.conftest import ROOT, TREES, Up42
from up42_facade.cli.errors import ExitCode
from up42_facade.cli.main import main
from up42_sandbox import Fault, Sandbox

HEAVY = [
    "geopandas", "pandas", "pystac", "httpx", "rich", "jsonschema", "up42_client", "tqdm",
    "up42_sandbox",
]  # fmt: skip


def start(command: list[str], *arguments: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*command, *arguments],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        **{"stdout": subprocess.PIPE, **options},
    )


def wait_for(sandbox: Sandbox, path: str) -> None:
    """Wait until a request has been answered."""
    for _ in range(2_000):
        if any(request.path.endswith(path) for request in sandbox.requests):
            return
        time.sleep(0.01)
    raise AssertionError(f"nobody has asked for {path}")


def test_the_script_is_installed(home: Path) -> None:
    script = shutil.which("up42", path=str(Path(sys.executable).parent))
    assert script is not None
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"up42 {up42.__version__}\n"


def test_a_job_from_price_to_results(sandbox: Sandbox, up42_there: Up42) -> None:
    item = sandbox.item_url("pneo-berlin")
    ended = up42_there(
        "run", TREES, "--item", item, "--title", "Bäume", "--max-credits", "5",
        "--download", "results", "--json",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    assert ended.json["title"] == "Bäume"
    assert Path("results/trees.tif").is_file()


@pytest.mark.parametrize("option", ["--json", "--csv"])
def test_data_is_utf_8_whatever_the_locale(sandbox: Sandbox, up42_there: Up42, option: str) -> None:
    job = {"jobID": "1", "definition": {"inputs": {"title": "東京 Bäume \ud800"}}}
    listing = json.dumps({"jobs": [job]})
    sandbox.inject(Fault(path="/v2/processing/jobs", status=200, body=listing, times=None))
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ended = up42_there("jobs", "list", option, environment={**plain, "PYTHONIOENCODING": "ascii"})
    assert ended.code == 0, ended.err
    assert "東京 Bäume" in ended.out
    if option == "--json":
        assert ended.json[0]["title"] == "東京 Bäume \ud800"
    table = up42_there("jobs", "list", environment={**plain, "PYTHONIOENCODING": "ascii"})
    assert table.code == 0, table.err


def test_the_codes_of_failures(sandbox: Sandbox, up42_there: Up42) -> None:
    item = sandbox.item_url("pneo-berlin")
    run = ("run", TREES, "--item", item, "--title", "T [failed]")
    refused = up42_there(*run)
    assert (refused.code, refused.out) == (ExitCode.USAGE, "")
    expensive = up42_there(*run, "--max-credits", "1")
    assert (expensive.code, expensive.out) == (ExitCode.COST_LIMIT, "")
    failed = up42_there(*run, "--max-credits", "2", "--track", "--wait", "0.01", "--json")
    assert failed.code == ExitCode.JOB_FAILED
    assert failed.error["exit_code"] == ExitCode.JOB_FAILED
    late = up42_there(
        "jobs", "track", sandbox.add_job(status="running").id, "--wait=.01", "--timeout=.01"
    )
    assert late.code == ExitCode.UNFINISHED
    assert not [text for text in (refused.err, expensive.err, failed.err) if "Traceback" in text]


@pytest.mark.parametrize("option", ["--json", "--csv", None])
def test_whoever_reads_may_have_enough(
    sandbox: Sandbox, command: list[str], option: str | None
) -> None:
    sandbox.add_jobs(300)
    process = start(command, "jobs", "list", *([option] if option else []))
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() == ExitCode.BROKEN_PIPE
    process.stderr.close()


@pytest.mark.parametrize("redirection", [">&-", ">/dev/full"])
def test_nowhere_to_write_to(
    sandbox: Sandbox, command: list[str], home: Path, redirection: str
) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" "$@" {redirection}', *command, "jobs", "list"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (ExitCode.ERROR, "")
    assert len(done.stderr.splitlines()) == 1


def test_nothing_is_spent_where_nobody_can_learn_of_it(
    sandbox: Sandbox, command: list[str]
) -> None:
    run = ["run", TREES, "--item", sandbox.item_url(), "--title", "T", "--yes"]
    done = subprocess.run(["/bin/sh", "-c", 'exec "$0" "$@" >&-', *command, *run], check=False)
    assert done.returncode == ExitCode.ERROR
    assert sandbox.jobs == {}


def test_without_stderr(sandbox: Sandbox, command: list[str]) -> None:
    arguments = ["/bin/sh", "-c", 'exec "$0" "$@" 2>&-', *command]
    listed = subprocess.run([*arguments, "jobs", "list", "--json"], capture_output=True)
    assert (listed.returncode, json.loads(listed.stdout)) == (0, [])
    unknown = subprocess.run([*arguments, "jobs", "show", "x"], capture_output=True)
    assert unknown.returncode == ExitCode.ERROR


def test_ctrl_c_while_a_job_runs(sandbox: Sandbox, command: list[str]) -> None:
    job = sandbox.add_job(status="running")
    process = start(command, "jobs", "track", job.id, "--wait", "60", "--json")
    wait_for(sandbox, job.id)
    # The second look has been made when the status is told.
    assert process.stderr is not None
    assert "is running" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == ExitCode.INTERRUPTED
    assert json.loads(out)["id"] == job.id
    assert (
        f"Stopped. The job continues on the server; wait for it again: up42 jobs track {job.id}"
        in err
    )
    assert "Traceback" not in err
    assert not any("cancel" in request.path for request in sandbox.requests)


def test_ctrl_c_during_an_execution(sandbox: Sandbox, command: list[str]) -> None:
    sandbox.inject(Fault(method="POST", path="*/execution", latency=30))
    item = sandbox.item_url("pneo-berlin")
    process = start(command, "run", TREES, "--item", item, "--title", "T", "--yes")
    # The list of jobs is read right before the execution.
    wait_for(sandbox, "/v2/processing/jobs")
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (ExitCode.INTERRUPTED, "")
    assert f"up42 jobs list --process {TREES}" in err
    assert "Traceback" not in err


def test_ctrl_c_in_a_batch(sandbox: Sandbox, command: list[str], campaign: Path) -> None:
    running = {"jobs": {"status": "running"}}
    sandbox.inject(Fault(path="/v2/processing/jobs", patch=running, times=None))
    run = ("batch", "run", "campaign.csv", "--max-credits", "50", "--track", "--json")
    process = start(command, *run)
    assert process.stderr is not None
    assert "running" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == ExitCode.INTERRUPTED
    assert {row["job_id"] for row in json.loads(out)} == set(sandbox.jobs)
    assert "The same command continues where it stopped" in err
    assert "Traceback" not in err
    sandbox.clear_faults()
    again = subprocess.run([*command, *run, "--wait", "0.01"], capture_output=True)
    assert again.returncode == 0, again.stderr
    assert len(sandbox.jobs) == 2


def test_a_server_that_is_down(
    sandbox: Sandbox, up42_here: Up42, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    url = sandbox.url
    sandbox.stop()
    for arguments in (
        (
            "auth",
            "check",
        ),
        ("jobs", "list"),
        ("processes", "list"),
        ("run", TREES, "--title", "T", "--yes"),
    ):
        ended = up42_here(*arguments, "--base-url", url, "--json")
        assert (ended.code, ended.out) == (ExitCode.ERROR, "")
        assert "127.0.0.1" in ended.error["message"]


def test_credentials_that_are_missing_or_wrong(sandbox: Sandbox, up42_there: Up42) -> None:
    missing = up42_there("auth", "check", "--json", environment={"UP42_PASSWORD": ""})
    assert (missing.code, missing.out) == (ExitCode.ERROR, "")
    assert "UP42_PASSWORD" in missing.error["message"]
    wrong = up42_there("auth", "check", "--json", environment={"UP42_PASSWORD": "s3cret-and-wrong"})
    assert (wrong.code, wrong.error["type"]) == (ExitCode.ERROR, "AuthenticationError")
    assert "s3cret" not in wrong.err


def test_no_option_takes_a_secret(up42_here: Up42) -> None:
    from up42_facade.cli.main import commands

    options = [name for path in every_command(commands) for name in path]
    assert not [name for name in options if re.search("password|key|secret|token", name)]


def every_command(group: Any) -> list[list[str]]:
    found = [[name for parameter in group.params for name in parameter.opts]]
    for command in getattr(group, "commands", {}).values():
        found += every_command(command)
    return found


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["batch", "run", "-h"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from up42_facade.cli.main import main; "
        f"assert main({arguments!r}) == 0; "
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stderr == "[]\n"


@pytest.mark.parametrize("arguments", [[], ["jobs"], ["batch"], ["nonsense"], ["jobs", "lst"]])
def test_commands_that_are_none(up42_here: Up42, arguments: list[str]) -> None:
    ended = up42_here(*arguments)
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")
    assert "Usage: up42" in ended.err


def test_what_nobody_expects_is_raised(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    def broken(*arguments: object, **options: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(up42.Process, "all", broken)
    with pytest.raises(ZeroDivisionError):
        main(["processes", "list"])


def test_the_sandbox(command: list[str]) -> None:
    process = start(command, "sandbox", "--port", "0")
    assert process.stdout is not None
    greeting = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert greeting.startswith("UP42 sandbox on http://127.0.0.1:")
    assert (process.returncode, err) == (0, "")


def test_a_port_that_is_taken(sandbox: Sandbox, up42_there: Up42) -> None:
    port = sandbox.url.rpartition(":")[2]
    ended = up42_there("sandbox", "--port", port)
    assert ended.code == ExitCode.ERROR
    assert f"port {port}: " in ended.err
    assert "Traceback" not in ended.err


def test_the_sandbox_without_its_extra(up42_here: Up42, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("up42_sandbox.sandbox")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "up42_sandbox.sandbox", None)
    ended = up42_here("sandbox")
    assert (ended.code, ended.out) == (ExitCode.ERROR, "")
    assert "pip install 'up42-facade[sandbox]'" in ended.err
    with pytest.raises(up42.MissingExtraError) as raised:
        from up42_sandbox import Sandbox  # noqa: F401
    assert raised.value.extra == "sandbox"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(up42_there: Up42, shell: str) -> None:
    ended = up42_there(environment={"_UP42_COMPLETE": f"{shell}_source"})
    assert ended.code == 0, ended.err
    assert "_up42_completion" in ended.out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("up42 ba", "batch"),
        ("up42 jobs list --status capt", "captured"),
        ("up42 estimate detection-tre", TREES),
        ("up42 jobs list --created-", "--created-after"),
        ("up42 processes show detection-tre", TREES),
    ],
)
def test_completions(up42_there: Up42, words: str, expected: str) -> None:
    count = len(words.split()) - 1
    ended = up42_there(
        environment={
            "_UP42_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(count),
        }
    )
    assert f"plain,{expected}" in ended.out.splitlines()


def test_the_folder_is_not_searched_for_credentials(up42_there: Up42, home: Path) -> None:
    (home / ".env").write_text("UP42_PASSWORD=elsewhere")
    assert up42_there("auth", "check").code == 0
    assert "UP42_PASSWORD" in os.environ


def test_it_uses_what_everybody_may_use() -> None:
    found = set()
    for path in (ROOT / "up42_facade" / "cli").glob("*.py"):
        for module in re.findall(r"(?:from|import) (up42_\S+)", path.read_text(encoding="utf-8")):
            found.add(module.removesuffix(","))
    ours = {name for name in found if not name.startswith("up42_facade.cli")}
    assert ours == {
        "up42_facade",
        # Whether an output folder can be used shows before anything is spent.
        "up42_facade.downloads",
        "up42_facade.errors",
        "up42_facade.session",
        "up42_sandbox",
        "up42_sandbox.__main__",
    }
    used = set()
    for path in (ROOT / "up42_facade" / "cli").glob("*.py"):
        used |= set(re.findall(r"\bup42\.([A-Za-z0-9_]+)", path.read_text(encoding="utf-8")))
    assert [name for name in used if not hasattr(up42, name)] == []
