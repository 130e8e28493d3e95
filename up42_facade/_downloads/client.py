"""The HTTP client for downloads that come without one of their own."""

from __future__ import annotations

import os
import threading

import httpx

# Seconds to reach the server: long enough for lost packets to be sent again after 1, 3 and 7 s.
CONNECT_SECONDS = 15.0
# Seconds without a byte after which a connection counts as dead and is replaced.
READ_SECONDS = 30.0
# Connections of the shared client: eight small files and four for a large one, with room to spare.
MAX_CONNECTIONS = 32

_shared_lock = threading.Lock()
_shared: dict[int, httpx.Client] = {}


def shared_client() -> httpx.Client:
    """Give the client that is used when the caller has none: no credentials, finite timeouts."""
    with _shared_lock:
        # One per process: connections must not be shared with a forked child.
        client = _shared.get(os.getpid())
        if client is None or client.is_closed:
            client = httpx.Client(
                timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
                limits=httpx.Limits(max_connections=MAX_CONNECTIONS),
                follow_redirects=True,
            )
            _shared.clear()
            _shared[os.getpid()] = client
        return client
