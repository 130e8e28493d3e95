from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import Model, keep, keep_list, unknown_fields

if TYPE_CHECKING:
    from ..models.link import Link
    from ..models.process_additional_parameters import ProcessAdditionalParameters
    from ..models.process_inputs import ProcessInputs


@define
class Process(Model[Any]):
    """Everything about one process.

    Attributes:
        id: Readable name of the process. The set is open.
        inputs: The inputs of a process by name.
        input_: Former name of `inputs`.
        job_control_options: Whether jobs can be executed synchronously, asynchronously, or
            both.
        additional_parameters: Facts about a process that are no inputs.
    """

    id: str | None = None
    title: str | None = None
    inputs: ProcessInputs | None = None
    description: str | None = None
    input_: ProcessInputs | None = None
    version: str | None = None
    job_control_options: list[str] | None = None
    links: list[Link] | None = None
    additional_parameters: ProcessAdditionalParameters | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "id": "id",
        "title": "title",
        "inputs": "inputs",
        "description": "description",
        "input": "input_",
        "version": "version",
        "jobControlOptions": "job_control_options",
        "links": "links",
        "additionalParameters": "additional_parameters",
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
            v if isinstance(v := get("title"), str) else keep(d, "title", kept, None),
            _models.ProcessInputs.from_dict(v)
            if isinstance(v := get("inputs"), dict)
            else keep(d, "inputs", kept, None),
            v if isinstance(v := get("description"), str) else keep(d, "description", kept, None),
            _models.ProcessInputs.from_dict(v)
            if isinstance(v := get("input"), dict)
            else keep(d, "input", kept, None),
            v if isinstance(v := get("version"), str) else keep(d, "version", kept, None),
            keep_list(d, "jobControlOptions", kept, [e for e in v if isinstance(e, str)])
            if isinstance(v := get("jobControlOptions"), list)
            else keep(d, "jobControlOptions", kept, None),
            keep_list(
                d, "links", kept, [_models.Link.from_dict(e) for e in v if isinstance(e, dict)]
            )
            if isinstance(v := get("links"), list)
            else keep(d, "links", kept, None),
            _models.ProcessAdditionalParameters.from_dict(v)
            if isinstance(v := get("additionalParameters"), dict)
            else keep(d, "additionalParameters", kept, None),
            kept,
        )
