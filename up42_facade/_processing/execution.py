"""Execute a process once: whatever happens on the wire, the job is neither doubled nor lost."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice
from typing import Any

from attrs import field, frozen

from up42_facade._common.lost_answers import is_unclear, look_for
from up42_facade._common.values import next_link, sent
from up42_facade._processing.job_list import jobs_of
from up42_facade._processing.types import JobSorting
from up42_facade.errors import ExecutionUncertainError, Up42Error
from up42_facade.processing import Job
from up42_facade.session import Session

logger = logging.getLogger(__name__)

# Jobs of one process that are compared before and after; new ones come first.
RECENT_JOBS = 100
# Of the jobs that were there before, so many are passed on the way back to older ones: where
# the clocks of a server's nodes differ, a new job may stand behind jobs that were known.
OVERLAP = 50


def excludes_none(job: Job) -> bool:
    return False


@frozen
class Execution:
    """One request to execute a process, and how to find its job if the answer is lost.

    Attributes:
        session, process_id, inputs, workspace_id, budget_id: What is asked for.
        is_excluded: Tells jobs that fit but are known to be another request's.
        stop: Ends the search for a job when it is set.
    """

    session: Session
    process_id: str
    inputs: Mapping[str, Any]
    workspace_id: str
    budget_id: str | None = None
    is_excluded: Callable[[Job], bool] = excludes_none
    stop: threading.Event = field(factory=threading.Event)

    def run(self, on_send: Callable[[Collection[str]], object] | None = None) -> Job:
        """Send the request once and return the job.

        Identical executions of one session follow one another, so that the job of one can't
        be taken for that of the other.

        Args:
            on_send: Called right before the request, with the ids of the jobs that are there
                already: with them `find_new` finds the job of a request whose sender died. If
                it raises, nothing is sent.
        """
        fingerprint = json.dumps([self.process_id, self.inputs], sort_keys=True, default=str)
        with self.session.once(("execution", fingerprint), threading.Lock):
            # The ids, rather than a time, tell old jobs from new ones: clocks differ.
            known = {job.id for job in self._recent()}
            if on_send is not None:
                on_send(known)
            try:
                return self._send()
            except KeyboardInterrupt as interruption:
                interruption.add_note(
                    f"An execution of {self.process_id!r} was under way: look for its job in "
                    "Job.all(sort_by=JobSorting.created) before you execute it again."
                )
                raise
            except Exception as error:
                if not is_unclear(error):
                    raise
                return self._find(known, error)

    def _send(self) -> Job:
        from up42_client.api.processing import execute_process
        from up42_client.models import ExecuteRequest

        request = execute_process.request(
            self.process_id,
            body=ExecuteRequest(inputs=dict(self.inputs)),
            workspace_id=self.workspace_id,
            budget_id=sent(self.budget_id),
        )
        return Job._adapt(self.session.call(request), self.session)

    def _recent(self) -> list[Job]:
        from up42_client.api.processing import list_processing_jobs

        request = list_processing_jobs.request(
            workspace_id=self.workspace_id,
            process_id=[self.process_id],
            sort=str(JobSorting.created.desc),
            limit=RECENT_JOBS,
        )
        page = self.session.call(request)
        jobs = list(jobs_of(page, self.session))
        if len(jobs) < RECENT_JOBS and next_link(page.links):
            # The server's pages are smaller than what was asked for.
            return list(islice(self._newest_first(), RECENT_JOBS))
        return jobs

    def find_new(self, known: Collection[str]) -> list[Job]:
        """Return the jobs with our inputs that were made since `known` was noted.

        A server may add inputs that we left out: such jobs count where none has ours exactly.
        """
        found: list[Job] = []
        passed = 0
        for job in self._newest_first():
            if job.id in known:
                passed += 1
                if passed == OVERLAP:
                    break
            elif self._fits(job) and not self.is_excluded(job):
                found.append(job)
        return [job for job in found if job.inputs == self.inputs] or found

    def _fits(self, job: Job) -> bool:
        return all(job.inputs.get(name) == value for name, value in self.inputs.items())

    def _newest_first(self) -> Iterator[Job]:
        return Job.all(
            process_id=[self.process_id],
            workspace_id=self.workspace_id,
            sort_by=JobSorting.created.desc,
            page_size=RECENT_JOBS,
            session=self.session,
        )

    def _find(self, known: set[str], error: Exception) -> Job:
        logger.warning("The answer to an execution was lost, looking for its job: %s", error)
        pauses = self.session.options.lookup_waits
        try:
            candidates = look_for(lambda: self.find_new(known), pauses, self.stop)
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
            f"The answer to the execution of {self.process_id!r} was lost. {what} {LOOK_FIRST}",
            process_id=self.process_id,
            inputs=self.inputs,
            candidates=candidates or (),
            find_jobs=lambda: self.find_new(known),
        )


LOOK_FIRST = "Call find_jobs() of this error before you execute again: it may cost a second time."
NONE_FOUND = "No job with these inputs has appeared since: probably the server did not take it."


def several(candidates: list[Job]) -> str:
    ids = ", ".join(job.id for job in candidates)
    return f"Several jobs with these inputs were made since, perhaps by somebody else: {ids}."
