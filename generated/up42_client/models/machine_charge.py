from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import Model, keep, read_integer, read_time, unknown_fields

if TYPE_CHECKING:
    from ..models.job_run import JobRun
    from ..models.machine_usage import MachineUsage


@define
class MachineCharge(Model[Any]):
    """The charge for machine time.

    Attributes:
        credits_used: In credits.
        job_run: What a charge belongs to. Any field may be missing.
        machine_consumption: Machine time that was used.
    """

    credits_used: int | None = None
    id: str | None = None
    user_id: str | None = None
    workspace_id: str | None = None
    account_id: str | None = None
    created_at: datetime.datetime | None = None
    job_run: JobRun | None = None
    machine_consumption: MachineUsage | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "creditsUsed": "credits_used",
        "id": "id",
        "userId": "user_id",
        "workspaceId": "workspace_id",
        "accountId": "account_id",
        "createdAt": "created_at",
        "jobRun": "job_run",
        "machineConsumption": "machine_consumption",
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
            v if isinstance(v := get("userId"), str) else keep(d, "userId", kept, None),
            v if isinstance(v := get("workspaceId"), str) else keep(d, "workspaceId", kept, None),
            v if isinstance(v := get("accountId"), str) else keep(d, "accountId", kept, None),
            read_time(d, "createdAt", kept, None),
            _models.JobRun.from_dict(v)
            if isinstance(v := get("jobRun"), dict)
            else keep(d, "jobRun", kept, None),
            _models.MachineUsage.from_dict(v)
            if isinstance(v := get("machineConsumption"), dict)
            else keep(d, "machineConsumption", kept, None),
            kept,
        )
