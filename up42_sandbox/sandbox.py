"""A local UP42 on real sockets, started and stopped from Python."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from up42_sandbox.account import routes as account_routes
from up42_sandbox.analytics import routes as analytics_routes
from up42_sandbox.control import Control
from up42_sandbox.core.admission import WILDCARDS
from up42_sandbox.core.gateway import Gateway
from up42_sandbox.core.routing import Router
from up42_sandbox.core.server import Server, listen
from up42_sandbox.processing import routes as processing_routes
from up42_sandbox.stac import routes as stac_routes
from up42_sandbox.state import SandboxState
from up42_sandbox.storage import asset_routes, serving
from up42_sandbox.world import World

API_ROUTES = (
    *account_routes.ROUTES,
    *processing_routes.ROUTES,
    *stac_routes.ROUTES,
    *asset_routes.ROUTES,
    *analytics_routes.ROUTES,
)
"""All endpoints of the API origin, except the control endpoints."""

DEFAULT_CREDITS = 10_000
DEFAULT_PAGE_SIZE = 100
DEFAULT_TOKEN_LIFETIME = 300.0


class Sandbox(SandboxState):
    """A local UP42 on real sockets, with an account, credits, and sample scenes.

    Use it as a context manager, or call `start()` and `stop()`. `SandboxState` describes
    everything that you can read and change.

    Args:
        port: Port of the API; 0 takes any free one.
        speed: Clock seconds per real second; jobs run faster with more.
        latency: Seconds of real time that every API request waits.
        page_size: Processing jobs per page if the request has no limit.
        token_lifetime: Seconds that an access token works.
        credits: Initial balance.
        seed: Determines all IDs; the same seed gives the same ones.
        host: Address to listen on.
        storage_port: Port of the storage; 0 takes any free one.
        durations: Clock seconds that jobs stay in a status, for example
            `{"running": 5}`; see `DEFAULT_DURATIONS`.
        folders: Folders whose files other programs can serve through `control_url`.
        rate_limit: Enforce the documented rate limit on the API: 100 requests per second and
            bursts of 500, else status 429 with `Retry-After`.

    Raises:
        ValueError: If an argument has an invalid value.

    Example:
        >>> with Sandbox() as sandbox:  # doctest: +SKIP
        ...     sandbox.clock.advance(3600)
    """

    def __init__(
        self,
        port: int = 0,
        speed: float = 1.0,
        latency: float = 0.0,
        page_size: int = DEFAULT_PAGE_SIZE,
        token_lifetime: float = DEFAULT_TOKEN_LIFETIME,
        credits: int = DEFAULT_CREDITS,
        seed: int = 42,
        *,
        host: str = "127.0.0.1",
        storage_port: int = 0,
        durations: Mapping[str, float] | None = None,
        folders: Sequence[Path | str] = (),
        rate_limit: bool = False,
    ) -> None:
        for name, value, least, most in (
            ("port", port, 0, 65_535),
            ("storage_port", storage_port, 0, 65_535),
            ("latency", latency, 0, math.inf),
            ("page_size", page_size, 1, math.inf),
            ("token_lifetime", token_lifetime, 1, math.inf),
            ("credits", credits, 0, math.inf),
        ):
            if not least <= value <= most:
                raise ValueError(f"{name} must be between {least} and {most}, got {value!r}")
        world = World(
            seed=seed,
            speed=speed,
            latency=latency,
            rate_limit=rate_limit,
            page_size=page_size,
            token_lifetime=token_lifetime,
            credits=credits,
            durations=durations,
        )
        super().__init__(world)
        self._host = host
        self._ports = port, storage_port
        routes = (*API_ROUTES, *Control(self, folders).routes())
        self._api = Gateway(world, Router(routes), "api", host)
        self._storage = Gateway(world, Router(serving.ROUTES), "storage", host)
        self._server: Server | None = None

    def start(self) -> Self:
        """Start listening.

        Returns:
            The sandbox itself.

        Raises:
            RuntimeError: If it is already running.
            OSError: If a port is in use.
        """
        if self._server is not None:
            raise RuntimeError("the sandbox is already running")
        api = listen(self._host, self._ports[0])
        try:
            storage = listen(self._host, self._ports[1])
        except (OSError, OverflowError):
            api.close()
            raise
        host = WILDCARDS.get(self._host, self._host)
        host = f"[{host}]" if ":" in host else host
        self._world.api_url = f"http://{host}:{api.getsockname()[1]}"
        self._world.storage.url = f"http://{host}:{storage.getsockname()[1]}"
        self._server = Server({api: self._api, storage: self._storage})
        return self

    def stop(self) -> None:
        """Close all connections and remove temporary files. Can be called twice."""
        if self._server is not None:
            self._server.stop()
            self._server = None
        self._world.storage.close()

    def __enter__(self) -> Self:
        """Start listening."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop listening."""
        self.stop()

    def __repr__(self) -> str:
        return f"<Sandbox {self.url if self._server is not None else 'not running'}>"
