"""Real sockets: uvicorn in a thread, listening on several ports."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Mapping
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

TRANSPORT = "up42_sandbox.transport"
"""Key of the connection in an ASGI scope, by which faults cut it."""

KEEP_ALIVE_SECONDS = 60
"""Idle connections stay open as long as behind a typical load balancer."""

BACKLOG = 2048
"""Connections waiting to be accepted; tests open hundreds at once."""


async def until_lost() -> None:
    """Wait until the protocol knows that its connection is closed."""
    # The event loop reports the loss in its next iterations; only then does the protocol
    # know that the client doesn't expect a response.
    for _ in range(3):
        await asyncio.sleep(0)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on an address; port 0 takes any free one.

    Raises:
        OSError: If the address is in use, or doesn't belong to this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio disables Nagle's algorithm only if the protocol is explicit; with it, every
    # response on a kept connection waits 40 ms for the client's delayed acknowledgment.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # Clients can connect before the event loop runs.
        listener.listen(BACKLOG)
    except (OSError, OverflowError):
        listener.close()
        raise
    return listener


class Server:
    """Serves ASGI applications on listening sockets until it's stopped."""

    def __init__(self, apps: Mapping[socket.socket, ASGIApp]) -> None:
        self._listeners = list(apps)
        self._apps = {listener.getsockname()[1]: app for listener, app in apps.items()}
        config = uvicorn.Config(
            self._serve,
            http="h11",
            ws="none",
            lifespan="off",
            interface="asgi3",
            # Requests are recorded, not logged: tests read logs, too.
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            headers=[("server", "up42-sandbox")],
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            backlog=BACKLOG,
        )
        self._uvicorn = uvicorn.Server(config)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="up42-sandbox", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close all connections, including running requests."""
        # uvicorn's own end would wait for them, and take 0.2 seconds more for each test.
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        connections: set[Any] = self._uvicorn.server_state.connections
        scope[TRANSPORT] = next(c.transport for c in connections if c.client is scope["client"])
        await self._apps[scope["server"][1]](scope, receive, send)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        serving = self._loop.create_task(self._uvicorn.serve(self._listeners))
        self._loop.run_forever()
        self._loop.run_until_complete(self._close(serving))
        self._loop.close()

    async def _close(self, serving: asyncio.Task[None]) -> None:
        serving.cancel()
        # It has none if it's stopped before it started.
        for server in getattr(self._uvicorn, "servers", []):
            server.close()
        for listener in self._listeners:
            listener.close()
        for connection in list(self._uvicorn.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        # Protocols learn of the loss first, so that none reports an incomplete response.
        await asyncio.sleep(0)
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._loop.shutdown_asyncgens()
        await self._loop.shutdown_default_executor()
