"""Processing jobs, processes, and templates."""

from typing import TYPE_CHECKING

from up42_facade._common.lazy import lazy_names
from up42_facade._common.sorting import SortingField
from up42_facade.processing._items import item_url, item_urls
from up42_facade.processing._job import Job
from up42_facade.processing._types import (
    TERMINAL_STATUSES,
    Cost,
    JobMetadata,
    JobResults,
    JobSorting,
    JobStatus,
    ValidationError,
)

if TYPE_CHECKING:
    from up42_facade.processing._catalog import Eula
    from up42_facade.processing._frames import jobs_to_dataframe
    from up42_facade.processing._process import Price, Process, ProcessTemplate
    from up42_facade.processing._rows import RowError
    from up42_facade.processing._template_files import read_templates
    from up42_facade.processing._templates import JobTemplate
    from up42_facade.processing._text_inputs import parse_inputs

__getattr__ = lazy_names(
    __name__,
    {
        "_catalog": "Eula",
        "_frames": "jobs_to_dataframe",
        "_process": "Price Process ProcessTemplate",
        "_rows": "RowError",
        "_template_files": "read_templates",
        "_templates": "JobTemplate",
        "_text_inputs": "parse_inputs",
    },
)

__all__ = [
    "TERMINAL_STATUSES",
    "Cost",
    "Eula",
    "Job",
    "JobMetadata",
    "JobResults",
    "JobSorting",
    "JobStatus",
    "JobTemplate",
    "Price",
    "Process",
    "ProcessTemplate",
    "RowError",
    "SortingField",
    "ValidationError",
    "item_url",
    "item_urls",
    "jobs_to_dataframe",
    "parse_inputs",
    "read_templates",
]
