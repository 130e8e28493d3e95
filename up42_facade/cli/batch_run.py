"""One `up42 batch run`: price, ask, execute, and if wanted wait and download."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from attrs import frozen

import up42_facade as up42
from up42_facade.cli.consent import ask
from up42_facade.cli.messages import is_watched, say

# Statuses of entries without a job that `execute` makes one for.
EXECUTABLE = ("pending", "uncertain")
# Statuses of entries that never had a job.
UNTOUCHED = ("pending", "invalid")


@frozen(kw_only=True)
class Wishes:
    """What the options ask for."""

    max_credits: Decimal | None
    yes: bool
    budget_id: str | None
    cheapest_first: bool
    max_concurrent: int | None
    retry_failed: bool
    track: bool
    wait: float
    timeout: float
    folder: str | None


class BatchRun:
    """The rows of a file in their journal, and what is done with them.

    Attributes:
        batch: The entries of the rows, and those whose row is gone but whose job isn't.
    """

    def __init__(
        self,
        whole: up42.Batch,
        templates: Sequence[up42.processing_templates.JobTemplate],
        wishes: Wishes,
        known: int,
    ) -> None:
        rows = {id(template) for template in templates}
        self.batch = whole.filter(
            predicate=lambda entry: entry.status not in UNTOUCHED or id(entry.template) in rows
        )
        self._wishes = wishes
        # Entries that the journal had before this run.
        self._known = known
        gone = len(whole) - len(self.batch)
        if gone:
            say(f"{gone} entries of the journal are no longer in the file: they are not executed.")

    def run(self) -> None:
        """Do everything that was asked for."""
        wishes = self._wishes
        self.batch.estimate()
        waiting = self.batch.filter(status=EXECUTABLE)
        again = self.batch.failed() if wishes.retry_failed else self.batch[:0]
        if len(waiting) or len(again):
            self._ask(waiting + again)
        if len(waiting):
            self.batch.execute(**self._limits)
        if len(again):
            self.batch.retry(**self._limits)
        left = len(self.batch.filter(status=EXECUTABLE))
        if left:
            all_jobs = len(self.batch)
            say(f"{left} of {all_jobs} jobs were not executed: the credits don't suffice.")
        if wishes.track:
            self._track()
        if wishes.folder is not None:
            self.batch.download(wishes.folder)

    @property
    def _limits(self) -> dict[str, Any]:
        wishes = self._wishes
        return {
            "max_credits": wishes.max_credits,
            "max_concurrent": wishes.max_concurrent,
            "cheapest_first": wishes.cheapest_first,
            "budget_id": wishes.budget_id,
            "wait": wishes.wait,
        }

    def _ask(self, wanted: up42.Batch) -> None:
        wishes = self._wishes
        new = wanted.filter(predicate=lambda entry: entry.index >= self._known)
        if self._known and len(new):
            say(
                f"{len(new)} rows aren't in the journal yet: they cost {new.cost.credits} credits "
                "more. A row with another title, item, or parameter is a new one."
            )
        question = f"Execute {len(wanted)} jobs for {wanted.cost.credits} credits?"
        ask(question, wishes.max_credits, wishes.yes)

    def _track(self) -> None:
        tell = None if is_watched() else tell_status
        self.batch.track(wait=self._wishes.wait, timeout=self._wishes.timeout, on_update=tell)


def tell_status(entry: up42.BatchEntry) -> None:
    """Say how an entry stands, where no bar does."""
    say(f"{entry.index} {entry.title}: {entry.status}")
