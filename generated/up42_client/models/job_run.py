from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from ..types import Model, keep, unknown_fields


@define
class JobRun(Model[Any]):
    """What a charge belongs to. Any field may be missing."""

    project_id: str | None = None
    project_name: str | None = None
    workflow_id: str | None = None
    workflow_name: str | None = None
    block_id: str | None = None
    block_name: str | None = None
    block_version: str | None = None
    block_display_name: str | None = None
    job_id: str | None = None
    job_name: str | None = None
    job_task_id: str | None = None
    machine_name: str | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "projectId": "project_id",
        "projectName": "project_name",
        "workflowId": "workflow_id",
        "workflowName": "workflow_name",
        "blockId": "block_id",
        "blockName": "block_name",
        "blockVersion": "block_version",
        "blockDisplayName": "block_display_name",
        "jobId": "job_id",
        "jobName": "job_name",
        "jobTaskId": "job_task_id",
        "machineName": "machine_name",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v if isinstance(v := get("projectId"), str) else keep(d, "projectId", kept, None),
            v if isinstance(v := get("projectName"), str) else keep(d, "projectName", kept, None),
            v if isinstance(v := get("workflowId"), str) else keep(d, "workflowId", kept, None),
            v if isinstance(v := get("workflowName"), str) else keep(d, "workflowName", kept, None),
            v if isinstance(v := get("blockId"), str) else keep(d, "blockId", kept, None),
            v if isinstance(v := get("blockName"), str) else keep(d, "blockName", kept, None),
            v if isinstance(v := get("blockVersion"), str) else keep(d, "blockVersion", kept, None),
            v
            if isinstance(v := get("blockDisplayName"), str)
            else keep(d, "blockDisplayName", kept, None),
            v if isinstance(v := get("jobId"), str) else keep(d, "jobId", kept, None),
            v if isinstance(v := get("jobName"), str) else keep(d, "jobName", kept, None),
            v if isinstance(v := get("jobTaskId"), str) else keep(d, "jobTaskId", kept, None),
            v if isinstance(v := get("machineName"), str) else keep(d, "machineName", kept, None),
            kept,
        )
