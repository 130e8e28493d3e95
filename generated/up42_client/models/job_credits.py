from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import Model, keep, keep_list, read_integer, unknown_fields

if TYPE_CHECKING:
    from ..models.task_credits import TaskCredits


@define
class JobCredits(Model[Any]):
    """What a job has cost.

    Attributes:
        credits_used: Sum over the tasks, in credits.
    """

    credits_used: int | None = None
    project_id: str | None = None
    project_display_id: str | None = None
    job_id: str | None = None
    job_display_id: str | None = None
    tasks: list[TaskCredits] | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "creditsUsed": "credits_used",
        "projectId": "project_id",
        "projectDisplayId": "project_display_id",
        "jobId": "job_id",
        "jobDisplayId": "job_display_id",
        "tasks": "tasks",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v
            if type(v := get("creditsUsed")) is int
            else read_integer(d, "creditsUsed", kept, None),
            v if isinstance(v := get("projectId"), str) else keep(d, "projectId", kept, None),
            v
            if isinstance(v := get("projectDisplayId"), str)
            else keep(d, "projectDisplayId", kept, None),
            v if isinstance(v := get("jobId"), str) else keep(d, "jobId", kept, None),
            v if isinstance(v := get("jobDisplayId"), str) else keep(d, "jobDisplayId", kept, None),
            keep_list(
                d,
                "tasks",
                kept,
                [_models.TaskCredits.from_dict(e) for e in v if isinstance(e, dict)],
            )
            if isinstance(v := get("tasks"), list)
            else keep(d, "tasks", kept, None),
            kept,
        )
