"""The two origins of a sandbox on real sockets, over one shared state."""

from __future__ import annotations

from collections.abc import Iterable

from up42_sandbox.account import auth_routes, balance, eulas
from up42_sandbox.analytics import estimate_routes, job_routes, task_routes
from up42_sandbox.core.admission import WILDCARDS
from up42_sandbox.core.gateway import Gateway
from up42_sandbox.core.routing import Route, Router
from up42_sandbox.core.server import Server, bind
from up42_sandbox.processing import routes as processing_routes
from up42_sandbox.stac import routes as stac_routes
from up42_sandbox.storage import asset_routes, serving
from up42_sandbox.world import World

API_ROUTES = (
    *auth_routes.ROUTES,
    *balance.ROUTES,
    *eulas.ROUTES,
    *processing_routes.ROUTES,
    *stac_routes.ROUTES,
    *asset_routes.ROUTES,
    *estimate_routes.ROUTES,
    *job_routes.ROUTES,
    *task_routes.ROUTES,
)
"""Everything that the API origin answers, apart from the control endpoints."""


class Engine:
    """Listens on the API's and the storage's port.

    Args:
        world: The state that the endpoints share.
        host: Address to listen on.
        ports: Port of the API and of the storage; 0 takes any free one.
        latency: Seconds of real time that every API request waits.
        control: Endpoints that steer the sandbox.
    """

    def __init__(
        self,
        world: World,
        host: str,
        ports: tuple[int, int],
        latency: float,
        control: Iterable[Route],
    ) -> None:
        self._world = world
        self._host = host
        self._ports = ports
        self.api = Gateway(world, Router((*API_ROUTES, *control)), "api", host, latency)
        self._storage = Gateway(world, Router(serving.ROUTES), "storage", host)
        self._server: Server | None = None

    @property
    def is_running(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    def start(self) -> None:
        """Listen.

        Raises:
            RuntimeError: It does so already.
            OSError: A port is in use.
        """
        if self._server is not None:
            raise RuntimeError("the sandbox already runs")
        api = bind(self._host, self._ports[0])
        try:
            storage = bind(self._host, self._ports[1])
        except (OSError, OverflowError):
            api.close()
            raise
        host = WILDCARDS.get(self._host, self._host)
        host = f"[{host}]" if ":" in host else host
        self._world.api_url = f"http://{host}:{api.getsockname()[1]}"
        self._world.storage.url = f"http://{host}:{storage.getsockname()[1]}"
        self._server = Server({api: self.api, storage: self._storage})
        self._server.start()

    def stop(self) -> None:
        """Close all connections and remove temporary files. Can be called twice."""
        if self._server is not None:
            self._server.stop()
            self._server = None
        self._world.storage.close()
