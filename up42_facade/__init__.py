"""A light, typed client for UP42's processing of satellite imagery.

Example:
    >>> import up42_facade as up42
    >>> up42.authenticate(username=name, password=password, base_url=url)
    Session(api='…')
    >>> jobs = up42.Job.all(sort_by=up42.JobSorting.created.desc)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from up42_facade._version import __version__

if TYPE_CHECKING:
    from up42_facade import processing_templates
    from up42_facade.analytics import (
        AnalyticsJobSorting,
        get_jobs,
        initialize_job,
        initialize_jobtask,
    )
    from up42_facade.batch import Batch
    from up42_facade.batch._entry import BatchEntry
    from up42_facade.errors import (
        ApiError,
        ArchiveError,
        AuthenticationError,
        AuthServerError,
        BadRequestError,
        BatchCostLimitError,
        ChecksumError,
        ConfigurationError,
        ConnectionFailedError,
        CorruptArchiveError,
        CostLimitError,
        DownloadError,
        ExecutionUncertainError,
        ForbiddenError,
        ForeignHostError,
        InsufficientCreditsError,
        InvalidInputError,
        InvalidTemplateError,
        JobSearchUnavailableError,
        JournalError,
        JournalLockedError,
        JournalMismatchError,
        MissingDriverError,
        MissingExtraError,
        NewTemplatesError,
        NoResultsError,
        NotAuthenticatedError,
        NotFoundError,
        PartialBatchError,
        RateLimitError,
        ServerError,
        TemplateFileError,
        UncertainError,
        UnexpectedResponseError,
        UnfinishedBatch,
        UnfinishedJob,
        UnprocessableError,
        UnsafeArchiveError,
        UnsupportedArchiveError,
        Up42Error,
        UploadError,
    )
    from up42_facade.processing import (
        TERMINAL_STATUSES,
        Cost,
        Job,
        JobMetadata,
        JobResults,
        JobSorting,
        JobStatus,
        Process,
        SortingField,
        ValidationError,
    )
    from up42_facade.processing._frames import jobs_to_dataframe
    from up42_facade.processing._template_files import read_templates
    from up42_facade.processing._text_inputs import parse_inputs
    from up42_facade.results import Asset, download_items, initialize_asset
    from up42_facade.session import Balance, Session, authenticate, get_balance
    from up42_facade.session._transport import TransportOptions
    from up42_facade.stac import search_items

# Everything is loaded when it is first used: importing the package costs nothing.
_MODULES = {
    "errors": (
        "ApiError ArchiveError AuthenticationError AuthServerError BadRequestError "
        "BatchCostLimitError ChecksumError ConfigurationError "
        "ConnectionFailedError CorruptArchiveError CostLimitError DownloadError "
        "ExecutionUncertainError ForbiddenError ForeignHostError JournalMismatchError "
        "PartialBatchError InsufficientCreditsError InvalidInputError "
        "InvalidTemplateError JournalError JournalLockedError JobSearchUnavailableError "
        "MissingDriverError MissingExtraError NewTemplatesError "
        "NoResultsError NotAuthenticatedError NotFoundError RateLimitError "
        "ServerError TemplateFileError UncertainError "
        "UnexpectedResponseError UnfinishedBatch UnfinishedJob UnprocessableError "
        "UnsafeArchiveError UnsupportedArchiveError Up42Error UploadError"
    ),
    "batch": "Batch BatchEntry",
    "results": "Asset download_items initialize_asset",
    "analytics": "AnalyticsJobSorting get_jobs initialize_job initialize_jobtask",
    "processing": (
        "TERMINAL_STATUSES Cost Job JobMetadata JobResults JobSorting JobStatus SortingField "
        "Process ValidationError jobs_to_dataframe parse_inputs read_templates"
    ),
    "session": "Balance Session TransportOptions authenticate get_balance",
    "stac": "search_items",
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names.split()}

__all__ = [  # noqa: RUF022 - by topic
    "__version__",
    "authenticate",
    "Session",
    "TransportOptions",
    "Balance",
    "get_balance",
    "Job",
    "JobMetadata",
    "JobResults",
    "JobSorting",
    "JobStatus",
    "SortingField",
    "TERMINAL_STATUSES",
    "jobs_to_dataframe",
    "ValidationError",
    "Cost",
    "Process",
    "processing_templates",
    "Batch",
    "BatchEntry",
    "parse_inputs",
    "read_templates",
    "initialize_job",
    "initialize_jobtask",
    "get_jobs",
    "AnalyticsJobSorting",
    "Asset",
    "initialize_asset",
    "search_items",
    "download_items",
    "Up42Error",
    "ApiError",
    "ArchiveError",
    "AuthenticationError",
    "AuthServerError",
    "BadRequestError",
    "BatchCostLimitError",
    "ChecksumError",
    "ConfigurationError",
    "ConnectionFailedError",
    "CorruptArchiveError",
    "CostLimitError",
    "DownloadError",
    "ExecutionUncertainError",
    "ForbiddenError",
    "ForeignHostError",
    "JournalMismatchError",
    "PartialBatchError",
    "InsufficientCreditsError",
    "InvalidInputError",
    "InvalidTemplateError",
    "JournalError",
    "JournalLockedError",
    "JobSearchUnavailableError",
    "MissingDriverError",
    "MissingExtraError",
    "NewTemplatesError",
    "NoResultsError",
    "NotAuthenticatedError",
    "NotFoundError",
    "RateLimitError",
    "ServerError",
    "TemplateFileError",
    "UncertainError",
    "UnexpectedResponseError",
    "UnfinishedBatch",
    "UnfinishedJob",
    "UnprocessableError",
    "UnsafeArchiveError",
    "UnsupportedArchiveError",
    "UploadError",
]


def __getattr__(name: str) -> Any:
    if name == "processing_templates":
        return import_module("up42_facade.processing_templates")
    if name not in _HOMES:
        raise AttributeError(f"module 'up42_facade' has no attribute {name!r}")
    value = getattr(import_module(f"up42_facade.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
