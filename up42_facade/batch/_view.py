"""What a batch shows without asking anybody: its entries, sums, and texts about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, overload

from up42_facade._common import html
from up42_facade.batch._display import credits_of_jobs, summary
from up42_facade.batch._entry import BatchEntry
from up42_facade.batch._journal import Journal
from up42_facade.batch._pricing import total
from up42_facade.batch._records import Record
from up42_facade.batch._report import COLUMNS, coloured, report, rows
from up42_facade.errors import InvalidInputError
from up42_facade.processing import Job
from up42_facade.session import Session

if TYPE_CHECKING:
    from pandas import DataFrame

    from up42_facade.processing._types import Cost


class BatchView(Sequence[BatchEntry]):
    """The part of `Batch` that makes no request; not for use by itself."""

    _journal: Journal
    _records: Sequence[Record]

    @classmethod
    def _of(cls, journal: Journal, records: Sequence[Record] | None = None) -> Self:
        batch = cls.__new__(cls)
        batch._journal = journal
        batch._records = journal.records if records is None else records
        return batch

    def __len__(self) -> int:
        return len(self._records)

    @overload
    def __getitem__(self, index: int) -> BatchEntry: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> BatchEntry | Self:
        if isinstance(index, slice):
            return self._of(self._journal, self._records[index])
        return BatchEntry(self._records[index], self._journal)

    def __iter__(self) -> Iterator[BatchEntry]:
        return (BatchEntry(record, self._journal) for record in self._records)

    def __add__(self, other: Self) -> Self:
        """Return the entries of both, each once; they must come from one journal."""
        if not isinstance(other, BatchView):
            return NotImplemented
        if other._journal is not self._journal:
            raise InvalidInputError(
                "Only parts of one batch can be added: these two have different journals."
            )
        both = {record.index: record for record in (*self._records, *other._records)}
        return self._of(self._journal, [both[index] for index in sorted(both)])

    def __repr__(self) -> str:
        where = f", path={self.path!r}" if self.path else ""
        return f"Batch({len(self)} entries: {summary(self._records)}{where})"

    def _repr_html_(self) -> str:
        shown = [coloured(row) for row in islice(rows(self._records), html.ROWS)]
        caption = f"Batch of {len(self)}: {summary(self._records)}"
        return html.grid(caption, COLUMNS, shown, more=len(self) - len(shown))

    @property
    def path(self) -> str | None:
        """Absolute path of the journal; None if it is in memory."""
        return self._journal.path

    @property
    def session(self) -> Session:
        """The session that all entries belong to."""
        return self._journal.session

    @property
    def jobs(self) -> list[Job]:
        """The jobs, as they were when they were last looked at."""
        return [record.job for record in self._records if record.job is not None]

    @property
    def cost(self) -> Cost:
        """The sum of the estimates, which compares like any cost; 0 credits before `estimate`."""
        return total(self._records)

    @property
    def credits(self) -> int:
        """Credits that the jobs have cost or hold, without those that came back."""
        return credits_of_jobs(self._records)

    @property
    def counts(self) -> dict[str, int]:
        """How many entries have which status, the most frequent first."""
        return dict(Counter(record.status for record in self._records).most_common())

    def filter(
        self,
        status: str | Iterable[str] | None = None,
        process_id: str | Iterable[str] | None = None,
        predicate: Callable[[BatchEntry], bool] | None = None,
    ) -> Self:
        """Return the entries that match, as a batch with the same journal.

        Args:
            status: One or several of what `BatchEntry.status` can be.
            process_id: Ids of one or several processes.
            predicate: Called with each entry; True keeps it.

        Example:
            >>> cheap = batch.filter(predicate=lambda entry: entry.cost and entry.cost <= 10)
        """
        statuses = None if status is None else names("status", status)
        processes = None if process_id is None else names("process_id", process_id)
        chosen = [
            record
            for record in self._records
            if (statuses is None or record.status in statuses)
            and (processes is None or record.process_id in processes)
            and (predicate is None or predicate(BatchEntry(record, self._journal)))
        ]
        return self._of(self._journal, chosen)

    def failed(self) -> Self:
        """Return the entries that have no results and get none without a new job.

        Their `reason` says why: validation errors, a refusal, or a job that ended badly.
        """
        return self._of(self._journal, [r for r in self._records if r.has_failed])

    def to_dataframe(self) -> DataFrame:
        """Return a row for each entry: template, estimate and job.

        Returns:
            Index `index`; columns process_id, title, status, estimated_credits and credits
            (Int64), job_id, created, started and finished (UTC), duration (timedelta), reason;
            texts are `<NA>` where missing.
        """
        from up42_facade.batch._frame import frame

        return frame(self._records)

    def report(self) -> str:
        """Report what ran, what it cost against the estimate, and what failed for which reason.

        Returns:
            Markdown, without a request.

        Example:
            >>> print(batch.report())
            # Report of …
        """
        name = Path(self.path).name if self.path else "a batch"
        return report(self._records, name)


def names(argument: str, value: Any) -> set[str]:
    if isinstance(value, str):
        return {value}
    if not isinstance(value, Iterable):
        raise InvalidInputError(f"{argument}={value!r}: expected a text or several.")
    return set(value)
