"""Projects, workflows, and jobs on the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

MAX_CONCURRENT_JOBS = "MAX_CONCURRENT_JOBS"
MAX_LIMIT = "JOB_QUERY_LIMIT_PARAMETER_MAX_VALUE"
MAX_AOI_SIZE = "JOB_QUERY_MAX_AOI_SIZE"

SETTING_RANGES: Mapping[str, tuple[int, int]] = {
    MAX_CONCURRENT_JOBS: (1, 10),
    MAX_LIMIT: (1, 500),
    MAX_AOI_SIZE: (1, 10_000),
}
"""Settings of a project, with the lowest and the highest value; areas are in km²."""

Ending = Literal["SUCCEEDED", "FAILED", "ERROR"]


@dataclass(frozen=True)
class Block:
    """A data source or algorithm.

    Attributes:
        name: Name without the number of the task.
        title: Name for people.
        unit: Unit of estimates.
        used_unit: Unit of consumption.
        credits: Credits per run.
    """

    id: str
    name: str
    title: str
    version: str
    type: Literal["DATA", "PROCESSING"]
    unit: str
    used_unit: str
    credits: int

    @property
    def task_name(self) -> str:
        """Name of the task that runs it."""
        return f"{self.name}:1"


@dataclass(frozen=True)
class Workflow:
    """A chain of blocks; each processes the output of the previous one."""

    id: str
    name: str
    blocks: tuple[Block, ...]

    @property
    def by_task(self) -> dict[str, Block]:
        """Blocks by the names of their tasks, first to last."""
        return {block.task_name: block for block in self.blocks}


@dataclass
class Project:
    """A project with its settings."""

    id: str
    name: str
    created: datetime
    settings: dict[str, int] = field(
        default_factory=lambda: {MAX_CONCURRENT_JOBS: 1, MAX_LIMIT: 10, MAX_AOI_SIZE: 1000}
    )


@dataclass(frozen=True)
class Outcome:
    """The output of a job.

    Attributes:
        ending: Final status unless the job is canceled.
        images: Number of images, each with a feature; 0 gives an empty collection.
        quicklooks: Number of quicklooks of the first task.
        archive: Kind of archive.
        nested: Whether each image has its own folder.
        old_style: Whether features name their file `up42.data.aoiclipped`.
        json_logs: Whether logs are sent as a JSON string.
    """

    ending: Ending = "SUCCEEDED"
    images: int = 1
    quicklooks: int = 1
    archive: Literal["tgz", "zip"] = "tgz"
    nested: bool = False
    old_style: bool = False
    json_logs: bool = False


@dataclass
class AnalyticsJob:
    """A run of a workflow.

    Attributes:
        number: Running number, from 0.
        task_ids: IDs of the tasks, in the workflow's order.
        name: None if none was given.
        mode: `DEFAULT` or `DRY_RUN`.
        inputs: Parameters by task name, and perhaps `config`.
        created: Creation time.
        task_seconds: Clock seconds that each task runs.
        renamed: Time of the last renaming.
        cancelled: Time of the request to cancel it.
        creator: `USER`, `API_KEY`, …; None for jobs from before 2023.
    """

    id: str
    number: int
    project_id: str
    workflow: Workflow
    task_ids: tuple[str, ...]
    name: str | None
    mode: str
    inputs: dict[str, Any]
    created: datetime
    outcome: Outcome = Outcome()
    task_seconds: float = 30.0
    renamed: datetime | None = None
    cancelled: datetime | None = None
    creator: str | None = "USER"
