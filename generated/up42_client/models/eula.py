from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="Eula")


@_attrs_define
class Eula:
    """An end-user licence agreement.

    Attributes:
        id (None | str | Unset): Id of the agreement (a UUID).
        title (None | str | Unset):
        description (None | str | Unset):
        is_accepted (bool | None | Unset): Whether the account has accepted the current document.
        accepted_at (datetime.datetime | None | Unset):
        accepted_by_id (None | str | Unset): Id of the user who accepted (a UUID).
        current_document_id (None | str | Unset): Id of the current document (a UUID).
        current_document_url (None | str | Unset):
        current_document_filename (None | str | Unset):
        current_document_created_at (datetime.datetime | None | Unset):
        current_document_valid_from (datetime.datetime | None | Unset):
    """

    id: None | str | Unset = UNSET
    title: None | str | Unset = UNSET
    description: None | str | Unset = UNSET
    is_accepted: bool | None | Unset = UNSET
    accepted_at: datetime.datetime | None | Unset = UNSET
    accepted_by_id: None | str | Unset = UNSET
    current_document_id: None | str | Unset = UNSET
    current_document_url: None | str | Unset = UNSET
    current_document_filename: None | str | Unset = UNSET
    current_document_created_at: datetime.datetime | None | Unset = UNSET
    current_document_valid_from: datetime.datetime | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id: None | str | Unset
        if isinstance(self.id, Unset):
            id = UNSET
        else:
            id = self.id

        title: None | str | Unset
        if isinstance(self.title, Unset):
            title = UNSET
        else:
            title = self.title

        description: None | str | Unset
        if isinstance(self.description, Unset):
            description = UNSET
        else:
            description = self.description

        is_accepted: bool | None | Unset
        if isinstance(self.is_accepted, Unset):
            is_accepted = UNSET
        else:
            is_accepted = self.is_accepted

        accepted_at: None | str | Unset
        if isinstance(self.accepted_at, Unset):
            accepted_at = UNSET
        elif isinstance(self.accepted_at, datetime.datetime):
            accepted_at = self.accepted_at.isoformat()
        else:
            accepted_at = self.accepted_at

        accepted_by_id: None | str | Unset
        if isinstance(self.accepted_by_id, Unset):
            accepted_by_id = UNSET
        else:
            accepted_by_id = self.accepted_by_id

        current_document_id: None | str | Unset
        if isinstance(self.current_document_id, Unset):
            current_document_id = UNSET
        else:
            current_document_id = self.current_document_id

        current_document_url: None | str | Unset
        if isinstance(self.current_document_url, Unset):
            current_document_url = UNSET
        else:
            current_document_url = self.current_document_url

        current_document_filename: None | str | Unset
        if isinstance(self.current_document_filename, Unset):
            current_document_filename = UNSET
        else:
            current_document_filename = self.current_document_filename

        current_document_created_at: None | str | Unset
        if isinstance(self.current_document_created_at, Unset):
            current_document_created_at = UNSET
        elif isinstance(self.current_document_created_at, datetime.datetime):
            current_document_created_at = self.current_document_created_at.isoformat()
        else:
            current_document_created_at = self.current_document_created_at

        current_document_valid_from: None | str | Unset
        if isinstance(self.current_document_valid_from, Unset):
            current_document_valid_from = UNSET
        elif isinstance(self.current_document_valid_from, datetime.datetime):
            current_document_valid_from = self.current_document_valid_from.isoformat()
        else:
            current_document_valid_from = self.current_document_valid_from

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if id is not UNSET:
            field_dict["id"] = id
        if title is not UNSET:
            field_dict["title"] = title
        if description is not UNSET:
            field_dict["description"] = description
        if is_accepted is not UNSET:
            field_dict["isAccepted"] = is_accepted
        if accepted_at is not UNSET:
            field_dict["acceptedAt"] = accepted_at
        if accepted_by_id is not UNSET:
            field_dict["acceptedById"] = accepted_by_id
        if current_document_id is not UNSET:
            field_dict["currentDocumentId"] = current_document_id
        if current_document_url is not UNSET:
            field_dict["currentDocumentUrl"] = current_document_url
        if current_document_filename is not UNSET:
            field_dict["currentDocumentFilename"] = current_document_filename
        if current_document_created_at is not UNSET:
            field_dict["currentDocumentCreatedAt"] = current_document_created_at
        if current_document_valid_from is not UNSET:
            field_dict["currentDocumentValidFrom"] = current_document_valid_from

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)

        def _parse_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        id = _parse_id(d.pop("id", UNSET))

        def _parse_title(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        title = _parse_title(d.pop("title", UNSET))

        def _parse_description(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        description = _parse_description(d.pop("description", UNSET))

        def _parse_is_accepted(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        is_accepted = _parse_is_accepted(d.pop("isAccepted", UNSET))

        def _parse_accepted_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                accepted_at_type_0 = datetime.datetime.fromisoformat(data)

                return accepted_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        accepted_at = _parse_accepted_at(d.pop("acceptedAt", UNSET))

        def _parse_accepted_by_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        accepted_by_id = _parse_accepted_by_id(d.pop("acceptedById", UNSET))

        def _parse_current_document_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        current_document_id = _parse_current_document_id(d.pop("currentDocumentId", UNSET))

        def _parse_current_document_url(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        current_document_url = _parse_current_document_url(d.pop("currentDocumentUrl", UNSET))

        def _parse_current_document_filename(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        current_document_filename = _parse_current_document_filename(
            d.pop("currentDocumentFilename", UNSET)
        )

        def _parse_current_document_created_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                current_document_created_at_type_0 = datetime.datetime.fromisoformat(data)

                return current_document_created_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        current_document_created_at = _parse_current_document_created_at(
            d.pop("currentDocumentCreatedAt", UNSET)
        )

        def _parse_current_document_valid_from(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                current_document_valid_from_type_0 = datetime.datetime.fromisoformat(data)

                return current_document_valid_from_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        current_document_valid_from = _parse_current_document_valid_from(
            d.pop("currentDocumentValidFrom", UNSET)
        )

        eula = cls(
            id=id,
            title=title,
            description=description,
            is_accepted=is_accepted,
            accepted_at=accepted_at,
            accepted_by_id=accepted_by_id,
            current_document_id=current_document_id,
            current_document_url=current_document_url,
            current_document_filename=current_document_filename,
            current_document_created_at=current_document_created_at,
            current_document_valid_from=current_document_valid_from,
        )

        eula.additional_properties = d
        return eula

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
