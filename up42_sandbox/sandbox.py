"""A local UP42, started and stopped from Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from up42_sandbox.account.balance import Balance
from up42_sandbox.analytics.samples import AnalyticsSamples
from up42_sandbox.control import Control
from up42_sandbox.core.admission import CONTROL_PREFIX
from up42_sandbox.core.clock import Clock
from up42_sandbox.core.faults import Fault
from up42_sandbox.core.recording import RecordedRequest
from up42_sandbox.engine import Engine
from up42_sandbox.processing.catalogue import PROCESSES
from up42_sandbox.processing.records import STATUSES, JobRecord
from up42_sandbox.stac.records import StoredItem
from up42_sandbox.stac.render import item_document
from up42_sandbox.storage.objects import Storage
from up42_sandbox.world import build_world

DEFAULT_CREDITS = 10_000
DEFAULT_PAGE_SIZE = 100
DEFAULT_TOKEN_LIFETIME = 300.0


class Sandbox:
    """A local UP42 on real sockets, with an account, credits and sample scenes.

    Use it as a context manager, or call `start()` and `stop()`.

    Args:
        port: Port of the API; 0 takes any free one.
        speed: Clock seconds per real second; jobs run faster with more.
        latency: Seconds of real time that every API request waits.
        page_size: Processing jobs per page where the request gives no limit.
        token_lifetime: Seconds that an access token works.
        credits: Balance at the start.
        seed: Decides all ids; the same seed gives the same ones.
        host: Address to listen on.
        storage_port: Port of the storage; 0 takes any free one.
        durations: Clock seconds that jobs stay in a status, for example
            `{"running": 5}`; see `DEFAULT_DURATIONS`.
        folders: Folders whose files other programs may have served, through `control_url`.

    Raises:
        ValueError: An argument has a value that can't work.

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
    ) -> None:
        for name, value, least in (
            ("port", port, 0),
            ("storage_port", storage_port, 0),
            ("latency", latency, 0),
            ("page_size", page_size, 1),
            ("token_lifetime", token_lifetime, 1),
            ("credits", credits, 0),
        ):
            if not value >= least:
                raise ValueError(f"{name} must be at least {least}, got {value!r}")
        self._world = build_world(
            speed=speed,
            page_size=page_size,
            token_lifetime=token_lifetime,
            credits=credits,
            seed=seed,
            durations=durations,
        )
        control = Control(self, folders).routes()
        self._engine = Engine(self._world, host, (port, storage_port), latency, control)

    def start(self) -> Self:
        """Listen.

        Returns:
            The sandbox itself.

        Raises:
            RuntimeError: It does so already.
            OSError: A port is in use.
        """
        self._engine.start()
        return self

    def stop(self) -> None:
        """Close all connections and remove temporary files. Can be called twice."""
        self._engine.stop()

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
        where = self.url if self._engine.is_running else "not running"
        return f"<Sandbox {where}>"

    # Where it is and how to get in -------------------------------------------------------

    @property
    def url(self) -> str:
        """Origin of the API and of authentication, without a slash at the end."""
        return self._world.api_url

    @property
    def storage_url(self) -> str:
        """Origin of signed URLs."""
        return self._world.storage.url

    @property
    def control_url(self) -> str:
        """URL of the control interface. It contains a secret: only give it to who may use it."""
        return f"{self.url}{CONTROL_PREFIX}/{self._world.control_secret}"

    @property
    def username(self) -> str:
        """The account's e-mail."""
        return self._world.credentials.username

    @property
    def password(self) -> str:
        """The account's password."""
        return self._world.credentials.password

    @property
    def project_id(self) -> str:
        """The analytics project that the key opens."""
        return self._world.credentials.project_id

    @property
    def project_api_key(self) -> str:
        """The project's key."""
        return self._world.credentials.project_api_key

    @property
    def workspace_id(self) -> str:
        """The user's own workspace, which is the default."""
        return self._world.workspace_ids[0]

    @property
    def other_workspace_id(self) -> str:
        """A second workspace that is open to the account."""
        return self._world.workspace_ids[1]

    @property
    def account_id(self) -> str:
        """The account that pays."""
        return self._world.credentials.account_id

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that lead a client here."""
        return {
            "UP42_USERNAME": self.username,
            "UP42_PASSWORD": self.password,
            "UP42_BASE_URL": self.url,
        }

    # What time it is and what happened ---------------------------------------------------

    @property
    def clock(self) -> Clock:
        """The clock that jobs, tokens and signed URLs run on."""
        return self._world.clock

    @property
    def requests(self) -> list[RecordedRequest]:
        """All requests so far, of both origins, in the order of their answers."""
        return self._world.requests.snapshot()

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        self._world.requests.clear()

    @property
    def latency(self) -> float:
        """Seconds of real time that every API request waits; can be set at any time."""
        return self._engine.api.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._engine.api.latency = seconds

    # Faults ------------------------------------------------------------------------------

    def inject(self, *faults: Fault) -> None:
        """Arm faults, behind those that are armed already."""
        for fault in faults:
            self._world.faults.add(fault)

    def clear_faults(self) -> None:
        """Disarm all faults."""
        self._world.faults.clear()

    def pending_faults(self) -> list[tuple[Fault, int | None]]:
        """Return the faults that are still armed, each with the times left."""
        return self._world.faults.pending()

    def revoke_tokens(self) -> None:
        """Make all tokens so far invalid."""
        self._world.tokens.revoke_all()

    # Credits and licences ----------------------------------------------------------------

    @property
    def balance(self) -> Balance:
        """The balance as it is now: available, held and captured credits."""
        return self._world.jobs.balance()

    def top_up(self, credits: int) -> None:
        """Add credits to the balance; a negative number takes some away."""
        self._world.jobs.top_up(credits)

    def accept_eula(self, process_id: str, accepted: bool = True) -> None:
        """Accept a process's EULA, or withdraw that.

        Raises:
            KeyError: The process has no EULA.
        """
        self._world.jobs.balance()
        moment = self.clock.now() if accepted else None
        self._world.eulas.set_accepted(process_id, moment)

    # Processing jobs ---------------------------------------------------------------------

    @property
    def jobs(self) -> dict[str, JobRecord]:
        """All processing jobs by id, oldest first, as they are now."""
        return self._world.jobs.all()

    @property
    def settles(self) -> bool:
        """Whether jobs go on from `successful` and `failed` to `captured` and `released`."""
        return self._world.jobs.settles

    @settles.setter
    def settles(self, value: bool) -> None:
        self._world.jobs.settles = value

    def fail_next_job(
        self,
        status: str = "failed",
        process_id: str | None = None,
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:
        """Let the next job that is created end badly.

        A job whose title contains `[failed]`, `[invalid]`, `[rejected]` or `[unlicensed]`
        ends so too.

        Args:
            status: One of these four.
            process_id: Only a job of this process.
            errors: `{"name": …, "message": …}` for the job's results.

        Raises:
            ValueError: `status` isn't one of the four.
        """
        chosen = [dict(error) for error in errors]
        self._world.jobs.choose_fate(status, process_id, chosen)

    def add_job(
        self,
        process_id: str = "detection-trees-spacept",
        status: str = "captured",
        *,
        inputs: Mapping[str, Any] | None = None,
        workspace_id: str | None = None,
        credits: int = 10,
        created: datetime | None = None,
        duration: float = 60.0,
    ) -> JobRecord:
        """Put a job into the listing that stays in its status. The balance isn't touched.

        Args:
            process_id: A process.
            status: Any status.
            inputs: Inputs; those of `inputs_for` if left out.
            workspace_id: The default workspace if left out.
            credits: Price.
            created: When it was created, now if left out.
            duration: Seconds that it ran.

        Returns:
            The job.

        Raises:
            ValueError: The status is unknown.
            KeyError: The process is unknown.
        """
        chosen = self.inputs_for(process_id) if inputs is None else dict(inputs)
        return self._world.jobs.insert(
            PROCESSES[process_id].id,
            chosen,
            workspace_id or self.workspace_id,
            credits,
            status,
            created or self.clock.now(),
            duration,
        )

    def add_jobs(self, count: int) -> list[JobRecord]:
        """Put many jobs of mixed processes, statuses, prices and durations into the listing.

        Args:
            count: How many; the last one is the youngest, each is a minute younger.
        """
        process_ids = tuple(PROCESSES)
        inputs = {process_id: self.inputs_for(process_id) for process_id in process_ids}
        newest = self.clock.now()
        return [
            self.add_job(
                process_ids[number % len(process_ids)],
                STATUSES[(number // 3) % len(STATUSES)],
                inputs=inputs[process_ids[number % len(process_ids)]],
                workspace_id=self._world.workspace_ids[number % 5 == 4],
                credits=number * 7 % 500,
                created=newest - timedelta(minutes=count - number),
                duration=float(30 + number * 13 % 600),
            )
            for number in range(count)
        ]

    @property
    def analytics(self) -> AnalyticsSamples:
        """Projects, workflows and jobs of the older API, with their ids by name."""
        return self._world.analytics

    # Storage -----------------------------------------------------------------------------

    @property
    def storage(self) -> Storage:
        """The bucket: `ranges`, `rate`, `lifetime`, and `put()` for files of your own."""
        return self._world.storage

    @property
    def items(self) -> list[dict[str, Any]]:
        """The sample scenes as STAC items. The first suits most processes."""
        return [self._document(item) for item in self._samples()]

    def sample_item(self, key: str = "spot-berlin") -> dict[str, Any]:
        """Return a sample scene as a STAC item.

        Args:
            key: `spot-berlin`, `spot-berlin-later`, `spot-berlin-cloudy`,
                `pleiades-berlin`, `pneo-berlin`, `pleiades-potsdam` (no panchromatic
                band) or `sentinel-2-berlin`.

        Raises:
            KeyError: There is no such scene.
        """
        return self._document(self._world.storage_catalog.sample(key))

    def item_url(self, key: str = "spot-berlin") -> str:
        """Return the URL of a sample scene's item, as inputs want it."""
        return str(self.sample_item(key)["links"][0]["href"])

    def asset_id(self, key: str = "spot-berlin") -> str:
        """Return UP42's asset id of a sample scene, given its key or item id.

        Raises:
            KeyError: There is no such scene.
        """
        for item in self._samples():
            if key in (item.key, item.id):
                return item.asset_id
        raise KeyError(key)

    def inputs_for(self, process_id: str, title: str = "Sandbox job") -> dict[str, Any]:
        """Return valid inputs for a process.

        Raises:
            KeyError: The process is unknown.
        """
        process = PROCESSES[process_id]
        if process.takes_two_items:
            source, reference = self.item_url("spot-berlin"), self.item_url("spot-berlin-later")
            return {"title": title, "sourceItem": source, "referenceItem": reference}
        for item in self._samples():
            if item.product_collection in process.collections:
                return {"title": title, "item": self.item_url(str(item.key))}
        raise KeyError(process_id)

    def _samples(self) -> list[StoredItem]:
        return [item for item in self._world.storage_catalog.items() if item.key is not None]

    def _document(self, item: StoredItem) -> dict[str, Any]:
        return item_document(item, self.url)
