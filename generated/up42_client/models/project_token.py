from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import Model, keep, unknown_fields

if TYPE_CHECKING:
    from ..models.project_token_data import ProjectTokenData


@define
class ProjectToken(Model[Any]):
    """A token for one project, or for an account. The same token stands in two places.

    Attributes:
        access_token: Sent as bearer token; lives 300 seconds.
        data: The second place of the historic token.
        error: Null on success.
        refresh_token: Always null.
    """

    access_token: str | None = _field(default=None, repr=False)
    data: ProjectTokenData | None = None
    error: Any = None
    refresh_token: str | None = None
    token_type: str | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "access_token": "access_token",
        "data": "data",
        "error": "error",
        "refresh_token": "refresh_token",
        "token_type": "token_type",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v if isinstance(v := get("access_token"), str) else keep(d, "access_token", kept, None),
            _models.ProjectTokenData.from_dict(v)
            if isinstance(v := get("data"), dict)
            else keep(d, "data", kept, None),
            v if (v := get("error")) is not None else keep(d, "error", kept, None),
            v
            if isinstance(v := get("refresh_token"), str)
            else keep(d, "refresh_token", kept, None),
            v if isinstance(v := get("token_type"), str) else keep(d, "token_type", kept, None),
            kept,
        )
