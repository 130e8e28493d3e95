"""Track a job until it ends, whichever API it belongs to."""

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

# Errors of an outage: the job continues without us, so tracking does, too.
TRANSIENT_ERRORS = (
    ConnectionFailedError,
    RateLimitError,
    ServerError,
    UnexpectedResponseError,
)
# Seconds between the polls after a settling status: the next one normally follows soon, and if a
# server stops at these statuses, nobody should wait any longer.
SETTLING_WAITS = (1.0, 2.0, 4.0)
# Statuses aren't steps of equal length: a rate, or the time left, would be invented.
BAR = "{desc}: {bar} {n_fmt}/{total_fmt} [{elapsed}{postfix}]"


class Trackable(Protocol):
    """A job that can be polled."""

    @property
    def id(self) -> str:
        """ID of the job."""

    def refresh(self) -> object:
        """Update the job from the server."""


J = TypeVar("J", bound=Trackable)


@frozen
class Lifecycle(Generic[J]):
    """How to read the statuses of one kind of job while tracking it."""

    status: Callable[[J], str]
    """Returns the last known status, without a request."""
    sequence: Sequence[str]
    """Statuses of a successful job in order, for progress bars."""
    terminal: Collection[str]
    """Statuses after which none follows."""
    settling: Collection[str] = ()
    """Statuses whose outcome is certain, while another might follow soon."""

    def is_finished(self, job: J) -> bool:
        """Return whether there is nothing left to wait for long."""
        status = self.status(job)
        return status in self.terminal or status in self.settling


def track(
    job: J,
    lifecycle: Lifecycle[J],
    *,
    wait: float,
    retries: int,
    on_update: Callable[[J], object] | None,
    progress: bool,
) -> J:
    """Poll a job until it ends, and return it; see the `track` of the job classes."""
    check(wait, retries)
    wait = float(wait)
    steps = len(lifecycle.sequence)
    name = f"job {job.id[:8]}"
    with bar(progress=progress, total=steps, desc=name, bar_format=BAR) as shown:
        report = reporter(lifecycle, shown, on_update)
        failure: Up42Error | None = None
        for attempt in range(retries):
            if attempt:
                time.sleep(wait)
            failure = poll(job)
            if failure is not None:
                continue
            report(job)
            if lifecycle.status(job) in lifecycle.settling:
                settle(job, lifecycle, wait, report)
            if lifecycle.is_finished(job):
                return job
    polls = "one poll" if retries == 1 else f"{retries} polls, {wait:g} s apart"
    raise UnfinishedJob(
        f"Job {job.id} is still {str(lifecycle.status(job))!r} after {polls}. It continues on the "
        "server: call track() again to keep waiting.",
        job,
    ) from failure


def check(wait: float, retries: int) -> None:
    if not is_number(wait) or not 0 < wait < math.inf:
        raise InvalidInputError(f"wait={wait!r}: expected a positive number of seconds.")
    if not (is_number(retries) and isinstance(retries, Integral) and retries >= 1):
        raise InvalidInputError(f"retries={retries!r}: expected a whole number of at least 1.")


def poll(job: Trackable) -> Up42Error | None:
    """Refresh the job, or return the transient error that prevented it."""
    try:
        job.refresh()
    except TRANSIENT_ERRORS as error:
        logger.warning("Can't refresh job %s, tracking continues: %s", job.id, error)
        return error
    return None


def settle(job: J, lifecycle: Lifecycle[J], wait: float, report: Callable[[J], None]) -> None:
    """Poll a few more times for what follows a settling status."""
    for pause in SETTLING_WAITS:
        time.sleep(min(pause, wait))
        if poll(job) is None:
            report(job)
        if lifecycle.status(job) in lifecycle.terminal:
            return


def reporter(
    lifecycle: Lifecycle[J], shown: Any, on_update: Callable[[J], object] | None
) -> Callable[[J], None]:
    """Return a function that moves the bar, and calls back if the status has changed."""
    last: list[str] = []

    def report(job: J) -> None:
        status = lifecycle.status(job)
        if last == [status]:
            # The elapsed time changes.
            shown.refresh()
            return
        last[:] = [status]
        shown.set_postfix_str(str(status), refresh=False)
        if lifecycle.is_finished(job):
            shown.n = shown.total
        elif status in lifecycle.sequence:
            shown.n = lifecycle.sequence.index(status) + 1
        shown.refresh()
        logger.info("Job %s is %s.", job.id, status)
        if on_update is not None:
            on_update(job)

    return report
