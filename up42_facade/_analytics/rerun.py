"""Run an analytics job again, once: the new job is neither doubled nor lost."""

from __future__ import annotations

import json
import logging
import threading
from typing import Any

from attrs import frozen

from up42_facade._analytics.answers import JobAddress, mapping, retold
from up42_facade._analytics.listing import Listing
from up42_facade._analytics.types import AnalyticsJobSorting
from up42_facade._common.lost_answers import is_unclear, look_for
from up42_facade.errors import (
    ApiError,
    ConcurrentJobsError,
    NotFoundError,
    RateLimitError,
    RerunUncertainError,
    UnexpectedResponseError,
    Up42Error,
)

logger = logging.getLogger(__name__)

NONE_FOUND = "No such job has appeared since: probably the server did not take the request."


@frozen
class Rerun:
    """One request to run a job again, and how to find the new job if the answer is lost."""

    address: JobAddress
    workflow_id: str
    inputs: dict[str, Any]
    name: str | None = None

    def run(self) -> dict[str, Any]:
        """Send the request once and return the metadata of the new job.

        Reruns of one workflow with the same inputs follow one another, so that the job of one
        can't be taken for that of the other.
        """
        session = self.address.session
        fingerprint = json.dumps([self.workflow_id, self.inputs], sort_keys=True)
        with session.once(("rerun", fingerprint), threading.Lock):
            # The ids, rather than a time, tell old jobs from new ones: clocks differ.
            known = {job["id"] for job in self._newest_first().page(0)}
            try:
                return self._send()
            except KeyboardInterrupt as interruption:
                interruption.add_note(
                    f"A rerun of job {self.address.job_id} was under way: look for the new job "
                    "in get_jobs(sort_by=AnalyticsJobSorting.created) before you repeat it."
                )
                raise
            except Exception as error:
                if not is_unclear(error):
                    raise
                return self._find(known, error)

    def _send(self) -> dict[str, Any]:
        from up42_client.api.analytics import rerun_job

        project_id, job_id = self.address.path
        named = {} if self.name is None else {"name": self.name}
        try:
            job = mapping(
                self.address.session, rerun_job, project_id, self.workflow_id, job_id, **named
            )
        except NotFoundError as error:
            raise self.address.unknown(error) from error
        except RateLimitError as error:
            raise at_capacity(project_id, error) from error
        if not isinstance(job.get("id"), str):
            raise UnexpectedResponseError(
                "The server answered a rerun with a job without id.", status_code=200, body=job
            )
        return job

    def _newest_first(self) -> Listing:
        newest = AnalyticsJobSorting.created.desc
        return Listing(self.address.session, self.address.project_id, newest)

    def _new(self, known: set[str]) -> list[dict[str, Any]]:
        """Return the jobs like ours that were made since `known` was noted.

        Names are not compared: a server may choose another one than was asked for.
        """
        found: list[dict[str, Any]] = []
        for job in self._newest_first():
            if job["id"] in known:
                break
            if job.get("workflowId") == self.workflow_id and job.get("inputs") == self.inputs:
                found.append(job)
        return found

    def _find(self, known: set[str], error: Exception) -> dict[str, Any]:
        logger.warning("The answer to a rerun was lost, looking for its job: %s", error)
        pauses = self.address.session.options.lookup_waits
        try:
            candidates = look_for(lambda: self._new(known), pauses)
        except Up42Error as failure:
            unread = f"The list of jobs can't be read either: {failure}"
            raise self._uncertain(unread, known) from error
        if len(candidates) == 1:
            return candidates[0]
        what = several(candidates) if candidates else NONE_FOUND
        raise self._uncertain(what, known, candidates) from error

    def _uncertain(
        self, what: str, known: set[str], candidates: list[dict[str, Any]] | None = None
    ) -> RerunUncertainError:
        from up42_facade._analytics.jobs import Job

        project_id, job_id = self.address.path

        def jobs(found: list[dict[str, Any]]) -> list[Job]:
            session = self.address.session
            return [Job(job["id"], project_id, session, known=job) for job in found]

        return RerunUncertainError(
            f"The answer to the rerun of job {job_id} was lost. {what} Call look_up() of this "
            "error before you repeat it: it may cost a second time.",
            project_id=project_id,
            job_id=job_id,
            candidates=jobs(candidates or []),
            look_up=lambda: jobs(self._new(known)),
        )


def several(candidates: list[dict[str, Any]]) -> str:
    ids = ", ".join(job["id"] for job in candidates)
    return f"Several such jobs were made since, perhaps by somebody else: {ids}."


def at_capacity(project_id: str, error: RateLimitError) -> ApiError:
    """Return the error for the status that elsewhere means a rate limit."""
    return retold(
        error,
        f"Project {project_id!r} runs as many jobs as it may at the same time (its setting "
        "MAX_CONCURRENT_JOBS, 1 unless it was raised). Nothing was started: wait until one of "
        "them ends, for instance with track(), or cancel() one. The server said: "
        f"{error.title or error}",
        ConcurrentJobsError,
    )
