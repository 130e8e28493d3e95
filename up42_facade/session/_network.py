"""The way to other hosts: proxies and certificates, from options and the environment.

Every client of the package is built here, so that the API, the token server, and the storage
are reached in the same way, and settings that can't work are refused before anything is sent.
"""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import re
import ssl
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
from attrs import frozen

from up42_facade.errors import ConfigurationError, UntrustedHostError
from up42_facade.session._bodies import bound
from up42_facade.session._headers import drop_unusable
from up42_facade.session._hosts import DEFAULT_PORTS, without_query
from up42_facade.session._redaction import basic, register
from up42_facade.session._responses import (
    UNSENDABLE,
    broken_connection,
    harmless,
    raise_for_status,
)

# In the order in which they count.
CA_FILES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")
PORTS = range(1, 2**16)
# How OpenSSL names the certificates that it finds in a folder.
HASHED = re.compile(r"[0-9a-f]{8}\.\d+")
NO_PROXY_HINT = (
    "expected host names, IP addresses, or networks such as 10.0.0.0/8, separated by commas"
)
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


@frozen
class Exemption:
    """An entry of NO_PROXY: a network, or a name that stands for its subdomains too."""

    name: str | None = None
    network: IpNetwork | None = None
    port: int | None = None

    def covers(self, host: str, port: int | None) -> bool:
        if self.port not in (None, port):
            return False
        address = address_of(host)
        if self.network is not None:
            return address is not None and address in self.network
        return address is None and f".{host}".endswith(f".{self.name}")


class Network:
    """Proxies and certificates, checked.

    Args:
        proxy: URL of a proxy for all requests. Defaults to HTTP_PROXY, HTTPS_PROXY, ALL_PROXY,
            and NO_PROXY in the environment.
        ca_file: File with the certificates of trusted authorities. Defaults to SSL_CERT_FILE,
            SSL_CERT_DIR, REQUESTS_CA_BUNDLE, or CURL_CA_BUNDLE in the environment, then to
            those of the package certifi.

    Raises:
        ConfigurationError: If a setting can't work. It names the setting and its value.
    """

    def __init__(self, proxy: str | None = None, ca_file: str | Path | None = None) -> None:
        self.certificates = certificates(ca_file)
        self._exempt_all, self._exempt = (False, []) if proxy is not None else exemptions()
        self._proxies = {
            scheme: None if found is None else self._proxy(*found)
            for scheme in DEFAULT_PORTS
            for found in [("proxy", proxy) if proxy is not None else proxy_setting(scheme)]
        }

    def proxy_for(self, url: httpx.URL) -> httpx.Proxy | None:
        """Return the proxy for a URL, or None if it's reached directly."""
        proxy = self._proxies.get(url.scheme)
        if proxy is None or self._exempt_all:
            return None
        host = url.raw_host.decode("ascii").strip("[]").rstrip(".").lower()
        port = url.port or DEFAULT_PORTS.get(url.scheme)
        return None if any(entry.covers(host, port) for entry in self._exempt) else proxy

    def transport_options(self, url: httpx.URL, limits: httpx.Limits) -> dict[str, Any]:
        """Return the arguments of httpx's transports, sync and async, for one host."""
        return {"verify": self.certificates, "proxy": self.proxy_for(url), "limits": limits}

    def client(
        self,
        *,
        timeout: httpx.Timeout,
        limits: httpx.Limits | None = None,
        check: Callable[[], None] = lambda: None,
        **options: Any,
    ) -> httpx.Client:
        """Create a client for signed URLs of any host: no credentials, redirects followed.

        Args:
            timeout, limits: As in httpx.
            check: Called before each request.
            options: Others of `httpx.Client`.
        """
        return StorageClient(
            check,
            timeout=timeout,
            follow_redirects=True,
            transport=RoutedTransport(self, limits or httpx.Limits()),
            trust_env=False,
            **options,
        )

    def _proxy(self, name: str, value: str) -> httpx.Proxy:
        url = value.strip() if "://" in value else f"http://{value.strip()}"
        shown = without_query(url)
        try:
            secured = url.lower().startswith("https://")
            proxy = httpx.Proxy(url, ssl_context=self.certificates if secured else None)
        except (httpx.InvalidURL, ValueError):
            proxy = None
        if proxy is None or not is_usable(proxy.url):
            raise ConfigurationError(
                f"{name}={shown!r} isn't a usable proxy: expected a URL such as "
                f"'http://proxy.example.com:3128' ({', '.join(PROXY_SCHEMES)})."
            )
        if proxy.url.scheme.startswith("socks") and importlib.util.find_spec("socksio") is None:
            raise ConfigurationError(
                f"{name}={shown!r} needs the package socksio: pip install 'httpx[socks]'. Or "
                "name an HTTP proxy."
            )
        if proxy.raw_auth is not None:
            username, password = (part.decode() for part in proxy.raw_auth)
            register.add_secrets(password, basic(username, password))
        return proxy


