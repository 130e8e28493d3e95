"""Hosts and secrets in URLs."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}
QUERY = re.compile(r"[?#]")


def is_same_host(url: str, origin: str) -> bool:
    """Return whether a URL has an origin's host and port; plain http counts as the origin's."""
    try:
        there, here = urlsplit(url), urlsplit(origin)
        if there.hostname != here.hostname or there.scheme not in DEFAULT_PORTS:
            return False
        downgraded = there.scheme == "http" and here.scheme == "https" and there.port in (None, 80)
        return downgraded or (there.scheme == here.scheme and port_of(there) == port_of(here))
    except ValueError:
        return False


def port_of(parts: SplitResult) -> int | None:
    return parts.port or DEFAULT_PORTS.get(parts.scheme)


def without_query(url: str) -> str:
    """Return a URL without query, fragment, and user info: they can contain secrets.

    It works on any string, because it's for messages: what isn't a URL loses the same parts.
    """
    scheme, separator, rest = QUERY.split(url, maxsplit=1)[0].rpartition("://")
    host = rest.partition("/")[0]
    has_port = host.rpartition(":")[2].isdigit() or ":" not in host
    # A password can contain slashes: if no port follows the colon, a password does.
    if "@" in host or not has_port:
        rest = rest.rpartition("@")[2]
    return scheme + separator + rest
