from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import Model, keep, keep_list, unknown_fields

if TYPE_CHECKING:
    from ..models.process_price import ProcessPrice


@define
class ProcessParameter(Model[Any]):
    """One fact about a process. `eula-id` has IDs of EULAs (a process without one lacks the
    parameter), `price` has prices.

    Attributes:
        name: Name of the fact. The set is open.
        value: Always a list; the kind of its entries depends on the name.
    """

    name: str | None = None
    value: list[ProcessPrice | str] | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "name": "name",
        "value": "value",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v if isinstance(v := get("name"), str) else keep(d, "name", kept, None),
            keep_list(
                d,
                "value",
                kept,
                [
                    _models.ProcessPrice.from_dict(e) if isinstance(e, dict) else e
                    for e in v
                    if (isinstance(e, str | dict))
                ],
            )
            if isinstance(v := get("value"), list)
            else keep(d, "value", kept, None),
            kept,
        )
