"""Processing jobs, processes, and templates.

The names in `__all__` are public; the packages above this one use the others as well.
"""

from typing import TYPE_CHECKING

from up42_facade._common.lazy import lazy_names
from up42_facade._common.sorting import SortingField
from up42_facade.processing._items import item_url, item_urls
from up42_facade.processing._job import Job
from up42_facade.processing._types import SETTLING_STATUSES as SETTLING_STATUSES
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
    from up42_facade.processing._catalog import process_errors as process_errors
    from up42_facade.processing._execution import Execution as Execution
    from up42_facade.processing._frames import datetime_column as datetime_column
    from up42_facade.processing._frames import jobs_to_dataframe
    from up42_facade.processing._frames import string_column as string_column
    from up42_facade.processing._ledger import OPEN as OPEN
    from up42_facade.processing._ledger import Finding as Finding
    from up42_facade.processing._ledger import Intent as Intent
    from up42_facade.processing._ledger import Scope as Scope
    from up42_facade.processing._ledger import State as State
    from up42_facade.processing._ledger import account_of as account_of
    from up42_facade.processing._ledger import ledgers as ledgers
    from up42_facade.processing._process import Price, Process, ProcessTemplate
    from up42_facade.processing._template_files import RowError, parse_inputs, read_templates
    from up42_facade.processing._templates import Assessment as Assessment
    from up42_facade.processing._templates import JobTemplate
    from up42_facade.processing._templates import assess_in_turn as assess_in_turn
    from up42_facade.processing._templates import check_budget as check_budget
    from up42_facade.processing._templates import check_limit as check_limit
    from up42_facade.processing._templates import is_recent as is_recent

__getattr__ = lazy_names(
    __name__,
    {
        "_catalog": "Eula process_errors",
        "_execution": "Execution",
        "_frames": "datetime_column jobs_to_dataframe string_column",
        "_ledger": "OPEN Finding Intent Scope State account_of ledgers",
        "_process": "Price Process ProcessTemplate",
        "_template_files": "RowError parse_inputs read_templates",
        "_templates": ("Assessment JobTemplate assess_in_turn check_budget check_limit is_recent"),
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
