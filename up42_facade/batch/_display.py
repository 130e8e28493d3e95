"""What a batch shows while it is followed: a bar with the time left, and a line of counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from up42_facade._common.progress import bar
from up42_facade.batch._records import Record
from up42_facade.errors import escape_for_terminal


class Display:
    """Two lines that follow the records of a batch."""

    def __init__(self, records: Sequence[Record], progress: bool) -> None:
        self._records = [record for record in records if record.job is not None]
        finished = self._finished()
        self._bar = bar(
            progress=progress,
            total=len(self._records),
            initial=finished,
            unit="job",
            desc="batch",
        )
        self._counts = bar(progress=progress, bar_format="{desc}", position=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.close()
        self._counts.close()

    def show(self) -> None:
        """Bring both lines up to date."""
        self._bar.n = self._finished()
        self._bar.refresh()
        self._counts.set_description_str(summary(self._records))

    def _finished(self) -> int:
        return sum(record.job is not None and record.job.is_finished for record in self._records)


def summary(records: Sequence[Record]) -> str:
    """Return the counts by status, and the credits so far."""
    counts = Counter(record.status for record in records)
    parts = [f"{status} {count}" for status, count in counts.most_common()]
    return escape_for_terminal(" · ".join([*parts, f"{credits_of_jobs(records)} credits"]))


def credits_of_jobs(records: Sequence[Record]) -> int:
    """Return what the jobs have cost or hold, without those whose credits came back."""
    return sum(record.charged for record in records)
