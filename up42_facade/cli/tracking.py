"""The options of commands that wait for jobs, and what they say meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

import up42_facade as up42
from up42_facade.cli.exit_codes import ExitCode
from up42_facade.cli.messages import CommandError, hint, is_watched, on_interrupt, say

# A year: so long nobody waits.
LONGEST = 60.0 * 60 * 24 * 366
DEFAULT_WAIT = 60.0
# The documented default of Job.track: three days.
DEFAULT_TIMEOUT = 60.0 * 60 * 24 * 3


def waiting(command: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command: give it --wait and --timeout."""
    timeout = click.option(
        "--timeout",
        type=float,
        callback=positive,
        default=DEFAULT_TIMEOUT,
        metavar="SECONDS",
        help="How long to wait at most. [3 days]",
    )
    wait = click.option(
        "--wait",
        type=float,
        callback=positive,
        default=DEFAULT_WAIT,
        metavar="SECONDS",
        help="Time between two looks. [60]",
    )
    return wait(timeout(command))


def positive(context: click.Context, parameter: click.Parameter, seconds: float) -> float:
    """Refuse times that can't be waited, among them `nan` and `inf`."""
    if not 0 < seconds <= LONGEST:
        raise click.BadParameter("expected a positive number of seconds.", context, parameter)
    return seconds


def follow(job: up42.Job, wait: float, timeout: float) -> None:
    """Wait until a job has ended.

    Raises:
        UnfinishedJob: It hasn't.
    """
    wait = min(wait, timeout)
    looks = int(timeout // wait) + 1
    again = f"up42 jobs track {job.id}"
    interruption = on_interrupt(f"The job goes on at the server; wait for it again: {again}")
    with interruption, hint(up42.UnfinishedJob, f"Wait for it again: {again}"):
        job.track(wait=wait, retries=looks, on_update=None if is_watched() else tell_status)


def tell_status(job: up42.Job) -> None:
    """Say how a job stands, where no bar does."""
    say(f"Job {job.id} is {job.status.value}.")


def require_success(job: Any) -> None:
    """End the command if a job has ended without success."""
    if job.is_succeeded:
        return
    reasons = "; ".join(f"{error.name}: {error.message}" for error in job.errors or ())
    raise CommandError(
        f"Job {job.id} ended {job.status.value!r} and has no results."
        + (f" {reasons}" if reasons else ""),
        ExitCode.UNSUCCESSFUL,
    )
