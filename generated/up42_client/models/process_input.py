from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.free_object import FreeObject


T = TypeVar("T", bound="ProcessInput")


@_attrs_define
class ProcessInput:
    """One input of a process.

    Attributes:
        title (None | str | Unset):
        description (None | str | Unset):
        min_occurs (int | None | Unset): How often the input must be given at least; 0 makes it optional.
        max_occurs (int | None | str | Unset): How often the input may be given; a number or `unbounded`.
        schema (FreeObject | None | Unset): JSON Schema of the value.
    """

    title: None | str | Unset = UNSET
    description: None | str | Unset = UNSET
    min_occurs: int | None | Unset = UNSET
    max_occurs: int | None | str | Unset = UNSET
    schema: FreeObject | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.free_object import FreeObject

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

        min_occurs: int | None | Unset
        if isinstance(self.min_occurs, Unset):
            min_occurs = UNSET
        else:
            min_occurs = self.min_occurs

        max_occurs: int | None | str | Unset
        if isinstance(self.max_occurs, Unset):
            max_occurs = UNSET
        else:
            max_occurs = self.max_occurs

        schema: dict[str, Any] | None | Unset
        if isinstance(self.schema, Unset):
            schema = UNSET
        elif isinstance(self.schema, FreeObject):
            schema = self.schema.to_dict()
        else:
            schema = self.schema

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if title is not UNSET:
            field_dict["title"] = title
        if description is not UNSET:
            field_dict["description"] = description
        if min_occurs is not UNSET:
            field_dict["minOccurs"] = min_occurs
        if max_occurs is not UNSET:
            field_dict["maxOccurs"] = max_occurs
        if schema is not UNSET:
            field_dict["schema"] = schema

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.free_object import FreeObject

        d = dict(src_dict)

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

        def _parse_min_occurs(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        min_occurs = _parse_min_occurs(d.pop("minOccurs", UNSET))

        def _parse_max_occurs(data: object) -> int | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | str | Unset, data)

        max_occurs = _parse_max_occurs(d.pop("maxOccurs", UNSET))

        def _parse_schema(data: object) -> FreeObject | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                schema_type_0 = FreeObject.from_dict(data)

                return schema_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(FreeObject | None | Unset, data)

        schema = _parse_schema(d.pop("schema", UNSET))

        process_input = cls(
            title=title,
            description=description,
            min_occurs=min_occurs,
            max_occurs=max_occurs,
            schema=schema,
        )

        process_input.additional_properties = d
        return process_input

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
