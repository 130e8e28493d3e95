from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from ..types import UNSET, Model, Unset, keep, reject, unknown_fields


@define
class JobValidationTask(Model[Any]):
    """One task of the workflow.

    Attributes:
        name: Name of the task, such as `ndvi:1`.
        block_id: Id of the block (a UUID).
        parent_name: Name of the task before it; null for the first.
        environment_id: Id of the environment (a UUID).
    """

    name: str
    block_id: str
    block_version_tag: str | Unset = UNSET
    parent_name: None | str | Unset = UNSET
    environment_id: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "name": "name",
        "blockId": "block_id",
        "blockVersionTag": "block_version_tag",
        "parentName": "parent_name",
        "environmentId": "environment_id",
    }
    _absent: ClassVar[object] = UNSET

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object; raise ValueError if a required field is missing."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v if isinstance(v := get("name", UNSET), str) else reject("JobValidationTask", "name"),
            v
            if isinstance(v := get("blockId", UNSET), str)
            else reject("JobValidationTask", "blockId"),
            v
            if isinstance(v := get("blockVersionTag", UNSET), str)
            else keep(d, "blockVersionTag", kept, UNSET),
            v
            if isinstance(v := get("parentName", UNSET), str) or v is None
            else keep(d, "parentName", kept, UNSET),
            v
            if isinstance(v := get("environmentId", UNSET), str) or v is None
            else keep(d, "environmentId", kept, UNSET),
            kept,
        )
