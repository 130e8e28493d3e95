"""Proxies and certificates: understood or refused, alike for the API and the storage."""

from __future__ import annotations

import base64
import http.server
import logging
import pickle
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import up42_facade as up42
from tests.facade.small_server import JOBS, TOKEN, Reply, as_json, small_world
from up42_facade.downloads._remote import _shared, shared_client  # one for the whole process
from up42_facade.session._network import Network  # decides on hosts out of reach
from up42_sandbox import Fault, Sandbox

CA_FILES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in (*VARIABLES, *map(str.lower, VARIABLES), *CA_FILES):
        monkeypatch.delenv(name, raising=False)
    forget_shared()
    yield
    forget_shared()


def forget_shared() -> None:
    for client in _shared.values():
        client.close()
    _shared.clear()


def use_api(session: up42.Session) -> Any:
    return list(up42.Job.all(session=session))


def use_storage(session: up42.Session) -> Any:
    return session.storage.get(f"{session.hosts.api}/file").content


def use_shared(session: up42.Session) -> Any:
    return shared_client().get(f"{session.hosts.api}/file").content


def use_async(session: up42.Session) -> Any:
    import asyncio

    from up42_client.api.processing import list_processing_jobs

    return asyncio.run(list_processing_jobs.asyncio(client=session.client))


BASIC = base64.b64encode(b"user-7:SECRET-7").decode()
USES = [use_api, use_async, use_storage, use_shared]
everywhere = pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
Use = Callable[[up42.Session], Any]


def unreachable(use: Use) -> None:
    """Check that requests go to a proxy that isn't there."""
    with small_world(retries=0) as (server, session):
        server.routes["/file"] = Reply(b"content")
        server.routes[JOBS] = as_json({"jobs": []})
        with pytest.raises((up42.ConnectionFailedError, httpx.ConnectError)):
            use(session)
        assert server.paths == []


def reachable(use: Use) -> None:
    """Check that requests go to the server itself."""
    with small_world(retries=0) as (server, session):
        server.routes["/file"] = Reply(b"content")
        server.routes[JOBS] = as_json({"jobs": []})
        use(session)


