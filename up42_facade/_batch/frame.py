"""The entries of a batch as a data frame."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from up42_facade._batch.records import Record

TIMES = ("created", "started", "finished")


def frame(records: Sequence[Record]) -> pd.DataFrame:
    """Return a row for each record; see `Batch.to_dataframe`."""
    jobs = [record.job for record in records]
    content: dict[str, list[object]] = {
        "process_id": [record.process_id for record in records],
        "title": [record.inputs.get("title") for record in records],
        "status": [record.status for record in records],
        "estimated_credits": [r.cost.credits if r.cost else None for r in records],
        "credits": [job.credits if job else None for job in jobs],
        "job_id": [job.id if job else None for job in jobs],
        **{name: [getattr(job, name, None) for job in jobs] for name in TIMES},
    }
    index = pd.Index([record.index for record in records], name="index", dtype="int64")
    made = pd.DataFrame(content, index=index)
    for name in TIMES:
        made[name] = pd.to_datetime(made[name], utc=True)
    made["duration"] = made["finished"] - made["started"]
    made["reason"] = [record.why for record in records]
    return made.astype({"estimated_credits": "Int64", "credits": "Int64"})
