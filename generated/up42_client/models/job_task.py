from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import Model, keep, keep_list, read_time, unknown_fields

if TYPE_CHECKING:
    from ..models.analytics_status import AnalyticsStatus
    from ..models.block import Block


@define
class JobTask(Model[Any]):
    """One step of a job.

    Attributes:
        id: Id of the task (a UUID).
        display_id: First 8 characters of the id.
        name: Name of the task in the workflow, such as `ndvi:1`.
        status: Where an analytics job or task stands. CANCELLED, SUCCEEDED, FAILED and ERROR
            are final. ERROR is a failure of the platform itself. NOT_STARTED is sometimes spelt
            with a space.
        started_at: Null until the task runs.
        finished_at: Null until the task has ended.
        parents_ids: Ids of the tasks before it (UUIDs). The name is the server's.
        block: The data source or algorithm of a task. Most of its fields are null here.
    """

    id: str | None = None
    display_id: str | None = None
    name: str | None = None
    status: AnalyticsStatus | None = None
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None
    started_at: datetime.datetime | None = None
    finished_at: datetime.datetime | None = None
    parents_ids: list[str] | None = None
    block: Block | None = None
    block_version: str | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "id": "id",
        "displayId": "display_id",
        "name": "name",
        "status": "status",
        "createdAt": "created_at",
        "updatedAt": "updated_at",
        "startedAt": "started_at",
        "finishedAt": "finished_at",
        "parentsIds": "parents_ids",
        "block": "block",
        "blockVersion": "block_version",
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
            v if isinstance(v := get("displayId"), str) else keep(d, "displayId", kept, None),
            v if isinstance(v := get("name"), str) else keep(d, "name", kept, None),
            _models.AnalyticsStatus(v)
            if isinstance(v := get("status"), str)
            else keep(d, "status", kept, None),
            read_time(d, "createdAt", kept, None),
            read_time(d, "updatedAt", kept, None),
            read_time(d, "startedAt", kept, None),
            read_time(d, "finishedAt", kept, None),
            keep_list(d, "parentsIds", kept, [e for e in v if isinstance(e, str)])
            if isinstance(v := get("parentsIds"), list)
            else keep(d, "parentsIds", kept, None),
            _models.Block.from_dict(v)
            if isinstance(v := get("block"), dict)
            else keep(d, "block", kept, None),
            v if isinstance(v := get("blockVersion"), str) else keep(d, "blockVersion", kept, None),
            kept,
        )
