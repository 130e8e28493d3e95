from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import Model, keep, keep_list, unknown_fields

if TYPE_CHECKING:
    from ..models.process_parameter import ProcessParameter


@define
class ProcessAdditionalParameters(Model[Any]):
    """Facts about a process that are no inputs."""

    parameters: list[ProcessParameter] | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "parameters": "parameters",
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
                d,
                "parameters",
                kept,
                [_models.ProcessParameter.from_dict(e) for e in v if isinstance(e, dict)],
            )
            if isinstance(v := get("parameters"), list)
            else keep(d, "parameters", kept, None),
            kept,
        )