class StorageClient(httpx.Client):
    """A client that limits what it reads, except for streams, which their readers count."""

    def __init__(self, check: Callable[[], None], **options: Any) -> None:
        super().__init__(**options)
        self._check = check

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        self._check()
        request.extensions["streamed"] = bool(options.get("stream"))
        return super().send(request, **options)


def read_public(client: httpx.Client, url: str) -> str:
    """Return the text behind a URL, read without credentials.

    Raises:
        Up42Error: As for requests to the API.
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


class RoutedTransport(httpx.BaseTransport):
    """Sends each request directly or through the proxy that its host needs."""

    def __init__(self, network: Network, limits: httpx.Limits) -> None:
        self._network = network
        self._limits = limits
        self._lock = threading.Lock()
        self._transports: dict[httpx.Proxy | None, httpx.HTTPTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._transport(request.url).handle_request(request)
        drop_unusable(response)
        if not request.extensions.get("streamed"):
            bound(response, request)
        return response

    def close(self) -> None:
        for transport in self._transports.values():
            transport.close()

    def _transport(self, url: httpx.URL) -> httpx.HTTPTransport:
        proxy = self._network.proxy_for(url)
        with self._lock:
            if proxy not in self._transports:
                options = self._network.transport_options(url, self._limits)
                self._transports[proxy] = httpx.HTTPTransport(**options)
            return self._transports[proxy]


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
            name = next(
                (name for name in names if os.environ.get(name)), f"the system's {key} proxy"
            )
            return name, found[key]
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
    host, port = split_port(entry.rpartition("://")[2].rstrip("/").lower())
    network = network_of(host.strip("[]"))
    if network is not None:
        return Exemption(network=network, port=port)
    bare = host.removeprefix("*").strip(".")
    if not re.fullmatch(r"[^\s/:@?#*\[\]]+", bare):
        raise ConfigurationError(
            f"{name} contains {without_query(entry)!r}: {NO_PROXY_HINT}. Correct or remove it."
        )
    return Exemption(name=bare, port=port)


def split_port(entry: str) -> tuple[str, int | None]:
    found = re.fullmatch(r"(\[[^\]]*\]|[^:]*):(\d{1,5})", entry)
    return (found[1], int(found[2])) if found else (entry, None)


def network_of(text: str) -> IpNetwork | None:
    try:
        return ipaddress.ip_network(text.partition("%")[0], strict=False)
    except ValueError:
        return None


def address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def certificates(ca_file: str | Path | None) -> ssl.SSLContext:
    """Return the certificates to trust.

    Raises:
        ConfigurationError: If the file or folder doesn't exist or has no certificates.
    """
    name, value = next(ca_settings(ca_file), (None, None))
    if name is None or value is None:
        return httpx.create_ssl_context(trust_env=False)
    path = Path(value).expanduser()
    problem = "isn't a file or folder that can be read"
    try:
        if path.is_file():
            return ssl.create_default_context(cafile=str(path))
        folders = [Path(part).expanduser() for part in str(value).split(os.pathsep)]
        if all(folder.is_dir() for folder in folders):
            problem = "has no certificates (files named by `openssl rehash`)"
            if any(HASHED.fullmatch(file.name) for folder in folders for file in folder.iterdir()):
                return ssl.create_default_context(capath=os.pathsep.join(map(str, folders)))
    except ssl.SSLError:
        problem = "has no certificates in PEM format"
    except (OSError, ValueError) as error:
        problem = f"can't be read ({type(error).__name__})"
    raise ConfigurationError(
        f"{name}={str(value)!r} {problem}. Name a file with the certificates of the authorities "
        "to trust, or remove the setting."
    )


def ca_settings(ca_file: str | Path | None) -> Iterator[tuple[str, str | Path]]:
    if ca_file is not None:
        yield "ca_file", ca_file
    for name in CA_FILES:
        if value := os.environ.get(name):
            yield name, value
