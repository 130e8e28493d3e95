from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import Model, keep, read_time, unknown_fields

if TYPE_CHECKING:
    from ..models.analytics_status import AnalyticsStatus
    from ..models.free_object import FreeObject
    from ..models.job_actor import JobActor
    from ..models.job_mode import JobMode


@define
class Job(Model[Any]):
    """One run of a workflow.

    Attributes:
        id: Id of the job (a UUID).
        display_id: First 8 characters of the id.
        name: Null for a job that was created without one.
        status: Where an analytics job or task stands. CANCELLED, SUCCEEDED, FAILED and ERROR
            are final. ERROR is a failure of the platform itself. NOT_STARTED is sometimes spelt
            with a space.
        mode: A real run, or a free test query that only looks for data.
        started_at: Null until the job runs.
        finished_at: Null until the job has ended.
        inputs: Parameters by task name, and perhaps `config`.
        workflow_id: Id of the workflow (a UUID).
        created_by: Who touched a job. Jobs from before 2023 lack it.
        updated_by: Who touched a job. Jobs from before 2023 lack it.
    """

    id: str | None = None
    display_id: str | None = None
    name: str | None = None
    status: AnalyticsStatus | None = None
    mode: JobMode | None = None
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None
    started_at: datetime.datetime | None = None
    finished_at: datetime.datetime | None = None
    inputs: FreeObject | None = None
    workflow_id: str | None = None
    workflow_name: str | None = None
    created_by: JobActor | None = None
    updated_by: JobActor | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "id": "id",
        "displayId": "display_id",
        "name": "name",
        "status": "status",
        "mode": "mode",
        "createdAt": "created_at",
        "updatedAt": "updated_at",
        "startedAt": "started_at",
        "finishedAt": "finished_at",
        "inputs": "inputs",
        "workflowId": "workflow_id",
        "workflowName": "workflow_name",
        "createdBy": "created_by",
        "updatedBy": "updated_by",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v if isinstance(v := get("id"), str) else keep(d, "id", kept, None),
            v if isinstance(v := get("displayId"), str) else keep(d, "displayId", kept, None),
            v if isinstance(v := get("name"), str) else keep(d, "name", kept, None),
            _models.AnalyticsStatus(v)
            if isinstance(v := get("status"), str)
            else keep(d, "status", kept, None),
            _models.JobMode(v)
            if isinstance(v := get("mode"), str)
            else keep(d, "mode", kept, None),
            read_time(d, "createdAt", kept, None),
            read_time(d, "updatedAt", kept, None),
            read_time(d, "startedAt", kept, None),
            read_time(d, "finishedAt", kept, None),
            v if isinstance(v := get("inputs"), dict) else keep(d, "inputs", kept, None),
            v if isinstance(v := get("workflowId"), str) else keep(d, "workflowId", kept, None),
            v if isinstance(v := get("workflowName"), str) else keep(d, "workflowName", kept, None),
            _models.JobActor.from_dict(v)
            if isinstance(v := get("createdBy"), dict)
            else keep(d, "createdBy", kept, None),
            _models.JobActor.from_dict(v)
            if isinstance(v := get("updatedBy"), dict)
            else keep(d, "updatedBy", kept, None),
            kept,
        )
