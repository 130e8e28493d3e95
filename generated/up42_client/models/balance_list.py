from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import Model, keep, unknown_fields

if TYPE_CHECKING:
    from ..models.balance import Balance


@define
class BalanceList(Model[Any]):
    """The balances of an account.

    Attributes:
        available: An amount of credits.
    """

    available: Balance | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "available": "available",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            _models.Balance.from_dict(v)
            if isinstance(v := get("available"), dict)
            else keep(d, "available", kept, None),
            kept,
        )
