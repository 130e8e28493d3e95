"""Proxies and certificates, from options and the environment.

Settings that can't work are rejected before anything is sent.
"""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import re
import ssl
import urllib.request
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from up42_facade._common.paths import expanded
from up42_facade._common.urls import DEFAULT_PORTS, without_query
from up42_facade.errors import ConfigurationError
from up42_facade.session._redaction import Secret, basic, register

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
        # Tracebacks can show local variables.
        proxy = None if proxy is None else Secret(proxy)
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
        """Return the arguments of a transport of httpx for a URL."""
        # A new context trusts nobody, and isn't used for http.
        bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if url.scheme == "http" else None
        return {"verify": bare or self.certificates, "proxy": self.proxy_for(url)}

    def _proxy(self, name: str, value: Secret) -> httpx.Proxy:
        url = Secret(value.strip() if "://" in value else f"http://{value.strip()}")
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


def is_usable(url: httpx.URL) -> bool:
    """Return whether a proxy can have this URL."""
    return (
        url.scheme in PROXY_SCHEMES and bool(url.host) and (url.port is None or url.port in PORTS)
    )


def proxy_setting(scheme: str) -> tuple[str, Secret] | None:
    """Return name and value of the proxy setting for URLs of a scheme."""
    found = urllib.request.getproxies()
    for key in (scheme, "all"):
        if found.get(key):
            names = (f"{key}_proxy", f"{key}_proxy".upper())
            system = f"the system's {key} proxy"
            name = next((name for name in names if os.environ.get(name)), system)
            return name, Secret(found[key])
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
    path = expanded(value)
    problem = "isn't a file or folder that can be read"
    try:
        if path.is_file():
            if PEM.search(path.read_bytes()):
                return partial(load_file, name, path)
            problem = "has no certificates in PEM format"
        folders = [expanded(part) for part in str(value).split(os.pathsep)]
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
