"""Admission of requests: the right host, no foreign web page, not too many at a time."""

from __future__ import annotations

import hmac
import ipaddress
import re
import threading
import time

from starlette.types import Scope

from up42_sandbox.core.problems import ApiError

CONTROL_PREFIX = "/_sandbox"
"""Paths that control the sandbox itself: never changed by a fault, delayed, or recorded."""

WILDCARDS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - no socket is bound
"""Hosts to listen on that mean all addresses, and the address for links to this machine."""

_HOST = re.compile(r"([A-Za-z0-9.\-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?")


REQUESTS_PER_SECOND = 100
"""Documented sustained rate of one client address."""

BURST = 500
"""Documented number of requests that can exceed the sustained rate."""


class RateLimiter:
    """A token bucket for each client address. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}

    def admit(self, client: str) -> float:
        """Count a request, and return 0 or the seconds after which to send it again."""
        now = time.monotonic()
        with self._lock:
            tokens, filled = self._buckets.get(client, (float(BURST), now))
            tokens = min(BURST, tokens + (now - filled) * REQUESTS_PER_SECOND)
            admitted = tokens >= 1
            self._buckets[client] = (tokens - admitted, now)
        return 0.0 if admitted else (1 - tokens) / REQUESTS_PER_SECOND


def check_target(scope: Scope, bound: str) -> None:
    """Check the host that a request was sent to, and the web page that sent it.

    A page on the internet can send requests to this machine (with its `Origin`), or have its
    own name resolve to it (with that name as `Host`). The port in `Host` matters for the control
    interface only: a proxy in front of the API can forward its own.

    Args:
        scope: ASGI scope of the request.
        bound: Host that the server was told to listen on.

    Raises:
        ApiError: 400 or 403, if the request is refused.
    """
    if not scope["path"].startswith("/"):
        raise ApiError(400, "The request target must be a path.")
    hosts, origins = _values(scope, b"host"), _values(scope, b"origin")
    address, port = scope["server"]
    names = _own_names(bound, address)
    own = {_netloc(name, port) for name in names}
    is_control = scope["path"].startswith(CONTROL_PREFIX)
    for host in hosts or [""]:
        if host not in own if is_control else _host_name(host) not in names:
            raise ApiError(403, f"This sandbox isn't {host!r}, it is {' or '.join(sorted(own))}.")
    for origin in origins:
        if origin not in {f"http://{netloc}" for netloc in own}:
            raise ApiError(403, f"Web pages of another origin ({origin!r}) have no access.")


def control_path(path: str, secret: str) -> str:
    """Check the secret of a control request.

    Args:
        path: `/_sandbox/<secret>/…`.
        secret: The right secret.

    Returns:
        The path without the secret.

    Raises:
        ApiError: 403, if the secret is missing or wrong.
    """
    given, slash, rest = path.removeprefix(CONTROL_PREFIX + "/").partition("/")
    if not hmac.compare_digest(given.encode(), secret.encode()):
        detail = "The control URL contains a secret: it is printed when the sandbox starts."
        raise ApiError(403, f"{detail} In Python it is Sandbox.control_url.")
    return CONTROL_PREFIX + slash + rest


def _host_name(value: str) -> str | None:
    match = _HOST.fullmatch(value)
    return match[1].strip("[]") if match else None


def _values(scope: Scope, header: bytes) -> list[str]:
    return [value.decode("latin-1").lower() for name, value in scope["headers"] if name == header]


def _own_names(bound: str, address: str) -> set[str]:
    # `address` is the local end of this connection, which matters if all addresses are bound.
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = parsed.ipv4_mapped or parsed
    names = {bound.lower(), str(parsed)}
    if bound in WILDCARDS or parsed.is_loopback:
        names.add("localhost")
    return names


def _netloc(name: str, port: int) -> str:
    host = f"[{name}]" if ":" in name else name
    return host if port == 80 else f"{host}:{port}"
