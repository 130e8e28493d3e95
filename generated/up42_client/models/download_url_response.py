from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import Model, keep, unknown_fields

if TYPE_CHECKING:
    from ..models.download_url import DownloadUrl
    from ..models.free_object import FreeObject


@define
class DownloadUrlResponse(Model[Any]):
    """Envelope of a signed address.

    Attributes:
        data: A signed storage address.
        error: Null or an empty object.
    """

    data: DownloadUrl | None = None
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
            _models.DownloadUrl.from_dict(v)
            if isinstance(v := get("data"), dict)
            else keep(d, "data", kept, None),
            v if isinstance(v := get("error"), dict) else keep(d, "error", kept, None),
            kept,
        )
