"""Poll jobs until they end, whichever API they belong to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from typing import Protocol, TypeVar

from up42_facade._common.logs import get_logger
from up42_facade._common.progress import StatusLine
from up42_facade._common.values import check_count, check_seconds
from up42_facade.errors import (
    ApiError,
    ConnectionFailedError,
    RateLimitError,
    ServerError,
    UnexpectedResponseError,
    UnfinishedJob,
    Up42Error,
)

logger = get_logger(__name__)

# Errors of an outage: the job continues without us, so tracking does, too.
TRANSIENT_ERRORS = (
    ConnectionFailedError,
    RateLimitError,
    ServerError,
    UnexpectedResponseError,
)
# Statuses of gateways that say nothing about the job, for example a redirect to a page about
# maintenance. As an error, a 5xx has a class of its own.
PASSING_STATUSES = frozenset({*range(300, 400), 408, 421, 425, 499})
# Seconds between the polls after a settling status: the next one normally follows soon, and if a
# server stops at these statuses, nobody should wait any longer.
SETTLING_WAITS = (1.0, 2.0, 4.0)

T = TypeVar("T")


def is_passing(error: Up42Error) -> bool:
    """Return whether an error says nothing about the job, and might pass."""
    if isinstance(error, TRANSIENT_ERRORS):
        return True
    return isinstance(error, ApiError) and error.status_code in PASSING_STATUSES


class Polling:
    """Decides which jobs are polled again and when, and tolerates outages.

    Attributes:
        wait: Seconds between polls.
        failure: The error of the last poll, if it failed.

    Args:
        wait: Seconds between polls.
        terminal: Statuses after which none follows.
        settling: Statuses whose outcome is certain, while another might follow soon.
    """

    def __init__(
        self, wait: float, terminal: Collection[str], settling: Collection[str] = ()
    ) -> None:
        check_seconds(wait=wait)
        self.wait = float(wait)
        self.failure: Up42Error | None = None
        self._terminal = terminal
        self._settling = settling
        # How often a job was polled with a settling status.
        self._settled: Counter[str] = Counter()

    def request(self, fetch: Callable[[], T], name: str) -> T | None:
        """Return what is fetched, or None during an outage, which is logged once.

        Args:
            fetch: Requests the jobs.
            name: What is polled, for messages.
        """
        try:
            found = fetch()
        except Up42Error as error:
            if not is_passing(error):
                raise
            if self.failure is None:
                logger.warning("Can't poll %s; tracking continues: %s", name, error)
            self.failure = error
            return None
        if self.failure is not None:
            logger.info("Polling %s works again.", name)
        self.failure = None
        return found

    def count(self, job_id: str, status: str) -> None:
        """Count a poll of a job, whether or not it worked."""
        if status in self._settling:
            self._settled[job_id] += 1

    def is_open(self, job_id: str, status: str) -> bool:
        """Return whether the job should be polled again."""
        return status not in self._terminal and self._settled[job_id] <= len(SETTLING_WAITS)

    def is_settling(self, status: str) -> bool:
        return status in self._settling

    def pause(self, jobs: Iterable[tuple[str, str]]) -> float:
        """Return the seconds until the next poll: few if the jobs only settle.

        Args:
            jobs: IDs and statuses of the open jobs.
        """
        jobs = list(jobs)
        if any(status not in self._settling for _, status in jobs):
            return self.wait
        polls = min((self._settled[job_id] for job_id, _ in jobs), default=1)
        return min(self.wait, SETTLING_WAITS[max(polls, 1) - 1])


class Trackable(Protocol):
    """A job that can be polled."""

    @property
    def id(self) -> str:
        """ID of the job."""

    def refresh(self) -> object:
        """Update the job from the server."""


J = TypeVar("J", bound=Trackable)


def track(
    job: J,
    polling: Polling,
    *,
    status_of: Callable[[J], str],
    retries: int,
    on_update: Callable[[J], object] | None,
    progress: bool,
) -> J:
    """Poll a job until it ends, and return it; see the `track` of the job classes."""
    check_count("retries", retries)
    name = f"job {job.id[:8]}"
    last = None
    polls = 0
    with StatusLine(name, progress=progress) as shown:
        while True:
            found = polling.request(job.refresh, name)
            status = str(status_of(job))
            shown.show(f"{status}, unreachable" if found is None else status)
            if found is not None and status != last:
                last = status
                logger.info("Job %s is %s.", job.id, status)
                if on_update is not None:
                    with shown.aside():
                        on_update(job)
            polling.count(job.id, status)
            polls += 1
            if not polling.is_open(job.id, status):
                return job
            if polls >= retries and not polling.is_settling(status):
                break
            shown.sleep(polling.pause([(job.id, status)]))
    made = "one poll" if polls == 1 else f"{polls} polls, {polling.wait:g} s apart"
    raise UnfinishedJob(
        f"Job {job.id} is still {status!r} after {made}. It continues on the server: call track() "
        "again to keep waiting.",
        job,
    ) from polling.failure
