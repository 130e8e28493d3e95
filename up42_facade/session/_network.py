"""Proxies and certificates, from options and the environment, and the transports that use them.

Every client of the package sends its requests through these transports. Settings that can't work
are rejected before anything is sent.
"""

from __future__ import annotations

import asyncio
import importlib.util
import ipaddress
import os
import re
import ssl
import threading
import time
import urllib.request
import weakref
from collections.abc import AsyncGenerator, Callable, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from up42_facade._common.urls import DEFAULT_PORTS, without_query
from up42_facade.errors import ConfigurationError, NotAuthenticatedError, UntrustedHostError
from up42_facade.session._bodies import guard
from up42_facade.session._redaction import basic, register
from up42_facade.session._responses import (
    UNSENDABLE,
    broken_connection,
    harmless,
    raise_for_status,
)

# By precedence.
CA_FILES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")
PORTS = range(1, 2**16)
# How OpenSSL names certificates in a folder.
HASHED = re.compile(r"[0-9a-f]{8}\.\d+")
PEM = re.compile(rb"-----BEGIN [A-Z0-9 ]*CERTIFICATE-----[^-]+-----END ")
HOST_NAME = re.compile(r"[^\s/:@?#*\[\]]+")
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


class Exemption(NamedTuple):
    """An entry of NO_PROXY: a network, or a name that includes its subdomains."""

    name: str | None = None
    network: IpNetwork | None = None
    port: int | None = None

    def covers(self, host: str, port: int | None) -> bool:
        if self.port not in (None, port):
            return False
        address = network_of(host)
        if self.network is None or address is None:
            return self.network is address is None and f".{host}".endswith(f".{self.name}")
        return address.network_address in self.network


class Network:
    """Proxies and certificates, checked.

    Args:
        proxy: URL of a proxy for all requests. Defaults to HTTP_PROXY, HTTPS_PROXY, ALL_PROXY,
            and NO_PROXY in the environment.
        ca_file: File with the certificates of trusted authorities. Defaults to SSL_CERT_FILE,
            SSL_CERT_DIR, REQUESTS_CA_BUNDLE, or CURL_CA_BUNDLE in the environment, then to
            those of the package certifi.

    Raises:
        ConfigurationError: If a setting can't work. The message names the setting and its value.
    """

    def __init__(self, proxy: str | None = None, ca_file: str | Path | None = None) -> None:
        self._load_certificates = certificate_loader(ca_file)
        self._exempt_all, self._exempt = (False, []) if proxy is not None else exemptions()
        self._proxies = {
            scheme: None if found is None else self._proxy(*found)
            for scheme in DEFAULT_PORTS
            for found in [("proxy", proxy) if proxy is not None else proxy_setting(scheme)]
        }

    @cached_property
    def certificates(self) -> ssl.SSLContext:
        """The certificates to trust, loaded when the first https URL is used: it takes 20 ms."""
        return self._load_certificates()

    def proxy_for(self, url: httpx.URL) -> httpx.Proxy | None:
        """Return the proxy for a URL, or None if it's reached directly."""
        proxy = self._proxies.get(url.scheme)
        if proxy is None or self._exempt_all:
            return None
        host = url.raw_host.decode("ascii").strip("[]").rstrip(".").lower()
        port = url.port or DEFAULT_PORTS.get(url.scheme)
        return None if any(entry.covers(host, port) for entry in self._exempt) else proxy

    def options_for(self, url: httpx.URL) -> dict[str, Any]:
        """Return the arguments of httpx's transports, sync and async, for a URL."""
        # A new context trusts nobody, and isn't used for http.
        bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if url.scheme == "http" else None
        return {"verify": bare or self.certificates, "proxy": self.proxy_for(url)}

    def _proxy(self, name: str, value: str) -> httpx.Proxy:
        url = value.strip() if "://" in value else f"http://{value.strip()}"
        shown = without_query(url)
        certificates = self.certificates if url.lower().startswith("https://") else None
        try:
            proxy = httpx.Proxy(url, ssl_context=certificates)
        except (httpx.InvalidURL, ValueError):
            proxy = None
        if proxy is None or not is_usable(proxy.url):
            raise ConfigurationError(
                f"{name}={shown!r} isn't a usable proxy: expected a URL such as "
                f"'http://proxy.example.com:3128' ({', '.join(PROXY_SCHEMES)})."
            )
        if proxy.url.scheme.startswith("socks") and importlib.util.find_spec("socksio") is None:
            raise ConfigurationError(
                f"{name}={shown!r} needs the package socksio: pip install 'httpx[socks]'. Or use "
                "an HTTP proxy."
            )
        if proxy.raw_auth is not None:
            username, password = (part.decode() for part in proxy.raw_auth)
            register.add_secrets(password, basic(username, password))
        return proxy


