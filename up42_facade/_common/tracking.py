"""Follow a job to its end, whichever API it belongs to."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Sequence
from numbers import Integral
from typing import Any, Generic, Protocol, TypeVar

from attrs import frozen

from up42_facade._common.logs import get_logger
from up42_facade._common.progress import bar
from up42_facade._common.values import is_number
from up42_facade.errors import (
    ConnectionFailedError,
    InvalidInputError,
    RateLimitError,
    ServerError,
    UnexpectedResponseError,
    UnfinishedJob,
    Up42Error,
)

logger = get_logger(__name__)

# Errors of an outage: the job goes on without us, so tracking does too.
PASSING = (
    ConnectionFailedError,
    RateLimitError,
    ServerError,
    UnexpectedResponseError,
)
# Seconds between the looks after a decided status: what follows normally does within moments,
# and where a server stops at these statuses nobody should wait for more.
SETTLING_WAITS = (1.0, 2.0, 4.0)
# Statuses are no steps of equal length: a rate, or the time that is left, would be made up.
BAR = "{desc}: {bar} {n_fmt}/{total_fmt} [{elapsed}{postfix}]"


class Followed(Protocol):
    """A job that can be looked at again and again."""

    @property
    def id(self) -> str:
        """Id of the job."""

    def refresh(self) -> object:
        """Look at the job at the server."""


J = TypeVar("J", bound=Followed)


@frozen
class Course(Generic[J]):
    """What the statuses of one kind of job mean to who follows it."""

    status: Callable[[J], str]
    """Reads the status that was seen last, without a request."""
    life: Sequence[str]
    """The way to a good end, for progress bars."""
    terminal: Collection[str]
    """Statuses after which nothing comes."""
    decided: Collection[str] = ()
    """Statuses whose outcome is certain, while something may still come soon."""

    def is_finished(self, job: J) -> bool:
        """Tell whether there is nothing left to wait for long."""
        status = self.status(job)
        return status in self.terminal or status in self.decided


def track(
    job: J,
    course: Course[J],
    *,
    wait: float,
    retries: int,
    on_update: Callable[[J], object] | None,
    progress: bool,
) -> J:
    """Look at a job until it has ended, and return it; see the `track` of the job classes."""
    check(wait, retries)
    wait = float(wait)
    steps = len(course.life)
    name = f"job {job.id[:8]}"
    with bar(progress=progress, total=steps, desc=name, bar_format=BAR) as shown:
        report = reporter(course, shown, on_update)
        failure: Up42Error | None = None
        for attempt in range(retries):
            if attempt:
                time.sleep(wait)
            failure = look(job)
            if failure is not None:
                continue
            report(job)
            if course.status(job) in course.decided:
                settle(job, course, wait, report)
            if course.is_finished(job):
                return job
    looks = "one look" if retries == 1 else f"{retries} looks, {wait:g} s apart"
    raise UnfinishedJob(
        f"Job {job.id} is still {str(course.status(job))!r} after {looks}. It goes on at the "
        "server: call track() again to wait longer.",
        job,
    ) from failure


def check(wait: float, retries: int) -> None:
    if not is_number(wait) or not 0 < wait < math.inf:
        raise InvalidInputError(f"wait={wait!r}: expected a positive number of seconds.")
    if not (is_number(retries) and isinstance(retries, Integral) and retries >= 1):
        raise InvalidInputError(f"retries={retries!r}: expected a whole number of at least 1.")


def look(job: Followed) -> Up42Error | None:
    """Refresh the job; return the error if a passing one prevented it."""
    try:
        job.refresh()
    except PASSING as error:
        logger.warning("Job %s could not be looked at, tracking goes on: %s", job.id, error)
        return error
    return None


def settle(job: J, course: Course[J], wait: float, report: Callable[[J], None]) -> None:
    """Give the server moments to settle what follows a decided status."""
    for pause in SETTLING_WAITS:
        time.sleep(min(pause, wait))
        if look(job) is None:
            report(job)
        if course.status(job) in course.terminal:
            return


def reporter(
    course: Course[J], shown: Any, on_update: Callable[[J], object] | None
) -> Callable[[J], None]:
    """Return what moves the bar and calls back when the status has changed."""
    last: list[str] = []

    def report(job: J) -> None:
        status = course.status(job)
        if last == [status]:
            # The time goes on.
            shown.refresh()
            return
        last[:] = [status]
        shown.set_postfix_str(str(status), refresh=False)
        shown.n = shown.total if course.is_finished(job) else position(course, status, shown.n)
        shown.refresh()
        if on_update is not None:
            on_update(job)

    return report


def position(course: Course[Any], status: str, present: int) -> int:
    return course.life.index(status) + 1 if status in course.life else present
