"""Everything that a sandbox knows, in one place for the endpoints."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from up42_sandbox.account.credentials import Credentials
from up42_sandbox.account.eulas import make_eulas
from up42_sandbox.account.tokens import TokenOffice
from up42_sandbox.analytics.samples import AnalyticsSamples
from up42_sandbox.core.admission import RateLimiter
from up42_sandbox.core.clock import Clock
from up42_sandbox.core.faults import FaultBook
from up42_sandbox.core.recording import RecordedRequest
from up42_sandbox.core.values import make_id
from up42_sandbox.processing.catalog import PROCESSES
from up42_sandbox.processing.lifecycle import JobBook
from up42_sandbox.stac.catalog import StorageCatalog
from up42_sandbox.stac.samples import sample_items
from up42_sandbox.storage.objects import Storage


class World:
    """State that the endpoints share.

    `Sandbox` describes the arguments.

    Attributes:
        workspace_ids: Workspaces of the account, the default one first.
        api_url: Origin of the API, known once it listens.
        control_secret: Part of the URL of the control interface.
    """

    def __init__(
        self,
        *,
        seed: int,
        speed: float,
        latency: float,
        rate_limit: bool,
        page_size: int,
        token_lifetime: float,
        credits: int,
        durations: Mapping[str, float] | None,
    ) -> None:
        self.seed = seed
        self.latency = latency
        self.rate_limiter = RateLimiter() if rate_limit else None
        self.page_size = page_size
        self.api_url = ""
        self.control_secret = secrets.token_urlsafe(16)
        self.clock = Clock(speed)
        self.faults = FaultBook()
        # Only the event loop appends, so that readers need no lock.
        self.requests: list[RecordedRequest] = []
        self.credentials = owner = Credentials(seed)
        self.workspace_ids = (owner.user_id, make_id(seed, "second-workspace"))
        self.tokens = TokenOffice(self.clock, token_lifetime, owner.user_id)
        self.eulas = make_eulas(seed, PROCESSES.values(), self.clock.now())
        self.jobs = JobBook(self.clock, seed, owner.account_id, credits, self.eulas, durations)
        samples = sample_items(seed, owner.account_id, owner.user_id)
        self.storage_catalog = StorageCatalog(seed, samples, self.jobs)
        self.storage = Storage(self.clock)
        self.analytics = AnalyticsSamples(self.clock, seed, owner)
