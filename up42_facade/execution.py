"""Execute a process once: whatever happens on the wire, the job is neither doubled nor lost."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from up42_facade.errors import ExecutionUncertainError, Up42Error
from up42_facade.job_list import Page, jobs_of
from up42_facade.lost_answers import is_unclear, look_for
from up42_facade.processing import Job
from up42_facade.processing_types import JobSorting
from up42_facade.session import Session

logger = logging.getLogger(__name__)

# Jobs of one process that are compared before and after; new ones come first.
RECENT_JOBS = 100


@frozen
class Execution:
    """One request to execute a process, and how to find its job if the answer is lost."""

    session: Session
    process_id: str
    inputs: Mapping[str, Any]
    workspace_id: str
    budget_id: str | None = None

    def run(self) -> Job:
        """Send the request once and return the job.

        Identical executions of one session follow one another, so that the job of one can't
        be taken for that of the other.
        """
        fingerprint = json.dumps([self.process_id, self.inputs], sort_keys=True, default=str)
        with self.session.once(("execution", fingerprint), threading.Lock):
            # The ids, rather than a time, tell old jobs from new ones: clocks differ.
            known = {job.id for job in self._recent()}
            try:
                return self._send()
            except KeyboardInterrupt as interruption:
                interruption.add_note(
                    f"An execution of {self.process_id!r} was under way: look for its job in "
                    "Job.all(sort_by=JobSorting.created) before you execute it again."
                )
                raise
            except Up42Error as error:
                if not is_unclear(error):
                    raise
                return self._find(known, error)

    def _send(self) -> Job:
        from up42_client.api.processing import execute_process
        from up42_client.models import ExecuteRequest

        budget = {} if self.budget_id is None else {"budget_id": self.budget_id}
        answer = self.session.call_object(
            execute_process,
            self.process_id,
            body=ExecuteRequest.from_dict({"inputs": self.inputs}),
            workspace_id=self.workspace_id,
            **budget,
        )
        return Job._adapt(answer, self.session)

    def _recent(self) -> list[Job]:
        from up42_client.api.processing import list_processing_jobs

        page = self.session.call_object(
            list_processing_jobs,
            workspace_id=self.workspace_id,
            process_id=[self.process_id],
            sort=str(JobSorting.created.desc),
            limit=RECENT_JOBS,
        )
        return list(jobs_of(Page.from_dict(page), self.session))

    def _new(self, known: set[str]) -> list[Job]:
        """Return the jobs with our inputs that were made since `known` was noted."""
        found: list[Job] = []
        for job in self._newest_first():
            if job.id in known:
                break
            if all(job.inputs.get(name) == value for name, value in self.inputs.items()):
                found.append(job)
        return found

    def _newest_first(self) -> Iterator[Job]:
        return Job.all(
            process_id=[self.process_id],
            workspace_id=self.workspace_id,
            sort_by=JobSorting.created.desc,
            page_size=RECENT_JOBS,
            session=self.session,
        )

    def _find(self, known: set[str], error: Up42Error) -> Job:
        logger.warning("The answer to an execution was lost, looking for its job: %s", error)
        try:
            candidates = look_for(lambda: self._new(known), self.session.options.lookup_waits)
        except Up42Error as failure:
            unread = f"The list of jobs can't be read either: {failure}"
            raise self._uncertain(unread, known) from error
        if len(candidates) == 1:
            return candidates[0]
        what = several(candidates) if candidates else NONE_FOUND
        raise self._uncertain(what, known, candidates) from error

    def _uncertain(
        self, what: str, known: set[str], candidates: list[Job] | None = None
    ) -> ExecutionUncertainError:
        return ExecutionUncertainError(
            f"The answer to the execution of {self.process_id!r} was lost. {what} Call "
            "look_up() of this error before you execute again: it may cost a second time.",
            process_id=self.process_id,
            inputs=self.inputs,
            candidates=candidates or (),
            look_up=lambda: self._new(known),
        )


NONE_FOUND = "No job with these inputs has appeared since: probably the server did not take it."


def several(candidates: list[Job]) -> str:
    ids = ", ".join(job.id for job in candidates)
    return f"Several jobs with these inputs were made since, perhaps by somebody else: {ids}."
