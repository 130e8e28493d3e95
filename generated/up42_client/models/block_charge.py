from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import Model, keep, read_integer, unknown_fields

if TYPE_CHECKING:
    from ..models.block_usage import BlockUsage
    from ..models.job_run import JobRun


@define
class BlockCharge(Model[Any]):
    """The charge for data or an algorithm.

    Attributes:
        credits_used: In credits.
        job_run: What a charge belongs to. Any field may be missing.
        block_consumption: Data that were used.
    """

    credits_used: int | None = None
    id: str | None = None
    job_run: JobRun | None = None
    block_consumption: BlockUsage | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "creditsUsed": "credits_used",
        "id": "id",
        "jobRun": "job_run",
        "blockConsumption": "block_consumption",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v
            if type(v := get("creditsUsed")) is int
            else read_integer(d, "creditsUsed", kept, None),
            v if isinstance(v := get("id"), str) else keep(d, "id", kept, None),
            _models.JobRun.from_dict(v)
            if isinstance(v := get("jobRun"), dict)
            else keep(d, "jobRun", kept, None),
            _models.BlockUsage.from_dict(v)
            if isinstance(v := get("blockConsumption"), dict)
            else keep(d, "blockConsumption", kept, None),
            kept,
        )
