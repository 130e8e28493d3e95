from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import UNSET, Model, Unset, keep, unknown_fields

if TYPE_CHECKING:
    from ..models.job_mode import JobMode


@define
class JobConfig(Model[Any]):
    """How to run the job.

    Attributes:
        mode: A real run, or a free test query that only looks for data.
    """

    mode: JobMode | Unset = UNSET
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "mode": "mode",
    }
    _absent: ClassVar[object] = UNSET

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            _models.JobMode(v)
            if isinstance(v := get("mode", UNSET), str)
            else keep(d, "mode", kept, UNSET),
            kept,
        )
