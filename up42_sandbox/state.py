"""State of a sandbox, as tests read and change it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from up42_sandbox.core.admission import CONTROL_PREFIX
from up42_sandbox.core.faults import Fault
from up42_sandbox.core.recording import RecordedRequest
from up42_sandbox.processing.catalog import PROCESSES
from up42_sandbox.processing.records import STATUSES, Balance, JobRecord
from up42_sandbox.stac.records import StoredItem
from up42_sandbox.stac.render import item_document
from up42_sandbox.world import World


class SandboxState:
    """Everything of a sandbox except its sockets; the base of `Sandbox`.

    Attributes:
        username: Email of the account.
        password: Password of the account.
        project_id: ID of the analytics project that the API key belongs to.
        project_api_key: API key of the project.
        workspace_id: ID of the user's own workspace, the default.
        other_workspace_id: ID of the account's second workspace.
        account_id: ID of the account that pays.
        clock: Clock of jobs, tokens, and signed URLs.
        analytics: Projects, workflows, and jobs of the legacy analytics API, with their IDs.
        storage: The bucket: `ranges`, `rate`, `lifetime`, and `put()` for your own files.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.username = world.credentials.username
        self.password = world.credentials.password
        self.project_id = world.credentials.project_id
        self.project_api_key = world.credentials.project_api_key
        self.workspace_id, self.other_workspace_id = world.workspace_ids
        self.account_id = world.credentials.account_id
        self.clock = world.clock
        self.analytics = world.analytics
        self.storage = world.storage

    # Access ------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Origin of the API and of authentication, without a trailing slash."""
        return self._world.api_url

    @property
    def storage_url(self) -> str:
        """Origin of signed URLs."""
        return self._world.storage.url

    @property
    def control_url(self) -> str:
        """URL of the control interface. It contains a secret: it gives access to the sandbox."""
        return f"{self.url}{CONTROL_PREFIX}/{self._world.control_secret}"

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that make a client use this sandbox."""
        return {
            "UP42_USERNAME": self.username,
            "UP42_PASSWORD": self.password,
            "UP42_BASE_URL": self.url,
        }

    # Requests -------------------------------------------------------------------------

    @property
    def requests(self) -> list[RecordedRequest]:
        """All requests so far, of both origins, in the order of their responses."""
        return list(self._world.requests)

    def clear_requests(self) -> None:
        """Delete the recorded requests."""
        self._world.requests.clear()

    @property
    def latency(self) -> float:
        """Seconds of real time that every API request waits; can be set at any time."""
        return self._world.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._world.latency = seconds

    # Faults ------------------------------------------------------------------------------

    def inject(self, *faults: Fault) -> None:
        """Arm faults, after those that are already armed."""
        for fault in faults:
            self._world.faults.add(fault)

    def clear_faults(self) -> None:
        """Disarm all faults."""
        self._world.faults.clear()

    def pending_faults(self) -> list[tuple[Fault, int | None]]:
        """Return the armed faults, each with the number of times left."""
        return self._world.faults.pending()

    def revoke_tokens(self) -> None:
        """Invalidate all tokens issued so far."""
        self._world.tokens.revoke_all()

    # Credits and EULAs -------------------------------------------------------------------

    @property
    def balance(self) -> Balance:
        """Current balance: available, held, and captured credits."""
        return self._world.jobs.balance()

    def top_up(self, credits: int) -> None:
        """Add credits to the balance; a negative number removes some."""
        self._world.jobs.top_up(credits)

    def accept_eula(self, process_id: str, accepted: bool = True) -> None:
        """Accept the EULA of a process, or withdraw the acceptance.

        Raises:
            KeyError: If the process doesn't have a EULA.
        """
        self._world.jobs.update()
        self._world.eulas[process_id].accepted_at = self.clock.now() if accepted else None

    # Processing jobs ---------------------------------------------------------------------

    @property
    def jobs(self) -> dict[str, JobRecord]:
        """All processing jobs by ID, oldest first, as they are now."""
        return self._world.jobs.all()

    @property
    def settle_credits(self) -> bool:
        """Whether jobs continue to `captured` or `released`; can be set at any time."""
        return self._world.jobs.settle_credits

    @settle_credits.setter
    def settle_credits(self, value: bool) -> None:
        self._world.jobs.settle_credits = value

    def fail_next_job(
        self,
        status: str = "failed",
        process_id: str | None = None,
        errors: tuple[Mapping[str, str], ...] = (),
    ) -> None:
        """Make the next new job fail.

        Args:
            status: `failed`, `invalid`, `rejected`, or `unlicensed`.
            process_id: Only a job of this process.
            errors: Names and messages for `results.errors`. Defaults to invented ones.

        Raises:
            ValueError: If `status` is any other status.
        """
        self._world.jobs.choose_fate(status, process_id, [dict(error) for error in errors])

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
        """Add a job that stays in its status, without changing the balance.

        Args:
            process_id: ID of a process.
            status: Any status.
            inputs: Inputs. Defaults to those of `inputs_for`.
            workspace_id: Defaults to the default workspace.
            credits: Price.
            created: Creation time. Defaults to now.
            duration: Seconds that it ran.

        Returns:
            The job.

        Raises:
            ValueError: If the status is unknown.
            KeyError: If the process is unknown.
        """
        return self._world.jobs.insert(
            status,
            created or self.clock.now(),
            duration,
            process_id=PROCESSES[process_id].id,
            inputs=self.inputs_for(process_id) if inputs is None else dict(inputs),
            workspace_id=workspace_id or self.workspace_id,
            credits=credits,
        )

    def add_jobs(self, count: int) -> list[JobRecord]:
        """Add jobs of mixed processes, statuses, prices, and durations.

        Args:
            count: Number of jobs. They are created a minute apart; the last one is the newest.
                Every 50th doesn't have a workspace.
        """
        process_ids = [process_id for process_id in PROCESSES if process_id != "sandbox-copy"]
        inputs = {process_id: self.inputs_for(process_id) for process_id in process_ids}
        newest = self.clock.now()
        jobs = []
        for number in range(count):
            process_id = process_ids[number % len(process_ids)]
            job = self.add_job(
                process_id,
                STATUSES[(number // 3) % len(STATUSES)],
                inputs=inputs[process_id],
                workspace_id=self._world.workspace_ids[number % 5 == 4],
                credits=number * 7 % 500,
                created=newest - timedelta(minutes=count - number),
                duration=float(30 + number * 13 % 600),
            )
            if number % 50 == 49:
                job.workspace_id = None
            jobs.append(job)
        return jobs

    # Storage -----------------------------------------------------------------------------

    @property
    def items(self) -> list[dict[str, Any]]:
        """The sample scenes as STAC items. The first one suits most processes."""
        return [item_document(item, self.url) for item in self._samples()]

    def sample_item(self, key: str = "spot-berlin") -> dict[str, Any]:
        """Return a sample scene as a STAC item.

        Args:
            key: `spot-berlin`, `spot-berlin-later`, `spot-berlin-cloudy`,
                `pleiades-berlin`, `pneo-berlin`, `pleiades-potsdam` (no panchromatic
                band), or `sentinel-2-berlin`.

        Raises:
            KeyError: If there is no such scene.
        """
        return item_document(self._world.storage_catalog.sample(key), self.url)

    def item_url(self, key: str = "spot-berlin") -> str:
        """Return the URL of a sample scene's item, as inputs need it."""
        return str(self.sample_item(key)["links"][0]["href"])

    def asset_id(self, key: str = "spot-berlin") -> str:
        """Return UP42's asset ID of a sample scene, given its key or item ID.

        Raises:
            KeyError: If there is no such scene.
        """
        for item in self._samples():
            if key in (item.key, item.id):
                return item.asset_id
        raise KeyError(key)

    def inputs_for(self, process_id: str, title: str = "Sandbox job") -> dict[str, Any]:
        """Return valid inputs for a process.

        Raises:
            KeyError: If the process is unknown.
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
