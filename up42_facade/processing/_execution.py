"""Execute a process once: whatever happens to the connection, one request has one job."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from attrs import Factory, field, frozen

from up42_facade._common.logs import get_logger
from up42_facade._common.values import next_link, sent
from up42_facade.errors import (
    ApiError,
    ConnectionFailedError,
    ExecutionUncertainError,
    UnexpectedResponseError,
    Up42Error,
)
from up42_facade.processing._job import Job
from up42_facade.processing._ledger import (
    LISTING_LIFETIME,
    UNDERWAY,
    Finding,
    Intent,
    Ledger,
    State,
    ledgers,
)
from up42_facade.processing._listing import Query, entries_of
from up42_facade.processing._types import JobSorting
from up42_facade.session import Session

logger = get_logger(__name__)

# Jobs of one process that are compared before and after; new ones come first.
RECENT_JOBS = 100
# A search ends after this many jobs that existed before the request: where the clocks of a
# server's nodes differ, a new job may be listed after older ones.
OVERLAP = 50
# The documented refusals. Any other error status may come from a proxy, after the server has
# accepted the request.
REFUSALS = frozenset({400, 401, 402, 403, 404, 422, 429})
SEARCH_FIRST = "Call find_jobs() of this error before you execute again: it may cost a second time."


def is_refusal(error: BaseException) -> bool:
    """Return whether an error means that the server certainly didn't accept a request."""
    if isinstance(error, ConnectionFailedError):
        return not error.sent
    if isinstance(error, ApiError):
        return error.status_code in REFUSALS
    # Other errors of this package come from before the request: a closed session, credentials.
    # Anything else is unforeseen, for example a response that can't be decompressed.
    return isinstance(error, Up42Error)


