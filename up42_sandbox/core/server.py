"""Real sockets: an event loop in its own thread, listening on several ports."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

TRANSPORT = "up42_sandbox.transport"
"""Key of the connection in the state of an ASGI scope."""

KEEP_ALIVE_SECONDS = 60
"""Idle connections stay open as long as behind a typical load balancer."""

BACKLOG = 2048
"""Connections waiting to be accepted; tests open hundreds at once."""


class _Protocol(H11Protocol):
    """HTTP/1.1 that gives the application access to the connection, to cut it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access_log = False

    # uvicorn narrows the argument of asyncio's protocol in the same way.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # Every request's scope gets a copy of this mapping.
        self.app_state = {**self.app_state, TRANSPORT: transport}


async def until_lost() -> None:
    """Wait until the protocol knows that its connection is closed."""
    # The event loop reports the loss in its next iterations; only then does the protocol
    # know that the client doesn't expect a response.
    for _ in range(3):
        await asyncio.sleep(0)


def bind(host: str, port: int) -> socket.socket:
    """Return a socket bound to an address; port 0 takes any free one.

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
    except (OSError, OverflowError):
        listener.close()
        raise
    return listener


class Server:
    """Serves ASGI applications on bound sockets."""

    def __init__(self, apps: Mapping[socket.socket, ASGIApp]) -> None:
        self._apps = dict(apps)
        self._loop = asyncio.new_event_loop()
        self._states: list[ServerState] = []
        self._listeners: list[asyncio.Server] = []
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="up42-sandbox", daemon=True)

    def start(self) -> None:
        """Start accepting connections."""
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """Close all connections, including running requests. Can be called twice."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._listen())
            self._ready.set()
            self._loop.run_forever()
            self._loop.run_until_complete(self._close())
        finally:
            self._ready.set()
            self._loop.close()

    async def _listen(self) -> None:
        for listener, app in self._apps.items():
            config = Config(
                app,
                http=_Protocol,
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
            )
            config.load()
            state = ServerState()
            self._states.append(state)

            def protocol(config: Config = config, state: ServerState = state) -> _Protocol:
                return _Protocol(config=config, server_state=state, app_state={})

            self._listeners.append(
                await self._loop.create_server(protocol, sock=listener, backlog=BACKLOG)
            )
        self._tell_date()

    def _tell_date(self) -> None:
        headers = [(b"date", formatdate(usegmt=True).encode()), (b"server", b"up42-sandbox")]
        for state in self._states:
            state.default_headers = headers
        self._loop.call_later(1.0, self._tell_date)

    async def _close(self) -> None:
        for listener in self._listeners:
            listener.close()
        for state in self._states:
            for connection in list(state.connections):
                if (transport := getattr(connection, "transport", None)) is not None:
                    transport.abort()
        # Protocols learn of the loss first, so that none reports an incomplete response.
        await asyncio.sleep(0)
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._loop.shutdown_asyncgens()
        await self._loop.shutdown_default_executor()
