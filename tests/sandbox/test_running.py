"""Starting and stopping, in Python and from the command line."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from up42_sandbox import Clock, Sandbox
from up42_sandbox.__main__ import main


def test_two_origins_and_nothing_left_behind() -> None:
    before = threading.active_count()
    with Sandbox() as sandbox:
        assert sandbox.url != sandbox.storage_url
        sandbox.storage.put("a", b"x")
        stored = sandbox.storage.get("a")
        assert stored is not None
        folder = stored.path.parent
        assert folder.is_dir()
        assert httpx.get(f"{sandbox.url}/").status_code == 404
    assert not folder.exists()
    assert threading.active_count() == before
    with pytest.raises(httpx.ConnectError):
        httpx.get(sandbox.url)


def test_same_seed_same_ids_other_seed_others() -> None:
    one, same, other = Sandbox(seed=1), Sandbox(seed=1), Sandbox(seed=2)
    assert one.workspace_id == same.workspace_id != other.workspace_id
    assert one.project_api_key != other.project_api_key


def test_stopping_twice_and_starting_twice() -> None:
    sandbox = Sandbox().start()
    with pytest.raises(RuntimeError, match="already running"):
        sandbox.start()
    sandbox.stop()
    sandbox.stop()


def test_port_in_use() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            Sandbox(port).start()
        with pytest.raises(OSError, match="in use"):
            Sandbox(storage_port=port).start()


@pytest.mark.parametrize(
    "arguments",
    [
        {"speed": 0},
        {"speed": float("nan")},
        {"credits": -1},
        {"latency": -1},
        {"page_size": 0},
        {"token_lifetime": 0},
        {"port": -1},
        {"durations": {"walking": 3}},
        {"durations": {"running": -3}},
    ],
)
def test_values_that_cannot_work(arguments: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Sandbox(**arguments)  # type: ignore[arg-type]


def test_stop_cuts_running_requests() -> None:
    sandbox = Sandbox(latency=30).start()
    failures: list[Exception] = []

    def ask() -> None:
        try:
            httpx.get(sandbox.url, timeout=20)
        except httpx.HTTPError as error:
            failures.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.2)
    sandbox.stop()
    thread.join(5)
    assert len(failures) == 1


def test_requests_are_not_logged(up42_sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    httpx.get(up42_sandbox.url)
    assert "httpx" in caplog.text
    assert "uvicorn" not in caplog.text


def test_clock_speed_drives_jobs_but_not_tokens() -> None:
    clock = Clock(speed=1000)
    now, wall = clock.now(), clock.wall()
    time.sleep(0.05)
    assert (clock.now() - now).total_seconds() > 40
    assert (clock.wall() - wall).total_seconds() < 10
    clock.speed = 1
    later = clock.now()
    clock.advance(100)
    assert 100 <= (clock.now() - later).total_seconds() < 105
    assert (clock.wall() - wall).total_seconds() >= 100
    with pytest.raises(ValueError, match="forward"):
        clock.advance(-1)
    with pytest.raises(ValueError, match="time zone"):
        Clock(start=datetime(2024, 1, 1))


def test_command_line_prints_how_to_get_in_and_ends_at_ctrl_c() -> None:
    command = [sys.executable, "-m", "up42_sandbox", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(22)]
        text = "".join(lines)
        url = re.search(r"http://127\.0\.0\.1:\d+/_sandbox/\S+", text)
        assert url is not None
        assert "import up42_facade as up42" in text
        state = httpx.get(f"{url[0]}/state").json()
        for name, key in (("BASE_URL", "url"), ("USERNAME", "username"), ("PASSWORD", "password")):
            assert f"export UP42_{name}={state[key]}\n" in text
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert "Stopped." in process.stdout.read()


def test_command_line_says_that_a_port_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with Sandbox() as sandbox:
        port = sandbox.url.rpartition(":")[2]
        assert main(["--port", port]) == 2
    assert port in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["--port", "70000"], ["--speed", "0"], ["--speed", "x"], ["--credits", "-1"], ["--wat"]],
)
def test_command_line_refuses_wrong_arguments(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert arguments[0].lstrip("-") in capsys.readouterr().err


def test_importing_the_plugin_loads_no_server() -> None:
    code = (
        "import sys, up42_sandbox.pytest_plugin;"
        "print([n for n in ('starlette', 'uvicorn', 'numpy', 'rasterio') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_plugin_gives_each_test_a_sandbox_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        """
import os
import pytest

urls = set()

@pytest.mark.parametrize("number", [1, 2])
def test_fresh(up42_sandbox, number):
    assert not up42_sandbox.jobs
    up42_sandbox.add_job()
    urls.add(up42_sandbox.workspace_id)

@pytest.mark.up42_sandbox(credits=7)
def test_marker(up42_sandbox, up42_sandbox_environment):
    assert up42_sandbox.balance.available == 7
    assert os.environ["UP42_BASE_URL"] == up42_sandbox.url
""",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--strict-markers", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_PLUGINS": "up42_sandbox.pytest_plugin",
        },
    )
    assert "3 passed" in done.stdout, done.stdout + done.stderr
