from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from ..types import Model, keep, unknown_fields

if TYPE_CHECKING:
    from ..models.free_object import FreeObject


@define
class Link(Model[Any]):
    """A link to something related.

    Attributes:
        rel: Relation, such as `self` or `next`. The set is open.
        href: Absolute, or relative to the API host.
        type_: Media type of the target.
        method: HTTP method; GET where it is missing.
        body: Body to send when the method is POST.
        merge: Whether the body is added to the one that was sent, rather than replacing it.
    """

    rel: str | None = None
    href: str | None = None
    type_: str | None = None
    title: str | None = None
    method: str | None = None
    body: FreeObject | None = None
    merge: bool | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "rel": "rel",
        "href": "href",
        "type": "type_",
        "title": "title",
        "method": "method",
        "body": "body",
        "merge": "merge",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v if isinstance(v := get("rel"), str) else keep(d, "rel", kept, None),
            v if isinstance(v := get("href"), str) else keep(d, "href", kept, None),
            v if isinstance(v := get("type"), str) else keep(d, "type", kept, None),
            v if isinstance(v := get("title"), str) else keep(d, "title", kept, None),
            v if isinstance(v := get("method"), str) else keep(d, "method", kept, None),
            v if isinstance(v := get("body"), dict) else keep(d, "body", kept, None),
            v if isinstance(v := get("merge"), bool) else keep(d, "merge", kept, None),
            kept,
        )
