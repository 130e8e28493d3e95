from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.job_status import JobStatus
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.credit_consumption import CreditConsumption
    from ..models.processing_job_definition import ProcessingJobDefinition
    from ..models.processing_job_results import ProcessingJobResults


T = TypeVar("T", bound="ProcessingJob")


@_attrs_define
class ProcessingJob:
    """One run of one process.

    Attributes:
        process_id (None | str | Unset): Id of the process.
        job_id (None | str | Unset): Id of the job (a UUID).
        account_id (None | str | Unset): Id of the account (a UUID).
        workspace_id (None | str | Unset): Id of the workspace (a UUID).
        type_ (None | str | Unset): `process` where it is given.
        definition (None | ProcessingJobDefinition | Unset):
        results (None | ProcessingJobResults | Unset): Null until there are results or errors.
        credit_consumption (CreditConsumption | None | Unset): Null or missing until credits are held, and for invalid
            jobs.
        status (JobStatus | None | Unset):
        created (datetime.datetime | None | Unset):
        updated (datetime.datetime | None | Unset):
        started (datetime.datetime | None | Unset): Null until the job runs.
        finished (datetime.datetime | None | Unset): Null until the job has ended.
    """

    process_id: None | str | Unset = UNSET
    job_id: None | str | Unset = UNSET
    account_id: None | str | Unset = UNSET
    workspace_id: None | str | Unset = UNSET
    type_: None | str | Unset = UNSET
    definition: None | ProcessingJobDefinition | Unset = UNSET
    results: None | ProcessingJobResults | Unset = UNSET
    credit_consumption: CreditConsumption | None | Unset = UNSET
    status: JobStatus | None | Unset = UNSET
    created: datetime.datetime | None | Unset = UNSET
    updated: datetime.datetime | None | Unset = UNSET
    started: datetime.datetime | None | Unset = UNSET
    finished: datetime.datetime | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.credit_consumption import CreditConsumption
        from ..models.processing_job_definition import ProcessingJobDefinition
        from ..models.processing_job_results import ProcessingJobResults

        process_id: None | str | Unset
        if isinstance(self.process_id, Unset):
            process_id = UNSET
        else:
            process_id = self.process_id

        job_id: None | str | Unset
        if isinstance(self.job_id, Unset):
            job_id = UNSET
        else:
            job_id = self.job_id

        account_id: None | str | Unset
        if isinstance(self.account_id, Unset):
            account_id = UNSET
        else:
            account_id = self.account_id

        workspace_id: None | str | Unset
        if isinstance(self.workspace_id, Unset):
            workspace_id = UNSET
        else:
            workspace_id = self.workspace_id

        type_: None | str | Unset
        if isinstance(self.type_, Unset):
            type_ = UNSET
        else:
            type_ = self.type_

        definition: dict[str, Any] | None | Unset
        if isinstance(self.definition, Unset):
            definition = UNSET
        elif isinstance(self.definition, ProcessingJobDefinition):
            definition = self.definition.to_dict()
        else:
            definition = self.definition

        results: dict[str, Any] | None | Unset
        if isinstance(self.results, Unset):
            results = UNSET
        elif isinstance(self.results, ProcessingJobResults):
            results = self.results.to_dict()
        else:
            results = self.results

        credit_consumption: dict[str, Any] | None | Unset
        if isinstance(self.credit_consumption, Unset):
            credit_consumption = UNSET
        elif isinstance(self.credit_consumption, CreditConsumption):
            credit_consumption = self.credit_consumption.to_dict()
        else:
            credit_consumption = self.credit_consumption

        status: None | str | Unset
        if isinstance(self.status, Unset):
            status = UNSET
        elif isinstance(self.status, JobStatus):
            status = self.status.value
        else:
            status = self.status

        created: None | str | Unset
        if isinstance(self.created, Unset):
            created = UNSET
        elif isinstance(self.created, datetime.datetime):
            created = self.created.isoformat()
        else:
            created = self.created

        updated: None | str | Unset
        if isinstance(self.updated, Unset):
            updated = UNSET
        elif isinstance(self.updated, datetime.datetime):
            updated = self.updated.isoformat()
        else:
            updated = self.updated

        started: None | str | Unset
        if isinstance(self.started, Unset):
            started = UNSET
        elif isinstance(self.started, datetime.datetime):
            started = self.started.isoformat()
        else:
            started = self.started

        finished: None | str | Unset
        if isinstance(self.finished, Unset):
            finished = UNSET
        elif isinstance(self.finished, datetime.datetime):
            finished = self.finished.isoformat()
        else:
            finished = self.finished

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if process_id is not UNSET:
            field_dict["processID"] = process_id
        if job_id is not UNSET:
            field_dict["jobID"] = job_id
        if account_id is not UNSET:
            field_dict["accountID"] = account_id
        if workspace_id is not UNSET:
            field_dict["workspaceID"] = workspace_id
        if type_ is not UNSET:
            field_dict["type"] = type_
        if definition is not UNSET:
            field_dict["definition"] = definition
        if results is not UNSET:
            field_dict["results"] = results
        if credit_consumption is not UNSET:
            field_dict["creditConsumption"] = credit_consumption
        if status is not UNSET:
            field_dict["status"] = status
        if created is not UNSET:
            field_dict["created"] = created
        if updated is not UNSET:
            field_dict["updated"] = updated
        if started is not UNSET:
            field_dict["started"] = started
        if finished is not UNSET:
            field_dict["finished"] = finished

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.credit_consumption import CreditConsumption
        from ..models.processing_job_definition import ProcessingJobDefinition
        from ..models.processing_job_results import ProcessingJobResults

        d = dict(src_dict)

        def _parse_process_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        process_id = _parse_process_id(d.pop("processID", UNSET))

        def _parse_job_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        job_id = _parse_job_id(d.pop("jobID", UNSET))

        def _parse_account_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        account_id = _parse_account_id(d.pop("accountID", UNSET))

        def _parse_workspace_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        workspace_id = _parse_workspace_id(d.pop("workspaceID", UNSET))

        def _parse_type_(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        type_ = _parse_type_(d.pop("type", UNSET))

        def _parse_definition(data: object) -> None | ProcessingJobDefinition | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                definition_type_0 = ProcessingJobDefinition.from_dict(data)

                return definition_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ProcessingJobDefinition | Unset, data)

        definition = _parse_definition(d.pop("definition", UNSET))

        def _parse_results(data: object) -> None | ProcessingJobResults | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                results_type_0 = ProcessingJobResults.from_dict(data)

                return results_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ProcessingJobResults | Unset, data)

        results = _parse_results(d.pop("results", UNSET))

        def _parse_credit_consumption(data: object) -> CreditConsumption | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                credit_consumption_type_0 = CreditConsumption.from_dict(data)

                return credit_consumption_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(CreditConsumption | None | Unset, data)

        credit_consumption = _parse_credit_consumption(d.pop("creditConsumption", UNSET))

        def _parse_status(data: object) -> JobStatus | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                status_type_0 = JobStatus(data)

                return status_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(JobStatus | None | Unset, data)

        status = _parse_status(d.pop("status", UNSET))

        def _parse_created(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                created_type_0 = datetime.datetime.fromisoformat(data)

                return created_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        created = _parse_created(d.pop("created", UNSET))

        def _parse_updated(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                updated_type_0 = datetime.datetime.fromisoformat(data)

                return updated_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        updated = _parse_updated(d.pop("updated", UNSET))

        def _parse_started(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                started_type_0 = datetime.datetime.fromisoformat(data)

                return started_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        started = _parse_started(d.pop("started", UNSET))

        def _parse_finished(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                finished_type_0 = datetime.datetime.fromisoformat(data)

                return finished_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        finished = _parse_finished(d.pop("finished", UNSET))

        processing_job = cls(
            process_id=process_id,
            job_id=job_id,
            account_id=account_id,
            workspace_id=workspace_id,
            type_=type_,
            definition=definition,
            results=results,
            credit_consumption=credit_consumption,
            status=status,
            created=created,
            updated=updated,
            started=started,
            finished=finished,
        )

        processing_job.additional_properties = d
        return processing_job

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
