from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import UNSET, Model, keep_list, reject, unknown_fields

if TYPE_CHECKING:
    from ..models.free_object import FreeObject
    from ..models.job_validation_task import JobValidationTask


@define
class JobValidationRequest(Model[Any]):
    """Tasks and inputs to check.

    Attributes:
        input_: Parameters by task name.
    """

    tasks: list[JobValidationTask]
    input_: FreeObject
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "tasks": "tasks",
        "input": "input_",
    }
    _absent: ClassVar[object] = UNSET

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object; raise ValueError if a required field is missing."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            keep_list(
                d,
                "tasks",
                kept,
                [_models.JobValidationTask.from_dict(e) for e in v if isinstance(e, dict)],
            )
            if isinstance(v := get("tasks", UNSET), list)
            else reject("JobValidationRequest", "tasks"),
            v
            if isinstance(v := get("input", UNSET), dict)
            else reject("JobValidationRequest", "input"),
            kept,
        )
