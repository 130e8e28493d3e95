"""The entries of a batch as a data frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from up42_facade.batch._records import Record
from up42_facade.processing._frames import datetime_column, string_column

TIMES = ("created", "started", "finished")


def frame(records: Sequence[Record]) -> pd.DataFrame:
    """Return a row for each record; see `Batch.to_dataframe`."""
    jobs = [record.job for record in records]
    content: dict[str, Any] = {
        "process_id": string_column(record.process_id for record in records),
        "title": string_column(record.inputs.get("title") for record in records),
        "status": string_column(record.status for record in records),
        "estimated_credits": [r.cost.credits if r.cost else None for r in records],
        "credits": [job.credits if job else None for job in jobs],
        "job_id": string_column(job.id if job else None for job in jobs),
        **{name: datetime_column(getattr(job, name, None) for job in jobs) for name in TIMES},
    }
    made = pd.DataFrame(content)
    made.index = pd.Index([record.index for record in records], name="index", dtype="int64")
    made["duration"] = made["finished"] - made["started"]
    made["reason"] = string_column(record.why for record in records)
    return made.astype({"estimated_credits": "Int64", "credits": "Int64"})
