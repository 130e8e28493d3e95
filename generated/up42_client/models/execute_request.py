from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from ..types import UNSET, Model, reject, unknown_fields

if TYPE_CHECKING:
    from ..models.free_object import FreeObject


@define
class ExecuteRequest(Model[Any]):
    """The inputs of a process.

    Attributes:
        inputs: Values by input name, as the description of the process asks for.
    """

    inputs: FreeObject
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "inputs": "inputs",
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
            v
            if isinstance(v := get("inputs", UNSET), dict)
            else reject("ExecuteRequest", "inputs"),
            kept,
        )
