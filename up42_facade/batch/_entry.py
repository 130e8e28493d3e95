"""One template of a batch and what became of it, as callers see it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from up42_facade._common.html import Status, table
from up42_facade.batch._journal import Journal
from up42_facade.batch._pricing import template_of
from up42_facade.batch._records import Record

if TYPE_CHECKING:
    from up42_facade.processing import Job
    from up42_facade.processing._templates import JobTemplate
    from up42_facade.processing._types import Cost, ValidationError


@frozen(repr=False)
class BatchEntry:
    """One template of a batch with its price, its job and its files.

    It shows what is known by now and asks for nothing.
    """

    _record: Record = field(alias="record")
    _journal: Journal = field(alias="journal", eq=False)

    def __repr__(self) -> str:
        return (
            f"BatchEntry(index={self.index}, process_id={self.process_id!r}, "
            f"title={self.title!r}, status={self.status!r})"
        )

    def _repr_html_(self) -> str:
        rows = {
            "Process": self.process_id,
            "Title": self.title,
            "Status": Status(self.status),
            "Estimated credits": self.cost.credits if self.cost else None,
            "Credits": self.job.credits if self.job else None,
            "Job": self.job.id if self.job else None,
            "Reason": self.reason,
            "Files": self.files,
        }
        return table(f"Entry {self.index}", rows)

    @property
    def index(self) -> int:
        """Number of the entry in its journal, from 0; it never changes."""
        return self._record.index

    @property
    def template(self) -> JobTemplate:
        """The template, as it was given or as the journal has kept it."""
        return template_of(self._record, self._journal)

    @property
    def process_id(self) -> str:
        """Id of the process."""
        return self._record.process_id

    @property
    def inputs(self) -> dict[str, Any]:
        """The inputs as they are sent."""
        return dict(self._record.inputs)

    @property
    def title(self) -> str | None:
        """Title of the resulting item and collection, if the process takes one."""
        return self._record.inputs.get("title")

    @property
    def geometry(self) -> dict[str, Any] | None:
        """Footprint of the items as GeoJSON in degrees (EPSG:4326), as far as it is known."""
        known = self._record.geometry
        return None if known is None else dict(json.loads(known))

    @property
    def cost(self) -> Cost | None:
        """What it was estimated to cost; None before the estimate, or if it isn't valid."""
        return self._record.cost

    @property
    def errors(self) -> set[ValidationError] | None:
        """What validation found; None before the estimate."""
        return None if self._record.errors is None else set(self._record.errors)

    @property
    def status(self) -> str:
        """The job's status; without a job one of the following.

        `pending`: not executed yet. `invalid`: validation found errors. `executing`: the
        request is under way. `uncertain`: its answer was lost. `refused`: the server said no.
        """
        return self._record.status

    @property
    def job(self) -> Job | None:
        """The latest job, as it was when it was last looked at."""
        return self._record.job

    @property
    def reason(self) -> str | None:
        """What went wrong, for people."""
        return self._record.why

    @property
    def files(self) -> list[str] | None:
        """Paths of the downloaded results; None before the download."""
        known = self._record.attempt.files if self._record.attempt else None
        return None if known is None else [path for path, _ in known["files"]]

    @property
    def is_finished(self) -> bool:
        """True once its job's outcome is decided."""
        return self.job is not None and self.job.is_finished

    @property
    def is_succeeded(self) -> bool:
        """True if its job has results."""
        return self.job is not None and self.job.is_succeeded