class Gate:
    """Lets requests through, with a rate limit if there is one, until it's closed; thread-safe.

    A token bucket rather than a library: those available either serve only asyncio or keep a time
    stamp per request, and this must serve threads and event loops at once.

    Args:
        rate: Requests per second after a burst, or None for no limit.
        burst: Requests that may be sent at once after a pause.
        clock: Returns seconds.
    """

    def __init__(
        self,
        rate: float | None = None,
        burst: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._available = float(burst)
        self._updated = clock()
        self.is_closed = False

    def reserve(self) -> float:
        """Reserve a request and return the seconds to wait before it may be sent."""
        if self._rate is None:
            return 0.0
        with self._lock:
            now = self._clock()
            gained = (now - self._updated) * self._rate
            self._available = min(self._burst, self._available + gained) - 1
            self._updated = now
            return max(0.0, -self._available / self._rate)

    def check(self) -> None:
        """Raise if the session was closed."""
        if self.is_closed:
            raise closed_session()


def closed_session() -> NotAuthenticatedError:
    """Return the exception for the use of a closed session."""
    return NotAuthenticatedError(
        "The session was closed: call up42_facade.authenticate(…) again, or create a new Session."
    )


Pools = dict[Any, Any]


class Route:
    """The way of requests: through a gate, then directly or through their host's proxy.

    Args:
        network: Proxies and certificates.
        limits: Limits of connections for each proxy and scheme, as in httpx.
        gate: Gate that requests pass first.
    """

    def __init__(self, network: Network, limits: httpx.Limits, gate: Gate) -> None:
        self.network = network
        self.limits = limits
        self.gate = gate
        self._lock = threading.Lock()

    def pool(self, url: httpx.URL, pools: Pools, kind: type[Any]) -> Any:
        """Return the connection pool for a URL, created if it isn't among those known."""
        key = url.scheme, self.network.proxy_for(url)
        with self._lock:
            if key not in pools:
                pools[key] = kind(limits=self.limits, **self.network.options_for(url))
            return pools[key]


class Transport(httpx.BaseTransport):
    """Sends requests by a route."""

    def __init__(self, route: Route) -> None:
        self._route = route
        self._pools: Pools = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if wait := self._route.gate.reserve():
            time.sleep(wait)
        self._route.gate.check()
        pool = self._route.pool(request.url, self._pools, httpx.HTTPTransport)
        response: httpx.Response = pool.handle_request(request)
        guard(response, request)
        return response

    def close(self) -> None:
        for pool in list(self._pools.values()):
            pool.close()


class AsyncTransport(httpx.AsyncBaseTransport):
    """The asyncio twin of `Transport`, with connection pools for each event loop.

    A pool belongs to the loop that opened its connections; a session outlives loops, for example
    between two calls of `asyncio.run`.
    """

    def __init__(self, route: Route) -> None:
        self._route = route
        self._loops: weakref.WeakKeyDictionary[
            asyncio.AbstractEventLoop, tuple[Pools, AsyncGenerator[None, None]]
        ] = weakref.WeakKeyDictionary()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if wait := self._route.gate.reserve():
            await asyncio.sleep(wait)
        self._route.gate.check()
        pool = self._route.pool(request.url, await self._pools(), httpx.AsyncHTTPTransport)
        response: httpx.Response = await pool.handle_async_request(request)
        guard(response, request)
        return response

    async def aclose(self) -> None:
        _, keeper = self._loops.pop(asyncio.get_running_loop(), (None, None))
        if keeper is not None:
            await keeper.aclose()

    async def _pools(self) -> Pools:
        loop = asyncio.get_running_loop()
        if loop not in self._loops:
            pools: Pools = {}
            self._loops[loop] = pools, closed_with_its_loop(pools)
            await anext(self._loops[loop][1])
        return self._loops[loop][0]


async def closed_with_its_loop(pools: Pools) -> AsyncGenerator[None, None]:
    """Close pools when the event loop ends: loops finish the generators begun in them."""
    try:
        yield
    finally:
        for pool in pools.values():
            await pool.aclose()


class StorageClient(httpx.Client):
    """A client for signed URLs of any host: no credentials, redirects followed.

    Args:
        route: The way of its requests.
        options: Other arguments of `httpx.Client`.
    """

    def __init__(self, route: Route, **options: Any) -> None:
        transport = Transport(route)
        super().__init__(transport=transport, follow_redirects=True, trust_env=False, **options)
        self._gate = route.gate

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        self._gate.check()
        request.extensions["streamed"] = bool(options.get("stream"))
        return super().send(request, **options)


def storage_client(timeout: httpx.Timeout, limits: httpx.Limits) -> StorageClient:
    """Return a client for signed URLs with the proxies and certificates of the environment.

    Raises:
        ConfigurationError: If they can't work.
    """
    return StorageClient(Route(Network(), limits, Gate()), timeout=timeout)


def read_public(client: httpx.Client, url: str) -> str:
    """Return the text behind a URL, read without credentials.

    Raises:
        UntrustedHostError: If the URL can't be used.
        Up42Error: If the request fails.
    """
    try:
        request = client.build_request("GET", url)
    except UNSENDABLE:
        raise UntrustedHostError(f"{without_query(url)!r} isn't a usable URL.") from None
    try:
        response = client.send(request)
    except httpx.RequestError as error:
        failure, cause = broken_connection(error, request), harmless(error)
    else:
        raise_for_status(response)
        return response.text
    raise failure from cause


def is_usable(url: httpx.URL) -> bool:
    """Return whether a proxy can have this URL."""
    return (
        url.scheme in PROXY_SCHEMES and bool(url.host) and (url.port is None or url.port in PORTS)
    )


def proxy_setting(scheme: str) -> tuple[str, str] | None:
    """Return name and value of the proxy setting for URLs of a scheme."""
    found = urllib.request.getproxies()
    for key in (scheme, "all"):
        if found.get(key):
            names = (f"{key}_proxy", f"{key}_proxy".upper())
            system = f"the system's {key} proxy"
            return next((name for name in names if os.environ.get(name)), system), found[key]
    return None


def exemptions() -> tuple[bool, list[Exemption]]:
    """Return whether no host needs a proxy, and the hosts that don't."""
    name = "no_proxy" if "no_proxy" in os.environ else "NO_PROXY"
    value = urllib.request.getproxies().get("no") or os.environ.get(name, "")
    entries = [entry for entry in re.split(r"[\s,]+", value) if entry]
    return "*" in entries, [exemption(name, entry) for entry in entries if entry != "*"]


def exemption(name: str, entry: str) -> Exemption:
    """Return an entry of NO_PROXY as curl, requests, and httpx understand it.

    Raises:
        ConfigurationError: If it's neither a name nor a network.
    """
    host = entry.rpartition("://")[2].rstrip("/").lower()
    with_port = re.fullmatch(r"(\[[^\]]*\]|[^:]*):(\d{1,5})", host)
    host, port = (with_port[1], int(with_port[2])) if with_port else (host, None)
    network = network_of(host.strip("[]"))
    if network is not None:
        return Exemption(network=network, port=port)
    bare = host.removeprefix("*").strip(".")
    if not HOST_NAME.fullmatch(bare):
        raise ConfigurationError(
            f"{name} contains {without_query(entry)!r}: expected host names, IP addresses, or "
            "networks such as 10.0.0.0/8, separated by commas. Correct or remove it."
        )
    return Exemption(name=bare, port=port)


def network_of(text: str) -> IpNetwork | None:
    """Return an IP network or address, or None if the text is neither."""
    try:
        return ipaddress.ip_network(text.partition("%")[0], strict=False)
    except ValueError:
        return None


def certificate_loader(ca_file: str | Path | None) -> Callable[[], ssl.SSLContext]:
    """Return what loads the certificates to trust, once their file or folder was checked.

    Raises:
        ConfigurationError: If the file or folder doesn't exist or has no certificates.
    """
    name, value = next(ca_settings(ca_file), (None, None))
    if name is None or value is None:
        return partial(httpx.create_ssl_context, trust_env=False)
    path = Path(value).expanduser()
    problem = "isn't a file or folder that can be read"
    try:
        if path.is_file():
            if PEM.search(path.read_bytes()):
                return partial(load_file, name, path)
            problem = "has no certificates in PEM format"
        folders = [Path(part).expanduser() for part in str(value).split(os.pathsep)]
        if all(folder.is_dir() for folder in folders):
            problem = "has no certificates (files named by `openssl rehash`)"
            if any(HASHED.fullmatch(file.name) for folder in folders for file in folder.iterdir()):
                capath = os.pathsep.join(map(str, folders))
                return partial(ssl.create_default_context, capath=capath)
    except (OSError, ValueError) as error:
        problem = f"can't be read ({type(error).__name__})"
    raise unusable_certificates(name, value, problem)


def load_file(name: str, path: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(path))
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise unusable_certificates(name, path, "has a damaged certificate") from error


def unusable_certificates(name: str, value: str | Path, problem: str) -> ConfigurationError:
    return ConfigurationError(
        f"{name}={str(value)!r} {problem}. Name a file with the certificates of trusted "
        "authorities, or remove the setting."
    )


def ca_settings(ca_file: str | Path | None) -> Iterator[tuple[str, str | Path]]:
    if ca_file is not None:
        yield "ca_file", ca_file
    for name in CA_FILES:
        if value := os.environ.get(name):
            yield name, value