@everywhere
@pytest.mark.parametrize("name", ["http_proxy", "all_proxy", "ALL_PROXY"])
@pytest.mark.parametrize(
    "value", ["http://127.0.0.1:9", "127.0.0.1:9", "HTTP://u:p%40@127.0.0.1:9/"]
)
def test_proxies_are_used(use: Use, name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    unreachable(use)


@pytest.mark.parametrize(
    ("entry", "is_direct"),
    [
        ("127.0.0.1", True),
        ("127.0.0.0/8", True),
        ("127.0.0.1/8", True),
        ("localhost,127.0.0.1,fe80::/10", True),
        ("127.0.0.1,[::1]", True),
        ("127.0.0.1 ::1", True),
        ("[::1]:80, [fe80::1%eth0], 127.0.0.1", True),
        ("http://127.0.0.1", True),
        ("*", True),
        ("*.example.com,*", True),
        ("::1", False),
        ("10.0.0.0/8", False),
        ("127.0.0.1:1", False),
        ("example.com", False),
        ("0.0.1", False),
        ("", False),
    ],
)
def test_no_proxy(entry: str, is_direct: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", entry)
    for use in (use_api, use_storage, use_shared):
        forget_shared()
        (reachable if is_direct else unreachable)(use)


@pytest.mark.parametrize(
    ("entry", "url", "is_direct"),
    [
        ("api.up42.com", "https://api.up42.com/x", True),
        ("API.UP42.COM.", "https://api.up42.com/x", True),
        ("up42.com", "https://api.up42.com/x", True),
        (".up42.com", "https://api.up42.com/x", True),
        ("*.up42.com", "https://api.up42.com/x", True),
        ("p42.com", "https://api.up42.com/x", False),
        ("api.up42.com:443", "https://api.up42.com/x", True),
        ("api.up42.com:8443", "https://api.up42.com/x", False),
        ("::1", "https://[::1]/x", True),
        ("[::1]", "https://[::1]:8443/x", True),
        ("fe80::/10", "https://[fe80::7]/x", True),
        ("fe80::/10", "https://[::1]/x", False),
        ("fe80::/10", "https://10.0.0.1/x", False),
        ("10.0.0.0/8", "https://10.1.2.3/x", True),
        ("10.0.0.0/8", "https://11.1.2.3/x", False),
        ("münchen.example", "https://xn--mnchen-3ya.example/x", False),
    ],
)
def test_no_proxy_entries(
    entry: str, url: str, is_direct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", entry)
    assert (Network().proxy_for(httpx.URL(url)) is None) is is_direct


def junk(tmp_path: Path) -> str:
    path = tmp_path / "junk.pem"
    path.write_text("nonsense")
    return str(path)


def cut_off(tmp_path: Path) -> str:
    path = tmp_path / "cut.pem"
    path.write_text("-----BEGIN CERTIFICATE-----\nMIIB\n")
    return str(path)


def empty(tmp_path: Path) -> str:
    path = tmp_path / "empty"
    path.mkdir()
    return str(path)


def nowhere(tmp_path: Path) -> str:
    return str(tmp_path / "nowhere")


@everywhere
@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("ALL_PROXY", f"{scheme}://127.0.0.1:9") for scheme in ("socks5", "socks4", "ftp")],
        ("http_proxy", "http://"),
        ("http_proxy", "http://proxy:99999"),
        ("https_proxy", "http://[::1"),
        ("http_proxy", "http://u:SECRET-7@[::1"),
        ("http_proxy", "socks9://u:SECRET-7@proxy:1"),
        ("no_proxy", "10.0.0.0/99"),
        ("no_proxy", "fe80::/200"),
        ("no_proxy", "u:SECRET-7@/x"),
        *[(name, value) for name in CA_FILES for value in (junk, cut_off, empty, nowhere)],
    ],
)
def test_settings_that_can_not_work(
    use: Use, name: str, value: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv(name, value if isinstance(value, str) else value(tmp_path))
    with small_world() as (server, session):
        with pytest.raises(up42.ConfigurationError, match=name) as caught:
            use(session)
        assert server.paths == []
    assert "SECRET-7" not in str(caught.value)
    if callable(value):
        assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"proxy": "socks5://h:1"},
        {"proxy": ""},
        {"proxy": "ftp://h"},
        {"ca_file": "/nowhere/ca.pem"},
    ],
    ids=str,
)
def test_options_that_can_not_work(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with (
        small_world(**options) as (_, session),
        pytest.raises(up42.ConfigurationError, match=next(iter(options))),
    ):
        use_api(session)


@pytest.mark.parametrize("use", [use_api, use_async, use_storage])
def test_the_proxy_of_the_options_counts(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with small_world(retries=0, proxy="127.0.0.1:9") as (server, session):
        with pytest.raises((up42.ConnectionFailedError, httpx.ConnectError)):
            use(session)
        assert server.paths == []


@everywhere
def test_passwords_in_a_netrc_file_are_not_sent(
    use: Use, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login user-7 password SECRET-7\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    sent: list[str | None] = []

    def respond(request: http.server.BaseHTTPRequestHandler) -> Reply:
        sent.append(request.headers["Authorization"])
        return as_json({"jobs": []})

    with small_world(retries=0) as (server, session):
        server.routes["/file"] = server.routes[JOBS] = respond
        use(session)
    assert sent == [f"Bearer {TOKEN}" if use in (use_api, use_async) else None]


def test_the_password_of_a_proxy_is_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    options = up42.TransportOptions(proxy="http://user-7:SECRET-7@127.0.0.1:9")
    assert "SECRET-7" not in repr(options)
    assert "127.0.0.1:9" in repr(options)
    with small_world(proxy=options.proxy) as (_, session):
        with pytest.raises(up42.ConnectionFailedError):
            use_api(session)
        # As httpcore does with the headers that it sends to a proxy.
        logging.getLogger("httpcore.proxy").debug("proxy headers: %s", [b"SECRET-7", BASIC])
    assert "SECRET-7" not in caplog.text
    assert BASIC not in caplog.text


def test_a_proxy_can_be_reached_by_https() -> None:
    with (
        small_world(retries=0, proxy="https://127.0.0.1:9") as (_, session),
        pytest.raises(up42.ConnectionFailedError),
    ):
        use_api(session)


@pytest.mark.parametrize("is_sent", [False, True])
def test_the_password_of_a_proxy_is_pickled_only_with_credentials(is_sent: bool) -> None:
    options = up42.TransportOptions(proxy="http://user-7:SECRET-7@proxy:3128")
    session = up42.Session(
        username="u", password="p", base_url="http://h", options=options, pickle_credentials=is_sent
    )
    for thing in (session, up42.Job.from_metadata({"jobID": "1", "processID": "p"}, session)):
        data = pickle.dumps(thing)
        assert (b"SECRET-7" in data) is (b"user-7" in data) is is_sent
    session.close()
    arrived = pickle.loads(pickle.dumps(session))
    assert arrived.options.proxy == (options.proxy if is_sent else "http://proxy:3128")
    arrived.close()


@pytest.mark.parametrize("use", [use_api, use_async])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_wants_a_password_says_what_to_do(use: Use, scheme: str) -> None:
    def handle(self: http.server.BaseHTTPRequestHandler) -> None:
        self.send_error(407)

    names = dict.fromkeys(("do_GET", "do_POST", "do_CONNECT"), handle)
    silent = {"log_message": lambda *_: None}
    handler = type("Proxy", (http.server.BaseHTTPRequestHandler,), names | silent)
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as proxy:
        threading.Thread(target=proxy.serve_forever, args=(0.05,), daemon=True).start()
        session = up42.Session(
            username="u",
            password="p",
            base_url=f"{scheme}://api.example.com",
            options=up42.TransportOptions(proxy=f"127.0.0.1:{proxy.server_port}", retries=0),
        )
        with session, pytest.raises(up42.Up42Error, match="pickle_credentials"):
            use(session)
        proxy.shutdown()


@pytest.mark.parametrize("name", ["a..b", "x" * 64])
def test_a_host_name_that_cannot_exist(
    name: str, sandbox: Sandbox, session: up42.Session, tmp_path: Path
) -> None:
    sandbox.inject(Fault(path="*/download-url", patch={"url": f"http://{name}/x"}, times=None))
    with pytest.raises(up42.DownloadError):
        up42.initialize_asset(sandbox.asset_id(), session=session).download(tmp_path)
    # Nothing was tried again: the asset has three files.
    assert sum(request.path.endswith("/download-url") for request in sandbox.requests) <= 3
    options = up42.TransportOptions(proxy=name, retries=0)
    with (
        up42.Session(username="u", password="p", base_url="http://x.y", options=options) as behind,
        pytest.raises(up42.ConnectionFailedError),
    ):
        use_api(behind)


@pytest.mark.parametrize("name", ["ca_file", *CA_FILES])
def test_certificates_are_read(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import certifi

    text = Path(certifi.where()).read_text()
    one = text[text.index("-----BEGIN") : text.index("-----END CERTIFICATE-----")]
    home = tmp_path / "home"
    home.mkdir()
    (home / "ca.pem").write_text(f"{one}-----END CERTIFICATE-----\n")
    monkeypatch.setenv("HOME", str(home))
    if name == "ca_file":
        context = Network(ca_file="~/ca.pem").certificates
    else:
        monkeypatch.setenv(name, str(home / "ca.pem"))
        context = Network().certificates
    assert isinstance(context, ssl.SSLContext)
    assert len(context.get_ca_certs()) == 1


@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
def test_damaged_certificates_are_found_with_the_first_https_url(
    use: Use, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "damaged.pem"
    path.write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    reachable(use)
    forget_shared()
    secure = up42.Session(username="u", password="p", base_url="https://127.0.0.1:9")
    with secure, pytest.raises(up42.ConfigurationError, match=r"SSL_CERT_FILE=.*damaged\.pem"):
        use(secure)


def test_certificates_of_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "0123abcd.0").write_text("")
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert Network().certificates.verify_mode == ssl.CERT_REQUIRED


def test_the_usual_certificates() -> None:
    assert len(Network().certificates.get_ca_certs()) > 50
