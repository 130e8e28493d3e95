"""Jobs as a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from up42_facade._common.times import to_utc
from up42_facade._common.values import whole
from up42_facade.errors import InvalidInputError
from up42_facade.processing._job import Job

if TYPE_CHECKING:
    import pandas as pd

STRING: Final = "string"
WHOLE: Final = "Int64"
# Microseconds, as Python's datetimes have them: nanoseconds end in the year 2262.
DATETIME: Final = "datetime64[us]"
INDEX = "job_id"


def jobs_to_dataframe(jobs: Iterable[Job]) -> pd.DataFrame:
    """Return a table with a row for each processing job.

    Args:
        jobs: Jobs, for example from `Job.all()`. The only requests are those for its pages.

    Returns:
        A DataFrame in the order of the jobs, with the job ID as index (`job_id`) and these
        columns, whose types are the same for an empty table:

        - `process_id`, `title`, `status`: strings.
        - `is_succeeded`: bool.
        - `credits`: whole numbers, `<NA>` if the job has none (Int64).
        - `created`, `started`, `finished`, `updated`: datetimes in UTC, NaT if missing.
        - `duration`, `queue_time`: from start to finish, and from creation to start.
        - `workspace_id`, `account_id`, `collection_url`: strings.
        - `errors`: `name: message` of each, joined by semicolons.

        Strings are `<NA>` if missing.

    Raises:
        InvalidInputError: If `jobs` isn't an iterable of processing jobs.

    Example:
        >>> table = up42.jobs_to_dataframe(up42.Job.all(status=["captured"]))
        >>> spent = table.groupby("process_id")["credits"].sum()

    Endpoint: GET /v2/processing/jobs, if `jobs` is a listing.
    """
    import pandas as pd

    known = checked(jobs)
    created, started, finished, updated = (
        datetime_column(getattr(job, name) for job in known)
        for name in ("created", "started", "finished", "updated")
    )
    columns: dict[str, Any] = {
        "process_id": string_column(job.process_id for job in known),
        "title": string_column(job.title for job in known),
        "status": string_column(job.status.value for job in known),
        "is_succeeded": pd.array([job.is_succeeded for job in known], dtype="bool"),
        "credits": pd.array([whole(job.credits) for job in known], dtype=WHOLE),
        "created": created,
        "started": started,
        "finished": finished,
        "updated": updated,
        "duration": finished - started,
        "queue_time": started - created,
        "workspace_id": string_column(job.workspace_id for job in known),
        "account_id": string_column(job.account_id for job in known),
        "collection_url": string_column(job.collection_url for job in known),
        "errors": string_column("; ".join(map(str, job.errors or [])) or None for job in known),
    }
    table = pd.DataFrame(columns)
    table.index = pd.Index(string_column(job.id for job in known), name=INDEX)
    return table


def checked(jobs: Iterable[Job]) -> list[Job]:
    if not isinstance(jobs, Iterable):
        raise InvalidInputError(
            f"jobs is of type {type(jobs).__name__}: expected an iterable of processing jobs, for "
            "example [job] or Job.all()."
        )
    known = list(jobs)
    for place, job in enumerate(known):
        if not isinstance(job, Job):
            raise InvalidInputError(
                f"Entry {place} of jobs is of type {type(job).__name__}: expected processing jobs, "
                "as execute(), Job.get(), and Job.all() return them."
            )
    return known


def datetime_column(values: Iterable[object]) -> pd.Series[pd.Timestamp]:
    import numpy as np
    import pandas as pd

    read = (to_utc(value) for value in values)
    # By way of numpy: from datetimes, older pandas always creates nanoseconds.
    plain = [np.datetime64("NaT") if time is None else time.replace(tzinfo=None) for time in read]
    return pd.Series(np.array(plain, dtype=DATETIME)).dt.tz_localize("UTC")


def string_column(values: Iterable[object]) -> Any:
    import pandas as pd

    return pd.array([None if value is None else str(value) for value in values], dtype=STRING)
