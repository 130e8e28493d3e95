"""Projects, workflows, and jobs of a new sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from up42_sandbox.account.credentials import Credentials
from up42_sandbox.analytics.book import AnalyticsBook
from up42_sandbox.analytics.records import (
    MAX_CONCURRENT_JOBS,
    AnalyticsJob,
    Block,
    Outcome,
    Project,
    Workflow,
)
from up42_sandbox.core.clock import Clock
from up42_sandbox.core.values import make_id
from up42_sandbox.scene.window import Window
from up42_sandbox.stac.samples import footprint

SCENE_METERS = 1600.0
"""Side length of the images of sample jobs."""

RUNNING_TASK_SECONDS = 3600.0
"""The running sample job takes two hours, longer than most tests wait."""


def image_window(number: int) -> Window:
    """Return the part of the Sentinel-2 sample scene that an image shows."""
    column, row = number % 6, number // 6 % 6
    west, north = 386_000.0 + column * SCENE_METERS, 5_823_500.0 - row * SCENE_METERS
    return Window(west, north, SCENE_METERS, SCENE_METERS, 10.0)


@cache
def image_footprint(number: int) -> dict[str, Any]:
    """Return the outline of an image as a GeoJSON polygon in EPSG:4326."""
    return footprint(image_window(number))


def image_bbox(number: int) -> list[float]:
    """Return west, south, east, and north of an image in degrees."""
    ring = image_footprint(number)["coordinates"][0]
    longitudes, latitudes = zip(*ring, strict=True)
    return [min(longitudes), min(latitudes), max(longitudes), max(latitudes)]


def _workflows(seed: int) -> dict[str, Workflow]:
    def block(name: str, *details: Any) -> Block:
        return Block(make_id(seed, "block", name), name, *details)

    def workflow(key: str, name: str, *blocks: Block) -> Workflow:
        return Workflow(make_id(seed, "workflow", key), name, blocks)

    units = "SQUARE_KM", "SQUARE_METERS"
    data = block("sentinelhub-s2", "Sentinel-2 visual", "1.1.0", "DATA", *units, 4)
    ndvi = block("ndvi", "NDVI", "2.0.3", "PROCESSING", "MEGABYTE", "BYTES", 15)
    return {
        "ndvi": workflow("ndvi", "NDVI", data, ndvi),
        "data": workflow("data", "Sentinel-2 only", data),
    }


def sample_inputs(workflow: Workflow, images: int = 1) -> dict[str, Any]:
    """Return valid inputs for a workflow."""
    query = {"bbox": image_bbox(0), "limit": max(1, images), "max_cloud_cover": 40}
    return {
        block.task_name: dict(query) if block.type == "DATA" else {} for block in workflow.blocks
    }


_OLD = datetime(2020, 2, 10, 14, 5, 31, 207000, tzinfo=UTC)
_NEW = datetime(2023, 4, 12, 6, 50, 22, 481937, tzinfo=UTC)

_FINISHED: Mapping[str, tuple[str | None, Outcome]] = {
    "unnamed": (None, Outcome(old_style=True)),
    "ndvi": ("NDVI of Berlin", Outcome(images=2, quicklooks=2)),
    "no-quicklooks": ("Without quicklooks", Outcome(quicklooks=0)),
    "empty": ("Nothing found", Outcome(images=0, quicklooks=0)),
    "failed": ("Out of memory", Outcome(ending="FAILED")),
    "error": ("Platform in trouble", Outcome(ending="ERROR")),
    "zip": ("Packed as zip", Outcome(images=2, archive="zip")),
    "nested": ("In folders", Outcome(images=3, nested=True, json_logs=True)),
    "many-quicklooks": ("Time series", Outcome(images=4, quicklooks=24)),
}
"""Finished sample jobs of the main project, by the names that tests use."""


class AnalyticsSamples:
    """The analytics part of a sandbox, with the IDs of its contents.

    Attributes:
        project_id: The project that the sandbox's API key belongs to.
        other_project_id: A second project, for the account only.
        workflows: Workflow IDs by name: `ndvi` and `data`.
        jobs: Job IDs by name: `ndvi`, `no-quicklooks`, `empty`, `failed`, `error`, `zip`,
            `nested` (with logs as JSON), `many-quicklooks`, `unnamed`, `cancelled`, `dry-run`,
            `running`, and `foreign` in the other project.
    """

    def __init__(self, clock: Clock, seed: int, credentials: Credentials) -> None:
        self.project_id = credentials.project_id
        self.other_project_id = credentials.other_project_id
        workflows = _workflows(seed)
        main = Project(self.project_id, "Demo project", _OLD)
        # One job is running already; two more can.
        main.settings[MAX_CONCURRENT_JOBS] = 3
        projects = (main, Project(self.other_project_id, "Another project", _NEW))
        self.book = AnalyticsBook(clock, seed, projects, workflows.values())
        self._by_name = workflows
        self.workflows = {name: workflow.id for name, workflow in workflows.items()}
        self.jobs: dict[str, str] = {}
        for number, (key, (name, outcome)) in enumerate(_FINISHED.items()):
            created, creator = (_OLD, None) if key == "unnamed" else (_NEW, "API_KEY")
            created += timedelta(days=number)
            self._keep(key, name, created=created, outcome=outcome, creator=creator)
        stopped = self._keep("cancelled", "Stopped", created=_NEW + timedelta(days=20))
        stopped.cancelled = stopped.created + timedelta(seconds=20)
        test = self._keep("dry-run", "Test query", created=_NEW + timedelta(days=21))
        test.mode = "DRY_RUN"
        test.inputs["config"] = {"mode": "DRY_RUN"}
        begun = clock.now() - timedelta(seconds=90)
        self._keep("running", "Long run", created=begun, task_seconds=RUNNING_TASK_SECONDS)
        self._keep("foreign", "Elsewhere", created=_NEW, project_id=self.other_project_id)

    def _keep(self, key: str, name: str | None, **details: Any) -> AnalyticsJob:
        job = self.add_job(name, **details)
        self.jobs[key] = job.id
        return job

    def add_job(
        self,
        name: str | None = "Job",
        workflow: str = "ndvi",
        *,
        project_id: str | None = None,
        created: datetime | None = None,
        outcome: Outcome | None = None,
        task_seconds: float = 30.0,
        creator: str | None = "USER",
    ) -> AnalyticsJob:
        """Add a job to a project; it runs from its creation time.

        Args:
            name: Name, or None.
            workflow: `ndvi` or `data`.
            project_id: Defaults to the main project.
            created: Creation time. Defaults to now; a job created long ago has ended.
            outcome: Output of the job.
            task_seconds: Clock seconds that each task runs.
            creator: Kind of its creator.

        Raises:
            KeyError: If there is no such workflow.
        """
        chosen = self._by_name[workflow]
        return self.book.add(
            project_id or self.project_id,
            chosen,
            name,
            sample_inputs(chosen, outcome.images if outcome else 1),
            created=created,
            outcome=outcome or Outcome(),
            task_seconds=task_seconds,
            creator=creator,
        )

    def add_jobs(self, count: int) -> list[AnalyticsJob]:
        """Add finished jobs to the main project, created an hour apart."""
        first = _NEW + timedelta(days=30)
        return [
            self.add_job(f"Job {number:05d}", created=first + timedelta(hours=number))
            for number in range(count)
        ]

    def fail_next_job(self, ending: str = "FAILED") -> None:
        """Make the next job that a client creates end as FAILED or ERROR.

        A job whose name contains `[failed]` or `[error]` does, too.

        Raises:
            ValueError: If there is no such ending.
        """
        self.book.choose_ending(ending)

    def task_ids(self, job: str) -> list[str]:
        """Return the task IDs of a job, given its name here or its ID.

        Raises:
            KeyError: If there is no such job.
        """
        job_id = self.jobs.get(job, job)
        for project_id in self.book.projects:
            if (found := self.book.job(project_id, job_id)) is not None:
                return list(found.task_ids)
        raise KeyError(job)

    @property
    def max_concurrent_jobs(self) -> int:
        """Maximum number of unfinished jobs of the main project; can be set."""
        return self.book.projects[self.project_id].settings[MAX_CONCURRENT_JOBS]

    @max_concurrent_jobs.setter
    def max_concurrent_jobs(self, value: int) -> None:
        self.book.projects[self.project_id].settings[MAX_CONCURRENT_JOBS] = value
