"""Contains all the data models used in inputs/outputs"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .account_token import AccountToken
    from .account_token_request import AccountTokenRequest
    from .analytics_error import AnalyticsError
    from .analytics_error_response import AnalyticsErrorResponse
    from .analytics_media_type_error import AnalyticsMediaTypeError
    from .analytics_status import AnalyticsStatus
    from .balance import Balance
    from .balance_list import BalanceList
    from .block import Block
    from .block_charge import BlockCharge
    from .block_estimate import BlockEstimate
    from .block_usage import BlockUsage
    from .cost_estimate import CostEstimate
    from .credit_consumption import CreditConsumption
    from .download_url import DownloadUrl
    from .download_url_response import DownloadUrlResponse
    from .eula import Eula
    from .execute_request import ExecuteRequest
    from .free_object import FreeObject
    from .job import Job
    from .job_actor import JobActor
    from .job_config import JobConfig
    from .job_credits import JobCredits
    from .job_credits_response import JobCreditsResponse
    from .job_estimate import JobEstimate
    from .job_estimate_request import JobEstimateRequest
    from .job_estimate_response import JobEstimateResponse
    from .job_estimate_task import JobEstimateTask
    from .job_inputs import JobInputs
    from .job_list_response import JobListResponse
    from .job_mode import JobMode
    from .job_rename import JobRename
    from .job_response import JobResponse
    from .job_run import JobRun
    from .job_status import JobStatus
    from .job_task import JobTask
    from .job_task_list_response import JobTaskListResponse
    from .job_validation_request import JobValidationRequest
    from .job_validation_task import JobValidationTask
    from .link import Link
    from .machine_charge import MachineCharge
    from .machine_estimate import MachineEstimate
    from .machine_usage import MachineUsage
    from .number_range import NumberRange
    from .problem import Problem
    from .process import Process
    from .process_additional_parameters import ProcessAdditionalParameters
    from .process_input import ProcessInput
    from .process_inputs import ProcessInputs
    from .process_list import ProcessList
    from .process_parameter import ProcessParameter
    from .process_price import ProcessPrice
    from .process_summary import ProcessSummary
    from .processing_job import ProcessingJob
    from .processing_job_definition import ProcessingJobDefinition
    from .processing_job_error import ProcessingJobError
    from .processing_job_list import ProcessingJobList
    from .processing_job_results import ProcessingJobResults
    from .project_token import ProjectToken
    from .project_token_data import ProjectTokenData
    from .project_token_request import ProjectTokenRequest
    from .quicklook_list_response import QuicklookListResponse
    from .resource_range import ResourceRange
    from .result_feature_collection import ResultFeatureCollection
    from .schema_problem import SchemaProblem
    from .stac_catalog import StacCatalog
    from .stac_collection import StacCollection
    from .stac_collection_list import StacCollectionList
    from .stac_item import StacItem
    from .stac_item_collection import StacItemCollection
    from .stac_search import StacSearch
    from .stac_sort_field import StacSortField
    from .task_credits import TaskCredits
    from .task_estimate import TaskEstimate
    from .token_error import TokenError
    from .user_info import UserInfo
    from .validation_problem import ValidationProblem

_MODULES = {
    "AccountToken": ".account_token",
    "AccountTokenRequest": ".account_token_request",
    "AnalyticsError": ".analytics_error",
    "AnalyticsErrorResponse": ".analytics_error_response",
    "AnalyticsMediaTypeError": ".analytics_media_type_error",
    "AnalyticsStatus": ".analytics_status",
    "Balance": ".balance",
    "BalanceList": ".balance_list",
    "Block": ".block",
    "BlockCharge": ".block_charge",
    "BlockEstimate": ".block_estimate",
    "BlockUsage": ".block_usage",
    "CostEstimate": ".cost_estimate",
    "CreditConsumption": ".credit_consumption",
    "DownloadUrl": ".download_url",
    "DownloadUrlResponse": ".download_url_response",
    "Eula": ".eula",
    "ExecuteRequest": ".execute_request",
    "FreeObject": ".free_object",
    "Job": ".job",
    "JobActor": ".job_actor",
    "JobConfig": ".job_config",
    "JobCredits": ".job_credits",
    "JobCreditsResponse": ".job_credits_response",
    "JobEstimate": ".job_estimate",
    "JobEstimateRequest": ".job_estimate_request",
    "JobEstimateResponse": ".job_estimate_response",
    "JobEstimateTask": ".job_estimate_task",
    "JobInputs": ".job_inputs",
    "JobListResponse": ".job_list_response",
    "JobMode": ".job_mode",
    "JobRename": ".job_rename",
    "JobResponse": ".job_response",
    "JobRun": ".job_run",
    "JobStatus": ".job_status",
    "JobTask": ".job_task",
    "JobTaskListResponse": ".job_task_list_response",
    "JobValidationRequest": ".job_validation_request",
    "JobValidationTask": ".job_validation_task",
    "Link": ".link",
    "MachineCharge": ".machine_charge",
    "MachineEstimate": ".machine_estimate",
    "MachineUsage": ".machine_usage",
    "NumberRange": ".number_range",
    "Problem": ".problem",
    "Process": ".process",
    "ProcessAdditionalParameters": ".process_additional_parameters",
    "ProcessInput": ".process_input",
    "ProcessInputs": ".process_inputs",
    "ProcessList": ".process_list",
    "ProcessParameter": ".process_parameter",
    "ProcessPrice": ".process_price",
    "ProcessSummary": ".process_summary",
    "ProcessingJob": ".processing_job",
    "ProcessingJobDefinition": ".processing_job_definition",
    "ProcessingJobError": ".processing_job_error",
    "ProcessingJobList": ".processing_job_list",
    "ProcessingJobResults": ".processing_job_results",
    "ProjectToken": ".project_token",
    "ProjectTokenData": ".project_token_data",
    "ProjectTokenRequest": ".project_token_request",
    "QuicklookListResponse": ".quicklook_list_response",
    "ResourceRange": ".resource_range",
    "ResultFeatureCollection": ".result_feature_collection",
    "SchemaProblem": ".schema_problem",
    "StacCatalog": ".stac_catalog",
    "StacCollection": ".stac_collection",
    "StacCollectionList": ".stac_collection_list",
    "StacItem": ".stac_item",
    "StacItemCollection": ".stac_item_collection",
    "StacSearch": ".stac_search",
    "StacSortField": ".stac_sort_field",
    "TaskCredits": ".task_credits",
    "TaskEstimate": ".task_estimate",
    "TokenError": ".token_error",
    "UserInfo": ".user_info",
    "ValidationProblem": ".validation_problem",
}

__all__ = (
    "AccountToken",
    "AccountTokenRequest",
    "AnalyticsError",
    "AnalyticsErrorResponse",
    "AnalyticsMediaTypeError",
    "AnalyticsStatus",
    "Balance",
    "BalanceList",
    "Block",
    "BlockCharge",
    "BlockEstimate",
    "BlockUsage",
    "CostEstimate",
    "CreditConsumption",
    "DownloadUrl",
    "DownloadUrlResponse",
    "Eula",
    "ExecuteRequest",
    "FreeObject",
    "Job",
    "JobActor",
    "JobConfig",
    "JobCredits",
    "JobCreditsResponse",
    "JobEstimate",
    "JobEstimateRequest",
    "JobEstimateResponse",
    "JobEstimateTask",
    "JobInputs",
    "JobListResponse",
    "JobMode",
    "JobRename",
    "JobResponse",
    "JobRun",
    "JobStatus",
    "JobTask",
    "JobTaskListResponse",
    "JobValidationRequest",
    "JobValidationTask",
    "Link",
    "MachineCharge",
    "MachineEstimate",
    "MachineUsage",
    "NumberRange",
    "Problem",
    "Process",
    "ProcessAdditionalParameters",
    "ProcessInput",
    "ProcessInputs",
    "ProcessList",
    "ProcessParameter",
    "ProcessPrice",
    "ProcessSummary",
    "ProcessingJob",
    "ProcessingJobDefinition",
    "ProcessingJobError",
    "ProcessingJobList",
    "ProcessingJobResults",
    "ProjectToken",
    "ProjectTokenData",
    "ProjectTokenRequest",
    "QuicklookListResponse",
    "ResourceRange",
    "ResultFeatureCollection",
    "SchemaProblem",
    "StacCatalog",
    "StacCollection",
    "StacCollectionList",
    "StacItem",
    "StacItemCollection",
    "StacSearch",
    "StacSortField",
    "TaskCredits",
    "TaskEstimate",
    "TokenError",
    "UserInfo",
    "ValidationProblem",
)


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(module, __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
