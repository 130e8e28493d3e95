from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from ..types import Model, keep, read_time, unknown_fields


@define
class Eula(Model[Any]):
    """An end-user licence agreement.

    Attributes:
        id: Id of the agreement (a UUID).
        is_accepted: Whether the account has accepted the current document.
        accepted_by_id: Id of the user who accepted (a UUID).
        current_document_id: Id of the current document (a UUID).
    """

    id: str | None = None
    is_accepted: bool | None = None
    title: str | None = None
    description: str | None = None
    accepted_at: datetime.datetime | None = None
    accepted_by_id: str | None = None
    current_document_id: str | None = None
    current_document_url: str | None = None
    current_document_filename: str | None = None
    current_document_created_at: datetime.datetime | None = None
    current_document_valid_from: datetime.datetime | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "id": "id",
        "isAccepted": "is_accepted",
        "title": "title",
        "description": "description",
        "acceptedAt": "accepted_at",
        "acceptedById": "accepted_by_id",
        "currentDocumentId": "current_document_id",
        "currentDocumentUrl": "current_document_url",
        "currentDocumentFilename": "current_document_filename",
        "currentDocumentCreatedAt": "current_document_created_at",
        "currentDocumentValidFrom": "current_document_valid_from",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v if isinstance(v := get("id"), str) else keep(d, "id", kept, None),
            v if isinstance(v := get("isAccepted"), bool) else keep(d, "isAccepted", kept, None),
            v if isinstance(v := get("title"), str) else keep(d, "title", kept, None),
            v if isinstance(v := get("description"), str) else keep(d, "description", kept, None),
            read_time(d, "acceptedAt", kept, None),
            v if isinstance(v := get("acceptedById"), str) else keep(d, "acceptedById", kept, None),
            v
            if isinstance(v := get("currentDocumentId"), str)
            else keep(d, "currentDocumentId", kept, None),
            v
            if isinstance(v := get("currentDocumentUrl"), str)
            else keep(d, "currentDocumentUrl", kept, None),
            v
            if isinstance(v := get("currentDocumentFilename"), str)
            else keep(d, "currentDocumentFilename", kept, None),
            read_time(d, "currentDocumentCreatedAt", kept, None),
            read_time(d, "currentDocumentValidFrom", kept, None),
            kept,
        )
