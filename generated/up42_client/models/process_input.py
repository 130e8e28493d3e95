from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from ..types import Model, keep, read_integer, unknown_fields

if TYPE_CHECKING:
    from ..models.free_object import FreeObject


@define
class ProcessInput(Model[Any]):
    """One input of a process.

    Attributes:
        schema: JSON Schema of the value.
        min_occurs: How often the input must be given at least; 0 makes it optional.
        max_occurs: How often the input may be given; a number or `unbounded`.
    """

    schema: FreeObject | None = None
    title: str | None = None
    description: str | None = None
    min_occurs: int | None = None
    max_occurs: int | str | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "schema": "schema",
        "title": "title",
        "description": "description",
        "minOccurs": "min_occurs",
        "maxOccurs": "max_occurs",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v if isinstance(v := get("schema"), dict) else keep(d, "schema", kept, None),
            v if isinstance(v := get("title"), str) else keep(d, "title", kept, None),
            v if isinstance(v := get("description"), str) else keep(d, "description", kept, None),
            v if type(v := get("minOccurs")) is int else read_integer(d, "minOccurs", kept, None),
            v
            if isinstance(v := get("maxOccurs"), str) or type(v) is int
            else keep(d, "maxOccurs", kept, None),
            kept,
        )
