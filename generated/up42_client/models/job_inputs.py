from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import UNSET, Model, Unset, keep, unknown_fields

if TYPE_CHECKING:
    from ..models.free_object import FreeObject
    from ..models.job_config import JobConfig


@define
class JobInputs(Model["FreeObject"]):
    """Parameters by task name, as the workflow names its tasks.

    Attributes:
        config: How to run the job.
    """

    config: JobConfig | Unset = UNSET
    additional_properties: dict[str, FreeObject] = _field(factory=dict)
    # Values that don't match their schemas, as they were received.
    misfits: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "config": "config",
    }
    _absent: ClassVar[object] = UNSET

    def to_dict(self) -> dict[str, Any]:
        return super().to_dict() | self.misfits

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        additional = {name: e for name, e in kept.items() if isinstance(e, dict)}
        kept = {name: e for name, e in kept.items() if name not in additional}
        return cls(
            _models.JobConfig.from_dict(v)
            if isinstance(v := get("config", UNSET), dict)
            else keep(d, "config", kept, UNSET),
            additional,
            kept,
        )
