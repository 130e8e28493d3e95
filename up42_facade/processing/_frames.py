"""Jobs as a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from up42_facade._common.times import to_utc
from up42_facade._common.values import whole
from up42_facade.errors import InvalidInputError

if TYPE_CHECKING:
    import pandas as pd

    from up42_facade.processing._job import Job

TEXT: Final = "string"
WHOLE: Final = "Int64"
# Microseconds, as Python's datetimes have them: nanoseconds end in the year 2262.
MOMENT: Final = "datetime64[us]"
INDEX = "job_id"


def jobs_to_dataframe(jobs: Iterable[Job]) -> pd.DataFrame:
    """Return a table with a row for each processing job.

    Args:
        jobs: Jobs, also as they come from `Job.all()`. Nothing is asked of the server but the
            pages of such a listing.

    Returns:
        A DataFrame in the order of the jobs, with the job id as index (`job_id`) and these
        columns, whose types are the same for an empty table:

        - `process_id`, `title`, `status`: texts.
        - `is_succeeded`: bool.
        - `credits`: whole numbers, `<NA>` where the job has none (Int64).
        - `created`, `started`, `finished`, `updated`: datetimes in UTC, NaT where missing.
        - `duration`, `waiting`: from start to finish, and from creation to start.
        - `workspace_id`, `account_id`, `collection_url`: texts.
        - `errors`: `name: message` of each, joined by semicolons.

        Texts are `<NA>` where missing.

    Raises:
        InvalidInputError: `jobs` is no iterable of processing jobs.

    Example:
        >>> table = up42.jobs_to_dataframe(up42.Job.all(status=["captured"]))
        >>> spent = table.groupby("process_id")["credits"].sum()

    Endpoint: GET /v2/processing/jobs, if `jobs` is a listing.
    """
    import pandas as pd

    known = checked(jobs)
    created, started, finished, updated = (
        moments(getattr(job, name) for job in known)
        for name in ("created", "started", "finished", "updated")
    )
    columns: dict[str, Any] = {
        "process_id": texts(job.process_id for job in known),
        "title": texts(job.inputs.get("title") for job in known),
        "status": texts(job.status.value for job in known),
        "is_succeeded": pd.array([job.is_succeeded for job in known], dtype="bool"),
        "credits": pd.array([whole(job.credits) for job in known], dtype=WHOLE),
        "created": created,
        "started": started,
        "finished": finished,
        "updated": updated,
        "duration": finished - started,
        "waiting": started - created,
        "workspace_id": texts(job.workspace_id for job in known),
        "account_id": texts(job.account_id for job in known),
        "collection_url": texts(job.collection_url for job in known),
        "errors": texts(reasons(job) for job in known),
    }
    table = pd.DataFrame(columns)
    table.index = pd.Index(texts(job.id for job in known), name=INDEX)
    return table


def checked(jobs: Iterable[Job]) -> list[Job]:
    from up42_facade.processing._job import Job

    if not isinstance(jobs, Iterable):
        raise InvalidInputError(
            f"jobs is of type {type(jobs).__name__}: expected an iterable of processing jobs, for "
            "instance [job] or Job.all()."
        )
    known = list(jobs)
    for place, job in enumerate(known):
        if not isinstance(job, Job):
            raise InvalidInputError(
                f"Entry {place} of jobs is of type {type(job).__name__}: expected processing jobs, "
                "as execute(), Job.get() and Job.all() return them."
            )
    return known


def moments(values: Iterable[object]) -> pd.Series[pd.Timestamp]:
    import numpy as np
    import pandas as pd

    read = (to_utc(value) for value in values)
    # By way of numpy: from datetimes, older pandas makes nanoseconds whatever is asked for.
    plain = [np.datetime64("NaT") if time is None else time.replace(tzinfo=None) for time in read]
    return pd.Series(np.array(plain, dtype=MOMENT)).dt.tz_localize("UTC")


def texts(values: Iterable[object]) -> Any:
    import pandas as pd

    return pd.array([None if value is None else str(value) for value in values], dtype=TEXT)


def reasons(job: Job) -> str | None:
    return "; ".join(f"{error.name}: {error.message}" for error in job.errors or []) or None