@frozen
class Execution:
    """One request to execute a process, and the search for its job if the response is lost.

    Attributes:
        session: Session that sends it.
        intent: The request.
        budget_id: Budget to charge.
        stop: Ends the search for a job when it is set.
        advice: What to do if the job isn't certain, for errors.
        ledger: Ledger of the account.
    """

    session: Session
    intent: Intent
    budget_id: str | None = None
    stop: threading.Event = field(factory=threading.Event)
    advice: str = SEARCH_FIRST
    ledger: Ledger = field(
        default=Factory(lambda self: ledgers.of(self.session), takes_self=True), kw_only=True
    )

    def run(self, record: Callable[[], object] | None = None) -> Job:
        """Send the request once and return the job.

        Executions of one account whose jobs could be confused follow one another.

        Args:
            record: Called right before the request. If it raises, nothing is sent.

        Raises:
            ExecutionUncertainError: If the response was lost, and no job is certainly the right
                one.
        """
        intent, ledger = self.intent, self.ledger
        self.list_jobs()
        try:
            # Inside, as Ctrl-C may strike when it has begun.
            ledger.begin(intent)
            if record is not None:
                record()
        except BaseException:
            ledger.withdraw(intent)
            raise
        try:
            return self._send_or_find()
        except KeyboardInterrupt as interruption:
            interruption.add_note(
                f"An execution of {intent.process_id!r} was in flight: find its job in "
                "Job.all(sort_by=JobSorting.created) before you execute it again."
            )
            raise
        finally:
            if intent.state in UNDERWAY:
                ledger.move(intent, State.UNCERTAIN)

    def list_jobs(self, lifetime: float = LISTING_LIFETIME) -> list[Job] | None:
        """List the recent jobs of the process, unless that was done within the lifetime."""
        return self.ledger.list_jobs(self.intent.scope, self._recent, lifetime=lifetime)

    def list_back_to_known(self) -> list[Job]:
        """List the recent jobs, and all others that are newer than those that the intent knows."""

        def read() -> list[Job]:
            existed = self.intent.known.__contains__
            return list(self._back_to_known(existed, least=RECENT_JOBS))

        return self.ledger.list_jobs(self.intent.scope, read, lifetime=0) or []

    def search(self, delays: Iterable[float]) -> Finding:
        """Search for the job until one fits.

        Args:
            delays: Seconds to wait before each listing.

        Returns:
            The result of the last listing.

        Raises:
            Up42Error: If the last listing failed, or the search was stopped.
        """
        finding, failure = Finding(), None
        for delay in delays:
            if self.stop.wait(delay):
                raise Up42Error("The search was stopped.")
            try:
                finding, failure = self.search_once(), None
            except Up42Error as error:
                failure = error
                continue
            if finding.job is not None or (finding.candidates and finding.fits):
                break
        if failure is not None:
            raise failure
        return finding

    def search_once(self, *, dry: bool = False) -> Finding:
        """List the jobs once, and claim the right one unless this is a dry run."""
        listed = self._listed_since()
        self.ledger.see(self.intent.scope, [job.id for job in listed])
        finding = self.ledger.claim(self.intent, listed, dry=dry)
        if finding.job is not None:
            logger.warning(
                "The response to an execution of %s was lost; its job %s was found in the list of "
                "jobs.",
                self.intent.process_id,
                finding.job.id,
            )
        return finding

    def uncertain(self, reason: str, candidates: Sequence[Job] = ()) -> ExecutionUncertainError:
        """Return the error for an execution whose job can't be told."""
        return ExecutionUncertainError(
            reason,
            process_id=self.intent.process_id,
            inputs=self.intent.inputs,
            candidates=candidates,
            find_jobs=lambda: list(self.search_once(dry=True).candidates),
        )

    def unsettled(self, finding: Finding) -> ExecutionUncertainError:
        """Return the error for a search that didn't find the right job."""
        return self._lost(described(finding), finding.candidates)

    def _send_or_find(self) -> Job:
        try:
            return self._send()
        except Exception as error:
            if is_refusal(error):
                self.ledger.move(self.intent, State.REFUSED)
                raise
            return self._find(error)

    def _send(self) -> Job:
        from up42_client.api.processing import execute_process
        from up42_client.models import ExecuteRequest

        request = execute_process.request(
            self.intent.process_id,
            body=ExecuteRequest(inputs=dict(self.intent.inputs)),
            workspace_id=self.intent.workspace_id,
            budget_id=sent(self.budget_id),
        )
        job = Job._adapt(self.session.call(request), self.session)
        if not self.ledger.accept(self.intent, job):
            raise UnexpectedResponseError(
                f"The server responded with job {job.id} of {job.process_id!r}, which can't be "
                "that of this request: it existed before, or belongs to another one.",
                status_code=200,
            )
        return job

    def _find(self, error: Exception) -> Job:
        logger.warning("The response to an execution was lost, searching for its job: %s", error)
        self.ledger.move(self.intent, State.LOST)
        try:
            finding = self.search(self.session.options.lookup_waits)
        except Up42Error as failure:
            reason = f"The list of jobs can't be read either: {failure}"
            raise self._lost(reason) from error
        if finding.job is None:
            raise self.unsettled(finding) from error
        return finding.job

    def _lost(self, reason: str, candidates: Sequence[Job] = ()) -> ExecutionUncertainError:
        lost = f"The response to the execution of {self.intent.process_id!r} was lost."
        return self.uncertain(f"{lost} {reason} {self.advice}", candidates)

    def _recent(self) -> list[Job]:
        page = self.session.call(self._query().request())
        jobs = list(Job._adapt_all(entries_of(page), self.session))
        if len(jobs) < RECENT_JOBS and next_link(page):
            # The server's pages are smaller than requested.
            return list(islice(self._newest_first(), RECENT_JOBS))
        return jobs

    def _listed_since(self) -> list[Job]:
        """Return the jobs that didn't exist before the request."""

        def existed(job_id: str) -> bool:
            return self.ledger.existed_before(self.intent, job_id)

        # An entry that can't be read might be the job.
        listed = self._back_to_known(existed, is_strict=True)
        return [job for job in listed if not existed(job.id)]

    def _back_to_known(
        self, existed: Callable[[str], bool], *, least: int = 0, is_strict: bool = False
    ) -> Iterator[Job]:
        """Yield the newest jobs, until enough of them existed before, but no fewer than `least`."""
        passed = 0
        for number, job in enumerate(self._newest_first(is_strict=is_strict), start=1):
            yield job
            passed += existed(job.id)
            if passed >= OVERLAP and number >= least:
                return

    def _newest_first(self, *, is_strict: bool = False) -> Iterator[Job]:
        return Job._list(self._query(is_strict=is_strict), self.session)

    def _query(self, *, is_strict: bool = False) -> Query:
        return Query(
            process_id=[self.intent.process_id],
            workspace_id=self.intent.workspace_id,
            sort_by=JobSorting.created.desc,
            page_size=RECENT_JOBS,
            is_strict=is_strict,
        )


NOT_FOUND = "No job with these inputs has appeared since: probably the server didn't accept it."


def described(finding: Finding) -> str:
    """Return in words why the right job isn't certain."""
    if not finding.candidates:
        return NOT_FOUND
    ids = ", ".join(job.id for job in finding.candidates)
    if not finding.fits:
        return (
            "No job with these inputs has appeared since, but others of this process have, whose "
            f"inputs the server may have changed: {ids}."
        )
    if finding.rivals:
        return f"Job {ids} fits, but might be that of another request of this program."
    return f"Several jobs with these inputs were created since, perhaps by others: {ids}."
