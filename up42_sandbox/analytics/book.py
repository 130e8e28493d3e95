"""All analytics projects, workflows, and jobs."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, get_args

from up42_sandbox.analytics.records import (
    MAX_CONCURRENT_JOBS,
    AnalyticsJob,
    Ending,
    Outcome,
    Project,
    Workflow,
)
from up42_sandbox.analytics.timeline import FINAL, Progress, job_progress, task_progress
from up42_sandbox.core.clock import Clock
from up42_sandbox.core.values import make_id

MAGIC_NAMES: Mapping[str, Ending] = {"[failed]": "FAILED", "[error]": "ERROR"}
"""Markers in the name of a new job, and its final status."""


class AnalyticsBook:
    """Finds, creates, and changes jobs. Every project has all workflows."""

    def __init__(
        self, clock: Clock, seed: int, projects: Iterable[Project], workflows: Iterable[Workflow]
    ) -> None:
        self.projects = {project.id: project for project in projects}
        self.workflows = {workflow.id: workflow for workflow in workflows}
        self.lock = threading.RLock()
        self._clock = clock
        self._seed = seed
        self._jobs: dict[str, AnalyticsJob] = {}
        self._endings: deque[Ending] = deque()

    def jobs(self, project_id: str) -> list[AnalyticsJob]:
        """Return the jobs of a project, oldest first."""
        with self.lock:
            return [job for job in self._jobs.values() if job.project_id == project_id]

    def job(self, project_id: str, job_id: str) -> AnalyticsJob | None:
        """Return a job of a project, or None if the ID is unknown there."""
        job = self._jobs.get(job_id.lower())
        return job if job is not None and job.project_id == project_id else None

    def add(
        self,
        project_id: str,
        workflow: Workflow,
        name: str | None,
        inputs: dict[str, Any],
        *,
        created: datetime | None = None,
        outcome: Outcome | None = None,
        **details: Any,
    ) -> AnalyticsJob:
        """Create a job, which runs from its creation time; `details` are other attributes."""
        with self.lock:
            number = len(self._jobs)
            config = inputs.get("config")
            tasks = range(len(workflow.blocks))
            job = AnalyticsJob(
                id=make_id(self._seed, "analytics-job", number),
                number=number,
                project_id=project_id,
                workflow=workflow,
                task_ids=tuple(make_id(self._seed, "task", number, index) for index in tasks),
                name=name,
                mode=config.get("mode", "DEFAULT") if isinstance(config, dict) else "DEFAULT",
                inputs=inputs,
                created=created or self._clock.now(),
                outcome=outcome or Outcome(ending=self._ending(name)),
                **details,
            )
            self._jobs[job.id] = job
            return job

    def choose_ending(self, ending: str) -> None:
        """Choose the final status of the next new job.

        Raises:
            ValueError: If `ending` isn't SUCCEEDED, FAILED, or ERROR.
        """
        known = {name: name for name in get_args(Ending)}
        if ending not in known:
            raise ValueError(f"ending must be one of {', '.join(known)}, got {ending!r}")
        self._endings.append(known[ending])

    def progress(self, job: AnalyticsJob) -> Progress:
        """Return the current status of a job."""
        return job_progress(job, self._clock.now())

    def task_progress(self, job: AnalyticsJob, index: int) -> Progress:
        """Return the current status of a task."""
        return task_progress(job, index, self._clock.now())

    def is_full(self, project_id: str) -> bool:
        """Return whether a project has the maximum number of unfinished jobs."""
        unfinished = sum(self.progress(job).status not in FINAL for job in self.jobs(project_id))
        return unfinished >= self.projects[project_id].settings[MAX_CONCURRENT_JOBS]

    def cancel(self, job: AnalyticsJob) -> None:
        """Cancel a job, unless it has ended."""
        with self.lock:
            if job.cancelled is None and self.progress(job).status not in FINAL:
                job.cancelled = self._clock.now()

    def rename(self, job: AnalyticsJob, name: str) -> None:
        """Rename a job."""
        with self.lock:
            job.name, job.renamed = name, self._clock.now()

    def _ending(self, name: str | None) -> Ending:
        if self._endings:
            return self._endings.popleft()
        found = (ending for mark, ending in MAGIC_NAMES.items() if mark in (name or ""))
        return next(found, "SUCCEEDED")
