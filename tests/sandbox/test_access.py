"""Access to the sandbox, and to the files that it serves."""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.sandbox.conftest import JOBS
from up42_sandbox import Fault, Sandbox

FOREIGN_HOSTS = [
    "evil.example",
    "evil.example:{port}",
    "127.0.0.1.evil.example:{port}",
    "localhost.evil.example:{port}",
    "evil.example:{port}@127.0.0.1",
    "127.0.0.2:{port}",
    "0.0.0.0:{port}",
    "[::1]:{port}",
    "no host!",
    "",
]
FOREIGN_ORIGINS = [
    "http://evil.example",
    "http://evil.example:{port}",
    "https://127.0.0.1:{port}",
    "http://127.0.0.1",
    "http://127.0.0.1:1",
    "http://localhost:3000",
    "http://127.0.0.1:{port}.evil.example",
    "file://",
    "null",
    "",
]
# What each of these asks for would be granted to the owner.
REQUESTS = [
    ("GET", "control", "/state", None),
    ("POST", "control", "/balance", {"top_up": 1}),
    ("POST", "url", "/v2/assets/stac/search", {}),
    ("GET", "url", "/v2/processing/processes", None),
    ("GET", "storage", "", None),
    ("OPTIONS", "url", "/v2/processing/jobs", None),
]


def send(
    address: str,
    method: str,
    target: str,
    headers: list[tuple[str, str]],
    body: object = None,
) -> tuple[int, bytes]:
    """Send a request with exactly these headers, repeated ones too."""
    connection = http.client.HTTPConnection(address, timeout=10)
    content = b"" if body is None else json.dumps(body).encode()
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in [*headers, ("Content-Length", str(len(content)))]:
        connection.putheader(name, value)
    connection.endheaders(content)
    response = connection.getresponse()
    found = response.status, response.read()
    connection.close()
    return found


def ask(
    sandbox: Sandbox,
    request: tuple[str, str, str, object],
    host: str = "{own}",
    *more: tuple[str, str],
) -> int:
    """Send one of `REQUESTS`, with the account's token, and return the status."""
    method, where, path, body = request
    stored = sandbox.storage.put("x", b"x")()
    base = {"control": sandbox.control_url, "url": sandbox.url, "storage": stored}[where]
    parts = urlsplit(base + path)
    own = parts.netloc
    names = {"port": own.rpartition(":")[2], "own": own}
    token = sandbox._world.tokens.issue(frozenset({"openid"}))
    headers = [("Host", host.format_map(names)), ("Authorization", f"Bearer {token}")]
    headers += [(name, value.format_map(names)) for name, value in more]
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return send(own, method, target, headers, body)[0]


@pytest.mark.parametrize("request_", REQUESTS[:5])
def test_the_owner_has_access(sandbox: Sandbox, request_: tuple[str, str, str, object]) -> None:
    for host in ("{own}", "localhost:{port}", "LOCALHOST:{port}"):
        assert ask(sandbox, request_, host) == 200
        assert ask(sandbox, request_, host, ("Origin", "http://{own}")) == 200
        assert ask(sandbox, request_, host, ("X-Forwarded-Host", "evil.example")) == 200


@pytest.mark.parametrize("request_", REQUESTS)
def test_other_hosts_and_web_pages_have_none(
    sandbox: Sandbox, request_: tuple[str, str, str, object]
) -> None:
    balance = sandbox.balance
    for host in FOREIGN_HOSTS:
        assert ask(sandbox, request_, host) in (400, 403), host
        assert ask(sandbox, request_, host, ("Origin", f"http://{host}")) in (400, 403), host
        forwarded = [("X-Forwarded-Host", "{own}"), ("Forwarded", "host={own}")]
        assert ask(sandbox, request_, host, *forwarded) in (400, 403), host
    for origin in FOREIGN_ORIGINS:
        assert ask(sandbox, request_, "{own}", ("Origin", origin)) == 403, origin
        both = [("Origin", origin), ("Origin", "http://{own}")]
        assert ask(sandbox, request_, "{own}", *both) == 403, origin
    assert sandbox.balance == balance
    assert sandbox.requests == []


def test_refused_requests_use_up_no_fault_and_get_no_permission(sandbox: Sandbox) -> None:
    sandbox.inject(Fault(status=200, headers={"Access-Control-Allow-Origin": "*"}))
    preflight = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    response = httpx.options(sandbox.url + JOBS, headers=preflight)
    assert response.status_code == 403
    assert not [name for name in response.headers if name.startswith("access-control")]
    assert len(sandbox.pending_faults()) == 1


def test_a_proxy_in_front_of_the_api_may_pass_on_its_port(sandbox: Sandbox) -> None:
    for request_ in REQUESTS[2:5]:
        assert ask(sandbox, request_, "127.0.0.1:1") == 200
    for request_ in REQUESTS[:2]:
        assert ask(sandbox, request_, "127.0.0.1:1") == 403


