"""Everything that a sandbox knows, in one place for the endpoints."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from up42_sandbox.account.credentials import Credentials
from up42_sandbox.account.eulas import EulaRegister
from up42_sandbox.account.tokens import TokenOffice
from up42_sandbox.analytics.samples import AnalyticsSamples
from up42_sandbox.core.clock import Clock
from up42_sandbox.core.faults import FaultBook
from up42_sandbox.core.identifiers import make_id
from up42_sandbox.core.recording import RequestLog
from up42_sandbox.processing.catalogue import PROCESSES
from up42_sandbox.processing.lifecycle import JobBook
from up42_sandbox.processing.listing import JobLister
from up42_sandbox.scene.products import write_source
from up42_sandbox.stac.catalog import StorageCatalog
from up42_sandbox.stac.results import ResultMaker
from up42_sandbox.stac.samples import sample_collections
from up42_sandbox.storage.objects import Storage


@dataclass
class World:
    """State that the endpoints share.

    Attributes:
        seed: Decides ids and the landscape's users.
        workspace_ids: Workspaces that are open to the account, the default one first.
        api_url: Origin of the API, known once it listens.
        control_secret: Part of the URL of the control interface.
    """

    seed: int
    clock: Clock
    credentials: Credentials
    workspace_ids: tuple[str, ...]
    tokens: TokenOffice
    eulas: EulaRegister
    jobs: JobBook
    job_lister: JobLister
    storage_catalog: StorageCatalog
    storage: Storage
    analytics: AnalyticsSamples
    faults: FaultBook = field(default_factory=FaultBook)
    requests: RequestLog = field(default_factory=RequestLog)
    api_url: str = ""
    control_secret: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)


def build_world(
    *,
    speed: float,
    page_size: int,
    token_lifetime: float,
    credits: int,
    seed: int,
    durations: Mapping[str, float] | None,
) -> World:
    """Make the state of a fresh sandbox; the arguments are those of `Sandbox`."""
    clock = Clock(speed)
    credentials = Credentials.from_seed(seed)
    eulas = EulaRegister(
        seed,
        [
            (process.id, process.title, process.eula_accepted)
            for process in PROCESSES.values()
            if process.has_eula
        ],
        clock.now(),
    )
    jobs = JobBook(clock, seed, credentials.account_id, credits, eulas, durations)
    samples = sample_collections(seed, credentials.account_id, credentials.user_id, write_source)
    return World(
        seed=seed,
        clock=clock,
        credentials=credentials,
        workspace_ids=(credentials.user_id, make_id(seed, "second-workspace")),
        tokens=TokenOffice(clock, token_lifetime, credentials.user_id),
        eulas=eulas,
        jobs=jobs,
        job_lister=JobLister(jobs, page_size),
        storage_catalog=StorageCatalog(samples, jobs, ResultMaker(seed)),
        storage=Storage(clock),
        analytics=AnalyticsSamples(clock, seed, credentials),
    )
