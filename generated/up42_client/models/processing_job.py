from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import Model, keep, read_time, unknown_fields

if TYPE_CHECKING:
    from ..models.credit_consumption import CreditConsumption
    from ..models.job_status import JobStatus
    from ..models.processing_job_definition import ProcessingJobDefinition
    from ..models.processing_job_results import ProcessingJobResults


@define
class ProcessingJob(Model[Any]):
    """One run of one process.

    Attributes:
        process_id: Id of the process.
        job_id: Id of the job (a UUID).
        account_id: Id of the account (a UUID).
        definition: What was asked for.
        status: Where a processing job stands. Way of a good job: created, licensed, valid,
            accepted, running, successful (results are there), captured (credits are deducted).
            Ends on the way: unlicensed (agreement not accepted), invalid (inputs do not fit),
            rejected (balance too low), failed, then released (held credits are returned).
        workspace_id: Id of the workspace (a UUID).
        type_: `process` where it is given.
        results: Null until there are results or errors.
        credit_consumption: Null or missing until credits are held, and for invalid jobs.
        started: Null until the job runs.
        finished: Null until the job has ended.
    """

    process_id: str | None = None
    job_id: str | None = None
    account_id: str | None = None
    definition: ProcessingJobDefinition | None = None
    status: JobStatus | None = None
    created: datetime.datetime | None = None
    updated: datetime.datetime | None = None
    workspace_id: str | None = None
    type_: str | None = None
    results: ProcessingJobResults | None = None
    credit_consumption: CreditConsumption | None = None
    started: datetime.datetime | None = None
    finished: datetime.datetime | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "processID": "process_id",
        "jobID": "job_id",
        "accountID": "account_id",
        "definition": "definition",
        "status": "status",
        "created": "created",
        "updated": "updated",
        "workspaceID": "workspace_id",
        "type": "type_",
        "results": "results",
        "creditConsumption": "credit_consumption",
        "started": "started",
        "finished": "finished",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v if isinstance(v := get("processID"), str) else keep(d, "processID", kept, None),
            v if isinstance(v := get("jobID"), str) else keep(d, "jobID", kept, None),
            v if isinstance(v := get("accountID"), str) else keep(d, "accountID", kept, None),
            _models.ProcessingJobDefinition.from_dict(v)
            if isinstance(v := get("definition"), dict)
            else keep(d, "definition", kept, None),
            _models.JobStatus(v)
            if isinstance(v := get("status"), str)
            else keep(d, "status", kept, None),
            read_time(d, "created", kept, None),
            read_time(d, "updated", kept, None),
            v if isinstance(v := get("workspaceID"), str) else keep(d, "workspaceID", kept, None),
            v if isinstance(v := get("type"), str) else keep(d, "type", kept, None),
            _models.ProcessingJobResults.from_dict(v)
            if isinstance(v := get("results"), dict)
            else keep(d, "results", kept, None),
            _models.CreditConsumption.from_dict(v)
            if isinstance(v := get("creditConsumption"), dict)
            else keep(d, "creditConsumption", kept, None),
            read_time(d, "started", kept, None),
            read_time(d, "finished", kept, None),
            kept,
        )