def test_targets_that_are_no_path(sandbox: Sandbox) -> None:
    own = urlsplit(sandbox.url).netloc
    secret_path = urlsplit(sandbox.control_url).path
    for target in (f"http://evil.example{secret_path}/state", f"http://{own}{JOBS}", "*"):
        assert send(own, "GET", target, [("Host", own)])[0] == 400, target
        assert send(own, "GET", target, [("Host", "evil.example")])[0] in (400, 403), target


def test_http_1_0_without_a_host(sandbox: Sandbox) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(sandbox.url).port or 0)) as connection:
        connection.sendall(b"GET /v2/processing/processes HTTP/1.0\r\n\r\n")
        assert b" 403 " in connection.recv(100)


@pytest.mark.parametrize("host", ["0.0.0.0", "", "::", "::1", "localhost"])
def test_other_addresses_to_listen_on(host: str) -> None:
    try:
        running = Sandbox(host=host).start()
    except OSError as error:
        pytest.skip(f"can't listen on {host}: {error}")
    try:
        for request_ in REQUESTS[:5]:
            assert ask(running, request_) == 200
            assert ask(running, request_, "localhost:{port}") == 200
            assert ask(running, request_, "evil.example:{port}") == 403
            assert ask(running, request_, "8.8.8.8:{port}") == 403
            assert ask(running, request_, "no host!") in (400, 403)
            assert ask(running, request_, "{own}", ("Origin", "http://8.8.8.8:{port}")) == 403
    finally:
        running.stop()


def test_the_control_interface_needs_its_secret(sandbox: Sandbox) -> None:
    secret = sandbox.control_url.rpartition("/")[2]
    wrong = ("", "/", "/state", "//state", f"/{secret[:-1]}/state", f"/{secret}x/state", "/%00/x")
    for path in (*wrong, f"/%2f{secret}/state", f"/{secret}%2fx%2fstate"):
        response = httpx.get(f"{sandbox.url}/_sandbox{path}")
        assert response.status_code in (403, 404), path
        assert secret not in response.text.replace(path, "")
    assert httpx.get(f"{sandbox.storage_url}/_sandbox/{secret}/state").status_code == 404
    with Sandbox(seed=42) as other:
        assert other.control_url.rpartition("/")[2] != secret


def test_signatures_can_not_be_computed_elsewhere(sandbox: Sandbox) -> None:
    with Sandbox(seed=42) as same_seed:
        sandbox.storage.put("x", b"x")
        forged = same_seed.storage.put("x", b"x")()
        forged = forged.replace(same_seed.storage_url, sandbox.storage_url)
        assert httpx.get(forged).status_code == 403


# Files -----------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    named = tmp_path / "named"
    named.mkdir()
    (named / "file.bin").write_bytes(b"content")
    (tmp_path / "secret.txt").write_bytes(b"secret")
    (tmp_path / "named-too").mkdir()
    (tmp_path / "named-too" / "secret.txt").write_bytes(b"secret")
    (named / "inside").symlink_to("file.bin")
    (named / "outside").symlink_to(tmp_path / "secret.txt")
    (named / "up").symlink_to(tmp_path)
    return named


@pytest.fixture
def serving(folder: Path) -> Iterator[Sandbox]:
    with Sandbox(folders=[folder]) as running:
        yield running


def store(sandbox: Sandbox, path: Path | str) -> httpx.Response:
    body = {"name": "a/file.bin", "path": str(path), "checksums": False}
    return httpx.post(f"{sandbox.control_url}/storage", json=body)


def test_files_of_a_named_folder(serving: Sandbox, folder: Path) -> None:
    for path in (folder / "file.bin", folder / "inside", f"{folder}/../named/file.bin"):
        response = store(serving, path)
        assert response.status_code == 200
        assert httpx.get(response.json()["url"]).content == b"content"


def test_files_elsewhere(serving: Sandbox, folder: Path) -> None:
    outside = folder.parent
    for path in (
        outside / "secret.txt",
        outside / "named-too" / "secret.txt",
        folder / "outside",
        folder / "up" / "secret.txt",
        f"{folder}/../secret.txt",
        f"{folder}/up/../secret.txt",
        f"{folder}%2f..%2fsecret.txt",
        outside / "missing",
        "/etc/passwd",
        "/dev/zero",
        os.path.relpath(outside / "secret.txt"),
        "",
    ):
        assert store(serving, path).status_code == 403, path


def test_what_is_no_file(serving: Sandbox, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    for path in (folder, folder / "pipe", folder / "missing", f"{folder}/file.bin\0"):
        assert store(serving, path).status_code == 400, path


def test_no_folder_unless_one_is_named(sandbox: Sandbox, folder: Path) -> None:
    assert store(sandbox, folder / "file.bin").status_code == 403
    with pytest.raises(ValueError, match="missing"):
        Sandbox(folders=[folder / "missing"])


def test_a_link_that_takes_the_place_of_a_stored_file(serving: Sandbox, folder: Path) -> None:
    url = store(serving, folder / "file.bin").json()["url"]
    (folder / "file.bin").unlink()
    assert httpx.get(url).status_code == 404
    (folder / "file.bin").symlink_to(folder.parent / "secret.txt")
    assert httpx.get(url).status_code == 404
