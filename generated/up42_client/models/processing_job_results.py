from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import Model, keep, keep_list, unknown_fields

if TYPE_CHECKING:
    from ..models.processing_job_error import ProcessingJobError


@define
class ProcessingJobResults(Model[Any]):
    """What came out of a job. Either field may be missing.

    Attributes:
        collection: Address of the resulting STAC collection; its last part is the
            collection's id. Given for successful and captured jobs.
        errors: Why the job is invalid.
    """

    collection: str | None = None
    errors: list[ProcessingJobError] | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "collection": "collection",
        "errors": "errors",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v if isinstance(v := get("collection"), str) else keep(d, "collection", kept, None),
            keep_list(
                d,
                "errors",
                kept,
                [_models.ProcessingJobError.from_dict(e) for e in v if isinstance(e, dict)],
            )
            if isinstance(v := get("errors"), list)
            else keep(d, "errors", kept, None),
            kept,
        )
