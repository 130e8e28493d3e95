from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.process_additional_parameters import ProcessAdditionalParameters
    from ..models.process_inputs import ProcessInputs


T = TypeVar("T", bound="Process")


@_attrs_define
class Process:
    """Everything about one process.

    Attributes:
        id (None | str | Unset): Readable name of the process. The set is open.
        title (None | str | Unset):
        description (None | str | Unset):
        inputs (None | ProcessInputs | Unset):
        additional_parameters (None | ProcessAdditionalParameters | Unset):
    """

    id: None | str | Unset = UNSET
    title: None | str | Unset = UNSET
    description: None | str | Unset = UNSET
    inputs: None | ProcessInputs | Unset = UNSET
    additional_parameters: None | ProcessAdditionalParameters | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.process_additional_parameters import ProcessAdditionalParameters
        from ..models.process_inputs import ProcessInputs

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

        inputs: dict[str, Any] | None | Unset
        if isinstance(self.inputs, Unset):
            inputs = UNSET
        elif isinstance(self.inputs, ProcessInputs):
            inputs = self.inputs.to_dict()
        else:
            inputs = self.inputs

        additional_parameters: dict[str, Any] | None | Unset
        if isinstance(self.additional_parameters, Unset):
            additional_parameters = UNSET
        elif isinstance(self.additional_parameters, ProcessAdditionalParameters):
            additional_parameters = self.additional_parameters.to_dict()
        else:
            additional_parameters = self.additional_parameters

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if id is not UNSET:
            field_dict["id"] = id
        if title is not UNSET:
            field_dict["title"] = title
        if description is not UNSET:
            field_dict["description"] = description
        if inputs is not UNSET:
            field_dict["inputs"] = inputs
        if additional_parameters is not UNSET:
            field_dict["additionalParameters"] = additional_parameters

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.process_additional_parameters import ProcessAdditionalParameters
        from ..models.process_inputs import ProcessInputs

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

        def _parse_inputs(data: object) -> None | ProcessInputs | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                inputs_type_0 = ProcessInputs.from_dict(data)

                return inputs_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ProcessInputs | Unset, data)

        inputs = _parse_inputs(d.pop("inputs", UNSET))

        def _parse_additional_parameters(
            data: object,
        ) -> None | ProcessAdditionalParameters | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                additional_parameters_type_0 = ProcessAdditionalParameters.from_dict(data)

                return additional_parameters_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ProcessAdditionalParameters | Unset, data)

        additional_parameters = _parse_additional_parameters(d.pop("additionalParameters", UNSET))

        process = cls(
            id=id,
            title=title,
            description=description,
            inputs=inputs,
            additional_parameters=additional_parameters,
        )

        process.additional_properties = d
        return process

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
