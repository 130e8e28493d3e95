from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import Model, keep, keep_list, unknown_fields

if TYPE_CHECKING:
    from ..models.free_object import FreeObject
    from ..models.job_task import JobTask


@define
class JobTaskListResponse(Model[Any]):
    """Envelope of the tasks of a job.

    Attributes:
        error: Null or an empty object.
    """

    data: list[JobTask] | None = None
    error: FreeObject | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "data": "data",
        "error": "error",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            keep_list(
                d, "data", kept, [_models.JobTask.from_dict(e) for e in v if isinstance(e, dict)]
            )
            if isinstance(v := get("data"), list)
            else keep(d, "data", kept, None),
            v if isinstance(v := get("error"), dict) else keep(d, "error", kept, None),
            kept,
        )
